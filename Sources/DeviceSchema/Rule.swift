import DevicePlan
import Diagnostics
import Expressions
import SourceTree

/// An ordered list of statements that mirrors a function of the kernel.
package struct RuleList {
  package var rules: [Rule]

  package static var empty: RuleList { RuleList(rules: []) }
}

/// A list with its own frame of locals: the rules of one call, of a fragment, of a hook. It is compiled when it is
/// first looked at.
package final class RuleFrame {
  private let source: Node?
  private let isReading: (Node) -> Bool
  private let compile: () -> (list: RuleList, size: Int)
  private lazy var compiled = compile()

  /// Whether a statement of the list, or of what it uses, reads the payload; known without compiling it.
  package private(set) lazy var readsValue: Bool = source.map(isReading) ?? false

  package var list: RuleList { compiled.list }
  /// The number of locals that a frame for the list needs.
  package var size: Int { compiled.size }

  init(
    _ source: Node?, reads isReading: @escaping (Node) -> Bool, compile: @escaping () -> (list: RuleList, size: Int)
  ) {
    self.source = source
    self.isReading = isReading
    self.compile = compile
  }

  static var empty: RuleFrame { RuleFrame(nil, reads: { _ in false }) { (.empty, 0) } }
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
  package var because: ReasonText?
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
  package let body: RuleFrame
  var isCompiling = false

  init(name: String, parameters: [String], source: SourceRange, body: RuleFrame) {
    self.name = name
    self.parameters = parameters
    self.source = source
    self.body = body
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
