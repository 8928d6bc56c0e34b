import Diagnostics
import Expressions

// Changes of the state.
extension Machine {
  mutating func change(_ id: EffectID) throws(Stop) {
    let effect = program.effects[Int(id)]
    let base = try value(of: effect.base)
    let new = try newValue(effect.value)
    // Which record changes is unknown, and so is what it will hold; nothing better can be said.
    if base.tag == .unknown { return }
    guard base.tag == .object else { throw faulty("an effect changes a field of \(base.kind)", at: id) }
    guard let place = program.shapes.place(of: effect.field, in: shape(of: base)) else { throw impossible(id) }
    let address = base.address + 1 + place
    let old = memory[address]
    if old.tag == .absent { throw impossible(id) }
    changed(effect.field)
    switch effect.action {
    case .assign: memory.write(owned(new), to: address)
    case .append:
      switch old.tag {
      case .unknown: break
      case .list: append(new, toListAt: address)
      default: throw impossible(id)
      }
    case .store(let key):
      let name = try value(of: key)
      if name.tag == .unknown {
        memory.write(.unknown, to: address)
      } else if old.tag == .map {
        memory.store(owned(new), at: self.key(name), inMapAt: address)
      } else if old.tag != .unknown {
        throw impossible(id)
      }
    }
  }

  /// Adds an element to the list in a cell.
  mutating func append(_ element: Cell, toListAt address: Address) {
    let list = memory[address]
    if list.start < 0 {
      // A table of constants grows as a copy.
      let start = memory.allocateList(list.count)
      for i in 0..<Address(list.count) { memory.write(load(list.start + i), to: start + i) }
      memory.write(.list(start: start, count: list.count), to: address)
    }
    memory.append(owned(element), toListAt: address)
  }

  /// The value for a place of its own: a map is copied, as each changes in its place.
  private mutating func owned(_ value: Cell) -> Cell {
    value.tag == .map ? memory.allocateMap(memory.entries(of: value)) : value
  }

  private mutating func newValue(_ value: EffectCode.NewValue) throws(Stop) -> Cell {
    switch value {
    case .value(let expression): return try self.value(of: expression)
    case .emptyMap: return memory.allocateMap()
    case .record(let shape, let first, let count):
      var values: [Cell] = []
      for i in first..<first + count { values.append(try newValue(program.newValues[Int(i)])) }
      let record = memory.allocateObject(shape, fields: values.count)
      for (i, value) in values.enumerated() { memory.write(owned(value), to: record + 1 + Address(i)) }
      return .object(record)
    }
  }

  @inline(never)
  private mutating func impossible(_ id: EffectID) -> Stop {
    faulty("'\(program.shapes.names[Int(program.effects[Int(id)].field)])' cannot be changed like this", at: id)
  }

  @inline(never)
  private mutating func faulty(_ message: String, at id: EffectID) -> Stop {
    ending = .fault(.error("schema-evaluation", message, at: program.effectOrigins[Int(id)].source))
    return .fault
  }
}
