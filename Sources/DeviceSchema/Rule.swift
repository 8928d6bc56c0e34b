import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// An ordered list of statements that mirrors a function of the kernel.
package struct RuleList {
  package var rules: [Rule]

  package static var empty: RuleList { RuleList(rules: []) }
}

/// A list with a separate frame of locals: the rules of one call, of a function or of a hook. It is compiled on first
/// use.
package final class RuleFrame {
  private let compile: () -> (list: RuleList, size: Int)
  private lazy var compiled = compile()

  package var list: RuleList { compiled.list }
  /// The number of locals that a frame for the list needs, as far as it is compiled; frames grow.
  package var size: Int { compiled.size }

  init(compile: @escaping () -> (list: RuleList, size: Int)) { self.compile = compile }

  static var empty: RuleFrame { RuleFrame { (.empty, 0) } }
}

/// One statement.
///
/// The guards and the names that a `let` gives are compiled with the list. The rest is compiled on first use, because
/// the conditions of most statements never hold.
package struct Rule {
  let node: SchemaNode
  package var lifetime = Lifetime()
  /// If this does not hold, `otherwise` runs or the statement is skipped.
  package var condition: Expression?
  /// Whether there is an `otherwise`.
  package var hasOtherwise = false
  /// The names for the rest of the list, with slot and value.
  package var lets: [(name: String, slot: Int, value: Expression)] = []
  let rest: DeferredBody

  /// The location of the statement in its schema.
  package var source: SourceRange { node.node.range }

  package var action: RuleAction { rest.body.action }
  package var otherwise: RuleList? { rest.body.otherwise }
  /// The word that distinguishes the rule from others with the same id.
  package var tag: String? { rest.body.tag }
  /// The attributes, of which one is set on a VM that meets the rule: `arm-vgic-v3.ctrl.init`, `vcpu.pmu-v3.init`.
  package var missing: [Located] { rest.body.missing }
  /// What is why the rule refuses, the most probable one first: attributes that earlier calls set, or a part of what the call
  /// passes, as the condition reads it.
  package var blames: [Located] { rest.body.blames }
  /// The errno in the kernel's documentation, if it is another one.
  package var documented: String? { rest.body.documented }
  /// The reason why no example or test can make the rule act, if there is one.
  package var untested: String? { rest.body.untested }
  /// The C functions that the list follows from here on.
  package var mirrors: String? { rest.body.mirrors }
}

extension Rule {
  /// The attributes whose values are why the rule refuses a later call, the most probable one first.
  package var blamedSettings: [String] { blames.map(\.value).filter { !reads($0) } }

  /// The parts of what the call passes, of which one is why the rule refuses: a member of its value or of an element of
  /// that, or a field of the key or an argument.
  package var blamedParts: [BlamedPart] { rest.body.blamedParts }

  /// Whether the condition reads what has this path, such as `value.base`.
  func reads(_ path: String) -> Bool { condition?.reads(path) ?? false }
}

extension Expression {
  /// Whether the text has this path, such as `value.base`.
  func reads(_ path: String) -> Bool { syntax.paths.contains { $0.joined(separator: ".") == path } }
}

/// A part of what a call passes.
package struct BlamedPart {
  /// What it is a part of; nil for a local of the rules.
  package var root: Root?
  /// The names of the members, from the outermost one.
  package var path: [String]
  /// The part as the condition reads it.
  package var expression: Expression

  init(_ text: String, _ expression: Expression) {
    let names = text.split(separator: ".").map(String.init)
    root = names.first.flatMap(Root.init)
    path = Array(names.dropFirst())
    self.expression = expression
  }

  package var isOfValue: Bool { root != .key && root != .arg }
}

/// The action of a statement.
package enum RuleAction {
  case none
  /// `EINVAL: REASON`
  case refuse(Errno, ReasonText)
  /// `return: VALUE`; the call succeeds.
  case succeed(Expression)
  /// The kernel copies the payload in, or a part of it.
  case read(PayloadPart)
  /// The kernel copies a value out.
  case write(CallValue)
  case assign([Effect])
  case use(FunctionUse)
  /// A part of the VM's map: `region(at, size, "iocsr")`.
  case occupy(OccupationWord, [Expression])
  /// `then` or `do`
  case rules(RuleList, onFailure: RuleList?)
  case loop(Loop, RuleList, onFailure: RuleList?)
  case hook(String)
  case warn(RuleWarning, ReasonText)
}

