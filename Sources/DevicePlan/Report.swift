import Diagnostics
import TextOutput
import Vocabulary

/// The results of a plan on a host, with one entry per step, in the plan's order.
package struct Report: Hashable, Sendable {
  /// One step, the host's answer, and the verdict on it.
  package struct Entry: Hashable, Sendable {
    package var step: Step
    package var result: StepResult
    package var verdict: Verdict
  }

  /// The entries of a report. They share the steps with the plan.
  package struct Entries: RandomAccessCollection, Hashable, Sendable {
    fileprivate let steps: [Step]
    package fileprivate(set) var results: [StepResult] = []
    package fileprivate(set) var verdicts: [Verdict] = []

    package var startIndex: Int { 0 }
    package var endIndex: Int { results.count }

    package subscript(index: Int) -> Entry {
      Entry(step: steps[index], result: results[index], verdict: verdicts[index])
    }
  }

  /// The manifest's file, as the user named it.
  package var manifest: String
  /// The manifest's name.
  package var name: String
  /// The plan's architecture; the host's may differ.
  package var architecture: Architecture
  package var host: HostDescription
  package private(set) var entries: Entries
  /// The index of the first step that was not run because the user interrupted the run; nil if that did not happen.
  package var interruption: Int?

  /// The report of a plan without any results so far.
  package init(_ plan: Plan, on host: HostDescription) {
    manifest = plan.manifest
    name = plan.name
    architecture = plan.architecture
    self.host = host
    entries = Entries(steps: plan.steps)
    entries.results.reserveCapacity(plan.steps.count)
    entries.verdicts.reserveCapacity(plan.steps.count)
  }

  /// Adds the result of the next step.
  package mutating func append(_ result: consuming StepResult, _ verdict: Verdict) {
    entries.results.append(result)
    entries.verdicts.append(verdict)
  }

  /// Marks a step as skipped, whatever its result.
  ///
  /// - Parameter keepsWarnings: whether the step keeps the warnings, which do not depend on the answer.
  package mutating func skip(_ index: Int, because reason: String, keepsWarnings: Bool = false) {
    entries.results[index] = StepResult(
      .skipped(reason), warnings: keepsWarnings ? entries.results[index].warnings : [])
    entries.verdicts[index] = .skipped
  }

  /// Removes the warnings of a step and of those after it for which a condition holds.
  package mutating func removeWarnings(from first: Int, where isUnwanted: (Reason) -> Bool) {
    for i in entries.indices.dropFirst(first) where entries.results[i].warnings.contains(where: isUnwanted) {
      entries.results[i].warnings.removeAll(where: isUnwanted)
    }
  }

  /// Notes the call without which the step would not be refused, and the setting whose value is why.
  package mutating func setConflict(_ index: Int, _ place: SourceRange?, culprit: SourceRange?) {
    entries.results[index].conflict = place
    entries.results[index].culprit = culprit
  }

  /// Notes what is missing for the step not to be refused.
  package mutating func setRemedy(_ index: Int, _ remedy: String) { entries.results[index].remedy = remedy }

  /// Removes the entries.
  package mutating func removeEntries() { entries = Entries(steps: []) }
}

extension Report {
  /// The number of steps, in total and by verdict.
  package struct Summary: Hashable, Sendable {
    package var steps = 0
    package var passed = 0
    package var failed = 0
    package var skipped = 0
    package var undecided = 0

    package init(steps: Int = 0, passed: Int = 0, failed: Int = 0, skipped: Int = 0, undecided: Int = 0) {
      self.steps = steps
      self.passed = passed
      self.failed = failed
      self.skipped = skipped
      self.undecided = undecided
    }
  }

  package var summary: Summary {
    var summary = Summary()
    for verdict in entries.verdicts {
      summary.steps += 1
      switch verdict {
      case .passed: summary.passed += 1
      case .failed: summary.failed += 1
      case .skipped: summary.skipped += 1
      case .undecided: summary.undecided += 1
      }
    }
    return summary
  }
}

extension StepResult {
  /// Whether the step ended ok, or may have. Guards depend on this.
  package var isAvailable: Bool {
    switch outcome {
    case .ok: true
    case .undecided(let candidates): candidates.contains(.ok)
    case .refused, .skipped, .unfit, .hazard: false
    }
  }
}

extension Report {
  /// The effect of a test of the host's abilities: the steps that were made and those that were left out because of it.
  package struct Choice: Hashable, Sendable {
    /// The index of the step that tested, from 0.
    package var test: Int
    /// The indices of the steps that were made, from 0.
    package var made: [Int]
    /// The indices of the steps that were left out, from 0.
    package var leftOut: [Int]

    package init(test: Int, made: [Int], leftOut: [Int]) {
      self.test = test
      self.made = made
      self.leftOut = leftOut
    }

    /// - Parameter isSkipped: whether the step was not made, for this or another reason.
    fileprivate mutating func add(_ step: Int, isLeftOut: Bool, isSkipped: Bool) {
      if isLeftOut { leftOut.append(step) } else if !isSkipped { made.append(step) }
    }
  }

