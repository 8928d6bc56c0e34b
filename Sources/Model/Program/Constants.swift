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
    case .list(let list): return self.list(list)
    case .table(let table): return cell(of: table)
    case .record(let fields): return record(fields)
    case .object, .map: preconditionFailure("a constant is \(value.kind) that can change")
    }
  }

  private mutating func list(_ elements: [Value]) -> Cell {
    if elements.isEmpty { return .emptyList }
    var cells: [Cell] = []
    for element in elements { cells.append(cell(of: element)) }
    constants += cells
    return .list(start: next - Address(cells.count), count: cells.count)
  }

  private mutating func record(_ fields: Fields) -> Cell {
    var cells = [Cell(.shape, Int64(shapes.shape(.value, fields.names.map { shapes.name($0) })))]
    for value in fields.values { cells.append(cell(of: value)) }
    constants += cells
    return .record(next - Address(cells.count))
  }

  /// The address of the next constant.
  private var next: Address { Self.firstConstant + Address(constants.count) }
}

// MARK: Tables

extension Program {
  private mutating func cell(of table: Table) -> Cell {
    if table.count == 0 { return .emptyList }
    // Tables that share their storage are equal at once, and others differ early.
    if let known = tables.first(where: { $0.table == table }) { return known.cell }
    let shape = Cell(.shape, Int64(shapes.shape(.value, table.columns.map { shapes.name($0) })))
    // The lists and records in cells are stored first, then the rows, then the list of the rows.
    var blocks: [(count: Int, columns: [Column])] = []
    for block in table.blocks { blocks.append((block.count, block.cells.map { column(of: $0, block.count) })) }
    let first = next
    for (count, columns) in blocks {
      for row in 0..<count {
        constants.append(shape)
        for column in columns { constants.append(column[row]) }
      }
    }
    let start = next
    for row in 0..<table.count { constants.append(.record(first + Address(row * (table.columns.count + 1)))) }
    let cell = Cell.list(start: start, count: table.count)
    tables.append((table, cell))
    return cell
  }

  /// A column of a block.
  private enum Column {
    case constant(Cell)
    case number(first: Int64, step: Int64)
    /// A text with a number in it, by its place in `texts`.
    case text(Int)
    case cells([Cell])

    subscript(row: Int) -> Cell {
      switch self {
      case .constant(let cell): cell
      case .number(let first, let step): .integer(first + step * Int64(row))
      case .text(let number): Cell(.text, Int64(number) << 32 | Int64(row))
      case .cells(let cells): cells[row]
      }
    }
  }

  private mutating func column(of cell: Table.Cell, _ count: Int) -> Column {
    switch cell {
    case .constant(let value): return .constant(self.cell(of: value))
    case .text:
      texts.append(cell)
      return .text(texts.count - 1)
    case .number(.regular(let first, let step)):
      if let low = Int64(exactly: first), let step = Int64(exactly: step),
        Int64(exactly: first + Int128(step) * Int128(count)) != nil
      {
        return .number(first: low, step: step)
      }
      return .cells(cells(of: cell, count))
    case .number(.irregular), .values: return .cells(cells(of: cell, count))
    }
  }

  private mutating func cells(of cell: Table.Cell, _ count: Int) -> [Cell] {
    var cells: [Cell] = []
    for row in 0..<count { cells.append(self.cell(of: cell[row])) }
    return cells
  }

  /// The string of a text that was not needed before.
  mutating func string(ofText text: Cell) -> Cell { cell(of: value(ofText: text)) }

  func value(ofText text: Cell) -> Value { texts[Int(text.bits >> 32)][Int(text.bits & 0xFFFF_FFFF)] }
}
