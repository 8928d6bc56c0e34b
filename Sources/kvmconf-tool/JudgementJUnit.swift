import DevicePlan
import Diagnostics
import Reporting
import Workspace

extension JUnitRenderer.Suite {
  /// A file with its manifests; one without a manifest that could be read has a case of its own name.
  init(_ judgement: Judgement, _ failOn: ConfigurationFile.FailOn?) {
    self.init(name: judgement.name, cases: [])
    guard let validation = judgement.validation, !validation.reports.isEmpty else {
      cases = [.init(name: judgement.name, failures: judgement.diagnostics, isError: judgement.validation == nil)]
      return
    }
    var uses: [String: Int] = [:]
    for (i, diagnostics) in validation.diagnosticsByManifest.enumerated() {
      let report = validation.reports[i]
      uses[report.name, default: 0] += 1
      let number = uses[report.name] ?? 1
      let undecided = failOn == nil ? 0 : report.summary.undecided
      let isGrave = { (diagnostic: Diagnostic) in
        diagnostic.severity == .error || (diagnostic.severity == .warning && (failOn == .warning || undecided > 0))
      }
      var failures = diagnostics.filter(isGrave)
      if failures.isEmpty, undecided > 0 {
        failures = [.error("undecided", "the answers to \(undecided) of the steps are unknown here", at: nil)]
      }
      cases.append(
        .init(
          name: report.name + (number > 1 ? " (\(number))" : ""), line: validation.firstLines[i], failures: failures,
          remarks: diagnostics.filter { !isGrave($0) }))
    }
  }
}
