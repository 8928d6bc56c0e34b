import Diagnostics
import Vocabulary

extension Expression {
  /// Parses an expression, resolves its names and checks its types.
  ///
  /// - Parameter wanted: the type that its place asks for.
  package convenience init(_ text: String, in scope: some Scope, as wanted: Type = .any) throws(ExpressionError) {
    try self.init(try Parser.parse(text), text, in: scope, as: wanted)
  }

  /// Compiles syntax; its text is made from it.
  package convenience init(_ syntax: Syntax, in scope: some Scope, as wanted: Type = .any) throws(ExpressionError) {
    try self.init(syntax, nil, in: scope, as: wanted)
  }

  private convenience init(
    _ syntax: Syntax, _ text: String?, in scope: some Scope, as wanted: Type
  ) throws(ExpressionError) {
    var checker = Checker(scope: scope)
    let (root, type) = try checker.check(syntax)
    guard type.fits(wanted) else {
      throw ExpressionError("expected \(wanted.name), found \(type.name)", at: syntax.span)
    }
    self.init(
      text: text ?? syntax.description, syntax: syntax, type: type, root: root, readsPayload: checker.readsPayload,
      functions: checker.functions)
  }
}

/// Compiles syntax to nodes: resolves names and checks types.
struct Checker {
  let scope: any Scope
  /// Variables of the enclosing comprehensions, innermost last.
  private var variables: [(name: String, slot: Int, type: Type)] = []
  /// Whether the expression reads the payload or a local.
  private(set) var readsPayload = false
  private(set) var functions: [Function] = []

  init(scope: any Scope) { self.scope = scope }

  mutating func check(_ syntax: Syntax) throws(ExpressionError) -> (Node, Type) {
    switch syntax {
    case .integer(let value, _, _): return (.literal(.integer(value)), .integer)
    case .string(let text, _): return (.literal(.string(text)), .string)
    case .bool(let value, _): return (.literal(.bool(value)), .bool)
    case .null: return (.literal(.null), .null)
    case .unknown: return (.literal(.unknown), .any)
    case .list(let items, _): return try list(items)
    case .name(let name, let span): return try self.name(name, span)
    case .field(let base, let name, let span): return try field(base, name, span)
    case .index(let base, let index, let span): return try self.index(base, index, span)
    case .call(let name, let arguments, let span): return try call(name, arguments, span)
    case .comprehension(let kind, let list, let variable, let body, let span):
      return try comprehension(kind, list, variable, body, span)
    case .unary(let op, let operand, let span): return try unary(op, operand, span)
    case .binary(let op, let left, let right, let span): return try binary(op, left, right, span)
    case .conditional(let condition, let yes, let no, let span):
      let test = try check(condition, as: .bool)
      let (yesNode, yesType) = try check(yes)
      let (noNode, noType) = try check(no)
      return (.conditional(test, yesNode, noNode, span), yesType.joined(with: noType))
    }
  }

  private mutating func check(_ syntax: Syntax, as wanted: Type) throws(ExpressionError) -> Node {
    let (node, type) = try check(syntax)
    try expect(wanted, type, at: syntax.span)
    return node
  }

  private func expect(_ wanted: Type, _ type: Type, at span: Span) throws(ExpressionError) {
    guard type.fits(wanted) else { throw ExpressionError("expected \(wanted.name), found \(type.name)", at: span) }
  }

  private mutating func list(_ items: [Syntax]) throws(ExpressionError) -> (Node, Type) {
    var nodes: [Node] = []
    var element: Type = .null
    for item in items {
      let (node, type) = try check(item)
      nodes.append(node)
      element = nodes.count == 1 ? type : element.joined(with: type)
    }
    let constants = nodes.compactMap { if case .literal(let value) = $0 { value } else { Value?.none } }
    let node: Node = constants.count == nodes.count ? .literal(.list(constants)) : .list(nodes)
    return (node, .list(items.isEmpty ? .any : element))
  }

