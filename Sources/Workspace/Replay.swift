import DevicePlan
import Diagnostics
import Model

/// Runs a plan on the model once more, without the calls from one place in the text, to find what they are the cause of.
struct Replay {
  let plan: Plan
  /// The steps that were not made, such as those whose guards do not hold.
  private let skipped: Set<Int>
  private let passed: Set<Int>
  /// The hosts before every `spacing`th step, as far as they are known.
  private var hosts: [ModelHost]
  private static let spacing = 16
  /// Whether the latest run refused a call that passes in the run of the whole plan.
  private(set) var hasBroken = false
  /// The number of steps that may still be run.
  private var left: Int

  /// - Parameters:
  ///   - host: the host before the first step.
  ///   - report: the run of the plan.
  ///   - most: the maximum number of steps that are run in all, so that a search costs no more than a few rehearsals.
  init(_ plan: Plan, on host: ModelHost, after report: Report, most: Int) {
    self.plan = plan
    skipped = Set(report.entries.verdicts.indices.filter { report.entries.verdicts[$0] == .skipped })
    passed = Set(report.entries.verdicts.indices.filter { report.entries.verdicts[$0] == .passed })
    hosts = [host]
    left = most
  }

  var isExhausted: Bool { left <= 0 }

  /// The host before a step, if the calls from a place were not made; nil if that takes more steps than are left.
  ///
  /// - Parameter first: the first step of that place.
  mutating func host(before end: Int, without place: SourceRange, from first: Int) -> ModelHost? {
    var known = min(first / Self.spacing, hosts.count - 1)
    left -= end - known * Self.spacing
    if isExhausted { return nil }
    hasBroken = false
    var host = hosts[known]
    for i in known * Self.spacing..<first {
      make(i, on: &host)
      guard (i + 1) % Self.spacing == 0 else { continue }
      known += 1
      if known == hosts.count { hosts.append(host) }
    }
    for i in first..<end {
      if plan.steps[i].at == place { host.skip(plan.steps[i]) } else { make(i, on: &host) }
    }
    return host
  }

  /// The host before a step, if another call were made after the first step; nil if that takes more steps than are left.
  mutating func host(before end: Int, with added: Step) -> ModelHost? {
    left -= end
    if isExhausted { return nil }
    hasBroken = false
    var host = hosts[0]
    for i in 0..<end {
      make(i, on: &host)
      if i == 0 { _ = host.perform(added) }
    }
    return host
  }

  /// The host before a step, if an earlier step were another one; nil if that takes more steps than are left.
  mutating func host(before end: Int, with step: Step, insteadOf index: Int) -> ModelHost? {
    left -= end
    if isExhausted { return nil }
    hasBroken = false
    var host = hosts[0]
    for i in 0..<end {
      if i == index { _ = host.perform(step) } else { make(i, on: &host) }
    }
    return host
  }

  private mutating func make(_ index: Int, on host: inout ModelHost) {
    if skipped.contains(index) { return host.skip(plan.steps[index]) }
    let result = host.perform(plan.steps[index])
    if case .refused = result.outcome, passed.contains(index), plan.steps[index].expected == [.ok] { hasBroken = true }
  }
}
