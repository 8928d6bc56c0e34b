/// Ends a task: what is wrong, and the kind of the failure, which decides the exit status of a program.
package struct DiagnosticsError: Error, Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// A manifest, or another text, is invalid.
    case invalid
    /// A file cannot be read.
    case unreadable
    /// A file cannot be written.
    case unwritable
    /// The kernel of this machine cannot run the plan.
    case unavailable
    /// A bug in the program or in its built-in schemas.
    case software
  }

  package var kind: Kind
  package var diagnostics: [Diagnostic]

  package init(_ kind: Kind, _ diagnostics: [Diagnostic]) {
    self.kind = kind
    self.diagnostics = diagnostics
  }
}

extension DiagnosticsError {
  package static func invalid(_ diagnostic: Diagnostic) -> Self { Self(.invalid, [diagnostic]) }

  /// - Parameter reason: in words, such as `it is a folder`.
  package static func unreadable(_ path: String, _ reason: String) -> Self {
    Self(.unreadable, [.error("cannot-read", "cannot read \(path.isEmpty ? "''" : path): \(reason)", at: nil)])
  }

  /// - Parameter reason: in words, such as `it is no regular file`.
  package static func unwritable(_ path: String, _ reason: String) -> Self {
    Self(.unwritable, [.error("cannot-write", "cannot write \(path): \(reason)", at: nil)])
  }
}
