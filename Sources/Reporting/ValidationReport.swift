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
      JUnitRenderer().render(map(JUnitRenderer.Suite.init) + [.schemas(schemaFaults)].compactMap(\.self), into: &text)
      return text
    case .markdown, .sarif, .github, .gcc:
      return format.text(of: flatMap(\.diagnostics) + schemaFaults, map(\.settings).distinct)
    }
  }

  /// `2 files, 3 manifests, 40 steps: 1 error, 0 warnings, 2 undecided`. It counts every error and warning that is
  /// printed, also those in schemas.
  ///
  /// - Parameters:
  ///   - schemaFaults: the errors in the schemas that the manifests need.
  ///   - remarks: on the settings of the files.
  package func summary(_ schemaFaults: [Diagnostic], _ remarks: SettingsRemarks) -> String {
    let validations = compactMap(\.validation)
    func total(_ number: (Validation) -> Int) -> Int { validations.reduce(0) { $0 + number($1) } }
    let (manifests, steps) = (total { $0.reports.count }, total { $0.summaries.reduce(0) { $0 + $1.steps } })
    let unread = reduce(0) { $0 + ($1.error?.diagnostics.count { $0.severity == .error } ?? 0) }
    let errors = total { $0.errorCount } + unread + schemaFaults.count
    let warnings = total { $0.warningCount } + remarks.warningCount
    return "\(counted(count, "file")), \(counted(manifests, "manifest")), \(counted(steps, "step")): "
      + "\(counted(errors, "error")), \(counted(warnings, "warning")), \(total { $0.undecidedCount }) undecided"
  }
}

extension JUnitRenderer.Suite {
  /// A file with its manifests. A file without a manifest that could be read has one case, with the file's name.
  fileprivate init(_ file: ValidatedFile) {
    self.init(name: file.name, cases: [])
    guard let validation = file.validation else {
      cases = [.init(name: file.name, failures: file.diagnostics, isError: true)]
      return
    }
    let failOn = file.settings.failOn
    if validation.reports.isEmpty {
      cases = [.init(name: file.name, problems: validation.diagnostics, failOn)]
      return
    }
    let names = validation.names
    for (i, diagnostics) in validation.diagnosticsByManifest.enumerated() {
      cases.append(
        .init(
          name: names[i], line: validation.firstLines[i], problems: diagnostics,
          undecided: validation.undecidedCount(of: i), failOn))
    }
  }

  /// The errors in schemas; nil if there are none.
  static func schemas(_ faults: [Diagnostic]) -> Self? {
    if faults.isEmpty { return nil }
    return Self(name: "schemas", cases: [.init(name: "schemas", failures: faults, isError: true)])
  }
}

extension JUnitRenderer.Case {
  /// A manifest that was validated. The problems that fail the validation are the failures of the case.
  init(name: String, line: Int = 1, problems: [Diagnostic], undecided: Int = 0, _ failOn: FailOn?) {
    var failures = problems.filter { failOn.fails($0, undecided: undecided) }
    if failures.isEmpty, failOn.fails(errors: 0, undecided: undecided, warnings: 0) {
      failures = [.error("undecided", "the answers to \(undecided) of the steps are unknown here", at: nil)]
    }
    self.init(
      name: name, line: line, failures: failures,
      remarks: problems.filter { !failOn.fails($0, undecided: undecided) })
  }
}
