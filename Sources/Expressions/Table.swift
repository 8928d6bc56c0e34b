/// A table of constants, as a schema writes it: single rows, and rows that are repeated for each of some numbers.
///
/// Tables have thousands of rows, and most runs use a few of them. A row is made when it is needed.
package struct Table: Hashable, Sendable {
  package let columns: [String]
  package let blocks: [Block]
  /// The number of rows.
  package let count: Int

  /// - Parameter blocks: in the order of the rows, with a cell for each column.
  package init(columns: [String], blocks: [Block]) {
    precondition(blocks.allSatisfy { $0.cells.count == columns.count })
    (self.columns, self.blocks) = (columns, blocks)
    count = blocks.reduce(0) { $0 + $1.count }
  }

  /// One item of a table: a row, or a row for each of some numbers.
  package struct Block: Hashable, Sendable {
    package let cells: [Cell]
    /// The number of rows.
    package let count: Int

    package init(cells: [Cell], count: Int) { (self.cells, self.count) = (cells, count) }
  }

  /// What a column is in the rows of a block.
  package enum Cell: Hashable, Sendable {
    case constant(Value)
    case number(Numbers)
    /// A text with a number in it.
    case text(before: String, Numbers, after: String)
    /// A value for each row.
    case values([Value])
  }

  /// A number for each row of a block.
  package enum Numbers: Hashable, Sendable {
    /// `first + step * i` in the row with index i.
    case regular(first: Int128, step: Int128)
    case irregular([Int128])

    package subscript(row: Int) -> Int128 {
      switch self {
      case .regular(let first, let step): first + step * Int128(row)
      case .irregular(let numbers): numbers[row]
      }
    }

    /// The indices of those of `count` rows that have a number.
    fileprivate func rows(with number: Int128, of count: Int) -> [Int] {
      switch self {
      case .irregular(let numbers): return numbers.indices.filter { numbers[$0] == number }
      case .regular(let first, step: 0): return number == first ? Array(0..<count) : []
      case .regular(let first, let step):
        let (distance, overflows) = number.subtractingReportingOverflow(first)
        // The least number has no quotient by -1.
        if overflows || distance == .min { return [] }
        let (row, rest) = distance.quotientAndRemainder(dividingBy: step)
        return rest == 0 && row >= 0 && row < Int128(count) ? [Int(row)] : []
      }
    }
  }
}

extension Table {
  /// The place of a row.
  package struct RowIndex {
    var block: Int
    var row: Int
  }

  /// A row, as a record.
  package subscript(row: RowIndex) -> Value {
    .record(Fields(names: columns, values: blocks[row.block].cells.map { $0[row.row] }))
  }

  /// What a row has in a column.
  package subscript(row: RowIndex, column: Int) -> Value { blocks[row.block].cells[column][row.row] }

  /// The places of all rows.
  package var indices: some Sequence<RowIndex> {
    blocks.indices.lazy.flatMap { block in (0..<blocks[block].count).lazy.map { RowIndex(block: block, row: $0) } }
  }

  /// All rows, as records.
  package var rows: [Value] { indices.map { self[$0] } }

  /// The values of a column, from the first row to the last.
  package func values(of column: Int) -> [Value] { indices.map { self[$0, column] } }

  /// The rows with a number in a column.
  package func rows(with number: Int128, in column: Int) -> [RowIndex] {
    blocks.indices.flatMap { block in
      blocks[block].cells[column].rows(with: number, of: blocks[block].count).map { RowIndex(block: block, row: $0) }
    }
  }

  /// The first row with a text in a column.
  package func row(with text: String, in column: Int) -> RowIndex? {
    for (i, block) in blocks.enumerated() {
      if let row = block.cells[column].firstRow(with: text, of: block.count) { return RowIndex(block: i, row: row) }
    }
    return nil
  }
}

extension Table.Cell {
  package subscript(row: Int) -> Value {
    switch self {
    case .constant(let value): value
    case .number(let numbers): .integer(numbers[row])
    case .text(let before, let numbers, let after): .string(before + digits(numbers[row]) + after)
    case .values(let values): values[row]
    }
  }

  /// `String(Int128)` takes ten times as long.
  private func digits(_ number: Int128) -> String { Int64(exactly: number).map { String($0) } ?? String(number) }

  /// The indices of those of `count` rows that have a number.
  fileprivate func rows(with number: Int128, of count: Int) -> [Int] {
    switch self {
    case .constant(let value): value == .integer(number) ? Array(0..<count) : []
    case .number(let numbers): numbers.rows(with: number, of: count)
    case .text: []
    case .values(let values): values.indices.filter { values[$0] == .integer(number) }
    }
  }

  /// The index of the first of `count` rows that has a text.
  fileprivate func firstRow(with text: String, of count: Int) -> Int? {
    switch self {
    case .constant(let value): return value == .string(text) && count > 0 ? 0 : nil
    case .number: return nil
    case .text(let before, let numbers, let after):
      guard text.utf8.count > before.utf8.count + after.utf8.count, text.hasPrefix(before), text.hasSuffix(after),
        let number = Int128(text.dropFirst(before.count).dropLast(after.count))
      else { return nil }
      // `+7` and `07` are other texts.
      return numbers.rows(with: number, of: count).first { self[$0] == .string(text) }
    case .values(let values): return values.firstIndex(of: .string(text))
    }
  }
}
