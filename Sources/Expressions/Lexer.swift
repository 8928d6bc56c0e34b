import Vocabulary

struct Token {
  enum Kind: Equatable {
    case integer(Int128)
    case string(String)
    case word(String)
    case symbol(Symbol)
    case end
  }

  var kind: Kind
  var span: Span

  /// The binary operator, if this is one: a symbol or the word `in`.
  var binaryOperator: BinaryOperator? {
    switch kind {
    case .symbol(let symbol): symbol.binaryOperator
    case .word("in"): .contained
    default: nil
    }
  }
}

enum Symbol: String {
  case or = "||"
  case and = "&&"
  case equal = "=="
  case notEqual = "!="
  case lessOrEqual = "<="
  case greaterOrEqual = ">="
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case range = ".."
  case orElse = "??"
  case less = "<"
  case greater = ">"
  case bar = "|"
  case caret = "^"
  case ampersand = "&"
  case plus = "+"
  case minus = "-"
  case star = "*"
  case slash = "/"
  case percent = "%"
  case not = "!"
  case tilde = "~"
  case question = "?"
  case colon = ":"
  case dot = "."
  case comma = ","
  case open = "("
  case close = ")"
  case openBracket = "["
  case closeBracket = "]"

  var binaryOperator: BinaryOperator? {
    switch self {
    case .or: .or
    case .and: .and
    case .equal: .equal
    case .notEqual: .notEqual
    case .lessOrEqual: .lessOrEqual
    case .greaterOrEqual: .greaterOrEqual
    case .shiftLeft: .shiftLeft
    case .shiftRight: .shiftRight
    case .range: .range
    case .orElse: .orElse
    case .less: .less
    case .greater: .greater
    case .bar: .bitOr
    case .caret: .bitXor
    case .ampersand: .bitAnd
    case .plus: .plus
    case .minus: .minus
    case .star: .times
    case .slash: .divide
    case .percent: .remainder
    case .not, .tilde, .question, .colon, .dot, .comma, .open, .close, .openBracket, .closeBracket: nil
    }
  }

  /// Creates the symbol that starts with these two bytes or with the first, and sets its length.
  init?(_ first: UInt8, _ second: UInt8, length: inout Int) {
    length = 2
    switch (first, second) {
    case (UInt8(ascii: "|"), first): self = .or
    case (UInt8(ascii: "&"), first): self = .and
    case (UInt8(ascii: "="), first): self = .equal
    case (UInt8(ascii: "<"), first): self = .shiftLeft
    case (UInt8(ascii: ">"), first): self = .shiftRight
    case (UInt8(ascii: "."), first): self = .range
    case (UInt8(ascii: "?"), first): self = .orElse
    case (UInt8(ascii: "!"), UInt8(ascii: "=")): self = .notEqual
    case (UInt8(ascii: "<"), UInt8(ascii: "=")): self = .lessOrEqual
    case (UInt8(ascii: ">"), UInt8(ascii: "=")): self = .greaterOrEqual
    default:
      length = 1
      guard let single = Symbol(first) else { return nil }
      self = single
    }
  }

  private init?(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "<"): self = .less
    case UInt8(ascii: ">"): self = .greater
    case UInt8(ascii: "|"): self = .bar
    case UInt8(ascii: "^"): self = .caret
    case UInt8(ascii: "&"): self = .ampersand
    case UInt8(ascii: "+"): self = .plus
    case UInt8(ascii: "-"): self = .minus
    case UInt8(ascii: "*"): self = .star
    case UInt8(ascii: "/"): self = .slash
    case UInt8(ascii: "%"): self = .percent
    case UInt8(ascii: "!"): self = .not
    case UInt8(ascii: "~"): self = .tilde
    case UInt8(ascii: "?"): self = .question
    case UInt8(ascii: ":"): self = .colon
    case UInt8(ascii: "."): self = .dot
    case UInt8(ascii: ","): self = .comma
    case UInt8(ascii: "("): self = .open
    case UInt8(ascii: ")"): self = .close
    case UInt8(ascii: "["): self = .openBracket
    case UInt8(ascii: "]"): self = .closeBracket
    default: return nil
    }
  }
}

struct Lexer {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() throws(ExpressionError) -> Token {
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    guard position < bytes.count else { return Token(kind: .end, span: Span(start: position, length: 0)) }
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try integer()
    case UInt8(ascii: "\""): return try string()
    case _ where byte.isWord: return token(.word(text(wordLength)), length: wordLength)
    default: break
    }
    var length = 0
    let second = position + 1 < bytes.count ? bytes[position + 1] : 0
    if let symbol = Symbol(byte, second, length: &length) { return token(.symbol(symbol), length: length) }
    let character = String(decoding: bytes[position...], as: UTF8.self).unicodeScalars.first.map(String.init) ?? ""
    throw ExpressionError(
      "unexpected character '\(character)'", at: Span(start: position, length: character.utf8.count))
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private var wordLength: Int {
    var end = position
    while end < bytes.count, bytes[end].isWord { end += 1 }
    return end - position
  }

  func text(of span: Span) -> String {
    String(decoding: bytes[span.start..<span.start + span.length], as: UTF8.self)
  }

  private func text(_ length: Int) -> String { text(of: Span(start: position, length: length)) }

  private mutating func token(_ kind: Token.Kind, length: Int) -> Token {
    defer { position += length }
    return Token(kind: kind, span: Span(start: position, length: length))
  }

  private mutating func integer() throws(ExpressionError) -> Token {
    let length = wordLength
    let word = text(length)
    guard let value = IntegerLiteral.parse(word) else {
      throw ExpressionError(
        "'\(word)' is not an integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB at the end",
        at: Span(start: position, length: length))
    }
    return token(.integer(value), length: length)
  }

  private mutating func string() throws(ExpressionError) -> Token {
    guard let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "\"")) else {
      throw ExpressionError(
        "the string has no closing quote", at: Span(start: position, length: bytes.count - position))
    }
    let inner = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    return token(.string(inner), length: end + 1 - position)
  }
}
