import Diagnostics
import YAMLSyntax

/// What formatting makes of a file.
package enum Formatting {
  /// The text in its one form, which may be what it was.
  case text(String)
  /// The file is no YAML, and stays as it is.
  case faults([Diagnostic])
  /// There is no layout of this text that surely says the same.
  case refused

  /// Lays a file out. Its content is not looked at: a manifest that is wrong can be formatted, too.
  package init(_ file: SourceFile) {
    let faults = SourceTree(parsing: file).diagnostics.filter { $0.severity == .error }
    if !faults.isEmpty {
      self = .faults(faults)
    } else {
      self = Formatter.format(file).map { .text($0) } ?? .refused
    }
  }
}
