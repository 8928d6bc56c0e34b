import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// An ordered list of statements that mirrors a function of the kernel.
package struct RuleList {
  package var rules: [Rule]

  package static var empty: RuleList { RuleList(rules: []) }
}

/// A list with its own frame of locals: the rules of one call, of a fragment, of a hook. It is compiled when it is
/// first looked at.
package final class RuleFrame {
  private let source: SchemaNode?
  private let isReading: (SchemaNode) -> Bool
  private let compile: () -> (list: RuleList, size: Int)
  private lazy var compiled = compile()

  /// Whether a statement of the list, or of what it uses, reads the payload; known without compiling it.
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
/// The condition and the names that it gives are compiled with the list; the rest when it is first looked at, since the
/// conditions of most statements never hold.
package struct Rule {
  let node: SchemaNode
  package var lifetime = Lifetime()
  /// The statement exists only where this holds.
  package var when: Expression?
  /// Otherwise the statement is skipped, or `otherwise` runs.
  package var condition: Expression?
  /// Whether there is an `otherwise`.
  package var hasOtherwise = false
  /// Names for this statement and all that follow: slot and value.
  package var lets: [(name: String, slot: Int, value: Expression)] = []
  let rest: DeferredAction

  /// The statement, in its schema.
  package var source: SourceRange { node.node.range }
  private var action: RuleAction { rest.action }

  package var otherwise: RuleList? { action.otherwise }
  /// The new vCPU exists from here on.
  package var allocatesVCPU: Bool { action.allocatesVCPU }
  /// The place where the kernel copies the payload in.
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
  /// The reason of the errno, the warning or the hazard, for users.
  package var because: ReasonText? { action.because }
  /// The errno that the kernel's documentation gives, where it is another.
  package var documented: String? { action.documented }
  /// Why no manifest can make the rule refuse, where that is so.
  package var noCase: String? { action.noCase }
}

/// What a statement does: see `Rule`.
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

/// What a statement does, compiled when it is first looked at.
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
