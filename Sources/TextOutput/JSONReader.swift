import Vocabulary

extension JSON {
  /// Parses a JSON text; nil if it is not exactly one value. Numbers must be integers.
  package init?(parsing bytes: [UInt8]) {
    var reader = JSONReader(rest: bytes[...])
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = value
  }

  /// The value of a member, if this is an object that has it.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == key }?.1
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
  package var members: [(String, JSON)]? { if case .object(let members) = self { members } else { nil } }
  package var number: Int? { if case .integer(let value) = self { Int(exactly: value) } else { nil } }
}

/// Reads JSON as RFC 8259 defines it.
private struct JSONReader {
  var rest: ArraySlice<UInt8>

  /// The deepest nesting that is read.
  private static let mostLevels = 64

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  private mutating func skipSpace() {
    while let byte = rest.first, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { rest.removeFirst() }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    // SAFETY: the buffer of a static string is always valid.
    let bytes = text.withUTF8Buffer { unsafe Array($0) }
    guard rest.starts(with: bytes) else { return false }
    rest.removeFirst(bytes.count)
    return true
  }

  mutating func value(depth: Int) -> JSON? {
    guard depth < Self.mostLevels else { return nil }
    skipSpace()
    switch rest.first {
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
    case UInt8(ascii: "\""): return string().map(JSON.string)
    case UInt8(ascii: "["):
      var elements: [JSON] = []
      return list(closedBy: UInt8(ascii: "]")) { reader in
        guard let element = reader.value(depth: depth + 1) else { return false }
        elements.append(element)
        return true
      } ? .array(elements) : nil
    case UInt8(ascii: "{"):
      var members: [(String, JSON)] = []
      return list(closedBy: UInt8(ascii: "}")) { reader in
        reader.skipSpace()
        guard let key = reader.string() else { return false }
        reader.skipSpace()
        guard reader.take(":"), let value = reader.value(depth: depth + 1) else { return false }
        members.append((key, value))
        return true
      } ? .object(members) : nil
    default: return number()
    }
  }

  /// Reads a list from its opening bracket on.
  private mutating func list(closedBy end: UInt8, _ item: (inout JSONReader) -> Bool) -> Bool {
    rest.removeFirst()
    skipSpace()
    if rest.first == end {
      rest.removeFirst()
      return true
    }
    while item(&self) {
      skipSpace()
      guard let byte = rest.popFirst() else { return false }
      if byte == end { return true }
      if byte != UInt8(ascii: ",") { return false }
    }
    return false
  }

  private mutating func string() -> String? {
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return String(validating: bytes, as: UTF8.self) }
      if byte < 0x20 { return nil }
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      guard let scalar = escaped() else { return nil }
      bytes += Array(String(Character(scalar)).utf8)
    }
    return nil
  }

  private mutating func escaped() -> Unicode.Scalar? {
    switch rest.popFirst() {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      guard let high = unit() else { return nil }
      guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
      guard take("\\u"), let low = unit(), (0xDC00..<0xE000).contains(low) else { return nil }
      return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    default: return nil
    }
  }

  private mutating func unit() -> UInt32? {
    let digits = rest.prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    rest.removeFirst(4)
    return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  private mutating func number() -> JSON? {
    let digits = rest.prefix { $0.isDigit || $0 == UInt8(ascii: "-") }
    rest.removeFirst(digits.count)
    return Int128(String(decoding: digits, as: UTF8.self)).map(JSON.integer)
  }
}
