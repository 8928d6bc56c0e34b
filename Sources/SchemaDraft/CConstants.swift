import Diagnostics
import Expressions
import Vocabulary

/// The values of the constants of several headers. Of two constants with one name, the first counts.
final class CConstants {
  private let definitions: [String: CHeader.Constant]
  private var values: [String: Int128] = [:]
  /// The constants that are being computed. One that needs itself has no value.
  private var pending: Set<String> = []
  /// The maximum number of constants that a value can be computed through. Deeper recursion would exhaust the stack.
  private static let deepest = 64

  init(_ headers: [CHeader]) {
    definitions = Dictionary(
      headers.flatMap(\.constants).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The value of a constant; nil if it is not an integer constant, or unknown.
  func value(of name: String) -> Int128? {
    if let value = values[name] { return value }
    guard let definition = definitions[name], pending.count < Self.deepest, pending.insert(name).inserted else {
      return nil
    }
    defer { pending.remove(name) }
    let value: Int128? =
      switch definition.value {
      case .tokens(let tokens): self.value(of: tokens)
      case .next(nil): 0
      case .next(let last?): self.value(of: last).map { $0 + 1 }
      case .function: nil
      }
    values[name] = value
    return value
  }

  /// The value of a constant expression.
  func value(of tokens: [CToken]) -> Int128? {
    let text = Self.withoutCasts(tokens).map(Self.spelling).joined(separator: " ")
    guard let expression = try? Expression(text, in: self, as: .integer) else { return nil }
    return (try? Evaluator(world: EmptyWorld.shared).evaluate(expression))?.integer
  }

  /// Removes casts to integer types: `(__u64)`.
  private static func withoutCasts(_ tokens: [CToken]) -> [CToken] {
    let types: Set<String> = ["unsigned", "signed", "long", "int", "short", "char"]
    var result: [CToken] = []
    var i = 0
    while i < tokens.count {
      if tokens[i].text == "(", let close = tokens[i...].firstIndex(where: { $0.text == ")" }) {
        let inner = tokens[(i + 1)..<close]
        if !inner.isEmpty,
          inner.allSatisfy({ types.contains($0.text) || $0.text.hasPrefix("__u") || $0.text.hasPrefix("__s") })
        {
          i = close + 1
          continue
        }
      }
      result.append(tokens[i])
      i += 1
    }
    return result
  }

  /// A token in the expression language: without `ULL`, and with `0o` for C's octal.
  private static func spelling(_ token: CToken) -> String {
    guard token.isNumber else { return token.text }
    let number = token.text.lowercased()
    let digits = String(number.prefix(number.count - number.reversed().prefix { "ul".contains($0) }.count))
    let isOctal = digits.utf8.count > 1 && digits.utf8.allSatisfy(\.isDigit) && digits.hasPrefix("0")
    return isOctal ? "0o" + digits.dropFirst() : digits
  }
}

/// Macros that are constants are names; nothing else is.
extension CConstants: Scope {
  func meaning(of name: String) -> Meaning? { value(of: name).map { .constant(.integer($0), .integer) } }

  func function(_ name: String) throws(ExpressionError) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { [] }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { 0 }
  func reserve(slots: Int) {}
}

/// A world without content: constants are all that expressions of C have here.
private final class EmptyWorld: World, Sendable {
  static let shared = EmptyWorld()
}
