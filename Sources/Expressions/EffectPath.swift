/// The left side of an effect: `vm.gic.initialized`, `vm.gic.regions[+]`, `vcpu.owner[intid]`.
package struct EffectPath {
  package enum Action {
    /// Replace the field's value.
    case assign
    /// Add an element to the list in the field.
    case append
    /// Store in the map in the field, under this key.
    case store(Expression)
  }

  /// The record whose field changes.
  package let base: Expression
  package let field: String
  package let action: Action
  /// What the field (or, for `append` and `store`, its elements) holds, as far as it is declared.
  package let type: Type

  package init(_ text: String, in scope: some Scope) throws(ExpressionError) {
    var path = text
    let appends = path.hasSuffix("[+]")
    if appends { path.removeLast(3) }
    let syntax = try Parser.parse(path)
    var checker = Checker(scope: scope)
    func compile(_ syntax: Syntax) throws(ExpressionError) -> Expression {
      let (root, type) = try checker.check(syntax)
      return Expression(text: text, type: type, root: root)
    }
    switch syntax {
    case .field(let record, let name, _):
      let field = try compile(syntax).type
      base = try compile(record)
      self.field = name
      if appends {
        switch field {
        case .list(let element): type = element
        case .any: type = .any
        default: throw ExpressionError("'[+]' appends to a list, and this is \(field.name)", at: syntax.span)
        }
        action = .append
      } else {
        type = field
        action = .assign
      }
    case .index(.field(let record, let name, let span), let key, _) where !appends:
      switch try compile(.field(record, name, span)).type {
      case .map(let element): type = element
      case .any: type = .any
      case let other: throw ExpressionError("an element is stored in a map, and this is \(other.name)", at: span)
      }
      base = try compile(record)
      self.field = name
      action = .store(try compile(key))
    default:
      throw ExpressionError("an effect changes a field, such as 'vm.ran' or 'vm.regions[+]'", at: syntax.span)
    }
  }
}
