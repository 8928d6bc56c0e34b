import DevicePlan
import Diagnostics
import Vocabulary
import Workspace

extension ValidatedFile {
  /// The file's part of a report that has a separate part for each file; empty if the file could not be validated.
  ///
  /// - Parameter format: text or JSON.
  package func part(as format: ReportFormat, color: Bool = false) -> String {
    guard let validation else { return "" }
    var text = ""
    if format == .json {
      for document in validation.json {
        document.write(into: &text)
        text += "\n"
      }
    } else {
      TextRenderer(color: color).render(validation.diagnostics, into: &text)
    }
    return text
  }
}

extension [ValidatedFile] {
  /// The report on all files.
  package func report(as format: ReportFormat) -> String {
    switch format {
    case .text, .json: return map { $0.part(as: format) }.joined()
    case .junit:
      var text = ""
      var suites = map(JUnitRenderer.Suite.init)
      let faults = schemaFaults
      if !faults.isEmpty {
        suites.append(.init(name: "schemas", cases: [.init(name: "schemas", failures: faults, isError: true)]))
      }
      JUnitRenderer().render(suites, into: &text)
      return text
    case .markdown, .sarif, .github, .gcc:
      var known: Set<String> = []
      let different = map(\.settings).filter { known.insert($0.configuration?.file.path ?? "").inserted }
      return format.text(of: flatMap(\.diagnostics) + schemaFaults, different)
    }
  }

  /// `2 files, 3 manifests, 40 steps: 1 error, 0 warnings, 2 undecided`
  package var summary: String {
    let validations = compactMap(\.validation)
    func total(_ number: (Validation) -> Int) -> Int { validations.reduce(0) { $0 + number($1) } }
    let (manifests, steps) = (total { $0.reports.count }, total { $0.summaries.reduce(0) { $0 + $1.steps } })
    let (errors, warnings) = (count - validations.count + total { $0.errorCount }, total { $0.warningCount })
    return "\(counted(count, "file")), \(counted(manifests, "manifest")), \(counted(steps, "step")): "
      + "\(counted(errors, "error")), \(counted(warnings, "warning")), \(total { $0.undecidedCount }) undecided"
  }
}

extension JUnitRenderer.Suite {
  /// A file with its manifests. A file without a manifest that could be read has one case, with the file's name.
  fileprivate init(_ file: ValidatedFile) {
    self.init(name: file.name, cases: [])
    guard let validation = file.validation, !validation.reports.isEmpty else {
      cases = [.init(name: file.name, failures: file.diagnostics, isError: file.validation == nil)]
      return
    }
    let failOn = file.settings.failOn
    var uses: [String: Int] = [:]
    for (i, diagnostics) in validation.diagnosticsByManifest.enumerated() {
      let report = validation.reports[i]
      uses[report.name, default: 0] += 1
      let number = uses[report.name] ?? 1
      let undecided = failOn == nil ? 0 : validation.undecidedCount(of: i)
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
