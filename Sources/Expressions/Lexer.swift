struct Token {
  enum Kind: Equatable {
    case integer(Int128)
    case string(String)
    case word(String)
    case symbol(String)
    case end
  }

  var kind: Kind
  var span: Span

  /// The text of an operator, be it a symbol or the word `in`.
  var operatorText: String? {
    switch kind {
    case .symbol(let text): text
    case .word("in"): "in"
    default: nil
    }
  }
}

struct Lexer {
  private let text: String
  private var rest: Substring.UTF8View
  private var position = 0

  init(_ text: String) {
    self.text = text
    rest = Substring(text).utf8
  }

  private static let symbols = [
    "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "<", ">", "|", "^", "&", "+", "-", "*", "/", "%", "!", "~", "?",
    ":", ".", ",", "(", ")", "[", "]",
  ]

  mutating func next() throws(ExpressionError) -> Token {
    while let byte = rest.first, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { take(1) }
    guard let byte = rest.first else { return Token(kind: .end, span: Span(start: position, length: 0)) }
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try integer()
    case UInt8(ascii: "\""): return try string()
    case _ where IntegerLiteral.isWord(byte): return word()
    default: break
    }
    for symbol in Self.symbols where rest.starts(with: symbol.utf8) {
      return token(.symbol(symbol), length: symbol.utf8.count)
    }
    let character = Substring(rest).unicodeScalars.first.map(String.init) ?? ""
    throw ExpressionError(
      "unexpected character '\(character)'", at: Span(start: position, length: character.utf8.count))
  }

  private mutating func take(_ count: Int) {
    rest = rest.dropFirst(count)
    position += count
  }

  private mutating func token(_ kind: Token.Kind, length: Int) -> Token {
    defer { take(length) }
    return Token(kind: kind, span: Span(start: position, length: length))
  }

  private mutating func integer() throws(ExpressionError) -> Token {
    let length = rest.prefix { IntegerLiteral.isWord($0) }.count
    guard let (value, scanned) = IntegerLiteral.scan(rest), scanned == length else {
      let text = String(Substring(rest.prefix(length)))
      throw ExpressionError(
        "'\(text)' is no integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB behind",
        at: Span(start: position, length: length))
    }
    return token(.integer(value), length: length)
  }

  private mutating func word() -> Token {
    let word = rest.prefix { IntegerLiteral.isWord($0) }
    return token(.word(String(Substring(word))), length: word.count)
  }

  private mutating func string() throws(ExpressionError) -> Token {
    let body = rest.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
    guard rest.count > body.count + 1 else {
      throw ExpressionError("the string has no closing quote", at: Span(start: position, length: rest.count))
    }
    return token(.string(String(Substring(body))), length: body.count + 2)
  }
}
