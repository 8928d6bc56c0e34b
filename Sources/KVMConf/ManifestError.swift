import Diagnostics

/// The reason why a text could not be validated, planned or run.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of a failure.
  public enum Kind: Hashable, Sendable {
    /// A manifest, an option, a schema or a `.kvmconf.yaml` is wrong, or a call would crash or hang the kernel.
    case invalid
    /// A file cannot be read.
    case unreadable
    /// This machine's kernel cannot run a manifest: there is no usable `/dev/kvm`, or the manifest is for another
    /// architecture.
    case unavailable
    /// kvmconf has a bug, such as a built-in schema that fails while it is used.
    case software
  }

  /// The kind of this failure.
  public let kind: Kind
  /// The problems, in the order of the text.
  public let problems: [Problem]

  /// The problems, one per line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension ManifestError {
  init(_ error: DiagnosticsError) {
    kind = Kind(error.kind)
    problems = error.diagnostics.map(Problem.init)
  }
}

extension ManifestError.Kind {
  init(_ kind: DiagnosticsError.Kind) {
    switch kind {
    case .invalid: self = .invalid
    case .unreadable: self = .unreadable
    case .unavailable: self = .unavailable
    case .software, .unwritable: self = .software
    }
  }
}

/// Calls a body, and throws its error as a ``ManifestError``.
func rethrowing<Result>(_ body: () throws(DiagnosticsError) -> Result) throws -> Result {
  do throws(DiagnosticsError) {
    return try body()
  } catch {
    throw ManifestError(error)
  }
}
