import Diagnostics
import Testing
import YAMLSyntax

/// The nodes of a text and their places.
@Suite struct NodeTests {
  private func expect(_ text: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let tree = parse(text)
    #expect(tree.diagnostics == [], sourceLocation: sourceLocation)
    #expect(dump(tree.documents) == expected + (expected.isEmpty ? "" : "\n"), sourceLocation: sourceLocation)
  }

  @Test func blockCollectionsEndWithTheirLastChild() {
    expect(
      """
      # comment
      a:
        b: 1   # comment
        c:
          - x
          - y: z

      # comment
      d: 2

      """,
      """
      2:1-9:5 mapping
        2:1-2 key "a"
          3:3-6:11 mapping
            3:3-4 key "b"
              3:6-7 plain "1"
            4:3-4 key "c"
              5:5-6:11 list
                5:7-8 plain "x"
                6:7-11 mapping
                  6:7-8 key "y"
                    6:10-11 plain "z"
        9:1-2 key "d"
          9:4-5 plain "2"
      """)
  }

  @Test func flowCollectionsEndWithTheirBracket() {
    expect(
      "a: {b: [1, 'two'], c: ,\n  d: }\nx: [p: q, {}]\n",
      """
      1:1-3:14 mapping
        1:1-2 key "a"
          1:4-2:7 mapping
            1:5-6 key "b"
              1:8-18 list
                1:9-10 plain "1"
                1:12-17 quoted "two"
            1:20-21 key "c"
              1:22-22 plain ""
            2:3-4 key "d"
              2:5-5 plain ""
        3:1-2 key "x"
          3:4-14 list
            3:5-9 mapping
              3:5-6 key "p"
                3:8-9 plain "q"
            3:11-13 mapping
      """)
  }

  @Test func emptyValueIsRightAfterItsColon() {
    expect(
      "a:\nb: # comment\nc : \n? d\n? e\n:\nf: [g: , h: ]\ni: {\"j\":}\nk:",
      """
      1:1-9:3 mapping
        1:1-2 key "a"
          1:3-3 plain ""
        2:1-2 key "b"
          2:3-3 plain ""
        3:1-2 key "c"
          3:4-4 plain ""
        4:3-4 key "d"
          4:4-4 plain ""
        5:3-4 key "e"
          5:4-4 plain ""
        7:1-2 key "f"
          7:4-14 list
            7:5-7 mapping
              7:5-6 key "g"
                7:7-7 plain ""
            7:10-12 mapping
              7:10-11 key "h"
                7:12-12 plain ""
        8:1-2 key "i"
          8:4-10 mapping
            8:5-8 key "j"
              8:9-9 plain ""
        9:1-2 key "k"
          9:3-3 plain ""
      """)
  }

