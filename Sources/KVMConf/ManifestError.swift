import Diagnostics

/// The reason why nothing could be validated, planned or run.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of a failure.
  public enum Kind: Hashable, Sendable {
    /// A manifest, an option, a schema or a `.kvmconf.yaml` is wrong.
    case invalid
    /// A file cannot be read.
    case unreadable
    /// This machine's kernel cannot run a manifest: there is no usable `/dev/kvm`, or the manifest is for another
    /// architecture.
    case unavailable
    /// A schema went wrong while it was used, or kvmconf has a bug.
    case software
  }

  /// The kind of this failure.
  public let kind: Kind
  /// In the order of the text.
  public let problems: [Problem]

  /// The problems, one per line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension ManifestError {
  init(_ error: DiagnosticsError) {
    kind =
      switch error.kind {
      case .invalid, .badData: .invalid
      case .unreadable: .unreadable
      case .unavailable: .unavailable
      case .software, .unwritable: .software
      }
    problems = error.diagnostics.map(Problem.init)
  }
}

/// Calls the package's own functions, and throws their errors as the public one.
func rethrowing<Result>(_ body: () throws(DiagnosticsError) -> Result) throws -> Result {
  do throws(DiagnosticsError) {
    return try body()
  } catch {
    throw ManifestError(error)
  }
}
