import Expressions

/// Integer arithmetic as expressions have it: exact, up to 128 bits.
enum Arithmetic {
  enum Result {
    case truth(Bool)
    case integer(Int128)
  }

  /// A result that does not exist, in words.
  struct Problem: Error {
    var message: String
    static var overflow: Problem { Problem(message: "the result has more than 128 bits") }
  }

  static func apply(_ op: BinaryOperator, _ a: Int128, _ b: Int128) throws(Problem) -> Result {
    switch op {
    case .equal: return .truth(a == b)
    case .notEqual: return .truth(a != b)
    case .less: return .truth(a < b)
    case .lessOrEqual: return .truth(a <= b)
    case .greater: return .truth(a > b)
    case .greaterOrEqual: return .truth(a >= b)
    case .bitOr: return .integer(a | b)
    case .bitXor: return .integer(a ^ b)
    case .bitAnd: return .integer(a & b)
    case .plus: return .integer(try checked(a.addingReportingOverflow(b)))
    case .minus: return .integer(try checked(a.subtractingReportingOverflow(b)))
    case .times: return .integer(try checked(a.multipliedReportingOverflow(by: b)))
    case .divide, .remainder:
      guard b != 0 else { throw Problem(message: "division by zero") }
      let result = op == .divide ? a.dividedReportingOverflow(by: b) : a.remainderReportingOverflow(dividingBy: b)
      return .integer(try checked(result))
    case .shiftLeft, .shiftRight:
      guard b >= 0, b < 128 else { throw Problem(message: "a shift by \(b) bits") }
      if op == .shiftRight { return .integer(a >> b) }
      let shifted = a << b
      guard shifted >> b == a else { throw .overflow }
      return .integer(shifted)
    case .or, .and, .contained, .range, .orElse: preconditionFailure("\(op.rawValue) is not arithmetic")
    }
  }

  static func checked(_ result: (partialValue: Int128, overflow: Bool)) throws(Problem) -> Int128 {
    if result.overflow { throw .overflow }
    return result.partialValue
  }

  /// The result for integers of 64 bits; nil if it needs more, or does not exist.
  @inline(__always)
  static func narrow(_ op: BinaryOperator, _ a: Int64, _ b: Int64) -> Cell? {
    switch op {
    case .equal: return .bool(a == b)
    case .notEqual: return .bool(a != b)
    case .less: return .bool(a < b)
    case .lessOrEqual: return .bool(a <= b)
    case .greater: return .bool(a > b)
    case .greaterOrEqual: return .bool(a >= b)
    case .bitOr: return .integer(a | b)
    case .bitXor: return .integer(a ^ b)
    case .bitAnd: return .integer(a & b)
    case .plus:
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? nil : .integer(sum)
    case .minus:
      let (difference, overflow) = a.subtractingReportingOverflow(b)
      return overflow ? nil : .integer(difference)
    case .times:
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? nil : .integer(product)
    case .divide: return b > 0 ? .integer(a / b) : nil
    case .remainder: return b > 0 ? .integer(a % b) : nil
    case .shiftLeft:
      guard b >= 0, b < 63 else { return nil }
      let shifted = a << b
      return shifted >> b == a ? .integer(shifted) : nil
    case .shiftRight: return b >= 0 && b < 64 ? .integer(a >> b) : nil
    default: return nil
    }
  }
}
