import DevicePlan
import Diagnostics
import Model

/// What `validate` finds out about one file.
package struct Validation {
  package var file: SourceFile
  /// The run of each manifest on the model.
  package var reports: [Report]
  /// The lines of the file that the manifests begin in.
  package var firstLines: [Int] = []
  /// The files that each of the manifests extends.
  package var bases: [[SourceFile]] = []
  /// In the order of the text, with the severities of the configuration.
  package var diagnostics: [Diagnostic]
  /// Whether some schemas that the manifests need are wrong.
  package var hasSchemaFaults = false

  package var errorCount: Int { diagnostics.count { $0.severity == .error } }
  package var warningCount: Int { diagnostics.count { $0.severity == .warning } }
  package var undecidedCount: Int { reports.map(\.summary.undecided).reduce(0, +) }

  /// The diagnostics of each manifest, in the order of `reports`.
  package var diagnosticsByManifest: [[Diagnostic]] {
    var parts = Array(repeating: [Diagnostic](), count: reports.count)
    if parts.isEmpty { return parts }
    for diagnostic in diagnostics { parts[owner(of: diagnostic)].append(diagnostic) }
    return parts
  }

  /// The index of the manifest that a diagnostic belongs to: the last that begins above it, or the first; of one in
  /// another file, the first that extends that file.
  private func owner(of diagnostic: Diagnostic) -> Int {
    guard let range = diagnostic.range else { return 0 }
    if range.file != file { return bases.firstIndex { $0.contains(range.file) } ?? 0 }
    return max((firstLines.firstIndex { $0 > range.start.line } ?? firstLines.count) - 1, 0)
  }
}

extension ManifestWorkspace {
  /// Runs every manifest of a file on the model, going on behind each failure as if the expected answer had come.
  package func validate(_ file: SourceFile) throws(DiagnosticsError) -> Validation {
    let loaded = load(file)
    var validation = Validation(file: file, reports: [], diagnostics: loaded.diagnostics)
    for manifest in loaded.manifests {
      var found: [Diagnostic] = []
      if let assumption = manifest.assumption { found.append(assumption) }
      var seen: Set<Diagnostic> = []
      for absent in manifest.plan.prefixesOfQuestions {
        let report = try rehearse(manifest, without: absent)
        if absent.isEmpty {
          validation.reports.append(report)
          validation.firstLines.append(manifest.firstLine)
          validation.bases.append(manifest.bases)
        }
        // Each alternative runs the rest of the plan again.
        for diagnostic in report.diagnostics where seen.insert(diagnostic).inserted { found.append(diagnostic) }
      }
      validation.diagnostics += found
    }
    let faults = schemaFaults
    validation.hasSchemaFaults = !faults.isEmpty
    validation.diagnostics = (validation.diagnostics + faults).inDocumentOrder().adjusted(by: settings.configuration)
    return validation
  }

  /// - Parameter absent: device types that the host shall not have.
  private func rehearse(_ manifest: PlannedManifest, without absent: Set<String>) throws(DiagnosticsError) -> Report {
    var host = try model(manifest.plan.architecture, course: .expected, without: absent)
    var report = Runner(keepGoing: true).run(manifest.planToRehearse, on: &host)
    for index in manifest.incomplete { report.entries[index].silence() }
    // What is unknown because of a text that is wrong is no news either.
    if let first = manifest.incomplete.min() {
      for index in report.entries.indices.dropFirst(first) where report.entries[index].verdict == .undecided {
        report.entries[index].silence()
      }
    }
    return report
  }
}

extension PlannedManifest {
  /// The plan with the values that parameters have by themselves, and with one vCPU where nobody tells how many there are,
  /// or where its steps have to stay where they are.
  fileprivate var planToRehearse: Plan {
    var plan = plan
    if !incomplete.isEmpty { plan.makeBlocks(vcpus: 1) }
    plan = plan.withDefaults
    plan.makeBlocks(vcpus: 1)
    return plan
  }

  /// What is said where one vCPU is assumed.
  fileprivate var assumption: Diagnostic? {
    guard let index = plan.withDefaults.vcpuCount else { return nil }
    let parameter = plan.parameters[index]
    return .warning(
      "assumed-vcpus",
      "how many vCPUs there are comes with the loader, and one is assumed here; --set \(parameter.name)=N tells another "
        + "number", at: parameter.at)
  }
}

extension Report.Entry {
  /// The entry of a step whose text is reported already.
  fileprivate mutating func silence() {
    verdict = .skipped
    result = StepResult(.skipped("the manifest is wrong here"))
  }
}

extension Plan {
  /// The device types whose absence shows each alternative of the plan: none, the first that is asked for, the first two, …
  fileprivate var prefixesOfQuestions: [Set<String>] {
    let asked = Set(steps.flatMap(\.guardedBy).map(\.step))
    var absent: Set<String> = []
    var prefixes = [absent]
    for (i, step) in steps.enumerated() {
      guard case .testDevice = step.operation, asked.contains(i) else { continue }
      absent.insert(step.target.description)
      prefixes.append(absent)
    }
    return prefixes
  }
}
