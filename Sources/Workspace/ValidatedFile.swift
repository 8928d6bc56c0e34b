import Diagnostics

/// One file as `validate` judges it.
package struct ValidatedFile: Sendable {
  /// What reports call the file.
  package let name: String
  package let settings: Settings
  /// Nil if the file could not be validated.
  package private(set) var validation: Validation?
  /// Why the file could not be validated.
  package private(set) var error: DiagnosticsError?
  private let isFound: Bool
  private var identity: FileIdentity?

  /// - Parameters:
  ///   - path: a file, or `-`.
  ///   - stdinName: what `-` is called.
  package init(_ path: ManifestPath, stdinName: String?, _ settings: Settings) {
    let name = path.value == "-" ? stdinName ?? "<stdin>" : path.value
    self.init(name, isFound: path.isFound, settings) { () throws(DiagnosticsError) in
      try SourceFile(reading: path, stdinName: stdinName)
    }
  }

  /// - Parameter isFound: whether the file was found in a folder, and not named.
  package init(
    _ name: String, isFound: Bool = false, _ settings: Settings, read: () throws(DiagnosticsError) -> SourceFile
  ) {
    self.name = name
    self.isFound = isFound
    self.settings = settings
    do throws(DiagnosticsError) {
      let file = try read()
      identity = file.identity
      validation = try ManifestWorkspace(settings).validate(file)
    } catch {
      self.error = error
    }
  }

  /// In the order of the text.
  package var diagnostics: [Diagnostic] { validation?.diagnostics ?? error?.diagnostics ?? [] }

  /// The kind of failure that the file is for `validate`; nil for success.
  package var failure: DiagnosticsError.Kind? {
    guard let validation else { return error?.kind }
    // The built-in schemas are ours.
    if validation.hasSchemaFaults { return settings.hasOwnSchemas ? .invalid : .software }
    let failures =
      switch settings.failOn {
      case .warning: validation.errorCount + validation.undecidedCount + validation.warningCount
      case .undecided: validation.errorCount + validation.undecidedCount
      case nil: validation.errorCount
      }
    return failures > 0 ? .invalid : nil
  }
}

extension [ValidatedFile] {
  /// The files that the manifests of these extend.
  package var bases: Set<FileIdentity> {
    Set(flatMap { $0.validation?.bases.joined().compactMap(\.identity) ?? [] })
  }
}

extension ValidatedFile {
  /// Whether the file was found in a folder and others extend it: it may be incomplete, and is judged as part of those.
  package func isOnlyBase(of bases: Set<FileIdentity>) -> Bool { isFound && bases.hasMember(identity) }
}

extension Set<FileIdentity> {
  /// Whether a file that may have no identity is in the set.
  func hasMember(_ identity: FileIdentity?) -> Bool { identity.map(contains) ?? false }
}
