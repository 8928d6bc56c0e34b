import DeviceSchema
import Expressions

// From checked expressions to code: names become slots and numbers, functions are written out, constants are folded.
extension Program {
  mutating func compile(_ expression: Expression, in frame: Frame) -> ExpressionID {
    roots.append(compile(expression.root, frame))
    expressions.append(expression)
    return ExpressionID(roots.count - 1)
  }

  /// Compiles an expression that no local surrounds, once.
  mutating func compile(_ expression: Expression) -> ExpressionID {
    if let known = conditions.first(where: { $0.expression === expression }) { return known.id }
    let id = compile(expression, in: Frame())
    conditions.append((expression, id))
    return id
  }

  /// Compiles an expression whose locals are in the first slots.
  mutating func compile(_ expression: Expression, locals count: Int) -> ExpressionID {
    var frame = Frame()
    for slot in 0..<count { frame[slot] = emit(.local(Slot(slot))) }
    frame.top = Slot(count)
    reserve(frame.top)
    return compile(expression, in: frame)
  }

  /// Compiles something that runs in the middle of other code, with slots of its own.
  mutating func withOwnSlots<Result>(_ body: (inout Program) -> Result) -> Result {
    let outer = slotCount
    slotCount = 0
    defer {
      ownSlotCount = max(ownSlotCount, slotCount)
      slotCount = outer
    }
    return body(&self)
  }

  mutating func reserve(_ top: Slot) { slotCount = max(slotCount, top) }

  mutating func emit(_ code: Code) -> CodeID {
    codes.append(code)
    return CodeID(codes.count - 1)
  }

  private mutating func emit(constant cell: Cell) -> CodeID { emit(.constant(constant(cell))) }

  /// The value of code that is a constant.
  func constant(of code: CodeID) -> Cell? {
    if case .constant(let id) = codes[Int(code)] { constants[Int(id)] } else { nil }
  }

  mutating func compile(_ node: Expression.Node, _ frame: Frame) -> CodeID {
    switch node {
    case .literal(let value): return emit(constant: cell(of: value))
    case .local(let slot): return frame[slot] ?? emit(constant: .unknown)
    case .root(let root): return emit(code(of: root))
    case .fact(let name): return emit(.fact(number(ofFact: name)))
    case .field(let base, let name, _): return field(compile(base, frame), shapes.name(name))
    case .index(let base, let index, _): return emit(.index(compile(base, frame), compile(index, frame)))
    case .list(let nodes): return emit(.list(operands(nodes, frame)))
    case .function(let function, let arguments, _): return call(function, arguments, frame)
    case .builtin(.bytes, _, _): return emit(.number(.payloadSize))
    case .builtin(let builtin, let arguments, _): return emit(.builtin(builtin, operands(arguments, frame)))
    case .comprehension(let kind, let list, let slot, let body, _): return loop(kind, list, slot, body, frame)
    case .unary(let op, let operand, _): return emit(.unary(op, compile(operand, frame)))
    case .binary(.contained, let element, .binary(.range, let low, let high, _), _):
      return emit(.within(compile(element, frame), low: compile(low, frame), high: compile(high, frame)))
    case .binary(let op, let left, let right, _): return binary(op, left, right, frame)
    case .conditional(let condition, let yes, let no, _):
      let test = compile(condition, frame)
      if let truth = constant(of: test), truth.tag == .bool { return compile(truth.isTrue ? yes : no, frame) }
      return emit(.conditional(test, compile(yes, frame), compile(no, frame)))
    }
  }

  private func code(of root: Root) -> Code {
    switch root {
    case .value: .subject(.value)
    case .key: .subject(.key)
    case .arg: .subject(.argument)
    case .vcpu: .subject(.vcpu)
    case .self: .subject(.device)
    case .missing: .subject(.missing)
    case .attr: .number(.attribute)
    case .group: .number(.group)
    case .flags: .number(.flags)
    case .newDescriptor: .number(.attribute)
    case .vm: .state(Memory.vm)
    case .vcpus: .state(Memory.vcpus)
    case .devices: .state(Memory.devices)
    }
  }

  mutating func number(ofFact name: String) -> FactID {
    if let number = factNumbers[name] { return number }
    let number = FactID(facts.count)
    facts.append(name)
    factNumbers[name] = number
    return number
  }

  private mutating func field(_ base: CodeID, _ name: NameID) -> CodeID {
    // A field of a row that is known.
    if let row = constant(of: base), row.tag == .record,
      let place = shapes.place(of: name, in: ShapeID(constant(at: row.address).bits))
    {
      return emit(constant: constant(at: row.address + 1 + place))
    }
    if case .local(let slot) = codes[Int(base)] { return emit(.fieldOfLocal(base, name, slot)) }
    return emit(.field(base, name))
  }

  private mutating func operands(_ nodes: [Expression.Node], _ frame: Frame) -> Operands {
    append(operands: nodes.map { compile($0, frame) })
  }

