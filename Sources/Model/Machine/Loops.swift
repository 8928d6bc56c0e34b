import Expressions

// `list.first(x, P)` and its like.
extension Machine {
  mutating func value(ofLoop number: LoopID, _ id: CodeID) throws(Fault) -> Cell {
    let loop = program.loops[Int(number)]
    let list = try evaluate(loop.list)
    guard list.tag == .list else {
      if list.tag == .unknown { return .unknown }
      throw fault("'\(loop.kind.rawValue)' expects a list, not \(list.kind)", at: id)
    }
    if let search = loop.search, let answer = try find(search, loop, in: list, id) { return answer }
    if let inputs = loop.inputs { return try remembered(loop, number, list, inputs, id) }
    switch loop.kind {
    case .all, .exists, .first: return try decide(loop, list, id)
    case .filter, .map: return try select(loop, list, id)
    case .sort: return try sorted(loop, list, id)
    }
  }

  private mutating func decide(_ loop: LoopCode, _ list: Cell, _ id: CodeID) throws(Fault) -> Cell {
    var sawUnknown = false
    for i in 0..<Address(list.count) {
      let element = load(list.start + i)
      locals[base + Int(loop.slot)] = element
      let test = try evaluate(loop.body)
      if test.tag == .bool {
        switch loop.kind {
        case .all: if !test.isTrue { return test }
        case .exists: if test.isTrue { return test }
        default: if test.isTrue { return sawUnknown ? .unknown : element }
        }
      } else if test.tag == .unknown {
        sawUnknown = true
      } else {
        throw fault("the condition is \(test.kind), not a boolean", at: id)
      }
    }
    if sawUnknown { return .unknown }
    return loop.kind == .first ? .null : .bool(loop.kind == .all)
  }

  private mutating func select(_ loop: LoopCode, _ list: Cell, _ id: CodeID) throws(Fault) -> Cell {
    let start = memory.allocateList(list.count)
    var count = 0
    var sawUnknown = false
    for i in 0..<Address(list.count) {
      let element = load(list.start + i)
      locals[base + Int(loop.slot)] = element
      let result = try evaluate(loop.body)
      if case .map = loop.kind {
        memory.write(result, to: start + i)
        count += 1
      } else if result.tag == .bool {
        if result.isTrue {
          memory.write(element, to: start + Address(count))
          count += 1
        }
      } else if result.tag == .unknown {
        sawUnknown = true
      } else {
        throw fault("the condition is \(result.kind), not a boolean", at: id)
      }
    }
    if sawUnknown { return .unknown }
    return count == 0 ? .emptyList : .list(start: start, count: count)
  }

  /// The elements by ascending keys. Elements with equal keys keep their order.
  private mutating func sorted(_ loop: LoopCode, _ list: Cell, _ id: CodeID) throws(Fault) -> Cell {
    var keyed: [(key: Int128, element: Cell)] = []
    for i in 0..<Address(list.count) {
      let element = load(list.start + i)
      locals[base + Int(loop.slot)] = element
      let key = try evaluate(loop.body)
      if let number = program.pool.integer(of: key) {
        keyed.append((number, element))
      } else if key.tag != .unknown {
        throw fault("the key is \(key.kind), not an integer", at: id)
      }
    }
    // The order of a single element needs no key.
    if keyed.count < list.count { return list.count == 1 ? list : .unknown }
    let elements = keyed.sorted { $0.key < $1.key }.map(\.element)
    let start = memory.allocateList(elements.count)
    for (i, element) in elements.enumerated() { memory.write(element, to: start + Address(i)) }
    return .list(start: start, count: elements.count)
  }
}

// MARK: Loops over tables

/// The answer of a loop over a table of constants for some inputs. It is valid for as long as the program is.
struct RememberedAnswer {
  var a = Cell.absent
  var b = Cell.absent
  var c = Cell.absent
  var d = Cell.absent
  var answer = Cell.absent

  subscript(i: Int) -> Cell {
    get {
      switch i {
      case 0: a
      case 1: b
      case 2: c
      default: d
      }
    }
    set {
      switch i {
      case 0: a = newValue
      case 1: b = newValue
      case 2: c = newValue
      default: d = newValue
      }
    }
  }

  func hasInputs(of other: RememberedAnswer) -> Bool { a == other.a && b == other.b && c == other.c && d == other.d }

  /// The number of answers that are remembered for a loop.
  static let count = 64

  /// The place for answers to these inputs.
  var place: Int {
    func mix(_ hash: UInt64, _ cell: Cell) -> UInt64 {
      let mixed = (hash ^ UInt64(bitPattern: cell.bits)) &* 0x9E37_79B9_7F4A_7C15
      return mixed ^ mixed >> 29
    }
    return Int(mix(mix(mix(mix(0, a), b), c), d) % UInt64(Self.count))
  }
}

extension Machine {
  /// Runs a loop over a table, unless it has been run with these inputs.
  private mutating func remembered(
    _ loop: LoopCode, _ number: LoopID, _ list: Cell, _ inputs: Operands, _ id: CodeID
  ) throws(Fault) -> Cell {
    var entry = RememberedAnswer()
    var canRemember = true
    for i in 0..<Int(inputs.count) {
      let input = program.inputs[Int(inputs.first) + i]
      // An input with a fault counts only where the loop needs it.
      let value = (try? evaluate(input.code)) ?? .absent
      if let slot = input.slot { locals[base + Int(slot)] = value }
      if value.tag == .absent || value.refersToMemory { canRemember = false }
      entry[i] = value
    }
    guard canRemember else { return try decide(loop, list, id) }
    let place = entry.place
    if program.remembered[Int(number)].isEmpty {
      program.remembered[Int(number)] = Array(repeating: RememberedAnswer(), count: RememberedAnswer.count)
    }
    let known = program.remembered[Int(number)][place]
    if known.answer.tag != .absent, known.hasInputs(of: entry) { return known.answer }
    entry.answer = try decide(loop, list, id)
    program.remembered[Int(number)][place] = entry
    return entry.answer
  }
}
