import Expressions
import Vocabulary

extension PayloadType {
  /// The payload in messages.
  package var words: String {
    switch self {
    case .none: "nothing"
    case .integer(let type):
      switch type.description.unit {
      case "address": "a guest physical address"
      case let unit?: "\(type.name) (\(unit))"
      case nil: "\(type.isSigned ? "an" : "a") \(type.name)"
      }
    case .bits(let type): "a mapping with \(type.fields.map(\.name).joined(separator: ", "))"
    case .structure(let type):
      "a mapping with \(type.fields.filter { !$0.isReserved }.map(\.name).joined(separator: ", "))"
    case .union(let type): "one of several types, by the value of \(type.tag)"
    case .array: "a list"
    case .bytes: "a byte string"
    case .bitmap: "a list of bits"
    case .pointer(let target): target.words
    case .descriptor: "the name of an entry in 'files'"
    }
  }
}

extension PayloadType {
  /// A short description: `u64`, `struct of 24 bytes`, `none`.
  package var summary: String {
    switch self {
    case .none: return "none"
    case .integer(let type): return type.name
    case .bits(let type): return "\(type.name) of bit fields"
    case .structure: return "struct" + sizeWords
    case .union: return "union" + sizeWords
    case .array(let element, let count):
      return "array of \(element.summary), \(count.map { "\($0.text) elements" } ?? "any number of elements")"
    case .bytes(let size): return "bytes" + (size.map { ", \($0.text) of them" } ?? "")
    case .pointer(let target): return "pointer to \(target.summary)"
    case .bitmap(let type): return "bitmap of \(type.count) bits"
    case .descriptor: return "file descriptor"
    }
  }

  private var sizeWords: String { fixedSize.map { " of \($0) bytes" } ?? "" }
}

extension BitField {
  /// What the field is if it is left out; nil if it has to be written.
  package var initialText: String? {
    isPayloadLength ? "the length of the value in bytes" : initial.map { "\($0)" }
  }
}

extension [(when: Expression?, type: PayloadType)] {
  /// A short description of all alternatives.
  package var summary: String {
    var seen: [String] = []
    for (_, type) in self where !seen.contains(type.summary) { seen.append(type.summary) }
    return seen.isEmpty ? "none" : seen.joined(separator: " or ")
  }
}

extension IntegerDescription {
  /// The parts of the description in words, without the doc.
  package var words: [String] {
    var words: [String] = []
    if let notation {
      words.append("\(notation.doc ?? notation.unit), written \(notation.example) (\(notation.form)) or as a number")
    } else if let unit {
      switch unit {
      case "address": words.append("a guest physical address")
      // These are numbers of interrupts, and not units of an amount.
      case "intid", "spi", "ppi", "gsi": break
      default: words.append("in \(unit)")
      }
    }
    if let align, align > 1 { words.append("a multiple of \(unit == "address" ? sizeInBytes(align) : "\(align)")") }
    if let range { words.append("from \(range.lowerBound) to \(range.upperBound)") }
    if !values.isEmpty { words.append("one of \(values.map(String.init).joined(separator: ", "))") }
    if isUnchecked { words.append("the kernel does not check this") }
    return words
  }

  /// The names that may be written in place of the number. Of many names, only the first are listed.
  ///
  /// - Parameter page: the page that lists all of them; nil if there is none.
  package func nameWords(page: String? = nil) -> String? {
    var words: [String] = []
    if !names.isEmpty {
      let isLong = names.count > 40
      let shown = names.prefix(isLong && page != nil ? 8 : 40).map { "\($0.name) = \(number($0.value))" }
      let all = isLong ? ", … (\(names.count) in all\(page.map { ": explain \($0)" } ?? ""))" : ""
      words.append("names: " + shown.joined(separator: ", ") + all)
    }
    if !flags.isEmpty { words.append("flags: " + flags.map { "\($0.name) (bit \($0.bit))" }.joined(separator: ", ")) }
    return words.isEmpty ? nil : words.joined(separator: "; ")
  }

  /// A value that has a name, as a number.
  package func number(_ value: Int128) -> String {
    names.allSatisfy { $0.value < 64 } ? String(value) : hexadecimal(value)
  }
}
