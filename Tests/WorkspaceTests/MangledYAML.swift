import Corpus
import YAMLSyntax

/// Writes nodes as YAML in an unusual layout: a seed decides every blank, style, line end and comment.
struct MangledYAML {
  private var random: Seeded
  private var text = ""
  private var isAfterBlockScalar = false
  /// The number of comments written so far.
  private(set) var commentCount = 0

  init(seed: UInt64) { random = Seeded(seed) }

  /// The documents as one text.
  mutating func text(_ documents: [Node]) -> String {
    text = chance(5) ? "\u{FEFF}" : ""
    for (i, document) in documents.enumerated() {
      noise(0)
      if i > 0 || chance(10) { text += "---" + (chance(30) ? comment() : "") + "\n" }
      noise(0)
      block(document, indent: below(3))
      if chance(5) { text += "...\n" }
    }
    noise(below(8))
    if chance(20) { while text.hasSuffix("\n") { text.removeLast() } }
    if chance(25) { text = text.replacing("\n", with: "\r\n") }
    return text
  }

  private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
  private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  private mutating func blanks(_ most: Int) -> String { String(repeating: " ", count: below(most + 1)) }

  private mutating func comment() -> String {
    commentCount += 1
    return " " + blanks(12) + "#" + ["", " a: [b", "x", " '\"{", " - c", " ä  "][below(6)]
  }

  /// Writes empty lines and lines of comments, or nothing.
  private mutating func noise(_ indent: Int) {
    // After a block scalar, a deeper line would be part of its text.
    defer { isAfterBlockScalar = false }
    while !isAfterBlockScalar, chance(15) {
      if chance(50) {
        text += blanks(3) + "\n"
      } else {
        text +=
          String(repeating: " ", count: chance(70) ? indent : below(12)) + comment().drop { $0 == " " || $0 == "\t" }
          + "\n"
      }
    }
  }

  private mutating func endLine() {
    if chance(15) { text += comment() }
    text += (chance(20) ? blanks(3) : "") + "\n"
  }

  // MARK: Blocks

  private mutating func block(_ node: Node, indent: Int) {
    switch node.content {
    case .mapping(let entries) where !entries.isEmpty:
      for entry in entries {
        noise(indent)
        text += String(repeating: " ", count: indent)
        self.entry(entry, indent: indent)
      }
    case .sequence(let items) where !items.isEmpty:
      for item in items {
        noise(indent)
        text += String(repeating: " ", count: indent)
        self.item(item, indent: indent)
      }
    default:
      text += String(repeating: " ", count: indent) + flow(node, indent)
      endLine()
    }
  }

  private mutating func entry(_ entry: Entry, indent: Int) {
    if chance(4) {
      text += "? " + blanks(2) + scalar(entry.key.value, .plain, isFlow: false)
      endLine()
      text += String(repeating: " ", count: indent) + ":"
    } else {
      text += scalar(entry.key.value, .plain, isFlow: false) + (chance(10) ? blanks(2) : "") + ":"
    }
    value(entry.value, indent: indent, canStayAtIndent: true)
  }

  private mutating func item(_ node: Node, indent: Int) {
    text += "-"
    if let entries = node.entries, !entries.isEmpty, chance(60) {
      let space = 1 + below(4)
      text += String(repeating: " ", count: space)
      for (i, entry) in entries.enumerated() {
        if i > 0 {
          noise(indent + 1 + space)
          text += String(repeating: " ", count: indent + 1 + space)
        }
        self.entry(entry, indent: indent + 1 + space)
      }
    } else {
      value(node, indent: indent, canStayAtIndent: false)
    }
  }

  private mutating func value(_ node: Node, indent: Int, canStayAtIndent: Bool) {
    let isCollection = node.scalar == nil
    let isEmpty = node.entries?.isEmpty ?? node.items?.isEmpty ?? false
    if isCollection, !isEmpty, chance(75) {
      endLine()
      let isSequence = node.items != nil
      block(node, indent: indent + (isSequence && canStayAtIndent && chance(40) ? 0 : 1 + below(5)))
      return
    }
    if node.isEmpty {
      endLine()
      return
    }
    if case .scalar(let words, let style) = node.content, style != .plain, chance(30), words.isBlockText {
      blockScalar(words, indent: indent)
      return
    }
    if chance(8) {
      endLine()
      text += String(repeating: " ", count: indent + 1 + below(4))
    } else {
      text += " " + blanks(3)
    }
    text += flow(node, indent)
    endLine()
  }

  private mutating func blockScalar(_ words: String, indent: Int) {
    let margin = 1 + below(5)
    text += " |" + (chance(30) ? "\(margin)-" : "-")
    endLine()
    for line in words.split(separator: "\n", omittingEmptySubsequences: false) {
      text +=
        line.isEmpty ? blanks(min(indent, 3)) + "\n" : String(repeating: " ", count: indent + margin) + line + "\n"
    }
    if chance(30) { text += "\n" }
    isAfterBlockScalar = true
  }

  // MARK: Lines

  /// - Parameter indent: the indentation of the enclosing block.
  private mutating func flow(_ node: Node, _ indent: Int) -> String {
    switch node.content {
    case .scalar(let text, let style): return scalar(text, style, isFlow: true)
    case .sequence(let items):
      var result = "["
      for (i, item) in items.enumerated() {
        result += space(indent) + flow(item, indent) + gap() + (i < items.count - 1 || chance(5) ? "," : "")
      }
      return result + space(indent) + "]"
    case .mapping(let entries):
      var result = "{"
      for (i, entry) in entries.enumerated() {
        result += space(indent) + scalar(entry.key.value, .plain, isFlow: true) + gap() + ": " + blanks(2)
        result += flow(entry.value, indent) + gap() + (i < entries.count - 1 || chance(5) ? "," : "")
      }
      return result + space(indent) + "}"
    }
  }

  private mutating func gap() -> String { chance(10) ? blanks(2) : "" }

  /// White space within brackets, perhaps with a line break.
  private mutating func space(_ indent: Int) -> String {
    guard chance(10) else { return chance(60) ? " " : "" }
    let comment = chance(15) ? self.comment() : ""
    return comment + "\n" + (chance(10) ? "\n" : "") + String(repeating: " ", count: indent + 1 + below(6))
  }

  private mutating func scalar(_ text: String, _ style: ScalarStyle, isFlow: Bool) -> String {
    if style == .plain, text.isEmpty { return "" }
    let isPlain = !text.isEmpty && text != "null" && text.utf8.allSatisfy { $0.isPlain } && text.utf8.first != 0x2D
    if isPlain, chance(style == .plain ? 95 : 60) { return text }
    if text.contains("\n") || text.contains("'") || chance(50) {
      return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
    return "'\(text)'"
  }
}

extension String {
  /// Whether the text can be written unchanged as the lines of a block scalar.
  fileprivate var isBlockText: Bool {
    !isEmpty && !hasPrefix(" ") && !hasPrefix("\n") && !hasSuffix("\n") && utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }
  }
}

extension UInt8 {
  fileprivate var isPlain: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
