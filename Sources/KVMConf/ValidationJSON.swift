import DevicePlan
import Diagnostics

extension Validation {
  /// The validation for programs: a document for each manifest, its run on the model with the diagnostics of its text. A
  /// file without a manifest that could be read has one document, without a host and without steps.
  package var json: [JSON] {
    if reports.isEmpty { return [Self.empty(file, diagnostics)] }
    return reports.enumerated().map { i, report in
      guard case .object(let members) = report.json else { return report.json }
      return .object(members + [("diagnostics", Self.json(diagnostics.filter { owner(of: $0) == i }))])
    }
  }

  /// The index of the manifest that a diagnostic belongs to: the last that begins above it, or the first; of one in
  /// another file, the first that extends that file.
  private func owner(of diagnostic: Diagnostic) -> Int {
    guard let range = diagnostic.range else { return 0 }
    if range.file != file { return bases.firstIndex { $0.contains(range.file) } ?? 0 }
    return max((firstLines.firstIndex { $0 > range.start.line } ?? firstLines.count) - 1, 0)
  }

  private static func json(_ diagnostics: [Diagnostic]) -> JSON {
    .array(diagnostics.map(JSONRenderer().element))
  }

  private static func empty(_ file: SourceFile, _ diagnostics: [Diagnostic]) -> JSON {
    .object([
      ("version", 1), ("manifest", .string(file.path)), ("name", nil), ("host", nil), ("steps", []),
      ("summary", Report.Summary().json), ("diagnostics", json(diagnostics)),
    ])
  }
}
