/// The values that expressions read: the state of the VM and the current call.
package protocol World: AnyObject {
  func value(of root: Root) throws(EvaluationError) -> Value
  func fact(_ name: String) -> Value
  /// The length of the call's payload in bytes; nil if it is unknown.
  var payloadSize: Int? { get }
}

/// By default, nothing is known.
extension World {
  package func value(of root: Root) throws(EvaluationError) -> Value { .unknown }
  package func fact(_ name: String) -> Value { .unknown }
  package var payloadSize: Int? { nil }
}

/// A world in which nothing is known, for expressions over constants.
package final class EmptyWorld: World, Sendable {
  package static let shared = EmptyWorld()

  private init() {}
}

/// An error in the evaluation of an expression: a fault of the schema, not of the manifest.
package struct EvaluationError: Error, Hashable, Sendable {
  package var message: String
  package var span: Span

  package init(_ message: String, at span: Span) {
    self.message = message
    self.span = span
  }
}

/// Evaluates expressions in three-valued logic. An unknown operand makes the result unknown, unless the other operands
/// decide it.
package final class Evaluator {
  private unowned let world: any World
  /// The locals of all frames; the running frame starts at `base`.
  private var locals: [Value] = []
  private var base = 0
  private var calls = 0

  package init(world: any World) { self.world = world }

  /// A local of the running frame.
  private subscript(local slot: Int) -> Value {
    get { base + slot < locals.count ? locals[base + slot] : .unknown }
    set {
      while locals.count <= base + slot { locals.append(.unknown) }
      locals[base + slot] = newValue
    }
  }

  /// Runs `body` with a new frame that begins with these values.
  package func withFrame<Result, Failure: Error>(
    _ values: [Value], size: Int, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outer = base
    let top = locals.count
    base = top
    locals.append(contentsOf: values)
    while locals.count < base + size { locals.append(.unknown) }
    defer {
      locals.removeLast(locals.count - top)
      base = outer
    }
    return try body()
  }

  package func evaluate(_ expression: Expression) throws(EvaluationError) -> Value {
    try evaluate(expression.root)
  }

  private func evaluate(_ node: Node) throws(EvaluationError) -> Value {
    switch node {
    case .literal(let value): return value
    case .local(let slot): return self[local: slot]
    case .root(let root): return try world.value(of: root)
    case .fact(let name): return world.fact(name)
    case .field(let base, let name, let span): return try field(evaluate(base), name, span)
    case .index(let base, let index, let span): return try self.index(evaluate(base), evaluate(index), span)
    case .list(let nodes):
      var values: [Value] = []
      for node in nodes { values.append(try evaluate(node)) }
      return .list(values)
    case .function(let function, let arguments, let span): return try call(function, arguments, span)
    case .builtin(.bytes, _, _): return world.payloadSize.map { Value($0) } ?? .unknown
    case .builtin(let builtin, let arguments, let span):
      var values: [Value] = []
      for argument in arguments {
        let value = try evaluate(argument)
        if case .unknown = value { return .unknown }
        values.append(value)
      }
      return try self.builtin(builtin, values, span)
    case .comprehension(.sort, let list, let slot, let key, let span):
      return try sorted(evaluate(list), slot, by: key, span)
    case .comprehension(let kind, let list, let slot, let body, let span):
      return try comprehension(kind, evaluate(list), slot, body, span)
    case .unary(let op, let operand, let span): return try unary(op, evaluate(operand), span)
    case .binary(.and, let left, let right, let span): return try and(left, right, deciding: false, span)
    case .binary(.or, let left, let right, let span): return try and(left, right, deciding: true, span)
    case .binary(.orElse, let left, let right, _):
      let value = try evaluate(left)
      return value == .null ? try evaluate(right) : value
    // Bounds decide this without a list, so the range may have any length.
    case .binary(.contained, let element, .binary(.range, let low, let high, let range), _):
      return try contained(evaluate(element), from: evaluate(low), through: evaluate(high), range)
    case .binary(let op, let left, let right, let span): return try binary(op, evaluate(left), evaluate(right), span)
    case .conditional(let condition, let yes, let no, let span):
      switch try evaluate(condition) {
      case .bool(let test): return try evaluate(test ? yes : no)
      case .unknown:
        let (a, b) = (try evaluate(yes), try evaluate(no))
        return a.equals(b) == true ? a : .unknown
      case let other: throw EvaluationError("the condition is \(other.kind), not a boolean", at: span)
      }
    }
  }

  private func field(_ base: Value, _ name: String, _ span: Span) throws(EvaluationError) -> Value {
    switch base {
    case .unknown: return .unknown
    case .record(let fields):
      if let value = fields[name] { return value }
    default: throw EvaluationError("\(base.kind) has no field '\(name)'", at: span)
    }
    throw EvaluationError("the record has no field '\(name)'", at: span)
  }

  private func index(_ base: Value, _ index: Value, _ span: Span) throws(EvaluationError) -> Value {
    switch (base, index) {
    case (.unknown, _), (_, .unknown): return .unknown
    case (.list(let list), .integer(let i)): return i >= 0 && i < Int128(list.count) ? list[Int(i)] : .null
    case (.table(let table), .integer): return try self.index(.list(table.rows), index, span)
    case (.map(let map), let key): return map[key] ?? .null
    default: throw EvaluationError("\(base.kind) has no element by \(index.kind)", at: span)
    }
  }

  private func call(_ function: Function, _ arguments: [Node], _ span: Span) throws(EvaluationError) -> Value {
    guard let body = function.body else { throw EvaluationError("'\(function.name)' has no body", at: span) }
    var values: [Value] = []
    for argument in arguments { values.append(try evaluate(argument)) }
    return try withFrame(values, size: values.count) { () throws(EvaluationError) in
      do throws(EvaluationError) {
        return try evaluate(body.root)
      } catch {
        throw EvaluationError("in \(function.name)(): \(error.message)", at: span)
      }
    }
  }

  /// Evaluates `&&` (decided by false) or `||` (decided by true).
  private func and(
    _ left: Node, _ right: Node, deciding: Bool, _ span: Span
  ) throws(EvaluationError) -> Value {
    let a = try evaluate(left)
    if a == .bool(deciding) { return a }
    let b = try evaluate(right)
    if b == .bool(deciding) { return b }
    switch (a, b) {
    case (.bool, .bool): return .bool(!deciding)
    case (.bool, .unknown), (.unknown, .bool), (.unknown, .unknown): return .unknown
    case (.bool, let other), (.unknown, let other), (let other, _):
      throw EvaluationError("an operand is \(other.kind), not a boolean", at: span)
    }
  }

  private func unary(_ op: UnaryOperator, _ operand: Value, _ span: Span) throws(EvaluationError) -> Value {
    switch (op, operand) {
    case (_, .unknown): return .unknown
    case (.not, .bool(let b)): return .bool(!b)
    case (.minus, .integer(let i)): return .integer(try checked(Int128(0).subtractingReportingOverflow(i), span))
    case (.complement, .integer(let i)): return .integer(~i)
    default: throw EvaluationError("the operand is \(operand.kind)", at: span)
    }
  }

  private func binary(
    _ op: BinaryOperator, _ left: Value, _ right: Value, _ span: Span
  ) throws(EvaluationError) -> Value {
    switch op {
    case .equal: return Value(left.equals(right))
    case .notEqual: return Value(left.equals(right).map { !$0 })
    case .contained: return try contained(left, in: right, span)
    default: break
    }
    if left == .unknown || right == .unknown { return .unknown }
    guard case .integer(let a) = left, case .integer(let b) = right else {
      let wrong = left.integer == nil ? left : right
      throw EvaluationError("'\(op.rawValue)' expects integers, not \(wrong.kind)", at: span)
    }
    switch op {
    case .less: return .bool(a < b)
    case .lessOrEqual: return .bool(a <= b)
    case .greater: return .bool(a > b)
    case .greaterOrEqual: return .bool(a >= b)
    case .range: return try range(a, b, span)
    case .bitOr: return .integer(a | b)
    case .bitXor: return .integer(a ^ b)
    case .bitAnd: return .integer(a & b)
    case .plus: return .integer(try checked(a.addingReportingOverflow(b), span))
    case .minus: return .integer(try checked(a.subtractingReportingOverflow(b), span))
    case .times: return .integer(try checked(a.multipliedReportingOverflow(by: b), span))
    case .divide, .remainder:
      guard b != 0 else { throw EvaluationError("division by zero", at: span) }
      let result = op == .divide ? a.dividedReportingOverflow(by: b) : a.remainderReportingOverflow(dividingBy: b)
      return .integer(try checked(result, span))
    case .shiftLeft, .shiftRight:
      guard b >= 0, b < 128 else { throw EvaluationError("a shift by \(b) bits", at: span) }
      if op == .shiftRight { return .integer(a >> b) }
      let shifted = a << b
      guard shifted >> b == a else { throw overflow(span) }
      return .integer(shifted)
    case .or, .and, .equal, .notEqual, .contained, .orElse:
      preconditionFailure("\(op.rawValue) is evaluated elsewhere")
    }
  }

  private func contained(_ value: Value, in container: Value, _ span: Span) throws(EvaluationError) -> Value {
    switch container {
    case .unknown: return .unknown
    case .table(let table): return try contained(value, in: .list(table.rows), span)
    case .list(let list):
      var result: Bool? = false
      for element in list {
        switch element.equals(value) {
        case true: return .bool(true)
        case nil: result = nil
        default: continue
        }
      }
      return Value(result)
    case .map(let map): return value == .unknown ? .unknown : .bool(map[value] != nil)
    default: throw EvaluationError("'in' expects a list or a map, not \(container.kind)", at: span)
    }
  }

  /// The maximum number of elements of a range. It keeps a wrong bound from exhausting the memory.
  private static let longestRange: Int128 = 65_536

  private func range(_ low: Int128, _ high: Int128, _ span: Span) throws(EvaluationError) -> Value {
    if high < low { return .list([]) }
    let (length, overflows) = high.subtractingReportingOverflow(low)
    guard !overflows, length < Self.longestRange else {
      throw EvaluationError("the range \(low)..\(high) has more than \(Self.longestRange) elements", at: span)
    }
    return .list((low...high).map(Value.integer))
  }

  /// Whether an element is in a range. It is not in an empty range, whatever it is.
  private func contained(
    _ element: Value, from low: Value, through high: Value, _ span: Span
  ) throws(EvaluationError) -> Value {
    for bound in [low, high] where bound != .unknown && bound.integer == nil {
      throw EvaluationError("'..' expects integers, not \(bound.kind)", at: span)
    }
    if let low = low.integer, let high = high.integer, high < low { return .bool(false) }
    if element == .unknown { return .unknown }
    guard let element = element.integer else { return .bool(false) }
    if let low = low.integer, element < low { return .bool(false) }
    if let high = high.integer, element > high { return .bool(false) }
    return low == .unknown || high == .unknown ? .unknown : .bool(true)
  }

  /// The elements by ascending keys. Elements with equal keys keep their order.
  private func sorted(
    _ list: Value, _ slot: Int, by key: Node, _ span: Span
  ) throws(EvaluationError) -> Value {
    if case .unknown = list { return .unknown }
    guard let elements = list.list else {
      throw EvaluationError("'sort' expects a list, not \(list.kind)", at: span)
    }
    var keyed: [(key: Int128, element: Value)] = []
    for element in elements {
      self[local: slot] = element
      switch try evaluate(key) {
      case .integer(let key): keyed.append((key, element))
      case .unknown: break
      case let other: throw EvaluationError("the key is \(other.kind), not an integer", at: span)
      }
    }
    // The order of a single element needs no key.
    if keyed.count < elements.count { return elements.count == 1 ? list : .unknown }
    return .list(keyed.sorted { $0.key < $1.key }.map(\.element))
  }

  private func comprehension(
    _ kind: Comprehension, _ list: Value, _ slot: Int, _ body: Node, _ span: Span
  ) throws(EvaluationError) -> Value {
    if case .unknown = list { return .unknown }
    guard let elements = try selected(kind, list, slot, body) else {
      throw EvaluationError("'\(kind.rawValue)' expects a list, not \(list.kind)", at: span)
    }
    var kept: [Value] = []
    var sawUnknown = false
    for element in elements {
      self[local: slot] = element
      let result = try evaluate(body)
      switch (kind, result) {
      case (.map, _): kept.append(result)
      case (_, .unknown): sawUnknown = true
      case (.all, .bool(false)): return .bool(false)
      case (.exists, .bool(true)): return .bool(true)
      case (.first, .bool(true)): return sawUnknown ? .unknown : element
      case (.filter, .bool(true)): kept.append(element)
      case (_, .bool): break
      default: throw EvaluationError("the condition is \(result.kind), not a boolean", at: span)
      }
    }
    if kind != .map, sawUnknown { return .unknown }
    switch kind {
    case .all: return .bool(true)
    case .exists: return .bool(false)
    case .first: return .null
    case .filter, .map: return .list(kept)
    case .sort: preconditionFailure("sort is evaluated elsewhere")
    }
  }

  /// The elements of a list; of a table only the rows that can decide the answer.
  private func selected(
    _ kind: Comprehension, _ list: Value, _ slot: Int, _ body: Node
  ) throws(EvaluationError) -> [Value]? {
    guard case .table(let table) = list, kind == .exists || kind == .first || kind == .filter,
      let required = try required(by: body, slot), let column = table.columns.firstIndex(of: required.field)
    else { return list.list }
    return table.rows(with: required.number, in: column).map { table[$0] }
  }

  /// The number that a field of the variable must have for a condition to hold: `r.offset == key.offset && …`; nil if the
  /// condition does not begin in this way.
  private func required(by condition: Node, _ slot: Int) throws(EvaluationError) -> (field: String, number: Int128)? {
    switch condition {
    case .binary(.and, let first, _, _): return try required(by: first, slot)
    case .binary(.equal, .field(.local(slot), let field, _), let other, _):
      guard case .field(.root, _, _) = other, let number = try evaluate(other).integer else { return nil }
      return (field, number)
    default: return nil
    }
  }

  private func checked(
    _ result: (partialValue: Int128, overflow: Bool), _ span: Span
  ) throws(EvaluationError) -> Int128 {
    if result.overflow { throw overflow(span) }
    return result.partialValue
  }

  private func overflow(_ span: Span) -> EvaluationError {
    EvaluationError("the result has more than 128 bits", at: span)
  }
}

