/// Text for terminals: filled paragraphs and columns, at most `width` characters wide.
struct PageText {
  static let width = 92

  private(set) var lines: [String] = []

  var text: String { lines.joined(separator: "\n") + "\n" }

  mutating func line(_ text: String = "") { lines.append(text) }

  /// An empty line, unless there is one already.
  mutating func gap() {
    if let last = lines.last, !last.isEmpty { lines.append("") }
  }

  /// The heading of a section.
  mutating func heading(_ text: String) {
    gap()
    lines.append(text)
  }

  /// A filled paragraph. Lines after the first are indented by `hanging` more.
  mutating func paragraph(_ text: String, indent: Int = 2, hanging: Int = 0) {
    lines += Self.fill(text, first: indent, rest: indent + hanging)
  }

  /// A label, and beside it a filled text.
  mutating func labelled(_ label: String, _ text: String, indent: Int = 2, column: Int) {
    let start = max(column, indent + label.count + 2)
    var filled = Self.fill(text, first: start, rest: start)
    if filled.isEmpty { filled = [""] }
    let padding = String(repeating: " ", count: indent) + label
    filled[0] = padding + filled[0].dropFirst(padding.count)
    lines += filled
  }

  /// Cells below each other; the last one is filled.
  mutating func table(_ rows: [[String]], indent: Int = 2) {
    var widths: [Int] = []
    for row in rows {
      for (i, cell) in row.dropLast().enumerated() {
        if i == widths.count { widths.append(0) }
        widths[i] = max(widths[i], cell.count)
      }
    }
    for row in rows {
      var start = String(repeating: " ", count: indent)
      for (cell, width) in zip(row.dropLast(), widths) {
        start += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      let column = min(start.count, Self.width / 2)
      var filled = Self.fill(row.last ?? "", first: start.count, rest: column)
      if filled.isEmpty { filled = [start] }
      filled[0] = start + filled[0].dropFirst(start.count)
      while filled[0].last == " " { filled[0].removeLast() }
      lines += filled
    }
  }

  /// Breaks a text between words.
  private static func fill(_ text: String, first: Int, rest: Int) -> [String] {
    var lines: [String] = []
    var line = String(repeating: " ", count: first)
    var isEmpty = true
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: rest)
        isEmpty = true
      }
      if !isEmpty { line += " " }
      line += word
      isEmpty = false
    }
    if !isEmpty { lines.append(line) }
    return lines
  }
}
