import Expressions

// Between the values of schemas and hosts, and cells.
extension Machine {
  /// Stores a value in the memory.
  mutating func cell(of value: Value) -> Cell {
    switch value {
    case .null: return .null
    case .unknown: return .unknown
    case .bool(let truth): return .bool(truth)
    case .integer(let integer): return program.pool.integer(integer)
    case .string(let text): return program.pool.string(text)
    case .table(let table): return self.cell(of: .list(table.rows))
    case .list(let list):
      let start = memory.allocateList(list.count)
      for (i, element) in list.enumerated() { memory.write(cell(of: element), to: start + Address(i)) }
      return .list(start: start, count: list.count)
    case .record(let fields): return record(zip(fields.names, fields.values).map { ($0, cell(of: $1)) })
    case .map(let map):
      var entries: [Cell: Cell] = [:]
      for (name, value) in map { entries[key(cell(of: name))] = cell(of: value) }
      return memory.allocateMap(entries)
    case .object(let id): return .object(Address(id.rawValue))
    }
  }

  /// Makes a record that never changes.
  mutating func record(_ fields: [(name: String, value: Cell)]) -> Cell {
    let shape = program.shapes.shape(.value, fields.map { program.shapes.name($0.name) })
    let address = memory.allocate(shape, fields: fields.count)
    for (i, field) in fields.enumerated() { memory.write(field.value, to: address + 1 + Address(i)) }
    return .record(address)
  }

  func value(of cell: Cell) -> Value {
    switch cell.tag {
    case .null: return .null
    case .unknown: return .unknown
    case .bool: return .bool(cell.isTrue)
    case .integer: return .integer(Int128(cell.bits))
    case .wide: return .integer(program.pool.wides[Int(cell.bits)])
    case .string: return .string(program.pool.string(of: cell))
    case .list: return .list(elements(of: cell).map { value(of: $0) })
    case .record: return fields(of: cell) { value(of: $0) }
    case .object: return .object(ObjectID(rawValue: Int(cell.address)))
    case .map:
      var map: [Value: Value] = [:]
      for (name, entry) in memory.entries(of: cell) { map[value(of: name)] = value(of: entry) }
      return .map(map)
    case .composite: return program.pool.composites[Int(cell.bits)]
    case .text: return program.value(ofText: cell)
    case .absent, .shape, .storage: preconditionFailure("\(cell.tag) is not a value")
    }
  }

  /// A value that the kernel copies out: a record of the state is copied as its fields.
  func contents(of cell: Cell) -> Value {
    switch cell.tag {
    case .list: .list(elements(of: cell).map { contents(of: $0) })
    case .record, .object: fields(of: cell) { contents(of: $0) }
    default: value(of: cell)
    }
  }

  private func fields(of record: Cell, _ value: (Cell) -> Value) -> Value {
    let names = program.shapes.names(of: shape(of: record))
    return .record(
      Fields(
        names.enumerated().map { i, name in
          (program.shapes.names[Int(name)], value(load(record.address + 1 + Address(i))))
        }))
  }

  /// A value as the key of a map.
  mutating func key(_ cell: Cell) -> Cell {
    cell.tag == .list || cell.tag == .record ? program.pool.composite(value(of: cell)) : cell
  }

  func elements(of list: Cell) -> [Cell] { (0..<Address(list.count)).map { load(list.start + $0) } }
}

// MARK: Comparison

extension Machine {
  /// Whether two values are equal; nil if that depends on an unknown part.
  ///
  /// Records with an identity are equal only if they are the same record.
  ///
  /// It changes nothing, but a call of a function that cannot change the machine would copy it.
  mutating func equals(_ a: Cell, _ b: Cell) -> Bool? {
    if a.tag == .unknown || b.tag == .unknown {
      return a == .present && b == .null || a == .null && b == .present ? false : nil
    }
    if a.tag == .text || b.tag == .text { return value(of: a) == value(of: b) }
    guard a.tag == b.tag else { return false }
    switch a.tag {
    case .list: return a.count == b.count ? areEqual(a.start, b.start, count: a.count) : false
    case .record:
      let shape = shape(of: a)
      guard shape == self.shape(of: b) else { return false }
      return areEqual(a.address + 1, b.address + 1, count: program.shapes.names(of: shape).count)
    case .map: return a == b || value(of: a) == value(of: b)
    default: return a == b
    }
  }

  private mutating func areEqual(_ a: Address, _ b: Address, count: Int) -> Bool? {
    var result: Bool? = true
    for i in 0..<Address(count) {
      switch equals(load(a + i), load(b + i)) {
      case true: continue
      case nil: result = nil
      default: return false
      }
    }
    return result
  }
}
