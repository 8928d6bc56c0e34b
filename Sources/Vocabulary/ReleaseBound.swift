/// The releases from which something holds: those of `since`, or of `until` for its absence.
///
/// One mainline release, and the releases of stable series that it was backported to. Each can be an interval, which
/// says what is known: `v6.12..v7.2` does not hold in 6.12, and holds from 7.2 on.
package struct ReleaseBound: Hashable, Sendable {
  /// One release, or an interval.
  package struct Start: Hashable, Sendable {
    /// The release from which it holds. With a patch level, only the rest of that stable series is meant.
    package var release: Release
    /// The last release in which it is known not to hold; nil if that is the one before `release`.
    package var lastWithout: Release?
  }

  /// In the order in which they are written. Exactly one has no patch level.
  package private(set) var starts: [Start]

  package init(_ release: Release) { starts = [Start(release: release.series)] }

  fileprivate init(starts: [Start]) { self.starts = starts }

  /// The start in the kernel's main line.
  package var mainline: Start {
    guard let start = starts.first(where: \.isMainline) else {
      preconditionFailure("a bound without a mainline release")
    }
    return start
  }

  /// Whether it holds in a release; nil if that is not known.
  package func holds(in release: Release) -> Bool? {
    var result: Bool? = false
    for start in starts {
      switch start.holds(in: release) {
      case true: return true
      case nil: result = nil
      default: continue
      }
    }
    return result
  }
}

extension ReleaseBound.Start {
  var isMainline: Bool { release.patch == nil }

  fileprivate func holds(in other: Release) -> Bool? {
    if isMainline ? other.series >= release : other.series == release.series {
      guard let patch = release.patch else { return true }
      guard let known = other.patch else { return nil }
      if known >= patch { return true }
    } else if !isMainline {
      return false
    }
    guard let lastWithout else { return false }
    if other.series != lastWithout.series { return other < lastWithout ? false : nil }
    // Without a patch level, the whole series lacks it.
    guard let last = lastWithout.patch else { return false }
    return other.patch.flatMap { $0 <= last ? false : nil }
  }
}

// MARK: Reading

extension ReleaseBound {
  /// A fault in a bound's text.
  package struct Problem: Error, Hashable, Sendable {
    package var message: String
    /// The index of the text at fault; nil if it is the list.
    package var index: Int?
  }

  /// Reads releases as schemas write them: `v6.13`, or `v7.2` and `v6.12.100`, or `v6.12..v7.2`.
  package init(tags: [String]) throws(Problem) {
    starts = []
    for (i, tag) in tags.enumerated() {
      guard let start = Start(tag: tag) else {
        var problem = "'\(tag)' is not a release; write v6.13, as the kernel's tags are written"
        if let release = Release(tag), tag.utf8.first?.isDigit == true {
          problem = "'\(tag)' is not a release; write \(release.tag), as the kernel's tags are written"
        }
        throw Problem(message: problem, index: i)
      }
      if let last = start.lastWithout, last >= start.release {
        throw Problem(message: "'\(tag)' ends before it begins", index: i)
      }
      starts.append(start)
    }
    let count = starts.count(where: \.isMainline)
    if count == 1 { return }
    throw Problem(
      message: count == 0
        ? "say from which mainline release on, too, as in [v7.2, v6.12.100]"
        : "only one release can be of the main line; the others are of stable series, such as v6.12.100")
  }
}

extension ReleaseBound.Start {
  fileprivate init?(tag: String) {
    let bytes = Array(tag.utf8)
    let dot = UInt8(ascii: ".")
    guard let dots = bytes.indices.dropLast().first(where: { bytes[$0] == dot && bytes[$0 + 1] == dot }) else {
      guard let release = Release(tag: bytes[...]) else { return nil }
      self.init(release: release)
      return
    }
    guard let last = Release(tag: bytes[..<dots]), let release = Release(tag: bytes[(dots + 2)...]) else { return nil }
    self.init(release: release, lastWithout: last)
  }
}

extension ReleaseBound: CustomStringConvertible {
  /// `7.2`, `7.2 and 6.12.100`, or `6.12..7.2`.
  package var description: String {
    let parts = starts.map { start in (start.lastWithout.map { "\($0).." } ?? "") + "\(start.release)" }
    return parts.count < 3 ? parts.joined(separator: " and ") : parts.joined(separator: ", ")
  }
}

extension ReleaseBound {
  /// `in Linux 7.2 and 6.12.100`, or `between Linux 6.12 and 7.2`.
  var words: String {
    guard starts.count == 1, let last = mainline.lastWithout else { return "in Linux \(self)" }
    return "between Linux \(last) and \(mainline.release)"
  }

  /// `since 7.2, new between 6.12.107 and 6.12.117`, with these words before releases and before intervals.
  package func words(exactly exact: String, between interval: String) -> String {
    let known = starts.filter { $0.lastWithout == nil }.map { "\($0.release)" }
    let intervals = starts.compactMap { start in start.lastWithout.map { "between \($0) and \(start.release)" } }
    return [(exact, known), (interval, intervals)].filter { !$0.1.isEmpty }.map { words, releases in
      "\(words) \(releases.joined(separator: " and "))"
    }.joined(separator: ", ")
  }
}

// MARK: Several bounds

extension ReleaseBound {
  /// The bound that holds where both do.
  func and(_ other: ReleaseBound) -> ReleaseBound {
    ReleaseBound(
      starts: (starts.filter { other.holds(in: $0.release) == true }
        + other.starts.filter { holds(in: $0.release) == true }).withoutRepetitions)
  }

  /// The bound that holds where one of two does.
  func or(_ other: ReleaseBound) -> ReleaseBound { ReleaseBound(starts: (starts + other.starts).withoutRepetitions) }

  /// Releases such that between two neighbouring ones the answer is the same.
  var changes: [Release] {
    starts.flatMap { [$0.release, $0.lastWithout].compactMap(\.self) }.flatMap { release in
      let (major, minor, patch) = (release.major, release.minor, release.patch ?? 0)
      return [
        Release(major: major, minor: minor, patch: 0), Release(major: major, minor: minor, patch: patch),
        Release(major: major, minor: minor, patch: patch + 1), Release(major: major, minor: minor + 1, patch: 0),
      ]
    }
  }
}

extension [ReleaseBound.Start] {
  /// The list without the starts that hold no sooner than another.
  fileprivate var withoutRepetitions: [Element] {
    enumerated().filter { i, start in
      !enumerated().contains { j, other in
        other.holds(in: start.release) == true && (other.release != start.release || j < i)
      }
    }.map(\.element)
  }
}
