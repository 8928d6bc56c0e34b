import DevicePlan
import Diagnostics
import Vocabulary

extension Report {
  /// Marks the steps as skipped whose result is due only to an error in the manifest, or to a refused call: the error is
  /// reported once.
  ///
  /// - Parameters:
  ///   - incomplete: the steps with errors in the manifest.
  ///   - uncertain: the first step whose answer may depend on an error in the manifest. Text with an error may lead to no
  ///     step at all.
  ///   - lacksSteps: whether a part of the text led to no step, because of an error.
  mutating func skipConsequences(of incomplete: Set<Int>, from uncertain: Int, lacksSteps: Bool) {
    // What text with an error means is a guess, on which the answer may depend.
    for index in entries.indices.dropFirst(uncertain) where entries[index].isUncertain {
      skip(index, because: "the manifest is wrong elsewhere", keepsWarnings: true)
    }
    let firstFailed = min(incomplete.min() ?? .max, entries.verdicts.firstIndex(where: \.isFailure) ?? .max)
    let first = lacksSteps ? min(uncertain, firstFailed) : firstFailed
    removeWarningsOfMissing(incomplete, from: min(uncertain, first), lacksSteps: lacksSteps)
    guard first < entries.count else { return }
    var mistakes = Mistakes(in: self, incomplete, from: uncertain)
    for index in first..<entries.count {
      if incomplete.contains(index) {
        mistakes.add(entries[index])
        skip(index, because: "the manifest is wrong here")
      } else if index > first, entries[index].isUncertain {
        skip(index, because: "an earlier step is wrong", keepsWarnings: true)
      } else if entries.verdicts[index].isFailure, mistakes.explain(entries[index], at: index) {
        skip(index, because: "an earlier step is wrong")
      }
    }
  }
}

extension Report {
  /// Removes the warnings that something is missing which may be in a text with an error, or in a refused call.
  private mutating func removeWarningsOfMissing(_ incomplete: Set<Int>, from first: Int, lacksSteps: Bool) {
    guard first < entries.count else { return }
    let wrong = entries.indices.filter { incomplete.contains($0) || entries.verdicts[$0].isFailure }
    // A step for each vCPU may be missing too.
    let lacksAny = lacksSteps || wrong.contains { entries[$0].step.operation.createsVCPU }
    let attempted = Set(wrong.compactMap { entries[$0].step.attribute })
    removeWarnings(from: first) { reason in
      reason.missing.contains { lacksAny || attempted.contains(String($0.withoutOwner)) }
    }
  }
}

/// What is wrong in a run up to a step, from which later failures may follow.
private struct Mistakes {
  /// The first step whose answer may depend on an error in the manifest.
  private let uncertain: Int
  /// The first step with an error in its text, and the first of those that create a vCPU and that initialise one.
  private let firstWrong, firstWrongCreation, firstWrongFeatures: Int
  /// The objects of the steps with an error in their text.
  private let wrongTargets: Set<TargetName>
  /// The objects of the calls that each place in the text leads to: the settings of vCPUs are written once.
  private let objects: [SourceRange: Set<TargetName>]
  /// The steps that are wrong or refused. They are at most 100, because each later failure is compared with all of them.
  private var failed: [Report.Entry] = []
  /// The attributes that are known to be missing.
  private var missing: Set<String> = []
  /// The vCPUs whose creation is refused.
  private var uncreated: Set<TargetName> = []

  /// - Parameters:
  ///   - incomplete: the steps with errors in the manifest.
  ///   - uncertain: the first step whose answer may depend on an error in the manifest.
  init(in report: Report, _ incomplete: Set<Int>, from uncertain: Int) {
    let steps = incomplete.map { (index: $0, step: report.entries[$0].step) }
    self.uncertain = uncertain
    firstWrong = incomplete.min() ?? .max
    firstWrongCreation = steps.filter { $0.step.operation.createsVCPU }.map(\.index).min() ?? .max
    firstWrongFeatures = steps.filter { $0.step.operation.initialisesVCPU }.map(\.index).min() ?? .max
    wrongTargets = Set(steps.map { $0.step.target })
    var objects: [SourceRange: Set<TargetName>] = [:]
    for entry in report.entries { objects[entry.step.at, default: []].insert(entry.step.target) }
    self.objects = objects
  }

  mutating func add(_ entry: Report.Entry) {
    if failed.count < 100 { failed.append(entry) }
  }

  /// Returns whether a failure follows from what is wrong so far. Another failure is added to it.
  mutating func explain(_ entry: Report.Entry, at index: Int) -> Bool {
    defer { if entry.step.operation.createsVCPU { uncreated.insert(entry.step.target) } }
    let isConsequence =
      mayFollowFromText(entry, at: index) || lacksWhatIsMissing(entry) || isOnUncreated(entry)
      || isAboutUncreated(entry) || failed.contains { follows(entry, from: $0) }
    if !isConsequence {
      add(entry)
      missing.formUnion(entry.missing)
    }
    return isConsequence
  }

  /// Whether a failure may be due to an error in the text of earlier steps, or to text that led to no step.
  private func mayFollowFromText(_ entry: Report.Entry, at index: Int) -> Bool {
    let reasons = entry.result.reasons
    // A command fails because of what earlier steps on the same object have not done.
    return index > firstWrong && entry.step.isCommand && wrongTargets.contains(entry.step.target)
      || index > firstWrongCreation && reasons.contains { !$0.origins.isDisjoint(with: ["vcpus", "local"]) }
      || index > firstWrongFeatures && reasons.contains { $0.roots.contains("vcpu") && !$0.isAboutValue }
      || index >= uncertain && entry.mayDependOnUnread
  }

