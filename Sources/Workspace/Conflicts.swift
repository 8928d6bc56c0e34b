import DevicePlan
import Diagnostics
import Model

/// Finds the other party of a conflict: an earlier call without which a refused call would succeed. If there are several, it
/// is the latest of the same kind, or else the latest.
struct Conflicts {
  private let plan: Plan
  private var replay: Replay

  /// - Parameters:
  ///   - host: the host before the first step.
  ///   - report: the run of the plan. A refusal behind more than 300 steps is reported without its other party.
  init(_ plan: Plan, on host: ModelHost, after report: Report) {
    self.plan = plan
    replay = Replay(plan, on: host, after: report, most: 300)
  }

  /// Notes the other party of each refusal that depends on earlier calls.
  mutating func find(in report: inout Report) {
    for index in report.entries.indices where report.entries.verdicts[index].isFailure {
      let entry = report.entries[index]
      guard let reason = entry.result.reasons.first, reason.isConflict, reason.missing.isEmpty,
        case .refused = entry.result.outcome
      else {
        continue
      }
      if let place = other(of: index) { report.setConflict(index, place) }
      if replay.isExhausted { return }
    }
  }

  private mutating func other(of index: Int) -> SourceRange? {
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
      guard var host = replay.host(before: index, without: place, from: first) else { return nil }
      if host.perform(subject).outcome == .ok { return place }
    }
    return nil
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
