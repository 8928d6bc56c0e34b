import Vocabulary

/// A JSON value, for reports: integers are exact and the members of an object keep their order.
package enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int128)
  case string(String)
  case array([JSON])
  /// An array whose elements are made one by one while it is written, so that a long one needs no memory.
  case elements(count: Int, @Sendable (Int) -> JSON)
  case object([(String, JSON)])
}

extension JSON {
  /// The number, or null if there is none.
  package init(_ value: (some BinaryInteger)?) { self = value.map { .integer(Int128($0)) } ?? .null }

  /// The string, or null if there is none.
  package init(_ value: String?) { self = value.map { .string($0) } ?? .null }

  /// Writes this as JSON text.
  ///
  /// - Parameter pretty: whether to write one member or element per line, indented by two spaces per level. Otherwise
  ///   all is on one line without spaces. There is no line break at the end in either case.
  package func write(into output: inout String, pretty: Bool = false) {
    output += text(pretty: pretty)
  }

  /// This as JSON text.
  package func text(pretty: Bool = false) -> String {
    // Many short pieces are added to bytes much faster than to a string.
    var bytes: [UInt8] = []
    write(into: &bytes, pretty: pretty, depth: 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func write(into output: inout [UInt8], pretty: Bool, depth: Int) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    // Almost all numbers are small, and the digits of those are found much faster.
    case .integer(let value): output += (Int(exactly: value).map { String($0) } ?? String(value)).utf8
    case .string(let value): Self.write(value, into: &output)
    case .array(let elements):
      Self.write(elements, "[", "]", into: &output, pretty, depth) { element, output in
        element.write(into: &output, pretty: pretty, depth: depth + 1)
      }
    case .elements(let count, let element):
      Self.write(0..<count, "[", "]", into: &output, pretty, depth) { index, output in
        element(index).write(into: &output, pretty: pretty, depth: depth + 1)
      }
    case .object(let members):
      Self.write(members, "{", "}", into: &output, pretty, depth) { member, output in
        Self.write(member.0, into: &output)
        output.append(UInt8(ascii: ":"))
        if pretty { output.append(UInt8(ascii: " ")) }
        member.1.write(into: &output, pretty: pretty, depth: depth + 1)
      }
    }
  }

  private static func write<Child>(
    _ children: some Sequence<Child>, _ open: Unicode.Scalar, _ close: Unicode.Scalar, into output: inout [UInt8],
    _ pretty: Bool, _ depth: Int, _ writeChild: (Child, inout [UInt8]) -> Void
  ) {
    output.append(UInt8(ascii: open))
    var isFirst = true
    for child in children {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      if pretty { newLine(depth + 1, into: &output) }
      writeChild(child, &output)
    }
    if pretty, !isFirst { newLine(depth, into: &output) }
    output.append(UInt8(ascii: close))
  }

  private static func newLine(_ depth: Int, into output: inout [UInt8]) {
    output.append(UInt8(ascii: "\n"))
    for _ in 0..<depth { output += "  ".utf8 }
  }

  /// A string in quotes, with the escapes of RFC 8259.
  private static func write(_ text: String, into output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      output += text.utf8
    } else {
      output +=
        text.escaped { scalar in
          switch scalar {
          case "\"": "\\\""
          case "\\": "\\\\"
          case "\n": "\\n"
          case "\r": "\\r"
          case "\t": "\\t"
          case "\0"..<" ": "\\u" + hexadecimalDigits(scalar.value, width: 4, uppercase: false)
          default: nil
          }
        }.utf8
    }
    output.append(UInt8(ascii: "\""))
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int128) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
}
