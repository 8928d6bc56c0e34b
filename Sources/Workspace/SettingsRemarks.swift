import Diagnostics

/// Diagnostics that are about settings, and not about a manifest: a release that the schemas do not describe, or an old
/// name of a diagnostic. `severity` and `fail-on` apply to them as to others.
package struct SettingsRemarks: Sendable {
  package private(set) var diagnostics: [Diagnostic] = []
  /// Whether they make a validation fail.
  package private(set) var fail = false

  package init() {}

  package var warningCount: Int { diagnostics.count { $0.severity == .warning } }

  /// Adds remarks on settings, with the severities of their configuration.
  ///
  /// - Returns: the remarks that were added.
  /// - Throws: the remarks if the configuration makes one of them an error.
  @discardableResult
  mutating func add(_ remarks: [Diagnostic], on settings: Settings) throws(DiagnosticsError) -> [Diagnostic] {
    let adjusted = remarks.adjusted(by: settings.configuration)
    if adjusted.contains(where: { $0.severity == .error }) { throw DiagnosticsError(.invalid, adjusted) }
    diagnostics += adjusted
    let warnings = adjusted.count { $0.severity == .warning }
    fail = fail || settings.failOn.fails(errors: 0, undecided: 0, warnings: warnings)
    return adjusted
  }
}
