import DeviceSchema
import Expressions

/// Parameters of a fragment, and the expressions that stand for them.
struct Substitution {
  private var values: [String: String] = [:]

  init() {}

  init(_ pairs: some Sequence<(String, String)>) { values = Dictionary(pairs, uniquingKeysWith: { a, _ in a }) }

  /// An expression in which every parameter is replaced.
  func applied(to text: String) -> String {
    if values.isEmpty { return text }
    return Self.tokens(text).map { token -> String in
      guard token.isName, let value = values[token.text] else { return token.text }
      return value.isAtom || text == token.text ? value : "(\(value))"
    }.joined()
  }

  /// The names in an expression: not its fields, not its functions, not its strings.
  static func words(_ text: String) -> [String] { tokens(text).filter(\.isName).map(\.text) }

  private struct Token {
    var text: String
    var isName: Bool
  }

  private static func tokens(_ text: String) -> [Token] {
    var tokens: [Token] = []
    let scalars = Array(text.unicodeScalars)
    var i = 0
    var previous: Unicode.Scalar = " "
    while i < scalars.count {
      let start = i
      if scalars[i] == "\"" {
        i += 1
        while i < scalars.count, scalars[i] != "\"" { i += 1 }
        i = min(i + 1, scalars.count)
        tokens.append(Token(text: string(scalars[start..<i]), isName: false))
      } else if isWord(scalars[i]) {
        while i < scalars.count, isWord(scalars[i]) { i += 1 }
        let next = i < scalars.count ? scalars[i] : " "
        let isNumber = scalars[start].value >= 0x30 && scalars[start].value <= 0x39
        tokens.append(Token(text: string(scalars[start..<i]), isName: previous != "." && next != "(" && !isNumber))
      } else {
        i += 1
        tokens.append(Token(text: string(scalars[start..<i]), isName: false))
      }
      previous = scalars[i - 1]
    }
    return tokens
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }
}

extension String {
  /// Whether an expression needs no parentheses wherever it stands.
  fileprivate var isAtom: Bool {
    guard let syntax = try? Parser.parse(self) else { return false }
    switch syntax {
    case .integer, .string, .bool, .null, .unknown, .list, .name, .field, .index, .call, .comprehension: return true
    case .unary, .binary, .conditional: return false
    }
  }
}

extension Syntax {
  /// The part of an expression's text that this was read from.
  func text(in text: String) -> String {
    String(decoding: text.utf8.dropFirst(span.start).prefix(span.length), as: UTF8.self)
  }

  fileprivate var literal: Value? {
    switch self {
    case .integer(let value, _): .integer(value)
    case .string(let text, _): .string(text)
    case .bool(let value, _): .bool(value)
    case .null: .null
    default: nil
    }
  }
}

/// That something is, or is not, what a literal says: `vm.gic.model == "v3"`.
///
/// Rules choose among cases by such comparisons, and what one case refuses is no business of the others.
struct Equality {
  var subject: String
  var literal: Value
  var holds: Bool

  /// The comparisons that must hold where a condition holds, or where it does not.
  static func all(in text: String, holds: Bool) -> [Equality] {
    guard let syntax = try? Parser.parse(text) else { return [] }
    return all(in: syntax, text, holds)
  }

  private static func all(in syntax: Syntax, _ text: String, _ holds: Bool) -> [Equality] {
    switch syntax {
    case .unary(.not, let operand, _): all(in: operand, text, !holds)
    case .binary(.and, let left, let right, _) where holds: all(in: left, text, true) + all(in: right, text, true)
    case .binary(.or, let left, let right, _) where !holds: all(in: left, text, false) + all(in: right, text, false)
    case .binary(.equal, let left, let right, _): compared(left, right, text, holds)
    case .binary(.notEqual, let left, let right, _): compared(left, right, text, !holds)
    default: []
    }
  }

  private static func compared(_ left: Syntax, _ right: Syntax, _ text: String, _ holds: Bool) -> [Equality] {
    right.literal.map { [Equality(subject: left.text(in: text), literal: $0, holds: holds)] } ?? []
  }

  /// Whether both cannot be.
  func contradicts(_ other: Equality) -> Bool {
    guard subject == other.subject else { return false }
    if holds, other.holds { return literal != other.literal }
    return holds != other.holds && literal == other.literal
  }
}

/// The truth of conditions that literals alone decide: `null != null`, `"v3" == "v2" && x`.
///
/// Arguments of a fragment often decide some of its conditions; a page leaves those out.
enum LiteralTruth {
  /// Nil where more than literals decides.
  static func of(_ text: String) -> Bool? {
    guard let syntax = try? Parser.parse(text) else { return nil }
    return truth(syntax)
  }

  private static func truth(_ syntax: Syntax) -> Bool? {
    switch syntax {
    case .bool(let value, _): return value
    case .unary(.not, let operand, _): return truth(operand).map { !$0 }
    case .binary(.and, let left, let right, _): return both(truth(left), truth(right), deciding: false)
    case .binary(.or, let left, let right, _): return both(truth(left), truth(right), deciding: true)
    case .binary(.equal, let left, let right, _): return equal(left, right)
    case .binary(.notEqual, let left, let right, _): return equal(left, right).map { !$0 }
    default: return nil
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
}
