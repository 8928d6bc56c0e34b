/// Integers as people write them: decimal, `0x`, `0o`, `0b`, with `_` between digits and an optional
/// `KiB`, `MiB`, `GiB` or `TiB`.
package enum IntegerLiteral {
  /// The value of a literal with an optional sign, or nil where the text is none.
  package static func parse(_ text: String) -> Int128? {
    var utf8 = Substring(text).utf8
    let negative = utf8.first == UInt8(ascii: "-")
    if negative { utf8 = utf8.dropFirst() }
    guard let (value, length) = scan(utf8), length == utf8.count else { return nil }
    return negative ? -value : value
  }

  /// The literal at the start of a text and its length in bytes; nil where there is none, or it does not fit in 127 bits.
  ///
  /// A letter or digit behind the literal makes it none.
  package static func scan(_ text: Substring.UTF8View) -> (value: Int128, length: Int)? {
    var digits = text
    var radix: Int128 = 10
    if digits.first == UInt8(ascii: "0"), let prefix = digits.dropFirst().first {
      switch prefix {
      case UInt8(ascii: "x"): radix = 16
      case UInt8(ascii: "o"): radix = 8
      case UInt8(ascii: "b"): radix = 2
      default: break
      }
      if radix != 10 { digits = digits.dropFirst(2) }
    }
    var value: Int128 = 0
    var i = digits.startIndex
    var afterDigit = false
    while i < digits.endIndex {
      let byte = digits[i]
      if byte == UInt8(ascii: "_") {
        // Only between digits.
        guard afterDigit else { return nil }
        afterDigit = false
      } else if let digit = digit(byte), digit < radix {
        let (product, over) = value.multipliedReportingOverflow(by: radix)
        let (sum, carry) = product.addingReportingOverflow(digit)
        if over || carry { return nil }
        value = sum
        afterDigit = true
      } else {
        break
      }
      i = digits.index(after: i)
    }
    guard afterDigit else { return nil }
    let rest = digits[i...]
    for (unit, shift) in [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)] where rest.starts(with: unit.utf8) {
      let (scaled, over) = value.multipliedReportingOverflow(by: Int128(1) << Int128(shift))
      if over { return nil }
      value = scaled
      i = digits.index(i, offsetBy: 3)
      break
    }
    if i < digits.endIndex, isWord(digits[i]) { return nil }
    return (value, text.distance(from: text.startIndex, to: i))
  }

  private static func digit(_ byte: UInt8) -> Int128? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int128(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int128(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int128(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
