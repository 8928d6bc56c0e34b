import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf validate`: runs manifests on the model.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Predict the kernel's answer to every call of a manifest.",
    discussion: """
      Runs each manifest on the model of the kernel. It needs no /dev/kvm, and any machine can validate manifests of any \
      architecture. Every problem is reported with its place in the text and the rule that it breaks.

      Settings for all manifests of a folder are in the nearest .kvmconf.yaml, in the folder or above it: schemas, \
      host-facts, kernel, severity (of single diagnostics) and fail-on. Options override them; --verbose reports the file \
      that is used.

      A comment turns one diagnostic off in one place, on its line or above it:

        irq: 7   # kvmconf: ignore vcpu.pmu-v3.irq:EINVAL because the host is patched
      """)

  @Argument(
    help: ArgumentHelp("Manifests, folders of manifests, or - for standard input.", valueName: "file"),
    completion: .manifest)
  var files: [String]

  @OptionGroup var options: SharedOptions

  @Option(
    help:
      "The format of the results: text, json (one line per manifest), sarif, junit, github (workflow commands) or gcc."
  )
  var format: ReportFormat = .text

  @Option(
    help: ArgumentHelp(
      "Also fail on undecided steps (undecided), or on these and warnings (warning).", valueName: "kind"))
  var failOn: FailOn?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the result to a file (replaced as a whole) instead of standard output.", valueName: "file"),
    completion: .file())
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

  func validate() throws {
    if baseline != nil, writeBaseline != nil {
      throw ValidationError("--baseline and --write-baseline exclude each other")
    }
  }

  func run() throws {
    let files: [(path: ManifestPath, settings: Settings)]
    let known: Baseline?
    do throws(DiagnosticsError) {
      files = try filesWithSettings()
      known = try readBaseline()
    } catch {
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
    try report(results)
  }

  private func report(_ results: [(file: ValidatedFile, text: String)]) throws {
    let bases = results.map(\.file).bases
    let shown = results.filter { !$0.file.isForeign && !$0.file.isOnlyBase(of: bases) }
    if !quiet { Output.print(results.flatMap(\.file.remarks), to: 2) }
    if let writeBaseline {
      let text = shown.map { Baseline.text(of: $0.file.diagnostics) }.joined()
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
    // A JSON document contains its summary.
    if format != .json, !quiet { Output.message(shown.map(\.file).summary + "\n") }
    let status = shown.compactMap(\.file.failure).map(Status.of).reduce(Status.success, max)
    let faults = results.map(\.file).schemaFaults
    if !format.isOneDocument { Output.print(faults, to: 2) }
    if status != Status.success { throw status }
  }

  private func write(_ text: String) throws(DiagnosticsError) {
    guard let output else { return Output.result(text) }
    try Output.write(Array(text.utf8), toFile: output)
  }

  private func readBaseline() throws(DiagnosticsError) -> Baseline? {
    guard let baseline else { return nil }
    return Baseline(String(decoding: try SourceFile(reading: baseline).bytes, as: UTF8.self))
  }

  /// The files that the arguments name, each once, with their settings.
  private func filesWithSettings() throws(DiagnosticsError) -> [(path: ManifestPath, settings: Settings)] {
    var paths: [ManifestPath] = []
    for argument in files { paths += try ManifestPath.all(argument) }
    if dependents {
      var search = Dependents()
      paths = try search.adding(to: paths)
    }
    paths = paths.withoutRepeats
    var request = options.request()
    request.settings.failOn = failOn
    let settings = SettingsOfFiles(request, onSearch: options.reportConfiguration)
    var files: [(path: ManifestPath, settings: Settings)] = []
    for path in paths { files.append((path, try settings.settings(of: path.value))) }
    return files
  }
}
