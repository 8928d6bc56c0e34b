import Diagnostics
import Vocabulary

/// Another way to write the integers of a unit: parts with dots between them, such as `0.0.1.3`.
package struct Notation {
  package var unit: String
  package var doc: String?
  /// The parts of the integer, the most significant one first.
  package var parts: [(name: String, bits: Int)]

  /// The names of the parts: `Aff3.Aff2.Aff1.Aff0`.
  package var form: String { parts.map(\.name).joined(separator: ".") }

  /// A small number in this notation: `0.0.0.3`.
  package var example: String {
    String(repeating: "0.", count: parts.count - 1) + (parts[parts.count - 1].bits > 1 ? "3" : "1")
  }

  /// The integer that a text stands for; nil if the text is not in this notation, or a part does not fit.
  package func parse(_ text: String) -> Int128? {
    let bytes = text.utf8.span
    var value: Int128 = 0
    var start = 0
    for i in parts.indices {
      var end = start
      while end < bytes.count, bytes[end].isDigit || bytes[end] == UInt8(ascii: "_") { end += 1 }
      guard i < parts.count - 1 ? end < bytes.count && bytes[end] == UInt8(ascii: ".") : end == bytes.count,
        let number = IntegerLiteral.parse(bytes.extracting(start..<end)), number >> Int128(parts[i].bits) == 0
      else { return nil }
      value = value << Int128(parts[i].bits) | number
      start = end + 1
    }
    return value
  }
}

extension Notation {
  /// Reads an entry of `units:`; nil if it has faults.
  init?(_ entry: SchemaEntry, _ faults: Findings) {
    let reader = KeyReader(entry.value, keys: ["doc", "dotted"], of: "unit '\(entry.key.value)'", faults)
    let parts = (reader["dotted"]?.entries ?? []).map { part in
      (name: part.key.value, bits: part.value.scalar.flatMap { Int($0) } ?? 0)
    }
    guard parts.count > 1, parts.allSatisfy({ (1...64).contains($0.bits) }), parts.map(\.bits).reduce(0, +) <= 64 else {
      faults.error(
        "schema-type", "a unit has 'dotted': its parts with their numbers of bits, at least two and 64 bits in all",
        at: reader["dotted"]?.range ?? entry.key.range)
      return nil
    }
    self.init(unit: entry.key.value, doc: reader.string("doc"), parts: parts)
  }
}
