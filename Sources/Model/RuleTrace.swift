import DeviceSchema
import Diagnostics

/// Records which rules a model has reached, over many runs.
package final class RuleTrace {
  /// The source ranges of the rules.
  private var refused: Set<SourceRange> = []
  private var passed: Set<SourceRange> = []

  package init() {}

  /// Whether the rule has refused a call.
  package func hasRefused(_ rule: Rule) -> Bool { refused.contains(rule.source) }

  /// Whether a call has reached the rule without meeting its condition.
  package func hasPassed(_ rule: Rule) -> Bool { passed.contains(rule.source) }

  package func refuses(_ rule: Rule) { refused.insert(rule.source) }
  package func passes(_ rule: Rule) { passed.insert(rule.source) }
}
