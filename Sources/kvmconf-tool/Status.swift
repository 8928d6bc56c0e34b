import ArgumentParser
import Diagnostics

/// The program's exit statuses.
enum Status {
  static let success = ExitCode(0)
  /// The manifest is invalid, or a step's outcome was not the expected one.
  static let failure = ExitCode(1)
  /// A text that is compared or merged is not what it should be: `failure` has another meaning.
  static let badData = ExitCode(65)
  /// A file cannot be read.
  static let noInput = ExitCode(66)
  /// A file cannot be written.
  static let cannotCreate = ExitCode(73)
  /// There is no usable `/dev/kvm`, or the manifest is for another architecture.
  static let unavailable = ExitCode(69)
  /// There is a bug in kvmconf or in its schemas.
  static let software = ExitCode(70)
  /// The program was ended by SIGINT or SIGTERM: the status that shells give for SIGINT.
  static let interrupted = ExitCode(130)

  /// The status for a kind of failure.
  static func of(_ kind: DiagnosticsError.Kind) -> ExitCode {
    switch kind {
    case .invalid: failure
    case .unreadable: noInput
    case .unwritable: cannotCreate
    case .unavailable: unavailable
    case .software: software
    }
  }
}

/// The higher of two statuses.
func max(_ a: ExitCode, _ b: ExitCode) -> ExitCode { a.rawValue >= b.rawValue ? a : b }

/// Calls a body that reads texts to compare or to merge. If one is not what it should be, the diagnostics are printed, and
/// the status is `badData`.
func readingData<Result>(_ body: () throws(DiagnosticsError) -> Result) throws -> Result {
  do throws(DiagnosticsError) {
    return try body()
  } catch {
    guard error.kind == .invalid else { throw error }
    Output.print(error.diagnostics, to: 2)
    throw Status.badData
  }
}