  private mutating func name(_ name: String, _ span: Span) throws(ExpressionError) -> (Node, Type) {
    if let variable = variables.last(where: { $0.name == name }) { return (.local(variable.slot), variable.type) }
    switch scope.meaning(of: name) {
    case .local(let slot, let type):
      readsPayload = true
      return (.local(slot), type)
    case .root(let root, let type):
      if root == .value { readsPayload = true }
      return (.root(root), type)
    case .constant(let value, let type): return (.literal(value), type)
    case .host:
      throw ExpressionError("'host' alone has no value; name one of its facts, as in 'host.page_size'", at: span)
    case .unavailable(let reason): throw ExpressionError(reason, at: span)
    case nil:
      let names = variables.map(\.name) + scope.visibleNames
      throw ExpressionError("unknown name '\(name)'" + names.suggestion(for: name), at: span)
    }
  }

  private mutating func field(_ base: Syntax, _ name: String, _ span: Span) throws(ExpressionError) -> (Node, Type) {
    let word = Span(start: span.start + span.length - name.utf8.count, length: name.utf8.count)
    if case .name("host", _) = base, !variables.contains(where: { $0.name == "host" }),
      case .host = scope.meaning(of: "host")
    {
      guard let type = scope.fact(name) else {
        throw ExpressionError("the host has no fact '\(name)'" + scope.factNames.suggestion(for: name), at: word)
      }
      return (.fact(name), type)
    }
    var (node, type) = try check(base)
    // A number in the state has the names of what is assigned to it.
    if case .integer = type, case .field(_, let variable, _) = node, let names = scope.bits(ofVariable: variable) {
      type = .flags(names)
    }
    if case .literal(.table(let table)) = node, case .list(.record(let columns)) = type {
      return (.literal(try row(name, of: table, base, word)), .record(columns))
    }
    switch type {
    case .any: return (.field(node, name, span), .any)
    case .flags(let names):
      if names.bits.isEmpty { throw ExpressionError("\(type.name) has no fields", at: word) }
      guard let bit = names.bits[name] else {
        throw ExpressionError(
          "no bit of this integer is called '\(name)'" + names.bits.keys.sorted().suggestion(for: name), at: word)
      }
      return (.builtin(.bit, [node, .literal(Value(bit))], span), .bool)
    case .record(let record):
      guard let type = record.fields[name] else {
        throw ExpressionError(
          "\(record.name) has no field '\(name)'" + record.fields.keys.sorted().suggestion(for: name), at: word)
      }
      return (.field(node, name, span), type)
    default:
      throw ExpressionError("\(type.name) has no fields", at: word)
    }
  }

  /// The row of a table that has this text in its `name` column.
  private func row(_ name: String, of table: Table, _ base: Syntax, _ word: Span) throws(ExpressionError) -> Value {
    guard let column = table.columns.firstIndex(of: "name") else {
      throw ExpressionError("the rows of '\(base)' have no column 'name' to select them by", at: word)
    }
    if let row = table.row(with: name, in: column) { return table[row] }
    var names: [String] = []
    for (row, value) in zip(table.indices, table.values(of: column)) {
      guard case .string(let text) = value else { continue }
      let identifier = text.replacing("-", with: "_")
      if identifier == name { return table[row] }
      names.append(identifier)
    }
    throw ExpressionError("'\(base)' has no row '\(name)'" + names.suggestion(for: name), at: word)
  }

  private mutating func index(
    _ base: Syntax, _ index: Syntax, _ span: Span
  ) throws(ExpressionError) -> (Node, Type) {
    let (node, type) = try check(base)
    switch type {
    case .list(let element): return (.index(node, try check(index, as: .integer), span), element)
    case .map(let element): return (.index(node, try check(index).0, span), element)
    case .any: return (.index(node, try check(index).0, span), .any)
    default: throw ExpressionError("\(type.name) has no elements", at: base.span)
    }
  }

