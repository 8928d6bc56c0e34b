import DeviceSchema
import Expressions

/// What the planner has learnt from the schemas of a catalogue: the same for all manifests.
package final class PlanningKnowledge {
  package let catalogue: Catalogue
  let hints = Hints()
  private var relations: [ObjectIdentifier: [OrderRelation]] = [:]

  package init(_ catalogue: Catalogue) { self.catalogue = catalogue }

  /// What the set of an attribute comes after or before.
  func relations(of attribute: AttributeSchema, in group: GroupSchema) -> [OrderRelation] {
    if let known = relations[ObjectIdentifier(attribute)] { return known }
    var found: [OrderRelation] = []
    for part in [group, attribute] {
      found += part.after.map { OrderRelation(place: place($0.path.value), isAfter: true, when: $0.when) }
      found += part.before.map { OrderRelation(place: place($0.path.value), isAfter: false, when: $0.when) }
    }
    relations[ObjectIdentifier(attribute)] = found
    return found
  }

  /// What a word of `after:` or `before:` refers to: an attribute of the same owner, unless its first part names another
  /// one.
  func place(_ word: String) -> OrderPlace {
    switch word {
    case "vcpus": return .vcpus
    case "memory": return .memory
    case "create": return .creation
    default: break
    }
    let parts = word.split(separator: ".", maxSplits: 1).map(String.init)
    if catalogue.device(named: parts[0]) != nil {
      return parts.count == 1 ? .type(parts[0]) : .typeAttribute(parts[0], path: parts[1])
    }
    if parts.count == 2, parts[0] == "vm" { return .vm(path: parts[1]) }
    if parts.count == 2, parts[0] == "vcpu" { return .vcpu(path: parts[1]) }
    return .own(path: word)
  }
}

/// A word of `after:` or `before:`.
struct OrderRelation {
  var place: OrderPlace
  var isAfter: Bool
  /// Nil if it holds for all keys.
  var when: Expression?
}

/// What such a word refers to.
enum OrderPlace {
  case vcpus, memory
  /// The creation of the device itself.
  case creation
  /// The creation of any device of a type.
  case type(String)
  case typeAttribute(String, path: String)
  case vm(path: String)
  /// An attribute of any vCPU.
  case vcpu(path: String)
  /// An attribute of the same device, vCPU or VM.
  case own(path: String)
}
