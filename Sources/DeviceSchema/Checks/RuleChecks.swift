import Diagnostics
import Expressions
import Vocabulary

extension RuleList {
  /// Visits this list and all lists nested in it, in preorder, except those of functions.
  func visitLists(_ visit: (RuleList) -> Void) {
    visit(self)
    for rule in rules { for list in rule.nested { list.visitLists(visit) } }
  }

  /// Visits every rule, including those in nested lists.
  package func visitRules(_ visit: (Rule) -> Void) { visitLists { list in for rule in list.rules { visit(rule) } } }

  /// Whether every call ends in this list, in every release.
  package var alwaysEnds: Bool { alwaysEnds(in: nil) }

  /// Whether every call of a release ends in this list; nil for every release.
  func alwaysEnds(in release: Release?) -> Bool { rules.contains { $0.alwaysEnds(in: release) } }
}

extension Rule {
  /// Whether every call ends at this rule, in every release.
  var alwaysEnds: Bool { alwaysEnds(in: nil) }

  /// Whether every call of a release ends at this rule; nil for every release.
  func alwaysEnds(in release: Release?) -> Bool {
    guard release.map({ lifetime.includes($0) == true }) ?? (lifetime == Lifetime()) else { return false }
    let own =
      switch action {
      case .refuse, .succeed, .warn(.hazard, _): true
      case .rules(let rules, _): rules.alwaysEnds(in: release)
      case .use(let use): use.function.body.list.alwaysEnds(in: release)
      default: false
      }
    return own && (condition == nil || condition?.constant == .bool(true) || otherwise?.alwaysEnds(in: release) == true)
  }

  /// Whether the rule changes nothing: it only refuses a call or lets it pass.
  fileprivate var onlyLooks: Bool {
    switch action {
    case .refuse, .succeed, .warn: otherwise == nil
    default: false
    }
  }
}

extension Catalogue {
  /// Every rule list of the architecture: those of calls, capabilities, attributes, functions and hooks.
  package var allRules: [RuleList] {
    var frames: [RuleFrame?] = files.flatMap { $0.rulesOfCalls() }
    for hook in Set(files.flatMap { $0.text.keys(under: "hooks").map(\.value) }).sorted() {
      frames += contributions(to: hook).map(\.rules)
    }
    frames += ruleFunctionNames.map { ruleFunction($0)?.body }
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
      } else if rule.ends {
        refused[condition.text] = rule
      }
    }
  }
}

extension Rule {
  /// Whether a call that meets the condition ends here.
  fileprivate var ends: Bool {
    switch action {
    case .refuse, .succeed: true
    default: false
    }
  }
}

extension Syntax {
  fileprivate var mentionsUnknown: Bool {
    if case .unknown = self { true } else { children.contains(where: \.mentionsUnknown) }
  }
}

/// A set copies its payload in somewhere.
struct PayloadsAreRead: SchemaCheck {
  static let id: DiagnosticID = "schema-no-read"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      for group in file.groups {
        for attribute in group.attributes where attribute.access.contains(.set) {
          let lists = [group.rules(of: .set), attribute.rules(of: .set)].compactMap { $0?.list }
          if group.payloads(of: attribute).allSatisfy(\.type.isNone) { continue }
          if lists.contains(where: { $0.reads || $0.alwaysEnds }) { continue }
          report(
            .error(
              Self.id, "'set' never reads its payload; write '- read: value' where the kernel copies it in",
              at: attribute.keyRange(of: .set) ?? attribute.source))
        }
      }
    }
  }
}

/// The condition of a rule is neither always true nor always false.
struct PossibleConditions: SchemaCheck {
  static let id: DiagnosticID = "schema-constant-condition"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for list in catalogue.allRules {
      list.visitRules { rule in
        guard let condition = rule.condition, case .bool(let truth)? = condition.constant, !rule.needsGuest else {
          return
        }
        report(.warning(Self.id, "this is always \(truth)", at: condition.source ?? rule.source))
      }
    }
  }
}

