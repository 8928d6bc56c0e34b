import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// Runs rules over the state of a VM.
final class Interpreter: World {
  let catalogue: Catalogue
  var heap = Heap()
  var call: CallContext
  private(set) lazy var evaluator = Evaluator(world: self)

  /// The VM, its vCPUs and its devices, as fields of one record: they are state, too, and come and go with it.
  private let machine: ObjectID
  private let facts: [String: Value]
  private var assumed: [String: Value] = [:]
  private lazy var derived: [String: [(name: String, value: Expression)]] = [:]

  /// The answers to unknown conditions that this branch was given, and how many were used.
  private var decisions: [Bool] = []
  private var decided = 0
  private var alternatives: [[Bool]] = []
  /// Refusals are passed over: the call is taken to have succeeded.
  private var ignoresRefusals = false
  private var warnings: [Reason] = []
  /// Where it is told which rules were come to.
  private let trace: RuleTrace?

  /// More ways than this are not followed.
  static let mostBranches = 256

  init(catalogue: Catalogue, facts: [String: Value], trace: RuleTrace? = nil) {
    self.catalogue = catalogue
    self.trace = trace
    self.facts = facts
    call = CallContext(file: catalogue.files[0], path: "")
    machine = heap.allocate(.plain, Fields([("vm", .null), ("vcpus", .list([])), ("devices", .list([]))]))
  }
}

// MARK: Branches

extension Interpreter {
  /// Works a call out in every way that it can go, in the order of the rules. The state is left as it was, except that
  /// the one branch of a call without unknown conditions has changed it already.
  ///
  /// - Parameter body: runs the call's rules; returns the value that a get reads.
  func branches(_ body: () throws(Stop) -> PayloadBytes?) -> [Branch] {
    let count = heap.begin()
    let before = call
    var pending: [[Bool]] = [[]]
    var branches: [Branch] = []
    while let next = pending.popLast(), branches.count < Self.mostBranches {
      decisions = next
      decided = 0
      alternatives = []
      warnings = []
      call = before
      var branch = follow(body)
      branch.warnings = warnings
      branch.call = call
      pending.append(contentsOf: alternatives)
      if branches.isEmpty, pending.isEmpty { return [branch] }
      branch.delta = heap.rewind(to: count)
      branches.append(branch)
    }
    return branches
  }

  /// Works a call out as if nothing refused it.
  func force(_ body: () throws(Stop) -> PayloadBytes?) {
    ignoresRefusals = true
    defer { ignoresRefusals = false }
    _ = heap.begin()
    decisions = []
    decided = 0
    _ = follow(body)
  }

  /// Takes back what the only branch of a call has changed.
  func takeBack(to start: ObjectID) { _ = heap.rewind(to: start) }

  private func follow(_ body: () throws(Stop) -> PayloadBytes?) -> Branch {
    do throws(Stop) {
      return Branch(end: .answer(.ok, nil), value: try body())
    } catch {
      return switch error {
      case .ok: Branch(end: .answer(.ok, nil))
      case .refused(let errno, let reason): Branch(end: .answer(.refused(errno), reason))
      case .hazard(let text, let reason): Branch(end: .hazard(text, reason))
      case .fault(let diagnostic): Branch(end: .fault(diagnostic))
      }
    }
  }

  /// The truth of a condition; of an unknown one, what this branch was given.
  ///
  /// - Parameter preferred: what a forced call takes an unknown condition for.
  func decide(_ condition: Expression, preferred: @autoclosure () -> Bool = true) throws(Stop) -> Bool {
    switch try value(of: condition) {
    case .bool(let truth): return truth
    case .unknown:
      if ignoresRefusals { return preferred() }
      if decided == decisions.count {
        alternatives.append(decisions + [false])
        decisions.append(true)
      }
      decided += 1
      return decisions[decided - 1]
    case let other:
      throw .fault(.schema("the condition is \(other.kind), not a boolean", at: condition.source, in: condition))
    }
  }

