/// A release of the kernel, `MAJOR.MINOR`; what follows the second number does not count.
package struct Release: Hashable, Comparable, Sendable {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads `7.2`, and `7.2.13-amd64` as uname gives it; nil where the text is no release.
  package init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = Int(parts[0]), major >= 0 else { return nil }
    let digits = parts[1].prefix { $0.isASCII && $0.isNumber }
    guard let minor = Int(digits), digits.count == parts[1].count || parts.count == 2 else { return nil }
    if digits.count < parts[1].count, parts[1].dropFirst(digits.count).first != "-" { return nil }
    self.init(major: major, minor: minor)
  }

  /// One integer that orders releases, as expressions see them.
  package var number: Int128 { Int128(major) * 1_000_000 + Int128(minor) }

  package static func < (a: Release, b: Release) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
}

extension Release: CustomStringConvertible {
  package var description: String { "\(major).\(minor)" }
}
