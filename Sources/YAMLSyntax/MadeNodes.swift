import Diagnostics

// Nodes that the program makes; those that it reads come from `SourceTree`.

extension Node {
  package static func text(_ text: String) -> Node {
    Node(.scalar(text, text.isEmpty ? .quoted : .plain), at: .nowhere)
  }

  package static func number(_ number: some BinaryInteger) -> Node { text(String(number)) }
  package static func list(_ items: [Node]) -> Node { Node(.sequence(items), at: .nowhere) }

  /// - Parameter others: further entries, which were read.
  package static func mapping(_ entries: [(String, Node)], _ others: [Entry] = []) -> Node {
    Node(.mapping(entries.map { Entry($0, $1) } + others), at: .nowhere)
  }

  /// The node with this place for each part that has none.
  package func placed(at place: SourceRange) -> Node {
    guard range == .nowhere else { return self }
    switch content {
    case .scalar: return Node(content, at: place)
    case .sequence(let items): return Node(.sequence(items.map { $0.placed(at: place) }), at: place)
    case .mapping(let entries):
      let placed = entries.map { entry in
        let key = entry.key.range == .nowhere ? Located(entry.key.value, at: place) : entry.key
        return Entry(key: key, value: entry.value.placed(at: place))
      }
      return Node(.mapping(placed), at: place)
    }
  }

  /// The node without a key, if this is a mapping that has it.
  package func without(_ key: String) -> Node {
    guard let entries else { return self }
    return Node(.mapping(entries.filter { $0.key.value != key }), at: range)
  }
}

extension Entry {
  package init(_ key: String, _ value: Node) { self.init(key: Located(key, at: .nowhere), value: value) }
}
