import DevicePlan
import Diagnostics
import Kernel
import Model

/// What a kernel answered to the steps of a plan, and whether the model would have said so.
package struct Conformance {
  /// One step on both hosts.
  package struct Entry {
    package var step: Step
    package var actual: StepResult
    /// What the model predicted; nil for a step that the kernel was not asked.
    package var predicted: StepResult?
    package var agreement: Agreement
    /// What is known of this host, where that is why the two differ.
    package var quirk: Quirk?
  }

  package enum Agreement: Hashable, Sendable {
    case agrees
    /// The model did not tell which of several answers it would be; the kernel's is one of them.
    case undecided
    /// The call was not made.
    case skipped
    /// The kernel's answer is none that the model predicts.
    case outcomeDiffers
    /// The answer is the predicted one, and a get read something else.
    case valueDiffers
  }

  package var plan: Plan
  /// The kernel.
  package var host: HostDescription
  package var entries: [Entry]

  /// How many steps there are of a kind; differences that a quirk explains are counted apart.
  package func count(_ agreement: Agreement) -> Int { entries.count { $0.agreement == agreement && $0.quirk == nil } }

  package var quirks: Int { entries.count { $0.quirk != nil } }
  package var differences: Int { count(.outcomeDiffers) + count(.valueDiffers) }
}

/// What a kernel answered to each step of a plan.
package struct KernelAnswers {
  package var host: HostDescription
  /// In the plan's order, as many as it has steps.
  package var results: [StepResult]

  package init(host: HostDescription, results: [StepResult]) {
    self.host = host
    self.results = results
  }
}

extension Workspace {
  /// Runs a plan on this machine's kernel to its end, whatever is refused.
  package func kernelAnswers(
    to plan: Plan, isInterrupted: @escaping () -> Bool = { false }
  ) throws(KernelHost.Unavailable) -> KernelAnswers {
    var kernel = try KernelHost(plan)
    let report = Runner(keepGoing: true, isInterrupted: isInterrupted).run(plan, on: &kernel)
    return KernelAnswers(host: report.host, results: report.entries.map(\.result))
  }

  /// Holds the model against a kernel's answers. Each is told to the model before the next step, so that one difference
  /// does not make others.
  package func conformance(of plan: Plan, to kernel: KernelAnswers, quirks: [Quirk] = []) throws(FactsFault)
    -> Conformance
  {
    var model = try model(plan.architecture, course: .expected)
    var conformance = Conformance(plan: plan, host: kernel.host, entries: [])
    let files = plan.schemaFiles(in: catalogue(for: plan.architecture))
    for (i, (step, actual)) in zip(plan.steps, kernel.results).enumerated() {
      guard let answer = actual.outcome.answer else {
        model.skip(step)
        conformance.entries.append(Conformance.Entry(step: step, actual: actual, agreement: .skipped))
        continue
      }
      var told = step
      told.expected = [answer]
      let predicted = model.perform(told)
      var entry = Conformance.Entry(
        step: step, actual: actual, predicted: predicted,
        agreement: Conformance.Agreement(predicted, answer, actual))
      if [.outcomeDiffers, .valueDiffers].contains(entry.agreement) {
        let call = step.operation.attributeCall
        let path = step.attribute ?? call.flatMap { files[i]?.path(group: $0.group, attr: $0.attr) }
        entry.quirk = quirks.first { $0.explains(entry, answer, path: path) }
      }
      conformance.entries.append(entry)
    }
    return conformance
  }
}

extension Conformance.Agreement {
  fileprivate init(_ predicted: StepResult, _ answer: Answer, _ actual: StepResult) {
    // What a rule that went wrong says is no prediction.
    if predicted.schemaFault != nil {
      self = .outcomeDiffers
      return
    }
    switch predicted.outcome {
    case .undecided(let candidates):
      self = candidates.isEmpty || candidates.contains(answer) ? .undecided : .outcomeDiffers
    case .ok, .refused:
      if predicted.outcome.answer != answer {
        self = .outcomeDiffers
      } else {
        self = answer == .ok && predicted.reads(otherThan: actual) ? .valueDiffers : .agrees
      }
    case .hazard, .skipped: self = .outcomeDiffers
    }
  }
}

