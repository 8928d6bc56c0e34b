import DevicePlan
import Diagnostics
import Model

/// The result of validating one file.
package struct Validation {
  package var file: SourceFile
  /// The run of each manifest on the model.
  package var reports: [Report]
  /// The line in which each manifest begins, from 1.
  package var firstLines: [Int] = []
  /// The files that each manifest extends.
  package var bases: [[SourceFile]] = []
  /// The diagnostics, in the order of the text, with the severities of the configuration.
  package var diagnostics: [Diagnostic]
  /// Whether a schema that the manifests need has errors.
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

  /// The index of the manifest that a diagnostic belongs to.
  ///
  /// It is the last manifest that begins at or above the diagnostic's line. For a diagnostic in another file, it is the
  /// first manifest that extends that file. Without a match, it is the first manifest.
  private func owner(of diagnostic: Diagnostic) -> Int {
    guard let range = diagnostic.range else { return 0 }
    if range.file != file { return bases.firstIndex { $0.contains(range.file) } ?? 0 }
    return max((firstLines.firstIndex { $0 > range.start.line } ?? firstLines.count) - 1, 0)
  }
}

extension ManifestWorkspace {
  /// Runs every manifest of a file on the model. After a failing step, the run continues as if the expected answer had
  /// been returned.
  ///
  /// - Throws: an error if the host's facts do not fit the schemas. Errors in the file are in the result.
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
        // Each alternative repeats the rest of the plan, so the same problem can be found again.
        for diagnostic in report.diagnostics where seen.insert(diagnostic).inserted { found.append(diagnostic) }
      }
      validation.diagnostics += found
    }
    let faults = schemaFaults
    validation.hasSchemaFaults = !faults.isEmpty
    validation.diagnostics = (validation.diagnostics + faults).inDocumentOrder().adjusted(by: settings.configuration)
    return validation
  }

  /// - Parameter absent: device types that the host does not support.
  private func rehearse(_ manifest: PlannedManifest, without absent: Set<String>) throws(DiagnosticsError) -> Report {
    var host = try model(manifest.plan.architecture, course: .expected, without: absent)
    var report = Runner(keepGoing: true).run(manifest.planToRehearse, on: &host)
    for index in manifest.incomplete { report.entries[index].silence() }
    // A step after an error in the manifest may be undecided only because of that error.
    if let first = manifest.incomplete.min() {
      for index in report.entries.indices.dropFirst(first) where report.entries[index].verdict == .undecided {
        report.entries[index].silence()
      }
    }
    return report
  }
}

extension PlannedManifest {
  /// The plan with the default values of its parameters, with one vCPU if their number is unknown. With one vCPU, steps
  /// keep their indices, so it is also used if the plan has incomplete steps.
  fileprivate var planToRehearse: Plan {
    var plan = plan
    if !incomplete.isEmpty { plan.makeBlocks(vcpus: 1) }
    plan = plan.withDefaults
    plan.makeBlocks(vcpus: 1)
    return plan
  }

  /// The warning that one vCPU is assumed; nil if the number of vCPUs is known.
  fileprivate var assumption: Diagnostic? {
    guard let index = plan.withDefaults.vcpuCount else { return nil }
    let parameter = plan.parameters[index]
    return .warning(
      "assumed-vcpus",
      "the number of vCPUs is supplied at load time; assuming 1 (change it with --set \(parameter.name)=N)",
      at: parameter.at)
  }
}

extension Report.Entry {
  /// Marks a step as skipped because its error in the manifest is already reported.
  fileprivate mutating func silence() {
    verdict = .skipped
    result = StepResult(.skipped("the manifest is wrong here"))
  }
}

extension Plan {
  /// The sets of absent device types that lead to each alternative of the plan: none, the first tested type, the first
  /// two, and so on.
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
