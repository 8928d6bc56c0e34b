import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Model
import Vocabulary
import YAMLSyntax

/// Finds what keeps the vCPUs of a VM from running after all calls of its manifest.
struct Readiness {
  private let plan: Plan
  private let catalogue: Catalogue
  /// The text of the manifest.
  private let document: Node
  /// Whether a step is refused. Then only the obstacles are certain that no step of the plan could have removed.
  private let hasRefusals: Bool
  /// The missing attributes because of which a call was refused, which has been reported.
  private let knownMissing: Set<String>
  private var replay: Replay
  private var obstacles: [Obstacle] = []
  private lazy var settings = MadeSettings(plan, catalogue)

  /// A reason for which vCPUs do not run, and its cause in the manifest.
  private struct Obstacle {
    var reason: Reason
    var isWarning: Bool
    var place: SourceRange
    /// The steps of the cause have this place; nil if nothing of the manifest is wrong, but something is missing.
    var cause: SourceRange?
    var notes: [Note]
    /// The ids of the vCPUs if it is about single ones; nil if it is about the VM.
    var vcpus: [UInt64]?
  }

  /// - Parameters:
  ///   - document: the text of the manifest.
  ///   - host: the host before the first step.
  ///   - report: the run of the plan.
  init(_ plan: Plan, _ catalogue: Catalogue, document: Node, on host: ModelHost, after report: Report) {
    self.plan = plan
    self.catalogue = catalogue
    self.document = document
    hasRefusals = report.entries.verdicts.contains(where: \.isFailure)
    knownMissing = Set(
      report.entries.verdicts.indices.filter { report.entries.verdicts[$0].isFailure }.flatMap { index in
        let result = report.entries.results[index]
        return (result.reasons + result.further).flatMap(\.missing)
      })
    replay = Replay(plan, on: host, after: report, most: 1_000)
  }

  /// The problems, one for each cause.
  ///
  /// - Parameter host: the host after the last step.
  mutating func problems(on host: ModelHost) -> [Diagnostic] {
    var host = host
    var undecided: Diagnostic?
    let vcpus = plan.vcpus
    for (slot, id) in vcpus.map(\.id).enumerated() {
      let result = host.enter(slot)
      if let fault = result.schemaFault { return [fault] }
      switch result.outcome {
      case .refused:
        for reason in result.reasons { add(reason, slot, id) }
        for reason in result.further { add(reason, slot, id, isFurther: true) }
      // A value that is supplied at load time decides it then.
      case .undecided where !hasRefusals && undecided == nil && plan.parameters.isEmpty:
        undecided = self.undecided(result, id)
      default: break
      }
      for warning in result.warnings { add(warning, slot, id, isWarning: true) }
    }
    return obstacles.map { diagnostic($0, of: vcpus.count) } + [undecided].compactMap(\.self)
  }

  /// - Parameter isFurther: whether the vCPU has another obstacle before this one, of which this may be a consequence.
  private mutating func add(
    _ reason: Reason, _ slot: Int, _ id: UInt64, isWarning: Bool = false, isFurther: Bool = false
  ) {
    let known = obstacles.firstIndex { known in
      known.reason.rule == reason.rule
        ? isCause(known.cause, slot) : !Set(known.reason.missing).isDisjoint(with: reason.missing)
    }
    if let known {
      obstacles[known].vcpus?.append(id)
    } else if let found = obstacle(reason, slot, id, isWarning) {
      let isKnown = found.cause.map { cause in obstacles.contains { $0.cause == cause } } ?? reason.missing.isEmpty
      if !isFurther || !isKnown { obstacles.append(found) }
    }
  }

  /// Whether the cause of another vCPU's obstacle is also one of this vCPU's.
  private mutating func isCause(_ place: SourceRange?, _ slot: Int) -> Bool {
    guard let place else { return true }
    return settings.targets[place]?.contains { $0 == .vcpu(slot) || !$0.isVCPU } ?? false
  }

  /// Nil if the obstacle is a consequence of an error that has been reported.
  private mutating func obstacle(_ reason: Reason, _ slot: Int, _ id: UInt64, _ isWarning: Bool) -> Obstacle? {
    guard knownMissing.isDisjoint(with: reason.missing) else { return nil }
    var found = Obstacle(
      reason: reason, isWarning: isWarning, place: document.range.firstLine, notes: [], vcpus: [id])
    let present = reason.missing.compactMap { settings.place(of: $0, vcpu: slot) }
    if !reason.missing.isEmpty, present.isEmpty {
      let path = reason.missing.first(where: isPossible) ?? reason.missing[0]
      found.place = placeForMissing(path)
      found.notes = [Note("missing here: \(path.withoutOwner)")]
      if !path.hasPrefix("vcpu.") { found.vcpus = nil }
      return found
    }
    if hasRefusals { return nil }
    // A setting that is there, and does not do what it should, or else any.
    let causes = present.isEmpty ? causes(of: reason, vcpu: slot) : present.suffix(1)
    found.place = causes.first ?? document[key: "vcpus"]?.range.firstLine ?? found.place
    found.cause = causes.first
    if causes.count > 1 { found.notes = [Note("it conflicts with this", at: causes[1])] }
    if let cause = causes.first, settings.targets[cause]?.contains(where: \.isVCPU) == false { found.vcpus = nil }
    return found
  }

  /// Whether the plan has what the attribute or capability belongs to.
  private func isPossible(_ path: String) -> Bool {
    let owner = path.prefix { $0 != "." }
    return ["vm", "vcpu"].contains(owner) || place(ofDevice: String(owner)) != nil
  }

