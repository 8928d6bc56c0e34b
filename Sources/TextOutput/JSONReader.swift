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

  mutating func skipSpace() {
    while let byte = rest.first, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { rest.removeFirst() }
  }

  mutating func take(_ text: StaticString) -> Bool {
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

  mutating func string() -> String? {
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

// MARK: Places

/// A value of a JSON text and the path to it, for reading texts that may be wrong.
package struct JSONNode {
  package let json: JSON
  private let path: Path?

  /// The last step of a path, and the path before it.
  private final class Path {
    let before: Path?
    let step: Step

    init(_ before: Path?, _ step: Step) {
      self.before = before
      self.step = step
    }
  }

  fileprivate enum Step { case member(String), element(Int) }

  /// What is wrong with a value.
  package struct Fault: Error {
    package var message: String
    fileprivate var steps: [Step]
  }

  package init(_ json: JSON) { self.init(json, nil) }

  private init(_ json: JSON, _ path: Path?) {
    self.json = json
    self.path = path
  }

  package func fault(_ message: String) -> Fault {
    var steps: [Step] = []
    var path = path
    while let last = path {
      steps.append(last.step)
      path = last.before
    }
    return Fault(message: message, steps: steps.reversed())
  }

  package func member(_ name: String) throws(Fault) -> JSONNode {
    guard let value = json[name] else { throw fault("expected an object with '\(name)'") }
    return JSONNode(value, Path(path, .member(name)))
  }

  package func members() throws(Fault) -> [(String, JSONNode)] {
    guard let members = json.members else { throw fault("expected an object") }
    return members.map { ($0, JSONNode($1, Path(path, .member($0)))) }
  }

  package func elements() throws(Fault) -> [JSONNode] {
    guard let elements = json.array else { throw fault("expected an array") }
    return elements.enumerated().map { JSONNode($1, Path(path, .element($0))) }
  }

  package func string() throws(Fault) -> String {
    guard let text = json.string else { throw fault("expected a string") }
    return text
  }

  package func bool() throws(Fault) -> Bool {
    guard case .bool(let truth) = json else { throw fault("expected true or false") }
    return truth
  }

  package func number() throws(Fault) -> Int {
    guard let number = json.number else { throw fault("expected an integer") }
    return number
  }

  package func number(in range: ClosedRange<Int>) throws(Fault) -> Int {
    guard let number = json.number, range.contains(number) else {
      throw fault("expected an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}

extension JSONNode.Fault {
  /// The bytes of the value, or of the nearest one around it that the text has.
  ///
  /// - Parameter text: the text that the value is from.
  package func bytes(in text: [UInt8]) -> Range<Int> {
    var place = JSONReader(rest: text[...])
    for step in steps {
      var inner = place
      guard inner.descend(step) else { break }
      place = inner
    }
    place.skipSpace()
    let start = place.rest.startIndex
    _ = place.value(depth: 0)
    return start..<place.rest.startIndex
  }
}

extension JSONReader {
  /// Moves to a member or an element of the next value.
  ///
  /// - Returns: whether there is one.
  fileprivate mutating func descend(_ step: JSONNode.Step) -> Bool {
    skipSpace()
    switch step {
    case .element(let index):
      guard take("[") else { return false }
      for _ in 0..<index { if !skipElement() { return false } }
      return true
    case .member(let name):
      guard take("{") else { return false }
      while true {
        skipSpace()
        guard let key = string() else { return false }
        skipSpace()
        guard take(":") else { return false }
        if key == name { return true }
        guard skipElement() else { return false }
      }
    }
  }

  /// Skips a value and the comma after it.
  private mutating func skipElement() -> Bool {
    guard value(depth: 0) != nil else { return false }
    skipSpace()
    return take(",")
  }
}
