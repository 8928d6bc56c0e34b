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
    let cells = rows.map { row -> Cell in
      guard case .record(let fields) = row else { return cell(of: row) }
      // The rows of a table share the array of their names, so that the comparison takes no time.
      if let known = last, known.fields.names == fields.names {
        let cell = record(fields, known.shape, after: (known.fields, known.cell))
        last = (fields, known.shape, cell)
        return cell
      }
      let shape = shapes.shape(.value, fields.names.map { shapes.name($0) })
      let cell = record(fields, shape)
      last = (fields, shape, cell)
      return cell
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
    var values: [Cell] = []
    values.reserveCapacity(fields.values.count)
    for (i, value) in fields.values.enumerated() {
      if let last, case .string(let text) = value, case .string(text) = last.fields.values[i] {
        values.append(constant(at: last.cell.address + 1 + Address(i)))
      } else {
        values.append(cell(of: value))
      }
    }
    let address = Self.firstConstant + Address(constants.count)
    constants.append(Cell(.shape, Int64(shape)))
    constants += values
    return .record(address)
  }
}
