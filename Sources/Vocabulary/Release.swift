/// A kernel release, `MAJOR.MINOR`. Anything after the minor number is ignored.
package struct Release: Hashable, Comparable, Sendable {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Parses `7.2`, or `7.2.13-amd64` as uname prints it; nil if the text is not a release.
  package init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = Int(parts[0]), major >= 0 else { return nil }
    let digits = parts[1].prefix { $0.isASCII && $0.isNumber }
    guard let minor = Int(digits), digits.count == parts[1].count || parts.count == 2 else { return nil }
    if digits.count < parts[1].count, parts[1].dropFirst(digits.count).first != "-" { return nil }
    self.init(major: major, minor: minor)
  }

  /// An integer with the same order as the release, for expressions.
  package var number: Int128 { Int128(major) * 1_000_000 + Int128(minor) }

  package static func < (a: Release, b: Release) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
}

extension Release: CustomStringConvertible {
  package var description: String { "\(major).\(minor)" }
}
