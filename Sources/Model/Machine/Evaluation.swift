import Expressions

// Expressions are evaluated in three-valued logic: an unknown operand makes the result unknown, unless the other
// operands decide it.
extension Machine {
  mutating func evaluate(_ id: CodeID) throws(Fault) -> Cell {
    switch program.codes[Int(id)] {
    case .constant(let constant): return program.constants[Int(constant)]
    case .local(let slot): return locals[base + Int(slot)]
    case .subject(let subject): return try value(of: subject, id)
    case .number(let number): return value(of: number)
    case .state(let address): return memory[address]
    case .fact(let fact): return value(ofFact: fact)
    case .field(let base, let name): return try field(name, of: evaluate(base), id)
    case .fieldOfLocal(_, let name, let slot): return try field(name, of: locals[base + Int(slot)], id)
    case .index(let base, let index): return try element(of: evaluate(base), at: evaluate(index), id)
    case .list(let elements): return try list(elements)
    case .builtin(let builtin, let operands): return try value(of: builtin, operands, id)
    case .loop(let loop): return try value(ofLoop: loop, id)
    case .kept(let slot, let code):
      let kept = locals[base + Int(slot)]
      return kept.tag == .absent ? try evaluate(code) : kept
    case .call(let arguments, let body):
      for i in 0..<Int(arguments.count) {
        let value = try evaluate(program.operands[Int(arguments.first) + i])
        locals[base + Int(arguments.slot) + i] = value
      }
      return try evaluate(body)
    case .broken(let name):
      throw fault("'\(program.pool.string(of: program.constants[Int(name)]))' has no body", at: id)
    case .unary(let op, let operand): return try unary(op, evaluate(operand), id)
    case .and(let left, let right): return try and(left, right, deciding: false, id)
    case .or(let left, let right): return try and(left, right, deciding: true, id)
    case .orElse(let left, let right):
      let value = try evaluate(left)
      return value.tag == .null ? try evaluate(right) : value
    case .within(let element, let low, let high):
      return try within(evaluate(element), evaluate(low), evaluate(high), id)
    case .binary(let op, let left, let right): return try result(of: op, evaluate(left), evaluate(right), id)
    case .binaryConstant(let op, let left, _, let right):
      return try result(of: op, evaluate(left), program.constants[Int(right)], id)
    case .conditional(let condition, let yes, let no):
      let test = try evaluate(condition)
      if test.tag == .bool { return try evaluate(test.isTrue ? yes : no) }
      return try eitherOf(yes, no, test, id)
    }
  }

  @inline(__always)
  private mutating func result(of op: BinaryOperator, _ a: Cell, _ b: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if a.tag == .integer, b.tag == .integer, let result = Arithmetic.narrow(op, a.bits, b.bits) { return result }
    // A text is not compared with an integer; that is a fault.
    if case .equal = op, a.isScalar, b.isScalar, a.tag == b.tag || a.tag == .null || b.tag == .null {
      return .bool(a == b)
    }
    return try binary(op, a, b, id)
  }

  private mutating func value(of subject: Subject, _ id: CodeID) throws(Fault) -> Cell {
    switch subject {
    case .value:
      if call.value.tag == .absent { throw fault("'value' is used before it is read", at: id) }
      return call.value
    case .key: return call.key
    case .argument:
      if call.argument.tag == .absent { throw fault("'arg' is used before it is read", at: id) }
      return call.argument
    case .vcpu: return call.vcpu
    case .device: return call.device
    case .missing: return program.pool.string(call.missing)
    }
  }

  private mutating func value(of number: CallNumber) -> Cell {
    switch number {
    case .attribute: program.pool.integer(call.attr)
    case .group: .integer(Int64(call.group))
    case .flags: .integer(Int64(call.flags))
    case .payloadSize: call.payloadSize.map { .integer(Int64($0)) } ?? .unknown
    }
  }

