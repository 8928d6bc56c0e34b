import Diagnostics
import YAMLSyntax

extension Findings {
  func wrongKind(_ node: Node, of what: String, wanted: String, fixIts: [FixIt] = []) {
    let isGlued = node.entries?.first?.key.value.hasPrefix("-") == true
    var notes = isGlued ? [Note("an item of a list begins with '- ', with a blank")] : []
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

extension Node {
  /// A mapping in which `{ids: 0, 1}`, which has a key '1' without a value for YAML, is read as `{ids: [0, 1]}`. This is
  /// reported.
  ///
  /// - Parameter keys: the keys that the mapping may have.
  fileprivate func withBracketedList(besides keys: [String], _ findings: Findings) -> Node {
    // The search for the keys that are meant takes time.
    guard let entries, entries.count <= 100,
      entries.contains(where: { $0.value.isEmpty && !keys.contains($0.key.value) }), range.text.hasPrefix("{")
    else { return self }
    var mended: [Entry] = []
    /// The items after the first, by the index of their entry.
    var items: [Int: [Node]] = [:]
    for entry in entries {
      if entry.value.isEmpty, !keys.contains(entry.key.value), keys.nearest(to: entry.key.value) == nil,
        let last = mended.last?.value, last.scalar != nil, !last.isEmpty
      {
        items[mended.count - 1, default: []].append(Node(.scalar(entry.key.value, .plain), at: entry.key.range))
      } else {
        mended.append(entry)
      }
    }
    for (i, rest) in items.sorted(by: { $0.key < $1.key }) {
      let first = mended[i].value
      let place = SourceRange(file: range.file, start: first.range.start, end: (rest.last ?? first).range.end)
      findings.error(
        "wrong-kind", "a list in one line needs brackets: put '[' and ']' around it", at: place,
        fixIts: [FixIt(replace: place, with: "[\(place.text)]")])
      findings.dropConsequences(at: place)
      mended[i].value = Node(.sequence([first] + rest), at: place)
    }
    return Node(.mapping(mended), at: range)
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
  ///   - example: a mapping in one line, for the message that the node is not a mapping.
  ///   - home: returns the key under which an unknown key belongs, or nil if there is no such key.
  ///   - meant: returns the key that an unknown one means by its value, or nil.
  init(
    _ node: Node, of what: @escaping @autoclosure () -> String, keys: [String]?, _ findings: Findings,
    example: @autoclosure () -> String? = nil, home: (String) -> String? = { _ in nil },
    meant: (Entry) -> String? = { _ in nil }
  ) {
    self.what = what
    self.findings = findings
    isSomethingElse = node.entries == nil && !node.isEmpty
    if isSomethingElse {
      findings.wrongKind(node, of: what(), wanted: "a mapping" + (example().map { " such as \($0)" } ?? ""))
    }
    var node = keys.map { node.withBracketedList(besides: $0, findings) } ?? node
    var entries = node.entries ?? []
    var misspelt: Set<String> = []
    var hasUnknownKey = false
    var hasUnreadKey = false
    if let keys {
      for (i, key) in entries.lazy.map(\.key).enumerated() where !keys.contains(key.value) {
        if let home = home(key.value) {
          findings.error(
            "unknown-key", "\(what()) has no key '\(key.value)'; it belongs below '\(home)'", at: key.range)
          continue
        }
        if let meant = meant(entries[i]) {
          findings.misnamed("\(what()) has no key", key, meant)
          entries[i].key.value = meant
          node = Node(.mapping(entries), at: node.range)
          continue
        }
        let guess = findings.unknown(
          "unknown-key", "\(what()) has no key", key.value, among: keys, isTaken: { node[key: $0] != nil },
          at: key.range)
        guard let guess else {
          hasUnknownKey = true
          hasUnreadKey = true
          continue
        }
        misspelt.insert(guess.name)
        // The value is read as that of the key that is meant, so that no other mistake is hidden.
        if let meant = guess.certain, node[key: meant] == nil {
          entries[i].key.value = meant
          node = Node(.mapping(entries), at: node.range)
        } else {
          hasUnreadKey = true
        }
      }
    }
    self.node = node
    self.entries = entries
    self.misspelt = misspelt
    self.hasUnknownKey = hasUnknownKey
    self.hasUnreadKey = hasUnreadKey
  }

  subscript(key: String) -> Node? { node[key: key] }

  /// A mapping of the entries whose keys meet a condition; nil if no key does.
  func part(where isWanted: (String) -> Bool) -> Node? {
    let part = entries.filter { isWanted($0.key.value) }
    return part.isEmpty ? nil : Node(.mapping(part), at: node.range)
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
      findings.error(
        "bad-boolean", "'\(key)' must be true or false, not '\(node.scalar ?? node.kind)'", at: node.range,
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
  /// The part of a range that is on its first line.
  package var firstLine: SourceRange {
    guard start.line != end.line else { return self }
    let length = file.text(ofLine: start.line).unicodeScalars.count
    return SourceRange(
      file: file, start: start, end: Position(line: start.line, column: max(length + 1, start.column + 1)))
  }
}