  func value(of expression: Expression) throws(Stop) -> Value {
    do throws(EvaluationError) {
      return try evaluator.evaluate(expression)
    } catch {
      throw .fault(.schema(error.message, at: expression.source, in: expression))
    }
  }
}

extension Diagnostic {
  static func schema(_ message: String, at range: SourceRange?, in expression: Expression) -> Diagnostic {
    .error("schema-evaluation", "'\(expression.text)': \(message)", at: range)
  }
}

// MARK: Rules

extension Interpreter {
  /// Runs rules to their end; `return: ok` is one.
  ///
  /// - Returns: whether it was `return: ok`.
  @discardableResult
  func runToEnd(_ frame: RuleFrame?) throws(Stop) -> Bool {
    guard let frame else { return false }
    do throws(Stop) {
      try run(frame)
      return false
    } catch {
      guard case .ok = error else { throw error }
      return true
    }
  }

  func run(_ frame: RuleFrame, parameters: [Value] = []) throws(Stop) {
    try evaluator.withFrame(parameters, size: frame.size) { () throws(Stop) in try run(frame.list) }
  }

  private func run(_ list: RuleList) throws(Stop) {
    for rule in list.rules { try run(rule) }
  }

  private func run(_ rule: Rule) throws(Stop) {
    guard rule.lifetime.includes(catalogue.release) else { return }
    if let when = rule.when, try !decide(when) { return }
    if let condition = rule.condition, try !decide(condition, preferred: rule.errno == nil) {
      trace?.passes(rule)
      if rule.hasOtherwise, let otherwise = rule.otherwise { try run(otherwise) }
      return
    }
    for binding in rule.lets { evaluator[local: binding.slot] = try value(of: binding.value) }
    if rule.allocatesVCPU { try allocateVCPU() }
    if rule.readsValue { try readValue() }
    try runNested(rule)
    if rule.errno != nil, ignoresRefusals { return }
    for effect in rule.effects { try apply(effect) }
    if let hazard = rule.hazard { throw .hazard(hazard, reason(rule, "hazard", hazard)) }
    if let warning = rule.warning { warnings.append(reason(rule, warning, warning)) }
    if rule.errno != nil { trace?.refuses(rule) }
    if let errno = rule.errno { throw .refused(errno, reason(rule, errno.description, errno.description)) }
    if rule.returnsOK { throw .ok }
  }

  /// The fragment, the hook, the loop or the nested rules of a statement.
  private func runNested(_ rule: Rule) throws(Stop) {
    do throws(Stop) {
      if let use = rule.use {
        var arguments: [Value] = []
        for argument in use.arguments { arguments.append(try value(of: argument)) }
        try run(use.fragment.body, parameters: arguments)
      }
      if let hook = rule.hook { try runHook(hook) }
      if let loop = rule.loop {
        try runLoop(loop, rule.rules ?? .empty)
      } else if let rules = rule.rules {
        try run(rules)
      }
    } catch {
      if case .refused = error, let undo = rule.onFailure { try run(undo) }
      throw error
    }
  }

  private func runLoop(_ loop: Loop, _ rules: RuleList) throws(Stop) {
    switch try value(of: loop.list) {
    case .list(let elements):
      for element in elements {
        evaluator[local: loop.slot] = element
        try run(rules)
      }
    // Nothing is known of how often the rules run; what they change is lost.
    case .unknown: return
    case let other:
      throw .fault(.schema("a loop wants a list, not \(other.kind)", at: loop.list.source, in: loop.list))
    }
  }

  /// Runs what all files contribute to a hook: a device file's rules for each existing device of the type.
  private func runHook(_ name: String) throws(Stop) {
    for (file, rules) in catalogue.contributions(to: name) {
      guard let type = file.deviceType else {
        try run(rules)
        continue
      }
      let outer = (call.device, call.file)
      defer { (call.device, call.file) = outer }
      for device in devices where heap.kind(of: device) == .device(type) {
        (call.device, call.file) = (.object(device), file)
        try run(rules)
      }
    }
  }

