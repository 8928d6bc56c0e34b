import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// The findings besides errors that make a validation fail: `warning` includes undecided steps.
package enum FailOn: String, Sendable, CaseIterable { case warning, undecided }

extension FailOn? {
  /// Whether a validation with these numbers of findings fails.
  package func fails(errors: Int, undecided: Int, warnings: Int) -> Bool {
    errors > 0 || self != nil && undecided > 0 || self == .warning && warnings > 0
  }

  /// Whether a problem is a reason why the validation of its manifest fails.
  ///
  /// - Parameter undecided: the number of undecided steps of the manifest.
  package func fails(_ problem: Diagnostic, undecided: Int) -> Bool {
    switch problem.severity {
    case .error: true
    case .warning: self == .warning || self == .undecided && undecided > 0
    case .note: false
    }
  }
}

/// The file `.kvmconf.yaml`: a team's settings for all manifests below its folder.
package struct ConfigurationFile: Sendable {
  package static let name = ".kvmconf.yaml"

  package let file: SourceFile
  /// Folders of schemas, as paths relative to the working directory.
  package private(set) var schemas: [Located] = []
  /// The file of host facts, as a path relative to the working directory.
  package private(set) var hostFacts: Located?
  package private(set) var kernel: Release?
  /// The severity of the diagnostics with an id; nil if they are turned off.
  package private(set) var severities: [DiagnosticID: Severity?] = [:]
  /// The ids of `severities`, with their places in the file.
  package private(set) var severityKeys: [Located] = []
  package private(set) var failOn: FailOn?
  /// Warnings that do not concern a manifest: old names of diagnostics.
  package private(set) var remarks: [Diagnostic] = []
  /// The errors in the file.
  package private(set) var faults: [Diagnostic] = []

  package init(_ file: SourceFile) {
    self.file = file
    let tree = SourceTree(parsing: file)
    var faults = tree.diagnostics
    if tree.documents.count > 1 {
      faults.append(.bad("\(Self.name) must have one document, not \(tree.documents.count)", tree.documents[1].range))
    }
    // An empty file is valid: it sets nothing and hides the files in the folders above.
    if let node = tree.documents.first { read(node, &faults) }
    self.faults = faults
  }
}

extension ConfigurationFile {
  private static let keys = ["schemas", "host-facts", "kernel", "severity", "fail-on"]

  private mutating func read(_ node: Node, _ faults: inout [Diagnostic]) {
    guard let entries = node.entries else {
      faults.append(.bad("\(Self.name) must be a mapping of \(Self.keys.listed()), not \(node.kind)", node.range))
      return
    }
    for entry in entries { read(entry, &faults) }
  }

  private mutating func read(_ entry: Entry, _ faults: inout [Diagnostic]) {
    let value = entry.value
    switch entry.key.value {
    case "schemas":
      for item in value.items ?? [value] {
        if let path = path(item, "a folder of schemas", &faults) { schemas.append(path) }
      }
    case "host-facts": hostFacts = path(value, "a file of facts", &faults)
    case "kernel":
      kernel = value.scalar.flatMap { Release($0) }
      if kernel == nil { faults.append(.bad("'kernel' must be a release, such as '6.12'", value.range)) }
    case "fail-on":
      failOn = value.scalar.flatMap(FailOn.init)
      if failOn == nil {
        let words = FailOn.allCases.map(\.rawValue)
        faults.append(.unknown("'fail-on' is \(words.listed("or"))", value, words))
      }
    case "severity": readSeverities(value, &faults)
    default:
      faults.append(
        .unknown("\(Self.name) has no key '\(entry.key.value)'", entry.key, Self.keys, id: "unknown-key"))
    }
  }

  /// - Returns: the path, relative to the working directory unless it is absolute.
  private func path(_ node: Node, _ what: String, _ faults: inout [Diagnostic]) -> Located? {
    guard let text = node.scalar, !text.isEmpty, text.utf8.allSatisfy({ $0 != 0 }) else {
      faults.append(.bad("expected the path of \(what), found \(node.kind)", node.range))
      return nil
    }
    let folder = file.folder ?? "."
    let isPlain = text.hasPrefix("/") || folder == "." || folder == "./"
    return Located(isPlain ? text : folder + (folder.hasSuffix("/") ? "" : "/") + text, at: node.range)
  }

