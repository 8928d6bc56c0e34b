import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary

extension Plan {
  /// Warnings about values that a later call replaces: the same attribute of the same object is set twice with the same
  /// key.
  ///
  /// - Parameters:
  ///   - end: the end of the calls that are looked at. Explicit steps may set an attribute twice on purpose.
  ///   - incomplete: the steps with an error in their text, which may be meant for something else.
  ///   - report: the run of the plan. A call that is refused replaces nothing.
  func lostValues(
    before end: Int, besides incomplete: Set<Int>, in catalogue: Catalogue, after report: Report
  ) -> [Diagnostic] {
    let end = min(end, report.entries.count)
    var latest = Dictionary<SetAttribute, Int>(minimumCapacity: end)
    var pairs: [LostValues.Pair] = []
    for i in 0..<end where report.entries.verdicts[i] == .passed && !incomplete.contains(i) {
      guard case .setAttribute(let call) = steps[i].operation, call.data != .none, steps[i].attribute != nil,
        let lost = latest.updateValue(i, forKey: SetAttribute(call))
      else { continue }
      pairs.append((lost, i))
    }
    // Most plans have none, and need no schemas.
    if pairs.isEmpty { return [] }
    let devices = deviceFiles(in: catalogue)
    var lists: [LostValues] = []
    var numbers: [AttributeOfObject: Int] = [:]
    for pair in pairs {
      guard case .setAttribute(let call) = steps[pair.kept].operation, let path = steps[pair.kept].attribute else {
        continue
      }
      let list = AttributeOfObject(target: call.target, path: path)
      // Neighbours are mostly of one list.
      let known = lists.last?.list == list ? lists.count - 1 : numbers[list]
      if let known, lists[known].isFull {
        lists[known].more += 1
        continue
      }
      guard let attribute = catalogue.file(of: call.target, devices: devices)?.attribute(at: path)?.attribute,
        !attribute.mayRepeat(call.attr)
      else { continue }
      if known == nil {
        numbers[list] = lists.count
        lists.append(LostValues(list: list, attribute: attribute))
      }
      lists[known ?? lists.count - 1].pairs.append(pair)
    }
    return lists.flatMap { $0.warnings(in: self) }
  }
}

/// What is set: two calls with the same object and numbers set the same.
private struct SetAttribute: Hashable {
  let target: Target
  let group: UInt32
  let attr: UInt64

  init(_ call: AttributeCall) { (target, group, attr) = (call.target, call.group, call.attr) }
}

/// The attribute with a path, whatever its key.
private struct AttributeOfObject: Hashable {
  let target: Target
  let path: String
}

/// The values of one attribute of an object that are lost.
private struct LostValues {
  /// The indices of two steps, of which the second sets the attribute again.
  typealias Pair = (lost: Int, kept: Int)

  /// The maximum number of warnings. A list can have thousands of values.
  private static let mostWarnings = 10

  let list: AttributeOfObject
  let attribute: AttributeSchema
  var pairs: [Pair] = []
  /// The number of further calls that set the attribute again. Their values may add to each other.
  var more = 0

  var isFull: Bool { pairs.count == Self.mostWarnings }

  /// A warning about each value; the last one says how many more there may be.
  func warnings(in plan: Plan) -> [Diagnostic] {
    var warnings = pairs.map { pair in
      Diagnostic.lostValue(of: attribute, plan.steps[pair.kept], before: plan.steps[pair.lost].at)
    }
    if more > 0 {
      let values = "\(counted(more, "more value")) of '\(attribute.path)'"
      warnings[warnings.count - 1].notes.append(
        Note("\(values) \(more == 1 ? "has" : "have") the key of an earlier one"))
    }
    return warnings
  }
}

extension Diagnostic {
  fileprivate static func lostValue(
    of attribute: AttributeSchema, _ kept: Step, before lost: SourceRange
  ) -> Diagnostic {
    // The first field of a key is the one that says which vCPU it is about.
    let place = attribute.keyNames.lazy.compactMap { kept.keyPlaces[$0] }.first ?? kept.at
    let key = attribute.keyFields.isEmpty ? "" : " with this key"
    // One text can lead to a call for each vCPU.
    if lost == kept.at {
      return .warning(
        "set-twice", "'\(attribute.path)' is set once per vCPU\(key), and only the last value counts", at: place)
    }
    return .warning(
      "set-twice", "'\(attribute.path)' is set twice\(key), and the earlier value is lost", at: place,
      notes: [Note("the earlier value is here", at: lost)])
  }
}
