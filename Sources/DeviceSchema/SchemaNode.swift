import Diagnostics
import SourceTree

/// A node of a schema file, which is parsed when somebody looks into it.
package struct SchemaNode {
  private enum Form {
    case parsed(Node)
    case part(Outline.Part, of: Outline, in: SchemaText)
  }

  private let form: Form

  init(_ node: Node) { form = .parsed(node) }

  init(_ part: Outline.Part, of outline: Outline, in text: SchemaText) { form = .part(part, of: outline, in: text) }

  /// The node, parsed.
  package var node: Node {
    switch form {
    case .parsed(let node): return node
    case .part(let part, let outline, let text):
      if let entry = text.parse(part, of: outline) { return entry.value }
      let key = outline.key(of: part).range
      return Node(.scalar("", .plain), at: SourceRange(file: key.file, start: key.end, end: key.end))
    }
  }

  /// The entries, if this is a mapping.
  var entries: [SchemaEntry]? {
    switch form {
    case .parsed(let node):
      return node.entries?.map { SchemaEntry(key: $0.key, value: SchemaNode($0.value)) }
    case .part(let part, let outline, let text):
      guard let inner = outline.outline(of: part) else {
        return node.entries?.map { SchemaEntry(key: $0.key, value: SchemaNode($0.value)) }
      }
      return inner.entries.map {
        SchemaEntry(key: inner.key(of: $0), value: SchemaNode($0, of: inner, in: text))
      }
    }
  }

  subscript(key key: String) -> SchemaNode? { entries?.first { $0.key.value == key }?.value }
}

/// One key of a mapping of a schema, with a value that need not be parsed yet.
package struct SchemaEntry {
  package var key: Located<String>
  package var value: SchemaNode
}
