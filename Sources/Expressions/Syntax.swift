/// The syntax tree of an expression, before its names are resolved and its types are checked.
package indirect enum Syntax {
  case integer(Int128, spelling: String, Span)
  /// The text without its quotes; it has no escapes.
  case string(String, Span)
  case bool(Bool, Span)
  case null(Span)
  case unknown(Span)
  case list([Syntax], Span)
  case name(String, Span)
  case field(Syntax, String, Span)
  case index(Syntax, Syntax, Span)
  case call(String, [Syntax], Span)
  /// `list.all(x, P)`
  case comprehension(Comprehension, Syntax, variable: String, Syntax, Span)
  case unary(UnaryOperator, Syntax, Span)
  case binary(BinaryOperator, Syntax, Syntax, Span)
  case conditional(Syntax, Syntax, Syntax, Span)
}

/// A piece of an expression's text, in bytes from its start.
package struct Span: Hashable, Sendable {
  package var start: Int
  package var length: Int

  package init(start: Int, length: Int) {
    self.start = start
    self.length = length
  }
}

/// An error in an expression, with its location in the text.
package struct ExpressionError: Error, Hashable, Sendable {
  package var message: String
  package var span: Span

  package init(_ message: String, at span: Span) {
    self.message = message
    self.span = span
  }
}

package enum Comprehension: String, Hashable, Sendable, CaseIterable {
  case all, exists, filter, map, first, sort
}

package enum UnaryOperator: String, Hashable, Sendable {
  case not = "!"
  case minus = "-"
  case complement = "~"
}

package enum BinaryOperator: String, Hashable, Sendable {
  case or = "||"
  case and = "&&"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case contained = "in"
  /// `0..31`, the list of integers from one to another, both included.
  case range = ".."
  /// `a ?? b`, which is `b` if `a` is null.
  case orElse = "??"
  case bitOr = "|"
  case bitXor = "^"
  case bitAnd = "&"
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case plus = "+"
  case minus = "-"
  case times = "*"
  case divide = "/"
  case remainder = "%"

  /// The precedence: higher binds tighter. Unlike in C, bit operators bind tighter than comparisons.
  var precedence: Int {
    switch self {
    case .or: 1
    case .and: 2
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .contained: 3
    case .range, .orElse: 4
    case .bitOr: 5
    case .bitXor: 6
    case .bitAnd: 7
    case .shiftLeft, .shiftRight: 8
    case .plus, .minus: 9
    case .times, .divide, .remainder: 10
    }
  }

  /// The precedence of `! - ~`.
  static let unaryPrecedence = 11
  /// The precedence of `.f [i] f(x)`, literals and names.
  static let postfixPrecedence = 12

  /// Whether the operator compares; comparisons do not chain.
  var isComparison: Bool { precedence == 3 }
}

extension Syntax {
  package var span: Span {
    switch self {
    case .integer(_, _, let s), .string(_, let s), .bool(_, let s), .null(let s), .unknown(let s), .list(_, let s),
      .name(_, let s), .field(_, _, let s), .index(_, _, let s), .call(_, _, let s),
      .comprehension(_, _, _, _, let s), .unary(_, _, let s), .binary(_, _, _, let s), .conditional(_, _, _, let s):
      s
    }
  }
}
