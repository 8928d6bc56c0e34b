/// Rows whose cells are aligned in columns, two blanks apart.
package struct Columns {
  /// A longer cell does not widen its column.
  private let widest: Int
  private let rightAligned: Set<Int>
  private var rows: [[String]]

  package init(_ rows: [[String]] = [], widest: Int = 56, rightAligned: Set<Int> = []) {
    self.rows = rows
    self.widest = widest
    self.rightAligned = rightAligned
  }

  package mutating func append(_ row: [String]) { rows.append(row) }

  /// Each row as a line, without blanks at its end.
  package func lines() -> [String] {
    paddedLines().map { line in
      var line = line
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// Each row as a line whose last cell is as wide as its column.
  func paddedLines() -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        let width = cell.displayWidth
        if width <= widest { widths[column] = max(widths[column], width) }
      }
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.displayWidth))
        line += (column == 0 ? "" : "  ") + (rightAligned.contains(column) ? padding + cell : cell + padding)
      }
      return line
    }
  }
}
