import ArgumentParser
import Diagnostics

/// The program's exit statuses.
enum Status {
  static let success = ExitCode(0)
  /// The manifest is invalid, or a step's outcome was not the expected one.
  static let failure = ExitCode(1)
  /// A manifest is invalid, for `diff`, whose `failure` means that manifests differ.
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
