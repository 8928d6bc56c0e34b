import Expressions

// What makes a loop fast: a condition that is a search by a field, and a body that depends on little.
//
// Slots are given out upwards, so what has none from the loop's variable on is the same for all elements.
extension Program {
  /// The operands of a node.
  private func operands(of code: CodeID) -> [CodeID] {
    switch codes[Int(code)] {
    case .constant, .local, .subject, .number, .state, .fact, .broken: []
    case .field(let a, _), .unary(_, let a), .kept(_, let a): [a]
    case .index(let a, let b), .and(let a, let b), .or(let a, let b), .orElse(let a, let b),
      .binary(_, let a, let b):
      [a, b]
    case .conditional(let a, let b, let c), .within(let a, let b, let c): [a, b, c]
    case .list(let list), .builtin(_, let list): Array(operands[list.range])
    case .loop(let id): [loops[Int(id)].list, loops[Int(id)].body]
    case .call(let arguments, let body): Array(operands[arguments.range]) + [body]
    }
  }

  private func isFixed(_ code: CodeID, below variable: Slot) -> Bool {
    switch codes[Int(code)] {
    case .local(let slot), .kept(let slot, _): slot < variable
    default: operands(of: code).allSatisfy { isFixed($0, below: variable) }
    }
  }

  /// `v.FIELD == KEY` or `KEY == v.FIELD`, where the key does not depend on the variable.
  func search(_ body: CodeID, variable: Slot) -> (field: NameID, key: CodeID)? {
    guard case .binary(.equal, let left, let right) = codes[Int(body)] else { return nil }
    for (side, key) in [(left, right), (right, left)] {
      guard case .field(let base, let name) = codes[Int(side)], case .local(variable) = codes[Int(base)],
        isFixed(key, below: variable)
      else { continue }
      return (name, key)
    }
    return nil
  }

  /// The largest number of inputs for which answers are remembered.
  static let mostInputs = 4

  /// The largest parts of a loop's body that do not depend on its variable; nil if there are too many. Each is then
  /// computed once for the loop.
  mutating func inputs(of body: CodeID, variable: Slot) -> Operands? {
    var found: [CodeID] = []
    func collect(_ code: CodeID) {
      if case .constant = codes[Int(code)] { return }
      if isFixed(code, below: variable) {
        found.append(code)
      } else {
        operands(of: code).forEach(collect)
      }
    }
    collect(body)
    var distinct: [CodeID] = []
    for code in found where !distinct.contains(code) { distinct.append(code) }
    guard distinct.count <= Self.mostInputs else { return nil }
    let first = Int32(inputs.count)
    for code in distinct { inputs.append(keep(code)) }
    return Operands(first: first, count: Int32(distinct.count))
  }

  /// Replaces code by a slot that holds its value during the loop.
  private mutating func keep(_ code: CodeID) -> LoopInput {
    // Several places may share such a node.
    if isStable(code) { return LoopInput(code: code, slot: nil) }
    let slot = slotCount
    reserve(slot + 1)
    let moved = emit(codes[Int(code)])
    codes[Int(code)] = .kept(slot, moved)
    // A fault still shows the functions that it is in.
    for call in calls where call.code.contains(code) { calls.append((moved..<moved + 1, call.function)) }
    return LoopInput(code: moved, slot: slot)
  }
}

extension Arguments {
  var range: Range<Int> { Int(first)..<Int(first) + Int(count) }
}
