/// Integer literals: decimal, `0x`, `0o` or `0b`, with `_` between digits and an optional `KiB`, `MiB`, `GiB` or `TiB`.
package enum IntegerLiteral {
  /// The units, each with the number of bits that it shifts by.
  package static let units: [(name: String, shift: Int)] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)]

  /// The value of a literal with an optional minus sign; nil if the text is not a literal, or does not fit in 127 bits.
  package static func parse(_ text: String) -> Int128? { parse(text.utf8.span) }

  package static func parse(_ text: Span<UInt8>) -> Int128? {
    var i = 0
    let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
    if isNegative { i += 1 }
    var radix: UInt8 = 10
    if i + 1 < text.count, text[i] == UInt8(ascii: "0") {
      switch text[i + 1] {
      case UInt8(ascii: "x"): radix = 16
      case UInt8(ascii: "o"): radix = 8
      case UInt8(ascii: "b"): radix = 2
      default: break
      }
      if radix != 10 { i += 2 }
    }
    // So many digits fit in 64 bits, with which computing is quicker.
    let isShort = text.count - i <= 15
    let value = isShort ? digits(text, &i, radix, as: Int64.self).map { Int128($0) } : digits(text, &i, radix)
    guard let value, let shift = unit(text, from: i) else { return nil }
    if shift == 0 { return isNegative ? -value : value }
    let (scaled, over) = value.multipliedReportingOverflow(by: Int128(1) << Int128(shift))
    if over { return nil }
    return isNegative ? -scaled : scaled
  }

  /// Reads digits; nil if there are no digits, or if the type cannot hold their value.
  ///
  /// - Parameter i: the place of the first digit, and afterwards the place after the last one.
  private static func digits<Value: FixedWidthInteger>(
    _ text: Span<UInt8>, _ i: inout Int, _ radix: UInt8, as: Value.Type = Int128.self
  ) -> Value? {
    var value: Value = 0
    var isAfterDigit = false
    while i < text.count {
      if text[i] == UInt8(ascii: "_") {
        // Allowed only between digits.
        guard isAfterDigit else { return nil }
        isAfterDigit = false
      } else {
        guard let digit = text[i].hexadecimalValue, digit < radix else { break }
        let (product, over) = value.multipliedReportingOverflow(by: Value(radix))
        let (sum, carry) = product.addingReportingOverflow(Value(digit))
        if over || carry { return nil }
        value = sum
        isAfterDigit = true
      }
      i += 1
    }
    return isAfterDigit ? value : nil
  }

  /// The shift of the unit at the end of the text: 0 without a unit, nil for any other text.
  private static func unit(_ text: Span<UInt8>, from i: Int) -> Int? {
    if i == text.count { return 0 }
    guard text.count - i == 3, text[i + 1] == UInt8(ascii: "i"), text[i + 2] == UInt8(ascii: "B") else { return nil }
    let letter = text[i]
    return units.first { $0.name.utf8.first == letter }?.shift
  }
}
