import ArgumentParser
import DevicePlan
import Diagnostics
import Reporting
import Workspace

/// `kvmconf validate`: run manifests on the model.
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
  var format: ValidateFormat = .text

  @Option(
    help: ArgumentHelp(
      "Also fail on undecided steps (undecided), or on these and warnings (warning).", valueName: "kind"))
  var failOn: FailOn?

  enum FailOn: String, Word {
    case warning, undecided

    static let allValueStrings = ["warning", "undecided"]
  }

  enum ValidateFormat: String, Word {
    case text, json, sarif, junit, github, gcc

    static let allValueStrings = ["text", "json", "sarif", "junit", "github", "gcc"]
  }

  func run() throws {
    let paths = try self.paths()
    let settings = try self.settings(of: paths.map(\.path))
    let progress = Progress(of: paths.count)
    let results = Parallel.map(
      Array(zip(paths, settings)), done: progress.advance
    ) { [format, options] path, governing in
      let judgement = Judgement(path.path, stdinName: options.stdinFilename, governing)
      let text = format == .text ? judgement.text : format == .json ? judgement.json : ""
      return Result(judgement: judgement, settings: governing, text: text, isFound: path.isFound)
    }.withoutBases
    progress.end()
    report(results)
    var status = Status.success
    for result in results { status = max(status, self.status(of: result.judgement, result.settings)) }
    if status != Status.success { throw status }
  }

  /// One file, judged.
  fileprivate struct Result: Sendable {
    var judgement: Judgement
    var settings: GoverningSettings
    /// The judgement in the format that is wanted, where each file's stands by itself.
    var text: String
    /// Whether the file was found in a folder, and not named.
    var isFound: Bool
  }

  /// Writes the results, and a line that sums them up.
  private func report(_ results: [Result]) {
    switch format {
    case .text, .json:
      for result in results {
        Output.result(result.text)
        if let obstacle = result.judgement.obstacle { Output.print([obstacle], to: 2) }
      }
    case .junit:
      var text = ""
      JUnitRenderer().render(
        results.map { JUnitRenderer.Suite($0.judgement, failOn(for: $0.settings)) }, into: &text)
      Output.result(text)
    case .sarif, .github, .gcc:
      var known: Set<String> = []
      let different = results.map(\.settings).filter {
        known.insert($0.configuration?.file.path ?? "").inserted
      }.map(\.settings)
      Output.result(diagnosticFormat.text(results.flatMap(\.judgement.diagnostics), different))
    }
    // Each JSON document has its summary.
    if format == .json { return }
    var total = Judgement.Counts()
    for result in results { total.add(result.judgement.counts) }
    Output.message(total.words + "\n")
  }

  private var diagnosticFormat: DiagnosticFormat { DiagnosticFormat(rawValue: format.rawValue) ?? .gcc }

  /// The settings of all files. Where a configuration is wrong nothing is judged, and the report is about that.
  private func settings(of paths: [String]) throws -> [GoverningSettings] {
    let settingsOfFiles = SettingsOfFiles(options)
    var settings: [GoverningSettings] = []
    do throws(SettingsFault) {
      for path in paths { settings.append(try settingsOfFiles.settings(of: path)) }
    } catch {
      refuse(error.diagnostics)
      throw error.status
    }
    return settings
  }

  /// Writes why nothing is judged, where the results would be: a report is a report also then.
  private func refuse(_ problems: [Diagnostic]) {
    switch format {
    case .text, .json: Output.print(problems, to: 2)
    case .junit:
      let name = problems.first?.range?.file.path ?? "kvmconf"
      var text = ""
      JUnitRenderer().render(
        [.init(name: name, cases: [.init(name: name, failures: problems, isError: true)])], into: &text)
      Output.result(text)
    case .sarif, .github, .gcc: Output.result(diagnosticFormat.text(problems, []))
    }
  }

  private func failOn(for governing: GoverningSettings) -> ConfigurationFile.FailOn? {
    failOn.flatMap { ConfigurationFile.FailOn(rawValue: $0.rawValue) } ?? governing.configuration?.failOn
  }

  private func status(of judgement: Judgement, _ governing: GoverningSettings) -> ExitCode {
    if judgement.isUnreadable { return Status.noInput }
    // The built-in schemas are ours.
    if judgement.counts.schemaFaults > 0 { return governing.hasOwnSchemas ? Status.failure : Status.software }
    return judgement.fails(on: failOn(for: governing)) ? Status.failure : Status.success
  }

  /// The files that the arguments stand for, and whether they were found in a folder.
  private func paths() throws -> [(path: String, isFound: Bool)] {
    var paths: [(String, Bool)] = []
    for argument in files {
      do throws(Unreadable) {
        let found = try manifestPaths(argument)
        if found.isEmpty { throw Unreadable(path: argument, reason: "the folder has no manifests, *.yaml or *.yml") }
        paths += found.map { ($0, isFolder(argument)) }
      } catch {
        refuse([error.diagnostic])
        throw Status.noInput
      }
    }
    return paths
  }
}

extension Judgement {
  fileprivate var text: String {
    guard let validation else { return "" }
    var text = ""
    TextRenderer(color: Output.hasColor(1)).render(validation.diagnostics, into: &text)
    return text
  }

  fileprivate var json: String {
    guard let validation else { return "" }
    var text = ""
    for document in validation.json {
      document.write(into: &text)
      text += "\n"
    }
    return text
  }
}

extension [Validate.Result] {
  /// Without files of folders that others extend: they may be incomplete, and are judged as part of those.
  fileprivate var withoutBases: [Validate.Result] {
    let bases = Set(flatMap(\.judgement.bases))
    return filter { !$0.isFound || !bases.hasMember($0.judgement.identity) }
  }
}

private func max(_ a: ExitCode, _ b: ExitCode) -> ExitCode { a.rawValue >= b.rawValue ? a : b }
