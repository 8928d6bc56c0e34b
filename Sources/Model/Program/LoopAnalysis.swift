import Expressions

// What makes a loop fast: a condition that is a search by a field, and a body that depends on little.
//
// Slots are given out upwards, so what has none from the loop's variable on is the same for all elements.
extension Program {
  /// The operands of a node.
  private func operands(of code: CodeID) -> [CodeID] {
    switch codes[Int(code)] {
    case .constant, .local, .subject, .number, .state, .fact, .broken: []
    case .field(let a, _), .fieldOfLocal(let a, _, _), .unary(_, let a), .kept(_, let a): [a]
    case .index(let a, let b), .and(let a, let b), .or(let a, let b), .orElse(let a, let b),
      .binary(_, let a, let b), .binaryConstant(_, let a, let b, _):
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

  /// The search that a condition is, or begins with.
  mutating func search(_ body: CodeID, variable: Slot) -> SearchCode? {
    var first = body
    while case .and(let left, _) = codes[Int(first)] { first = left }
    guard let (left, right) = codes[Int(first)].equation else { return nil }
    for (value, wanted) in [(left, right), (right, left)] where isFixed(wanted, below: variable) {
      var fields: [NameID] = []
      guard isOwn(value, of: variable, &fields), !fields.isEmpty else { continue }
      return SearchCode(
        value: value, wanted: wanted, key: key(KeyCode(value: value, variable: variable, fields: fields)),
        isAll: first == body)
    }
    return nil
  }

  /// Whether a value depends on a loop's variable alone; collects the fields that it reads.
  private func isOwn(_ code: CodeID, of variable: Slot, _ fields: inout [NameID]) -> Bool {
    switch codes[Int(code)] {
    case .local(let slot): if slot < variable { return false }
    case .field(_, let name), .fieldOfLocal(_, let name, _): fields.append(name)
    case .constant, .index, .builtin, .call, .unary, .and, .or, .orElse, .within, .binary, .binaryConstant,
      .conditional:
      break
    case .subject, .number, .state, .fact, .list, .loop, .kept, .broken: return false
    }
    return operands(of: code).allSatisfy { isOwn($0, of: variable, &fields) }
  }

  /// The number of a key; the same for the same expression of another variable.
  private mutating func key(_ key: KeyCode) -> KeyID {
    if let known = keys.firstIndex(where: {
      $0.fields == key.fields && isSame($0.value, key.value, moved: key.variable - $0.variable)
    }) {
      return KeyID(known)
    }
    keys.append(key)
    return KeyID(keys.count - 1)
  }

  /// Whether two expressions are the same, but for the places of their locals.
  private func isSame(_ a: CodeID, _ b: CodeID, moved distance: Slot) -> Bool {
    switch (codes[Int(a)], codes[Int(b)]) {
    case (.local(let a), .local(let b)): return a + distance == b
    case (.constant(let a), .constant(let b)): return constants[Int(a)] == constants[Int(b)]
    case (.field(_, let a), .field(_, let b)), (.fieldOfLocal(_, let a, _), .fieldOfLocal(_, let b, _)):
      if a != b { return false }
    case (.unary(let a, _), .unary(let b, _)): if a != b { return false }
    case (.binary(let a, _, _), .binary(let b, _, _)),
      (.binaryConstant(let a, _, _, _), .binaryConstant(let b, _, _, _)):
      if a != b { return false }
    case (.builtin(let a, _), .builtin(let b, _)): if a != b { return false }
    case (.call(let a, _), .call(let b, _)): if Slot(a.slot) + distance != Slot(b.slot) { return false }
    case (.index, .index), (.and, .and), (.or, .or), (.orElse, .orElse), (.within, .within),
      (.conditional, .conditional):
      break
    default: return false
    }
    let (a, b) = (operands(of: a), operands(of: b))
    return a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1, moved: distance) }
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
    for call in calls where call.contains(code) {
      calls.append(WrittenOutCall(function: call.function, first: moved, end: moved + 1))
    }
    return LoopInput(code: moved, slot: slot)
  }
}

extension Arguments {
  var range: Range<Int> { Int(first)..<Int(first) + Int(count) }
}
