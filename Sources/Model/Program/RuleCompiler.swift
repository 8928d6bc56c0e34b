import DeviceSchema
import Expressions

// From the rules of the schemas to statements. Nothing else knows the form of the rules.
extension Program {
  /// The block of a list with locals of its own.
  ///
  /// - Parameter top: the first slot that nothing around the list uses.
  mutating func block(of rules: RuleFrame, above top: Slot = 0) -> BlockID {
    if let known = bodies.first(where: { $0.rules === rules && $0.top == top }) { return known.block }
    var frame = Frame()
    frame.top = top
    let id = block(from: .body(rules, frame))
    bodies.append((rules, top, id))
    return id
  }

  /// The block of the rules that describe the map of a VM.
  mutating func mapBlock() -> BlockID {
    if let map { return map }
    let block = block(hook(Catalogue.mapHook, Frame()))
    map = block
    return block
  }

  private mutating func block(from source: BlockSource) -> BlockID {
    blocks.append(Block())
    sources.append(source)
    return BlockID(blocks.count - 1)
  }

  private mutating func block(_ statements: [Statement]) -> BlockID {
    blocks.append(place(statements))
    sources.append(nil)
    return BlockID(blocks.count - 1)
  }

  private mutating func place(_ list: [Statement]) -> Block {
    defer { statements += list }
    return Block(first: Int32(statements.count), count: Int32(list.count))
  }

  mutating func compile(_ id: BlockID) {
    guard let source = sources[Int(id)] else { return }
    sources[Int(id)] = nil
    let list =
      switch source {
      case .action(let rule): action(rule)
      case .list(let rules, let frame): statements(rules, frame)
      case .body(let rules, let frame): statements(rules.list, frame)
      }
    blocks[Int(id)] = place(list)
  }

  /// The block of a rule's `else`.
  mutating func otherwise(_ id: RuleID) -> BlockID? {
    let origin = rules[Int(id)]
    if let known = origin.otherwise { return known }
    guard let list = origin.rule.otherwise else { return nil }
    let block = block(from: .list(list, origin.outer))
    rules[Int(id)].otherwise = block
    return block
  }

  private mutating func statements(_ list: RuleList, _ frame: Frame) -> [Statement] {
    var frame = frame
    var statements: [Statement] = []
    for rule in list.rules { statements += self.statements(rule, &frame) }
    return statements
  }

  /// - Parameter frame: gets the rule's own locals, which later rules see, too.
  private mutating func statements(_ rule: Rule, _ frame: inout Frame) -> [Statement] {
    let outer = frame
    var names: [Statement] = []
    for binding in rule.lets {
      frame[binding.slot] = emit(.local(frame.top))
      frame.setOrigin(binding.slot, binding.value, in: outer)
      names.append(.forget(frame.top))
      frame.top += 1
    }
    reserve(frame.top)
    let exists = rule.lifetime.includes(catalogue.release)
    if exists == false { return names }
    let id = RuleID(rules.count)
    rules.append(RuleOrigin(rule: rule, outer: outer, inner: frame))

    // A rule that does not run leaves its names unknown.
    let isConditional = exists == nil || rule.condition != nil
    var rest: [Statement] = [.run(block(from: .action(id)))]
    if isConditional, !names.isEmpty { rest.append(.skip(Int32(names.count))) }
    var tests: [Statement] = []
    if let condition = rule.condition.map({ compile($0, in: outer) }),
      constant(of: roots[Int(condition)]) != .bool(true)
    {
      let length = Int32(rest.count)
      tests = [rule.hasOtherwise ? .choose(condition, id, skipping: length) : .test(condition, id, skipping: length)]
    }
    if exists == nil { tests.insert(.suppose(skipping: Int32(tests.count + rest.count)), at: 0) }
    return tests + rest + (isConditional ? names : [])
  }

  /// All that a rule does once its conditions hold.
  private mutating func action(_ id: RuleID) -> [Statement] {
    let (rule, frame) = (rules[Int(id)].rule, rules[Int(id)].inner)
    var statements: [Statement] = []
    for binding in rule.lets {
      guard case .local(let slot)? = frame[binding.slot].map({ codes[Int($0)] }) else { continue }
      statements.append(.bind(slot, compile(binding.value, in: frame)))
    }
    switch rule.action {
    case .none: break
    case .occupy(let word, let arguments):
      occupations.append(OccupyCode(word: word, arguments: arguments.map { compile($0, in: frame) }))
      statements.append(.occupy(OccupyID(occupations.count - 1)))
    case .refuse: statements.append(.refuse(id))
    case .succeed(let value): statements.append(.succeed(compile(value, in: frame)))
    case .read(let part) where part.path.isEmpty: statements.append(.read)
    case .read(let part):
      let path = part.path.map { step -> PartCode in
        switch step {
        case .field(let name): .field(name)
        case .element(let index): .element(compile(index, in: frame))
        }
      }
      parts.append(path)
      statements.append(.readPart(PartID(parts.count - 1)))
    case .write(let value):
      written.append(self.value(value, frame))
      statements.append(.write(WriteID(written.count - 1)))
    case .assign(let effects): statements += effects.map { .change(effect($0, frame)) }
    case .use(let use): statements += function(use, frame)
    case .rules(let list, let undo):
      // What the kernel changes before it refuses a call is not changed by a call that is taken to succeed.
      statements.append(.endIfForced(id))
      var inner = frame
      if let condition = rule.condition { inner.condition = condition }
      statements.append(attempt(.run(block(from: .list(list, inner))), undo, frame))
    case .loop(let loop, let list, let undo): statements.append(attempt(self.loop(loop, list, frame), undo, frame))
    case .hook("capability"): statements.append(.runCapability(frame.top))
    case .hook(let hook): statements += self.hook(hook, frame)
    case .warn(.hazard, _): statements.append(.hazard(id))
    case .warn: statements.append(.warn(id))
    }
    return statements
  }

