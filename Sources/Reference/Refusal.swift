import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// One way that a call can fail, or cause a warning or a hazard, as schemas describe it.
package struct Refusal {
  /// `arm-vgic-v3.addr.dist:EINVAL`, or the rule's own id.
  package var id: String
  /// An errno's name, `warning` or `hazard`.
  package var answer: String
  /// The reason, for users.
  package var reason: String
  package var documented: String?
  /// The releases in which the rule exists.
  package var lifetimes: [Lifetime]
  /// The conditions that hold when the rule acts, outermost first, with arguments in place of functions' parameters.
  package var conditions: [String]
  /// The facts of the host that lead to the rule's list, and their values. The rule's reason does not repeat them.
  package var facts: [(name: String, holds: Bool)] = []
  /// The values of names in the conditions.
  package var names: [(name: String, value: String)]
  /// The functions and hooks on the way to the rule.
  package var path: [String]
  /// The C functions that the rule's list follows.
  package var mirrors: String?
  /// Nil if the kernel's generic code refuses.
  package var rule: SourceRange?
}

/// One call on a descriptor with its refusals, in the order in which the kernel checks.
package struct RefusableCall {
  enum Kind {
    case attribute(AttributeAccess)
    case descriptor(DescriptorCall)
    case capability(Capability)
    case request(RequestSchema)
  }

  var kind: Kind
  /// `KVM_SET_DEVICE_ATTR`.
  package var title: String
  /// The name of the file, such as `arm-vgic-v3`.
  var file: String
  /// The path within the file, such as `addr.dist` or `create`.
  var path: String
  package var refusals: [Refusal]

  /// `arm-vgic-v3.addr.dist`, the beginning of the ids of its refusals.
  package var subject: String { path.isEmpty ? file : "\(file).\(path)" }
}

/// Collects refusals from rules, through functions and hooks.
struct RefusalWalk {
  let catalogue: Catalogue
  private(set) var found: [Refusal] = []
  private var seen: Set<[String]> = []
  /// The releases in which calls come as far as this: the others always refuse them before.
  private var reached: [Lifetime] = []

  init(_ catalogue: Catalogue) { self.catalogue = catalogue }

  /// The context of a list of rules.
  struct Context {
    var file: SchemaFile
    var path: String
    private(set) var conditions: [String] = []
    /// The names that the conditions mention.
    private(set) var mentioned: Set<String> = []
    var names: [(name: String, value: String)] = []
    var lifetimes: [Lifetime] = []
    var via: [String] = []
    /// The C functions that the list follows.
    var mirrors: String?
    /// Sets what the lookup did not find, for the reasons of `else`.
    mutating func setMissing(_ words: String) {
      arguments[Root.missing.rawValue] = .string(words, Span(start: 0, length: words.utf8.count))
    }

    /// Sets the number of the attribute that the call is on. Functions know it too.
    mutating func setAttr(_ number: UInt64) {
      let text = "\(number)"
      attr[Root.attr.rawValue] = .integer(Int128(number), spelling: text, Span(start: 0, length: text.utf8.count))
    }
    private var attr: [String: Syntax] = [:]

    /// The rules of the capability that the call enables.
    var capability: RuleFrame?
    /// The arguments of the function, by the names of its parameters.
    var arguments: [String: Syntax] = [:]
    /// What is known of the call, by paths such as `arch` and `arg.id`.
    var known: [String: Syntax] = [:]
    /// The argument of the call, whose members' values can have names.
    var argument: StructureType?
    /// The values of its members that are known.
    var knownMembers: [String: Int128] = [:]
    /// The locals of the rules, as far as the known members decide them.
    private var locals: [Value] = []

    /// Whether each call comes to the list, in each release.
    var isUnconditional: Bool { conditions.isEmpty && lifetimes.isEmpty }

    init(_ file: SchemaFile, _ path: String) {
      self.file = file
      self.path = path
    }

