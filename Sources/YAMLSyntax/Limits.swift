/// Limits on the size of a text. A manifest is untrusted input.
///
/// Exceeding a limit is reported as a diagnostic. Time and memory stay proportional to the size of the text.
package struct Limits: Hashable, Sendable {
  /// The size of a file, in bytes.
  package var bytes = 64 << 20
  /// The size of one scalar, in bytes.
  package var scalarBytes = 1 << 20
  /// The nesting depth of mappings and sequences; libyaml's scanner takes quadratic time in it.
  package var depth = 64
  /// The number of nodes in a file, including keys.
  package var nodes = 4_000_000
  /// The number of nodes that come from aliases: a few hundred bytes can expand to billions.
  package var aliasedNodes = 200_000
  /// The size in bytes of the scalars that come from aliases: each is checked wherever it is used.
  package var aliasedBytes = 8 << 20
  /// The number of lines that begin with `%`; libyaml takes quadratic time in `%TAG`.
  package var directives = 1000
  /// The number of diagnostics that are kept.
  package var diagnostics = 1000

  /// The limits for a manifest.
  package static let manifest = Limits()
  /// The limits for a report, which has the values that a kernel returned: a long list is one scalar.
  package static let report: Limits = {
    var limits = Limits()
    limits.scalarBytes = limits.bytes
    return limits
  }()

  package init() {}
}
