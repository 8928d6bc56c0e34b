import Diagnostics
import Vocabulary
import YAMLSyntax

/// A known difference of one host from its kernel's code, as with a backport or a hypervisor below it.
package struct Quirk: Hashable, Sendable {
  /// The name of the operation in reports, such as `get-attribute`.
  package var operation: String
  /// `vm`, `system`, `vcpu` for any vCPU, or a device's name; nil for any.
  package var target: String?
  /// The attribute, such as `tsc.offset`; nil for any.
  package var attribute: String?
  /// The kernel's answer.
  package var answer: Answer
  /// The reason for the difference.
  package var reason: String
  package var at: SourceRange

  /// - Parameter path: the attribute's path in its schema, however the step names it.
  func explains(_ entry: PlanConformance.Entry, _ answer: Answer, path: String?) -> Bool {
    entry.step.operation.name == operation && answer == self.answer
      && (attribute == nil || attribute == path) && concerns(entry.step.target)
  }

  private func concerns(_ name: TargetName) -> Bool {
    if case .vcpu = name, target == "vcpu" { return true }
    return target == nil || target == name.description
  }
}

extension Quirk {
  /// Reads a file of quirks: `quirks:`, a list of `{operation, target, attribute, kernel, reason}`.
  package static func read(_ file: SourceFile) -> (quirks: [Quirk], diagnostics: [Diagnostic]) {
    let tree = SourceTree(parsing: file)
    if !tree.diagnostics.isEmpty { return ([], tree.diagnostics) }
    let start = SourceRange(file: file, start: .start, end: .start)
    guard let items = tree.documents.first?[key: "quirks"]?.items else {
      return (
        [], [.error("bad-quirks", "a file of quirks needs 'quirks', a list", at: tree.documents.first?.range ?? start)]
      )
    }
    var quirks: [Quirk] = []
    var diagnostics: [Diagnostic] = []
    for item in items {
      if let fault = fault(of: item) {
        diagnostics.append(.error("bad-quirks", fault, at: item.range))
        continue
      }
      quirks.append(
        Quirk(
          operation: item[key: "operation"]?.scalar ?? "", target: item[key: "target"]?.scalar,
          attribute: item[key: "attribute"]?.scalar, answer: item[key: "kernel"]?.scalar.flatMap { Answer($0) } ?? .ok,
          reason: item[key: "reason"]?.scalar ?? "", at: item.range))
    }
    return (quirks, diagnostics)
  }

  private static func fault(of item: Node) -> String? {
    let keys = ["operation", "target", "attribute", "kernel", "reason"]
    guard let entries = item.entries else { return "a quirk is a mapping of \(keys.joined(separator: ", "))" }
    if let unknown = entries.first(where: { !keys.contains($0.key.value) }) {
      let hint = keys.suggestion(for: unknown.key.value)
      return "a quirk has no key '\(unknown.key.value)'\(hint)"
    }
    for key in ["operation", "kernel", "reason"] where item[key: key]?.scalar?.isEmpty ?? true {
      return "a quirk needs '\(key)'"
    }
    if let answer = item[key: "kernel"]?.scalar, Answer(answer) == nil {
      return "'kernel' must be ok or the name of an errno, not '\(answer)'"
    }
    return nil
  }
}
