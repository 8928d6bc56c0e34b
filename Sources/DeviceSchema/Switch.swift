import Diagnostics
import Expressions
import YAMLSyntax

/// The cases of a `switch`, in a rule or in an expression.
struct Switch {
  /// One case.
  struct Arm {
    /// Whether the case is chosen; nil for `else`.
    var test: Syntax?
    var key: Located
    var value: Node
  }

  private(set) var arms: [Arm] = []

  /// - Parameter cases: a mapping. A key lists words, numbers and ranges, or is `else`, which must be the last.
  /// - Returns: nil if the expression or a case has a fault.
  init?(_ value: Node, _ cases: Node?, _ faults: Findings) {
    guard let subject = value.syntax(faults) else { return nil }
    guard let entries = cases?.entries, !entries.isEmpty else {
      faults.error("schema-type", "'switch' needs 'cases', a mapping", at: cases?.range ?? value.range)
      return nil
    }
    for (i, entry) in entries.enumerated() {
      guard entry.key.value != "else" else {
        if i + 1 < entries.count { faults.error("schema-type", "'else' must be the last case", at: entry.key.range) }
        arms.append(Arm(test: nil, key: entry.key, value: entry.value))
        return
      }
      guard let test = Self.test(subject, entry.key, faults) else { return nil }
      arms.append(Arm(test: test, key: entry.key, value: entry.value))
    }
  }

  /// `subject == "mask" || subject == 3` of the case `mask, 3`.
  private static func test(_ subject: Syntax, _ key: Located, _ faults: Findings) -> Syntax? {
    let span = Span(start: 0, length: key.value.utf8.count)
    var test: Syntax?
    for piece in key.value.split(separator: ",") {
      guard let one = self.test(subject, piece.trimmingBlanks, span) else {
        faults.error("schema-type", "a case must be a word, a number or a range, such as '0..7'", at: key.range)
        return nil
      }
      test = test.map { .binary(.or, $0, one, span) } ?? one
    }
    return test
  }

  private static func test(_ subject: Syntax, _ text: String, _ span: Span) -> Syntax? {
    guard let syntax = try? Parser.parse(text) else {
      // Names of registers and other words can have characters that are operators in expressions.
      return text.isEmpty ? nil : .binary(.equal, subject, .string(text, span), span)
    }
    switch syntax {
    case .integer, .bool, .null: return .binary(.equal, subject, syntax, span)
    case .unary(.minus, .integer, _): return .binary(.equal, subject, syntax, span)
    case .binary(.range, let low, let high, _):
      return .binary(
        .and, .binary(.greaterOrEqual, subject, low, span), .binary(.lessOrEqual, subject, high, span), span)
    default: return .binary(.equal, subject, .string(text, span), span)
    }
  }
}

extension Substring {
  /// The text without the spaces at its ends.
  var trimmingBlanks: String {
    var rest = utf8.drop { $0 == UInt8(ascii: " ") }
    while rest.last == UInt8(ascii: " ") { rest.removeLast() }
    return String(Substring(rest))
  }
}
