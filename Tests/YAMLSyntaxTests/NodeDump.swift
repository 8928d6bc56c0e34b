import Diagnostics
import YAMLSyntax

/// A node with all places, one line per node, for tests to compare.
func dump(_ node: Node, indent: String = "") -> String {
  let place = "\(indent)\(short(node.range)) "
  switch node.content {
  case .scalar(let text, let style): return place + "\(style) \(text.debugDescription)\n"
  case .sequence(let items): return place + "list\n" + items.map { dump($0, indent: indent + "  ") }.joined()
  case .mapping(let entries): return place + "mapping\n" + entries.map { dump($0, indent: indent + "  ") }.joined()
  }
}

func dump(_ entry: Entry, indent: String = "") -> String {
  "\(indent)\(short(entry.key.range)) key \(entry.key.value.debugDescription)\n"
    + dump(entry.value, indent: indent + "  ")
}

func dump(_ documents: [Node]) -> String { documents.map { dump($0) }.joined(separator: "---\n") }

func short(_ range: SourceRange) -> String {
  "\(range.start.line):\(range.start.column)-"
    + (range.end.line == range.start.line ? "" : "\(range.end.line):") + "\(range.end.column)"
}

func parse(_ text: String, limits: Limits = .manifest) -> SourceTree {
  parse(Array(text.utf8), limits: limits)
}

func parse(_ bytes: [UInt8], limits: Limits = .manifest) -> SourceTree {
  SourceTree(parsing: SourceFile(path: "test.yaml", bytes: bytes), limits: limits)
}

/// Texts made of pieces of YAML, the same in every run.
struct RandomTexts {
  private var state: UInt64
  private let pieces: [String]

  static let all = [
    "a", "b c", ": ", ":", "- ", "[", "]", "{", "}", ", ", "\n", "\n ", "\n  ", "\n    ", "\t", "'", "\"", "${", "#",
    " # x",
    "|\n", ">-\n", "é", "&x ", "!", "%", "\n---\n", "? ", "\\", "d: ", "\ne: ", "\n  f: ", "\n  - ", "[g, h]", "{i: j}",
    "'k'",
  ]

  init(seed: UInt64, pieces: [String] = all) {
    state = seed
    self.pieces = pieces
  }

  mutating func next() -> String {
    var text = ""
    for _ in 0..<(number() % 14 + 1) { text += pieces[number() % pieces.count] }
    return text
  }

  private mutating func number() -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33)
  }
}
