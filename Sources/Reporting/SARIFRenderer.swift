import Diagnostics
import TextOutput

/// Diagnostics as SARIF 2.1.0, the format of code scanning services.
///
/// A diagnostic with a place is a result. One without a place, such as a file that cannot be read, is a notification;
/// if it is an error, the run counts as failed.
package struct SARIFRenderer {
  /// The program's version, such as `0.1.0`.
  package var version: String
  /// The reference text for an id; nil if there is none.
  package var help: (DiagnosticID) -> RuleHelp?
  /// The names of the hosts for which a diagnostic was reported; empty if there is only one.
  package var hosts: (Diagnostic) -> [String]

  package init(
    version: String, help: @escaping (DiagnosticID) -> RuleHelp? = { _ in nil },
    hosts: @escaping (Diagnostic) -> [String] = { _ in [] }
  ) {
    self.version = version
    self.help = help
    self.hosts = hosts
  }

  /// Writes one document with one run.
  package func render(_ diagnostics: [Diagnostic], into output: inout String) {
    document(diagnostics).write(into: &output, pretty: true)
    output += "\n"
  }

  private func document(_ diagnostics: [Diagnostic]) -> JSON {
    let (placed, placeless) = (diagnostics.filter { $0.range != nil }, diagnostics.filter { $0.range == nil })
    let rules = Rules(diagnostics.map(\.id))
    var fingerprints = Fingerprints(placed)
    let results = placed.map { result($0, rules, fingerprints.next($0)) }
    let hasFailed = placeless.contains { $0.severity == .error }
    let invocation: JSON = .object([
      ("executionSuccessful", .bool(!hasFailed)),
      ("toolExecutionNotifications", .array(placeless.map { notification($0, rules) })),
    ])
    let run: JSON = .object([
      ("tool", .object([("driver", driver(rules, diagnostics))])),
      ("invocations", [invocation]),
      ("originalUriBaseIds", [Self.schemas: ["description": ["text": "the schemas that are built into kvmconf"]]]),
      // Places count characters, and lines end as in YAML.
      ("columnKind", "unicodeCodePoints"),
      ("newlineSequences", ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]),
      ("results", .array(results)),
    ])
    return [
      "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version": "2.1.0", "runs": [run],
    ]
  }

  /// The name for the place of built-in schemas, which are not on disk.
  private static let schemas = "SCHEMAS"
}

/// The ids of a report without duplicates, sorted by name.
private struct Rules {
  var ids: [DiagnosticID]
  private var indices: [DiagnosticID: Int] = [:]

  init(_ ids: [DiagnosticID]) {
    self.ids = Set(ids).sorted { $0.description < $1.description }
    for (index, id) in self.ids.enumerated() { indices[id] = index }
  }

  func reference(_ id: DiagnosticID) -> JSON { ["id": .string(id.description), "index": JSON(indices[id])] }
  func index(_ id: DiagnosticID) -> JSON { JSON(indices[id]) }
}

extension SARIFRenderer {
  private func driver(_ rules: Rules, _ diagnostics: [Diagnostic]) -> JSON {
    var levels: [DiagnosticID: Severity] = [:]
    for diagnostic in diagnostics {
      levels[diagnostic.id] = max(diagnostic.severity, levels[diagnostic.id] ?? .note)
    }
    return .object([
      ("name", "kvmconf"), ("version", .string(version)), ("semanticVersion", .string(version)),
      ("rules", .array(rules.ids.map { rule($0, levels[$0] ?? .error) })),
    ])
  }

  private func rule(_ id: DiagnosticID, _ level: Severity) -> JSON {
    let help = help(id) ?? RuleHelp(title: id.description, text: id.description)
    let title: JSON = ["text": .string(help.title.sarifText)]
    // The lines of the page, without line breaks at the end.
    let page = String(help.text.reversed().drop { $0 == "\n" }.reversed()).sarifText
    return .object([
      ("id", .string(id.description)), ("shortDescription", title), ("fullDescription", title),
      (
        "help",
        [
          "text": .string(page),
          // A block of code keeps its lines.
          "markdown": .string("```text\n\(page)\n```"),
        ]
      ),
      ("defaultConfiguration", ["level": .string(level.rawValue)]),
    ])
  }

  private func result(_ diagnostic: Diagnostic, _ rules: Rules, _ fingerprint: String) -> JSON {
    var text = diagnostic.message
    for note in diagnostic.notes where note.range == nil { text += "\n" + note.message }
    var members: [(String, JSON)] = [
      ("ruleId", .string(diagnostic.id.description)), ("ruleIndex", rules.index(diagnostic.id)),
      ("level", .string(diagnostic.severity.rawValue)), ("message", ["text": .string(text.sarifText)]),
      ("locations", .array(diagnostic.range.map { [["physicalLocation": place($0)]] } ?? [])),
      ("partialFingerprints", ["manifestLine/v1": .string(fingerprint)]),
    ]
    let related = diagnostic.notes.filter { $0.range != nil }
    if !related.isEmpty {
      members.append(("relatedLocations", .array(related.enumerated().map { self.related($1, id: $0 + 1) })))
    }
    if !diagnostic.fixIts.isEmpty { members.append(("fixes", .array(diagnostic.fixIts.map(fix)))) }
    let hosts = hosts(diagnostic)
    if !hosts.isEmpty { members.append(("properties", ["hosts": .array(hosts.map { .string($0) })])) }
    return .object(members)
  }

  private func related(_ note: Note, id: Int) -> JSON {
    [
      "id": JSON(id), "physicalLocation": note.range.map(place) ?? [:],
      "message": ["text": .string(note.message.sarifText)],
    ]
  }

  private func fix(_ fixIt: FixIt) -> JSON {
    let words = fixIt.replacement.isEmpty ? "remove this" : "write '\(fixIt.replacement)'"
    return [
      "description": ["text": .string(words.sarifText)],
      "artifactChanges": [
        [
          "artifactLocation": location(fixIt.range.file),
          "replacements": [
            ["deletedRegion": region(fixIt.range), "insertedContent": ["text": .string(fixIt.replacement)]]
          ],
        ]
      ],
    ]
  }

  private func notification(_ diagnostic: Diagnostic, _ rules: Rules) -> JSON {
    [
      "associatedRule": rules.reference(diagnostic.id), "level": .string(diagnostic.severity.rawValue),
      "message": [
        "text": .string(([diagnostic.message] + diagnostic.notes.map(\.message)).joined(separator: "\n").sarifText)
      ],
    ]
  }

  private func place(_ range: SourceRange) -> JSON {
    ["artifactLocation": location(range.file), "region": region(range)]
  }

  private func location(_ file: SourceFile) -> JSON {
    let uri: (String, JSON) = ("uri", .string(file.path.uriReference))
    return .object(file.isBuiltIn ? [uri, ("uriBaseId", .string(Self.schemas))] : [uri])
  }

  private func region(_ range: SourceRange) -> JSON {
    [
      "startLine": JSON(range.start.line), "startColumn": JSON(range.start.column), "endLine": JSON(range.end.line),
      "endColumn": JSON(range.end.column),
    ]
  }
}

extension String {
  /// The text as a SARIF message: braces are doubled, and links are prevented.
  fileprivate var sarifText: String {
    var text = ""
    var previous: Unicode.Scalar = " "
    for scalar in unicodeScalars {
      if scalar == "(", previous == "]" { text += " " }
      if scalar == "{" || scalar == "}" { text.unicodeScalars.append(scalar) }
      text.unicodeScalars.append(scalar)
      previous = scalar
    }
    return text
  }
}
