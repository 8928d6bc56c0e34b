import Diagnostics
import YAMLSyntax

/// The names that the steps of a manifest give to devices and values. They are collected only for a message.
final class NamesInSteps {
  private typealias Places = [(step: SourceRange, name: SourceRange)]

  private let steps: [Node]
  private lazy var made = places { ($0[key: "as"] ?? $0[key: "create"], \.self) }
  private lazy var read = places { ($0[key: "as"], \.identifier) }

  init(_ steps: [Node]) { self.steps = steps }

  private func places(_ own: (Node) -> (Node?, KeyPath<String, String>)) -> [String: Places] {
    var places: [String: Places] = [:]
    for step in steps {
      guard case let (node?, form) = own(step), let name = node.scalar else { continue }
      places[name[keyPath: form], default: []].append((step.range, node.range))
    }
    return places
  }

  /// The place of the name that a later step gives to a device or a value; nil if none has this name.
  func place(ofStepMaking name: String, after range: SourceRange) -> SourceRange? {
    first(in: made[name], after: range)
  }

  /// The place of the name that a later step gives to what it reads, by the name in expressions.
  func place(ofStepReading name: String, after range: SourceRange) -> SourceRange? {
    first(in: read[name], after: range)
  }

  private func first(in places: Places?, after range: SourceRange) -> SourceRange? {
    places?.first { $0.step.file === range.file && range.end <= $0.step.start }?.name
  }
}