  /// The place where the kernel copies the payload in.
  func readValue() throws(Stop) {
    switch call.payload {
    case .value(let value): call.value = value
    case .invalid, nil:
      try refuse(.cannotRead)
      call.value = .unknown
    }
  }

  private func reason(_ rule: Rule, _ suffix: String, _ fallback: String) -> Reason {
    // A warning may be named in full.
    let id = rule.id ?? (suffix.utf8.contains(UInt8(ascii: ":")) ? suffix : "\(call.file.name).\(call.path):\(suffix)")
    return Reason(
      id: DiagnosticID(id), errno: rule.errno, message: words(of: rule) ?? fallback, rule: rule.source,
      keyFields: rule.condition?.keyFields ?? [], documented: rule.documented)
  }

  /// The rule's reason, with the values that it speaks of.
  private func words(of rule: Rule) -> String? {
    rule.because?.words { expression in (try? evaluator.evaluate(expression))?.words ?? "?" }
  }

  /// Ends the call, unless it is forced.
  func refuse(_ refusal: GenericRefusal) throws(Stop) {
    if ignoresRefusals { return }
    let path = call.path.isEmpty ? "" : ".\(call.path)"
    let id = DiagnosticID("\(call.file.name)\(path):\(refusal.errno)")
    throw .refused(refusal.errno, Reason(id: id, errno: refusal.errno, message: refusal.reason, rule: nil))
  }
}

// MARK: Effects

extension Interpreter {
  private func apply(_ effect: Effect) throws(Stop) {
    let base = try value(of: effect.path.base)
    let new: Value
    switch effect.value {
    case .expression(let expression): new = try value(of: expression)
    case .record(let fields):
      var values: [(String, Value)] = []
      for (name, expression) in fields { values.append((name, try value(of: expression))) }
      new = .object(heap.allocate(.plain, Fields(values)))
    }
    // Which record changes is unknown, and so is what it will hold; nothing better can be said.
    if case .unknown = base { return }
    guard case .object(let object) = base else {
      throw .fault(.error("schema-evaluation", "an effect changes a field of \(base.kind)", at: effect.source))
    }
    let done: Bool
    switch effect.path.action {
    case .assign: done = heap.assign(new, to: effect.path.field, of: object)
    case .append: done = heap.append(new, to: effect.path.field, of: object)
    case .store(let key):
      let key = try value(of: key)
      done =
        key == .unknown
        ? heap.assign(.unknown, to: effect.path.field, of: object)
        : heap.store(new, under: key, in: effect.path.field, of: object)
    }
    if !done {
      throw .fault(.error("schema-evaluation", "'\(effect.path.field)' cannot be changed like this", at: effect.source))
    }
  }
}

// MARK: State

extension Interpreter {
  var vm: ObjectID? { if case .object(let vm)? = heap[machine, "vm"] { vm } else { nil } }
  var devices: [ObjectID] { objects(heap[machine, "devices"]) }
  var vcpus: [ObjectID] { objects(heap[machine, "vcpus"]) }

  private func objects(_ value: Value?) -> [ObjectID] {
    (value?.list ?? []).compactMap { if case .object(let id) = $0 { id } else { nil } }
  }

  /// Makes the VM's record.
  func allocateVM() throws(Stop) {
    let vm = heap.allocate(.vm)
    _ = heap.assign(.object(vm), to: "vm", of: machine)
    try initialise(vm, catalogue.state(of: "vm"))
  }

  /// Takes the VM away again, of which KVM_CREATE_VM made none.
  func removeVM() { _ = heap.assign(.null, to: "vm", of: machine) }

