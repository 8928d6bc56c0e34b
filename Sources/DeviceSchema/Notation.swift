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
    var value: Int128 = 0
    var rest = text.utf8[...]
    for (i, part) in parts.enumerated() {
      let written = rest.prefix { $0 != UInt8(ascii: ".") }
      rest = rest[written.endIndex...]
      guard i < parts.count - 1 ? rest.popFirst() != nil : rest.isEmpty,
        written.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "_") }),
        let number = IntegerLiteral.parse(String(Substring(written))), number >> Int128(part.bits) == 0
      else { return nil }
      value = value << Int128(part.bits) | number
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
