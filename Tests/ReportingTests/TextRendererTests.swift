import Diagnostics
import Reporting
import TestSupport
import Testing

@Suite struct TextRendererTests {
  /// Renders one error from 1️⃣ to 2️⃣.
  private func render(
    _ marked: String, notes: [Note] = [], fixIts: (SourceRange) -> [FixIt] = { _ in [] }, message: String = "wrong",
    color: Bool = false
  ) throws -> String {
    let text = MarkedText(marked, path: "vm.yaml")
    let start = try #require(text.places["1️⃣"])
    let range = SourceRange(file: text.file, start: start, end: text.places["2️⃣"] ?? start)
    var output = ""
    let diagnostic = Diagnostic.error("test-id", message, at: range, notes: notes, fixIts: fixIts(range))
    TextRenderer(color: color).render([diagnostic], into: &output)
    return output
  }

  @Test func showsTheLineAndCarets() throws {
    let output = try render(
      "a: 1\n      dist: 1️⃣0x0800_10002️⃣  # a comment\n",
      notes: [Note("the nearest aligned addresses are 0x0800_0000 and 0x0801_0000")])
    #expect(
      output == """
        vm.yaml:2:13: error: wrong [test-id]
            2 |       dist: 0x0800_1000  # a comment
              |             ^^^^^^^^^^^
           note: the nearest aligned addresses are 0x0800_0000 and 0x0801_0000

        """)
  }

  @Test func caretsAlignUnderTabsWideAndCombiningCharacters() throws {
    #expect(
      try render("a\t漢字e\u{301}: 1️⃣x2️⃣") == """
        vm.yaml:1:9: error: wrong [test-id]
            1 | a       漢字e\u{301}: x
              |                ^

        """)
    #expect(
      try render("- 1️⃣漢字\tx2️⃣ y").hasSuffix(
        """
            1 | - 漢字  x y
              |   ^^^^^^^

        """))
  }

  @Test func rangeOfSeveralLinesIsClippedToTheFirst() throws {
    #expect(
      try render("a:\n  1️⃣b: [1,\n    2]2️⃣\n").hasSuffix(
        """
            2 |   b: [1,
              |   ^^^^^^

        """))
  }

  @Test func emptyRangeHasOneCaretEvenAfterTheText() throws {
    #expect(try render("init:1️⃣\nb: 1\n").hasSuffix("    1 | init:\n      |      ^\n"))
    #expect(try render("init:1️⃣").hasSuffix("    1 | init:\n      |      ^\n"))
    #expect(try render("1️⃣").hasSuffix("    1 | \n      | ^\n"))
  }

  @Test func largeLineNumbersWidenTheGutter() throws {
    let output = try render(String(repeating: "\n", count: 123_456) + "1️⃣x")
    #expect(output.hasSuffix("123457 | x\n       | ^\n"))
  }

  @Test func longLinesAreCutAroundTheRange() throws {
    let output = try render(String(repeating: "a", count: 1000) + "1️⃣bb2️⃣" + String(repeating: "c", count: 1000))
    let lines = output.split(separator: "\n")
    #expect(
      lines[1] == "    1 | …" + String(repeating: "a", count: 80) + "bb" + String(repeating: "c", count: 118) + "…")
    #expect(lines[2] == "      | " + String(repeating: " ", count: 81) + "^^")
  }

  @Test func controlCharactersAreEscaped() throws {
    let output = try render("a: 1️⃣\u{1B}[31m\u{202E}2️⃣", message: "no '\u{1B}]0;x\u{7}\n' here")
    #expect(
      output == """
        vm.yaml:1:4: error: no '\\u{1B}]0;x\\u{7}\\n' here [test-id]
            1 | a: \u{FFFD}[31m\u{FFFD}
              |    ^^^^^^

        """)
  }

  @Test func noteWithARangeShowsItsPlace() throws {
    let schema = SourceFile(path: "arm64/arm-vgic-v3.yaml", bytes: Array("a\nb: c\n".utf8))
    let place = SourceRange(file: schema, start: Position(line: 2, column: 4), end: Position(line: 2, column: 5))
    let output = try render("1️⃣x", notes: [Note("its attributes are described here", at: place)])
    #expect(output.hasSuffix("   note: arm64/arm-vgic-v3.yaml:2:4: its attributes are described here\n"))
  }

  @Test func fixItsAreNotesUnlessTheMessageHasThem() throws {
    let fixIts = { (range: SourceRange) in [FixIt(replace: range, with: "redist")] }
    #expect(try render("1️⃣redsit2️⃣: 1", fixIts: fixIts).hasSuffix("   note: did you mean 'redist'?\n"))
    #expect(
      try !render("1️⃣redsit2️⃣: 1", fixIts: fixIts, message: "no 'redsit'; did you mean 'redist'?").contains("note:"))
    #expect(
      try render("1️⃣x2️⃣: 1", fixIts: { [FixIt(replace: $0, with: "")] }).hasSuffix("   note: remove 'x'\n"))
    #expect(
      try render("1️⃣x: 1", fixIts: { [FixIt(replace: $0, with: "- ")] }).hasSuffix("   note: insert '- '\n"))
  }

  @Test func colourIsOffByDefault() throws {
    #expect(try !render("1️⃣x2️⃣").contains("\u{1B}"))
    #expect(
      try render("1️⃣x2️⃣", color: true) == """
        \u{1B}[1mvm.yaml:1:1:\u{1B}[0m \u{1B}[1;31merror:\u{1B}[0m \u{1B}[1mwrong\u{1B}[0m [test-id]
            1 | x
              | \u{1B}[1;32m^\u{1B}[0m

        """)
  }

  @Test func onlyTheFirstOfManyDiagnosticsAreShown() {
    let text = MarkedText("x", path: "vm.yaml")
    let other = MarkedText("y", path: "other.yaml")
    let range = SourceRange(file: text.file, start: .start, end: .start)
    var diagnostics = (1...103).map { Diagnostic.error("id", "wrong \($0)", at: range) }
    diagnostics.append(.error("id", "elsewhere", at: SourceRange(file: other.file, start: .start, end: .start)))
    var output = ""
    TextRenderer().render(diagnostics, into: &output)
    #expect(output.contains("wrong 100 "))
    #expect(!output.contains("wrong 101"))
    #expect(output.contains("elsewhere"))
    #expect(output.hasSuffix("vm.yaml: 3 more problems are not shown\n"))
  }

  @Test func diagnosticWithoutAPlaceIsOneLine() {
    var output = ""
    TextRenderer().render([.warning("no-place", "nothing to see", at: nil)], into: &output)
    #expect(output == "warning: nothing to see [no-place]\n")
  }
}

extension String {
  fileprivate func contains(_ part: String) -> Bool {
    let (all, part) = (Array(utf8), Array(part.utf8))
    guard part.count <= all.count else { return false }
    return (0...all.count - part.count).contains { all[$0..<$0 + part.count].elementsEqual(part) }
  }
}
