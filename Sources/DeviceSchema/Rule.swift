import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// An ordered list of statements that mirrors a function of the kernel.
package struct RuleList {
  package var rules: [Rule]

  package static var empty: RuleList { RuleList(rules: []) }
}

/// A list with a separate frame of locals: the rules of one call, of a fragment or of a hook. It is compiled on first
/// use.
package final class RuleFrame {
  private let source: SchemaNode?
  private let isReading: (SchemaNode) -> Bool
  private let compile: () -> (list: RuleList, size: Int)
  private lazy var compiled = compile()

  /// Whether a statement of the list, or of a fragment that it uses, reads the payload. It is known without compiling
  /// the list.
  package private(set) lazy var readsValue: Bool = source.map(isReading) ?? false

  package var list: RuleList { compiled.list }
  /// The number of locals that a frame for the list needs, as far as it is compiled; frames grow.
  package var size: Int { compiled.size }

  init(
    _ source: SchemaNode?, reads isReading: @escaping (SchemaNode) -> Bool,
    compile: @escaping () -> (list: RuleList, size: Int)
  ) {
    self.source = source
    self.isReading = isReading
    self.compile = compile
  }

  static var empty: RuleFrame { RuleFrame(nil, reads: { _ in false }) { (.empty, 0) } }
}

/// One statement. Its parts act in the order of the members.
///
/// The condition and the names that it gives are compiled with the list. The rest is compiled on first use, because the
/// conditions of most statements never hold.
package struct Rule {
  let node: SchemaNode
  package var lifetime = Lifetime()
  /// The statement exists only if this holds.
  package var when: Expression?
  /// If this does not hold, `otherwise` runs or the statement is skipped.
  package var condition: Expression?
  /// Whether there is an `otherwise`.
  package var hasOtherwise = false
  /// The names for this statement and those after it, with slot and value.
  package var lets: [(name: String, slot: Int, value: Expression)] = []
  let rest: DeferredAction

  /// The location of the statement in its schema.
  package var source: SourceRange { node.node.range }
  private var action: RuleAction { rest.action }

  package var otherwise: RuleList? { action.otherwise }
  /// Whether the new vCPU exists from here on.
  package var allocatesVCPU: Bool { action.allocatesVCPU }
  /// Whether the kernel copies the payload in here.
  package var readsValue: Bool { action.readsValue }
  package var use: FragmentUse? { action.use }
  package var hook: String? { action.hook }
  package var loop: Loop? { action.loop }
  package var rules: RuleList? { action.rules }
  package var onFailure: RuleList? { action.onFailure }
  package var effects: [Effect] { action.effects }
  package var hazard: String? { action.hazard }
  package var warning: String? { action.warning }
  package var errno: Errno? { action.errno }
  package var returnsOK: Bool { action.returnsOK }
  package var id: String? { action.id }
  /// The reason for the errno, the warning or the hazard, for users.
  package var because: ReasonText? { action.because }
  /// The errno in the kernel's documentation, if it is another one.
  package var documented: String? { action.documented }
  /// The reason why no manifest can make the rule refuse, if there is one.
  package var noCase: String? { action.noCase }
}

/// The action of a statement; see `Rule`.
final class RuleAction {
  var otherwise: RuleList?
  var allocatesVCPU = false
  var readsValue = false
  var use: FragmentUse?
  var hook: String?
  var loop: Loop?
  var rules: RuleList?
  var onFailure: RuleList?
  var effects: [Effect] = []
  var hazard: String?
  var warning: String?
  var errno: Errno?
  var returnsOK = false
  var id: String?
  var because: ReasonText?
  var documented: String?
  var noCase: String?
}

/// The action of a statement, compiled on first use.
final class DeferredAction {
  private(set) lazy var action = compile()
  private let compile: () -> RuleAction

  init(_ compile: @escaping () -> RuleAction) { self.compile = compile }
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
