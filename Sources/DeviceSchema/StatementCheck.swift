import Diagnostics
import Vocabulary

/// Checks the keys of a statement: it does one thing, and has no keys but those of the language.
struct StatementCheck {
  private let reader: KeyReader
  private let faults: Findings

  init(_ reader: KeyReader, _ faults: Findings) {
    self.reader = reader
    self.faults = faults
  }

  /// Reports the first mistake.
  ///
  /// - Returns: whether the statement is correct and can be compiled.
  func passes() -> Bool {
    guard let (message, id, range) = mistake else { return true }
    faults.error(id, message, at: range)
    return false
  }

  private var mistake: (message: String, id: DiagnosticID, range: SourceRange)? {
    if let found = versionOne ?? unknownKey ?? missingReason { return found }
    let actions = reader.entries.map(\.key).filter { $0.value.isErrnoLike || RuleReader.actions.contains($0.value) }
    if actions.count > 1 {
      let names = actions.map { "'\($0.value)'" }.listed()
      return (
        "a statement does one thing; put \(names) in a list under 'then', in the kernel's order", "schema-type",
        actions[1].range
      )
    }
    for (key, other) in [("else", "if"), ("for", "do"), ("on-failure", "do"), ("cases", "switch")] {
      if let range = reader.keyRange(key), !reader.has(other) {
        return ("'\(key)' needs '\(other)'", "schema-type", range)
      }
    }
    if actions.isEmpty, !reader.has("else"), let range = reader.keyRange("if") {
      return ("a rule with 'if' needs something to do", "schema-type", range)
    }
    return nil
  }

  private var versionOne: (message: String, id: DiagnosticID, range: SourceRange)? {
    for entry in reader.entries {
      let key = entry.key
      if let advice = Self.version1[key.value] {
        return ("'\(key.value)' is version 1 of the schema language; \(advice)", "schema-unknown-key", key.range)
      }
      if key.value == "then", let effects = entry.value.entries {
        let example = effects.first.map { "\($0.key.value): \($0.value.node.flow)" } ?? ""
        return (
          "'then' with a mapping is version 1 of the schema language; write 'assign: {\(example)}'",
          "schema-unknown-key", key.range
        )
      }
    }
    return nil
  }

  private var unknownKey: (message: String, id: DiagnosticID, range: SourceRange)? {
    for (i, entry) in reader.entries.enumerated() where !isKnown(entry.key.value) {
      // In braces, a comma ends plain text, and the rest is read as a key.
      if i > 0, entry.key.value.contains(where: { "()[]=<>&|!".contains($0) }) {
        let cut = reader.entries[i - 1].value.node
        return (
          "in braces a comma ends the value '\(cut.scalar ?? "")'; write the rule on lines of its own",
          "schema-expression", cut.range
        )
      }
      return (reader.unknownKey(entry.key, among: RuleReader.keys), "schema-unknown-key", entry.key.range)
    }
    return nil
  }

  private func isKnown(_ key: String) -> Bool { key.isErrnoLike || RuleReader.keys.contains(key) }

  private var missingReason: (message: String, id: DiagnosticID, range: SourceRange)? {
    for entry in reader.entries where entry.value.node.isEmpty {
      let key = entry.key
      if key.value.isErrnoLike {
        // A word that is no errno is reported when it is read.
        if Errno(name: key.value) == nil { continue }
        let advice = "say what is wrong with the value, and what would be right"
        return ("\(key.value) has no reason; \(advice)", "schema-no-reason", key.range)
      }
      if RuleWarning(rawValue: key.value) != nil {
        return ("\(key.value) has no reason; say what goes wrong", "schema-no-reason", key.range)
      }
    }
    return nil
  }

  /// The keys of version 1, with what takes their place.
  private static let version1 = [
    "errno": "write 'EINVAL: the reason'",
    "because": "write 'EINVAL: the reason'",
    "rules": "write a list under 'then'",
    "when": "write 'if'",
    "id": "write 'tag', the word that distinguishes the rule",
    "in": "write 'for: NAME in LIST'",
    "with": "write the arguments in parentheses: 'use: NAME(ARGUMENTS)'",
    "no-case": "write 'untested'",
    "allocate": "a new vCPU exists from the beginning of 'create'",
  ]
}
