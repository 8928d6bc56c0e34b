/// A kernel release: `6.13`, or `6.12.100` of a stable series.
package struct Release: Hashable, Comparable, Sendable {
  package var major: Int
  package var minor: Int
  /// The number within the stable series; nil if it is not known.
  package var patch: Int?

  package init(major: Int, minor: Int, patch: Int? = nil) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Parses `7.2`, `6.12.100`, or `7.2.13-amd64` as uname prints it; nil if the text is not a release.
  ///
  /// `6.1.0-13-amd64` is 6.1 of an unknown patch level: distributions write 0 there for every one.
  package init?(_ text: String) {
    let version = text.prefix { $0 != "-" }
    let parts = version.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = Self.number(parts[0]), let minor = Self.number(parts[1]) else { return nil }
    let patch = parts.count == 3 ? Self.number(parts[2].prefix { $0.isASCII && $0.isNumber }) : nil
    self.init(major: major, minor: minor, patch: patch == 0 && version.endIndex != text.endIndex ? nil : patch)
  }

  /// Parses a tag of the kernel's repository, `v6.13` or `v6.12.100`; nil for any other text.
  package init?(tag: some StringProtocol) { self.init(tag: Array(tag.utf8)[...]) }

  /// Schemas have thousands of tags, so that they are read byte by byte.
  init?(tag: ArraySlice<UInt8>) {
    guard tag.first == UInt8(ascii: "v") else { return nil }
    let parts = tag.dropFirst().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Self.number($0) }
    guard numbers.count == parts.count, (2...3).contains(numbers.count) else { return nil }
    self.init(major: numbers[0], minor: numbers[1], patch: numbers.count == 3 ? numbers[2] : nil)
  }

  /// The number that up to nine digits write; nil for other bytes.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard 1...9 ~= digits.count, digits.allSatisfy(\.isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func number(_ digits: some StringProtocol) -> Int? { number(Array(digits.utf8)[...]) }

  /// The release without its patch level: `6.12` of `6.12.100`.
  package var series: Release { Release(major: major, minor: minor) }

  /// An integer with the same order as the series, for expressions.
  package var number: Int128 { Int128(major) * 1_000_000 + Int128(minor) }

  package static func < (a: Release, b: Release) -> Bool {
    (a.major, a.minor, a.patch ?? -1) < (b.major, b.minor, b.patch ?? -1)
  }
}

extension Release: CustomStringConvertible {
  /// `6.13` or `6.12.100`.
  package var description: String { "\(major).\(minor)" + (patch.map { ".\($0)" } ?? "") }

  /// `v6.13`, as the kernel's repository and schemas write it.
  package var tag: String { "v\(self)" }
}