  private func diagnostic(_ obstacle: Obstacle, of count: Int) -> Diagnostic {
    let reason = obstacle.reason
    let ids = obstacle.vcpus.flatMap { $0.count < count ? $0 : nil }
    let subject = ids.map { $0.count == 1 ? "vCPU \($0.inRanges)" : "vCPUs \($0.inRanges)" } ?? "the VM"
    let notes = obstacle.notes + reason.notes
    if obstacle.isWarning {
      return .warning("not-ready", "\(subject) would run, but: \(reason.message)", at: obstacle.place, notes: notes)
    }
    let answer = reason.errno?.description ?? "an error"
    return .error(
      "not-ready", "\(subject) would not run: KVM_RUN would answer \(answer): \(reason.message)", at: obstacle.place,
      notes: notes)
  }

  private func undecided(_ result: StepResult, _ id: UInt64) -> Diagnostic {
    .warning(
      "not-ready", "whether vCPU \(id) would run is unknown here: KVM_RUN would answer \(result.outcome.words)",
      at: document[key: "vcpus"]?.range.firstLine ?? document.range.firstLine,
      notes: result.reasons.flatMap { [Note($0.message)] + $0.notes })
  }
}

// MARK: Places

extension Readiness {
  /// Where the setting with this path would stand: the group, if it is there, or else what contains it.
  private func placeForMissing(_ path: String) -> SourceRange {
    let parts = path.split(separator: ".").map(String.init)
    let owner: (node: Node?, place: SourceRange?)
    switch parts[0] {
    case "vm", "vcpu":
      let key = parts[0] == "vm" ? "vm" : "vcpus"
      owner = (document[key: key], document.keyRange(key))
    case let type:
      let place = place(ofDevice: type)
      owner = (document[key: "devices"]?.items?.first { item in place.map(item.range.contains) ?? false }, place)
    }
    let attributes = owner.node?[key: "attributes"]
    return parts.dropFirst().first.flatMap { attributes?.keyRange($0) }
      ?? owner.node?.keyRange("attributes") ?? owner.place ?? document.range.firstLine
  }

  /// The place of the first device of a type.
  private func place(ofDevice type: String) -> SourceRange? {
    let number = catalogue.device(named: type)?.number
    return plan.steps.first { step in
      if case .createDevice(number, _) = step.operation { true } else { false }
    }?.at
  }
}

/// The attributes and capabilities that a plan sets.
private struct MadeSettings {
  /// The objects of the calls from each place in the text.
  private(set) var targets: [SourceRange: Set<Target>] = [:]
  /// The place of the last call for each path of an attribute or a capability, such as `vcpu.pmu-v3.init`.
  private var places: [Key: SourceRange] = [:]

  private struct Key: Hashable {
    var path: String
    /// The slot of the vCPU, of a path that begins with `vcpu`.
    var vcpu: Int?
  }

  init(_ plan: Plan, _ catalogue: Catalogue) {
    for (step, file) in zip(plan.steps, plan.schemaFiles(in: catalogue)) {
      guard let file else { continue }
      let (target, name): (Target, String?)
      switch step.operation {
      case .setAttribute(let call): (target, name) = (call.target, step.attribute)
      case .enableCapability(let number, let owner, _, _):
        (target, name) = (owner, file.capabilities.first { $0.number == number }?.name)
      default: continue
      }
      targets[step.at, default: []].insert(target)
      if let name { places[Key(path: "\(file.name).\(name)", vcpu: target.vcpuSlot)] = step.at }
    }
  }

  /// The place of a setting; nil if the plan lacks it.
  ///
  /// - Parameter slot: the vCPU that counts, if it is a setting of vCPUs.
  func place(of path: String, vcpu slot: Int) -> SourceRange? {
    places[Key(path: path, vcpu: path.hasPrefix("vcpu.") ? slot : nil)]
  }
}

extension Target {
  fileprivate var vcpuSlot: Int? { if case .vcpu(let slot) = self { slot } else { nil } }
  fileprivate var isVCPU: Bool { vcpuSlot != nil }
}

extension Node {
  fileprivate func keyRange(_ key: String) -> SourceRange? { entries?.first { $0.key.value == key }?.key.range }
}

extension SourceRange {
  fileprivate func contains(_ other: SourceRange) -> Bool {
    file === other.file && start <= other.start && other.end <= end
  }
}

extension String {
  /// The path without the device type, or `vm` or `vcpu`.
  fileprivate var withoutOwner: Substring { firstIndex(of: ".").map { self[index(after: $0)...] } ?? self[...] }
}

// MARK: Causes

extension Readiness {
  /// The places of at most two settings without which the vCPU would not be refused for a reason: those with a value first,
  /// and the last ones first.
  private mutating func causes(of reason: Reason, vcpu slot: Int) -> [SourceRange] {
    /// The first step of each place that has not been tried.
    var firsts: [SourceRange: Int] = [:]
    let settings = plan.steps.indices.filter { index in
      guard case .setAttribute = plan.steps[index].operation else { return false }
      if firsts[plan.steps[index].at] == nil { firsts[plan.steps[index].at] = index }
      return true
    }
    let withValue = settings.filter { plan.steps[$0].operation.data != AttributeData.none }
    let commands = settings.filter { plan.steps[$0].operation.data == AttributeData.none }
    var causes: [SourceRange] = []
    for candidates in [withValue, commands] where causes.isEmpty {
      for candidate in candidates.reversed() where causes.count < 2 {
        let place = plan.steps[candidate].at
        guard let first = firsts.removeValue(forKey: place) else { continue }
        guard var host = replay.host(before: plan.steps.count, without: place, from: first) else { return causes }
        let result = host.enter(slot)
        if !(result.reasons + result.further).contains(where: { $0.rule == reason.rule }) { causes.append(place) }
      }
    }
    return causes
  }
}