  /// Makes a vCPU's record; it enters `vcpus` when the call ends ok.
  func allocateVCPU() throws(Stop) {
    let vcpu = heap.allocate(.vcpu)
    call.vcpu = .object(vcpu)
    if case .record(let arguments) = call.argument, let id = arguments["id"] { heap.declare("id", id, in: vcpu) }
    heap.declare("index", Value(vcpus.count), in: vcpu)
    try initialise(vcpu, catalogue.state(of: "vcpu"))
  }

  /// Makes a device's record; it enters `devices` when the call ends ok.
  func allocateDevice(_ type: String, _ file: SchemaFile) throws(Stop) {
    let device = heap.allocate(.device(type))
    call.device = .object(device)
    heap.declare("type", .string(type), in: device)
    try initialise(device, catalogue.state(of: "device", in: file))
  }

  func link(_ object: Value, into list: String) { _ = heap.append(object, to: list, of: machine) }

  func unlink(_ object: Value, from list: String) {
    _ = heap.assign(.list((heap[machine, list]?.list ?? []).filter { $0 != object }), to: list, of: machine)
  }

  private func initialise(_ object: ObjectID, _ variables: [StateVariable]) throws(Stop) {
    for variable in variables {
      let value: Value
      switch variable.initial {
      case .expression(let expression): value = try self.value(of: expression)
      case .list: value = .list([])
      case .map: value = .map([:])
      case .record(let fields):
        let record = heap.allocate(.plain)
        // The record is in its place before its own fields are computed: they may read those above.
        heap.declare(variable.name, .object(record), in: object)
        try initialise(record, fields)
        continue
      }
      heap.declare(variable.name, value, in: object)
    }
  }
}

// MARK: World

extension Interpreter {
  func value(of root: Root) throws(EvaluationError) -> Value {
    switch root {
    case .value:
      guard let value = call.value else {
        throw EvaluationError("'value' is used before it is read", at: Span(start: 0, length: 5))
      }
      return value
    case .key: return call.key
    case .attr: return Value(call.attr)
    case .group: return Value(call.group)
    case .flags: return Value(call.flags)
    case .arg: return call.argument
    case .vcpu: return call.vcpu
    case .self: return call.device
    case .vm: return heap[machine, "vm"] ?? .null
    case .vcpus: return heap[machine, "vcpus"] ?? .unknown
    case .devices: return heap[machine, "devices"] ?? .unknown
    }
  }

  func fact(_ name: String) -> Value {
    if let value = facts[name] { return value }
    if let value = assumed[name] { return value }
    assumed[name] = .unknown
    let value = catalogue.fact(named: name)?.assumed.flatMap { try? evaluator.evaluate($0) } ?? .unknown
    assumed[name] = value
    return value
  }

  func field(_ name: String, of object: ObjectID) throws(EvaluationError) -> Value? {
    if let value = heap[object, name] { return value }
    let kind = heap.kind(of: object)
    guard let expression = derivedVariables(kind).first(where: { $0.name == name })?.value else { return nil }
    let outer = (call.vcpu, call.device)
    defer { (call.vcpu, call.device) = outer }
    switch kind {
    case .vcpu: call.vcpu = .object(object)
    case .device: call.device = .object(object)
    case .vm, .plain: break
    }
    return try evaluator.withFrame([], size: 0) { () throws(EvaluationError) in try evaluator.evaluate(expression) }
  }

  private func derivedVariables(_ kind: Heap.Kind) -> [(name: String, value: Expression)] {
    let owner: String
    switch kind {
    case .vm: owner = "vm"
    case .vcpu: owner = "vcpu"
    case .device(let type): owner = type
    case .plain: return []
    }
    if let found = derived[owner] { return found }
    let found: [(name: String, value: Expression)]
    if case .device(let type) = kind {
      found = catalogue.device(named: type).map { catalogue.derived(of: "device", in: $0) } ?? []
    } else {
      found = catalogue.derived(of: owner)
    }
    derived[owner] = found
    return found
  }
}
