import Diagnostics
import YAMLSyntax

// Nodes that are created and not read from a text.

extension SourceRange {
  /// The place of a node that is not in a text.
  static let nowhere = SourceRange(file: SourceFile(path: "", bytes: []), start: .start, end: .start)
}

extension Node {
  static func text(_ text: String) -> Node { Node(.scalar(text, .quoted), at: .nowhere) }
  static func number(_ number: some BinaryInteger) -> Node { text(String(number)) }
  static func list(_ items: [Node]) -> Node { Node(.sequence(items), at: .nowhere) }
  /// A missing value, as after the colon of `init:`.
  static var nothing: Node { Node(.scalar("", .plain), at: .nowhere) }

  static func mapping(_ entries: [(String, Node)]) -> Node {
    Node(.mapping(entries.map { Entry(key: Located($0, at: .nowhere), value: $1) }), at: .nowhere)
  }

  /// The node with another value for a key that it has; nil removes the key.
  func replacing(_ key: String, with value: Node?) -> Node {
    guard let entries else { return self }
    let replaced = entries.compactMap { entry -> Entry? in
      if entry.key.value != key { return entry }
      return value.map { Entry(key: entry.key, value: $0) }
    }
    return Node(.mapping(replaced), at: range)
  }
}
