import Diagnostics

/// The validation of one file, with its settings.
package struct ValidatedFile: Sendable {
  /// The name of the file in reports.
  package let name: String
  package let settings: Settings
  /// The validation, or the error that prevented it.
  package let result: Result<Validation, DiagnosticsError>
  private let isFound: Bool
  private let identity: FileIdentity?

  /// - Parameters:
  ///   - path: the file, or `-` for standard input.
  ///   - stdinName: the name of standard input; if nil, `<stdin>`.
  package init(_ path: ManifestPath, stdinName: String?, _ settings: Settings) {
    let name = path.value == "-" ? stdinName ?? "<stdin>" : path.value
    self.init(name, isFound: path.isFound, settings) { () throws(DiagnosticsError) in
      try SourceFile(reading: path, stdinName: stdinName)
    }
  }

  /// - Parameters:
  ///   - isFound: whether the file was found in a folder. If not, the user named it.
  ///   - read: reads the file; its error becomes the result.
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

  /// The diagnostics of the file, in the order of the text.
  package var diagnostics: [Diagnostic] {
    switch result {
    case .success(let validation): validation.diagnostics
    case .failure(let error): error.diagnostics
    }
  }

  /// The kind of failure for the exit status; nil if the file is valid.
  package var failure: DiagnosticsError.Kind? {
    switch result {
    case .failure(let error): return error.kind
    case .success(let validation):
      // An error in a built-in schema is a bug in kvmconf.
      if validation.hasSchemaFaults { return settings.hasOwnSchemas ? .invalid : .software }
      let fails =
        validation.errorCount > 0 || (settings.failOn == .warning && validation.warningCount > 0)
        || (settings.failOn != nil && validation.undecidedCount > 0)
      return fails ? .invalid : nil
    }
  }
}

extension [ValidatedFile] {
  /// The identities of the files that the manifests of these files extend.
  package var bases: Set<FileIdentity> {
    Set(flatMap { (try? $0.result.get().bases.joined().compactMap(\.identity)) ?? [] })
  }
}

extension ValidatedFile {
  /// Whether the file was found in a folder and other files extend it. Such a file may be incomplete, and is checked
  /// only as part of those files.
  package func isOnlyBase(of bases: Set<FileIdentity>) -> Bool { isFound && bases.hasMember(identity) }
}

extension Set<FileIdentity> {
  /// Whether the set contains an identity; false for nil.
  func hasMember(_ identity: FileIdentity?) -> Bool { identity.map(contains) ?? false }
}
