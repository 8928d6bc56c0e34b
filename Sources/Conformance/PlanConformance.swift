import DevicePlan
import Diagnostics
import Kernel
import Model
import Vocabulary
import Workspace

/// A kernel's answers to the steps of a plan, compared with the model's predictions.
package struct PlanConformance {
  /// One step on both hosts.
  package struct Entry {
    package var step: Step
    package var actual: StepResult
    /// The model's prediction; nil for a step whose call the kernel did not get.
    package var predicted: StepResult?
    package var agreement: Agreement
    /// The quirk of this host that explains the difference, if there is one.
    package var quirk: Quirk?
  }

  package enum Agreement: Hashable, Sendable {
    case agrees
    /// The outcome is the predicted one, and the model leaves some bits of the value or the number open.
    case open
    /// The model could not decide between several answers; the kernel's is one of them.
    case undecided
    /// The call was not made.
    case skipped
    /// The kernel's answer is not one that the model predicts.
    case outcomeDiffers
    /// The answer is the predicted one, but a get read another value.
    case valueDiffers
  }

  package var plan: Plan
  /// The kernel that answered.
  package var host: HostDescription
  package var entries: [Entry]

  /// The number of steps of a kind, without differences that a quirk explains.
  package func count(_ agreement: Agreement) -> Int { entries.count { $0.agreement == agreement && $0.quirk == nil } }

  package var quirks: Int { entries.count { $0.quirk != nil } }
  package var differences: Int { count(.outcomeDiffers) + count(.valueDiffers) }
}

/// A kernel's answers to the steps of a plan.
package struct KernelAnswers {
  package var host: HostDescription
  /// The results in the plan's order, one per step.
  package var results: [StepResult]

  package init(host: HostDescription, results: [StepResult]) {
    self.host = host
    self.results = results
  }
}

extension ManifestWorkspace {
  /// Runs a plan on this machine's kernel to its end, even if calls are refused.
  package func kernelAnswers(
    to plan: Plan, isInterrupted: @escaping () -> Bool = { false }
  ) throws(DiagnosticsError) -> KernelAnswers {
    var kernel = try KernelHost(plan)
    let report = Runner(keepGoing: true, isInterrupted: isInterrupted).run(plan, on: &kernel)
    return KernelAnswers(host: report.host, results: report.entries.map(\.result))
  }

  /// Compares the model with a kernel's answers. The model gets each answer before the next step, so that one
  /// difference does not cause others.
  package func conformance(of plan: Plan, to kernel: KernelAnswers, quirks: [Quirk] = []) throws(DiagnosticsError)
    -> PlanConformance
  {
    var model = try model(plan.architecture, course: .expected)
    var conformance = PlanConformance(plan: plan, host: kernel.host, entries: [])
    let files = plan.schemaFiles(in: catalogue(for: plan.architecture))
    for (i, (step, actual)) in zip(plan.steps, kernel.results).enumerated() {
      guard let answer = actual.outcome.answer else {
        model.skip(step)
        conformance.entries.append(PlanConformance.Entry(step: step, actual: actual, agreement: .skipped))
        continue
      }
      var told = step
      told.expected = [answer]
      let predicted = model.perform(told)
      var entry = PlanConformance.Entry(
        step: step, actual: actual, predicted: predicted,
        agreement: PlanConformance.Agreement(predicted, answer, actual, of: step))
      if [.outcomeDiffers, .valueDiffers].contains(entry.agreement) {
        let call = step.operation.attributeCall
        let found = call.flatMap { files[i]?.attribute(group: $0.group, attr: $0.attr) }
        let path = step.attribute ?? found.map(\.attribute.path)
        entry.quirk = quirks.first { $0.explains(entry, answer, path: path) }
      }
      conformance.entries.append(entry)
    }
    return conformance
  }
}

