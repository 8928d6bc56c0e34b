import DevicePlan
import Diagnostics
import Expressions

/// An ordered list of statements that mirrors a function of the kernel.
package struct RuleList {
  package var rules: [Rule]

  package static var empty: RuleList { RuleList(rules: []) }
}

/// A list with its own frame of locals: the rules of one call, of a fragment, of a hook.
package struct RuleFrame {
  package var list: RuleList
  /// The number of locals that a frame for the list needs.
  package var size: Int

  package static var empty: RuleFrame { RuleFrame(list: .empty, size: 0) }
}

/// One statement. Its parts act in the order of the members.
package struct Rule {
  /// The statement, in its schema.
  package var source: SourceRange
  package var lifetime = Lifetime()
  /// The statement exists only where this holds.
  package var when: Expression?
  /// Otherwise the statement is skipped, or `otherwise` runs.
  package var condition: Expression?
  package var otherwise: RuleList?
  /// Names for this statement and all that follow: slot and value.
  package var lets: [(name: String, slot: Int, value: Expression)] = []
  /// The new vCPU exists from here on.
  package var allocatesVCPU = false
  /// The place where the kernel copies the payload in.
  package var readsValue = false
  package var use: FragmentUse?
  package var hook: String?
  package var loop: Loop?
  package var rules: RuleList?
  package var onFailure: RuleList?
  package var effects: [Effect] = []
  package var hazard: String?
  package var warning: String?
  package var errno: Errno?
  package var returnsOK = false
  package var id: String?
  /// The reason of the errno, the warning or the hazard, for users.
  package var because: String?
  /// The errno that the kernel's documentation gives, where it is another.
  package var documented: String?
}

package struct FragmentUse {
  package var fragment: Fragment
  /// In the order of the fragment's parameters.
  package var arguments: [Expression]
}

/// Rules with parameters, run in place.
package final class Fragment {
  package let name: String
  package let parameters: [String]
  package let source: SourceRange
  /// Set once the text has been compiled.
  package internal(set) var body = RuleFrame.empty
  var isCompiling = false

  init(name: String, parameters: [String], source: SourceRange) {
    self.name = name
    self.parameters = parameters
    self.source = source
  }
}

package struct Loop {
  package var variable: String
  package var slot: Int
  package var list: Expression
}

/// A change of the state.
package struct Effect {
  package var path: EffectPath
  package var value: EffectValue
  package var source: SourceRange
}

package enum EffectValue {
  case expression(Expression)
  /// A new record with an identity.
  case record([(String, Expression)])
}

extension RuleList {
  /// Whether a statement of the list, or of what it uses, reads the payload.
  package var readsValue: Bool {
    rules.contains { rule in
      rule.readsValue || rule.rules?.readsValue == true || rule.otherwise?.readsValue == true
        || rule.use?.fragment.body.list.readsValue == true
    }
  }
}
