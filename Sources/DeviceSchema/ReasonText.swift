import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// A reason with `${EXPRESSION}` placeholders for values: `the address must be ${align} aligned`.
package struct ReasonText {
  package enum Part {
    case text(String)
    case value(Expression)
  }

  package let parts: [Part]
  /// Whether the text names a kernel release: `attributes are new in Linux 6.13`.
  package let namesRelease: Bool

  /// Compiles the expressions of a text; most have none.
  init(_ node: Node, in scope: RuleScope, _ faults: Findings) {
    var parts: [Part] = []
    for piece in Interpolation(node.scalar ?? "").pieces {
      switch piece {
      case .text(let text): parts.append(.text(text))
      case .expression(let text, _):
        do throws(ExpressionError) {
          parts.append(.value(try Expression(text, in: scope)))
        } catch {
          faults.error("schema-expression", "in '${\(text)}': \(error.message)", at: node.range)
        }
      }
    }
    self.parts = parts
    namesRelease = node.scalar?.firstMatch(of: #/Linux [0-9]/#) != nil
  }

  /// The text with values in place of the expressions.
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
  /// The value in a sentence: sizes with their unit, addresses in hexadecimal.
  package var words: String {
    switch self {
    case .integer(let integer): inProse(integer)
    case .string(let text): text
    case .bool(let truth): truth ? "true" : "false"
    default: "?"
    }
  }
}
