import Diagnostics
import TextOutput
import Vocabulary

/// Writes nodes as YAML. The same content always gives the same text.
///
/// Mappings take one line per key. Lists of scalars, and items of lists, are on one line in brackets and braces if they
/// are short and flat. Text is quoted if YAML would read it as something else.
package struct YAMLWriter {
  /// The maximum length of a line with brackets or braces, in characters.
  private static let width = 118

  private var text = ""

  /// The lines of a document, without `---`.
  package static func document(_ node: Node) -> String {
    var writer = YAMLWriter()
    writer.block(node, indent: 0)
    return writer.text
  }

  // MARK: Blocks

  private mutating func block(_ node: Node, indent: Int) {
    switch node.content {
    case .mapping(let entries) where !entries.isEmpty:
      for (i, entry) in entries.enumerated() {
        if i > 0 || indent == 0 { margin(indent) }
        self.entry(entry, indent: indent)
      }
    case .sequence(let items) where !items.isEmpty:
      for (i, item) in items.enumerated() {
        if i > 0 || indent == 0 { margin(indent) }
        text += item.isEmpty ? "-" : "- "
        self.item(item, at: indent + 2)
      }
    default:
      text += Self.flow(node) + "\n"
    }
  }

  private mutating func margin(_ indent: Int) { text += String(repeating: " ", count: indent) }

  private mutating func entry(_ entry: Entry, indent: Int) {
    text += Self.scalar(entry.key.value, nil) + ":"
    switch entry.value.content {
    case .mapping(let entries) where !entries.isEmpty:
      text += "\n"
      margin(indent + 2)
      block(entry.value, indent: indent + 2)
    case .sequence(let items) where !items.isEmpty:
      let line = Self.flow(entry.value)
      if items.allSatisfy({ $0.scalar != nil && !$0.isEmpty }), indent + entry.key.value.count + line.count < Self.width
      {
        text += " " + line + "\n"
      } else {
        text += "\n"
        margin(indent + 2)
        block(entry.value, indent: indent + 2)
      }
    default:
      if !entry.value.isEmpty { text += " " }
      text += Self.flow(entry.value) + "\n"
    }
  }

  private mutating func item(_ node: Node, at indent: Int) {
    let line = Self.flow(node)
    if node.height <= 2, indent + line.count <= Self.width { text += line + "\n" } else { block(node, indent: indent) }
  }

  // MARK: Lines

  private static func flow(_ node: Node) -> String { node.flow(scalar) }

  /// - Parameter style: nil for a key. An empty plain scalar is nothing as a value, but not as a key.
  private static func scalar(_ text: String, _ style: ScalarStyle?) -> String {
    if text.isEmpty, style == .plain { return "" }
    return text.isPlain ? text : quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.escaped { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      case "\r": "\\r"
      default: scalar.isShown ? nil : escape(scalar.value)
      }
    }
    return "\"" + escaped + "\""
  }

  private static func escape(_ value: UInt32) -> String {
    value > 0xFF ? "\\u" + hexadecimalDigits(value, width: 4) : "\\x" + hexadecimalDigits(value, width: 2)
  }
}

extension Unicode.Scalar {
  /// Whether the character is written unescaped in quotes: not a control character, line break or byte order mark.
  fileprivate var isShown: Bool {
    switch value {
    case 0x20...0x7E: true
    case 0...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
    default: true
    }
  }
}

extension Node {
  /// The number of levels of collections; 0 for a scalar. A list with an empty item counts as too high for brackets.
  fileprivate var height: Int {
    switch content {
    case .scalar: 0
    case .sequence(let items): items.contains(where: \.isEmpty) ? .max >> 1 : 1 + (items.map(\.height).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map(\.value.height).max() ?? 0)
    }
  }
}

extension String {
  /// Whether the text needs no quotes anywhere, in blocks or in braces, and has no other meaning in YAML.
  fileprivate var isPlain: Bool {
    guard let first = utf8.first, self != "null", self != "-" else { return false }
    guard
      first.isLetterOrDigit || first == UInt8(ascii: "/") || first == UInt8(ascii: ".") || first == UInt8(ascii: "-"),
      !hasPrefix("---"), !hasPrefix("..."), utf8.last != UInt8(ascii: " ")
    else { return false }
    let isComment = utf8.contains(UInt8(ascii: "#")) && utf8.contains(UInt8(ascii: " "))
    return utf8.allSatisfy { $0.isLetterOrDigit || "_./+-=# ".utf8.contains($0) } && !hasPrefix("- ") && !isComment
  }
}
