import Testing

/// Expects two texts to be equal. A failure shows the lines that differ.
package func expectSameText(
  _ actual: String, _ expected: String, _ title: String = "the text", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual != expected else { return }
  expectSameLines(lines(actual), lines(expected), title, sourceLocation: sourceLocation)
}

/// Expects two lists of lines to be equal. A failure shows the lines that differ, with three equal lines around them.
package func expectSameLines(
  _ actual: [String], _ expected: [String], _ title: String = "the list",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual != expected else { return }
  let difference = lineDifference(from: expected, to: actual).joined(separator: "\n")
  Issue.record(
    "\(title) differs from the expected one: expected (-), actual (+)\n\(difference)", sourceLocation: sourceLocation)
}

/// The lines of a text; the last one is empty if the text ends with a line break.
private func lines(_ text: String) -> [String] {
  text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
}

/// The lines of both lists in order, marked `-`, `+` or with a blank. Long runs of equal lines are left out.
package func lineDifference(from old: [String], to new: [String]) -> [String] {
  var removed: Set<Int> = []
  var inserted: Set<Int> = []
  for change in new.difference(from: old) {
    switch change {
    case .remove(let offset, _, _): removed.insert(offset)
    case .insert(let offset, _, _): inserted.insert(offset)
    }
  }
  var marked: [(mark: String, line: String)] = []
  var (i, j) = (0, 0)
  while i < old.count || j < new.count {
    if removed.contains(i) {
      marked.append(("-", old[i]))
      i += 1
    } else if inserted.contains(j) {
      marked.append(("+", new[j]))
      j += 1
    } else {
      marked.append((" ", old[i]))
      i += 1
      j += 1
    }
  }
  let context = 3
  var shown: Set<Int> = []
  for index in marked.indices where marked[index].mark != " " {
    shown.formUnion(max(0, index - context)...min(marked.count - 1, index + context))
  }
  var lines: [String] = []
  for index in shown.sorted() {
    if index > 0, !shown.contains(index - 1) { lines.append("@@") }
    lines.append(marked[index].mark + marked[index].line)
  }
  return lines
}