extension StepResult {
  /// Whether a bit that is predicted is another one in what was read.
  fileprivate func reads(otherThan actual: StepResult) -> Bool {
    guard let value, let read = actual.value else { return false }
    return value.indices.contains { i in
      let mask = valueMask?[i] ?? 0xFF
      return mask != 0 && (i >= read.count || (value[i] ^ read[i]) & mask != 0)
    }
  }
}

// MARK: Reports

extension Conformance {
  /// Every difference at its place in the manifest, with the rule that the model applied; then the quirks, as warnings.
  package var diagnostics: [Diagnostic] {
    entries.compactMap { $0.quirk == nil ? $0.difference(plan.architecture) : nil }
      + entries.compactMap { entry in
        guard let quirk = entry.quirk, var diagnostic = entry.difference(plan.architecture) else { return nil }
        diagnostic.severity = .warning
        diagnostic.notes = [Note("a quirk of this host: \(quirk.reason)", at: quirk.at)]
        return diagnostic
      }
  }

  /// `vm.yaml: name, kernel 7.2.13, arm64: 18 agree, 1 differs, 0 quirks, 1 undecided, 2 skipped`
  package var summary: String {
    "\(plan.manifest.printable): \(plan.name.printable), kernel \(host.release.printable), \(host.architecture.rawValue): "
      + "\(count(.agrees)) agree, \(differences) differ, \(quirks) quirks, \(count(.undecided)) undecided, "
      + "\(count(.skipped)) skipped"
  }

  /// The comparison for programs.
  package var json: JSON {
    .object([
      ("version", 1),
      ("manifest", .string(plan.manifest)),
      ("name", .string(plan.name)),
      ("host", .object([("arch", .string(host.architecture.rawValue)), ("release", .string(host.release))])),
      (
        "summary",
        .object([
          ("agreed", JSON(count(.agrees))), ("differed", JSON(differences)), ("quirks", JSON(quirks)),
          ("undecided", JSON(count(.undecided))), ("skipped", JSON(count(.skipped))),
        ])
      ),
      (
        "differences",
        .array(
          entries.enumerated().filter { [.outcomeDiffers, .valueDiffers].contains($1.agreement) }
            .map { $1.json(index: $0 + 1) })
      ),
    ])
  }
}

extension Conformance.Entry {
  fileprivate func difference(_ architecture: Architecture) -> Diagnostic? {
    guard let predicted else { return nil }
    if let fault = predicted.schemaFault { return fault }
    let notes = predicted.reasons.flatMap { reason in
      [Note(reason.message)] + (reason.rule.map { [Note("the rule that was applied is here", at: $0)] } ?? [])
    }
    switch agreement {
    case .outcomeDiffers:
      return .error(
        "outcome-differs",
        "\(step.words): the kernel answered \(actual.outcome.words), and the model predicted \(predicted.outcome.words)",
        at: step.at, notes: notes)
    case .valueDiffers:
      let read = actual.value.map { readable($0, on: architecture) } ?? "nothing"
      let wanted = predicted.value.map { readable($0, on: architecture) } ?? "nothing"
      let part = predicted.valueMask?.allSatisfy { $0 == 0xFF } == false ? " in the bits that it predicts" : ""
      return .error(
        "value-differs", "\(step.words): the kernel read \(read), and the model predicted \(wanted)\(part)",
        at: step.at,
        notes: notes)
    case .agrees, .undecided, .skipped: return nil
    }
  }

  fileprivate func json(index: Int) -> JSON {
    var members: [(String, JSON)] = [
      ("index", JSON(index)), ("call", .string(step.words)),
      ("kind", agreement == .valueDiffers ? "value" : "outcome"),
      ("kernel", .string(actual.outcome.name)), ("predicted", .string(predicted?.outcome.words ?? "")),
    ]
    if agreement == .valueDiffers {
      members += [
        ("kernelValue", .string(actual.value.map(hexadecimal) ?? "")),
        ("predictedValue", .string(predicted?.value.map(hexadecimal) ?? "")),
      ]
    }
    if let reason = predicted?.reasons.first {
      members += [("id", .string(reason.id.description)), ("reason", .string(reason.message))]
      if let rule = reason.rule { members.append(("rule", .string("\(rule)"))) }
    }
    if let quirk { members.append(("quirk", .string(quirk.reason))) }
    return .object(members)
  }
}
