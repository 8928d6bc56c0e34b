import Diagnostics

/// One file as `validate` judges it.
package struct ValidatedFile: Sendable {
  /// What reports call the file.
  package let name: String
  package let settings: Settings
  /// What was found out, or why nothing was.
  package let result: Result<Validation, DiagnosticsError>
  private let isFound: Bool
  private let identity: FileIdentity?

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
    var identity: FileIdentity?
    do throws(DiagnosticsError) {
      let file = try read()
      identity = file.identity
      result = .success(try ManifestWorkspace(settings).validate(file))
    } catch {
      result = .failure(error)
    }
    self.identity = identity
  }

  /// In the order of the text.
  package var diagnostics: [Diagnostic] {
    switch result {
    case .success(let validation): validation.diagnostics
    case .failure(let error): error.diagnostics
    }
  }

  /// The kind of failure that the file is for `validate`; nil for success.
  package var failure: DiagnosticsError.Kind? {
    switch result {
    case .failure(let error): return error.kind
    case .success(let validation):
      // The built-in schemas are ours.
      if validation.hasSchemaFaults { return settings.hasOwnSchemas ? .invalid : .software }
      let fails =
        validation.errorCount > 0 || (settings.failOn == .warning && validation.warningCount > 0)
        || (settings.failOn != nil && validation.undecidedCount > 0)
      return fails ? .invalid : nil
    }
  }
}

extension [ValidatedFile] {
  /// The files that the manifests of these extend.
  package var bases: Set<FileIdentity> {
    Set(flatMap { (try? $0.result.get().bases.joined().compactMap(\.identity)) ?? [] })
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
