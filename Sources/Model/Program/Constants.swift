import Expressions

// The constants of a program. Lists and records among them have negative addresses.
extension Program {
  private static let firstConstant = Address.min

  func constant(at address: Address) -> Cell { constants[Int(address &- Self.firstConstant)] }

  mutating func constant(_ cell: Cell) -> ConstantID {
    constants.append(cell)
    return ConstantID(constants.count - 1)
  }

  /// Stores a value among the constants. Tables are stored once.
  mutating func cell(of value: Value) -> Cell {
    switch value {
    case .null: return .null
    case .unknown: return .unknown
    case .bool(let truth): return .bool(truth)
    case .integer(let integer): return pool.integer(integer)
    case .string(let text): return pool.string(text)
    case .list(let list): return table(list)
    case .record(let fields): return record(fields, shapes.shape(.value, fields.names.map { shapes.name($0) }))
    case .object, .map: preconditionFailure("a constant is \(value.kind) that can change")
    }
  }

  private mutating func table(_ rows: [Value]) -> Cell {
    if rows.isEmpty { return .emptyList }
    // Lists that share their storage are equal at once, and others differ early.
    if let known = tables.first(where: { $0.rows == rows }) { return known.cell }
    var last: (fields: Fields, shape: ShapeID, cell: Cell)?
    var cells: [Cell] = []
    cells.reserveCapacity(rows.count)
    for row in rows {
      guard case .record(let fields) = row else {
        cells.append(cell(of: row))
        continue
      }
      // The rows of a table share the array of their names, so that the comparison takes no time.
      let alike = last.flatMap { $0.fields.names == fields.names ? $0 : nil }
      let shape = alike?.shape ?? shapes.shape(.value, fields.names.map { shapes.name($0) })
      let cell = record(fields, shape, after: alike.map { ($0.fields, $0.cell) })
      cells.append(cell)
      last = (fields, shape, cell)
    }
    let start = Self.firstConstant + Address(constants.count)
    constants += cells
    let table = Cell.list(start: start, count: rows.count)
    tables.append((rows, table))
    return table
  }

  /// - Parameter last: a record of the same shape, which often has the same words.
  private mutating func record(_ fields: Fields, _ shape: ShapeID, after last: (fields: Fields, cell: Cell)? = nil)
    -> Cell
  {
    let start = constants.count
    constants.append(Cell(.shape, Int64(shape)))
    constants.append(contentsOf: repeatElement(.null, count: fields.values.count))
    // A list or a record in it is stored behind it.
    for (i, value) in fields.values.enumerated() {
      if let last, case .string(let text) = value, case .string(text) = last.fields.values[i] {
        constants[start + 1 + i] = constant(at: last.cell.address + 1 + Address(i))
      } else {
        let cell = cell(of: value)
        constants[start + 1 + i] = cell
      }
    }
    return .record(Self.firstConstant + Address(start))
  }
}
