import Diagnostics
import YAMLSyntax

/// The entries of a mapping with unknown keys, read as they are probably meant. What is wrong is reported.
struct MappingMending {
  private(set) var entries: [Entry]
  /// The known keys that unknown ones are meant as.
  private(set) var misspelt: Set<String> = []
  /// Whether it is unknown what one of the keys is meant as.
  private(set) var hasUnknownKey = false
  /// Whether the value of a key is not read.
  private(set) var hasUnreadKey = false

  private let keys: [String]
  /// The known keys that no message offers.
  private let unoffered: [String]
  private let what: () -> String
  private let findings: Findings

  init(
    _ entries: [Entry], keys: [String], unoffered: [String], what: @escaping () -> String, _ findings: Findings
  ) {
    (self.entries, self.keys, self.unoffered, self.what, self.findings) = (entries, keys, unoffered, what, findings)
  }

  private func isKnown(_ entry: Entry) -> Bool { keys.contains(entry.key.value) }

  private func index(of key: String) -> Int? { entries.firstIndex { $0.key.value == key } }
}

// MARK: Values with a comma

extension MappingMending {
  /// Joins the pieces of a value that YAML has parted at a comma, as in `{ids: 0, 1}`: for YAML, `1` is a key without a
  /// value.
  ///
  /// - Parameter lists: the keys whose values are lists.
  mutating func joinPieces(lists: [String]) {
    // The search for the keys that are meant takes time.
    if entries.count > 100 { return }
    var joined: [Entry] = []
    /// The pieces after the first, by the index of their entry.
    var pieces: [Int: [Node]] = [:]
    for entry in entries {
      if entry.value.isEmpty, !isKnown(entry), let last = joined.last?.value, last.scalar != nil, !last.isEmpty,
        entry.key.value.contains(" ") || keys.nearest(to: entry.key.value) == nil
      {
        pieces[joined.count - 1, default: []].append(Node(.scalar(entry.key.value, .plain), at: entry.key.range))
      } else {
        joined.append(entry)
      }
    }
    let isWithoutValue = keys.contains("value") && !joined.contains { $0.key.value == "value" }
    for (i, rest) in pieces.sorted(by: { $0.key < $1.key }) {
      if rest.count == 1, pieces.count == 1, isWithoutValue, !lists.contains(joined[i].key.value) {
        joined.append(valueWithoutKey(rest[0]))
      } else {
        joined[i].value = joinedValue(joined[i], rest, isList: lists.contains(joined[i].key.value))
      }
    }
    entries = joined
  }

  private func valueWithoutKey(_ value: Node) -> Entry {
    findings.error(
      "missing-key", "'value:' is missing before this", at: value.range,
      fixIts: [FixIt(replace: value.range, with: "value: \(value.range.text)")])
    return Entry(key: Located("value", at: value.range), value: value)
  }

  private func joinedValue(_ entry: Entry, _ rest: [Node], isList: Bool) -> Node {
    let first = entry.value
    let place = SourceRange(file: first.range.file, start: first.range.start, end: (rest.last ?? first).range.end)
    if isList {
      findings.error(
        "wrong-kind", "a list in one line needs brackets: put '[' and ']' around it", at: place,
        fixIts: [FixIt(replace: place, with: "[\(place.text)]")])
      return Node(.sequence([first] + rest), at: place)
    }
    let isProse = ([first] + rest).contains { $0.scalar?.contains(" ") == true }
    findings.error(
      "wrong-kind",
      "'\(entry.key.value)' takes one value, and a ',' ends it here; text with a ',' in it needs quotes", at: place,
      fixIts: isProse ? [FixIt(replace: place, with: quoted(place.text))] : [])
    return isProse ? Node(.scalar(place.text, .quoted), at: place) : first
  }
}

// MARK: Keys

extension MappingMending {
  /// Moves the unknown keys that belong below another key to that key.
  mutating func moveHome(_ home: (String) -> String?) {
    var moved: [(home: String, entries: [Entry])] = []
    let written = entries
    entries = []
    for entry in written {
      guard !isKnown(entry), let home = home(entry.key.value) else {
        entries.append(entry)
        continue
      }
      if let i = moved.firstIndex(where: { $0.home == home }) {
        moved[i].entries.append(entry)
      } else {
        moved.append((home, [entry]))
      }
    }
    for (home, moved) in moved {
      let (first, last) = (moved[0], moved[moved.count - 1])
      findings.error(
        "unknown-key",
        "\(moved.map(\.key.value).named("\(what()) has no key")); \(moved.count == 1 ? "it belongs" : "they belong") below '\(home)'",
        at: first.key.range)
      let place = SourceRange(file: first.key.range.file, start: first.key.range.start, end: last.value.range.end)
      guard let i = index(of: home) else {
        entries.append(Entry(key: Located(home, at: first.key.range), value: Node(.mapping(moved), at: place)))
        continue
      }
      let value = entries[i].value
      if value.isEmpty { entries[i].value = Node(.mapping(moved), at: place) }
      if let own = value.entries {
        let others = moved.filter { value[key: $0.key.value] == nil }
        entries[i].value = Node(.mapping(own + others), at: value.range)
      }
    }
  }

  /// Replaces the unknown keys that mean others by their values.
  mutating func replaceMisnamed(_ meant: (Entry) -> String?) {
    for (i, entry) in entries.enumerated() where !isKnown(entry) {
      guard let meant = meant(entry) else { continue }
      findings.misnamed("\(what()) has no key", entry.key, meant)
      entries[i].key.value = meant
    }
  }

  /// Replaces the unknown keys by those that are certainly meant, so that no other mistake is hidden.
  ///
  /// - Parameter collections: the keys whose values are mappings or lists. A key with a scalar is not read as one of them.
  mutating func replaceUnknown(collections: [String]) {
    let unknown = entries.indices.filter { !isKnown(entries[$0]) }
    let taken = Set(entries.map(\.key.value))
    let guesses = findings.unknown(
      "unknown-key", "\(what()) has no key", unknown.map { entries[$0].key },
      among: keys.filter { !unoffered.contains($0) },
      isTaken: { taken.contains($0) })
    for (i, guess) in zip(unknown, guesses) {
      guard let guess else {
        (hasUnknownKey, hasUnreadKey) = (true, true)
        continue
      }
      misspelt.insert(guess.name)
      let isScalar = entries[i].value.scalar != nil && !entries[i].value.isEmpty
      if let meant = guess.certain, index(of: meant) == nil, !(isScalar && collections.contains(meant)) {
        entries[i].key.value = meant
      } else {
        hasUnreadKey = true
      }
    }
  }
}
