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

  /// Each row as a line whose last cell is as wide as its column. After a cell that is longer than its column, the next
  /// ones begin two blanks after it, or in their own columns again as soon as there is room.
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
      var (line, end, start) = ("", 0, 0)
      func fill(to column: Int) {
        line += String(repeating: " ", count: max(0, column - end))
        end = max(end, column)
      }
      for (column, cell) in row.enumerated() where column < widths.count {
        let width = cell.displayWidth
        if width > 0 {
          let place = rightAligned.contains(column) ? start + widths[column] - width : start
          fill(to: max(place, column == 0 ? 0 : end + 2))
          line += cell
          end += width
        }
        start += widths[column] + 2
      }
      fill(to: start - 2)
      return line
    }
  }
}
