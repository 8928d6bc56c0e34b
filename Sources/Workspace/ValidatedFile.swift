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
  private let isFound: Bool
  private var identity: FileIdentity?

  /// - Parameters:
  ///   - path: the file, or `-` for standard input.
  ///   - stdinName: the name of standard input; if nil, `<stdin>`.
  package init(_ path: ManifestPath, stdinName: String?, _ settings: Settings) {
    self.init(path.name(stdin: stdinName), isFound: path.isFound, settings) { () throws(DiagnosticsError) in
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
    do throws(DiagnosticsError) {
      let file = try read()
      identity = file.identity
      validation = try ManifestWorkspace(settings).validate(file)
    } catch {
      self.error = error
    }
  }

  /// The diagnostics of the file, in the order of the text.
  package var diagnostics: [Diagnostic] { validation?.diagnostics ?? error?.diagnostics ?? [] }

  /// The kind of failure for the exit status; nil if the file is valid.
  package var failure: DiagnosticsError.Kind? {
    guard let validation else { return error?.kind }
    if validation.hasSchemaFaults { return settings.kindOfSchemaFault }
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
  /// The identities of the files that the manifests of these files extend.
  package var bases: Set<FileIdentity> {
    Set(flatMap { $0.validation?.bases.joined().compactMap(\.identity) ?? [] })
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