extension Evaluator {
  private func builtin(_ builtin: Builtin, _ values: [Value], _ span: Span) throws(EvaluationError) -> Value {
    switch builtin {
    case .size:
      if case .map(let map) = values[0] { return Value(map.count) }
      return Value(try list(values[0], span).count)
    case .last: return try list(values[0], span).last ?? .null
    case .sum:
      var total: Int128 = 0
      for element in try list(values[0], span) {
        if case .unknown = element { return .unknown }
        total = try checked(total.addingReportingOverflow(try integer(element, span)), span)
      }
      return .integer(total)
    case .distinct: return try distinct(list(values[0], span))
    case .min: return .integer(Swift.min(try integer(values[0], span), try integer(values[1], span)))
    case .max: return .integer(Swift.max(try integer(values[0], span), try integer(values[1], span)))
    case .bit:
      let (x, n) = (try integer(values[0], span), try integer(values[1], span))
      guard n >= 0, n < 128 else { throw EvaluationError("bit(x, \(n)) is not a bit", at: span) }
      return .bool(x >> n & 1 == 1)
    case .int:
      guard case .bool(let truth) = values[0] else {
        throw EvaluationError("\(values[0].kind) is not a boolean", at: span)
      }
      return .integer(truth ? 1 : 0)
    case .bits:
      let (x, high, low) = (try integer(values[0], span), try integer(values[1], span), try integer(values[2], span))
      guard low >= 0, high >= low, high - low < 126, high < 128 else {
        throw EvaluationError("bits(x, \(high), \(low)) is not a bit field", at: span)
      }
      return .integer((x >> low) & ((Int128(1) << (high - low + 1)) - 1))
    case .wrap:
      let (x, width) = (try integer(values[0], span), try integer(values[1], span))
      guard width > 0, width < 127 else {
        throw EvaluationError("wrap(x, \(width)) does not have a valid width", at: span)
      }
      return .integer(x & ((Int128(1) << width) - 1))
    case .overlaps:
      let (a, n) = (try integer(values[0], span), try integer(values[1], span))
      let (b, m) = (try integer(values[2], span), try integer(values[3], span))
      let endB = try checked(b.addingReportingOverflow(m), span)
      let endA = try checked(a.addingReportingOverflow(n), span)
      return .bool(a < endB && b < endA)
    case .bytes: preconditionFailure("bytes() is evaluated elsewhere")
    }
  }

  private func distinct(_ list: [Value]) -> Value {
    if !list.contains(.unknown) { return .bool(Set(list).count == list.count) }
    let known = list.filter { $0 != .unknown }
    return Set(known).count == known.count ? .unknown : .bool(false)
  }

  private func list(_ value: Value, _ span: Span) throws(EvaluationError) -> [Value] {
    guard let list = value.list else { throw EvaluationError("\(value.kind) is not a list", at: span) }
    return list
  }

  private func integer(_ value: Value, _ span: Span) throws(EvaluationError) -> Int128 {
    guard case .integer(let integer) = value else { throw EvaluationError("\(value.kind) is not an integer", at: span) }
    return integer
  }
}

extension Value {
  /// Creates a boolean; nil gives unknown.
  init(_ truth: Bool?) {
    self = truth.map(Value.bool) ?? .unknown
  }
}
