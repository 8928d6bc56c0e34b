import DeviceSchema
import Diagnostics
import Expressions

/// Conditions of attributes in words: `key.offset >= 0x100 && key.offset <= 0x13f` is "offset is from 0x100 to 0x13f".
///
/// What has no words stays an expression.
struct ConditionWords {
  let catalogue: Catalogue
  /// The fields of the attribute's key, whose values can have names.
  var key: [BitField] = []

  func words(_ condition: Expression) -> String { words(condition.syntax) }

  private func words(_ syntax: Syntax) -> String {
    switch syntax {
    case .unary(.not, let operand, _): negation(of: operand)
    case .field(.name("host", _), let fact, _): catalogue.fact(named: fact)?.doc ?? syntax.description
    case .call("since", let releases, _): "Linux is \(Self.releases(releases)) or later"
    case .call(let name, let arguments, _): expanded(name, arguments).map(words) ?? syntax.description
    case .binary(.or, _, _, _): alternatives(syntax.operands(of: .or))
    case .binary(.and, _, _, _):
      value(of: syntax).map { "\($0.subject) is \($0.value)" }
        ?? syntax.operands(of: .and).map(words).joined(separator: " and ")
    case .binary(let operation, let left, let right, _):
      if let verb = operation.verb {
        "\(subject(left)) \(verb) \(value(right, of: left))"
      } else {
        syntax.description
      }
    default: syntax.description
    }
  }

  /// Several values of one thing, or several conditions.
  private func alternatives(_ all: [Syntax]) -> String {
    let values = all.map(value(of:))
    if let subject = values.first??.subject, values.allSatisfy({ $0?.subject == subject }) {
      return "\(subject) is \(values.compactMap { $0?.value }.listed("or"))"
    }
    return all.map(words).joined(separator: " or ")
  }

  /// The subject and the value of `x == 3`, or of `x >= 16 && x <= 31`.
  private func value(of syntax: Syntax) -> (subject: String, value: String)? {
    switch syntax {
    case .binary(.equal, let x, let value, _): (subject(x), self.value(value, of: x))
    case .binary(.and, .binary(.greaterOrEqual, let x, let low, _), .binary(.lessOrEqual, let y, let high, _), _)
    where x.description == y.description:
      (subject(x), "from \(value(low, of: x)) to \(value(high, of: x))")
    default: nil
    }
  }

  private func negation(of syntax: Syntax) -> String {
    switch syntax {
    case .unary(.not, let operand, _): words(operand)
    case .binary(.and, let left, let right, _): "\(negation(of: left)) or \(negation(of: right))"
    case .binary(.or, let left, let right, _): "\(negation(of: left)) and \(negation(of: right))"
    case .binary(.contained, let left, .list(let items, _), _):
      "\(subject(left)) is neither \(items.map { value($0, of: left) }.joined(separator: " nor "))"
    case .binary(let operation, let left, let right, let span):
      operation.opposite.map { words(.binary($0, left, right, span)) } ?? "not \(syntax)"
    case .call("since", let releases, _): "Linux is older than \(Self.releases(releases))"
    case .call(let name, let arguments, _): expanded(name, arguments).map(negation) ?? "not \(syntax)"
    case .field(.name("host", _), let fact, _):
      catalogue.fact(named: fact)?.doc.map { "it is not so that \($0)" } ?? "not \(syntax)"
    default: "not \(syntax)"
    }
  }

  /// The body of a function of the schemas, with the arguments in place of its parameters.
  private func expanded(_ name: String, _ arguments: [Syntax]) -> Syntax? {
    guard let function = catalogue.expressionFunction(name), let body = function.body else { return nil }
    return body.syntax.replacing(
      Dictionary(zip(function.parameters, arguments), uniquingKeysWith: { first, _ in first }))
  }

  private static func releases(_ tags: [Syntax]) -> String {
    tags.compactMap { if case .string(let tag, _) = $0 { String(tag.drop { $0 == "v" }) } else { nil } }.listed("or")
  }

  private func subject(_ syntax: Syntax) -> String {
    switch syntax {
    case .field(.name("key", _), let name, _), .field(.name("value", _), let name, _):
      name.split(separator: "_").joined(separator: "-")
    case .name("arch", _): "the architecture"
    case .name("vcpus", _): "vCPUs"
    case .call("size", let arguments, _): "the number of \(arguments.map(subject).joined())"
    default: syntax.description
    }
  }

  /// A value, by its name if it has one.
  private func value(_ syntax: Syntax, of thing: Syntax) -> String {
    switch syntax {
    case .integer(let number, let spelling, _): name(of: number, thing) ?? spelling
    case .string(let text, _): text
    case .list(let items, _): items.map { value($0, of: thing) }.listed("or")
    default: subject(syntax)
    }
  }

  private func name(of number: Int128, _ thing: Syntax) -> String? {
    guard case .field(.name("key", _), let name, _) = thing else { return nil }
    return key.first { $0.name.identifier == name }?.description.names.name(of: number)
  }
}

extension Syntax {
  /// The parts of `a || b || c`.
  func operands(of operation: BinaryOperator) -> [Syntax] {
    guard case .binary(operation, let left, let right, _) = self else { return [self] }
    return left.operands(of: operation) + right.operands(of: operation)
  }
}

extension BinaryOperator {
  /// The words between two sides of a comparison.
  fileprivate var verb: String? {
    switch self {
    case .equal, .contained: "is"
    case .notEqual: "is not"
    case .less: "is below"
    case .lessOrEqual: "is at most"
    case .greater: "is above"
    case .greaterOrEqual: "is at least"
    default: nil
    }
  }

  fileprivate var opposite: BinaryOperator? {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    default: nil
    }
  }
}
