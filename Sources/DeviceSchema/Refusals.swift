import Diagnostics
import Expressions
import Vocabulary

extension Catalogue {
  /// Every rule that is known to be able to refuse a call in this release, in the order of the files.
  package var refusals: [Rule] {
    var search = RefusalSearch(catalogue: self)
    for file in files where file.lifetime.includes(release) == true { search.visit(file) }
    return search.found.values.sorted { a, b in
      (a.source.file.path, a.source.start.line, a.source.start.column)
        < (b.source.file.path, b.source.start.line, b.source.start.column)
    }
  }
}

/// A walk through all rules that calls can reach in a catalogue's release.
private struct RefusalSearch {
  let catalogue: Catalogue
  private(set) var found: [SourceRange: Rule] = [:]
  private var functions: Set<SourceRange> = []
  private var hooks: Set<String> = []

  init(catalogue: Catalogue) { self.catalogue = catalogue }

  mutating func visit(_ file: SchemaFile) {
    for rules in file.rulesOfCalls(where: exists) { visit(rules.list) }
  }

  private func exists(_ lifetime: Lifetime, _ condition: Expression?) -> Bool {
    lifetime.includes(catalogue.release) == true && KeyCondition.holds(condition, Fields(), 0)
  }

  private mutating func visit(_ list: RuleList) {
    for rule in list.rules where exists(rule.lifetime, nil) {
      for nested in rule.nested { visit(nested) }
      if let function = rule.use?.function, functions.insert(function.source).inserted { visit(function.body.list) }
      if let hook = rule.hook, hooks.insert(hook).inserted {
        for (file, rules) in catalogue.contributions(to: hook) where exists(file.lifetime, nil) { visit(rules.list) }
      }
      // No plan gets the answers that only a guest causes.
      if rule.errno != nil, !rule.needsGuest { found[rule.source] = rule }
      // Calls reach the rules after this one only in other releases.
      if rule.alwaysEnds(in: catalogue.release) { return }
    }
  }
}

extension Rule {
  /// Whether the rule acts only while a guest runs, or after one has.
  package var needsGuest: Bool { condition?.syntax.names.contains("guest_has_run") == true }
}
