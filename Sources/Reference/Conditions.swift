import Expressions

/// A comparison with a literal, and whether it holds: `vm.gic.model == "v3"`.
///
/// Rules distinguish cases by such comparisons. A page leaves out rules of other cases.
struct Equality {
  var subject: String
  var literal: Value
  var holds: Bool
  /// Whether the subject belongs to the call or to the host, so that no call changes it.
  var isOfTheCall: Bool

  /// Whether both cannot be true.
  func contradicts(_ other: Equality) -> Bool {
    guard subject == other.subject else { return false }
    if holds, other.holds { return literal != other.literal }
    return holds != other.holds && literal == other.literal
  }
}

extension Syntax {
  /// The comparisons that must hold if the condition holds, or if it does not.
  func equalities(holds: Bool) -> [Equality] {
    switch self {
    case .unary(.not, let operand, _): operand.equalities(holds: !holds)
    case .binary(.and, let left, let right, _) where holds: left.equalities(holds: true) + right.equalities(holds: true)
    case .binary(.or, let left, let right, _) where !holds:
      left.equalities(holds: false) + right.equalities(holds: false)
    case .binary(.equal, let left, let right, _): Self.compared(left, right, holds)
    case .binary(.notEqual, let left, let right, _): Self.compared(left, right, !holds)
    default: []
    }
  }

  private static func compared(_ left: Syntax, _ right: Syntax, _ holds: Bool) -> [Equality] {
    let constant: Set = ["value", "key", "attr", "group", "flags", "arg", "arch", "host"]
    return right.literal.map {
      [
        Equality(
          subject: left.description, literal: $0, holds: holds, isOfTheCall: left.names.isSubset(of: constant))
      ]
    } ?? []
  }

  /// The facts of the host that must hold, or not, if the condition holds, or if it does not: `host.sve && x`.
  func facts(holds: Bool) -> [(name: String, holds: Bool)] {
    switch self {
    case .field(.name("host", _), let fact, _): [(fact, holds)]
    case .unary(.not, let operand, _): operand.facts(holds: !holds)
    case .binary(.and, let left, let right, _) where holds: left.facts(holds: true) + right.facts(holds: true)
    case .binary(.or, let left, let right, _) where !holds: left.facts(holds: false) + right.facts(holds: false)
    default: []
    }
  }

  /// The truth of a condition that literals alone decide, as in `null != null` or `"v3" == "v2" && x`; otherwise nil.
  ///
  /// Arguments of a function often decide some of its conditions; a page leaves those out.
  var truth: Bool? {
    switch self {
    case .bool(let value, _): value
    case .unary(.not, let operand, _): operand.truth.map { !$0 }
    case .binary(.and, let left, let right, _): Self.both(left.truth, right.truth, deciding: false)
    case .binary(.or, let left, let right, _): Self.both(left.truth, right.truth, deciding: true)
    case .binary(.equal, let left, let right, _): Self.equal(left, right)
    case .binary(.notEqual, let left, let right, _): Self.equal(left, right).map { !$0 }
    case .binary(.less, .integer(let left, _, _), .integer(let right, _, _), _): left < right
    default: nil
    }
  }

  /// The condition with values in place of what is known of a call, such as `arch` and `arg.id`.
  func knowing(_ known: [String: Syntax]) -> Syntax {
    if known.isEmpty { return self }
    if let path, let value = known[path.joined(separator: ".")] { return value }
    return switch self {
    case .unary(let operation, let operand, let span): .unary(operation, operand.knowing(known), span)
    case .binary(let operation, let left, let right, let span):
      .binary(operation, left.knowing(known), right.knowing(known), span)
    default: self
    }
  }

  private static func both(_ a: Bool?, _ b: Bool?, deciding: Bool) -> Bool? {
    if a == deciding || b == deciding { return deciding }
    return a == nil || b == nil ? nil : !deciding
  }

  private static func equal(_ left: Syntax, _ right: Syntax) -> Bool? {
    guard let a = left.literal, let b = right.literal else { return nil }
    return a == b
  }

  private var literal: Value? {
    switch self {
    case .integer(let value, _, _): .integer(value)
    case .string(let text, _): .string(text)
    case .bool(let value, _): .bool(value)
    case .null: .null
    case .binary(.remainder, let left, let right, _): Self.remainder(left.literal, right.literal)
    default: nil
    }
  }

  private static func remainder(_ left: Value?, _ right: Value?) -> Value? {
    guard case .integer(let a)? = left, case .integer(let b)? = right, b > 0 else { return nil }
    return .integer(a % b)
  }

  /// The condition without the parts that literals decide: `x % 4 != 0 || 4 % 4 != 0` is `x % 4 != 0`.
  var simplified: Syntax {
    guard case .binary(let operation, let left, let right, let span) = self, operation == .and || operation == .or
    else {
      return self
    }
    let neutral = operation == .and
    if left.truth == neutral { return right.simplified }
    if right.truth == neutral { return left.simplified }
    return .binary(operation, left.simplified, right.simplified, span)
  }

  /// The condition that holds if this one does not.
  var negated: Syntax {
    if case .unary(.not, let operand, _) = self { operand } else { .unary(.not, self, span) }
  }
}
