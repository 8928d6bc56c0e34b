import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf validate`: runs manifests on the model.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    // Without it, the argument parser first looks for an option of its own, which takes as long as all the others.
    _superCommandName: "kvmconf",
    abstract: "Predict the kernel's answer to every call of a manifest.",
    usage: """
      kvmconf validate [--format <format>] [--fail-on warning|undecided]
        [-o <file>] [--shard <k>/<n>] [<option> ...] <file> ...
      """,
    discussion: """
      Runs each manifest on the model of the kernel. It needs no /dev/kvm, and any machine can validate manifests of any \
      architecture. Every problem is reported with its place in the text and the rule that it breaks.

      Settings for all manifests of a folder are in the nearest .kvmconf.yaml, in the folder or above it: schemas, \
      host-facts, kernel, severity (of single diagnostics) and fail-on. Options override them; --verbose reports the file \
      that is used.

      A comment turns one diagnostic off in one place, on its line or above it:

        irq: 7   # kvmconf: ignore vcpu.pmu-v3.irq:EINVAL because the host is patched

      --kernel and --host-facts may be given several times, and --host-facts may name a folder of files. The result is then \
      a table of manifests and hosts, and each problem is reported once, with its hosts. If both are given, each file of \
      facts is combined with each release. Hosts of another architecture than a manifest's are not applicable.

      --shard 3/16 validates the third of sixteen equal parts of all pairs of a file and a host. It does not depend on the \
      order of the arguments. `kvmconf merge` makes one report of the JSON reports of all parts.
      """)

  @Argument(
    help: ArgumentHelp("Manifests, folders of manifests, or - for standard input.", valueName: "file"),
    completion: .manifest)
  var files: [String]

  @OptionGroup var options: SharedOptions

  @Option(
    help:
      "The format of the results: text, markdown (a table), json (one line per manifest; one document for several hosts), sarif, junit, github (workflow commands) or gcc."
  )
  var format: ReportFormat = .text

  @Option(
    help: ArgumentHelp(
      "Also fail on undecided steps (undecided), or on these and warnings (warning).", valueName: "kind"))
  var failOn: FailOn?

  @Option(name: .shortAndLong, help: .resultFile, completion: .file())
  var output: String?

  @Flag(help: "Print no summary, no progress and no notes on skipped files.")
  var quiet = false

  @Flag(
    help: ArgumentHelp(
      "Also validate the manifests of the repository that extend a file, directly or through others."))
  var dependents = false

  @Option(
    help: ArgumentHelp("A file of known problems, which are left out.", valueName: "file"), completion: .file())
  var baseline: String?

  @Option(
    help: ArgumentHelp("Write all problems to a file, for --baseline, and exit with 0.", valueName: "file"),
    completion: .file())
  var writeBaseline: String?

  @Option(
    help: ArgumentHelp("Validate one of N equal parts of all pairs of a file and a host.", valueName: "k/n"))
  var shard: Shard?

  func validate() throws {
    if baseline != nil, writeBaseline != nil {
      throw ValidationError("--baseline and --write-baseline exclude each other")
    }
    guard shard != nil else { return }
    if writeBaseline != nil { throw ValidationError("--shard and --write-baseline exclude each other") }
    if let file = files.first(where: isPipeOrDevice) {
      throw ValidationError("\(file == "-" ? "standard input" : file) cannot be read more than once, as --shard needs")
    }
  }

  func run() throws {
    if shard != nil || format == .markdown || options.nameSeveralHosts { return try runMatrix() }
    let files: [(path: ManifestPath, settings: Settings)]
    let remarks: SettingsRemarks
    let known: Baseline?
    do {
      (files, remarks) = try filesWithSettings()
      known = try baselineFile().map(Baseline.init)
    } catch let error as DiagnosticsError {
      // A report is written even if nothing is validated.
      if format.isOneDocument { try write(format.text(of: error.diagnostics)) } else { throw error }
      throw Status.of(error.kind)
    }
    let progress = quiet ? nil : Progress(of: files.count)
    let hasColor = output == nil && Output.hasColor(1)
    let results = Parallel.map(files, done: { progress?.advance(to: $0) }, context: Workspaces.init) {
      [format, options] input, workspaces in
      let workspace = workspaces.workspace(for: input.settings)
      var file = ValidatedFile(input.path, stdinName: options.stdinFilename, workspace)
      if let known { file.removeDiagnostics(where: known.knows) }
      let text = format.isOneDocument ? "" : file.part(as: format, color: hasColor)
      file.forgetSteps()
      return (file: file, text: text)
    }
    progress?.end()
    try report(results, remarks)
  }

  private func report(_ results: [(file: ValidatedFile, text: String)], _ remarks: SettingsRemarks) throws {
    let bases = results.map(\.file).bases
    let shown = results.filter { !$0.file.isForeign && !$0.file.isOnlyBase(of: bases) }
    if !quiet { Output.print(results.flatMap(\.file.remarks), to: 2) }
    if let writeBaseline {
      let text = shown.map { Baseline.text(of: $0.file.diagnostics, at: writeBaseline) }.joined()
      return try Output.write(Array(text.utf8), toFile: writeBaseline)
    }
    if format.isOneDocument {
      try write(shown.map(\.file).report(as: format))
    } else if output != nil {
      try write(shown.map(\.text).joined())
      for (file, _) in shown { if let error = file.error { Output.print(error.diagnostics, to: 2) } }
    } else {
      for (file, text) in shown {
        Output.result(text)
        if let error = file.error { Output.print(error.diagnostics, to: 2) }
      }
    }
    let faults = results.map(\.file).schemaFaults
    if !format.isOneDocument { Output.print(faults, to: 2) }
    // A JSON document contains its summary.
    if format != .json, !quiet { Output.message(shown.map(\.file).summary(faults, remarks) + "\n") }
    let failures = shown.compactMap(\.file.failure) + (remarks.fail ? [.invalid] : [])
    let status = failures.map(Status.of).reduce(Status.success, max)
    if status != Status.success { throw status }
  }

  private func write(_ text: String) throws(DiagnosticsError) {
    guard let output else { return Output.result(text) }
    try Output.write(Array(text.utf8), toFile: output)
  }

  private func baselineFile() throws(DiagnosticsError) -> SourceFile? {
    try baseline.map { path throws(DiagnosticsError) in try SourceFile(reading: path) }
  }

  /// The files that the arguments name, each once, with their settings, and the remarks on these.
  private func filesWithSettings() throws -> ([(path: ManifestPath, settings: Settings)], SettingsRemarks) {
    var request = try options.request()
    request.settings.failOn = failOn
    let settings = SettingsOfFiles(request, onSearch: options.reportConfiguration)
    var files: [(path: ManifestPath, settings: Settings)] = []
    for path in try paths() { files.append((path, try settings.settings(of: path.value))) }
    return (files, settings.remarks)
  }

  /// The files that the arguments name, each once.
  private func paths() throws(DiagnosticsError) -> [ManifestPath] {
    var paths: [ManifestPath] = []
    for argument in files { paths += try ManifestPath.all(argument) }
    if dependents {
      var search = Dependents()
      paths = try search.adding(to: paths)
    }
    return paths.withoutRepeats
  }
}

// MARK: Several hosts

extension Validate {
  private func runMatrix() throws {
    let work: MatrixWork
    let known: Baseline?
    do {
      let baseline = try baselineFile()
      known = try baseline.map(Baseline.init)
      work = try matrixWork(baseline: baseline?.bytes)
    } catch let error as DiagnosticsError {
      if format.isOneDocument { try write(format.text(of: error.diagnostics)) } else { throw error }
      throw Status.of(error.kind)
    }
    var matrix = work.matrix
    let progress = quiet ? nil : Progress(of: work.jobs.count, "parts")
    let releases = SharedReleases()
    let results = Parallel.map(
      work.jobs, done: { progress?.advance(to: $0) }, context: { MatrixWorkspaces(work.hosts, releases) }
    ) { job, workspaces in workspaces.validate(job, isKnown: known.map { baseline in { baseline.knows($0) } }) }
    progress?.end()
    for (job, result) in zip(work.jobs, results) { matrix.files[job.file].add(result) }
    let bases = Set(matrix.files.flatMap(\.bases))
    matrix.files.removeAll { $0.isForeign || ($0.identity.map(bases.contains) ?? false) }
    let remarks = Set(results.flatMap(\.remarks)).sorted { $0.message < $1.message }
    if !quiet { Output.print(remarks, to: 2) }
    let report = MatrixReport(matrix)
    var remarksOnSettings = work.remarks
    Output.print(
      try remarksOnSettings.addUndescribedReleases(
        of: work.jobs.map(\.settings).distinct, on: work.hosts, where: report.judgedHosts.contains), to: 2)
    if let writeBaseline {
      let text = report.files.map { Baseline.text(of: $0.findings.map(\.diagnostic), at: writeBaseline) }.joined()
      return try Output.write(Array(text.utf8), toFile: writeBaseline)
    }
    try write(
      report.text(
        as: format, color: output == nil && Output.hasColor(1), settings: work.jobs.map(\.settings).distinct))
    if !quiet { Output.message(report.summary + "\n") }
    if let failure = report.failure ?? (remarksOnSettings.fail ? .invalid : nil) { throw Status.of(failure) }
  }

  /// The empty matrix, with the jobs that fill it, the hosts that they need, and the remarks on their settings.
  private typealias MatrixWork = (
    matrix: HostMatrix, jobs: [MatrixJob], hosts: LoadedHosts, remarks: SettingsRemarks
  )

  private func matrixWork(baseline: [UInt8]?) throws -> MatrixWork {
    let choices = try HostChoice.all(facts: options.factFiles, releases: options.kernels)
    var request = options.requestWithoutHost
    request.settings.failOn = failOn
    request.warnsOfReleases = false
    var paths = try paths()
    let shared = shard == nil ? nil : SharedWork(paths)
    if let shared {
      paths = shared.paths
      // All shards skip the same files.
      if shard?.number == 1, !quiet { Output.print(shared.remarks, to: 2) }
    }
    let settingsOfFiles = SettingsOfFiles(request, onSearch: options.reportConfiguration)
    let settings = try paths.map { try settingsOfFiles.settings(of: $0.value) }
    let pairs = shard?.part(of: paths.count * choices.count) ?? 0..<paths.count * choices.count
    var files: [(path: ManifestPath, settings: Settings, hosts: Range<Int>)] = []
    for (i, path) in paths.enumerated() {
      let row = i * choices.count..<(i + 1) * choices.count
      let part = row.clamped(to: pairs)
      if part.isEmpty { continue }
      let hosts = part.lowerBound - row.lowerBound..<part.upperBound - row.lowerBound
      files.append((path, settings[i], hosts))
    }
    let hosts = try LoadedHosts(choices, neededBy: files.map(\.hosts), readsAll: shared != nil)
    let matrix = HostMatrix(
      hosts: choices.map(\.name), hasNamedHosts: choices != [HostChoice()],
      files: files.map { MatrixFile(name: $0.path.name(stdin: options.stdinFilename), failOn: $0.settings.failOn) },
      shard: shard, work: shared?.checksum(hosts: hosts, settings: settings, baseline: baseline) ?? "")
    let jobs = MatrixJob.jobs(files, stdinName: options.stdinFilename, threads: Parallel.processors)
    return (matrix, jobs, hosts, settingsOfFiles.remarks)
  }
}
