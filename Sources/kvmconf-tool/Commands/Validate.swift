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

  func run() throws {
    let files: [(path: ManifestPath, settings: Settings)]
    do throws(DiagnosticsError) {
      files = try filesWithSettings()
    } catch {
      // A report is written even if nothing is validated.
      if format.isOneDocument { Output.result(format.text(of: error.diagnostics)) } else { throw error }
      throw Status.of(error.kind)
    }
    let progress = Progress(of: files.count)
    let results = Parallel.map(files, done: progress.advance, context: Workspaces.init) {
      [format, options] input, workspaces in
      let workspace = workspaces.workspace(for: input.settings)
      var file = ValidatedFile(input.path, stdinName: options.stdinFilename, workspace)
      let text = format.isOneDocument ? "" : file.part(as: format, color: Output.hasColor(1))
      file.forgetSteps()
      return (file: file, text: text)
    }
    progress.end()
    let bases = results.map(\.file).bases
    let shown = results.filter { !$0.file.isOnlyBase(of: bases) }
    if format.isOneDocument {
      Output.result(shown.map(\.file).report(as: format))
    } else {
      for (file, text) in shown {
        Output.result(text)
        if let error = file.error { Output.print(error.diagnostics, to: 2) }
      }
    }
    // A JSON document contains its summary.
    if format != .json { Output.message(shown.map(\.file).summary + "\n") }
    let status = shown.compactMap(\.file.failure).map(Status.of).reduce(Status.success, max)
    let faults = results.map(\.file).schemaFaults
    if !format.isOneDocument { Output.print(faults, to: 2) }
    if status != Status.success { throw status }
  }

  /// The files that the arguments name, with their settings.
  private func filesWithSettings() throws(DiagnosticsError) -> [(path: ManifestPath, settings: Settings)] {
    var paths: [ManifestPath] = []
    for argument in files { paths += try ManifestPath.all(argument) }
    var request = options.request()
    request.settings.failOn = failOn
    let settings = SettingsOfFiles(request, onSearch: options.reportConfiguration)
    var files: [(path: ManifestPath, settings: Settings)] = []
    for path in paths { files.append((path, try settings.settings(of: path.value))) }
    return files
  }
}
