/// The releases in which something exists.
package struct Lifetime: Hashable, Sendable {
  package var since: ReleaseBound?
  /// Where this holds, it does not exist any more.
  package var until: ReleaseBound?

  package init(since: ReleaseBound? = nil, until: ReleaseBound? = nil) {
    self.since = since
    self.until = until
  }

  /// The releases in which all of several parts exist.
  package init(_ lifetimes: [Lifetime]) {
    let (sinces, untils) = (lifetimes.compactMap(\.since), lifetimes.compactMap(\.until))
    since = sinces.first.map { sinces.dropFirst().reduce($0) { $0.and($1) } }
    until = untils.first.map { untils.dropFirst().reduce($0) { $0.or($1) } }
  }

  /// Whether it exists in a release; nil if that is not known.
  package func includes(_ release: Release) -> Bool? {
    let (begun, ended) = (since.map { $0.holds(in: release) } ?? true, until.map { $0.holds(in: release) } ?? false)
    if begun == false || ended == true { return false }
    return begun == true && ended == false ? true : nil
  }

  /// Whether it exists in a release, or may.
  package func mayInclude(_ release: Release) -> Bool { includes(release) != false }

  /// The reason why a release does not have it: `new in Linux 6.19`; nil if the release has it, as far as is known.
  package func absence(from release: Release) -> String? {
    includes(release) == false ? broken(in: release) : nil
  }

  /// The reason why a release does not have it, or may not; nil if the release has it.
  package func possibleAbsence(from release: Release) -> String? {
    includes(release) == true ? nil : broken(in: release)
  }

  /// The bound that a release is outside of, or may be.
  private func broken(in release: Release) -> String? {
    if let since, since.holds(in: release) != true { return "new \(since.words)" }
    return until.map { "removed \($0.words)" }
  }

  /// Whether both are known to exist in some release.
  package func overlaps(_ other: Lifetime) -> Bool {
    changes(with: other).contains { includes($0) == true && other.includes($0) == true }
  }

  /// Whether this exists in every release that may have the other.
  package func covers(_ other: Lifetime) -> Bool {
    changes(with: other).allSatisfy { includes($0) == true || !other.mayInclude($0) }
  }

  /// Releases such that between two neighbouring ones neither lifetime changes.
  private func changes(with other: Lifetime) -> [Release] {
    [Release(major: 0, minor: 0, patch: 0)] + [since, until, other.since, other.until].flatMap { $0?.changes ?? [] }
  }
}
