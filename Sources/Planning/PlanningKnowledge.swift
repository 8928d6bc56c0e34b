import DeviceManifest
import DeviceSchema
import Expressions

/// What the planner has learnt from the schemas of a catalogue: the same for all manifests.
package final class PlanningKnowledge {
  package let catalogue: Catalogue
  let hints = Hints()
  private var names: [String: OrderName] = [:]
  private var orders: [ObjectIdentifier: OrderRules] = [:]

  package init(_ catalogue: Catalogue) { self.catalogue = catalogue }

  /// The number of a path, such as `addr.dist`, or of a device type.
  func name(_ text: String) -> OrderName {
    if let known = names[text] { return known }
    let name = OrderName(rawValue: OrderName.firstFree + names.count)
    names[text] = name
    return name
  }

  /// What schemas say of the order of the sets of an attribute.
  func order(of attribute: AttributeSchema, in group: GroupSchema) -> OrderRules {
    if let known = orders[ObjectIdentifier(attribute)] { return known }
    var rules = OrderRules(names: [name(attribute.path)])
    if attribute.path != group.name { rules.names.append(name(group.name)) }
    for part in [group, attribute] {
      for (words, isAfter) in [(part.after, true), (part.before, false)] {
        rules.relations += words.map { word in
          OrderRelation(
            place: place(word.path.value), isAfter: isAfter,
            condition: word.when.map { when in
              (OrderCondition(when, on: attribute), unmet: place("\(word.path.value): !(\(when.text))"))
            })
        }
      }
    }
    orders[ObjectIdentifier(attribute)] = rules
    return rules
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
      let type = name(parts[0])
      return parts.count == 1 ? .type(type) : .typeAttribute(type, path: name(parts[1]))
    }
    if parts.count == 2, parts[0] == "vm" { return .vm(path: name(parts[1])) }
    if parts.count == 2, parts[0] == "vcpu" { return .vcpu(path: name(parts[1])) }
    return .own(path: name(word))
  }
}

/// A name in the order of calls, as a number.
struct OrderName: Hashable {
  var rawValue: Int

  static let vcpus = OrderName(rawValue: 0)
  static let memory = OrderName(rawValue: 1)
  /// The creation of a device.
  static let creation = OrderName(rawValue: 2)
  static let firstFree = 3
}

/// What schemas say of the order of the sets of an attribute.
struct OrderRules {
  /// The attribute's path, and its group's name if that is another.
  var names: [OrderName]
  var relations: [OrderRelation] = []
}

/// A word of `after:` or `before:`.
struct OrderRelation {
  var place: OrderPlace
  var isAfter: Bool
  /// Nil if it holds for all keys and values. `unmet` are those sets of `place` for which the condition does not hold, if
  /// the attribute is `place` itself.
  var condition: (OrderCondition, unmet: OrderPlace)?
}

/// A condition on the key and the value of an attribute. It keeps its answers, as the same keys come again and again.
final class OrderCondition {
  private let expression: Expression
  /// The bits of the attribute's number that the answer depends on.
  private let mask: UInt64
  private let readsValue: Bool
  private var answers: [UInt64: Bool] = [:]

  init(_ expression: Expression, on attribute: AttributeSchema) {
    self.expression = expression
    mask = attribute.bits(readBy: expression)
    readsValue = expression.roots.contains(Root.value.rawValue)
  }

  func holds(for setting: AttributeSetting) -> Bool {
    guard setting.hasNumber else { return true }
    if readsValue {
      return KeyCondition.holds(expression, setting.key, setting.call.attr, value: setting.ruleValue ?? .unknown)
    }
    let bits = setting.call.attr & mask
    if let known = answers[bits] { return known }
    let answer = KeyCondition.holds(expression, setting.key, setting.call.attr)
    answers[bits] = answer
    return answer
  }
}

/// What such a word refers to.
enum OrderPlace {
  case vcpus, memory
  /// The creation of the device itself.
  case creation
  /// The creation of any device of a type.
  case type(OrderName)
  case typeAttribute(OrderName, path: OrderName)
  case vm(path: OrderName)
  /// An attribute of any vCPU.
  case vcpu(path: OrderName)
  /// An attribute of the same device, vCPU or VM.
  case own(path: OrderName)
}