  /// Each step that guards others, with its effect. Tests that were skipped have no effect.
  package var choices: [Choice] {
    var choices: [Int: Choice] = [:]
    for index in entries.indices {
      for condition in entries.steps[index].guardedBy where entries.verdicts[condition.step] != .skipped {
        let isLeftOut = entries.results[condition.step].isAvailable != condition.ok
        choices[condition.step, default: Choice(test: condition.step, made: [], leftOut: [])]
          .add(index, isLeftOut: isLeftOut, isSkipped: entries.verdicts[index] == .skipped)
      }
    }
    return choices.values.sorted { $0.test < $1.test }
  }
}

extension Report {
  /// The problems of the run, each at its place in the manifest. Failed steps are errors. Undecided steps, and calls
  /// that the kernel accepts although they cannot work, are warnings.
  package var diagnostics: [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var seen: Set<Diagnostic> = []
    // Most steps pass, and are not looked at.
    for i in entries.indices where entries.verdicts[i] != .passed || !entries.results[i].warnings.isEmpty {
      for diagnostic in entries[i].diagnostics(on: host) {
        // One text can lead to the same call for each vCPU, with other notes.
        var plain = diagnostic
        plain.notes = []
        if seen.insert(plain).inserted { diagnostics.append(diagnostic) }
      }
    }
    return diagnostics
  }
}

extension Report {
  /// The problems of each step whose answer is undecided. The first one says that it is.
  package var undecidedSteps: [[Diagnostic]] {
    guard entries.verdicts.contains(.undecided) else { return [] }
    return entries.indices.filter { entries.verdicts[$0] == .undecided }.map { entries[$0].diagnostics(on: host) }
  }
}

extension Report.Entry {
  /// The problems of this step: at most one for its answer, and its warnings.
  package func diagnostics(on host: HostDescription) -> [Diagnostic] {
    let kernel = KernelWords(host)
    // The kernel accepts nothing of a call that it refuses.
    let warnings = (verdict.isFailure ? [] : result.warnings).map {
      Diagnostic(
        .warning, $0.id, "the kernel \(kernel.accepts) this, but: \($0.message)", at: place(of: $0), notes: $0.notes)
    }
    return [problem(kernel)].compactMap(\.self) + further(kernel) + warnings
  }

  /// The further reasons of a refusal. Two reasons about one part of the call are one mistake.
  private func further(_ kernel: KernelWords) -> [Diagnostic] {
    guard verdict == .failed(.unexpectedAnswer) else { return [] }
    var places = Set(result.reasons.prefix(1).filter(\.isAboutPart).map { place(of: $0) })
    return result.further.filter { !$0.isAboutPart || places.insert(place(of: $0)).inserted }.map { reason in
      .error(
        reason.id, "the kernel would then answer \(reason.errno.map { "\($0)" } ?? "an error"): \(reason.message)",
        at: place(of: reason), notes: reason.notes)
    }
  }

  private func problem(_ kernel: KernelWords) -> Diagnostic? {
    switch verdict {
    case .passed, .skipped: return nil
    case .undecided: return undecided(kernel)
    case .failed(.schemaFault): return result.schemaFault
    case .failed(.hazard):
      let why: String = if case .hazard(let reason) = result.outcome { reason } else { "" }
      return .error(
        result.reasons.first?.id ?? "hazard", "this call would crash or hang the kernel: \(why)", at: step.at,
        notes: result.reasons.first?.notes ?? [])
    case .failed(.unfitValue):
      let why: String = if case .unfit(let reason) = result.outcome { reason } else { "" }
      return .error("value-out-of-range", "the call was not made: \(why)", at: step.at)
    case .failed(.valueMismatch):
      func words(_ payload: [UInt8]) -> String { readable(step.shown(payload), on: kernel.architecture) }
      var read = result.value.map(words) ?? "nothing"
      let written = step.operation.attributeCall == nil ? nil : step.value?.printable
      // A decimal number is compared with a decimal one.
      if let written, Int128(written) != nil, let number = IntegerLiteral.parse(read) { read = String(number) }
      let wanted = written ?? step.comparison.map { words($0.bytes) } ?? ""
      return .error(
        "value-mismatch", "the kernel \(kernel.answered) with \(read), not \(wanted)",
        at: step.keyPlaces[KeyPlaces.wanted] ?? step.at)
    case .failed(.unexpectedAnswer): return unexpected(kernel)
    }
  }

