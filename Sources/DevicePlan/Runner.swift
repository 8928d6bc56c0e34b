import Vocabulary

/// Runs a plan on a host, step by step, and judges each answer.
///
/// A run stops at the first step that fails: the steps after it are skipped. A step whose guards do not hold is skipped
/// too, which is not a failure.
package struct Runner {
  /// Whether the run continues after a failure, with the state as it is.
  package var keepGoing: Bool
  /// Called before each step; once it returns true, the rest is skipped.
  package var isInterrupted: () -> Bool

  package init(keepGoing: Bool = false, isInterrupted: @escaping () -> Bool = { false }) {
    self.keepGoing = keepGoing
    self.isInterrupted = isInterrupted
  }

  /// Runs every step of a plan.
  package func run<H: Host & ~Copyable>(_ plan: Plan, on host: inout H) -> Report {
    var report = Report(plan, on: host.description)
    /// The reason why all further steps are skipped; nil while the run continues.
    var end: String?
    for i in plan.steps.indices {
      let step = plan.steps[i]
      if end == nil, isInterrupted() {
        end = "the run was interrupted"
        report.interruption = i
      }
      // Without `??`, whose closure would copy the step.
      var reason = end
      if reason == nil { reason = report.unmetGuard(of: step) }
      let result: StepResult
      if let reason {
        host.skip(step)
        result = StepResult(.skipped(reason))
      } else {
        result = host.perform(step)
      }
      let verdict = Verdict(of: result, for: step)
      report.append(result, verdict)
      if case .failed = verdict, !keepGoing, end == nil { end = "an earlier step failed" }
    }
    return report
  }
}

extension Report {
  /// The reason why the guards of the next step keep it from being made; nil if they do not.
  ///
  /// A guard on an undecided answer counts as ok if the answer may be ok, because the host also continues in that way.
  fileprivate func unmetGuard(of step: Step) -> String? {
    for condition in step.guardedBy {
      let earlier = entries.results[condition.step]
      let number = condition.step + 1
      switch earlier.outcome {
      case .ok, .refused, .undecided:
        if earlier.isAvailable != condition.ok { return "step \(number) answered \(earlier.outcome.words)" }
      case .skipped: return "step \(number) was skipped"
      case .unfit, .hazard: return "step \(number) was not run"
      }
    }
    return nil
  }
}

/// The meaning of a step's result, compared with what was expected.
package enum Verdict: Hashable, Sendable {
  case passed
  case failed(Failure)
  case skipped
  /// The model cannot decide whether the kernel's answer would be an expected one.
  case undecided
}

/// The reason why a step failed.
package enum Failure: Hashable, Sendable {
  /// The answer is not expected; for an undecided one, no candidate is.
  case unexpectedAnswer
  /// A get succeeded, but did not read the expected value.
  case valueMismatch
  /// A value that an earlier step read does not fit into the call.
  case unfitValue
  /// The call would crash or hang the kernel.
  case hazard
  /// The schema is at fault, and there is no prediction.
  case schemaFault
}

extension Verdict {
  package init(of result: borrowing StepResult, for step: borrowing Step) {
    self =
      if result.schemaFault != nil {
        .failed(.schemaFault)
      } else {
        switch result.outcome {
        case .skipped: .skipped
        case .unfit: .failed(.unfitValue)
        case .hazard: .failed(.hazard)
        case .ok: Verdict(of: .ok, result, step)
        case .refused(let errno): Verdict(of: .refused(errno), result, step)
        case .undecided(let candidates): Verdict(answers: candidates, result, step)
        }
      }
  }

  /// The verdict on an answer.
  private init(of answer: Answer, _ result: borrowing StepResult, _ step: borrowing Step) {
    guard step.expected.contains(answer) else {
      self = .failed(.unexpectedAnswer)
      return
    }
    if answer == .ok, let number = step.expectedNumber, number != result.number {
      self = result.number == nil ? .undecided : .failed(.unexpectedAnswer)
      return
    }
    guard answer == .ok, let comparison = step.comparison else {
      self = .passed
      return
    }
    self =
      switch comparison.agrees(with: result) {
      case true: .passed
      case false: .failed(.valueMismatch)
      case nil: .undecided
      }
  }

  /// The verdict on the possible answers, depending on whether all, none or some of them are as expected.
  private init(answers: [Answer], _ result: borrowing StepResult, _ step: borrowing Step) {
    let verdicts = answers.map { Verdict(of: $0, result, step) }
    if let first = verdicts.first, verdicts.allSatisfy({ $0 == first }) {
      self = first
    } else if !verdicts.isEmpty, verdicts.allSatisfy(\.isFailure) {
      self = .failed(.unexpectedAnswer)
    } else {
      self = .undecided
    }
  }

  package var isFailure: Bool { if case .failed = self { true } else { false } }
}

extension Comparison {
  /// Whether a get read the expected value; nil if the host does not know all the bits that count.
  fileprivate func agrees(with result: StepResult) -> Bool? {
    guard let value = result.value else { return nil }
    guard value.count >= bytes.count else { return false }
    var allKnown = true
    for i in bytes.indices {
      let known = result.valueMask.map { i < $0.count ? $0[i] : 0 } ?? 0xFF
      if (bytes[i] ^ value[i]) & mask[i] & known != 0 { return false }
      if mask[i] & ~known != 0 { allKnown = false }
    }
    return allKnown ? true : nil
  }
}
