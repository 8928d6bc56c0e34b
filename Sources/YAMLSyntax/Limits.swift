/// How much of a text is read before it is refused: a manifest is untrusted input.
///
/// Passing one is a diagnostic. Time and memory stay proportional to the size of the text.
package struct Limits: Hashable, Sendable {
  /// The size of a file, in bytes.
  package var bytes = 64 << 20
  /// The size of one scalar, in bytes.
  package var scalarBytes = 1 << 20
  /// How deep mappings and sequences nest; libyaml's scanner takes quadratic time in it.
  package var depth = 64
  /// How many nodes a file has, keys included.
  package var nodes = 4_000_000
  /// How many of those are there only because an alias stands for them: a few hundred bytes can expand to billions.
  package var aliasedNodes = 200_000
  /// How many lines begin with `%`; libyaml takes quadratic time in `%TAG`.
  package var directives = 1000
  /// How many diagnostics are kept.
  package var diagnostics = 1000

  /// What a manifest may have.
  package static let manifest = Limits()

  package init() {}
}