  private mutating func readSeverities(_ node: Node, _ faults: inout [Diagnostic]) {
    guard let entries = node.entries else {
      if !node.isEmpty { faults.append(.bad("'severity' must be a mapping from ids to severities", node.range)) }
      return
    }
    let words = ["error", "warning", "note", "off"]
    for entry in entries {
      guard let word = entry.value.scalar, words.contains(word) else {
        faults.append(.unknown("a severity must be \(words.listed("or"))", entry.value, words))
        continue
      }
      let id = DiagnosticID(entry.key.value)
      if word != "error", Self.fixed.contains(id) {
        faults.append(
          .bad("'\(id)' is always an error: a file that cannot be read cannot be checked", entry.value.range))
      }
      guard let renamed = SchemaSource.renamedIDs[entry.key.value] else {
        severities[id] = .some(Severity(rawValue: word))
        severityKeys.append(entry.key)
        continue
      }
      for new in renamed { severities[DiagnosticID(new)] = .some(Severity(rawValue: word)) }
      let names = renamed.map { "'\($0)'" }.listed()
      remarks.append(.warning("renamed-id", "'\(id)' is now called \(names)", at: entry.key.range))
    }
  }

  /// An error for each id of `severity` that no diagnostic has.
  ///
  /// - Parameter ids: returns all ids. It is called only if an id is unknown, to find the closest one.
  package func unknownIDs(isKnown: (String) -> Bool, among ids: () -> Set<String>) -> [Diagnostic] {
    let unknown = severityKeys.filter { !isKnown($0.value) }
    if unknown.isEmpty { return [] }
    let names = ids().sorted()
    return unknown.map { .unknown("no diagnostic has the id '\($0.value)'", $0, names) }
  }

  /// The ids whose severity is always error, because the manifest cannot be read or checked any further.
  package static let fixed: [DiagnosticID] = [
    "yaml-syntax", "duplicate-key", "merge-key", "complex-key", "yaml-tag", "undefined-alias", "too-deep",
    "too-many-aliases", "too-large", "not-utf-8", "empty-document", "cannot-read", "bad-plan", "unknown-version",
    "unknown-architecture", "no-schemas", "schema-evaluation",
  ]
}

extension [Diagnostic] {
  /// The diagnostics with the severities of a configuration, without those that it turns off.
  package func adjusted(by configuration: ConfigurationFile?) -> [Diagnostic] {
    guard let severities = configuration?.severities, !severities.isEmpty else { return self }
    return compactMap { diagnostic in
      guard let severity = severities[diagnostic.id] else { return diagnostic }
      guard let severity else { return nil }
      var diagnostic = diagnostic
      diagnostic.severity = severity
      return diagnostic
    }
  }
}

extension Diagnostic {
  fileprivate static func bad(_ message: String, _ range: SourceRange) -> Diagnostic {
    .error("bad-configuration", message, at: range)
  }

  fileprivate static func unknown(_ message: String, _ node: Node, _ words: [String]) -> Diagnostic {
    guard let word = node.scalar else { return .bad("\(message), not \(node.kind)", node.range) }
    return .unknown("\(message), not '\(word)'", Located(word, at: node.range), words)
  }

  fileprivate static func unknown(
    _ message: String, _ word: Located, _ words: [String], id: DiagnosticID = "bad-configuration"
  ) -> Diagnostic {
    let nearest = words.nearest(to: word.value)
    let notes = nearest == nil && words.count < 10 ? [Note("valid names are \(words.listed())")] : []
    return .error(
      id, message + (nearest.map { "; did you mean '\($0)'?" } ?? ""), at: word.range, notes: notes,
      fixIts: nearest.map { [FixIt(replace: word.range, with: $0)] } ?? [])
  }
}
