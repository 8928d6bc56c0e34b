import DevicePlan
import Diagnostics
import Model

/// Finds the other party of a conflict: an earlier call without which a refused call would succeed. If there are several, it
/// is the latest of the same kind, or else the latest.
struct Conflicts {
  let plan: Plan
  /// The host before the first step.
  let host: ModelHost

  /// The maximum number of steps that are run to find conflicts, so that the search costs no more than a rehearsal. A
  /// refusal behind as many steps is reported without its other party.
  private static let most = 300

  /// Notes the other party of each refusal that depends on earlier calls.
  func find(in report: inout Report) {
    var left = Self.most
    var hosts = [host]
    for index in report.entries.indices where report.entries.verdicts[index].isFailure {
      let entry = report.entries[index]
      guard let reason = entry.result.reasons.first, reason.isConflict, case .refused = entry.result.outcome else {
        continue
      }
      if let place = other(of: index, &left, &hosts) { report.setConflict(index, place) }
      if left <= 0 { return }
    }
  }

  /// - Parameter hosts: the hosts before the first steps, as far as they are known.
  private func other(of index: Int, _ left: inout Int, _ hosts: inout [ModelHost]) -> SourceRange? {
    left -= max(0, index + 1 - hosts.count)
    if left <= 0 { return nil }
    for i in hosts.count - 1..<max(index, hosts.count - 1) {
      var next = hosts[i]
      _ = next.perform(plan.steps[i])
      hosts.append(next)
    }
    let subject = plan.steps[index]
    // Calls of the same kind are the most probable ones, and the latest of them.
    let candidates = (0..<index).reversed().filter { plan.steps[$0].at != subject.at && plan.steps[$0].isRemovable }
    let same = candidates.filter { plan.steps[$0].operation.name == subject.operation.name }
    let others = candidates.filter { plan.steps[$0].operation.name != subject.operation.name }
    /// The first step of each place in the text that has not been tried.
    var firsts = Dictionary((0..<index).map { (plan.steps[$0].at, $0) }, uniquingKeysWith: { first, _ in first })
    for candidate in same + others {
      let place = plan.steps[candidate].at
      guard let first = firsts.removeValue(forKey: place) else { continue }
      left -= index - first
      if left <= 0 { return nil }
      if succeeds(index, without: place, from: first, hosts[first]) { return place }
    }
    return nil
  }

  /// Whether a step succeeds if the calls from a place in the text are not made.
  ///
  /// - Parameter host: the host before the first of these calls.
  private func succeeds(_ index: Int, without place: SourceRange, from first: Int, _ host: ModelHost) -> Bool {
    var host = host
    for i in first..<index {
      if plan.steps[i].at == place { host.skip(plan.steps[i]) } else { _ = host.perform(plan.steps[i]) }
    }
    return host.perform(plan.steps[index]).outcome == .ok
  }
}

extension Reason {
  /// Whether another call may be the cause of the refusal.
  fileprivate var isConflict: Bool {
    isAboutState || ["EEXIST", "EBUSY", "E2BIG"].contains(errno?.description)
  }
}

extension Step {
  /// Whether a plan makes sense without the step.
  fileprivate var isRemovable: Bool {
    if case .createVM = operation { return false }
    return guardedBy.isEmpty
  }
}
