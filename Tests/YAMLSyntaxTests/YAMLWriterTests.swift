import Diagnostics
import Testing
import YAMLSyntax

/// Written YAML reads back as the same nodes.
@Suite struct YAMLWriterTests {
  private func tree(_ text: String) -> SourceTree {
    SourceTree(parsing: SourceFile(path: "t", bytes: Array(text.utf8)))
  }

  private func written(_ text: String) throws -> String {
    let read = tree(text)
    #expect(read.diagnostics.isEmpty)
    return YAMLWriter.document(try #require(read.documents.first))
  }

  @Test func layoutIsAlwaysTheSame() throws {
    let text = """
      "a" :   1   # a comment
      b: {c: [1, "2", 'x y'], d: {}, e: [],
        f: , g: ""}
      h:
      - {i: 1}
      - [j, {k: |-
         two
         lines
        }]
      """.replacing("|-\n   two\n   lines\n  }", with: "\"two\\nlines\"}")
    #expect(
      try written(text) == """
        a: 1
        b:
          c: [1, 2, x y]
          d: {}
          e: []
          f:
          g: ""
        h:
          - {i: 1}
          - [j, {k: "two\\nlines"}]

        """)
  }

  @Test func longCollectionsAreSplitIntoLines() throws {
    let long = String(repeating: "x", count: 60)
    #expect(
      try written("a: [\(long), \(long)]\nb:\n- {c: \(long), d: \(long), e: [1, [2]]}\n- {c: {d: {e: f}}}\n") == """
        a:
          - \(long)
          - \(long)
        b:
          - c: \(long)
            d: \(long)
            e:
              - 1
              - [2]
          - c:
              d:
                e: f

        """)
  }

  @Test(arguments: [
    "", " ", "a b", "- a", "-", "---", "...", "a: b", "a:", ":", "#", "a #b", "a#b", "null", "~", "<<", "{", "}", "[a",
    "a,b",
    "*a", "&a", "!a", "%a", "@a", "`", "'", "\"", "\\", "|", ">", "?", "? a", "=", "a\nb", "a\n", "\n", "\t", " a",
    "a ",
    "ä", "日本", "\u{7}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{1F600}", "\u{A0}", "0x10", "1_000", "-1", "+1", ".5",
    "${x + 1}",
    "a\u{0}b", "\u{7F}", "\u{9F}", "\u{FFFD}",
  ])
  func everyTextReadsAsItself(_ text: String) throws {
    let range = SourceRange(file: SourceFile(path: "", bytes: []), start: .start, end: .start)
    let scalar = Node(.scalar(text, .quoted), at: range)
    let key = Located(text, at: range)
    let node = Node(
      .mapping([
        Entry(key: Located("value", at: range), value: scalar),
        Entry(key: Located("list", at: range), value: Node(.sequence([scalar, scalar]), at: range)),
        Entry(
          key: Located("items", at: range),
          value: Node(.sequence([Node(.mapping([Entry(key: key, value: scalar)]), at: range)]), at: range)),
        Entry(key: key, value: scalar),
      ]), at: range)
    let read = tree(YAMLWriter.document(node))
    // A plain `<<` is refused as a key; in quotes it is a name.
    #expect(read.diagnostics.map(\.message) == [])
    let root = try #require(read.documents.first)
    #expect(root[key: "value"]?.scalar == text)
    #expect(root[key: "value"]?.isEmpty == false)
    #expect(root[key: "list"]?.items?.map(\.scalar) == [text, text])
    #expect(root[key: "items"]?.items?.first?.entries?.map(\.key.value) == [text])
    #expect(root.entries?.last?.key.value == text)
    #expect(YAMLWriter.document(root) == YAMLWriter.document(node))
  }
}
