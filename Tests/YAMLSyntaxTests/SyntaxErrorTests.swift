import Diagnostics
import TestSupport
import Testing
import YAMLSyntax

private func expectError(
  _ marked: String, _ message: String, note: String? = nil, noteAt: Character? = nil, fixIt: String? = nil,
  id: String = "yaml-syntax", sourceLocation: SourceLocation = #_sourceLocation
) {
  let text = MarkedText(marked)
  let expected = ExpectedDiagnostic(
    "1️⃣", to: text.places["2️⃣"] == nil ? nil : "2️⃣", id, message,
    notes: note.map { [ExpectedNote(noteAt, $0)] } ?? [], fixIts: fixIt.map { [$0] } ?? [])
  expectDiagnostics(in: text, [expected], sourceLocation: sourceLocation) { SourceTree(parsing: $0).diagnostics }
}

/// The places and messages of syntax errors.
@Suite struct SyntaxErrorTests {
  @Test func bareExpressionGetsASuggestionToQuoteIt() {
    func message(_ right: String) -> String {
      "YAML needs quotes around an expression here: write \(right), in double quotes"
    }
    expectError("v: {count: 1️⃣${vcpus}2️⃣}", message(#""${vcpus}""#), fixIt: #""${vcpus}""#)
    expectError("v: [1️⃣${a}2️⃣, 1]", message(#""${a}""#), fixIt: #""${a}""#)
    expectError("v: {a: 1️⃣${b}2️⃣}", message(#""${b}""#), fixIt: #""${b}""#)
    expectError("v: {1️⃣${b}2️⃣: 1}", message(#""${b}""#), fixIt: #""${b}""#)
    expectError(
      "v: [1, 1️⃣4 * ${b + (2, 3)} * 22️⃣ , 1]", message(#""4 * ${b + (2, 3)} * 2""#), fixIt: #""4 * ${b + (2, 3)} * 2""#)
    expectError("é: 1️⃣${a ? 1 : 2}2️⃣ # why", message(#""${a ? 1 : 2}""#), fixIt: #""${a ? 1 : 2}""#)
    expectError(
      #"v: [1️⃣${a == "x"}2️⃣]"#,
      #"YAML needs quotes around an expression here: write '${a == "x"}', in single quotes"#, fixIt: #"'${a == "x"}'"#)
    #expect(parse("a: ${vcpus}\nb:\n  - ${a + 1}\n").diagnostics == [])
  }

  @Test(arguments: ["@", "`", "%", "&", "*", ","])
  func textWithASpecialFirstCharacterGetsASuggestionToQuoteIt(_ character: Character) {
    let text = "\(character) x"
    expectError(
      "a: 1️⃣\(text)2️⃣ # comment",
      "text that begins with '\(character)' needs quotes: write \"\(text)\"", fixIt: "\"\(text)\"")
  }

  @Test func textWithASpecialFirstCharacterInBracketsIsReported() {
    expectError(
      "a: [x, 1️⃣%y z2️⃣ , b]", "text that begins with '%' needs quotes: write \"%y z\"", fixIt: "\"%y z\"")
    expectError("a: [1️⃣|x2️⃣]", "text that begins with '|' needs quotes: write \"|x\"", fixIt: "\"|x\"")
  }

  @Test func textAfterAClosingBracketIsReported() {
    expectError(
      "a: {b} 1️⃣+ 22️⃣", "text cannot follow the closing '}'", note: "text that begins with '{' needs double quotes"
    )
    expectError(
      "a: [0] 1️⃣+ 22️⃣", "text cannot follow the closing ']'", note: "text that begins with '[' needs double quotes"
    )
  }

  @Test func dashWithoutSpaceIsReported() {
    expectError("a:\n  1️⃣-2️⃣{b: {}}", "a space is missing after '-'", fixIt: "- ")
  }

  @Test func wrongQuotesAreReported() {
    expectError(
      "a: 'the kernel'1️⃣s answer'2️⃣", "text cannot follow the closing quote",
      note: "within single quotes, ' is written as ''")
    expectError(
      "é: \"ü\" 1️⃣x2️⃣", "text cannot follow the closing quote", note: "within double quotes, \" is written as \\\"")
    expectError(
      "a: {b: 'the guest'1️⃣s answer'2️⃣}", "text cannot follow the closing quote",
      note: "within single quotes, ' is written as ''")
    expectError(
      "a: 1️⃣\"foo2️⃣\nb: 3️⃣\"4️⃣bar\"\n", "this quoted text is not closed in its line", note: "it is closed here",
      noteAt: "3️⃣")
    expectError("a: 1️⃣\"2️⃣foo\nb: 1\n", "this quoted text is never closed")
    expectError("- a\n- 1️⃣'2️⃣foo\n---\nb: 1\n", "this quoted text is never closed")
  }

  @Test func wrongEscapesAreReported() {
    expectError(
      #"a: "x1️⃣\d2️⃣""#, #"'\d' is not an escape in YAML"#,
      note: #"in double quotes, write a backslash as '\\'; in single quotes, as it is"#)
    expectError(#"a: "1️⃣\x2️⃣ZZ""#, #"'\x' needs 2 hexadecimal digits"#)
    expectError(#"a: "1️⃣\uD8002️⃣""#, #"'\uD800' is not a character"#)
  }

  @Test func tabsInIndentationAreReported() {
    expectError("a:\n1️⃣\t2️⃣b: 1\n", "a tab cannot indent a line; use spaces")
    expectError("a:\n  b: 1\n1️⃣\t\t2️⃣c: 2\n", "a tab cannot indent a line; use spaces")
    expectError("a: |\n1️⃣\t2️⃣x\n", "a tab cannot indent a line; use spaces")
    expectError("a:\n  - 1️⃣\t2️⃣b\n", "a tab is not allowed here; use spaces")
  }

  @Test func wrongColonsAreReported() {
    expectError(
      "doc: 1️⃣this: that2️⃣\nb: 1\n", "text with ': ' in it needs quotes: write \"this: that\"",
      fixIt: "\"this: that\"")
    expectError("a: 1️⃣b \"c: d\"2️⃣", "text with ': ' in it needs quotes: write 'b \"c: d\"'", fixIt: "'b \"c: d\"'")
    expectError(
      "a: {b: 1️⃣x ? y : z2️⃣, c: 1}", "text with ': ' in it needs quotes: write \"x ? y : z\"",
      fixIt: "\"x ? y : z\"")
    expectError("\"a\": 1️⃣\"b\":2️⃣ c", "a value cannot be a key at the same time")
    expectError("a: 1\n1️⃣foo2️⃣\nb: 2\n", "a ':' is missing: 'foo' is not a key with a value")
    expectError("1️⃣a:12️⃣\nb: 2\n", "a space is missing after the ':' of 'a:1'", fixIt: " ")
    expectError("x: 1\n1️⃣a:12️⃣\nb: 2\n", "a space is missing after the ':' of 'a:1'", fixIt: " ")
    expectError("a: {x1️⃣:2️⃣[1]}", "a space is missing after this ':'")
    expectError("---1️⃣ b:2️⃣ 2\n", "a mapping cannot begin on the line of its '---'")
    expectError("1️⃣\(String(repeating: "k", count: 1025))2️⃣: 1", "a key cannot be longer than 1024 characters")
  }

  @Test func valuesThatLookLikeKeysAreReported() {
    expectError(
      "- {set: 1️⃣gic.dist:2️⃣ 0x0800}", "a value cannot be a key at the same time: write gic.dist, KEY: 0x0800",
      note: "KEY is the key for this value, such as 'value'; a ': ' that is part of a text needs quotes")
    expectError(
      "- {a: 1️⃣api:2️⃣ {options: 3}}", "a value cannot be a key at the same time: write api, options: 3",
      fixIt: "api, options: 3")
    expectError("- name: 1️⃣gic:2️⃣\n", "a value cannot end with ':'", fixIt: "gic")
  }

  @Test func marksOfOtherLanguagesAreReported() {
    expectError(
      "- 1️⃣(at: 0, size: 1)2️⃣", "a mapping in one line is written with '{' and '}', not with '(' and ')'",
      fixIt: "{at: 0, size: 1}")
    expectError("a: {\"at\": 01️⃣;2️⃣ \"size\": 1}", "',' is needed here, not ';'", fixIt: ",")
    expectError("a:\n  1️⃣*2️⃣ b: c\n", "an item of a list begins with '-', not with '*'", fixIt: "-")
    expectError("a: 1\n1️⃣//2️⃣ comment\nb: 2\n", "a comment begins with '#', not with '//'", fixIt: "#")
    expectError(
      "a:1️⃣\u{A0}2️⃣1\nb: 2\n", "the blank after this ':' must be a plain one, not the character U+00A0", fixIt: " ")
  }

  @Test func wrongIndentationIsReported() {
    expectError(
      "3️⃣a:\n    b: 1\n  1️⃣c:2️⃣ 2\n", "the indentation of this line does not match any line above",
      note: "the mapping around it begins here, in column 1", noteAt: "3️⃣")
    expectError(
      "a: 1\n  1️⃣b2️⃣: 2\n", "the key 'b' is indented deeper than the keys above, or the value above is not finished")
    expectError("3️⃣a: 1\n1️⃣-2️⃣ b\n", "a key is expected here", note: "the mapping begins here", noteAt: "3️⃣")
    expectError(
      "3️⃣- a\n1️⃣b:2️⃣ 1\n", "this line does not belong to any item of the list above", note: "the list begins here",
      noteAt: "3️⃣")
    expectError(
      "a: 1️⃣-2️⃣ b\n", "a list item cannot begin here: put it on a new line",
      note: "text that begins with '-' needs double quotes")
    expectError("a: 1️⃣?2️⃣ b\n", "'? ' is not allowed here", note: "text that begins with '?' needs double quotes")
  }

  @Test func wrongBracketsAreReported() {
    expectError(
      "a: 3️⃣[1, 2\n1️⃣b:2️⃣ 3\n", "',' or ']' is missing before this", note: "the list begins here", noteAt: "3️⃣")
    expectError(
      "a: 3️⃣{x: 1 , y: 'z' 1️⃣'w'}2️⃣\n", "',' or '}' is missing before this", note: "the mapping begins here",
      noteAt: "3️⃣")
    expectError(
      "a: 3️⃣[11️⃣}2️⃣\n", "a list is closed by ']', not by '}'", note: "the list begins here", noteAt: "3️⃣")
    expectError("a: 1️⃣[2️⃣1, 2", "this list is never closed: ']' is missing")
    expectError("a: 1️⃣{2️⃣b: 1\n\n\n", "this mapping is never closed: '}' is missing")
    expectError("a: [1, 1️⃣[2️⃣", "this list is never closed: ']' is missing")
    expectError("a: 1️⃣{2️⃣b: {c: 1}, ", "this mapping is never closed: '}' is missing")
    expectError("a: [1,1️⃣,2️⃣2]", "a value is missing before ','")
    expectError("a: 1️⃣]2️⃣\n", "this ']' closes nothing")
  }

  @Test func wrongBlockScalarsAreReported() {
    expectError(
      "a: > 1️⃣32️⃣\n", "text cannot be on the line of '>'; put it on the next line",
      note: "text that begins with '>' needs double quotes")
    expectError("a: |1️⃣02️⃣\n  x\n", "the indentation cannot be 0")
  }

  @Test func wrongDirectivesAreReported() {
    expectError(
      "1️⃣%FOO bar2️⃣\n---\na: 1\n",
      "unknown directive '%FOO': a line that begins with '%' is an instruction to the YAML reader",
      note: "text that begins with '%' needs double quotes")
    expectError("1️⃣%YAML 2.02️⃣\n---\na: 1\n", "this version of YAML is not supported; leave the line out")
    expectError("%YAML 1.1\n1️⃣a2️⃣: 1\n", "a '---' is missing before this")
    expectError("a: 1\n%YAML 1.11️⃣\n", "a '---' is missing before this")
  }

  @Test func documentsBeforeTheErrorAreKept() {
    let tree = parse("a: 1\n---\nb: 2\n---\nc: [\n")
    #expect(tree.documents.map { $0.entries?.first?.key.value } == ["a", "b"])
    #expect(tree.diagnostics.map(\.message) == ["this list is never closed: ']' is missing"])
  }

  /// Every error of libyaml is translated, and has a place within the text.
  @Test func everyErrorHasAPlace() {
    var random = RandomTexts(seed: 42, pieces: RandomTexts.all + ["*x"])
    for _ in 0..<10_000 {
      let text = random.next()
      let lines = text.utf8.count { $0 == 0x0A } + 1
      for diagnostic in parse(text).diagnostics {
        if let range = diagnostic.range, range.start <= range.end, 1...lines ~= range.start.line { continue }
        Issue.record("\(text.debugDescription): \(diagnostic)")
      }
    }
  }
}
