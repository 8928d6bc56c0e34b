import Diagnostics
import YAMLSyntax

/// The result of formatting a file.
package enum Formatting {
  /// The text in the standard layout, which may be unchanged.
  case text(String)
  /// The file is not valid YAML, and cannot be formatted.
  case faults([Diagnostic])
  /// No layout of this text is sure to keep its meaning.
  case refused

  /// Formats a file. Only the YAML must be valid: an invalid manifest can be formatted too.
  package init(_ file: SourceFile) {
    let faults = SourceTree(parsing: file).diagnostics.filter { $0.severity == .error }
    if !faults.isEmpty {
      self = .faults(faults)
    } else {
      self = Formatter.format(file).map { .text($0) } ?? .refused
    }
  }
}