  mutating func field(_ name: NameID, of base: Cell, _ id: CodeID) throws(Fault) -> Cell {
    guard base.tag == .object || base.tag == .record else {
      if base.tag == .unknown { return .unknown }
      throw fault("\(base.kind) has no field '\(program.shapes.names[Int(name)])'", at: id)
    }
    if let place = program.shapes.place(of: name, in: shape(of: base)) {
      let value = load(base.address + 1 + place)
      if value.tag == .text { return program.string(ofText: value) }
      if value.tag != .absent { return value }
    }
    throw fault("the record has no field '\(program.shapes.names[Int(name)])'", at: id)
  }

  func shape(of record: Cell) -> ShapeID { ShapeID(load(record.address).bits) }

  private mutating func element(of base: Cell, at index: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if base.tag == .unknown || index.tag == .unknown { return .unknown }
    switch (base.tag, index.tag) {
    case (.list, .integer):
      return index.bits >= 0 && index.bits < base.count ? load(base.start + Address(index.bits)) : .null
    case (.list, .wide): return .null
    case (.map, _): return memory.value(in: base, at: key(index)) ?? .null
    default: throw fault("\(base.kind) has no element by \(index.kind)", at: id)
    }
  }

  private mutating func list(_ elements: Operands) throws(Fault) -> Cell {
    let start = memory.allocateList(Int(elements.count))
    for i in 0..<elements.count {
      let value = try evaluate(program.operands[Int(elements.first + i)])
      memory.write(value, to: start + i)
    }
    return .list(start: start, count: Int(elements.count))
  }

  /// Evaluates `&&` (decided by false) or `||` (decided by true).
  private mutating func and(_ left: CodeID, _ right: CodeID, deciding: Bool, _ id: CodeID) throws(Fault) -> Cell {
    let a = try evaluate(left)
    if a == .bool(deciding) { return a }
    let b = try evaluate(right)
    if b == .bool(deciding) { return b }
    if a.tag == .bool, b.tag == .bool { return b }
    for operand in [a, b] where operand.tag != .bool && operand.tag != .unknown {
      throw fault("an operand is \(operand.kind), not a boolean", at: id)
    }
    return .unknown
  }

  private mutating func unary(_ op: UnaryOperator, _ operand: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if operand.tag == .unknown { return .unknown }
    if case .not = op {
      if operand.tag == .bool { return .bool(!operand.isTrue) }
    } else if let integer = program.pool.integer(of: operand) {
      return op == .complement
        ? program.pool.integer(~integer)
        : program.pool.integer(
          try checked(id) { () throws(Arithmetic.Problem) in
            try Arithmetic.checked(Int128(0).subtractingReportingOverflow(integer))
          })
    }
    throw fault("the operand is \(operand.kind)", at: id)
  }

  /// A binary operator whose operands are not both integers of 64 bits, or whose result is not.
  @inline(never)
  private mutating func binary(_ op: BinaryOperator, _ a: Cell, _ b: Cell, _ id: CodeID) throws(Fault) -> Cell {
    switch op {
    case .equal: return .truth(try areEqual(a, b, id))
    case .notEqual: return .truth(try areEqual(a, b, id).map { !$0 })
    case .contained: return try contained(a, in: b, id)
    default: break
    }
    if a.tag == .unknown || b.tag == .unknown { return .unknown }
    guard let x = program.pool.integer(of: a), let y = program.pool.integer(of: b) else {
      let wrong = a.tag == .integer || a.tag == .wide ? b : a
      throw fault("'\(op.rawValue)' expects integers, not \(wrong.kind)", at: id)
    }
    if op == .range { return try range(x, y, id) }
    switch try checked(id, { () throws(Arithmetic.Problem) in try Arithmetic.apply(op, x, y) }) {
    case .truth(let truth): return .bool(truth)
    case .integer(let integer): return program.pool.integer(integer)
    }
  }

  private mutating func areEqual(_ a: Cell, _ b: Cell, _ id: CodeID) throws(Fault) -> Bool? {
    if a.tag == .string, b.tag == .integer || b.tag == .wide { throw named(a, id) }
    if b.tag == .string, a.tag == .integer || a.tag == .wide { throw named(b, id) }
    return equals(a, b)
  }

  /// The fault of an integer without names that is compared with a text.
  private mutating func named(_ text: Cell, _ id: CodeID) -> Fault {
    fault(
      "the names of this integer's values are not known here; write the number of '\(program.pool.string(of: text))'",
      at: id)
  }