  private mutating func call(
    _ name: String, _ arguments: [Syntax], _ span: Span
  ) throws(ExpressionError) -> (Node, Type) {
    if name == "since" { return (try since(arguments, span), .bool) }
    if name == "features" {
      // The same integer, with the names of vCPU features for its bits.
      try count(arguments, 1, name, span)
      return (try check(arguments[0], as: .integer), .flags(scope.featureBits))
    }
    if let builtin = Builtin(rawValue: name) {
      let (parameters, result) = builtin.signature
      try count(arguments, parameters.count, name, span)
      var nodes: [Node] = []
      var types: [Type] = []
      for (argument, parameter) in zip(arguments, parameters) {
        let (node, type) = try check(argument)
        guard type.fits(parameter) else {
          throw ExpressionError("\(name)() expects \(parameter.name) here, not \(type.name)", at: argument.span)
        }
        nodes.append(node)
        types.append(type)
      }
      if builtin == .last, case .list(let element) = types[0] { return (.builtin(builtin, nodes, span), element) }
      if builtin == .size {
        switch types[0] {
        case .any, .list, .map, .null: break
        default: throw ExpressionError("size() expects a list or a map, not \(types[0].name)", at: arguments[0].span)
        }
      }
      if builtin == .bytes {
        guard case .root(.value) = nodes[0] else {
          throw ExpressionError("bytes() is the length of a call's payload; write bytes(value)", at: arguments[0].span)
        }
      }
      return (.builtin(builtin, nodes, span), result)
    }
    do throws(ExpressionError) {
      guard let function = try scope.function(name) else {
        let names = Builtin.allCases.map(\.rawValue) + ["since"] + scope.functionNames
        throw ExpressionError("unknown function '\(name)'" + names.suggestion(for: name), at: span)
      }
      try count(arguments, function.parameters.count, name, span)
      var nodes: [Node] = []
      for argument in arguments { nodes.append(try check(argument).0) }
      functions.append(function)
      return (.function(function, nodes, span), function.body?.type ?? .any)
    } catch {
      throw ExpressionError(error.message, at: error.span.length == 0 ? span : error.span)
    }
  }

  /// Decides whether the release has something. The arguments are releases as `since` takes them.
  private func since(_ arguments: [Syntax], _ span: Span) throws(ExpressionError) -> Node {
    var (texts, spans): ([String], [Span]) = ([], [])
    for argument in arguments {
      guard case .string(let text, let quoted) = argument else {
        throw ExpressionError("write a kernel release in quotes, such as \"v6.13\"", at: argument.span)
      }
      texts.append(text)
      spans.append(quoted)
    }
    guard let release = scope.release else {
      throw ExpressionError("since() has no meaning here, where no kernel is simulated", at: span)
    }
    do throws(ReleaseBound.Problem) {
      return .literal(Value(try ReleaseBound(tags: texts).holds(in: release)))
    } catch {
      throw ExpressionError(error.message, at: error.index.map { spans[$0] } ?? span)
    }
  }

  private func count(_ arguments: [Syntax], _ wanted: Int, _ name: String, _ span: Span) throws(ExpressionError) {
    if arguments.count != wanted {
      throw ExpressionError(
        "\(name)() takes \(counted(wanted, "argument")), not \(arguments.count)", at: span)
    }
  }

  private mutating func comprehension(
    _ kind: Comprehension, _ list: Syntax, _ variable: String, _ body: Syntax, _ span: Span
  ) throws(ExpressionError) -> (Node, Type) {
    let (node, type) = try check(list)
    let element: Type
    switch type {
    case .list(let e): element = e
    case .any: element = .any
    default: throw ExpressionError("'\(kind.rawValue)' expects a list, not \(type.name)", at: list.span)
    }
    let slot = scope.firstFreeSlot + variables.count
    scope.reserve(slots: slot + 1)
    variables.append((variable, slot, element))
    defer { variables.removeLast() }
    if kind == .map {
      let (bodyNode, bodyType) = try check(body)
      return (.comprehension(kind, node, slot: slot, bodyNode, span), .list(bodyType))
    }
    let bodyNode = try check(body, as: kind == .sort ? .integer : .bool)
    let result: Type =
      switch kind {
      case .all, .exists: .bool
      case .filter, .sort: .list(element)
      case .first: element
      case .map: .any
      }
    return (.comprehension(kind, node, slot: slot, bodyNode, span), result)
  }

  private mutating func unary(
    _ op: UnaryOperator, _ operand: Syntax, _ span: Span
  ) throws(ExpressionError) -> (Node, Type) {
    let (node, operandType) = try check(operand)
    let wanted: Type = op == .not ? .bool : .integer
    try expect(wanted, operandType, at: operand.span)
    let type = op == .complement ? Self.bits(operandType) : wanted
    if op == .minus, case .literal(.integer(let value)) = node { return (.literal(.integer(-value)), .integer) }
    return (.unary(op, node, span), type)
  }

