/// The difference between two texts, as `diff -u` writes it.
package struct UnifiedDiff {
  private let old: [Substring]
  private let new: [Substring]
  private static let context = 3
  /// The maximum number of differing lines, old and new, in which common lines are searched for.
  private static let most = 4000

  package init(_ old: String, _ new: String) {
    self.old = Self.lines(old)
    self.new = Self.lines(new)
  }

  /// The lines of a text, with their line breaks.
  private static func lines(_ text: String) -> [Substring] {
    var lines: [Substring] = []
    var start = text.utf8.startIndex
    for i in text.utf8.indices where text.utf8[i] == 0x0A {
      let next = text.utf8.index(after: i)
      lines.append(text[start..<next])
      start = next
    }
    if start < text.utf8.endIndex { lines.append(text[start...]) }
    return lines
  }

  /// One line of the comparison.
  private enum Line {
    case same(old: Int, new: Int)
    case removed(Int)
    case added(Int)
  }

  /// The text of the difference; empty if there is none.
  package func text(_ oldName: String, _ newName: String) -> String {
    let lines = compared
    var text = ""
    for hunk in hunks(lines) {
      if text.isEmpty { text = "--- \(oldName)\n+++ \(newName)\n" }
      write(lines[hunk], &text)
    }
    return text
  }

  private var compared: [Line] {
    var head = 0
    while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
    var tail = 0
    while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] { tail += 1 }
    let (a, b) = (head..<old.count - tail, head..<new.count - tail)
    var lines = (0..<head).map { Line.same(old: $0, new: $0) }
    lines += middle(a, b)
    return lines + (0..<tail).map { Line.same(old: a.upperBound + $0, new: b.upperBound + $0) }
  }

  private func middle(_ a: Range<Int>, _ b: Range<Int>) -> [Line] {
    if a.count + b.count > Self.most { return a.map { .removed($0) } + b.map { .added($0) } }
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in new[b].difference(from: old[a]) {
      switch change {
      case .remove(let offset, _, _): removed.insert(a.lowerBound + offset)
      case .insert(let offset, _, _): added.insert(b.lowerBound + offset)
      }
    }
    var lines: [Line] = []
    var (i, j) = (a.lowerBound, b.lowerBound)
    while i < a.upperBound || j < b.upperBound {
      if i < a.upperBound, removed.contains(i) {
        lines.append(.removed(i))
        i += 1
      } else if j < b.upperBound, added.contains(j) {
        lines.append(.added(j))
        j += 1
      } else {
        lines.append(.same(old: i, new: j))
        i += 1
        j += 1
      }
    }
    return lines
  }

  /// The ranges of changed lines with their context. Ranges that touch are merged.
  private func hunks(_ lines: [Line]) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for (i, line) in lines.enumerated() {
      if case .same = line { continue }
      let (start, end) = (max(i - Self.context, 0), min(i + Self.context + 1, lines.count))
      if let last = hunks.last, last.upperBound >= start {
        hunks[hunks.count - 1] = last.lowerBound..<end
      } else {
        hunks.append(start..<end)
      }
    }
    return hunks
  }

  private func write(_ lines: ArraySlice<Line>, _ text: inout String) {
    var (oldLines, newLines): ([Int], [Int]) = ([], [])
    var body = ""
    func line(_ mark: String, _ line: Substring) -> String {
      mark + line + (line.utf8.last == 0x0A ? "" : "\n\\ No newline at end of file\n")
    }
    for entry in lines {
      switch entry {
      case .same(let i, let j):
        oldLines.append(i)
        newLines.append(j)
        body += line(" ", old[i])
      case .removed(let i):
        oldLines.append(i)
        body += line("-", old[i])
      case .added(let j):
        newLines.append(j)
        body += line("+", new[j])
      }
    }
    text += "@@ -\(place(oldLines)) +\(place(newLines)) @@\n" + body
  }

  /// The line numbers of a hunk: `START,COUNT`, `START` for one line, or `0,0` for an empty text.
  private func place(_ numbers: [Int]) -> String {
    guard let first = numbers.first else { return "0,0" }
    return numbers.count == 1 ? "\(first + 1)" : "\(first + 1),\(numbers.count)"
  }
}
