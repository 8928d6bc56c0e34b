import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// A reason in words, in which `${EXPRESSION}` stands for a value: `the address must be ${align} aligned`.
package struct ReasonText {
  package enum Part {
    case text(String)
    case value(Expression)
  }

  package let parts: [Part]

  /// Compiles the expressions of a text; most have none.
  init(_ node: Node, in scope: RuleScope, _ faults: Findings) {
    var parts: [Part] = []
    var rest = Substring(node.scalar ?? "")
    while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
      parts.append(.text(String(rest[..<start.lowerBound])))
      let text = String(rest[start.upperBound..<end])
      do throws(ExpressionError) {
        parts.append(.value(try Expression(text, in: scope)))
      } catch {
        faults.error("schema-expression", "in '${\(text)}': \(error.message)", at: node.range)
      }
      rest = rest[rest.index(after: end)...]
    }
    self.parts = parts + [.text(String(rest))]
  }

  /// The words, with what the expressions stand for.
  package func words(_ value: (Expression) -> String) -> String {
    parts.reduce(into: "") { words, part in
      switch part {
      case .text(let text): words += text
      case .value(let expression): words += value(expression)
      }
    }
  }
}

extension Value {
  /// The value as people write it: sizes with their unit, addresses in hexadecimal.
  package var words: String {
    switch self {
    case .integer(let integer): integer.words
    case .string(let text): text
    case .bool(let truth): truth ? "true" : "false"
    default: "?"
    }
  }
}

extension Int128 {
  /// `64 KiB`, `12`, `0x080A_0000`
  package var words: String {
    for (unit, size) in [("TiB", Int128(1) << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where self >= size && self % size == 0 && self / size < 1024 {
      return "\(self / size) \(unit)"
    }
    return self > 0xFFFF ? grouped(self) : String(self)
  }
}
