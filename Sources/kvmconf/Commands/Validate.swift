import ArgumentParser
import DevicePlan
import Diagnostics
import KVMConf

/// `kvmconf validate`: run manifests on the model.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Predict what the kernel would answer to every call of a manifest.",
    discussion: """
      Runs each manifest on the model of the kernel: no /dev/kvm is needed, and any architecture's manifests can be \
      validated on any machine. Every problem is reported, with its place in the text and the rule behind it.
      """)

  @Argument(help: ArgumentHelp("Manifests, folders of manifests, or - for standard input.", valueName: "file"))
  var files: [String]

  @OptionGroup var options: SharedOptions

  @Option(help: "How results are written: text or json (a document a manifest, one a line).")
  var format: Format = .text

  @Option(help: ArgumentHelp("Fail also on warnings, or on steps that the model cannot decide.", valueName: "kind"))
  var failOn: FailOn?

  enum FailOn: String, Word {
    case warning, undecided

    static let allValueStrings = ["warning", "undecided"]
  }

  func run() throws {
    let settings = try options.settings()
    let judgements = Parallel.map(try paths()) { [format] in Judgement($0.path, settings, format, isFound: $0.isFound) }
      .withoutBases
    var status = Status.success
    var total = Judgement.Counts()
    for judgement in judgements {
      Output.result(judgement.results)
      Output.message(judgement.messages)
      total.add(judgement.counts)
      status = max(status, self.status(of: judgement))
    }
    if format == .text { Output.message(total.words + "\n") }
    if status != Status.success { throw status }
  }

  private func status(of judgement: Judgement) -> ExitCode {
    if judgement.isUnreadable { return Status.noInput }
    // The built-in schemas are ours.
    if judgement.counts.schemaFaults > 0 { return options.schemas.isEmpty ? Status.software : Status.failure }
    let counts = judgement.counts
    let isBad =
      counts.errors > 0 || (failOn == .warning && counts.warnings > 0)
      || (failOn != nil && counts.undecided > 0)
    return isBad ? Status.failure : Status.success
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
        Output.print([error.diagnostic], to: 2)
        throw Status.noInput
      }
    }
    return paths
  }
}

/// What `validate` says of one file, ready to be printed.
private struct Judgement: Sendable {
  struct Counts: Sendable {
    var files = 0
    var manifests = 0
    var steps = 0
    var errors = 0
    var warnings = 0
    var undecided = 0
    var schemaFaults = 0

    mutating func add(_ other: Counts) {
      files += other.files
      manifests += other.manifests
      steps += other.steps
      errors += other.errors
      warnings += other.warnings
      undecided += other.undecided
      schemaFaults += other.schemaFaults
    }

    /// `2 files, 3 manifests, 40 steps: 1 error, 0 warnings, 2 undecided`
    var words: String {
      "\(files.of("file")), \(manifests.of("manifest")), \(steps.of("step")): "
        + "\(errors.of("error")), \(warnings.of("warning")), \(undecided) undecided"
    }
  }

  var results = ""
  var messages = ""
  var counts = Counts()
  var isUnreadable = false
  /// Whether the file was found in a folder, and not named.
  var isFound: Bool
  var identity: FileIdentity?
  /// The files that its manifests extend.
  var bases: [FileIdentity] = []

  init(_ path: String, _ settings: Settings, _ format: Format, isFound: Bool) {
    self.isFound = isFound
    counts.files = 1
    let file: SourceFile
    do throws(Unreadable) {
      file = try SourceFile(reading: path)
    } catch {
      isUnreadable = true
      counts.errors = 1
      TextRenderer(color: Output.hasColor(2)).render([error.diagnostic], into: &messages)
      return
    }
    identity = file.identity
    let workspace = Workspace(settings)
    do throws(FactsFault) {
      judge(try workspace.validate(file), format)
      counts.schemaFaults = workspace.schemaFaults.count
    } catch {
      counts.errors = 1
      TextRenderer(color: Output.hasColor(2)).render([error.diagnostic], into: &messages)
    }
  }

  private mutating func judge(_ validation: Validation, _ format: Format) {
    bases = validation.bases.joined().compactMap(\.identity)
    counts.manifests = validation.reports.count
    counts.steps = validation.reports.map(\.entries.count).reduce(0, +)
    counts.errors = validation.errorCount
    counts.warnings = validation.warningCount
    counts.undecided = validation.undecidedCount
    switch format {
    case .text: TextRenderer(color: Output.hasColor(1)).render(validation.diagnostics, into: &results)
    case .json:
      for document in validation.json {
        document.write(into: &results)
        results += "\n"
      }
    }
  }
}

extension [Judgement] {
  /// Without files of folders that others extend: they may be incomplete, and are judged as part of those.
  fileprivate var withoutBases: [Judgement] {
    let bases = Set(flatMap(\.bases))
    return filter { judgement in !judgement.isFound || !(judgement.identity.map(bases.contains) ?? false) }
  }
}

extension Int {
  /// `1 file`, `2 files`
  fileprivate func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

private func max(_ a: ExitCode, _ b: ExitCode) -> ExitCode { a.rawValue >= b.rawValue ? a : b }
