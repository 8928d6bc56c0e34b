import Diagnostics
import TextOutput

/// Diagnostics as JSON, for programs.
///
/// An element has `severity`, `id`, `message`, `file`, `line`, `column`, `endLine`, `endColumn` (in characters, from
/// 1), `offset`, `endOffset` (in bytes, from 0), `notes` and `fixIts`. A note has `message` and the same place; a
/// fix-it has the place and `replacement`. If there is no place, `file` and the other keys of the place are null.
package struct JSONRenderer: Sendable {
  /// Whether to indent the output for people.
  package var pretty: Bool

  /// Whether places in built-in schemas have the further key `builtIn`.
  private var marksBuiltInFiles: Bool

  package init(pretty: Bool = false, marksBuiltInFiles: Bool = false) {
    self.pretty = pretty
    self.marksBuiltInFiles = marksBuiltInFiles
  }

  /// Writes an array with one element per diagnostic.
  package func render(_ diagnostics: [Diagnostic], into output: inout String) {
    JSON.elements(count: diagnostics.count) { element(diagnostics[$0]) }.write(into: &output, pretty: pretty)
    output += "\n"
  }

  /// One diagnostic, as part of a larger report.
  package func element(_ diagnostic: Diagnostic) -> JSON {
    .object(
      [
        ("severity", .string(diagnostic.severity.rawValue)),
        ("id", .string(diagnostic.id.description)),
        ("message", .string(diagnostic.message)),
      ] + place(diagnostic.range) + [
        ("notes", .array(diagnostic.notes.map { .object([("message", .string($0.message))] + place($0.range)) })),
        (
          "fixIts",
          .array(diagnostic.fixIts.map { .object(place($0.range) + [("replacement", .string($0.replacement))]) })
        ),
      ])
  }

  private func place(_ range: SourceRange?) -> [(String, JSON)] {
    let bytes = range?.bytes
    let isMarked = marksBuiltInFiles && range?.file.isBuiltIn == true
    return [
      ("file", JSON(range?.file.path)),
      ("line", JSON(range?.start.line)),
      ("column", JSON(range?.start.column)),
      ("endLine", JSON(range?.end.line)),
      ("endColumn", JSON(range?.end.column)),
      ("offset", JSON(bytes?.lowerBound)),
      ("endOffset", JSON(bytes?.upperBound)),
    ] + (isMarked ? [("builtIn", true)] : [])
  }
}
