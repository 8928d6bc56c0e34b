import Vocabulary

/// Regular expressions for integers as manifests write them, up to a limit.
///
/// They use only what every dialect has: no look-around, no named classes.
package enum DigitPattern {
  private static let units = [(name: "", shift: 0)] + IntegerLiteral.units

  /// A pattern for every way to write a number from 0 to `most`, without anchors.
  ///
  /// - Parameter zeros: how many of the low bits are zero. In hexadecimal, octal and binary this is enforced for whole
  ///   digits. In decimal it is not, because there is no short pattern for it.
  package static func upTo(_ most: Int128, zeros: Int = 0) -> String {
    var all: [String] = []
    for (unit, shift) in units {
      let limit = most >> shift
      if limit == 0, shift > 0 {
        let rest = units.filter { $0.shift >= shift }.map(\.name).joined(separator: "|")
        all.append("(?:0[xob])?(?:0_?)*0(?:\(rest))")
        break
      }
      all.append(digits(limit, radix: 10) + unit)
      for (radix, prefix, bits) in [(16, "0x", 4), (8, "0o", 3), (2, "0b", 1)] {
        let ending = max(0, zeros - shift) / bits
        all.append(prefix + digits(limit >> Int128(ending * bits), radix: radix, zeros: ending) + unit)
      }
    }
    return "(?:" + all.joined(separator: "|") + ")"
  }

  /// A pattern for every way to write a number from 0 to `most` in decimal.
  package static func decimal(upTo most: Int128) -> String { digits(most, radix: 10) }

  /// Digits with optional `_` between them, any zeros in front, and this number of zeros at the end.
  private static func digits(_ most: Int128, radix: Int, zeros: Int = 0) -> String {
    let digits = tail(Array(String(most, radix: radix).utf8).compactMap(\.hexadecimalValue).map(Int.init), radix)
    if zeros == 0 { return "(?:0_?)*" + digits }
    return "(?:0_?)*(?:0|\(digits)(?:_?0){\(zeros)})"
  }

  /// A pattern for the numbers up to the limit, with as many digits or fewer.
  private static func tail(_ limit: [Int], _ radix: Int) -> String {
    let any = set(0...radix - 1)
    var choices: [String] = []
    if limit.count > 1 { choices.append(any + repeated(any, 0...limit.count - 2)) }
    var start = ""
    for (i, digit) in limit.enumerated() {
      let left = limit.count - i - 1
      let isFull = limit[(i + 1)...].allSatisfy { $0 == radix - 1 }
      if isFull || digit > 0 {
        choices.append(start + set(0...(isFull ? digit : digit - 1)) + repeated(any, left...left))
      }
      if isFull { break }
      start += set(digit...digit) + "_?"
      if left == 0 { choices.append(String(start.dropLast(2))) }
    }
    return "(?:" + choices.joined(separator: "|") + ")"
  }

  private static func repeated(_ set: String, _ counts: ClosedRange<Int>) -> String {
    if counts.upperBound == 0 { return "" }
    let times = counts.count == 1 ? "{\(counts.lowerBound)}" : "{\(counts.lowerBound),\(counts.upperBound)}"
    return "(?:_?\(set))\(times)"
  }

  /// A digit in a range.
  private static func set(_ range: ClosedRange<Int>) -> String {
    func letter(_ digit: Int) -> String { String(digit, radix: 16) }
    let (low, high) = (range.lowerBound, range.upperBound)
    if high < 10 { return low == high ? letter(low) : "[\(letter(low))-\(letter(high))]" }
    let numbers = low < 10 ? "\(low)-9" : ""
    let first = max(low, 10)
    return "[\(numbers)\(letter(first))-\(letter(high))\(letter(first).uppercased())-\(letter(high).uppercased())]"
  }
}
