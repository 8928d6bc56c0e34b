// Walks over a tree, the names in it, and their replacement.
extension Syntax {
  /// The operands, elements or arguments, in the order of the text.
  package var children: [Syntax] {
    switch self {
    case .integer, .string, .bool, .null, .unknown, .name: []
    case .list(let items, _), .call(_, let items, _): items
    case .field(let a, _, _), .unary(_, let a, _): [a]
    case .index(let a, let b, _), .binary(_, let a, let b, _), .comprehension(_, let a, _, let b, _): [a, b]
    case .conditional(let a, let b, let c, _): [a, b, c]
    }
  }

  /// Visits the tree and all its subtrees, in preorder.
  package func visit(_ body: (Syntax) -> Void) {
    body(self)
    for child in children { child.visit(body) }
  }

  /// The parts of `vm.gic.model`; nil if the tree is not a name with fields.
  package var path: [String]? {
    switch self {
    case .name(let name, _): [name]
    case .field(let base, let name, _): base.path.map { $0 + [name] }
    default: nil
    }
  }

  /// The names that the expression reads, each with its fields, including repetitions. Variables of comprehensions in
  /// the expression are left out.
  package var paths: [[String]] {
    if let path { return [path] }
    guard case .comprehension(_, let list, let variable, let body, _) = self else { return children.flatMap(\.paths) }
    return list.paths + body.paths.filter { $0[0] != variable }
  }

  package var names: Set<String> { Set(paths.map { $0[0] }) }

  /// The expression with names replaced by other expressions. Variables of comprehensions in the expression stay.
  package func replacing(_ names: [String: Syntax]) -> Syntax {
    if names.isEmpty { return self }
    func new(_ syntax: Syntax) -> Syntax { syntax.replacing(names) }
    switch self {
    case .integer, .string, .bool, .null, .unknown: return self
    case .name(let name, _): return names[name] ?? self
    case .list(let items, let span): return .list(items.map(new), span)
    case .field(let base, let name, let span): return .field(new(base), name, span)
    case .index(let base, let index, let span): return .index(new(base), new(index), span)
    case .call(let name, let arguments, let span): return .call(name, arguments.map(new), span)
    case .comprehension(let kind, let list, let variable, let body, let span):
      var (inner, renamed) = (names, variable)
      inner[variable] = nil
      // A variable that would capture a name of a replacement is renamed.
      var taken = Set(inner.values.flatMap(\.names))
      if taken.contains(variable) {
        taken.formUnion(body.names)
        while taken.contains(renamed) { renamed += "_" }
        inner[variable] = .name(renamed, span)
      }
      return .comprehension(kind, new(list), variable: renamed, body.replacing(inner), span)
    case .unary(let op, let operand, let span): return .unary(op, new(operand), span)
    case .binary(let op, let left, let right, let span): return .binary(op, new(left), new(right), span)
    case .conditional(let condition, let yes, let no, let span):
      return .conditional(new(condition), new(yes), new(no), span)
    }
  }
}
