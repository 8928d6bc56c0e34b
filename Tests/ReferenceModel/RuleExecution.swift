import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

// How rules run.
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
    guard try exists(rule.lifetime) else { return }
    if let condition = rule.condition, try !decide(condition, preferred: rule.errno == nil) {
      trace?.passes(rule)
      if rule.hasOtherwise, let otherwise = rule.otherwise { try run(otherwise) }
      return
    }
    for binding in rule.lets { evaluator[local: binding.slot] = try value(of: binding.value) }
    switch rule.action {
    case .none, .region: break
    case .refuse(let errno, _):
      if ignoresRefusals { return }
      trace?.refuses(rule)
      throw .refused(errno, reason(rule))
    case .succeed(let value):
      _ = try self.value(of: value)
      throw .ok
    case .read: try readValue()
    case .write(let value): try write(value)
    case .assign(let effects): for effect in effects { try apply(effect) }
    case .use(let use):
      var arguments: [Value] = []
      for argument in use.arguments { arguments.append(try value(of: argument)) }
      try run(use.function.body, parameters: arguments)
    // What the kernel changes before it refuses a call is not changed by a call that is taken to succeed.
    case .rules(let rules, _) where ignoresRefusals && rules.refuses: break
    case .rules(let rules, let undo): try attempt(undo) { () throws(Stop) in try run(rules) }
    case .loop(let loop, let rules, let undo): try attempt(undo) { () throws(Stop) in try runLoop(loop, rules) }
    case .hook(let hook): try runHook(hook)
    case .warn(.hazard, _):
      let reason = reason(rule)
      throw .hazard(reason.message, reason)
    case .warn: warnings.append(reason(rule))
    }
  }

  /// Runs rules, and others if they refuse the call.
  private func attempt(_ undo: RuleList?, _ body: () throws(Stop) -> Void) throws(Stop) {
    do throws(Stop) {
      try body()
    } catch {
      if case .refused = error, let undo { try run(undo) }
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
      throw .fault(.schema("a loop expects a list, not \(other.kind)", at: loop.list.source, in: loop.list))
    }
  }

  /// Runs what all files contribute to a hook: a device file's rules for each existing device of the type.
  private func runHook(_ name: String) throws(Stop) {
    if name == "capability" {
      try runToEnd(call.capability)
      return
    }
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

  private func reason(_ rule: Rule) -> Reason {
    let message = rule.because?.words { expression in (try? evaluator.evaluate(expression))?.words ?? "?" } ?? ""
    return Reason(
      id: DiagnosticID(call.file.id(of: rule, call.path)), errno: rule.errno, message: message, rule: rule.source,
      keyFields: rule.condition?.keyFields ?? [], documented: rule.documented)
  }

  /// Ends the call, unless it is forced.
  func refuse(_ refusal: GenericRefusal) throws(Stop) {
    if ignoresRefusals { return }
    let id = DiagnosticID(call.file.id(call.path, refusal.errno))
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
