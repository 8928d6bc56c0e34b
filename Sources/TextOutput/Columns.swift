/// Lines of cells that are aligned in columns.
package struct Columns {
  /// A cell that is longer than this does not widen its column.
  package var widest = 56
  /// The columns whose cells are aligned on the right.
  package var rightAligned: Set<Int> = []
  private(set) var rows: [[String]] = []

  package init(widest: Int = 56, rightAligned: Set<Int> = []) {
    self.widest = widest
    self.rightAligned = rightAligned
  }

  package mutating func append(_ row: [String]) { rows.append(row) }

  /// Each row as a line, without blanks at its end.
  package func lines() -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        let width = cell.unicodeScalars.count
        if width <= widest { widths[column] = max(widths[column], width) }
      }
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.unicodeScalars.count))
        line += (column == 0 ? "" : "  ") + (rightAligned.contains(column) ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