  private mutating func contained(_ value: Cell, in container: Cell, _ id: CodeID) throws(Fault) -> Cell {
    switch container.tag {
    case .unknown: return .unknown
    case .list:
      var result: Bool? = false
      for i in 0..<Address(container.count) {
        switch equals(load(container.start + i), value) {
        case true: return .bool(true)
        case nil: result = nil
        default: continue
        }
      }
      return .truth(result)
    case .map: return value.tag == .unknown ? .unknown : .bool(memory.value(in: container, at: key(value)) != nil)
    default: throw fault("'in' expects a list or a map, not \(container.kind)", at: id)
    }
  }

  /// The maximum number of elements of a range. It keeps a wrong bound from exhausting the memory.
  private static let longestRange: Int128 = 65_536

  private mutating func range(_ low: Int128, _ high: Int128, _ id: CodeID) throws(Fault) -> Cell {
    if high < low { return .emptyList }
    let (length, overflows) = high.subtractingReportingOverflow(low)
    guard !overflows, length < Self.longestRange else {
      throw fault("the range \(low)..\(high) has more than \(Self.longestRange) elements", at: id)
    }
    let count = Int(length) + 1
    let start = memory.allocateList(count)
    for i in 0..<count { memory.write(program.pool.integer(low + Int128(i)), to: start + Address(i)) }
    return .list(start: start, count: count)
  }

  /// Whether an element is in a range. It is not in an empty range, whatever it is.
  private mutating func within(_ element: Cell, _ low: Cell, _ high: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if element.tag == .integer, low.tag == .integer, high.tag == .integer {
      return .bool(element.bits >= low.bits && element.bits <= high.bits)
    }
    let (first, last) = (program.pool.integer(of: low), program.pool.integer(of: high))
    if first == nil, low.tag != .unknown { throw fault("'..' expects integers, not \(low.kind)", at: id) }
    if last == nil, high.tag != .unknown { throw fault("'..' expects integers, not \(high.kind)", at: id) }
    if let first, let last, last < first { return .bool(false) }
    if element.tag == .unknown { return .unknown }
    guard let value = program.pool.integer(of: element) else { return .bool(false) }
    if let first, value < first { return .bool(false) }
    if let last, value > last { return .bool(false) }
    return first == nil || last == nil ? .unknown : .bool(true)
  }

  /// A conditional whose condition is not known.
  @inline(never)
  private mutating func eitherOf(_ yes: CodeID, _ no: CodeID, _ test: Cell, _ id: CodeID) throws(Fault) -> Cell {
    guard test.tag == .unknown else { throw fault("the condition is \(test.kind), not a boolean", at: id) }
    let (a, b) = (try evaluate(yes), try evaluate(no))
    return equals(a, b) == true ? a : .unknown
  }
}

// MARK: Routines

extension Machine {
  /// Evaluates code with slots of its own, in the middle of other code.
  mutating func evaluateApart(_ code: CodeID) throws(Fault) -> Cell {
    let outer = base
    base += Int(depth == 0 ? program.slotCount : program.ownSlotCount)
    depth += 1
    reserveLocals(base + Int(program.ownSlotCount))
    defer {
      base = outer
      depth -= 1
    }
    return try evaluate(code)
  }

  /// A fact of the host: the given value or, without one, the schemas' assumption.
  mutating func value(ofFact id: FactID) -> Cell {
    while facts.count <= Int(id) { facts.append(.absent) }
    if facts[Int(id)].tag != .absent { return facts[Int(id)] }
    let name = program.facts[Int(id)]
    if let value = given[name] {
      facts[Int(id)] = value
      return value
    }
    // A fact that depends on itself is unknown.
    facts[Int(id)] = .unknown
    let value = assumption(ofFact: name)
    // What is in the memory of a call does not outlive it.
    facts[Int(id)] = value.refersToMemory ? .absent : value
    return value
  }

  private mutating func assumption(ofFact name: String) -> Cell {
    guard let expression = catalogue.fact(named: name)?.assumed else { return .unknown }
    let id = program.withOwnSlots { $0.compile(expression) }
    return (try? evaluateApart(program.roots[Int(id)])) ?? .unknown
  }
}