/// The kinds of statements that warn of a call without refusing it.
package enum RuleWarning: String, Sendable, CaseIterable {
  /// The kernel accepts what cannot work.
  case warn
  /// The kernel prints a stack trace and goes on.
  case kernelWarning = "WARN_ON"
  /// The kernel crashes or hangs.
  case hazard
}

/// A part of the payload: `value`, `value[i]` or `value[i].type`.
package struct PayloadPart {
  package enum Step {
    case field(String)
    case element(Expression)
  }

  /// The way from the whole payload to the part.
  package var path: [Step] = []

  var indexes: [Expression] {
    path.compactMap { if case .element(let index) = $0 { index } else { nil } }
  }
}

extension Rule {
  package var errno: Errno? { if case .refuse(let errno, _) = action { errno } else { nil } }
  package var use: FunctionUse? { if case .use(let use) = action { use } else { nil } }
  package var hook: String? { if case .hook(let hook) = action { hook } else { nil } }
  package var loop: Loop? { if case .loop(let loop, _, _) = action { loop } else { nil } }
  package var effects: [Effect] { if case .assign(let effects) = action { effects } else { [] } }

  /// The rules that the statement runs, except those of functions and hooks.
  package var nested: [RuleList] {
    let own: [RuleList?] =
      switch action {
      case .rules(let rules, let undo), .loop(_, let rules, let undo): [rules, undo]
      default: []
      }
    return ([otherwise] + own).compactMap(\.self)
  }

  /// The reason for the errno, the warning or the hazard, for users.
  package var because: ReasonText? {
    switch action {
    case .refuse(_, let reason), .warn(_, let reason): reason
    default: nil
    }
  }

  /// The expressions of the statement, without those of nested rules.
  package var expressions: [Expression] {
    let own: [Expression] =
      switch action {
      case .succeed(let value): [value]
      case .write(let value): value.expressions
      case .use(let use): use.arguments
      case .occupy(_, let arguments): arguments
      case .loop(let loop, _, _): [loop.list]
      case .assign(let effects): effects.flatMap(\.expressions)
      case .read(let part): part.indexes
      case .none, .refuse, .rules, .hook, .warn: []
      }
    return [condition].compactMap(\.self) + lets.map(\.value) + own
  }
}

/// The deferred part of a statement; see `Rule`.
final class RuleBody {
  var action = RuleAction.none
  var otherwise: RuleList?
  var tag: String?
  var missing: [Located] = []
  var blames: [Located] = []
  var blamedParts: [BlamedPart] = []
  var documented: String?
  var untested: String?
  var mirrors: String?
}

/// The deferred part of a statement, compiled on first use.
final class DeferredBody {
  private(set) lazy var body = compile()
  private let compile: () -> RuleBody

  init(_ compile: @escaping () -> RuleBody) { self.compile = compile }
}

/// A use of a function of rules: `use: NAME(ARGUMENTS)`.
package struct FunctionUse {
  package var function: RuleFunction
  /// In the order of the function's parameters.
  package var arguments: [Expression]
}

/// A function of rules, run in place.
package final class RuleFunction {
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

package indirect enum EffectValue {
  case expression(Expression)
  /// A new record with an identity.
  case record([(String, EffectValue)])
  /// `{}`
  case emptyMap

  package var expressions: [Expression] {
    switch self {
    case .expression(let expression): [expression]
    case .record(let fields): fields.flatMap { $0.1.expressions }
    case .emptyMap: []
    }
  }
}

extension Effect {
  package var expressions: [Expression] {
    var all = [path.base]
    if case .store(let key) = path.action { all.append(key) }
    return all + value.expressions
  }
}

extension RuleList {
  /// Whether a statement of the list, or of a function or hook that it uses, copies the payload in.
  package var reads: Bool {
    rules.contains { rule in
      switch rule.action {
      case .read: true
      case .use(let use): use.function.body.list.reads
      case .hook: true
      default: rule.nested.contains(where: \.reads)
      }
    }
  }
}
