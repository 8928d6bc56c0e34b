/// A page of text for terminals: filled paragraphs and tables, at most `width` columns wide.
package struct PageText {
  package static let width = 92

  package private(set) var lines: [String] = []

  package init() {}

  package var text: String { lines.joined(separator: "\n") + "\n" }

  package mutating func line(_ text: String = "") { lines.append(text) }

  /// An empty line, unless there is one already.
  package mutating func gap() {
    if let last = lines.last, !last.isEmpty { lines.append("") }
  }

  /// The heading of a section.
  package mutating func heading(_ text: String) {
    gap()
    lines.append(text)
  }

  /// A line with a text at each end.
  package mutating func line(_ left: String, _ right: String) {
    let gap = max(2, Self.width - left.displayWidth - right.displayWidth)
    line(left + String(repeating: " ", count: gap) + right)
  }

  /// A filled paragraph. Lines after the first are indented by `hanging` more.
  package mutating func paragraph(_ text: String, indent: Int = 2, hanging: Int = 0) {
    lines += Self.fill(text, first: indent, rest: indent + hanging)
  }

  /// A label, and beside it a filled text.
  package mutating func labelled(_ label: String, _ text: String, indent: Int = 2, column: Int) {
    let start = max(column, indent + label.displayWidth + 2)
    fill(text, after: String(repeating: " ", count: indent) + label, at: start, rest: start)
  }

  /// Aligned cells; the last one is filled. If the others leave it less than half of the page, it is below them.
  package mutating func table(_ rows: [[String]], indent: Int = 2) {
    let starts = Columns(rows.map { $0.dropLast() }, widest: .max).paddedLines()
    let column = indent + (starts.first?.displayWidth ?? 0) + 2
    let isBelow = column > Self.width / 2 && rows.contains { column + ($0.last ?? "").displayWidth > Self.width }
    for (row, start) in zip(rows, starts) {
      let start = String(repeating: " ", count: indent) + start + (row.count > 1 ? "  " : "")
      if isBelow {
        line(String(start.reversed().drop { $0 == " " }.reversed()))
        paragraph(row.last ?? "", indent: indent + 4)
      } else {
        fill(row.last ?? "", after: start, at: start.displayWidth, rest: start.displayWidth)
      }
    }
  }

  /// Fills a text from a column on, with a label before it.
  private mutating func fill(_ text: String, after label: String, at first: Int, rest: Int) {
    var filled = Self.fill(text, first: first, rest: rest)
    if filled.isEmpty { filled = [""] }
    filled[0] = label + filled[0].dropFirst(label.displayWidth)
    while filled[0].last == " " { filled[0].removeLast() }
    lines += filled
  }

  /// Breaks a text between words.
  ///
  /// - Parameters:
  ///   - first: the indentation of the first line.
  ///   - rest: that of the other lines.
  package static func fill(_ text: String, first: Int, rest: Int, width: Int = width) -> [String] {
    let limit = width
    var lines: [String] = []
    var line = String(repeating: " ", count: first)
    var column = first
    var isEmpty = true
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      let width = word.displayWidth
      if !isEmpty, column + 1 + width > limit {
        lines.append(line)
        line = String(repeating: " ", count: rest)
        column = rest
        isEmpty = true
      }
      if !isEmpty {
        line += " "
        column += 1
      }
      line += word
      column += width
      isEmpty = false
    }
    if !isEmpty { lines.append(line) }
    return lines
  }
}
