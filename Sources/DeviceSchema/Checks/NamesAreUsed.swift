import Diagnostics
import Expressions
import YAMLSyntax

/// Every function, struct, table, column of a table, fact, unit and state variable is used.
///
/// A name counts as used wherever an expression mentions it, even with another meaning. So the check misses some unused
/// names, but never reports a used one. Keys of `assign` are writes: a variable that is only written is not used.
struct NamesAreUsed: SchemaCheck {
  static let id: DiagnosticID = "schema-unused"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    var words = WordSearch()
    for file in catalogue.files {
      for key in file.text.topKeys {
        if let node = file.text.top(key.value) { words.search(node) }
      }
    }
    for file in catalogue.files {
      for (section, what) in [
        ("functions", "function"), ("structs", "struct"), ("tables", "table"), ("facts", "fact"), ("units", "unit"),
      ] {
        for key in file.text.keys(under: section) {
          let name = String(key.value.prefix { $0 != "(" })
          // A recursive function is reported elsewhere, so its own text counts as well.
          if !words.found.contains(name) { report(.unused(what, name, key.range)) }
        }
      }
      for table in file.text.top("tables")?.entries ?? [] { check(columnsOf: table, words, report) }
      for owner in file.text.top("state")?.entries ?? [] { check(owner.value, words, report) }
    }
  }

  /// Checks each column once, where it first occurs. `name` is used by `names:` of a field.
  private func check(columnsOf table: Entry, _ words: WordSearch, _ report: (Diagnostic) -> Void) {
    var seen: Set<String> = ["name", "doc", "since", "until", "for"]
    for row in table.value.items ?? [] {
      for cell in row.entries ?? [] where seen.insert(cell.key.value).inserted {
        if words.found.contains(cell.key.value.identifier) { continue }
        report(.unused("column", cell.key.value, cell.key.range))
      }
    }
  }

  private func check(_ variables: Node, _ words: WordSearch, _ report: (Diagnostic) -> Void) {
    for variable in variables.entries ?? [] {
      if !words.found.contains(variable.key.value) {
        report(.unused("variable", variable.key.value, variable.key.range))
      } else {
        check(variable.value, words, report)
      }
    }
  }
}

extension Diagnostic {
  fileprivate static func unused(_ what: String, _ name: String, _ range: SourceRange) -> Diagnostic {
    .warning(NamesAreUsed.id, "nothing uses the \(what) '\(name)'", at: range)
  }
}

/// The names in all expressions, and the texts that are names.
private struct WordSearch {
  private(set) var found: Set<String> = []

  /// Keys whose values are not searched: texts for users, probes and constants.
  private static let prose: Set<String> = [
    "doc", "sources", "mirrors", "tag", "missing", "blames", "documented", "untested", "probe",
  ]

  mutating func search(_ node: Node) {
    switch node.content {
    case .scalar(let text, _): add(text)
    case .sequence(let items): for item in items { search(item) }
    case .mapping(let entries):
      for entry in entries {
        // An attribute may have such a name as well.
        if Self.prose.contains(entry.key.value), entry.value.entries == nil || entry.key.value == "probe" { continue }
        if entry.key.value.isErrnoLike || RuleWarning(rawValue: entry.key.value) != nil {
          searchReason(entry.value)
        } else {
          search(entry.value)
        }
        // The key of `map[key]: value` is read.
        if let key = (try? EffectTarget(entry.key.value))?.key { add(key) }
      }
    }
  }

  /// Adds the names in the placeholders of a reason.
  private mutating func searchReason(_ node: Node) {
    for case .expression(let text, _) in Interpolation(node.scalar ?? "").pieces { add(text) }
  }

  /// Adds a text as a whole and the names in it.
  private mutating func add(_ text: String) {
    found.insert(text)
    // `struct event`, `struct event[key.length / 72]`, `pointer to struct event`, `_IOW(KVMIO, 0x61, struct event)`
    if let word = text.firstRange(of: "struct ") {
      let rest = text[word.upperBound...]
      found.insert(String(rest.prefix { !"[)".contains($0) }))
      if let open = rest.firstIndex(of: "[") { add(String(rest[open...])) }
    }
    if let syntax = try? Parser.parse(text) { add(syntax) }
  }

  private mutating func add(_ syntax: Syntax) {
    syntax.visit { part in
      switch part {
      case .name(let name, _), .field(_, let name, _), .call(let name, _, _): found.insert(name)
      default: break
      }
    }
  }
}
