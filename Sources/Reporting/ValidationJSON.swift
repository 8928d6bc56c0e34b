import DevicePlan
import Diagnostics
import TextOutput
import Workspace

extension Validation {
  /// The validation for programs: one document per manifest, with its run on the model and the diagnostics of its text.
  /// A file without a readable manifest has one document, without a host and without steps.
  package var json: [JSON] {
    if reports.isEmpty { return [Self.empty(file, diagnostics)] }
    return zip(reports, diagnosticsByManifest).map { report, diagnostics in
      guard case .object(let members) = report.json else { return report.json }
      return .object(members + [("diagnostics", Self.json(diagnostics))])
    }
  }

  private static func json(_ diagnostics: [Diagnostic]) -> JSON {
    .elements(count: diagnostics.count) { JSONRenderer().element(diagnostics[$0]) }
  }

  private static func empty(_ file: SourceFile, _ diagnostics: [Diagnostic]) -> JSON {
    .object([
      ("version", 1), ("manifest", .string(file.path)), ("name", nil), ("host", nil), ("steps", []),
      ("summary", Report.Summary().json), ("diagnostics", json(diagnostics)),
    ])
  }
}