extension PlanConformance.Agreement {
  fileprivate init(_ predicted: StepResult, _ answer: Answer, _ actual: StepResult, of step: Step) {
    // The answer of a faulty rule is not a prediction.
    if predicted.schemaFault != nil {
      self = .outcomeDiffers
      return
    }
    switch predicted.outcome {
    case .undecided(let candidates):
      // Without candidates, the model says nothing about the call.
      self = candidates.contains(answer) ? .undecided : .outcomeDiffers
    case .ok, .refused:
      if predicted.outcome.answer != answer || (answer == .ok && predicted.answers(otherThan: actual)) {
        self = .outcomeDiffers
      } else if answer == .ok, predicted.reads(otherThan: actual) {
        self = .valueDiffers
      } else {
        self = answer == .ok && predicted.leavesOpen(actual, of: step) ? .open : .agrees
      }
    case .hazard, .skipped, .unfit: self = .outcomeDiffers
    }
  }
}

extension StepResult {
  /// Whether the number of a success differs from the prediction.
  fileprivate func answers(otherThan actual: StepResult) -> Bool {
    if let number, let answered = actual.number { number != answered } else { false }
  }

  /// Whether what was read differs from the prediction in a predicted bit.
  fileprivate func reads(otherThan actual: StepResult) -> Bool {
    guard let value, let read = actual.value else { return false }
    return value.indices.contains { i in
      let mask = valueMask?[i] ?? 0xFF
      return mask != 0 && (i >= read.count || (value[i] ^ read[i]) & mask != 0)
    }
  }

  /// Whether the prediction leaves the number of a success open, or some bits of what was read. The addresses in a struct
  /// are those of the program.
  fileprivate func leavesOpen(_ actual: StepResult, of step: Step) -> Bool {
    if number == nil, actual.number != nil { return true }
    guard let read = actual.value, !read.isEmpty else { return false }
    guard let value, value.count >= read.count else { return true }
    guard let valueMask else { return false }
    return valueMask.indices.contains { valueMask[$0] != 0xFF && !step.hasAddress(at: $0) }
  }
}

extension Step {
  /// Whether a byte of the payload belongs to the address of another one.
  fileprivate func hasAddress(at offset: Int) -> Bool {
    guard case .bytes(_, let slots)? = operation.data else { return false }
    return slots.contains {
      if case .payload = $0.content { ($0.offset..<$0.offset + $0.width).contains(offset) } else { false }
    }
  }
}

// MARK: Diagnostics

extension PlanConformance {
  /// Every difference, at its place in the manifest, with the rule that the model applied; then the quirks, as
  /// warnings.
  package var diagnostics: [Diagnostic] {
    entries.compactMap { $0.quirk == nil ? $0.difference(plan.architecture) : nil }
      + entries.compactMap { entry in
        guard let quirk = entry.quirk, var diagnostic = entry.difference(plan.architecture) else { return nil }
        diagnostic.severity = .warning
        diagnostic.notes = [Note("a quirk of this host: \(quirk.reason)", at: quirk.at)]
        return diagnostic
      }
  }
}

extension PlanConformance.Entry {
  fileprivate func difference(_ architecture: Architecture) -> Diagnostic? {
    guard let predicted else { return nil }
    if let fault = predicted.schemaFault { return fault }
    let notes = predicted.reasons.flatMap { reason in
      [Note(reason.message)] + (reason.rule.map { [Note("the model applied this rule", at: $0)] } ?? [])
    }
    let isNumbered = predicted.outcome == .ok && actual.outcome == .ok
    switch agreement {
    case .outcomeDiffers:
      return .error(
        "outcome-differs",
        "\(step.words): the kernel answered \(actual.words(numbered: isNumbered)), and the model predicted \(predicted.words(numbered: isNumbered))",
        at: step.at, notes: notes)
    case .valueDiffers:
      let read = actual.value.map { readable($0, on: architecture) } ?? "nothing"
      let wanted = predicted.value.map { readable($0, on: architecture) } ?? "nothing"
      let part = predicted.valueMask?.allSatisfy { $0 == 0xFF } == false ? " in the bits that it predicts" : ""
      return .error(
        "value-differs", "\(step.words): the kernel read \(read), and the model predicted \(wanted)\(part)",
        at: step.at,
        notes: notes)
    case .agrees, .open, .undecided, .skipped: return nil
    }
  }
}
