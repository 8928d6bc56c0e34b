import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf validate`: run manifests on the model.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Predict what the kernel would answer to every call of a manifest.",
    discussion: """
      Runs each manifest on the model of the kernel: no /dev/kvm is needed, and any architecture's manifests can be \
      validated on any machine. Every problem is reported, with its place in the text and the rule behind it.

      What is settled for all manifests of a folder stands in the nearest .kvmconf.yaml, in the folder or above it: \
      schemas, host-facts, kernel, severity (of single diagnostics) and fail-on. Options win; --verbose tells which \
      file was found.
      """)

  @Argument(
    help: ArgumentHelp("Manifests, folders of manifests, or - for standard input.", valueName: "file"),
    completion: .manifest)
  var files: [String]

  @OptionGroup var options: SharedOptions

  @Option(
    help:
      "How results are written: text, json (a document a manifest, one a line), sarif, junit, github (workflow commands) or gcc."
  )
  var format: ReportFormat = .text

  @Option(help: ArgumentHelp("Fail also on warnings, or on steps that the model cannot decide.", valueName: "kind"))
  var failOn: FailOn?

  func run() throws {
    let files: [(ManifestPath, Settings)]
    do throws(DiagnosticsError) {
      files = try filesWithSettings()
    } catch {
      // A report is written even if nothing is validated.
      if format.isOneDocument { Output.result(format.text(of: error.diagnostics)) } else { throw error }
      throw Status.of(error.kind)
    }
    let progress = Progress(of: files.count)
    let results = Parallel.map(files, done: progress.advance) { [format, options] path, settings in
      let file = ValidatedFile(path, stdinName: options.stdinFilename, settings)
      return (file: file, text: format.isOneDocument ? "" : file.part(as: format, color: Output.hasColor(1)))
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
    // Each JSON document has its summary.
    if format != .json { Output.message(shown.map(\.file).summary + "\n") }
    let status = shown.compactMap(\.file.failure).map(Status.of).reduce(Status.success, max)
    if status != Status.success { throw status }
  }

  /// The files that the arguments name, with their settings.
  private func filesWithSettings() throws(DiagnosticsError) -> [(ManifestPath, Settings)] {
    var paths: [ManifestPath] = []
    for argument in files {
      let found = try ManifestPath.all(argument)
      if found.isEmpty { throw .unreadable(argument, "the folder has no manifests, *.yaml or *.yml") }
      paths += found
    }
    var request = options.request
    request.settings.failOn = failOn
    let settings = SettingsOfFiles(request, onSearch: options.reportConfiguration)
    var files: [(ManifestPath, Settings)] = []
    for path in paths { files.append((path, try settings.settings(of: path.value))) }
    return files
  }
}
