import Diagnostics
import TextOutput
import Vocabulary

/// Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.
///
/// The most severe come first, since GitHub shows annotations only for the first ten of each kind in a step. The others
/// are in the step's log, with their places in the text, and a notice shows their number.
package struct GitHubRenderer: Sendable {
  /// The number of annotations of a kind that GitHub shows for one step.
  package static let limit = 10

  package init() {}

  package func render(_ diagnostics: [Diagnostic], into output: inout String) {
    let kinds = [Severity.error, .warning, .note].map { kind in diagnostics.filter { $0.severity == kind } }
    let isCrowded = kinds.contains { $0.count > Self.limit }
    // The notice with the number is an annotation itself.
    let limits = [Self.limit, Self.limit, Self.limit - (isCrowded ? 1 : 0)]
    for (kind, limit) in zip(kinds[..<2], limits) { render(kind, limit: limit, into: &output) }
    if isCrowded {
      let more = zip(kinds, limits).filter { $0.count > $1 }.map { kind, limit in
        counted(kind.count - limit, kind[0].severity.rawValue)
      }
      output += "::notice title=kvmconf::GitHub shows \(Self.limit) annotations of a kind; "
      output += "\(more.listed()) more are in the log of this step\n"
    }
    render(kinds[2], limit: limits[2], into: &output)
  }

  private func render(_ diagnostics: [Diagnostic], limit: Int, into output: inout String) {
    for (index, diagnostic) in diagnostics.enumerated() {
      command(diagnostic, isAnnotation: index < limit, into: &output)
    }
  }

  private func command(_ diagnostic: Diagnostic, isAnnotation: Bool, into output: inout String) {
    var properties: [(String, String)] = []
    var message = diagnostic.message.printable
    if let range = diagnostic.range {
      properties.append(("file", range.file.path.relativeToHere))
      properties.append(("line", String(range.start.line)))
      // Columns are only for ranges within one line, and the end column is that of the last character.
      if range.start.line == range.end.line {
        properties.append(("col", String(range.start.column)))
        properties.append(("endLine", String(range.end.line)))
        properties.append(("endColumn", String(max(range.end.column - 1, range.start.column))))
      } else {
        properties.append(("endLine", String(range.end.line)))
      }
      if !isAnnotation { message = "\(range.file.path.printable):\(range.start): \(message)" }
    }
    properties.append(("title", diagnostic.id.description))
    for note in diagnostic.notes {
      message +=
        "\nnote: " + (note.range.map { "\($0.file.path.printable):\($0.start): " } ?? "") + note.message.printable
    }
    output += "::\(Self.word(diagnostic.severity)) "
    output += properties.map { "\($0)=\($1.workflowProperty)" }.joined(separator: ",")
    output += "::\(message.workflowData)\n"
  }

  private static func word(_ severity: Severity) -> String {
    switch severity {
    case .error: "error"
    case .warning: "warning"
    case .note: "notice"
    }
  }
}

extension String {
  /// The path without `./` at its start: GitHub compares paths as texts.
  fileprivate var relativeToHere: String {
    var path = self[...]
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    return String(path)
  }

  /// The text, escaped for the message of a workflow command.
  fileprivate var workflowData: String { escaped(["%", "\r", "\n"]) }

  /// The text, escaped for the value of a workflow command's property.
  fileprivate var workflowProperty: String { escaped(["%", "\r", "\n", ":", ","]) }

  private func escaped(_ special: [Unicode.Scalar]) -> String {
    escaped { special.contains($0) ? "%" + hexadecimalDigits($0.value, width: 2) : nil }
  }
}
