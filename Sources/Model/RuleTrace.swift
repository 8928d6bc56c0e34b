import DeviceSchema
import Diagnostics

/// Which refusing rules a model has come to, over many runs.
package final class RuleTrace {
  /// By their places.
  private var refused: Set<SourceRange> = []
  private var passed: Set<SourceRange> = []

  package init() {}

  /// Whether the rule has refused a call.
  package func hasRefused(_ rule: Rule) -> Bool { refused.contains(rule.source) }

  /// Whether a call has come to the rule and gone on.
  package func hasPassed(_ rule: Rule) -> Bool { passed.contains(rule.source) }

  func refuses(_ rule: Rule) { refused.insert(rule.source) }
  func passes(_ rule: Rule) { passed.insert(rule.source) }
}
