import DevicePlan
import Diagnostics
import Reporting
import Workspace

/// Writes the reports of a file's manifests: after each run as text or JSON, or at the end in the formats for CI
/// systems.
final class RunReporter {
  private let format: ReportFormat
  private let file: String
  /// The settings of the file; empty until they are known. Their schemas explain the ids of diagnostics.
  var settings: [Settings] = []
  private var diagnostics: [Diagnostic] = []
  private var cases: [JUnitRenderer.Case] = []
  /// The errors of the file as a whole, and the other diagnostics of its text.
  private var obstacles: [Diagnostic] = []
  private var remarks: [Diagnostic] = []

  init(_ format: ReportFormat, file: String) {
    self.format = format
    self.file = file
  }

  /// Reports the errors that prevent a run, or the warnings before it.
  func refuse(_ problems: [Diagnostic]) {
    guard format.isOneDocument else { return Output.print(problems, to: 2) }
    diagnostics += problems
    obstacles += problems.filter { $0.severity == .error }
    remarks += problems.filter { $0.severity != .error }
  }

  func add(_ report: Report) {
    switch format {
    case .text: Output.result(report.text(color: Output.hasColor(1)))
    case .json: Output.result(report.json.text() + "\n")
    case .markdown, .sarif, .junit, .github, .gcc:
      Output.message(report.summary.words + "\n")
      let found = report.diagnostics
      diagnostics += found
      cases.append(
        .init(
          name: report.name, line: report.entries.first { $0.step.at.file.path == file }?.step.at.start.line ?? 1,
          failures: found.filter { $0.severity == .error }, remarks: found.filter { $0.severity != .error }))
    }
  }

  /// Writes the report of all runs, in the formats that are written at the end.
  func end() {
    switch format {
    case .text, .json: return
    case .junit:
      var cases = cases
      if !obstacles.isEmpty || cases.isEmpty { cases.append(.init(name: file, failures: obstacles, isError: true)) }
      cases[0].remarks = remarks + cases[0].remarks
      var text = ""
      JUnitRenderer(name: "kvmconf apply").render([.init(name: file, cases: cases)], into: &text)
      Output.result(text)
    case .markdown, .sarif, .github, .gcc:
      Output.result(format.text(of: diagnostics, settings))
    }
  }
}
