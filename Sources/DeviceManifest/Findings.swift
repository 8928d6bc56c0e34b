import DevicePlan
import Diagnostics
import Expressions
import YAMLSyntax

/// Collects the diagnostics of one manifest, without duplicates.
package final class Findings {
  package private(set) var diagnostics: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []

  package init() {}

  package func report(_ diagnostic: Diagnostic) {
    if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
  }

  package func error(
    _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [], fixIts: [FixIt] = []
  ) {
    report(.error(id, message, at: range, notes: notes, fixIts: fixIts))
  }

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

extension Findings {
  /// Reports an unknown name, with the closest known one.
  func unknown(
    _ id: DiagnosticID, _ what: String, _ name: String, among names: [String], at range: SourceRange, notes: [Note] = []
  ) {
    guard let nearest = names.nearest(to: name) else {
      var notes = notes
      if !names.isEmpty, names.count <= 16 { notes.insert(Note("there are \(names.joined(separator: ", "))"), at: 0) }
      return error(id, "\(what) '\(name)'", at: range, notes: notes)
    }
    error(
      id, "\(what) '\(name)'; did you mean '\(nearest)'?", at: range, notes: notes,
      fixIts: [FixIt(replace: range, with: nearest)])
  }

  func wrongKind(_ node: Node, of what: String, wanted: String) {
    error("wrong-kind", "\(what) is \(wanted), not \(node.kind)", at: node.range)
  }
}

/// A mapping of a manifest, read key by key. Unknown keys are reported.
struct MappingReader {
  let node: Node
  let what: String
  let findings: Findings
  let entries: [Entry]
  /// Whether the node is not a mapping, which has been reported: its keys are not reported as missing.
  private let isSomethingElse: Bool
  /// Keys that are misspelt, which has been reported: they are not reported as missing.
  private let misspelt: Set<String>

  /// - Parameter keys: every key that the mapping may have; nil if the caller checks all entries itself.
  init(_ node: Node, of what: String, keys: [String]?, _ findings: Findings) {
    self.node = node
    self.what = what
    self.findings = findings
    let entries = node.entries ?? []
    self.entries = entries
    isSomethingElse = node.entries == nil && !node.isEmpty
    if isSomethingElse { findings.wrongKind(node, of: what, wanted: "a mapping") }
    let unknown = keys.map { keys in entries.map(\.key).filter { !keys.contains($0.value) } } ?? []
    misspelt = Set(unknown.compactMap { keys?.nearest(to: $0.value) })
    for key in unknown {
      findings.unknown("unknown-key", "\(what) has no key", key.value, among: keys ?? [], at: key.range)
    }
  }

  subscript(key: String) -> Node? { entries.first { $0.key.value == key }?.value }

  func keyRange(_ key: String) -> SourceRange? { entries.first { $0.key.value == key }?.key.range }

  /// The value of a required key.
  func required(_ key: String, _ meaning: String) -> Node? {
    if let node = self[key], !node.isEmpty { return node }
    if isSomethingElse || misspelt.contains(key) { return nil }
    findings.error(
      "missing-key", "\(what) has no '\(key)': \(meaning)",
      at: keyRange(key) ?? node.range.firstLine)
    return nil
  }

  func text(_ key: String) -> String? {
    guard let node = self[key] else { return nil }
    guard let text = node.scalar else {
      findings.wrongKind(node, of: "'\(key)'", wanted: "text")
      return nil
    }
    return text
  }

  func bool(_ key: String) -> Bool? {
    guard let node = self[key] else { return nil }
    switch node.scalar {
    case "true": return true
    case "false": return false
    default:
      findings.error("bad-boolean", "'\(key)' is true or false, not '\(node.scalar ?? node.kind)'", at: node.range)
      return nil
    }
  }

  /// The items of a list; a missing or empty key is an empty list.
  func items(_ key: String, _ meaning: String) -> [Node] {
    guard let node = self[key], !node.isEmpty else { return [] }
    guard let items = node.items else {
      findings.wrongKind(node, of: "'\(key)'", wanted: "a list of \(meaning)")
      return []
    }
    return items
  }
}

extension SourceRange {
  /// The part of a range that is on its first line.
  package var firstLine: SourceRange {
    guard start.line != end.line else { return self }
    let length = file.text(ofLine: start.line).unicodeScalars.count
    return SourceRange(
      file: file, start: start, end: Position(line: start.line, column: max(length + 1, start.column + 1)))
  }
}
