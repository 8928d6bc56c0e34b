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
  ///   - report: the run of the plan. A call that is refused replaces nothing.
  func lostValues(before end: Int, in catalogue: Catalogue, after report: Report) -> [Diagnostic] {
    var latest: [SetAttribute: Int] = [:]
    var pairs: [(lost: Int, kept: Int)] = []
    for i in 0..<min(end, report.entries.count) where report.entries.verdicts[i] == .passed {
      guard steps[i].attribute != nil, case .setAttribute(let call) = steps[i].operation, call.data != .none,
        let lost = latest.updateValue(i, forKey: SetAttribute(call))
      else { continue }
      pairs.append((lost, i))
    }
    // Most plans have none, and need no schemas.
    if pairs.isEmpty { return [] }
    let files = schemaFiles(in: catalogue)
    return pairs.compactMap { pair in
      guard case .setAttribute(let call) = steps[pair.kept].operation, let path = steps[pair.kept].attribute,
        let attribute = files[pair.kept]?.attribute(at: path)?.attribute, !attribute.mayRepeat(call.attr)
      else { return nil }
      return .lostValue(of: attribute, at: steps[pair.kept].at, before: steps[pair.lost].at)
    }
  }
}

/// What is set: two calls with the same object and numbers set the same.
private struct SetAttribute: Hashable {
  let target: Target
  let group: UInt32
  let attr: UInt64

  init(_ call: AttributeCall) { (target, group, attr) = (call.target, call.group, call.attr) }
}

extension Diagnostic {
  fileprivate static func lostValue(
    of attribute: AttributeSchema, at place: SourceRange, before lost: SourceRange
  ) -> Diagnostic {
    let key = attribute.keyFields.isEmpty ? "" : " with this key"
    // One text can lead to a call for each vCPU.
    if lost == place {
      return .warning(
        "set-twice", "'\(attribute.path)' is set once per vCPU\(key), and only the last value counts", at: place)
    }
    return .warning(
      "set-twice", "'\(attribute.path)' is set twice\(key), and the earlier value is lost", at: place,
      notes: [Note("the earlier value is here", at: lost)])
  }
}