  private mutating func append(operands codes: [CodeID]) -> Operands {
    let first = Int32(operands.count)
    operands += codes
    return Operands(first: first, count: Int32(codes.count))
  }

  private mutating func binary(
    _ op: BinaryOperator, _ left: Expression.Node, _ right: Expression.Node, _ frame: Frame
  ) -> CodeID {
    let a = compile(left, frame)
    if op == .and || op == .or {
      let deciding = Cell.bool(op == .or)
      if constant(of: a) == deciding { return a }
      let b = compile(right, frame)
      if constant(of: a) == .bool(op == .and), isBoolean(b) { return b }
      return emit(op == .and ? .and(a, b) : .or(a, b))
    }
    if op == .orElse {
      if let value = constant(of: a) { return value.tag == .null ? compile(right, frame) : a }
      return emit(.orElse(a, compile(right, frame)))
    }
    let b = compile(right, frame)
    if let x = constant(of: a), let y = constant(of: b), let result = folded(op, x, y) { return emit(constant: result) }
    // A loop over a range has its bounds from the code.
    if case .constant(let id) = codes[Int(b)], op != .range { return emit(.binaryConstant(op, a, b, id)) }
    return emit(.binary(op, a, b))
  }

  /// The result of an operator on constants; nil if it is not a plain value.
  private mutating func folded(_ op: BinaryOperator, _ a: Cell, _ b: Cell) -> Cell? {
    if op == .equal || op == .notEqual {
      return a.isScalar && b.isScalar ? .bool((a == b) == (op == .equal)) : nil
    }
    guard op != .contained, op != .range, let x = pool.integer(of: a), let y = pool.integer(of: b),
      let result = try? Arithmetic.apply(op, x, y)
    else { return nil }
    switch result {
    case .truth(let truth): return .bool(truth)
    case .integer(let integer): return pool.integer(integer)
    }
  }

  /// Whether the value is a boolean or unknown, whatever the operands are.
  private func isBoolean(_ code: CodeID) -> Bool {
    switch codes[Int(code)] {
    case .constant(let id): constants[Int(id)].tag == .bool
    case .and, .or, .within: true
    case .builtin(let builtin, _): builtin == .bit
    case .unary(let op, _): op == .not
    case .binary(let op, _, _), .binaryConstant(let op, _, _, _): op.isTest
    case .loop(let id): loops[Int(id)].kind == .all || loops[Int(id)].kind == .exists
    default: false
    }
  }

  /// Writes a function out at its call. Arguments that cost nothing take the place of the parameters, the others are
  /// stored in slots.
  private mutating func call(_ function: Function, _ arguments: [Expression.Node], _ frame: Frame) -> CodeID {
    guard let body = function.body else { return emit(.broken(constant(pool.string(function.name)))) }
    var (inner, outer) = (Frame(), frame)
    // The slots that an argument needs itself are above those of all arguments.
    inner.top = frame.top + Slot(arguments.count)
    outer.top = inner.top
    var stored: [CodeID] = []
    for (i, argument) in arguments.enumerated() {
      let code = compile(argument, outer)
      if isStable(code) {
        inner[i] = code
      } else {
        inner[i] = emit(.local(frame.top + Slot(stored.count)))
        stored.append(code)
      }
    }
    reserve(inner.top)
    let start = CodeID(codes.count)
    var code = compile(body.root, inner)
    calls.append(WrittenOutCall(function: function.name, first: start, end: CodeID(codes.count)))
    if !stored.isEmpty {
      let operands = append(operands: stored)
      code = emit(.call(Arguments(first: operands.first, count: Int16(operands.count), slot: Int16(frame.top)), code))
    }
    return code
  }

  /// Whether code has one value while an expression is evaluated, cannot fail and costs nothing.
  func isStable(_ code: CodeID) -> Bool {
    switch codes[Int(code)] {
    case .constant, .local, .number, .state: true
    case .subject(let subject): subject != .value
    default: false
    }
  }

  private mutating func loop(
    _ kind: Comprehension, _ list: Expression.Node, _ variable: Int, _ body: Expression.Node, _ frame: Frame
  ) -> CodeID {
    let listCode = compile(list, frame)
    let slot = frame.top
    var inner = frame
    inner[variable] = emit(.local(slot))
    inner.top = slot + 1
    reserve(inner.top)
    let bodyCode = compile(body, inner)
    var loop = LoopCode(kind: kind, list: listCode, slot: slot, body: bodyCode)
    if kind == .first || kind == .exists { loop.search = search(bodyCode, variable: slot) }
    if loop.search == nil, kind == .first || kind == .exists || kind == .all, let table = constant(of: listCode),
      table.tag == .list, table.start < 0
    {
      loop.inputs = inputs(of: bodyCode, variable: slot)
    }
    loops.append(loop)
    remembered.append([])
    return emit(.loop(LoopID(loops.count - 1)))
  }
}

extension BinaryOperator {
  /// Whether the result is a boolean.
  var isTest: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .contained: true
    default: false
    }
  }
}
