import DeviceSchema
import Expressions
import TextOutput
import Vocabulary

extension PageText {
  /// The layout of a payload, field by field.
  ///
  /// - Parameter page: the page that the layout is part of; nil if it is that of a part of a value.
  mutating func layout(_ payload: PayloadType, page: String? = nil, indent: Int = 2) {
    switch payload {
    case .none: paragraph("none: the attribute takes no value", indent: indent)
    case .integer(let type):
      describe(type.name, type.description, indent: indent)
    case .bits(let type):
      paragraph("\(type.name), in bit fields:", indent: indent)
      bitFields(type.fields, indent: indent + 2)
    case .structure(let type):
      paragraph("\(payload.summary):", indent: indent)
      members(of: type, page: page, indent: indent + 2)
    case .union(let type):
      paragraph("\(payload.summary), by the value of '\(type.tag)':", indent: indent)
      for one in type.cases {
        paragraph(one.name.split(separator: "..").joined(separator: " to ") + ":", indent: indent + 2)
        layout(one.type, indent: indent + 4)
      }
    case .array(let element, let count):
      paragraph("an array of \(count?.text ?? "any number of") elements, each:", indent: indent)
      layout(element, indent: indent + 2)
    case .bytes(let size):
      paragraph(
        "bytes" + (size.map { ", \($0.text) of them" } ?? "") + ": hexadecimal, base64 or a file", indent: indent)
    case .pointer(let target):
      paragraph("a pointer to:", indent: indent)
      layout(target, indent: indent + 2)
    case .bitmap(let type):
      describe("a list of the bits that are set, of \(type.count)", type.description, indent: indent)
    case .descriptor(let type):
      let pattern = type.pattern.map { "; files that may be opened: \($0)" } ?? ""
      paragraph(
        "the descriptor of an open file (i32), written as the name of an entry of 'files:'\(pattern)", indent: indent)
    }
  }

  private mutating func describe(_ type: String, _ description: IntegerDescription, indent: Int) {
    paragraph(([type] + description.words).joined(separator: ", "), indent: indent)
    if let doc = description.doc { paragraph(doc, indent: indent) }
    if let names = description.nameWords() { paragraph(names, indent: indent) }
  }

  /// A table of bit fields: bits, names and descriptions.
  mutating func bitFields(_ fields: [BitField], page: String? = nil, indent: Int) {
    table(
      fields.map { field in
        let bits = field.high == field.low ? "\(field.low)" : "\(field.high):\(field.low)"
        // What is left out is the length in bytes already.
        var words = field.isPayloadLength ? [] : field.description.words
        if field.isInPlace { words.append("written unshifted: the other bits are zero") }
        if let initial = field.initialText { words.append("\(initial) if left out") }
        let names = field.description.nameWords(page: page.map { "\($0).\(field.name)" })
        return [bits, field.name, Self.join(field.description.doc, words, names)]
      }, indent: indent)
  }

  private mutating func members(of type: StructureType, page: String?, indent: Int) {
    var rows: [[String]] = []
    for (i, field) in type.fields.enumerated() {
      let count = field.count.map { "[\($0)]" } ?? ""
      var words: [String] = []
      var names: String?
      switch field.type {
      case .integer(let type):
        words = type.description.words
        names = type.description.nameWords(page: page.map { "\($0).\(field.name)" })
      case .bitmap(let type): names = type.description.nameWords()
      default: break
      }
      if field.isReserved { words.append("reserved, 0 if left out") }
      let offset = type.layout.map { "+\($0.offsets[i])" } ?? ""
      rows.append([offset, field.type.summary + count, field.name, Self.join(field.doc, words, names)])
    }
    table(rows, indent: indent)
    for field in type.fields where field.type.hasParts {
      paragraph("\(field.name):", indent: indent)
      layout(field.type, indent: indent + 2)
    }
  }

  private static func join(_ doc: String?, _ words: [String], _ names: String?) -> String {
    [doc, words.isEmpty ? nil : words.joined(separator: ", "), names].compactMap { $0 }.joined(separator: "; ")
  }
}

extension PayloadType {
  /// Whether the layout has lines of its own below the row of a member.
  fileprivate var hasParts: Bool {
    switch self {
    case .bits, .structure, .union: true
    case .array(let element, _): element.hasParts
    case .pointer(let target): target.hasParts
    case .none, .integer, .bytes, .bitmap, .descriptor: false
    }
  }
}
