import DevicePlan
import Diagnostics
import Model

/// Finds the other party of a conflict: the earlier call without which a refused call would succeed.
struct Conflicts {
  let plan: Plan
  /// The host before the first step.
  let host: ModelHost

  /// The maximum number of steps that are run to find conflicts.
  private static let most = 20_000

  /// Notes the other party of each refusal that depends on earlier calls, if there is exactly one such call in the text.
  func find(in report: inout Report) {
    var left = Self.most
    for index in report.entries.indices where report.entries.verdicts[index].isFailure {
      let entry = report.entries[index]
      guard let reason = entry.result.reasons.first, reason.isConflict, case .refused = entry.result.outcome else {
        continue
      }
      if let place = other(of: index, &left) { report.setConflict(index, place) }
      if left <= 0 { return }
    }
  }

  private func other(of index: Int, _ left: inout Int) -> SourceRange? {
    let subject = plan.steps[index]
    // Calls of the same kind are the most probable ones, and the latest of them.
    let candidates = (0..<index).reversed().filter { plan.steps[$0].at != subject.at && plan.steps[$0].isRemovable }
    let same = candidates.filter { plan.steps[$0].operation.name == subject.operation.name }
    var tried: Set<SourceRange> = []
    for candidate in same + candidates.filter({ plan.steps[$0].operation.name != subject.operation.name }) {
      guard tried.insert(plan.steps[candidate].at).inserted else { continue }
      left -= index
      if left <= 0 { return nil }
      if succeeds(index, without: plan.steps[candidate].at) { return plan.steps[candidate].at }
    }
    return nil
  }

  /// Whether a step succeeds if the calls from a place in the text are not made.
  private func succeeds(_ index: Int, without place: SourceRange) -> Bool {
    var host = host
    for i in 0..<index {
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