/// Every hook that a file contributes to is run by some rule. Otherwise its rules would never run.
struct HooksAreRun: SchemaCheck {
  static let id: DiagnosticID = "schema-unknown-hook"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    var run: Set<String> = [Catalogue.mapHook]
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

/// Two rules that refuse one call with the same errno do not have the same tag.
///
/// Rules without a tag may share an id, whose reasons then differ.
struct IDsAreDistinct: SchemaCheck {
  static let id: DiagnosticID = "schema-duplicate-id"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      for call in DescriptorCall.allCases { check([file.rules(of: call)], file, call.rawValue, report) }
      for capability in file.capabilities { check([capability.rules], file, capability.name, report) }
      for group in file.groups {
        for attribute in group.attributes {
          for access in AttributeAccess.allCases {
            check([group.rules(of: access), attribute.rules(of: access)], file, attribute.path, report)
          }
        }
      }
    }
  }

  private func check(
    _ frames: [RuleFrame?], _ file: SchemaFile, _ path: String, _ report: (Diagnostic) -> Void
  ) {
    var seen: [String: [Rule]] = [:]
    for rule in frames.flatMap({ $0?.list.tagged ?? [] }) {
      let id = file.id(of: rule, path)
      let others = seen[id] ?? []
      if others.contains(where: { $0.source == rule.source }) { continue }
      seen[id, default: []].append(rule)
      guard let other = others.first(where: { $0.lifetime.overlaps(rule.lifetime) }) else { continue }
      report(
        .error(
          Self.id, "\(id) is the id of two rules; give one another 'tag'", at: rule.actionRange,
          notes: [Note("the other is here", at: other.actionRange)]))
    }
  }
}

extension RuleList {
  /// The rules with a tag in this list, in those nested in it and in the functions that they use.
  fileprivate var tagged: [Rule] {
    rules.flatMap { rule -> [Rule] in
      (rule.tag == nil ? [] : [rule]) + rule.nested.flatMap(\.tagged) + (rule.use?.function.body.list.tagged ?? [])
    }
  }
}

extension Rule {
  /// The location of the errno or the warning.
  var actionRange: SourceRange {
    let keys = node.entries?.map(\.key) ?? []
    return keys.first { $0.value.isErrnoLike || RuleWarning(rawValue: $0.value) != nil }?.range ?? source
  }
}

/// The attributes, capabilities, calls and device types that rules call missing exist, and what they blame.
struct MissingAttributesExist: SchemaCheck {
  static let id: DiagnosticID = "schema-unknown-name"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for list in catalogue.allRules {
      list.visitRules { rule in
        for path in rule.missing where !catalogue.hasSetting(path.value) && catalogue.device(named: path.value) == nil {
          report(path.isUnknown(""))
        }
        for path in rule.blames where !catalogue.hasBlamed(path.value) && !rule.reads(path.value) {
          report(path.isUnknown(". A part of the call is written as in the condition"))
        }
      }
    }
  }
}

extension Catalogue {
  fileprivate func hasSetting(_ path: String) -> Bool {
    files.contains { file in
      guard path.hasPrefix(file.name + ".") else { return false }
      let name = String(path.dropFirst(file.name.utf8.count + 1))
      return file.attribute(at: name) != nil || file.capabilities.contains { $0.name == name }
        || file.requestNames.contains(name) || DescriptorCall(rawValue: name).map(file.has) ?? false
    }
  }

  /// Whether a path is that of a setting, or of a member of an attribute's value.
  fileprivate func hasBlamed(_ path: String) -> Bool { hasSetting(path) || hasMember(path) }

  private func hasMember(_ path: String) -> Bool {
    guard let dot = path.lastIndex(of: ".") else { return false }
    let (setting, member) = (path[..<dot], String(path[path.index(after: dot)...]))
    return files.contains { file in
      guard setting.hasPrefix(file.name + "."),
        let (group, attribute) = file.attribute(at: String(setting.dropFirst(file.name.utf8.count + 1)))
      else { return false }
      return group.payloads(of: attribute).contains {
        if case .record(let type) = $0.type.valueType(name: "value") { type.fields[member] != nil } else { false }
      }
    }
  }
}

extension Located {
  fileprivate func isUnknown(_ more: String) -> Diagnostic {
    .error(
      MissingAttributesExist.id,
      "there is no attribute or capability '\(value)'; write its path after the device type, 'vm' or 'vcpu'\(more)",
      at: range)
  }
}
