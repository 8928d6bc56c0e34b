/// Bytes as lower-case hexadecimal digits, two a byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count * 2)
  let digits = Array("0123456789abcdef".utf8)
  for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
  return String(decoding: text, as: UTF8.self)
}

/// Bytes for people: a number where there are as many as a number has, else the first of them.
package func readable(_ bytes: [UInt8], on architecture: Architecture) -> String {
  guard [1, 2, 4, 8].contains(bytes.count) else {
    return bytes.count <= 16 ? hexadecimal(bytes) : hexadecimal(Array(bytes.prefix(16))) + "… (\(bytes.count) bytes)"
  }
  let bigEndian = architecture.isBigEndian ? bytes : bytes.reversed()
  let number = bigEndian.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
  return number < 10
    ? "\(number)" : number >> 16 == 0 ? "0x\(String(number, radix: 16, uppercase: true))" : grouped(number)
}

/// A number as manifests write addresses: hexadecimal, in groups of four digits, at least two of them.
package func grouped(_ number: some BinaryInteger) -> String {
  var digits = Array(String(number, radix: 16, uppercase: true).utf8)
  digits = Array(repeating: UInt8(ascii: "0"), count: max(8, (digits.count + 3) / 4 * 4) - digits.count) + digits
  let groups = stride(from: 0, to: digits.count, by: 4).map { String(decoding: digits[$0..<$0 + 4], as: UTF8.self) }
  return "0x" + groups.joined(separator: "_")
}

/// A number in decimal where it has one digit, else in hexadecimal.
package func shortHexadecimal(_ number: UInt64) -> String {
  number < 10 ? "\(number)" : "0x\(String(number, radix: 16))"
}
