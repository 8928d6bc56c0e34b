import Diagnostics
import YAMLSyntax

extension Findings {
  func wrongKind(_ node: Node, of what: String, wanted: String) {
    error("wrong-kind", "\(what) must be \(wanted), not \(node.kind)", at: node.range)
  }
}

/// A mapping of a manifest, read key by key. Unknown keys are reported.
struct MappingReader {
  let node: Node
  /// The name of the mapping for messages; made only for a message.
  let what: () -> String
  let findings: Findings
  let entries: [Entry]
  /// Whether the node is not a mapping, which has been reported: its keys are not reported as missing.
  private let isSomethingElse: Bool
  /// Keys that are misspelt, which has been reported: they are not reported as missing.
  private let misspelt: Set<String>

  /// - Parameter keys: every key that the mapping may have; nil if the caller checks all entries itself.
  init(_ node: Node, of what: @escaping @autoclosure () -> String, keys: [String]?, _ findings: Findings) {
    self.node = node
    self.what = what
    self.findings = findings
    let entries = node.entries ?? []
    self.entries = entries
    isSomethingElse = node.entries == nil && !node.isEmpty
    if isSomethingElse { findings.wrongKind(node, of: what(), wanted: "a mapping") }
    var misspelt: Set<String> = []
    if let keys {
      for key in entries.lazy.map(\.key) where !keys.contains(key.value) {
        let meant = findings.unknown("unknown-key", "\(what()) has no key", key.value, among: keys, at: key.range)
        if let meant { misspelt.insert(meant) }
      }
    }
    self.misspelt = misspelt
  }

  subscript(key: String) -> Node? { node[key: key] }

  /// The place of a key's value.
  func valueRange(_ key: String) -> SourceRange? {
    for i in entries.indices where entries[i].key.value == key { return entries[i].value.range }
    return nil
  }

  func keyRange(_ key: String) -> SourceRange? { entries.first { $0.key.value == key }?.key.range }

  /// The value of a required key.
  func required(_ key: String, _ meaning: String) -> Node? {
    if let node = self[key], !node.isEmpty { return node }
    if isSomethingElse || misspelt.contains(key) { return nil }
    findings.error(
      "missing-key", "\(what()) needs '\(key)': \(meaning)",
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
      findings.error("bad-boolean", "'\(key)' must be true or false, not '\(node.scalar ?? node.kind)'", at: node.range)
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