  /// A statement, with the rules that run if it refuses the call.
  private mutating func attempt(_ statement: Statement, _ undo: RuleList?, _ frame: Frame) -> Statement {
    guard let undo else { return statement }
    return .attempt(block([statement]), undo: block(from: .list(undo, frame)))
  }

  private mutating func loop(_ loop: Loop, _ list: RuleList, _ frame: Frame) -> Statement {
    var inner = frame
    inner[loop.slot] = emit(.local(frame.top))
    inner.top += 1
    reserve(inner.top)
    return .loop(compile(loop.list, in: frame), frame.top, block(from: .list(list, inner)))
  }

  /// The rules that all files contribute to a hook.
  private mutating func hook(_ name: String, _ frame: Frame) -> [Statement] {
    var own = Frame()
    own.top = frame.top
    return catalogue.contributions(to: name).map { file, rules in
      let block = block(from: .body(rules, own))
      return file.deviceType == nil ? .run(block) : .forEachDevice(number(of: file), block)
    }
  }

  /// Writes a function of rules out at its use.
  private mutating func function(_ use: FunctionUse, _ frame: Frame) -> [Statement] {
    var (inner, outer) = (Frame(), frame)
    // The slots that an argument needs itself are above those of all arguments.
    inner.top = frame.top + Slot(use.arguments.count)
    outer.top = inner.top
    reserve(inner.top)
    var statements: [Statement] = []
    for (i, argument) in use.arguments.enumerated() {
      inner.setOrigin(i, argument, in: frame)
      let value = compile(argument, in: outer)
      switch codes[Int(roots[Int(value)])] {
      case .constant, .local: inner[i] = roots[Int(value)]
      default:
        inner[i] = emit(.local(frame.top + Slot(i)))
        statements.append(.bind(frame.top + Slot(i), value))
      }
    }
    statements.append(.run(block(from: .body(use.function.body, inner))))
    return statements
  }

  private mutating func effect(_ effect: Effect, _ frame: Frame) -> EffectID {
    let base = compile(effect.path.base, in: frame)
    let value = newValue(effect.value, frame)
    let action: EffectCode.Action =
      switch effect.path.action {
      case .assign: .assign
      case .append: .append
      case .store(let key): .store(under: compile(key, in: frame))
      }
    effects.append(EffectCode(base: base, field: shapes.name(effect.path.field), action: action, value: value))
    effectOrigins.append(effect)
    return EffectID(effects.count - 1)
  }

  private mutating func newValue(_ value: EffectValue, _ frame: Frame) -> EffectCode.NewValue {
    switch value {
    case .expression(let expression): return .value(compile(expression, in: frame))
    case .emptyMap: return .emptyMap
    case .record(let fields):
      let shape = shapes.shape(.plain, fields.map { shapes.name($0.0) })
      let values = fields.map { newValue($0.1, frame) }
      newValues += values
      return .record(shape, first: Int32(newValues.count - values.count), count: Int32(values.count))
    }
  }

  private mutating func value(_ value: CallValue, _ frame: Frame) -> CallValueCode {
    switch value {
    case .expression(let expression): .expression(compile(expression, in: frame))
    case .fields(let fields): .fields(fields.map { ($0.0, compile($0.1, in: frame)) })
    }
  }

  /// Whether the list that a rule runs refuses every call.
  func refuses(_ id: RuleID) -> Bool {
    if case .rules(let list, _) = rules[Int(id)].rule.action { list.refuses } else { false }
  }

  /// The expressions in a rule's reason.
  mutating func reasonValues(_ id: RuleID) -> [ExpressionID] {
    let origin = rules[Int(id)]
    if let known = origin.reasonValues { return known }
    var values: [ExpressionID] = []
    for case .value(let expression) in origin.rule.because?.parts ?? [] {
      values.append(compile(expression, in: origin.inner))
    }
    rules[Int(id)].reasonValues = values
    return values
  }
}
