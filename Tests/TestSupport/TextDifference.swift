import Testing
import TextOutput

/// Expects two texts to be equal. A failure shows their difference.
package func expectSameText(
  _ actual: String, _ expected: String, _ title: String = "the text", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual != expected else { return }
  let difference = UnifiedDiff(expected, actual).text("expected", "actual")
  Issue.record("\(title) differs from the expected one\n\(difference)", sourceLocation: sourceLocation)
}

/// Expects two lists of lines to be equal. A failure shows their difference.
package func expectSameLines(
  _ actual: [String], _ expected: [String], _ title: String = "the list",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual != expected else { return }
  let text = { (lines: [String]) in lines.map { $0 + "\n" }.joined() }
  let difference = UnifiedDiff(text(expected), text(actual)).text("expected", "actual")
  Issue.record("\(title) differs from the expected one\n\(difference)", sourceLocation: sourceLocation)
}