  private mutating func binary(
    _ op: BinaryOperator, _ left: Syntax, _ right: Syntax, _ span: Span
  ) throws(ExpressionError) -> (Node, Type) {
    switch op {
    case .or, .and:
      return (.binary(op, try check(left, as: .bool), try check(right, as: .bool), span), .bool)
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
      let (leftNode, rightNode) = try comparands(op, left, right, span)
      return (.binary(op, leftNode, rightNode, span), .bool)
    case .contained:
      let (leftNode, leftType) = try check(left)
      let (rightNode, rightType) = try check(right)
      switch rightType {
      case .any, .map: break
      case .list(let element):
        guard leftType.fits(element) else {
          throw ExpressionError("\(leftType.name) can never be in a list of this kind (\(element.name))", at: left.span)
        }
      default: throw ExpressionError("'in' expects a list or a map, not \(rightType.name)", at: right.span)
      }
      return (.binary(op, leftNode, rightNode, span), .bool)
    case .range:
      return (.binary(op, try check(left, as: .integer), try check(right, as: .integer), span), .list(.integer))
    case .orElse:
      let (leftNode, leftType) = try check(left)
      let (rightNode, rightType) = try check(right)
      try expect(leftType, rightType, at: right.span)
      return (.binary(op, leftNode, rightNode, span), leftType.joined(with: rightType))
    case .bitOr, .bitXor, .bitAnd:
      let (leftNode, leftType) = try check(left)
      try expect(.integer, leftType, at: left.span)
      let (rightNode, rightType) = try check(right)
      try expect(.integer, rightType, at: right.span)
      return (.binary(op, leftNode, rightNode, span), Self.bits(leftType).joined(with: Self.bits(rightType)))
    case .shiftLeft, .shiftRight, .plus, .minus, .times, .divide, .remainder:
      return (.binary(op, try check(left, as: .integer), try check(right, as: .integer), span), .integer)
    }
  }

  /// The type of the result of a bit operator with such an operand: an integer, whose bits keep their names.
  private static func bits(_ type: Type) -> Type { if case .flags = type { type } else { .integer } }

  /// Compiles both sides of a comparison. A string that is compared with a release is read as a release.
  private mutating func comparands(
    _ op: BinaryOperator, _ left: Syntax, _ right: Syntax, _ span: Span
  ) throws(ExpressionError) -> (Node, Node) {
    let (leftNode, leftType) = try check(left)
    let (rightNode, rightType) = try check(right)
    switch (leftType, rightType) {
    case (.release, .release): return (leftNode, rightNode)
    case (.release, _): return (leftNode, try release(rightNode, right.span))
    case (_, .release): return (try release(leftNode, left.span), rightNode)
    default: break
    }
    if op == .equal || op == .notEqual {
      if let value = try named(right, leftType) { return (leftNode, value) }
      if let value = try named(left, rightType) { return (value, rightNode) }
    }
    guard leftType.fits(rightType) else {
      throw ExpressionError("\(leftType.name) cannot be compared with \(rightType.name)", at: span)
    }
    if op != .equal, op != .notEqual {
      for (type, operand) in [(leftType, left), (rightType, right)] where !type.fits(.integer) {
        throw ExpressionError("'\(op.rawValue)' compares integers, not \(type.name)", at: operand.span)
      }
    }
    return (leftNode, rightNode)
  }

  /// The value that a text names, if it is compared with an integer that has names; nil for any other comparison.
  private func named(_ syntax: Syntax, _ type: Type) throws(ExpressionError) -> Node? {
    guard case .string(let text, let span) = syntax, case .flags(let names) = type, !names.values.isEmpty else {
      return nil
    }
    guard let value = names.values[text] else {
      throw ExpressionError(
        "this value has no name '\(text)'" + names.values.keys.sorted().suggestion(for: text), at: span)
    }
    return .literal(.integer(value))
  }

  private func release(_ node: Node, _ span: Span) throws(ExpressionError) -> Node {
    guard case .literal(.string(let text)) = node, let release = Release(text) else {
      throw ExpressionError("compare a kernel release with one in quotes, such as \"6.13\"", at: span)
    }
    return .literal(.integer(release.number))
  }
}