    /// The comparisons that hold because of the conditions.
    private var equalities: [Equality] = []
    /// The facts of the host that hold, or do not, because of the conditions.
    private(set) var facts: [(name: String, holds: Bool)] = []

    /// The expression with the function's arguments in place of its parameters.
    func applied(_ expression: Expression) -> Syntax {
      expression.syntax.replacing(arguments.merging(attr) { argument, _ in argument }).knowing(known).simplified
    }

    /// The expression as text. It is the original text, unless arguments are inserted.
    func text(_ expression: Expression) -> String {
      expression.syntax.names.isDisjoint(with: arguments.keys) ? expression.text : applied(expression).description
    }

    /// Keeps the value of a local.
    mutating func bind(_ slot: Int, _ value: Value) {
      while locals.count <= slot { locals.append(.unknown) }
      locals[slot] = value
    }

    /// Enters a function or a hook, which has locals of its own.
    mutating func enter(_ arguments: [Expression] = []) { locals = arguments.map(value(of:)) }

    /// The value of an expression, as far as the known members decide it.
    func value(of expression: Expression) -> Value {
      guard !knownMembers.isEmpty, let argument else { return .unknown }
      let world = KnownArgument(argument, knownMembers)
      return withExtendedLifetime(world) {
        let evaluator = Evaluator(world: world)
        let value = evaluator.withFrame(locals, size: locals.count) { try? evaluator.evaluate(expression) }
        return value ?? .unknown
      }
    }

    /// Adds a condition. Returns false if the condition never holds, or contradicts those above.
    mutating func require(_ condition: Expression?, holds: Bool = true) -> Bool {
      guard let condition else { return true }
      if case .bool(let truth) = value(of: condition) { return truth == holds }
      let syntax = applied(condition)
      switch syntax.truth {
      case holds: return true
      case nil:
        let new = syntax.equalities(holds: holds)
        if new.contains(where: { one in equalities.contains { $0.contradicts(one) } }) { return false }
        equalities += new
        add(syntax.facts(holds: holds))
        if let one = namedCase(syntax) {
          add(one, holds, mentioning: syntax)
        } else {
          add(holds ? text(condition) : syntax.negated.description, mentioning: syntax)
        }
        return true
      default: return false
      }
    }

    mutating func require(someIn loop: Loop) {
      add("for some \(loop.variable) in \(text(loop.list))", mentioning: applied(loop.list))
    }

    /// The subject of `arg.id == 100 || arg.id == 101` and the names of the values; nil for other conditions.
    private func namedCase(_ syntax: Syntax) -> (subject: String, names: [String])? {
      var subjects: Set<String> = []
      var names: [String] = []
      for part in syntax.operands(of: .or) {
        guard case .binary(.equal, let left, .integer(let value, _, _), _) = part,
          case .field(.name("arg", _), let member, _) = left,
          case .integer(let type)? = argument?.fields.first(where: { $0.name.identifier == member })?.type,
          let name = type.description.names.name(of: value)
        else { return nil }
        subjects.insert(left.description)
        names.append(name)
      }
      return subjects.count == 1 ? subjects.first.map { ($0, names) } : nil
    }

    /// Adds the condition that a case of a switch holds, which says all about the cases before it, or does not.
    private mutating func add(_ one: (subject: String, names: [String]), _ holds: Bool, mentioning syntax: Syntax) {
      if holds { conditions.removeAll { $0.hasPrefix("\(one.subject) is not ") } }
      add("\(one.subject) is \(holds ? "" : "not ")\(one.names.listed("or"))", mentioning: syntax)
    }

    private mutating func add(_ condition: String, mentioning syntax: Syntax) {
      let isGuest = condition == "guest_has_run"
      conditions.append(isGuest ? "the guest runs or has run, so no plan gets this answer" : condition)
      mentioned.formUnion(syntax.names)
    }

    /// Takes the condition of a rule to be false from here on, as the call would have ended.
    mutating func exclude(_ rule: Rule) {
      guard let condition = rule.condition.map(applied) else { return }
      equalities += condition.equalities(holds: false)
      // The other hosts have had a list of their own, and not just a refusal.
      if case .rules = rule.action { add(condition.facts(holds: false)) }
    }