  /// Whether a failure is about an attribute that an earlier failure was about, or whose call has failed.
  private func lacksWhatIsMissing(_ entry: Report.Entry) -> Bool {
    !missing.isDisjoint(with: entry.missing) || failed.contains { $0.isAttempt(at: entry.missing) }
  }

  /// Whether a call is on a vCPU whose creation was refused.
  private func isOnUncreated(_ entry: Report.Entry) -> Bool {
    !entry.step.operation.createsVCPU && entry.step.operation.attributeCall == nil
      && uncreated.contains(entry.step.target)
  }

  /// Whether a failure is about the vCPUs that the VM has, of which one is lacking because its creation was refused.
  private func isAboutUncreated(_ entry: Report.Entry) -> Bool {
    !uncreated.isEmpty && !entry.step.operation.createsVCPU
      && entry.result.reasons.first?.origins.contains("vcpus") == true
  }

  private func follows(_ entry: Report.Entry, from earlier: Report.Entry) -> Bool {
    let isOnUnknownState =
      entry.verdict == .failed(.valueMismatch) ? entry.mayRead(effectOf: earlier) : entry.dependsOnRefused(earlier)
    return isOnUnknownState || entry.step.isConsequence(of: earlier) || entry.repeats(earlier)
      || entry.step.isCommand && isWrongForOne(earlier, and: entry)
  }

  /// Whether an earlier step failed for another vCPU, and its text also gives this vCPU a value.
  private func isWrongForOne(_ earlier: Report.Entry, and entry: Report.Entry) -> Bool {
    earlier.step.target != entry.step.target && earlier.step.at != entry.step.at
      && objects[earlier.step.at]?.contains(entry.step.target) == true
  }
}

extension Report.Entry {
  /// Whether what the call does depends on something unknown.
  fileprivate var isUncertain: Bool { verdict == .undecided || result.mayBeHarmless }

  /// The attributes without which the step is refused.
  fileprivate var missing: [String] { result.reasons.first?.missing ?? [] }

  /// Whether the failure may be due to text that was not read: something is missing, or a refusal that is expected.
  fileprivate var mayDependOnUnread: Bool {
    verdict == .failed(.valueMismatch)
      || verdict == .failed(.unexpectedAnswer)
        && (result.outcome == .ok || result.reasons.contains { !$0.missing.isEmpty })
  }

  /// Whether what is read may depend on an earlier call with another answer than the expected one. An attribute with a value
  /// is of its own group only, unless it was to be refused, and is set.
  fileprivate func mayRead(effectOf earlier: Report.Entry) -> Bool {
    switch earlier.step.operation {
    case .getAttribute, .hasAttribute: return false
    case .setAttribute(let call) where call.data != .none:
      let isSet = earlier.result.outcome == .ok
      return step.target == earlier.step.target && (isSet || step.operation.isLike(earlier.step.operation))
    default: return earlier.verdict == .failed(.unexpectedAnswer)
    }
  }

  /// Whether the answer depends on what an earlier call of the same kind would have set.
  fileprivate func dependsOnRefused(_ earlier: Report.Entry) -> Bool {
    result.dependsOnRefused && step.target == earlier.step.target
      && step.operation.isLike(earlier.step.operation)
  }

  /// Whether the step sets one of some attributes, given with their owners.
  fileprivate func isAttempt(at paths: [String]) -> Bool {
    guard let attribute = step.attribute else { return false }
    return paths.contains { $0.hasSuffix("." + attribute) }
  }

  /// Whether an earlier call on the same group of the same object, or the same other call, was refused for the same state
  /// or the same release, and for the same value if the reason is about one.
  fileprivate func repeats(_ earlier: Report.Entry) -> Bool {
    guard step.operation.isLike(earlier.step.operation), step.target == earlier.step.target,
      let reason = result.reasons.first, let other = earlier.result.reasons.first
    else { return false }
    return (reason.isAboutState || reason.isAboutRelease) && reason.rule == other.rule
      && reason.message == other.message
      && (!reason.isAboutValue || place(of: reason).text == earlier.place(of: other).text)
  }
}

extension Step {
  /// Whether the failure of an earlier step is the reason why this one fails: the same text leads to both calls.
  fileprivate func isConsequence(of earlier: Report.Entry) -> Bool {
    // Of too many vCPUs, the first one that is refused says why.
    earlier.step.at == at && (earlier.step.operation.name != operation.name || operation.createsVCPU)
  }
}

extension DevicePlan.Operation {
  /// Whether two calls are on attributes of the same group, or are the same other call.
  fileprivate func isLike(_ other: DevicePlan.Operation) -> Bool {
    kind == nil ? name == other.name : kind == other.kind
  }

  /// The group of a call on an attribute, or the number of another call of a schema.
  private var kind: UInt64? {
    switch self {
    case .request(let call): UInt64(call.request) << 32
    default: attributeCall.map { UInt64($0.group) }
    }
  }

  fileprivate var initialisesVCPU: Bool { if case .initVCPU = self { true } else { false } }
}
