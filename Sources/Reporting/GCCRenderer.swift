import Diagnostics
import TextOutput

/// Diagnostics as compilers print them, one line each: `vm.yaml:7:9: error: the message [id]`.
///
/// Editors and the warning collectors of CI systems read this format.
package struct GCCRenderer: Sendable {
  package init() {}

  package func render(_ diagnostics: [Diagnostic], into output: inout String) {
    for diagnostic in diagnostics { output += line(diagnostic) + "\n" }
  }

  /// One diagnostic, without a line break.
  func line(_ diagnostic: Diagnostic) -> String {
    let place = diagnostic.range.map { "\($0.file.path.printable):\($0.start.line):\($0.start.column)" } ?? "kvmconf"
    return
      "\(place): \(diagnostic.severity.rawValue): \(diagnostic.message.printable) [\(diagnostic.id.description.printable)]"
  }
}