  @Test func scalarsKeepTheirTextAndStyle() {
    expect(
      #"""
      plain: a b  # no comment
      single: 'it''s'
      double: "a\n\u00e9"
      multi: one
        two
      number: 0x0800_0000
      word: null

      """#,
      #"""
      1:1-7:11 mapping
        1:1-6 key "plain"
          1:8-11 plain "a b"
        2:1-7 key "single"
          2:9-16 quoted "it\'s"
        3:1-7 key "double"
          3:9-20 quoted "a\né"
        4:1-6 key "multi"
          4:8-5:6 plain "one two"
        6:1-7 key "number"
          6:9-20 plain "0x0800_0000"
        7:1-5 key "word"
          7:7-11 plain "null"
      """#)
  }

  @Test func blockScalarsEndWithTheirLastLine() {
    expect(
      "a: |  # comment\n  one\n  é twö\n\n\nb: >-\n  x\nc: |\nd: |+\n\n",
      #"""
      1:1-9:6 mapping
        1:1-2 key "a"
          1:4-3:8 block "one\né twö\n"
        6:1-2 key "b"
          6:4-7:4 block "x"
        8:1-2 key "c"
          8:4-5 block ""
        9:1-2 key "d"
          9:4-6 block "\n"
      """#)
    expect("a: |\n  x", "1:1-2:4 mapping\n  1:1-2 key \"a\"\n    1:4-2:4 block \"x\"")
    expect("a: |\r\n  x\r\n\r\n", "1:1-2:4 mapping\n  1:1-2 key \"a\"\n    1:4-2:4 block \"x\\n\"")
  }

  @Test func columnsCountCharacters() {
    expect(
      "\u{FEFF}é: {漢字: 😀, \"ü\": x}\n",
      """
      1:1-19 mapping
        1:1-2 key "é"
          1:4-19 mapping
            1:5-7 key "漢字"
              1:9-10 plain "😀"
            1:12-15 key "ü"
              1:17-18 plain "x"
      """)
  }

  @Test func aliasIsTheNodeWithThePlaceOfTheAlias() {
    expect(
      "a: &x {p: 1}\nb: *x\nc: &y\n  - q\nd: [*y, &z  s, *z]\n*z : k\n",
      """
      1:1-6:7 mapping
        1:1-2 key "a"
          1:7-13 mapping
            1:8-9 key "p"
              1:11-12 plain "1"
        2:1-2 key "b"
          2:4-6 mapping
            1:8-9 key "p"
              1:11-12 plain "1"
        3:1-2 key "c"
          4:3-6 list
            4:5-6 plain "q"
        5:1-2 key "d"
          5:4-19 list
            5:5-7 list
              4:5-6 plain "q"
            5:13-14 plain "s"
            5:16-18 plain "s"
        6:1-3 key "s"
          6:6-7 plain "k"
      """)
  }

  @Test func anchorsBelongToOneDocumentAndCanBeRedefined() {
    expect(
      "- &a 1\n- &a 2\n- *a\n",
      "1:1-3:5 list\n  1:6-7 plain \"1\"\n  2:6-7 plain \"2\"\n  3:3-5 plain \"2\"")
    #expect(parse("- &a 1\n---\n- *a\n").diagnostics.map(\.id) == ["undefined-alias"])
  }

  @Test func documentsWithoutContentAreLeftOut() {
    expect(
      "a: 1\n---\n# nothing\n---\nb\n...\n--- |\n c\n---\n",
      "1:1-5 mapping\n  1:1-2 key \"a\"\n    1:4-5 plain \"1\"\n---\n5:1-2 plain \"b\"\n---\n7:5-8:3 block \"c\\n\"")
  }

  @Test(arguments: ["", "\n", "# only a comment\n", "---\n", "--- # x\n...\n", "\u{FEFF}", "  \n \n"])
  func fileWithoutContentHasNoDocument(_ text: String) {
    expect(text, "")
  }

  @Test func keysAreFoundInALargeMapping() throws {
    let text = (0..<100).map { "key\($0): \($0)\n" }.joined() + "key7: again\nkey99: again\n"
    let tree = parse(text)
    #expect(tree.documents[0].entries?.count == 100)
    #expect(tree.documents[0][key: "key42"]?.scalar == "42")
    #expect(tree.diagnostics.map { $0.range?.start.line } == [101, 102])
    #expect(tree.diagnostics.map { $0.notes[0].range?.start.line } == [8, 100])
  }

  /// In every text that parses, the range of a plain scalar on one line has exactly its text, and children are inside
  /// their parents.
  @Test func rangesHaveTheTextThatWasRead() {
    var random = RandomTexts(seed: 7)
    var parsed = 0
    for _ in 0..<20_000 {
      let text = random.next()
      let tree = parse(text)
      if !tree.diagnostics.isEmpty { continue }
      parsed += 1
      for document in tree.documents {
        if let wrong = misplaced(document) {
          Issue.record("\(text.debugDescription): \(short(wrong.range)) in\n\(dump(document))")
        }
      }
    }
    #expect(parsed > 1000)
  }

  private func misplaced(_ node: Node) -> Node? {
    let range = node.range
    if range.end < range.start { return node }
    switch node.content {
    case .scalar(let text, .plain):
      return range.start.line == range.end.line && range.text != text ? node : nil
    case .scalar: return nil
    case .sequence(let items):
      return items.first { $0.range.start < range.start || range.end < $0.range.end }
        ?? items.lazy.compactMap(misplaced).first
    case .mapping(let entries):
      let isOutside = entries.contains { entry in
        entry.key.range.start < range.start || entry.value.range.start < entry.key.range.end
          || range.end < entry.value.range.end
      }
      return isOutside ? node : entries.lazy.compactMap { misplaced($0.value) }.first
    }
  }
}
