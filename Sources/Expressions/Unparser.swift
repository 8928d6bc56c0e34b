extension Syntax: CustomStringConvertible {
  /// The expression as text, with only the parentheses that it needs. Literals keep their spelling.
  package var description: String {
    switch self {
    case .integer(_, let spelling, _): spelling
    case .string(let text, _): "\"\(text)\""
    case .bool(let truth, _): "\(truth)"
    case .null: "null"
    case .unknown: "unknown"
    case .name(let name, _): name
    case .list(let items, _): "[\(items.joined)]"
    case .call(let name, let arguments, _): "\(name)(\(arguments.joined))"
    case .field(let base, let name, _): "\(base.postfixOperand).\(name)"
    case .index(let base, let index, _): "\(base.postfixOperand)[\(index)]"
    case .comprehension(let kind, let list, let variable, let body, _):
      "\(list.postfixOperand).\(kind.rawValue)(\(variable), \(body))"
    case .unary(let op, let operand, _): op.rawValue + operand.operand(BinaryOperator.unaryPrecedence)
    case .binary(let op, let left, let right, _):
      // Operators associate to the left, but comparisons do not chain.
      left.operand(op.precedence + (op.isComparison ? 1 : 0)) + (op == .range ? ".." : " \(op.rawValue) ")
        + right.operand(op.precedence + 1)
    case .conditional(let condition, let yes, let no, _): "\(condition.operand(1)) ? \(yes) : \(no)"
    }
  }

  private var postfixOperand: String { operand(BinaryOperator.postfixPrecedence) }

  /// The text, in parentheses if it binds too loosely for its context.
  private func operand(_ loosest: Int) -> String { precedence < loosest ? "(\(self))" : description }

  private var precedence: Int {
    switch self {
    case .conditional: 0
    case .binary(let op, _, _, _): op.precedence
    case .unary: BinaryOperator.unaryPrecedence
    default: BinaryOperator.postfixPrecedence
    }
  }
}

extension [Syntax] {
  fileprivate var joined: String { map(\.description).joined(separator: ", ") }
}