    private mutating func add(_ new: [(name: String, holds: Bool)]) {
      facts += new.filter { one in !facts.contains { $0.name == one.name } }
    }

    /// Forgets the comparisons that a change of state can invalidate.
    mutating func forgetState() { equalities.removeAll { !$0.isOfTheCall } }

    /// The rule's reason. A value in it is a number if the arguments determine it, otherwise a letter.
    func words(of rule: Rule) -> String? {
      var letters = ["N", "M"][...]
      return rule.because?.words { expression in
        switch applied(expression) {
        case .integer(let number, _, _): inProse(number)
        case .string(let words, _): words
        default: letters.popFirst() ?? "X"
        }
      }
    }
  }

  mutating func walk(_ frame: RuleFrame?, _ context: Context) {
    if let frame { walk(frame.list, context) }
  }

  private mutating func walk(_ list: RuleList, _ context: Context) {
    var context = context
    for rule in list.rules {
      if let mirrors = rule.mirrors { context.mirrors = mirrors }
      context.names += rule.lets.map { ($0.name, context.text($0.value)) }
      for one in rule.lets { context.bind(one.slot, context.value(of: one.value)) }
      visit(rule, context)
      if rule.endsIfTrue {
        // Arguments can decide the condition.
        if rule.condition.map({ context.applied($0).truth == true }) ?? true { return }
        context.exclude(rule)
      }
      if rule.refusesRelease, context.isUnconditional { reached.append(rule.lifetime.complement) }
      // A change may invalidate earlier comparisons.
      if rule.changesState { context.forgetState() }
    }
  }

  private mutating func visit(_ rule: Rule, _ outer: Context) {
    var context = outer
    if rule.lifetime != Lifetime() { context.lifetimes.append(rule.lifetime) }
    // No release is known to come here.
    guard Lifetime(context.lifetimes).overlaps(Lifetime()) else { return }
    let whole = context
    if context.require(rule.condition) { act(rule, context, outer) }
    guard let otherwise = rule.otherwise else { return }
    context = whole
    if context.require(rule.condition, holds: false) { walk(otherwise, context) }
  }

  /// - Parameter outer: the context of the rule's list, without the rule's own condition.
  private mutating func act(_ rule: Rule, _ context: Context, _ outer: Context) {
    switch rule.action {
    case .read: add(Refusal(.cannotRead, context))
    case .write: add(Refusal(.cannotWrite, context))
    case .use(let use):
      var inner = context
      inner.via.append("function \(use.function.name)")
      inner.mirrors = nil
      inner.enter(use.arguments)
      inner.arguments = Dictionary(
        zip(use.function.parameters, use.arguments.map(context.applied)), uniquingKeysWith: { first, _ in first })
      walk(use.function.body.list, inner)
    case .hook("capability"): walk(context.capability, context)
    case .hook(let hook):
      for (file, rules) in catalogue.contributions(to: hook) {
        var inner = context
        inner.via.append("hook \(hook) of \(file.name)")
        // Ids begin with the device type for a device's rules, and with the call's file for a common file's.
        if file.deviceType != nil { inner.file = file }
        inner.enter()
        inner.arguments = [:]
        inner.mirrors = nil
        walk(rules.list, inner)
      }
    case .rules(let rules, _): walk(rules, context)
    case .loop(let loop, let rules, _):
      var inner = context
      inner.require(someIn: loop)
      inner.bind(loop.slot, .unknown)
      walk(rules, inner)
    case .refuse, .warn:
      var refusal = Refusal(rule, context)
      refusal.facts = outer.facts
      add(refusal)
    case .none, .succeed, .assign, .occupy: break
    }
  }

