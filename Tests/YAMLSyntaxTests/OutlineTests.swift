import Diagnostics
import TestSupport
import Testing
import YAMLSyntax

/// A lazy parse gives the same nodes as a parse of the whole file.
@Suite struct OutlineTests {
  private func file(_ text: String) -> SourceFile { SourceFile(path: "test.yaml", bytes: Array(text.utf8)) }

  /// Compares all entries, and those of each entry that has an outline; returns the number of such entries.
  @discardableResult
  private func expectSameNodes(_ file: SourceFile, sourceLocation: SourceLocation = #_sourceLocation) throws -> Int {
    let outline = try #require(Outline(of: file), sourceLocation: sourceLocation)
    let eager = SourceTree(parsing: file)
    let entries = try #require(eager.documents.first?.entries, sourceLocation: sourceLocation)
    try #require(entries.map(\.key) == outline.entries.map(outline.key(of:)), sourceLocation: sourceLocation)
    var inner = 0
    for (part, entry) in zip(outline.entries, entries) {
      let (lazy, diagnostics) = outline.parse(part)
      #expect(lazy.map { dump($0) } == dump(entry), sourceLocation: sourceLocation)
      #expect(diagnostics == [], sourceLocation: sourceLocation)
      try expectSameItems(outline, part, entry, sourceLocation: sourceLocation)
      if let second = outline.outline(of: part) {
        inner += 1
        let parsed = second.parseAll()
        #expect(
          parsed.entries.map { dump($0) } == entry.value.entries?.map { dump($0) }, sourceLocation: sourceLocation)
        #expect(parsed.diagnostics == [], sourceLocation: sourceLocation)
      }
    }
    return inner
  }

  /// Compares the items of an entry that can be split into items, at any depth, and the entries of each item.
  private func expectSameItems(
    _ outline: Outline, _ part: Outline.Part, _ entry: Entry, sourceLocation: SourceLocation
  ) throws {
    if let inner = outline.outline(of: part) {
      for (part, entry) in zip(inner.entries, entry.value.entries ?? []) {
        try expectSameItems(inner, part, entry, sourceLocation: sourceLocation)
      }
    }
    guard let items = outline.items(of: part) else { return }
    let nodes = try #require(entry.value.items, sourceLocation: sourceLocation)
    try #require(items.count == nodes.count, sourceLocation: sourceLocation)
    for (item, node) in zip(items, nodes) {
      let (lazy, diagnostics) = outline.parse(item)
      #expect(lazy.map { dump($0) } == dump(node), sourceLocation: sourceLocation)
      #expect(diagnostics == [], sourceLocation: sourceLocation)
      guard let inner = outline.outline(of: item) else { continue }
      let entries = try #require(node.entries, sourceLocation: sourceLocation)
      #expect(inner.parseAll().entries.map { dump($0) } == entries.map { dump($0) }, sourceLocation: sourceLocation)
      try #require(inner.entries.count == entries.count, sourceLocation: sourceLocation)
      for (part, entry) in zip(inner.entries, entries) {
        try expectSameItems(inner, part, entry, sourceLocation: sourceLocation)
      }
    }
  }

  private let sample = """
    # Sources: a comment
    schema: 2
    doc: text over
      several lines   # comment
    constant: 'KVM: x'
    # between
    number: 0x7
    functions:
      f(a, b): 'a +

        b'
      is_x: "y"
    groups:
      # a comment
      addr:
        constant: X
        text: |
          a: b
          # no comment

            more
        # a comment
        rules: [{a: 1,
          b: 2}]

      ctrl: {init: , list: [a, "}"]}
      nr-irqs: >
        folded: text
      empty:
      é-last: # not simple
        x: 1
    list:
      - a: 1
        b: 2
      - c
    flow: {a: [1, 2]}
    tail:

    """

  @Test func sampleFileHasTheSameNodes() throws {
    let plain = sample.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.contains("é") }
    #expect(try expectSameNodes(file(plain.joined(separator: "\n"))) == 2)
    // The scanner does not accept a key with an accent, so `groups` has no outline.
    #expect(try expectSameNodes(file(sample)) == 1)
  }

  /// Some of these lines are read without libyaml; the others are almost like them.
  @Test func linesHaveTheSameNodes() throws {
    let lines = [
      "a: x >= 1 && y[0] != \"z\" || !w", "b: (a | b) % 3 == 0   ", "c: [a, b-c, d.e ]", "d: [a, [b]]", "e: ['x', y]",
      "f: 'it is'", "g: '''quoted'''", "h: ''", "i: plain\n  continued", "j: [a,\n  b]", "k: [ ]", "l: [a, ]",
      "m: a#b", "n: a:b", "o: x  # comment", "p: -1", "q: [a b, c]", "r: [a, b] # comment", "s: {a: b}", "t: é",
      "u: a, [b]", "v: [a: b]", "w:  spaced",
    ]
    for separator in ["\n", "\n\n", "\n  # comment\n\n"] {
      try expectSameNodes(file(lines.joined(separator: separator) + separator))
    }
  }

  @Test func lastLineNeedsNoLineBreak() throws {
    try expectSameNodes(file("a:\n  b: 1\nc: 2"))
    try expectSameNodes(file("a:\n  b: 1\nc:"))
  }

  @Test(arguments: [
    "", "# comment\n", "- a\n", "\"a\": 1\n", "'a': 1\nb: 2\n", "{a: 1}\n", "a: 1\n---\nb: 2\n", "---\na: 1\n",
    "a: 1\n...\n",
    "\ta: 1\n", "a:\n\tb: 1\n", "a: 1\r\nb: 2\r\n", "a: 1\u{85}b: 2\n", "a: \u{2028}b\n", "\u{FEFF}a: 1\n", "a: &x 1\n",
    "a: *x\n",
    "a: !t 1\n", "? a\n: b\n", "a: 1\na: 2\n", "a: {x: 1,\nb: 2}\n", "a:\n  - [x, # comment, really\nb: c]\n",
    "a: {\nb: 2}\n",
    "a: 'x\nb: c'\n", "a: \"x\nb: c\"\n", "a:\n- b\n", "<<: *x\n", "a : 1\n", "a:1\n", "  a: 1\nb: 2\n",
    "%YAML 1.1\n---\na: 1\n",
    "a: [1\n]\n", "plain text\n",
  ])
  func textThatCannotBeSplitSafelyHasNoOutline(_ text: String) {
    #expect(Outline(of: file(text)) == nil)
  }

  @Test func onlyBlockMappingsIndentedByTwoHaveAnOutline() throws {
    let outline = try #require(
      Outline(of: file("a: {b: 1}\nc: |\n  x: 1\nd:\n    e: 1\nf: # open\n  g: 1\nh:\n  - i: 1\n")))
    #expect(outline.entries.map { outline.outline(of: $0) == nil } == [true, true, true, false, true])
    #expect(outline.entries.map(\.firstLine) == [1, 2, 4, 6, 8])
    #expect(outline["f"]?.bytes == 34..<51)
  }

  @Test func errorsAreTheSameAsForTheWholeFile() throws {
    let text = "a:\n  x: 1\nb:\n  y: &y [1]\n  y: 2\nc:\n  z: *y\nd:\n  w: 1\n"
    let file = file(text)
    let outline = try #require(Outline(of: file))
    let eager = SourceTree(parsing: file)
    let parsed = outline.parseAll()
    #expect(parsed.entries.map { dump($0) } == eager.documents[0].entries?.map { dump($0) })
    #expect(parsed.diagnostics == eager.diagnostics)
    #expect(parsed.diagnostics.map(\.id) == ["duplicate-key"])
  }

  @Test func syntaxErrorSpoilsOnlyItsPart() throws {
    let file = file("a:\n  x: 1\nb:\n  y: [1\nc:\n  z: 2\n")
    let outline = try #require(Outline(of: file))
    let b = outline.parse(try #require(outline["b"]))
    #expect(b.entry == nil)
    #expect(b.diagnostics.map(\.id) == ["yaml-syntax"])
    let c = outline.parse(try #require(outline["c"]))
    #expect(
      c.entry.map { dump($0) } == "5:1-2 key \"c\"\n  6:3-7 mapping\n    6:3-4 key \"z\"\n      6:6-7 plain \"2\"\n")
    #expect(c.diagnostics == [])
  }

  /// If a valid text has an outline, both give the same nodes. (The texts have no quotes: see `Outline`.)
  @Test(.slow) func outlinesAgreeWithTheWholeParse() {
    let pieces = RandomTexts.all.filter { !$0.contains("'") && !$0.contains("\"") }
    var random = RandomTexts(seed: 3, pieces: pieces + ["\nl: ", "\nm:", "\n  n: ", "\n# o", ",\n"])
    var split = 0
    for _ in 0..<50_000 {
      let file = file("a: " + random.next())
      guard let outline = Outline(of: file) else { continue }
      let eager = SourceTree(parsing: file)
      guard eager.diagnostics.isEmpty else { continue }
      split += 1
      let entries = eager.documents.first?.entries ?? []
      if outline.parseAll().entries.map({ dump($0) }) != entries.map({ dump($0) }) {
        Issue.record("\(String(decoding: file.bytes, as: UTF8.self).debugDescription)")
      }
    }
    #expect(split > 1000)
  }

  /// The built-in schemas are read lazily, so each of them must have an outline.
  @Test func everySchemaHasAnOutline() throws {
    let paths = files(below: repository + "/schemas").filter { $0.hasSuffix(".yaml") }
    #expect(!paths.isEmpty)
    for path in paths { try expectSameNodes(file(try #require(text(ofFile: path)))) }
  }
}

extension Outline {
  /// Parses all parts, and returns the entries of the whole mapping.
  fileprivate func parseAll() -> (entries: [Entry], diagnostics: [Diagnostic]) {
    let parsed = entries.map { parse($0) }
    return (parsed.compactMap(\.entry), parsed.flatMap(\.diagnostics))
  }
}
