import Diagnostics
import YAMLSyntax

extension Findings {
  func wrongKind(_ node: Node, of what: String, wanted: String, notes: [Note] = [], fixIts: [FixIt] = []) {
    let isGlued = node.entries?.first?.key.value.hasPrefix("-") == true
    var notes = notes + (isGlued ? [Note("an item of a list begins with '- ', with a blank")] : [])
    var fixIts = fixIts
    if wanted.hasPrefix("a mapping"), case .scalar(let text, .plain) = node.content {
      if let (key, value) = text.gluedEntry {
        notes.append(Note("a space is missing after '\(key):'"))
        fixIts.append(FixIt(replace: node.range, with: "\(key): \(value)"))
      } else if let (key, value) = text.entryWithEqualsSign {
        fixIts.append(FixIt(replace: node.range, with: "\(key): \(value)"))
      }
    }
    error("wrong-kind", "\(what) must be \(wanted), not \(node.kind)", at: node.range, notes: notes, fixIts: fixIts)
  }
}

extension Findings {
  /// Reports a key that is called otherwise.
  func misnamed(_ what: String, _ key: Located, _ meant: String) {
    error(
      "unknown-key", "\(what) '\(key.value)'; did you mean '\(meant)'?", at: key.range,
      fixIts: [FixIt(replace: key.range, with: meant)])
  }
}

extension String {
  /// The key and the value of `key:value`; nil for another text.
  fileprivate var gluedEntry: (key: Substring, value: Substring)? {
    guard let colon = utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let (key, value) = (self[..<colon], self[colon...].dropFirst())
    let isWord = key.utf8.allSatisfy { $0.isWord || $0 == UInt8(ascii: "-") }
    return !key.isEmpty && isWord && !value.isEmpty && !value.hasPrefix("/") ? (key, value) : nil
  }

  /// The key and the value of `key = value`; nil for another text.
  fileprivate var entryWithEqualsSign: (key: String, value: String)? {
    let parts = split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
      parts[0].utf8.allSatisfy({ $0.isWord || $0 == UInt8(ascii: "-") })
    else { return nil }
    return (parts[0], parts[1])
  }
}

/// A mapping of a manifest, read key by key. Unknown keys are reported.
///
/// It never changes. It is a class only because it is passed on often.
final class MappingReader {
  let node: Node
  /// The name of the mapping for messages; made only for a message.
  let what: () -> String
  let findings: Findings
  let entries: [Entry]
  /// Whether the node is not a mapping, which has been reported: its keys are not reported as missing.
  private let isSomethingElse: Bool
  /// Keys that are misspelt, which has been reported: they are not reported as missing.
  private let misspelt: Set<String>
  /// Whether a key is unknown, which has been reported, and may be meant as any missing key.
  private let hasUnknownKey: Bool
  /// Whether the value of a key was not read.
  let hasUnreadKey: Bool

  /// - Parameters:
  ///   - keys: every key that the mapping may have; nil if the caller checks all entries itself.
  ///   - unoffered: those that no message offers, such as reserved fields; called only after an error.
  ///   - lists: those whose values are lists; called only after an error.
  ///   - collections: those whose values are mappings or lists, never scalars.
  ///   - example: a mapping in one line, for the message that the node is not a mapping.
  ///   - home: returns the key under which an unknown key belongs, or nil if there is no such key.
  ///   - meant: returns the key that an unknown one means by its value, or nil.
  init(
    _ node: Node, of what: @escaping @autoclosure () -> String, keys: [String]?, _ findings: Findings,
    unoffered: @autoclosure () -> [String] = [], lists: @autoclosure () -> [String] = [], collections: [String] = [],
    example: @autoclosure () -> String? = nil,
    home: (String) -> String? = { _ in nil }, meant: (Entry) -> String? = { _ in nil }
  ) {
    self.what = what
    self.findings = findings
    isSomethingElse = node.entries == nil && !node.isEmpty
    if isSomethingElse {
      findings.wrongKind(node, of: what(), wanted: "a mapping" + (example().map { " such as \($0)" } ?? ""))
    }
    let written = node.entries ?? []
    guard let keys, written.contains(where: { !keys.contains($0.key.value) }) else {
      self.node = node
      entries = written
      misspelt = []
      hasUnknownKey = false
      hasUnreadKey = false
      return
    }
    var mending = MappingMending(written, keys: keys, unoffered: unoffered(), what: what, findings)
    if node.range.begins(with: UInt8(ascii: "{")) { mending.joinPieces(lists: lists()) }
    mending.moveHome(home)
    mending.replaceMisnamed(meant)
    mending.replaceUnknown(collections: collections)
    self.node = Node(.mapping(mending.entries), at: node.range)
    entries = mending.entries
    misspelt = mending.misspelt
    hasUnknownKey = mending.hasUnknownKey
    hasUnreadKey = mending.hasUnreadKey
  }

  subscript(key: String) -> Node? { node[key: key] }

  func has(_ key: String) -> Bool {
    for i in entries.indices where entries[i].key.value == key { return true }
    return false
  }

  /// The place of a key's value.
  func valueRange(_ key: String) -> SourceRange? {
    for i in entries.indices where entries[i].key.value == key { return entries[i].value.range }
    return nil
  }

  func keyRange(_ key: String) -> SourceRange? { entries.first { $0.key.value == key }?.key.range }

  /// Whether an error that is reported explains why a key is missing.
  func isExplained(missing key: String) -> Bool {
    isSomethingElse || misspelt.contains(key) || hasUnknownKey && self[key] == nil
  }

  /// The value of a required key.
  ///
  /// - Parameter mayBeUnknown: whether an unknown key may be the missing one, which is then not reported.
  func required(_ key: String, _ meaning: String, mayBeUnknown: Bool = true) -> Node? {
    if let node = self[key], !node.isEmpty { return node }
    if isSomethingElse || misspelt.contains(key) { return nil }
    if mayBeUnknown, hasUnknownKey, self[key] == nil { return nil }
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

  /// The truth value of a key; that which is meant if it has another word.
  ///
  /// - Parameter expand: fills in parameters.
  func bool(_ key: String, _ expand: (Node) -> Node = { $0 }) -> Bool? {
    guard let written = self[key] else { return nil }
    let node = expand(written)
    switch node.scalar {
    case "true": return true
    case "false": return false
    default:
      let meant = node.scalar?.truth
      let found = node.isEmpty ? node.kind : "'\(node.scalar ?? node.kind)'"
      findings.error(
        "bad-boolean", "'\(key)' must be true or false, not \(found)", at: node.range,
        fixIts: meant.map { [FixIt(replace: node.range, with: "\($0)")] } ?? [])
      return meant
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
  func begins(with byte: UInt8) -> Bool {
    let start = bytes.lowerBound
    return start < file.bytes.count && file.bytes[start] == byte
  }

  /// Whether only blanks follow in the line of the end.
  var isAtLineEnd: Bool {
    file.text(ofLine: end.line).unicodeScalars.dropFirst(end.column - 1).allSatisfy { $0 == " " }
  }

  /// The part of a range that is on its first line.
  package var firstLine: SourceRange {
    guard start.line != end.line else { return self }
    let length = file.text(ofLine: start.line).unicodeScalars.count
    return SourceRange(
      file: file, start: start, end: Position(line: start.line, column: max(length + 1, start.column + 1)))
  }
}