  /// Adds the refusals by kernels that lack a group or an attribute.
  mutating func add(_ otherwise: RuleFrame, where part: AttributeDescription?, isMissing context: Context) {
    guard let part else { return }
    let (since, until) = (part.lifetime.since, part.lifetime.until)
    for lifetime in [since.map { Lifetime(until: $0) }, until.map { Lifetime(since: $0) }].compactMap(\.self) {
      var other = context
      other.lifetimes.append(lifetime)
      walk(otherwise, other)
    }
    var other = context
    if part.when != nil, other.require(part.when, holds: false) { walk(otherwise, other) }
  }

  /// Adds a refusal, unless no release comes to it, or the same rule was already reached with the same conditions.
  mutating func add(_ refusal: Refusal) {
    guard Lifetime(refusal.lifetimes + reached).overlaps(Lifetime()) else { return }
    let key =
      [refusal.id, refusal.reason, refusal.releases ?? ""] + refusal.conditions
      + [refusal.rule.map { "\($0.file.path):\($0.start)" } ?? ""]
    if seen.insert(key).inserted { found.append(refusal) }
  }
}

/// A call of which only some members of the argument are known.
private final class KnownArgument: World {
  private let argument: Value

  init(_ type: StructureType, _ known: [String: Int128]) {
    let names = type.fields.map(\.name.identifier)
    argument = .record(Fields(names: names, values: names.map { known[$0].map(Value.integer) ?? .unknown }))
  }

  func value(of root: Root) -> Value { root == .arg ? argument : .unknown }
}

extension Rule {
  /// Whether the rule, or something within it, has effects.
  fileprivate var changesState: Bool {
    switch action {
    case .assign, .hook: true
    case .use(let use): use.function.body.list.changesState || nested.contains(where: \.changesState)
    default: nested.contains(where: \.changesState)
    }
  }
}

extension Rule {
  /// Whether each call of some releases ends here.
  fileprivate var refusesRelease: Bool {
    guard case .refuse = action else { return false }
    return condition == nil && (lifetime.since == nil) != (lifetime.until == nil)
  }

  /// Whether each call for which the condition holds ends here.
  fileprivate var endsIfTrue: Bool {
    guard lifetime == Lifetime(), otherwise == nil else { return false }
    return switch action {
    case .refuse, .succeed: true
    case .rules(let rules, _): rules.alwaysEnds
    default: false
    }
  }
}

extension Lifetime {
  /// The releases that do not have it, if it has one bound.
  fileprivate var complement: Lifetime { Lifetime(since: until, until: since) }
}

extension RuleList {
  fileprivate var changesState: Bool { rules.contains(where: \.changesState) }
}

extension Refusal {
  /// A rule that refuses, warns or endangers the kernel.
  fileprivate init(_ rule: Rule, _ context: RefusalWalk.Context) {
    let answer =
      switch rule.action {
      case .refuse(let errno, _): errno.description
      case .warn(.hazard, _): "hazard"
      default: "warning"
      }
    self.init(
      id: context.file.id(of: rule, context.path), answer: answer, reason: context.words(of: rule) ?? answer,
      documented: rule.documented, lifetimes: context.lifetimes, conditions: context.conditions,
      names: context.names.filter { context.mentioned.contains($0.name) }, path: context.via, mirrors: context.mirrors,
      rule: rule.source)
  }

  /// A refusal without a rule.
  init(_ refusal: GenericRefusal, _ context: RefusalWalk.Context) {
    self.init(
      id: context.file.id(context.path, refusal.errno), answer: refusal.errno.description,
      reason: refusal.reason, documented: nil, lifetimes: context.lifetimes, conditions: context.conditions, names: [],
      path: context.via, rule: nil)
  }

  /// `since 6.13`, `before 7.0`, `new between 6.1 and 6.12`, `gone between 6.1 and 6.12`, two of them, or nil.
  var releases: String? {
    let lifetime = Lifetime(lifetimes)
    var words: [String] = []
    if let since = lifetime.since { words.append(since.words(exactly: "since", between: "new")) }
    if let until = lifetime.until { words.append(until.words(exactly: "before", between: "gone")) }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
