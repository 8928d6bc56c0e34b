import Diagnostics
import YAMLSyntax

/// A node of a schema file, which is parsed once, on first use.
package final class SchemaNode {
  private enum Form {
    case parsed(Node)
    case part(Outline.Part, of: Outline, in: SchemaText)
    case item(Outline.Item, of: Outline, in: SchemaText)
  }

  private let form: Form

  init(_ node: Node) { form = .parsed(node) }

  init(_ part: Outline.Part, of outline: Outline, in text: SchemaText) { form = .part(part, of: outline, in: text) }

  private init(_ item: Outline.Item, of outline: Outline, in text: SchemaText) {
    form = .item(item, of: outline, in: text)
  }

  /// The node, parsed.
  package var node: Node {
    if case .parsed(let node) = form { node } else { parsed }
  }

  private lazy var parsed: Node =
    switch form {
    case .parsed(let node): node
    case .part(let part, let outline, let text): text.parse(part, of: outline)
    case .item(let item, let outline, let text): text.parse(item, of: outline)
    }

  /// The entries, if this is a mapping.
  private(set) lazy var entries: [SchemaEntry]? =
    switch form {
    case .parsed: parsedEntries
    case .part(let part, let outline, let text):
      // A list is not parsed only to see that it is not a mapping.
      outline.outline(of: part)?.entries(in: text) ?? (outlinedItems == nil ? parsedEntries : nil)
    case .item(let item, let outline, let text): outline.outline(of: item)?.entries(in: text) ?? parsedEntries
    }

  private var parsedEntries: [SchemaEntry]? {
    node.entries?.map { SchemaEntry(key: $0.key, value: SchemaNode($0.value)) }
  }

  /// The items, if this is a sequence.
  private(set) lazy var items: [SchemaNode]? = outlinedItems ?? node.items?.map { SchemaNode($0) }

  /// The items, if they can be found without parsing.
  private lazy var outlinedItems: [SchemaNode]? =
    if case .part(let part, let outline, let text) = form {
      outline.items(of: part)?.map { SchemaNode($0, of: outline, in: text) }
    } else { nil }

  /// The value of a key, if this is a mapping that has it.
  subscript(key key: String) -> SchemaNode? { entries?.first { $0.key.value == key }?.value }
}

extension Outline {
  fileprivate func entries(in text: SchemaText) -> [SchemaEntry] {
    entries.map { SchemaEntry(key: key(of: $0), value: SchemaNode($0, of: self, in: text)) }
  }
}

/// One entry of a mapping in a schema, whose value may not be parsed yet.
package struct SchemaEntry {
  package var key: Located
  package var value: SchemaNode
}
