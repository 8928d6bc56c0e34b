import Diagnostics
import Expressions
import YAMLSyntax

/// A search for the names of the bits that the attributes of a file assign to a variable of the state: those of
/// `vm.features` in `assign: {vm.features: value}`.
///
/// Nothing is compiled but the assigned expressions, because the rules around them may be the ones that ask.
struct AssignedBits {
  private let variable: String
  private let file: SchemaFile
  private let catalogue: Catalogue

  init(variable: String, in file: SchemaFile, _ catalogue: Catalogue) {
    (self.variable, self.file, self.catalogue) = (variable, file, catalogue)
  }

  /// The names of the first assignment that has some; nil if none has.
  var names: NamedBits? {
    for group in file.groups {
      for attribute in group.attributes {
        let payloads = group.payloads(of: attribute)
        guard payloads.count == 1 else { continue }
        let place = RulePlace.attribute(value: payloads[0].type.valueType(name: "value"), key: .any)
        let scope = catalogue.scope(of: file, place)
        for node in [attribute.reader["set"], group.reader["set"]] {
          if let found = node.flatMap({ names(in: $0, scope) }) { return found }
        }
      }
    }
    return nil
  }

  private func names(in node: Node, _ scope: RuleScope) -> NamedBits? {
    for item in node.items ?? [] {
      if let found = names(in: item, scope) { return found }
    }
    for entry in node.entries ?? [] {
      if entry.key.value == "assign" {
        for effect in entry.value.entries ?? [] {
          guard let target = try? EffectTarget(effect.key.value), target.name == variable, target.key == nil,
            !target.appends, let text = effect.value.scalar, let value = try? Expression(text, in: scope),
            case .flags(let names) = value.type, !names.bits.isEmpty
          else { continue }
          return names
        }
      } else if let found = names(in: entry.value, scope) {
        return found
      }
    }
    return nil
  }
}
