import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Model
import Vocabulary

/// The result of validating one file.
package struct Validation {
  package var file: SourceFile
  /// The run of each manifest on the model.
  package private(set) var reports: [Report]
  /// The numbers of steps of each manifest.
  package private(set) var summaries: [Report.Summary] = []
  /// The line in which each manifest begins, from 1.
  package var firstLines: [Int] = []
  /// The files that each manifest extends.
  package var bases: [[SourceFile]] = []
  /// The diagnostics, in the order of the text, with the severities of the configuration.
  package var diagnostics: [Diagnostic]
  /// The errors in schemas that this workspace has not met before. Other files may need the same schemas.
  package var schemaFaults: [Diagnostic] = []
  /// The indices of the manifests that were not run, because the host has another architecture.
  package private(set) var notApplicable: Set<Int> = []
  /// The diagnostics of undecided steps, with the number of these steps in each manifest. Those that a comment or a
  /// baseline turns off are not among them.
  fileprivate var undecidedSteps: [Problem: [Int: Int]] = [:]

  /// A diagnostic, whatever its severity.
  fileprivate struct Problem: Hashable {
    var diagnostic: Diagnostic

    init(_ diagnostic: Diagnostic) {
      self.diagnostic = diagnostic
      self.diagnostic.severity = .warning
    }
  }

  /// The names of the manifests. If a name occurs again, a number follows: `vm (2)`.
  package var names: [String] {
    var uses: [String: Int] = [:]
    return reports.map { report in
      let number = uses[report.name, default: 0] + 1
      uses[report.name] = number
      return report.name + (number > 1 ? " (\(number))" : "")
    }
  }

  package var errorCount: Int { diagnostics.count { $0.severity == .error } }
  /// The number of warnings, without those of undecided steps, which are counted separately.
  package var warningCount: Int { diagnostics.count(where: isWarning) }
  package var undecidedCount: Int { undecidedSteps.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

  /// Whether a diagnostic counts as a warning. That of an undecided step does not.
  package func isWarning(_ diagnostic: Diagnostic) -> Bool {
    diagnostic.severity == .warning && undecidedSteps[Problem(diagnostic)] == nil
  }

  /// The number of undecided steps of a manifest.
  package func undecidedCount(of manifest: Int) -> Int {
    undecidedSteps.values.reduce(0) { $0 + ($1[manifest] ?? 0) }
  }

  fileprivate mutating func add(_ report: Report, of manifest: PlannedManifest) {
    reports.append(report)
    summaries.append(report.summary)
    firstLines.append(manifest.firstLine)
    bases.append(manifest.bases)
  }

  fileprivate mutating func leaveOut(_ manifest: PlannedManifest, _ host: HostDescription) {
    notApplicable.insert(reports.count)
    add(Report(manifest.plan, on: host), of: manifest)
  }

  /// - Parameter isCounted: whether the steps count. Those of the alternatives of a plan are in its main run, too.
  fileprivate mutating func addUndecidedSteps(of report: Report, _ manifest: Int, isCounted: Bool) {
    for step in report.undecidedSteps {
      for (i, diagnostic) in step.enumerated() {
        undecidedSteps[Problem(diagnostic), default: [:]][manifest, default: 0] += isCounted && i == 0 ? 1 : 0
      }
    }
  }

  /// Removes the diagnostics that a comment or a baseline turns off. Undecided steps with such a diagnostic no longer
  /// count.
  package mutating func removeDiagnostics(where isKnown: [Bool]) {
    for (diagnostic, isKnown) in zip(diagnostics, isKnown) where isKnown { undecidedSteps[Problem(diagnostic)] = nil }
    diagnostics = zip(diagnostics, isKnown).filter { !$0.1 }.map(\.0)
  }

  /// Removes the steps from the reports, once they have been written: those of thousands of files need much memory.
  package mutating func forgetSteps() {
    for i in reports.indices { reports[i].removeEntries() }
  }

  /// The diagnostics of each manifest, in the order of `reports`.
  ///
  /// A diagnostic belongs to the last manifest that begins at or above its line. In another file, it belongs to the first
  /// manifest that extends that file. Without a match, it belongs to the first manifest.
  package var diagnosticsByManifest: [[Diagnostic]] {
    var parts = Array(repeating: [Diagnostic](), count: reports.count)
    if parts.isEmpty { return parts }
    var owners: [SourceFile: Int] = [:]
    for (i, file) in bases.enumerated().reversed().flatMap({ i, files in files.map { (i, $0) } }) { owners[file] = i }
    for diagnostic in diagnostics {
      guard let range = diagnostic.range else {
        parts[0].append(diagnostic)
        continue
      }
      let owner = range.file == file ? manifest(atLine: range.start.line) : owners[range.file] ?? 0
      parts[owner].append(diagnostic)
    }
    return parts
  }

  /// The index of the last manifest that begins at or above a line; 0 if there is none.
  private func manifest(atLine line: Int) -> Int {
    var (low, high) = (0, firstLines.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstLines[middle] <= line { low = middle } else { high = middle }
    }
    return low
  }
}

extension ManifestWorkspace {
  /// Runs every manifest of a file on the model. After a failing step, the run continues as if only that step were wrong:
  /// see `ModelHost.Course.corrected`.
  ///
  /// - Throws: an error if the host's facts do not fit the schemas. Errors in the file are in the result.
  package func validate(_ file: SourceFile) throws(DiagnosticsError) -> Validation {
    let known = Set(schemaFaults)
    return try validate(load(file), knownFaults: known)
  }

  /// - Parameters:
  ///   - loaded: a file that was loaded with the same schemas, for a release with the same plans.
  ///   - knownFaults: the errors in schemas that are not reported again.
  ///   - isOneOfSeveralHosts: whether to leave out manifests of other architectures than the host's. They are an error
  ///     otherwise.
  func validate(
    _ loaded: LoadedFile, knownFaults: Set<Diagnostic>, isOneOfSeveralHosts: Bool = false
  ) throws(DiagnosticsError) -> Validation {
    var validation = Validation(file: loaded.file, reports: [], diagnostics: loaded.diagnostics)
    for (i, manifest) in loaded.manifests.enumerated() {
      let architecture = manifest.plan.architecture
      if isOneOfSeveralHosts, !(settings.facts?.mayBe(of: architecture) ?? true) {
        validation.leaveOut(
          manifest,
          HostDescription(kind: .model, architecture: architecture, release: settings.playedRelease.description))
        continue
      }
      if let assumption = manifest.assumption { validation.diagnostics.append(assumption) }
      validation.diagnostics += try problems(of: manifest) { report, isMain in
        if isMain { validation.add(report, of: manifest) }
        validation.addUndecidedSteps(of: report, i, isCounted: isMain)
      }
    }
    validation.schemaFaults = schemaFaults.filter { !knownFaults.contains($0) }
    validation.diagnostics = validation.diagnostics.withoutRefusedRepetitions.inDocumentOrder()
    var comments = IgnoreComments()
    validation.removeDiagnostics(where: validation.diagnostics.map { comments.isIgnored($0) })
    // After an error, the rest of the manifest may not have been judged.
    let useless = comments.useless(in: loaded.file, isJudged: validation.errorCount == 0)
    if !useless.isEmpty { validation.diagnostics = (validation.diagnostics + useless).inDocumentOrder() }
    validation.diagnostics = validation.diagnostics.adjusted(by: settings.configuration)
    return validation
  }

  /// The problems of a manifest's run on the model, in every alternative of its plan.
  ///
  /// - Parameter each: called with the run of each alternative, and whether it is the main one.
  private func problems(
    of manifest: PlannedManifest, each: (Report, Bool) -> Void
  ) throws(DiagnosticsError) -> [Diagnostic] {
    var all: [Diagnostic] = []
    var seen: Set<Diagnostic> = []
    let types = Set(catalogue(for: manifest.plan.architecture).deviceTypes)
    let plan = manifest.planToRehearse
    for absent in manifest.plan.prefixesOfQuestions(of: types) {
      let fresh = try model(plan.architecture, course: .corrected, without: absent)
      var host = fresh
      let report = rehearse(manifest, plan, on: &host)
      each(report, absent.isEmpty)
      // Each alternative repeats the rest of the plan, so the same problem can be found again.
      var found = report.diagnostics
      report.add(lostValues(of: manifest, plan, after: report), to: &found)
      found += obstacles(to: manifest, plan, on: fresh, host, after: report)
      report.nameCalls(in: &found, of: plan, catalogue(for: plan.architecture))
      try nameDefaults(in: &found, of: manifest, plan, &host)
      for diagnostic in try found + mapProblems(of: manifest, plan, &host, besides: found)
      where seen.insert(diagnostic).inserted { all.append(diagnostic) }
    }
    return all
  }

  /// Warnings about the calls of a manifest that the kernel would refuse, for programs that make a plan and do not judge
  /// it. A compiled plan has none.
  package func expectedRefusals(of manifest: PlannedManifest) throws(DiagnosticsError) -> [Diagnostic] {
    if manifest.source == nil { return [] }
    var comments = IgnoreComments()
    return try problems(of: manifest) { _, _ in }.inDocumentOrder().filter { !comments.isIgnored($0) }
      .adjusted(by: settings.configuration).filter { $0.severity == .error }.map { problem in
        var problem = problem
        problem.severity = .warning
        return problem
      }
  }

  /// Runs the plan of a manifest on a host in its first state.
  func rehearse(
    _ manifest: PlannedManifest, _ plan: Plan, on host: inout ModelHost
  ) -> Report {
    // A type with an error in the text may be any.
    host.hasUnknownType = !plan.steps.isEmpty && plan.steps[0].operation.createsVM && manifest.incomplete.contains(0)
    let fresh = host
    var report = Runner(keepGoing: true).run(plan, on: &host)
    report.skipConsequences(
      of: manifest.incomplete, from: manifest.firstUncertain ?? plan.steps.count, lacksSteps: manifest.lacksSteps)
    if report.entries.verdicts.contains(where: \.isFailure) {
      var conflicts = Conflicts(
        plan, catalogue(for: plan.architecture), on: fresh, after: report, machine: manifest.source?.manifest.machine,
        incomplete: manifest.incomplete, lackingFrom: manifest.lacksSteps ? manifest.firstUncertain : nil)
      conflicts.find(in: &report)
    }
    return report
  }

  /// The values of the declarative part that later calls replace.
  private func lostValues(of manifest: PlannedManifest, _ plan: Plan, after report: Report) -> [Diagnostic] {
    guard let declared = manifest.source?.manifest, declared.machine != nil else { return [] }
    return plan.lostValues(
      before: plan.steps.count - declared.steps.count, besides: manifest.incomplete,
      in: catalogue(for: plan.architecture), after: report)
  }

  /// What keeps the vCPUs of a manifest from running, if they are meant to run.
  ///
  /// - Parameters:
  ///   - fresh: the host before the first step.
  ///   - host: the host after the last step.
  ///   - report: the run of the plan.
  private func obstacles(
    to manifest: PlannedManifest, _ plan: Plan, on fresh: ModelHost, _ host: ModelHost, after report: Report
  ) -> [Diagnostic] {
    // An error in the text may be why something is missing.
    guard let (reader, declared) = manifest.source, declared.isReady, manifest.isWhole else { return [] }
    return Readiness.problems(
      of: plan, catalogue(for: plan.architecture), document: reader.node, from: fresh, to: host, after: report,
      incomplete: manifest.incomplete)
  }
}

extension Report {
  /// Adds warnings about values that are lost: to the errors about what is then missing, or else as they are.
  fileprivate func add(_ lost: [Diagnostic], to problems: inout [Diagnostic]) {
    if lost.isEmpty { return }
    let refused = entries.indices.filter { index in
      entries.verdicts[index].isFailure && entries.results[index].reasons.first?.missing.isEmpty == false
    }
    var seen: Set<Diagnostic> = []
    for warning in lost where seen.insert(warning).inserted {
      let consequence = refused.first { index in
        entries.results[index].reasons[0].missing.contains { isSet($0, at: warning.range) }
      }
      let error = consequence.flatMap { entries[$0].diagnostics(on: host).first }
      if let error, let i = problems.firstIndex(of: error) {
        problems[i].notes.insert(Note(warning.message, at: warning.range), at: 0)
      } else {
        problems.append(warning)
      }
    }
  }

  /// Whether the call for an attribute has this place, or a part of its key.
  private func isSet(_ path: String, at place: SourceRange?) -> Bool {
    entries.contains { entry in
      guard let attribute = entry.step.attribute, path.hasSuffix("." + attribute) else { return false }
      return entry.step.at == place || entry.step.keyPlaces.contains(place)
    }
  }

  /// Adds to errors in a text with `${EXPRESSION}` which call they are about, if the text leads to different ones.
  fileprivate func nameCalls(in problems: inout [Diagnostic], of plan: Plan, _ catalogue: Catalogue) {
    guard problems.contains(where: { $0.isAboutExpression }) else { return }
    let named = plan.namingKeys(in: catalogue)
    // As many as a text report shows: each search takes time.
    for index in entries.indices.lazy.filter({ entries.verdicts[$0].isFailure }).prefix(100) {
      let entry = entries[index]
      guard let error = entry.diagnostics(on: host).first, error.isAboutExpression,
        let i = problems.firstIndex(of: error), plan.steps.contains(where: { $0.isVersion(of: entry.step) })
      else { continue }
      let note = Note("the call that is refused: \(named.steps[index].words)")
      if !problems[i].notes.contains(where: { $0.message == note.message }) { problems[i].notes.insert(note, at: 0) }
    }
  }
}

extension [Diagnostic] {
  /// The diagnostics without those about a second value, or a second device of one name, that the kernel refuses anyway.
  fileprivate var withoutRefusedRepetitions: [Diagnostic] {
    let repetitions: Set<DiagnosticID> = ["set-twice", "duplicate-name"]
    guard contains(where: { repetitions.contains($0.id) }) else { return self }
    let wrong = Set(lazy.filter { $0.severity == .error && !repetitions.contains($0.id) }.map(\.range))
    return filter { !repetitions.contains($0.id) || !wrong.contains($0.range) }
  }
}

extension Step {
  /// Whether the step comes from the same text as another one, and passes something else.
  fileprivate func isVersion(of other: Step) -> Bool {
    at == other.at
      && (value != other.value || operation.attributeCall?.attr != other.operation.attributeCall?.attr)
  }
}

extension Diagnostic {
  fileprivate var isAboutExpression: Bool { severity == .error && range?.text.contains("${") == true }
}

extension DevicePlan.Operation {
  fileprivate var createsVM: Bool { if case .createVM = self { true } else { false } }
  var createsVCPU: Bool { if case .createVCPU = self { true } else { false } }
}

extension PlannedManifest {
  /// The plan with the default values of its parameters, with one vCPU if their number is unknown. With one vCPU, steps
  /// keep their indices, so it is also used if the plan has incomplete steps.
  var planToRehearse: Plan {
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

extension Plan {
  /// The sets of absent device types that lead to each alternative of the plan: none, the first tested type, the first
  /// two, and so on.
  ///
  /// - Parameter types: the types that the host may support.
  fileprivate func prefixesOfQuestions(of types: Set<String>) -> [Set<String>] {
    var absent: Set<String> = []
    var prefixes = [absent]
    for i in questions.sorted() {
      guard case .testDevice = steps[i].operation else { continue }
      let type = steps[i].target.description
      // A type that an earlier step has tested leads to no other alternative.
      if types.contains(type), absent.insert(type).inserted { prefixes.append(absent) }
    }
    return prefixes
  }
}
