import DevicePlan
import Diagnostics
import Workspace

/// What `validate` says of one file.
struct Judgement: Sendable {
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

  /// What the file is called in reports.
  let name: String
  private(set) var counts = Counts(files: 1)
  /// Nil where the file could not be judged.
  private(set) var validation: Validation?
  /// Why the file could not be judged.
  private(set) var obstacle: Diagnostic?
  private(set) var isUnreadable = false
  private(set) var identity: FileIdentity?
  /// The files that its manifests extend.
  private(set) var bases: [FileIdentity] = []

  /// - Parameters:
  ///   - path: a file, or `-`.
  ///   - stdinName: what `-` is called.
  init(_ path: String, stdinName: String?, _ governing: GoverningSettings) {
    name = path == "-" ? stdinName ?? "<stdin>" : path
    let workspace = ManifestWorkspace(governing.settings)
    do {
      let file = try SourceFile(reading: path, stdinName: stdinName)
      identity = file.identity
      var validation = try workspace.validate(file)
      validation.diagnostics = validation.diagnostics.adjusted(by: governing.configuration)
      counts.manifests = validation.reports.count
      counts.steps = validation.reports.map(\.entries.count).reduce(0, +)
      counts.errors = validation.errorCount
      counts.warnings = validation.warningCount
      counts.undecided = validation.undecidedCount
      counts.schemaFaults = workspace.schemaFaults.count
      bases = validation.bases.joined().compactMap(\.identity)
      self.validation = validation
    } catch {
      counts.errors = 1
      isUnreadable = error is Unreadable
      obstacle = (error as? Unreadable)?.diagnostic ?? (error as? FactsFault)?.diagnostic
    }
  }

  /// In the order of the text.
  var diagnostics: [Diagnostic] { validation?.diagnostics ?? [obstacle].compactMap(\.self) }

  /// Whether it makes the run fail.
  func fails(on failOn: ConfigurationFile.FailOn?) -> Bool {
    counts.errors > 0 || (failOn == .warning && counts.warnings > 0) || (failOn != nil && counts.undecided > 0)
  }
}

extension Int {
  /// `1 file`, `2 files`
  fileprivate func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
