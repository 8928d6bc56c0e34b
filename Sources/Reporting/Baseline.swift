import Diagnostics
import TextOutput

/// Known problems, which are not reported again: one line each, with the file, the id and the fingerprint.
///
/// A problem stays known if lines are added above it, or if its block is indented deeper.
package struct Baseline: Sendable {
  private let lines: Set<String>

  /// - Parameter file: a text that `text(of:)` returned.
  package init(_ file: SourceFile) {
    lines = Set(String(decoding: file.bytes, as: UTF8.self).split(separator: "\n").map(String.init))
  }

  /// Whether each of a file's diagnostics is known.
  package func knows(_ diagnostics: [Diagnostic]) -> [Bool] { Self.lines(of: diagnostics).map(lines.contains) }

  /// The baseline in which diagnostics are known.
  package static func text(of diagnostics: [Diagnostic]) -> String {
    lines(of: diagnostics).sorted().map { $0 + "\n" }.joined()
  }

  private static func lines(of diagnostics: [Diagnostic]) -> [String] {
    var fingerprints = Fingerprints(diagnostics)
    return diagnostics.map { diagnostic in
      "\(diagnostic.range?.file.path.printable ?? "-") \(diagnostic.id) \(fingerprints.next(diagnostic))"
    }
  }
}
