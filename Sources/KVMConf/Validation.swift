import DevicePlan
import Diagnostics
import Model

/// What `validate` finds out about one file.
package struct Validation {
  package var file: SourceFile
  /// The run of each manifest on the model.
  package var reports: [Report]
  /// In the order of the text.
  package var diagnostics: [Diagnostic]

  package var errorCount: Int { diagnostics.count { $0.severity == .error } }
  package var warningCount: Int { diagnostics.count { $0.severity == .warning } }
  package var undecidedCount: Int { reports.map(\.summary.undecided).reduce(0, +) }
}

extension Workspace {
  /// Runs every manifest of a file on the model, going on behind each failure as if the expected answer had come.
  package func validate(_ file: SourceFile) throws(FactsFault) -> Validation {
    let loaded = load(file)
    var validation = Validation(file: file, reports: [], diagnostics: loaded.diagnostics)
    for manifest in loaded.manifests {
      var host = try model(manifest.plan.architecture, course: .expected)
      var report = Runner(keepGoing: true).run(manifest.plan, on: &host)
      for index in manifest.incomplete {
        // Its text is reported already; what the model makes of it is no news.
        report.entries[index].verdict = .skipped
        report.entries[index].result = StepResult(.skipped("its text is wrong"))
      }
      validation.reports.append(report)
      validation.diagnostics += report.diagnostics
    }
    validation.diagnostics = (validation.diagnostics + schemaFaults).inDocumentOrder()
    return validation
  }
}
