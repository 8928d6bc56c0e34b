/// The releases in which something exists.
package struct Lifetime: Hashable, Sendable {
  package var since: Release?
  /// Exclusive.
  package var until: Release?

  package init(since: Release? = nil, until: Release? = nil) {
    self.since = since
    self.until = until
  }

  /// The releases in which all of several parts exist.
  package init(_ lifetimes: [Lifetime]) {
    self.init(since: lifetimes.compactMap(\.since).max(), until: lifetimes.compactMap(\.until).min())
  }

  package func includes(_ release: Release) -> Bool {
    (since.map { release >= $0 } ?? true) && (until.map { release < $0 } ?? true)
  }
}
