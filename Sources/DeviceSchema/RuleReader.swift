import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Compiles rules: YAML statements become `Rule` values, their expressions are checked.
struct RuleReader {
  let scope: RuleScope
  let shared: any SharedNames
  let faults: Findings

  /// The keys that say when a statement acts.
  private static let guards = ["since", "until", "if", "else"]
  /// The keys that stand beside an action.
  private static let remarks = ["tag", "missing", "blames", "documented", "untested", "doc", "mirrors"]
  /// The keys that say what a statement does. A statement has one of them, or an errno.
  static let actions =
    ["let", "assign", "read", "write", "return", "use", "then", "do", "switch", "hook"]
    + RuleWarning.allCases.map(\.rawValue)
  /// Keys that belong to an action.
  private static let parts = ["for", "cases", "on-failure"]
  static let keys = guards + actions + parts + remarks

  /// The rules of a node, which are compiled on first use.
  func frame(_ node: SchemaNode?) -> RuleFrame {
    guard let node else { return .empty }
    let frame = RuleFrame {
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
    let reader = KeyReader(node, of: "a rule", faults)
    if faults.isThorough, !StatementCheck(reader, faults).passes() {
      return Rule(node: node, rest: DeferredBody { RuleBody() })
    }
    let lifetime = reader.lifetime()
    let condition = condition(reader["if"])
    // Later statements declare more names, so the deferred parts use copies of the scope.
    let above = with(scope.copy())
    var lets: [(name: String, slot: Int, value: Expression)] = []
    for entry in reader["let"]?.entries ?? [] {
      guard let value = expression(entry.value) else { continue }
      lets.append((entry.key.value, scope.declare(entry.key.value, value.type), value))
    }
    let rest = DeferredBody {
      let body = RuleBody()
      body.otherwise = reader.child("else").map(above.list)
      body.action = above.action(reader)
      body.tag = reader.string("tag")
      body.missing = attributes("missing", reader)
      body.blames = attributes("blames", reader)
      body.blamedParts = body.blames.map(\.value).filter { condition?.reads($0) ?? false }.compactMap { path in
        (try? Expression(path, in: above.scope)).map { BlamedPart(path, $0) }
      }
      body.documented = reader.string("documented")
      body.untested = reader.string("untested")
      body.mirrors = reader.string("mirrors")
      return body
    }
    let rule = Rule(
      node: node, lifetime: lifetime, condition: condition, hasOtherwise: reader.has("else"), lets: lets, rest: rest)
    if faults.isThorough { _ = rest.body }
    return rule
  }

  /// Reads `missing` or `blames`: the path of an attribute, or a list of them.
  private func attributes(_ key: String, _ reader: KeyReader) -> [Located] {
    guard let node = reader[key] else { return [] }
    return (node.items ?? [node]).compactMap { item in
      if let path = item.scalar { return Located(path, at: item.range) }
      faults.error("schema-type", "'\(key)' must be the path of an attribute, or a list of them", at: item.range)
      return nil
    }
  }

  private func with(_ scope: RuleScope) -> RuleReader { RuleReader(scope: scope, shared: shared, faults: faults) }

  private func action(_ reader: KeyReader) -> RuleAction {
    for entry in reader.entries {
      let node = entry.value
      switch entry.key.value {
      case "assign": return .assign(effects(node.node))
      case "use": return use(node.node)
      case "write": return CallValue(node.node, in: scope, faults).map(RuleAction.write) ?? .none
      case "return": return expression(node.node, as: .integer).map(RuleAction.succeed) ?? .none
      case "hook": return reader.string("hook").map(RuleAction.hook) ?? .none
      case "then": return .rules(list(node), onFailure: nil)
      case "do": return repeated(node, reader)
      case "switch": return Switch(node.node, reader["cases"], faults).map { rules(of: $0, reader) } ?? .none
      case "read":
        return part(node.node).map(RuleAction.read) ?? .none
      default:
        if let kind = RuleWarning(rawValue: entry.key.value) { return .warn(kind, reason(node.node)) }
        if entry.key.value.isErrnoLike, let errno = entry.key.errno(faults) {
          return .refuse(errno, reason(node.node))
        }
      }
    }
    return .none
  }

  /// Reads `value`, or a part of it such as `value[i].type`.
  private func part(_ node: Node) -> PayloadPart? {
    guard let syntax = node.syntax(faults) else { return nil }
    guard let part = part(syntax) else {
      faults.error(
        "schema-type",
        "'read' must be 'value', the payload, a part of it such as 'value[i].type', or 'arg', the struct of a call",
        at: node.range)
      return nil
    }
    // Checks the names of the members.
    return part.path.isEmpty || expression(node) != nil ? part : nil
  }

  private func part(_ syntax: Syntax) -> PayloadPart? {
    switch syntax {
    case .name("value", _), .name("arg", _): return PayloadPart()
    case .field(let base, let name, _):
      guard var part = part(base) else { return nil }
      part.path.append(.field(name))
      return part
    case .index(let base, let index, _):
      guard var part = part(base), let index = try? Expression(index, in: scope, as: .integer) else { return nil }
      part.path.append(.element(index))
      return part
    default: return nil
    }
  }

  private func reason(_ node: Node) -> ReasonText { ReasonText(node, in: scope, faults) }

  /// Reads `for`, `do` and `on-failure`. The variable is visible in the repeated rules only.
  private func repeated(_ node: SchemaNode, _ reader: KeyReader) -> RuleAction {
    let undo = reader.child("on-failure").map(list)
    guard let header = reader["for"] else { return .rules(list(node), onFailure: undo) }
    return scope.nested {
      Loop(header, in: scope, faults).map { .loop($0, list(node), onFailure: undo) } ?? .none
    }
  }

  /// The cases of a `switch` as rules with conditions, each in the `else` of the one before.
  private func rules(of choice: Switch, _ reader: KeyReader) -> RuleAction {
    let cases = reader.child("cases")?.entries ?? []
    var rules: RuleList?
    for (arm, entry) in zip(choice.arms, cases).reversed() {
      let body = list(entry.value)
      guard let test = arm.test else {
        rules = body
        continue
      }
      guard let condition = expression(test, at: entry.key.range, as: .bool) else { continue }
      let otherwise = rules
      let rest = DeferredBody {
        let result = RuleBody()
        result.action = .rules(body, onFailure: nil)
        result.otherwise = otherwise
        return result
      }
      rules = RuleList(rules: [
        Rule(node: entry.value, condition: condition, hasOtherwise: otherwise != nil, rest: rest)
      ])
    }
    return .rules(rules ?? .empty, onFailure: nil)
  }

  private func expression(_ node: Node?, as wanted: Type = .any) -> Expression? {
    node.flatMap { $0.expression(in: scope, as: wanted, faults) }
  }

  private func expression(_ syntax: Syntax, at range: SourceRange, as wanted: Type) -> Expression? {
    syntax.compiled(in: scope, as: wanted, at: range, faults)
  }

  /// Reads a condition. A condition with faults is unknown.
  private func condition(_ node: Node?) -> Expression? {
    node.map { $0.expression(in: scope, as: .bool, faults) ?? Expression(constant: .unknown, text: "unknown") }
  }

  /// Reads `use: NAME(ARGUMENTS)`.
  private func use(_ node: Node) -> RuleAction {
    guard let syntax = node.syntax(faults) else { return .none }
    guard case .call(let name, let arguments, _) = syntax else {
      faults.error(
        "schema-type", "'use' must be a function with its arguments, such as 'check(value, 4)'", at: node.range)
      return .none
    }
    let word = OccupationWord(rawValue: name)
    let values = arguments.enumerated().map { i, argument in
      argument.compiled(in: scope, as: word?.type(ofParameter: i) ?? .any, at: node.range(of: argument.span), faults)
        ?? Expression(constant: .unknown, text: "unknown")
    }
    if let word {
      guard (word.required...word.parameters.count).contains(values.count) else {
        faults.error(
          "schema-type",
          "\(name) has \(Set([word.required, word.parameters.count]).sorted().map(String.init).listed("or")) parameters "
            + "(\(word.parameters.joined(separator: ", "))), "
            + "not \(values.count)", at: node.range)
        return .none
      }
      return .occupy(word, values)
    }
    guard let function = shared.ruleFunction(name) else {
      let hint = shared.ruleFunctionNames.suggestion(for: name)
      faults.error("schema-unknown-name", "there is no function of rules '\(name)'\(hint)", at: node.range)
      return .none
    }
    if function.isCompiling {
      faults.error("schema-recursion", "function '\(name)' uses itself", at: node.range)
      return .none
    }
    if faults.isThorough { shared.compile(function) }
    let parameters = function.parameters
    if values.count != parameters.count {
      let names = parameters.isEmpty ? "" : " (\(parameters.joined(separator: ", ")))"
      faults.error(
        "schema-expression", "\(name) has \(counted(parameters.count, "parameter"))\(names), not \(values.count)",
        at: node.range)
      return .none
    }
    return .use(FunctionUse(function: function, arguments: values))
  }

  private func effects(_ node: Node) -> [Effect] {
    guard let entries = node.entries else {
      faults.error("schema-type", "'assign' must be a mapping from paths to expressions", at: node.range)
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
    if entries.isEmpty {
      switch type {
      case .map, .any: return .emptyMap
      default:
        faults.error("schema-type", "'{}' empties a map, but this is \(type.name)", at: node.range)
        return nil
      }
    }
    return .record(
      entries.compactMap { entry in
        if case .record(let record) = type, record.fields[entry.key.value] == nil {
          faults.error("schema-unknown-name", "\(record.name) has no field '\(entry.key.value)'", at: entry.key.range)
        }
        return effectValue(entry.value, .any).map { (entry.key.value, $0) }
      })
  }
}

extension CallValue {
  /// Reads `write:`: a value, or the fields of one. Nil if it has a fault.
  init?(_ node: Node, in scope: RuleScope, _ faults: Findings) {
    guard let entries = node.entries else {
      guard let value = node.expression(in: scope, faults) else { return nil }
      self = .expression(value)
      return
    }
    let type: Type? = if case .root(_, let type)? = scope.meaning(of: Root.value.rawValue) { type } else { nil }
    self = .fields(
      entries.compactMap { entry in
        let name = entry.key.value.identifier
        if case .record(let record)? = type, record.fields[name] == nil {
          let hint = record.fields.keys.sorted().suggestion(for: name)
          faults.error(
            "schema-unknown-name", "the payload has no field '\(entry.key.value)'\(hint)", at: entry.key.range)
        }
        return entry.value.expression(in: scope, faults).map { (name, $0) }
      })
  }

  package var expressions: [Expression] {
    switch self {
    case .expression(let expression): [expression]
    case .fields(let fields): fields.map(\.1)
    }
  }
}

extension Loop {
  /// Reads `for: NAME in LIST`, and declares the variable; nil after an error, which is reported.
  init?(_ header: Node, in scope: RuleScope, _ faults: Findings) {
    guard let (variable, elements) = header.loopHeader else {
      faults.error("schema-type", "a loop must be 'for: NAME in LIST'", at: header.range)
      return nil
    }
    guard let list = elements.expression(in: scope, as: .list(.any), faults) else { return nil }
    let element: Type = if case .list(let type) = list.type { type } else { .any }
    self.init(variable: variable, slot: scope.declare(variable, element), list: list)
  }
}

extension Node {
  /// The variable and the list of `for: VARIABLE in LIST`; nil for any other text.
  package var loopHeader: (variable: String, list: Node)? {
    let parts = (scalar ?? "").split(separator: " ", maxSplits: 2).map(String.init)
    guard let text = scalar, parts.count == 3, parts[1] == "in" else { return nil }
    let start = text.utf8.count - parts[2].utf8.count
    return (parts[0], part(Span(start: start, length: parts[2].utf8.count)))
  }

  /// A part of a scalar's text as a scalar at its place.
  private func part(_ span: Span) -> Node {
    let text = String(decoding: (scalar ?? "").utf8.dropFirst(span.start).prefix(span.length), as: UTF8.self)
    return Node(.scalar(text, .plain), at: range(of: span))
  }
}

extension String {
  /// Whether a key looks like an errno: `E` and more upper-case letters.
  var isErrnoLike: Bool {
    utf8.count > 1 && utf8.first == UInt8(ascii: "E")
      && utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }
  }
}
