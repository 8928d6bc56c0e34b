/// The left side of an effect as it is written: `vm.gic.initialized`, `vm.gic.regions[+]`, `vcpu.owner[intid]`.
package struct EffectTarget {
  /// The field that changes.
  package let field: Syntax
  /// The record that has the field, and the field's name.
  package let record: Syntax
  package let name: String
  /// Whether an element is added to the list in the field.
  package let appends: Bool
  /// The key under which an element is stored in the map in the field.
  package let key: Syntax?

  package init(_ text: String) throws(ExpressionError) {
    appends = text.hasSuffix("[+]")
    let syntax = try Parser.parse(appends ? String(text.dropLast(3)) : text)
    if !appends, case .index(let map, let key, _) = syntax {
      (field, self.key) = (map, key)
    } else {
      (field, key) = (syntax, nil)
    }
    guard case .field(let record, let name, _) = field else {
      throw ExpressionError("an effect changes a field, such as 'vm.ran' or 'vm.regions[+]'", at: syntax.span)
    }
    (self.record, self.name) = (record, name)
  }
}

/// The left side of an effect, compiled.
package struct EffectPath {
  package enum Action {
    /// Replaces the field's value.
    case assign
    /// Adds an element to the list in the field.
    case append
    /// Stores in the map in the field, under this key.
    case store(Expression)
  }

  /// The record whose field changes.
  package let base: Expression
  package let field: String
  package let action: Action
  /// The type of the field, or, for `append` and `store`, of its elements, as far as it is declared.
  package let type: Type

  package init(_ text: String, in scope: some Scope) throws(ExpressionError) {
    let target = try EffectTarget(text)
    var checker = Checker(scope: scope)
    func compile(_ syntax: Syntax) throws(ExpressionError) -> Expression {
      let (root, type) = try checker.check(syntax)
      return Expression(
        text: text, syntax: syntax, type: type, root: root, readsPayload: checker.readsPayload,
        functions: checker.functions)
    }
    let whole = try compile(target.field).type
    base = try compile(target.record)
    field = target.name
    switch whole {
    case .map(let element) where target.key != nil: type = element
    case .list(let element) where target.appends: type = element
    case .any: type = .any
    case let other where target.key != nil:
      throw ExpressionError("an element is stored in a map, but this is \(other.name)", at: target.field.span)
    case let other where target.appends:
      throw ExpressionError("'[+]' appends to a list, but this is \(other.name)", at: target.field.span)
    case let other: type = other
    }
    if let key = target.key {
      action = .store(try compile(key))
    } else {
      action = target.appends ? .append : .assign
    }
  }
}
