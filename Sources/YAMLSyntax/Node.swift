import Diagnostics

/// One node of a YAML document: a scalar, a mapping or a sequence, with its place in the text.
///
/// Scalars stay text: the meaning of `on`, `0777` or `1e3` depends on the expected type, which the caller knows.
package struct Node: Sendable {
  package enum Content: Sendable {
    case scalar(String, ScalarStyle)
    case mapping([Entry])
    case sequence([Node])
  }

  package var content: Content
  /// From the first character of the node to just after its last. For a node that an alias refers to, the place of the
  /// alias.
  package var range: SourceRange

  package init(_ content: Content, at range: SourceRange) {
    self.content = content
    self.range = range
  }
}

/// One key of a mapping with its value.
package struct Entry: Sendable {
  package var key: Located
  package var value: Node

  package init(key: Located, value: Node) {
    self.key = key
    self.value = value
  }
}

package enum ScalarStyle: Hashable, Sendable {
  /// Written without quotes. An empty plain scalar is a missing value, as after `init:`.
  case plain
  /// In single or double quotes.
  case quoted
  /// `|` or `>`.
  case block
}

extension Node {
  /// The text, if this is a scalar.
  package var scalar: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }

  /// The entries in the order of the text, if this is a mapping.
  package var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The items, if this is a sequence.
  package var items: [Node]? {
    if case .sequence(let items) = content { items } else { nil }
  }

  /// Whether the value is missing, as after the colon of `init:`.
  package var isEmpty: Bool {
    if case .scalar(let text, .plain) = content { text.isEmpty } else { false }
  }

  /// The value of a key, if this is a mapping that has it.
  package subscript(key key: String) -> Node? {
    guard case .mapping(let entries) = content else { return nil }
    for i in entries.indices where entries[i].key.value == key { return entries[i].value }
    return nil
  }

  /// The place of a key, if this is a mapping that has it.
  package func keyRange(_ key: String) -> SourceRange? { entries?.first { $0.key.value == key }?.key.range }

  /// The kind of this node, for messages: "a mapping", "a list", "nothing" or "a scalar".
  package var kind: String {
    switch content {
    case .scalar: isEmpty ? "nothing" : "a scalar"
    case .mapping: "a mapping"
    case .sequence: "a list"
    }
  }
}

// MARK: One line

extension Node {
  /// The node in one line, as a flow collection.
  ///
  /// - Parameter scalar: writes a scalar of a style, or a key, which has none.
  func flow(_ scalar: (String, ScalarStyle?) -> String) -> String {
    switch content {
    case .scalar(let text, let style): scalar(text, style)
    case .sequence(let items): "[" + items.map { $0.flow(scalar) }.joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { scalar($0.key.value, nil) + ": " + $0.value.flow(scalar) }.joined(separator: ", ") + "}"
    }
  }

  /// The node as YAML in one line, with quotes where it has some.
  package var flow: String { flow { $1 == .quoted || $1 == .block ? singleQuoted($0) : $0 } }

  /// The node in one line without quotes, for people.
  package var flowText: String { flow { text, _ in text } }
}
