import Diagnostics
import Expressions
import Vocabulary

extension RuleList {
  /// Visits this list and all lists nested in it, in preorder, except those of fragments.
  func visitLists(_ visit: (RuleList) -> Void) {
    visit(self)
    for rule in rules {
      for list in [rule.otherwise, rule.rules, rule.onFailure] { list?.visitLists(visit) }
    }
  }

  /// Visits every rule, including those in nested lists.
  package func visitRules(_ visit: (Rule) -> Void) { visitLists { list in for rule in list.rules { visit(rule) } } }

  /// Whether every call ends in this list, in every release.
  fileprivate var alwaysEnds: Bool { rules.contains(where: \.alwaysEnds) }
}

extension Rule {
  /// Whether every call ends at this rule.
  fileprivate var alwaysEnds: Bool {
    guard when == nil, lifetime == Lifetime() else { return false }
    let own =
      errno != nil || returnsOK || hazard != nil || (loop == nil && rules?.alwaysEnds == true)
      || use?.fragment.body.list.alwaysEnds == true
    return own && (condition == nil || condition?.constant == .bool(true) || otherwise?.alwaysEnds == true)
  }

  /// Whether the rule changes nothing: it only refuses a call or lets it pass.
  fileprivate var onlyLooks: Bool {
    effects.isEmpty && lets.isEmpty && !allocatesVCPU && !readsValue && use == nil && hook == nil && rules == nil
      && otherwise == nil
  }
}

extension Catalogue {
  /// Every rule list of the architecture: those of calls, capabilities, attributes, fragments and hooks.
  package var allRules: [RuleList] {
    var frames: [RuleFrame?] = files.flatMap { $0.rulesOfCalls() }
    for hook in Set(files.flatMap { $0.text.keys(under: "hooks").map(\.value) }).sorted() {
      frames += contributions(to: hook).map(\.rules)
    }
    frames += fragmentNames.map { fragment($0)?.body }
    return frames.compactMap { $0?.list }
  }
}

/// Every rule can be reached: no rule before it always ends the call or has just refused the same condition.
struct ReachableRules: SchemaCheck {
  static let id: DiagnosticID = "schema-unreachable"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for list in catalogue.allRules {
      list.visitLists { list in
        end(of: list, report)
        repetitions(in: list, report)
      }
    }
  }

  private func end(of list: RuleList, _ report: (Diagnostic) -> Void) {
    guard let end = list.rules.firstIndex(where: \.alwaysEnds), end + 1 < list.rules.count else { return }
    report(
      .error(
        Self.id, "this rule is never reached: the call always ends before it", at: list.rules[end + 1].source,
        notes: [Note("it ends here", at: list.rules[end].source)]))
  }

  private func repetitions(in list: RuleList, _ report: (Diagnostic) -> Void) {
    var refused: [String: Rule] = [:]
    for rule in list.rules {
      guard rule.onlyLooks, let condition = rule.condition else {
        refused = [:]
        continue
      }
      // Each `unknown` literal may have another value.
      if condition.syntax.mentionsUnknown { continue }
      if let earlier = refused[condition.text], rule.errno != nil, earlier.lifetime.covers(rule.lifetime) {
        report(
          .error(
            Self.id, "this rule is never reached: the same condition has ended the call before", at: rule.source,
            notes: [Note("it ends here", at: earlier.source)]))
      } else if rule.errno != nil || rule.returnsOK, rule.when == nil {
        refused[condition.text] = rule
      }
    }
  }
}

extension Syntax {
  fileprivate var mentionsUnknown: Bool {
    if case .unknown = self { true } else { children.contains(where: \.mentionsUnknown) }
  }
}

/// The condition of a rule is neither always true nor always false.
struct PossibleConditions: SchemaCheck {
  static let id: DiagnosticID = "schema-constant-condition"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for list in catalogue.allRules {
      list.visitRules { rule in
        guard let condition = rule.condition, case .bool(let truth)? = condition.constant else { return }
        report(.warning(Self.id, "this is always \(truth)", at: condition.source ?? rule.source))
      }
    }
  }
}

/// Every hook that a file contributes to is run by some rule. Otherwise its rules would never run.
struct HooksAreRun: SchemaCheck {
  static let id: DiagnosticID = "schema-unknown-hook"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    var run: Set<String> = []
    for list in catalogue.allRules {
      list.visitRules { rule in if let hook = rule.hook { run.insert(hook) } }
    }
    for file in catalogue.files {
      for hook in file.text.keys(under: "hooks") where !run.contains(hook.value) {
        let hint = run.sorted().suggestion(for: hook.value)
        report(.error(Self.id, "no rule runs a hook '\(hook.value)'\(hint)", at: hook.range))
      }
    }
  }
}
