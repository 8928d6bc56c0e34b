import Diagnostics
import TextOutput

/// Diagnostics as text, for people:
///
///     vm.yaml:7:9: error: group 'addr' has no attribute 'redsit' [unknown-attribute]
///         7 |         redsit: 0x080A_0000
///           |         ^^^^^^
///        note: did you mean 'redist'?
package struct TextRenderer: Sendable {
  /// Whether to colour the text with terminal escape sequences.
  package var color: Bool
  /// The number of diagnostics that are shown for each file; the rest are only counted.
  package var limit: Int

  package init(color: Bool = false, limit: Int = 100) {
    self.color = color
    self.limit = limit
  }

  /// Writes the diagnostics in the order given.
  package func render(_ diagnostics: [Diagnostic], into output: inout String) {
    var counts: [SourceFile: Int] = [:]
    var crowded: [SourceFile] = []
    for diagnostic in diagnostics {
      if let file = diagnostic.range?.file {
        let count = counts[file, default: 0] + 1
        counts[file] = count
        if count == limit + 1 { crowded.append(file) }
        if count > limit { continue }
      }
      render(diagnostic, into: &output)
    }
    for file in crowded {
      let more = counts[file, default: limit] - limit
      output += "\(file.path.printable): \(more) more \(more == 1 ? "problem is" : "problems are") not shown\n"
    }
  }

  /// Writes an error that is not about a text, and has no id. Its message may have several lines.
  package func renderError(_ message: String, into output: inout String) {
    let lines = message.split(separator: "\n").map { styled(String($0).printable, .bold) }
    output += styled("error:", .error) + " " + lines.joined(separator: "\n") + "\n"
  }

  /// Writes one diagnostic, with the line that it refers to, its notes and its fix-its.
  package func render(_ diagnostic: Diagnostic, into output: inout String) {
    if let range = diagnostic.range { output += styled(place(range) + ":", .bold) + " " }
    output += styled(diagnostic.severity.rawValue + ":", .of(diagnostic.severity)) + " "
    output += styled(diagnostic.message.printable, .bold)
    output += " [\(diagnostic.id.description.printable)]\n"
    if let range = diagnostic.range { renderLine(range, into: &output) }
    for note in diagnostic.notes {
      renderNote((note.range.map { place($0) + ": " } ?? "") + note.message.printable, into: &output)
    }
    for fixIt in diagnostic.fixIts where !diagnostic.says(fixIt) {
      renderNote(fixIt.sentence.printable, into: &output)
    }
  }
}

extension TextRenderer {
  private func place(_ range: SourceRange) -> String {
    "\(range.file.path.printable):\(range.start.line):\(range.start.column)"
  }

  private func renderNote(_ text: String, into output: inout String) {
    output += "   " + styled("note:", .of(.note)) + " " + text + "\n"
  }

  private func renderLine(_ range: SourceRange, into output: inout String) {
    guard let excerpt = Excerpt(of: range) else { return }
    let number = String(range.start.line)
    let width = max(5, number.utf8.count)
    output += String(repeating: " ", count: width - number.utf8.count) + number + " | " + excerpt.text + "\n"
    output += String(repeating: " ", count: width) + " | " + String(repeating: " ", count: excerpt.indent)
    output += styled(String(repeating: "^", count: excerpt.length), .caret) + "\n"
  }

  private func styled(_ text: String, _ style: Style) -> String {
    color ? text.styled(style.rawValue) : text
  }
}

/// Select Graphic Rendition, as ECMA-48 numbers it.
private enum Style: String {
  case bold = "1"
  case error = "1;31"
  case warning = "1;35"
  case note = "1;36"
  case caret = "1;32"

  static func of(_ severity: Severity) -> Style {
    switch severity {
    case .error: .error
    case .warning: .warning
    case .note: .note
    }
  }
}

// MARK: - Fix-its

extension Diagnostic {
  /// Whether the message or a note already contains the replacement.
  fileprivate func says(_ fixIt: FixIt) -> Bool {
    guard !fixIt.replacement.isEmpty else { return false }
    return message.contains(text: fixIt.replacement) || notes.contains { $0.message.contains(text: fixIt.replacement) }
  }
}

extension FixIt {
  fileprivate var sentence: String {
    let replaced = range.start.line == range.end.line ? range.text : ""
    if replacement.isEmpty { return replaced.isEmpty ? "this can be removed" : "remove '\(replaced)'" }
    // A text with quotes of its own needs no more.
    let shown = replacement.hasPrefix("'") || replacement.hasPrefix("\"") ? replacement : "'\(replacement)'"
    return replaced.isEmpty ? "insert \(shown)" : "did you mean \(shown)?"
  }
}

extension String {
  fileprivate func contains(text: String) -> Bool {
    let (all, part) = (Array(utf8), Array(text.utf8))
    guard part.count <= all.count else { return false }
    return (0...all.count - part.count).contains { all[$0..<$0 + part.count].elementsEqual(part) }
  }
}
