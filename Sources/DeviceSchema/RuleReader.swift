import Diagnostics
import Expressions
import YAMLSyntax

/// Compiles rules: YAML statements become `Rule` values, their expressions are checked.
struct RuleReader {
  let scope: RuleScope
  let shared: any SharedNames
  let faults: Findings

  private static let keys = [
    "since", "until", "when", "if", "else", "let", "allocate", "read", "use", "with", "hook", "for", "in", "rules",
    "on-failure", "then", "hazard", "warn", "errno", "return", "id", "because", "documented", "doc",
    "no-case",
  ]

  /// The rules of a node, which are compiled on first use.
  func frame(_ node: SchemaNode?) -> RuleFrame {
    guard let node else { return .empty }
    let frame = RuleFrame(node, reads: shared.readsValue) {
      let list = self.list(node)
      return (list, scope.frameSize)
    }
    if faults.isThorough { _ = frame.list }
    return frame
  }

  func list(_ node: SchemaNode) -> RuleList {
    guard let items = node.items else {
      faults.error("schema-type", "rules must be a list, not \(node.node.kind)", at: node.node.range)
      return .empty
    }
    return scope.nested { RuleList(rules: items.map(rule)) }
  }

  private func rule(_ node: SchemaNode) -> Rule {
    let reader = KeyReader(node, keys: Self.keys, of: "a rule", faults)
    let lifetime = reader.lifetime()
    let when = condition(reader["when"])
    let condition = condition(reader["if"])
    // Later statements declare more names, so the deferred parts use copies of the scope.
    let above = with(scope.copy())
    var lets: [(name: String, slot: Int, value: Expression)] = []
    for entry in reader["let"]?.entries ?? [] {
      guard let value = expression(entry.value) else { continue }
      lets.append((entry.key.value, scope.declare(entry.key.value, value.type), value))
    }
    let here = lets.isEmpty ? above : with(scope.copy())
    let rest = DeferredAction {
      let action = here.action(reader)
      action.otherwise = reader.child("else").map(above.list)
      return action
    }
    let rule = Rule(
      node: node, lifetime: lifetime, when: when, condition: condition, hasOtherwise: reader.has("else"), lets: lets,
      rest: rest)
    if faults.isThorough { check(rule, reader) }
    return rule
  }

  private func with(_ scope: RuleScope) -> RuleReader { RuleReader(scope: scope, shared: shared, faults: faults) }

  private func check(_ rule: Rule, _ reader: KeyReader) {
    if rule.errno != nil, rule.because == nil {
      faults.error(
        "schema-no-reason", "a rule with 'errno' needs 'because'", at: reader.keyRange("errno") ?? rule.source)
    }
    if rule.condition == nil, let otherwise = reader["else"] {
      faults.error("schema-type", "'else' needs an 'if'", at: otherwise.range)
    }
  }

  private func action(_ reader: KeyReader) -> RuleAction {
    let action = RuleAction()
    action.allocatesVCPU = word("allocate", "vcpu", reader)
    action.readsValue = word("read", "value", reader)
    action.use = use(reader)
    action.hook = reader.string("hook")
    body(reader, into: action)
    action.effects = effects(reader["then"])
    action.hazard = reader.string("hazard")
    action.warning = reader.string("warn")
    action.errno = reader.errno("errno")
    action.returnsOK = word("return", "ok", reader)
    action.id = reader.string("id")
    action.because = reader["because"].map { ReasonText($0, in: scope, faults) }
    action.documented = reader.string("documented")
    action.noCase = reader.string("no-case")
    return action
  }

  /// Reads `for`, `in`, `rules` and `on-failure`. The variable is visible in the nested rules only.
  private func body(_ reader: KeyReader, into action: RuleAction) {
    scope.nested {
      if let variable = reader.string("for"), let list = expression(reader["in"], as: .list(.any)) {
        let element: Type = if case .list(let type) = list.type { type } else { .any }
        action.loop = Loop(variable: variable, slot: scope.declare(variable, element), list: list)
      } else if let node = reader["for"] ?? reader["in"], action.loop == nil,
        reader["for"] == nil || reader["in"] == nil
      {
        faults.error("schema-type", "a loop needs 'for', 'in' and 'rules'", at: node.range)
      }
      action.rules = reader.child("rules").map(list)
    }
    action.onFailure = reader.child("on-failure").map(list)
  }

  private func word(_ key: String, _ wanted: String, _ reader: KeyReader) -> Bool {
    guard let text = reader.string(key) else { return false }
    if text != wanted { faults.error("schema-type", "'\(key)' must be '\(wanted)'", at: reader[key]?.range) }
    return text == wanted
  }

  private func expression(_ node: Node?, as wanted: Type = .any) -> Expression? {
    node.flatMap { $0.expression(in: scope, as: wanted, faults) }
  }

  /// Reads a condition. A condition with faults is unknown.
  private func condition(_ node: Node?) -> Expression? {
    node.map { $0.expression(in: scope, as: .bool, faults) ?? Expression(constant: .unknown, text: "unknown") }
  }

  private func use(_ reader: KeyReader) -> FragmentUse? {
    guard let name = reader.string("use") else { return nil }
    guard let fragment = shared.fragment(name) else {
      let hint = shared.fragmentNames.suggestion(for: name)
      faults.error("schema-unknown-name", "there is no fragment '\(name)'\(hint)", at: reader["use"]?.range)
      return nil
    }
    if fragment.isCompiling {
      faults.error("schema-recursion", "fragment '\(name)' uses itself", at: reader["use"]?.range)
      return nil
    }
    if faults.isThorough { shared.compile(fragment) }
    let with = reader["with"]?.entries ?? []
    for entry in with where !fragment.parameters.contains(entry.key.value) {
      faults.error(
        "schema-unknown-name", "fragment '\(name)' has no parameter '\(entry.key.value)'", at: entry.key.range)
    }
    let arguments = fragment.parameters.map { parameter -> Expression in
      guard let node = with.first(where: { $0.key.value == parameter })?.value else {
        faults.error("schema-type", "fragment '\(name)' needs '\(parameter)'", at: reader["use"]?.range)
        return Expression(constant: .unknown, text: "unknown")
      }
      return expression(node) ?? Expression(constant: .unknown, text: "unknown")
    }
    return FragmentUse(fragment: fragment, arguments: arguments)
  }

  private func effects(_ node: Node?) -> [Effect] {
    guard let node else { return [] }
    guard let entries = node.entries else {
      faults.error("schema-type", "'then' must be a mapping from paths to expressions", at: node.range)
      return []
    }
    return entries.compactMap { entry in
      let path: EffectPath
      do throws(ExpressionError) {
        path = try EffectPath(entry.key.value, in: scope)
      } catch {
        let key = Node(.scalar(entry.key.value, .plain), at: entry.key.range)
        faults.error("schema-expression", error.message, at: key.range(of: error.span))
        return nil
      }
      guard let value = effectValue(entry.value, path.type) else { return nil }
      return Effect(path: path, value: value, source: entry.key.range)
    }
  }

  private func effectValue(_ node: Node, _ type: Type) -> EffectValue? {
    guard let entries = node.entries else { return expression(node, as: type).map(EffectValue.expression) }
    return .record(
      entries.compactMap { entry in
        if case .record(let record) = type, record.fields[entry.key.value] == nil {
          faults.error("schema-unknown-name", "\(record.name) has no field '\(entry.key.value)'", at: entry.key.range)
        }
        return expression(entry.value).map { (entry.key.value, $0) }
      })
  }
}
