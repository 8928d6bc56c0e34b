// Numbers, addresses, sizes and bytes as text for users.

/// A number in hexadecimal, as C writes it: `0x1f`. Numbers below `limit` are decimal.
package func hexadecimal(_ number: some BinaryInteger, from limit: Int = 0) -> String {
  number < limit ? "\(number)" : "0x" + String(number, radix: 16)
}

/// The hexadecimal digits of a number, with zeros in front up to a width: `00E9`.
package func hexadecimalDigits(_ number: some BinaryInteger, width: Int, uppercase: Bool = true) -> String {
  let digits = String(number, radix: 16, uppercase: uppercase)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// An address or another large number as manifests write it: hexadecimal, in groups of four digits, at least two of
/// them.
package func grouped(_ number: UInt64) -> String { grouped(Int128(number)) }

/// The same of a wider number.
package func grouped(_ number: Int128) -> String {
  // The library writes 64 bits more quickly.
  let narrow = UInt64(exactly: number).map { String($0, radix: 16, uppercase: true) }
  let digits = Array((narrow ?? String(number, radix: 16, uppercase: true)).utf8)
  let zeros = repeatElement(UInt8(ascii: "0"), count: max(8, (digits.count + 3) / 4 * 4) - digits.count)
  var text = Array("0x".utf8)
  for (i, digit) in (zeros + digits).enumerated() {
    if i > 0, i % 4 == 0 { text.append(UInt8(ascii: "_")) }
    text.append(digit)
  }
  return String(decoding: text, as: UTF8.self)
}

/// A number in a sentence, as a size, a count or an address: `64 KiB`, `12`, `0x080A_0000`.
package func inProse(_ number: Int128) -> String {
  if let (count, unit) = inLargestUnit(number), count < 1024 { return "\(count) \(unit)" }
  return number > 0xFFFF ? grouped(number) : String(number)
}

/// A size in the largest unit that divides it: `64 KiB`, `12 bytes`.
package func sizeInBytes(_ size: Int128, separator: String = " ") -> String {
  inLargestUnit(size).map { "\($0)\(separator)\($1)" } ?? (size == 1 ? "1 byte" : "\(size) bytes")
}

/// A size in bytes. One that would have more than five digits is rounded, and is marked as such: `≈ 511.9 GiB`.
package func shortSize(_ size: Int128) -> String {
  if inLargestUnit(size)?.count ?? size < 100_000 { return sizeInBytes(size) }
  let units = IntegerLiteral.units + [("PiB", 50), ("EiB", 60)]
  // What rounds to 1024 MiB is 1 GiB.
  let (unit, shift) = units.last { (size + size / 20480) >> $0.shift > 0 } ?? units[0]
  let tenths = (size * 10 + 1 << (shift - 1)) >> shift
  return "≈ \(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)") \(unit)"
}

/// Nil if no unit divides the size.
private func inLargestUnit(_ size: Int128) -> (count: Int128, unit: String)? {
  if size <= 0 { return nil }
  return IntegerLiteral.units.last { size & (1 << $0.shift - 1) == 0 }.map { (size >> $0.shift, $0.name) }
}

/// A count with its noun: `1 file`, `2 files`.
package func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

/// The name of an integer type, such as `u32`.
///
/// - Parameter size: in bytes.
package func integerTypeName(size: Int, isSigned: Bool) -> String { (isSigned ? "i" : "u") + String(size * 8) }

// MARK: Bytes

/// Bytes as lower-case hexadecimal digits, two per byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count * 2)
  for byte in bytes {
    text.append(digit(byte >> 4))
    text.append(digit(byte & 15))
  }
  return String(decoding: text, as: UTF8.self)
}

/// Decodes hexadecimal digits, two per byte; nil if the text is not hexadecimal.
package func decodedHexadecimal(_ digits: [UInt8]) -> [UInt8]? {
  guard digits.count % 2 == 0 else { return nil }
  var bytes: [UInt8] = []
  for i in stride(from: 0, to: digits.count, by: 2) {
    guard let high = digits[i].hexadecimalValue, let low = digits[i + 1].hexadecimalValue else { return nil }
    bytes.append(high << 4 | low)
  }
  return bytes
}

/// Bytes as hexadecimal digits. If there are more than `limit`, only the first sixteen are shown.
package func shortened(_ bytes: [UInt8], limit: Int = 16) -> String {
  bytes.count <= limit ? hexadecimal(bytes) : hexadecimal(Array(bytes.prefix(16))) + "… (\(bytes.count) bytes)"
}

/// Bytes as a number if there are 1, 2, 4 or 8 of them, otherwise as hexadecimal digits.
package func readable(_ bytes: [UInt8], on architecture: Architecture) -> String {
  guard [1, 2, 4, 8].contains(bytes.count) else { return shortened(bytes) }
  let bigEndian = architecture.isBigEndian ? bytes : bytes.reversed()
  let number = bigEndian.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
  if number > 0xFFFF { return grouped(number) }
  return number < 10 ? "\(number)" : "0x" + hexadecimalDigits(number, width: 0)
}

extension [UInt64] {
  /// Ascending numbers in few words: `0-3,7`.
  package var inRanges: String {
    var ranges: [ClosedRange<UInt64>] = []
    for number in self {
      if let last = ranges.last, number == last.upperBound &+ 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}