  private func unexpected(_ kernel: KernelWords) -> Diagnostic {
    let reason = result.reasons.first
    var message = "the kernel \(kernel.answered) \(result.words(numbered: step.expectedNumber != nil))"
    if !step.expectsAnySuccess { message += ", not \(step.expectedText)" }
    if let reason { message += ": \(reason.message)" }
    let written = step.expectsAnySuccess ? nil : step.keyPlaces[KeyPlaces.expected]
    let place = written ?? result.culprit ?? place(of: reason)
    var notes = result.conflict.map { [Note("it conflicts with this", at: $0)] } ?? []
    if result.culprit != nil { notes.append(Note("the call that is refused: \(step.words)", at: step.at)) }
    if let remedy = result.remedy { notes.append(Note(remedy)) }
    if let number = place.forgottenPrefix { notes.append(Note("did you mean \(number)?")) }
    if let text = result.unpredicted { notes.append(Note(text)) }
    return .error(
      reason?.id ?? "unexpected-outcome", message, at: place,
      notes: notes + step.hints.map { Note($0) } + result.reasons.flatMap(\.notes))
  }

  /// The place of what the rule tests, if the manifest gives it: a field of the key, a member of the value, or an element
  /// of its list; else the place of the step.
  package func place(of reason: Reason?) -> SourceRange {
    guard let reason else { return step.at }
    if let place = reason.keyFields.lazy.compactMap({ step.keyPlaces.place(ofPart: $0) }).first { return place }
    let element = reason.element.map { "[\($0)]" }
    for prefix in [element, "value"].compactMap(\.self) {
      // Of several members it is not known which one is wrong.
      let places = Set(reason.valueFields.compactMap { step.keyPlaces["\(prefix).\($0)"] })
      if places.count == 1, let place = places.first { return place }
    }
    return element.flatMap { step.keyPlaces[$0] } ?? step.keyPlaces["value"] ?? step.at
  }

  private func undecided(_ kernel: KernelWords) -> Diagnostic {
    let message =
      switch result.outcome {
      case .undecided(let candidates) where candidates.isEmpty && step.isNamedCall:
        "the answer cannot be predicted: the schemas have no rules for this call"
      case .undecided(let candidates) where candidates.isEmpty:
        "the answer cannot be predicted: no schema describes this call"
      case .undecided: "the kernel \(kernel.answered) \(result.outcome.words); which one is unknown here"
      case .ok where step.expectedNumber != nil && result.number == nil:
        "the number that the kernel answers cannot be predicted"
      default: "the value that is read cannot be predicted"
      }
    let file = kernel.isPrediction && step.namesFile ? [Note("no fact of a host says what kind of file this is")] : []
    return .warning(
      result.reasons.first?.id ?? "undecided", message, at: step.at,
      notes: result.reasons.flatMap { [Note($0.message)] + $0.notes } + file)
  }
}

/// The tense of a host's answers: a kernel answered, and the model's kernel would answer.
private struct KernelWords {
  var answered: String
  var accepts: String
  var architecture: Architecture
  var isPrediction: Bool

  init(_ host: HostDescription) {
    architecture = host.architecture
    isPrediction = host.kind == .model
    switch host.kind {
    case .kernel: (answered, accepts) = ("answered", "accepted")
    case .model: (answered, accepts) = ("would answer", "would accept")
    }
  }
}

extension Step {
  /// Whether the value has the descriptor of a file.
  fileprivate var namesFile: Bool {
    guard case .bytes(_, let slots) = operation.data else { return false }
    return slots.contains { if case .file = $0.content { true } else { false } }
  }
}

extension SourceRange {
  /// The hexadecimal number that a decimal one in the text probably is, such as `0x0800_0000` for `0800_0000`. Its groups
  /// of four digits, its leading zero or its four zeros at the end are those of an address.
  package var forgottenPrefix: String? {
    guard start.line == end.line, end.column - start.column < 24 else { return nil }
    let text = text
    let groups = text.split(separator: "_", omittingEmptySubsequences: false)
    guard text.utf8.count > 4, groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) }) else { return nil }
    let isRound = groups.count == 1 && text.utf8.count > 6 && text.hasSuffix("0000")
    return text.hasPrefix("0") || isRound || groups.count > 1 && groups.dropFirst().allSatisfy { $0.count == 4 }
      ? "0x" + text : nil
  }
}

extension SourceRange {
  /// The decimal number that a hexadecimal one in the text probably is, such as 288 for `0x288`; nil if it has letters.
  package var withoutPrefix: Int128? {
    guard start.line == end.line, end.column - start.column < 24, text.hasPrefix("0x") else { return nil }
    return Int128(text.dropFirst(2))
  }
}

extension Reason {
  /// The place of the rule, and what the documentation says instead.
  package var notes: [Note] {
    var notes: [Note] = []
    if let rule { notes.append(Note("the rule is here", at: rule)) }
    if let documented { notes.append(Note("documented: \(documented)")) }
    return notes
  }
}
