import Diagnostics

/// The validation of one file, with its settings.
package struct ValidatedFile: Sendable {
  /// The name of the file in reports.
  package let name: String
  package let settings: Settings
  /// The validation; nil if an error prevented it.
  package private(set) var validation: Validation?
  /// The error that prevented the validation.
  package private(set) var error: DiagnosticsError?
  /// Whether the file was found in a folder and is not a manifest. It is not looked at.
  package private(set) var isForeign = false
  /// The note that a foreign file is skipped.
  package private(set) var remarks: [Diagnostic] = []
  private var identity: FileIdentity?

  /// - Parameters:
  ///   - path: the file, or `-` for standard input.
  ///   - stdinName: the name of standard input; if nil, `<stdin>`.
  package init(_ path: ManifestPath, stdinName: String?, _ workspace: ManifestWorkspace) {
    self.init(path.name(stdin: stdinName), isFound: path.isFound, workspace) { () throws(DiagnosticsError) in
      try SourceFile(reading: path, stdinName: stdinName)
    }
  }

  /// - Parameters:
  ///   - isFound: whether the file was found in a folder. If not, the user named it.
  ///   - read: reads the file; its error becomes the result.
  package init(
    _ name: String, isFound: Bool = false, _ workspace: ManifestWorkspace,
    read: () throws(DiagnosticsError) -> SourceFile
  ) {
    self.name = name
    settings = workspace.settings
    do throws(DiagnosticsError) {
      let file = try read()
      identity = file.identity
      if isFound, file.isForeign {
        isForeign = true
        remarks = [file.foreignNote]
        return
      }
      validation = try workspace.validate(file)
    } catch {
      self.error = error
    }
  }

  /// The diagnostics of the file, in the order of the text.
  package var diagnostics: [Diagnostic] { validation?.diagnostics ?? error?.diagnostics ?? [] }

  /// Removes the diagnostics that a baseline has.
  package mutating func removeDiagnostics(where isKnown: ([Diagnostic]) -> [Bool]) {
    guard let validation else { return }
    self.validation?.removeDiagnostics(where: isKnown(validation.diagnostics))
  }

  /// Removes the steps from the reports, once they have been written.
  package mutating func forgetSteps() { validation?.forgetSteps() }

  /// The kind of failure for the exit status; nil if the file is valid.
  package var failure: DiagnosticsError.Kind? {
    guard let validation else { return error?.kind }
    if !validation.schemaFaults.isEmpty { return settings.kindOfSchemaFault }
    let fails = settings.failOn.fails(
      errors: validation.errorCount, undecided: validation.undecidedCount, warnings: validation.warningCount)
    return fails ? .invalid : nil
  }
}

extension [ValidatedFile] {
  /// The errors in the schemas that the manifests of these files need, each once, sorted by place.
  package var schemaFaults: [Diagnostic] { Set(flatMap { $0.validation?.schemaFaults ?? [] }).sortedByPlace }

  /// The identities of the files that the manifests of these files extend.
  package var bases: Set<FileIdentity> {
    Set(flatMap { $0.validation?.bases.joined().compactMap(\.identity) ?? [] })
  }
}

extension ValidatedFile {
  /// Whether other files extend the file. Such a file may be incomplete, and is checked only as part of those files.
  package func isOnlyBase(of bases: Set<FileIdentity>) -> Bool { bases.hasMember(identity) }
}

extension Set<Diagnostic> {
  var sortedByPlace: [Diagnostic] {
    sorted {
      ($0.range?.file.path ?? "", $0.range?.start ?? .start, $0.message)
        < ($1.range?.file.path ?? "", $1.range?.start ?? .start, $1.message)
    }
  }
}

extension Set<FileIdentity> {
  /// Whether the set contains an identity; false for nil.
  func hasMember(_ identity: FileIdentity?) -> Bool { identity.map(contains) ?? false }
}
