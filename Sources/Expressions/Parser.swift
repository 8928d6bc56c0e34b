/// Parses one expression.
///
/// Precedence, loosest first: `? :` · `||` · `&&` · comparisons and `in` (no chaining) · `a..b` `a ?? b` · `|` · `^` ·
/// `&` · `<< >>` · `+ -` · `* / %` · `! - ~` · `.f [i] f(x)`.
package struct Parser {
  private var lexer: Lexer
  private var token: Token
  private var depth = 0
  /// The height in operators of the tree that was parsed last.
  private var height = 0

  /// The maximum nesting. Text from outside must not exhaust the stack.
  private static let deepest = 100
  /// The maximum height. A chain such as `1 + 1 + …` is a high tree without any nesting, and later walks of it use the
  /// stack as well.
  private static let highest = 250

  package static func parse(_ text: String) throws(ExpressionError) -> Syntax {
    var parser = try Parser(text)
    let syntax = try parser.conditional()
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end of the expression") }
    return syntax
  }

  private init(_ text: String) throws(ExpressionError) {
    lexer = Lexer(text)
    token = try lexer.next()
  }

  private mutating func advance() throws(ExpressionError) { token = try lexer.next() }

  private func unexpected(_ wanted: String) -> ExpressionError {
    ExpressionError(
      token.kind == .end ? "expected \(wanted), found the end of the expression" : "expected \(wanted)", at: token.span)
  }

  private mutating func expect(_ symbol: Symbol) throws(ExpressionError) {
    guard token.kind == .symbol(symbol) else { throw unexpected("'\(symbol.rawValue)'") }
    try advance()
  }

  private mutating func nested<Result>(
    _ body: (inout Parser) throws(ExpressionError) -> Result
  ) throws(ExpressionError) -> Result {
    guard depth < Self.deepest else { throw ExpressionError("the expression is nested too deeply", at: token.span) }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  /// Updates the height for an operator above operands of these heights.
  private mutating func rise(above heights: Int..., at span: Span) throws(ExpressionError) {
    height = (heights.max() ?? 0) + 1
    if height > Self.highest { throw ExpressionError("the expression has too many operators", at: span) }
  }

  private mutating func conditional() throws(ExpressionError) -> Syntax {
    try nested { (p) throws(ExpressionError) in
      let condition = try p.binary(1)
      guard p.token.kind == .symbol(.question) else { return condition }
      let (span, conditionHeight) = (p.token.span, p.height)
      try p.advance()
      let yes = try p.conditional()
      let yesHeight = p.height
      try p.expect(.colon)
      let no = try p.conditional()
      try p.rise(above: conditionHeight, yesHeight, p.height, at: span)
      return .conditional(condition, yes, no, condition.span.through(no.span))
    }
  }

  private mutating func binary(_ loosest: Int) throws(ExpressionError) -> Syntax {
    var left = try unary()
    var compared = false
    while let op = token.binaryOperator, op.precedence >= loosest {
      if op.isComparison, compared {
        throw ExpressionError("comparisons do not chain; combine two with '&&'", at: token.span)
      }
      compared = op.isComparison
      let (span, leftHeight) = (token.span, height)
      try advance()
      let right = try nested { (p) throws(ExpressionError) in try p.binary(op.precedence + 1) }
      try rise(above: leftHeight, height, at: span)
      left = .binary(op, left, right, left.span.through(right.span))
    }
    return left
  }

  private mutating func unary() throws(ExpressionError) -> Syntax {
    let op: UnaryOperator
    switch token.kind {
    case .symbol(.not): op = .not
    case .symbol(.minus): op = .minus
    case .symbol(.tilde): op = .complement
    default: return try postfix()
    }
    let start = token.span
    try advance()
    let operand = try nested { (p) throws(ExpressionError) in try p.unary() }
    try rise(above: height, at: start)
    return .unary(op, operand, start.through(operand.span))
  }

  private mutating func postfix() throws(ExpressionError) -> Syntax {
    var base = try primary()
    while true {
      let (span, baseHeight) = (token.span, height)
      if token.kind == .symbol(.dot) {
        try advance()
        guard case .word(let name) = token.kind else { throw unexpected("the name of a field") }
        let word = token.span
        try advance()
        if token.kind == .symbol(.open) {
          base = try comprehension(of: base, name, at: word)
          try rise(above: baseHeight, height, at: span)
        } else {
          base = .field(base, name, base.span.through(word))
          try rise(above: baseHeight, at: span)
        }
      } else if token.kind == .symbol(.openBracket) {
        try advance()
        let index = try conditional()
        let end = token.span
        try expect(.closeBracket)
        base = .index(base, index, base.span.through(end))
        try rise(above: baseHeight, height, at: span)
      } else {
        return base
      }
    }
  }

  private mutating func comprehension(
    of list: Syntax, _ name: String, at word: Span
  ) throws(ExpressionError) -> Syntax {
    guard let kind = Comprehension(rawValue: name) else {
      throw ExpressionError(
        "unknown method '\(name)'; the methods are \(Comprehension.allCases.map(\.rawValue).joined(separator: ", "))",
        at: word)
    }
    try expect(.open)
    guard case .word(let variable) = token.kind else { throw unexpected("the name of a variable") }
    try advance()
    try expect(.comma)
    let body = try conditional()
    let end = token.span
    try expect(.close)
    return .comprehension(kind, list, variable: variable, body, list.span.through(end))
  }

  private mutating func primary() throws(ExpressionError) -> Syntax {
    let span = token.span
    height = 0
    switch token.kind {
    case .integer(let value):
      try advance()
      return .integer(value, spelling: lexer.text(of: span), span)
    case .string(let text):
      try advance()
      return .string(text, span)
    case .word("in"): throw unexpected("a value")
    case .word(let word):
      try advance()
      switch word {
      case "true": return .bool(true, span)
      case "false": return .bool(false, span)
      case "null": return .null(span)
      case "unknown": return .unknown(span)
      default:
        guard token.kind == .symbol(.open) else { return .name(word, span) }
        try advance()
        let (arguments, end) = try list(until: .close)
        return .call(word, arguments, span.through(end))
      }
    case .symbol(.open):
      try advance()
      let inner = try conditional()
      try expect(.close)
      return inner
    case .symbol(.openBracket):
      try advance()
      let (items, end) = try list(until: .closeBracket)
      return .list(items, span.through(end))
    default:
      throw unexpected("a value")
    }
  }

  private mutating func list(until close: Symbol) throws(ExpressionError) -> ([Syntax], Span) {
    var items: [Syntax] = []
    var highest = 0
    while token.kind != .symbol(close) {
      items.append(try conditional())
      highest = max(highest, height)
      if token.kind == .symbol(.comma) {
        try advance()
      } else if token.kind != .symbol(close) {
        throw unexpected("',' or '\(close.rawValue)'")
      }
    }
    let end = token.span
    try advance()
    try rise(above: highest, at: end)
    return (items, end)
  }
}

extension Span {
  func through(_ other: Span) -> Span { Span(start: start, length: other.start + other.length - start) }
}
