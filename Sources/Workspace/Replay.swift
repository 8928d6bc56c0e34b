import DevicePlan
import Diagnostics
import Model

/// Runs a plan on the model once more, without the calls from one place in the text, to find what they are the cause of.
struct Replay {
  let plan: Plan
  /// The steps that were not made, such as those whose guards do not hold.
  private let skipped: Set<Int>
  /// The hosts before the first steps, as far as they are known.
  private var hosts: [ModelHost]
  /// The number of steps that may still be run.
  private var left: Int

  /// - Parameters:
  ///   - host: the host before the first step.
  ///   - report: the run of the plan.
  ///   - most: the maximum number of steps that are run in all, so that a search costs no more than a few rehearsals.
  init(_ plan: Plan, on host: ModelHost, after report: Report, most: Int) {
    self.plan = plan
    skipped = Set(report.entries.verdicts.indices.filter { report.entries.verdicts[$0] == .skipped })
    hosts = [host]
    left = most
  }

  var isExhausted: Bool { left <= 0 }

  /// The host before a step, if the calls from a place were not made; nil if that takes more steps than are left.
  ///
  /// - Parameter first: the first step of that place.
  mutating func host(before end: Int, without place: SourceRange, from first: Int) -> ModelHost? {
    left -= end - first + max(0, first + 1 - hosts.count)
    if isExhausted { return nil }
    while hosts.count <= first {
      var next = hosts[hosts.count - 1]
      make(hosts.count - 1, on: &next)
      hosts.append(next)
    }
    var host = hosts[first]
    for i in first..<end {
      if plan.steps[i].at == place { host.skip(plan.steps[i]) } else { make(i, on: &host) }
    }
    return host
  }

  private func make(_ index: Int, on host: inout ModelHost) {
    if skipped.contains(index) { host.skip(plan.steps[index]) } else { _ = host.perform(plan.steps[index]) }
  }
}
