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
  /// The text of the manifest.
  private let document: Node
  /// Whether a step is refused, or has an error in its text. Then only the obstacles are certain that no step of the plan
  /// could have removed.
  private let hasRefusals: Bool
  /// The missing attributes because of which a call was refused, which has been reported.
  private let knownMissing: Set<String>
  private var replay: Replay
  private var obstacles: [Obstacle] = []
  private let settings: MadeSettings
  /// The slots of the vCPUs that do not run, or not without a warning.
  private let slots: [Int]

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
    /// The slots of the vCPUs that would not have it without the cause.
    var relieved: Set<Int> = []
  }

  /// A setting without which a vCPU would not have an obstacle.
  private struct Cause {
    var place: SourceRange
    /// The slots of the vCPUs that would not have the obstacle without the setting.
    var relieved: Set<Int> = []
  }

  /// A vCPU that does not run, or not without a warning.
  private struct Entry {
    var slot: Int
    var id: UInt64
    var result: StepResult
  }

  /// The problems of a run's vCPUs, one for each cause.
  ///
  /// - Parameters:
  ///   - document: the text of the manifest.
  ///   - fresh: the host before the first step.
  ///   - host: the host after the last step.
  ///   - report: the run of the plan.
  ///   - incomplete: the steps with an error in their text. They set something, but it is not known what.
  static func problems(
    of plan: Plan, _ catalogue: Catalogue, document: Node, from fresh: ModelHost, to host: ModelHost,
    after report: Report, incomplete: Set<Int>
  ) -> [Diagnostic] {
    var host = host
    let vcpus = plan.vcpus
    // What a vCPU lacks whose creation is refused may be the same mistake.
    let refused = zip(plan.steps, report.entries.verdicts).filter { $0.0.operation.createsVCPU }.map(\.1.isFailure)
    let entries = vcpus.enumerated().filter { !refused[$0.offset] }
      .map { Entry(slot: $0.offset, id: $0.element.id, result: host.enter($0.offset)) }
      .filter { $0.result.outcome != .ok || !$0.result.warnings.isEmpty || $0.result.schemaFault != nil }
    // Most VMs are ready, and need no search.
    if entries.isEmpty { return [] }
    var readiness = Readiness(
      plan: plan, document: document, report, slots: entries.map(\.slot),
      // A search leaves out one setting after the other, and a long plan is not searched.
      replay: Replay(plan, on: fresh, after: report, most: max(1_000, min(20 * plan.steps.count, 20_000))),
      settings: MadeSettings(plan, catalogue, report, incomplete), hasRefusals: !incomplete.isEmpty)
    return readiness.problems(entries, of: vcpus.count)
  }

  private init(
    plan: Plan, document: Node, _ report: Report, slots: [Int], replay: Replay, settings: MadeSettings,
    hasRefusals: Bool
  ) {
    self.plan = plan
    self.document = document
    self.slots = slots
    self.replay = replay
    self.settings = settings
    let refused = report.entries.verdicts.indices.filter { report.entries.verdicts[$0].isFailure }
    self.hasRefusals = hasRefusals || !refused.isEmpty
    knownMissing = Set(
      refused.map { report.entries.results[$0] }.flatMap { $0.reasons + $0.further }.flatMap(\.missing))
  }

  /// - Parameter count: the number of all vCPUs.
  private mutating func problems(_ entries: [Entry], of count: Int) -> [Diagnostic] {
    var (hazard, undecided): (Diagnostic?, Diagnostic?)
    for entry in entries {
      let result = entry.result
      if let fault = result.schemaFault { return [fault] }
      switch result.outcome {
      case _ where isRefused(result):
        for reason in result.reasons { add(reason, entry) }
        for reason in result.further { add(reason, entry, isFurther: true) }
      case .hazard(let why): hazard = hazard ?? self.hazard(why, entry)
      // A value that is supplied at load time decides it then.
      case .undecided where !hasRefusals && plan.parameters.isEmpty: undecided = undecided ?? self.undecided(entry)
      default: break
      }
      for warning in result.warnings { add(warning, entry, isWarning: true) }
    }
    return obstacles.map { diagnostic($0, of: count) } + [hazard, undecided].compactMap(\.self)
  }

  /// Whether a vCPU is refused whatever the refused calls would have set, though that decides the errno.
  private func isRefused(_ result: StepResult) -> Bool {
    switch result.outcome {
    case .refused: true
    case .undecided(let candidates): hasRefusals && !candidates.contains(.ok) && !result.dependsOnRefused
    default: false
    }
  }

  /// - Parameter isFurther: whether the vCPU has another obstacle before this one, of which this may be a consequence.
  private mutating func add(
    _ reason: Reason, _ entry: Entry, isWarning: Bool = false, isFurther: Bool = false
  ) {
    let known = obstacles.firstIndex { known in
      if known.reason.rule == reason.rule { return known.cause == nil || known.relieved.contains(entry.slot) }
      return !Set(known.reason.missing).isDisjoint(with: reason.missing)
    }
    if let known {
      obstacles[known].vcpus?.append(entry.id)
      return
    }
    for found in self.obstacles(for: reason, entry, isWarning) {
      let same = found.cause.flatMap { cause in obstacles.firstIndex { $0.cause == cause } }
      if let same, obstacles[same].reason.rule == reason.rule {
        obstacles[same].vcpus?.append(entry.id)
      } else if !isFurther || same == nil && (found.cause != nil || !reason.missing.isEmpty) {
        obstacles.append(found)
      }
    }
  }

  /// The obstacles for a reason: one, or one for each object that lacks a setting. Empty if the reason follows from an error
  /// that has been reported.
  private mutating func obstacles(for reason: Reason, _ entry: Entry, _ isWarning: Bool) -> [Obstacle] {
    guard knownMissing.isDisjoint(with: reason.missing) else { return [] }
    var found = Obstacle(
      reason: reason, isWarning: isWarning, place: place(ofVCPU: entry.slot), notes: [], vcpus: [entry.id])
    let types = settings.lackedTypes(reason.missing)
    if !types.isEmpty {
      // A device that takes the place of the controllers of KVM_CREATE_IRQCHIP has more settings.
      let irqchip = plan.steps.first { $0.operation == .createIRQChip }?.at
      found.place = irqchip ?? document.keyRange("devices") ?? found.place
      found.notes = types.map {
        Note(irqchip == nil ? "missing here: a device of the type \($0)" : "write a device of the type \($0) instead")
      }
      found.vcpus = nil
      return obstacles.contains { $0.place == found.place && $0.notes == found.notes } ? [] : [found]
    }
    let (lacking, present) = settings.missing(reason.missing, vcpu: entry.slot)
    if !lacking.isEmpty {
      return lacking.map { owner, path in
        found.place = place(of: owner, path)
        let name = path == MadeSettings.initialisation ? "init-vcpu" : path.withoutOwner
        found.notes = [Note("missing here: \(name)")]
        if !owner.isVCPU { found.vcpus = nil }
        return found
      }
    }
    if hasRefusals { return [] }
    // A setting that is there, and does not do what it should, or else any.
    let causes =
      present.map { place in
        [Cause(place: place, relieved: Set(slots.filter { settings.isSet(at: place, vcpu: $0) }))]
      } ?? causes(of: reason, entry)
    let device = settings.devices.values.first { reason.id.description.hasPrefix($0.type + ".") }
    let part = present.flatMap { settings.blamedPart(of: reason, setAt: $0) }
    found.place = part ?? causes.first?.place ?? device?.at ?? found.place
    found.cause = causes.first?.place
    found.relieved = causes.first?.relieved ?? []
    if causes.count > 1 { found.notes = [Note("it conflicts with this", at: causes[1].place)] }
    if let cause = found.cause, settings.targets[cause]?.contains(where: \.isVCPU) == false { found.vcpus = nil }
    return [found]
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

  private func hazard(_ why: String, _ entry: Entry) -> Diagnostic {
    .error(
      "not-ready", "running vCPU \(entry.id) would crash or hang the kernel: \(why)",
      at: place(ofVCPU: entry.slot), notes: entry.result.reasons.flatMap(\.notes))
  }

  private func undecided(_ entry: Entry) -> Diagnostic {
    .warning(
      "not-ready",
      "whether vCPU \(entry.id) would run is unknown here: KVM_RUN would answer \(entry.result.outcome.words)",
      at: place(ofVCPU: entry.slot),
      notes: entry.result.reasons.flatMap { [Note($0.message)] + $0.notes })
  }
}

// MARK: Places

extension Readiness {
  /// Where a vCPU is declared, or else created.
  private func place(ofVCPU slot: Int) -> SourceRange {
    document.keyRange("vcpus") ?? (plan.vcpus.indices.contains(slot) ? plan.vcpus[slot].at : document.range.firstLine)
  }

  /// Where a step creates the VM.
  private var placeOfVM: SourceRange? {
    plan.steps.first { if case .createVM = $0.operation { true } else { false } }?.at
  }

  /// Where a setting would be written: at the group, if the manifest has it, or else at what contains the group.
  private func place(of owner: Target, _ path: String) -> SourceRange {
    let node: Node?
    let place: SourceRange?
    switch owner {
    case .vcpu(let slot): (node, place) = (document[key: "vcpus"], self.place(ofVCPU: slot))
    case .device(let slot):
      place = settings.devices[slot]?.at
      node = document[key: "devices"]?.items?.first { item in place.map(item.range.contains) ?? false }
    case .vm, .system: (node, place) = (document[key: "vm"], document.keyRange("vm") ?? placeOfVM)
    }
    let group = path.withoutOwner.prefix { $0 != "." }
    return node?[key: "attributes"]?.keyRange(String(group)) ?? node?.keyRange("attributes") ?? place
      ?? document.range.firstLine
  }
}

/// The attributes and capabilities that the calls of a run have set.
private struct MadeSettings {
  /// The path of the initialisation of a vCPU.
  static let initialisation = "vcpu.init"

  /// The objects of the calls from each place in the text.
  private(set) var targets: [SourceRange: Set<Target>] = [:]
  /// The type and the place of each device, by slot.
  private(set) var devices: [Int: (type: String, at: SourceRange)] = [:]
  /// The place of the last call for each setting.
  private var places: [Setting: SourceRange] = [:]
  /// The last call from each place that is about a setting, with the path of that.
  private var steps: [SourceRange: (path: String, step: Step)] = [:]

  private struct Setting: Hashable {
    /// With the type of the owner, such as `vcpu.pmu-v3.init`.
    var path: String
    var owner: Target
  }

  init(_ plan: Plan, _ catalogue: Catalogue, _ report: Report, _ incomplete: Set<Int>) {
    var slots = 0
    for (i, (step, file)) in zip(plan.steps, plan.schemaFiles(in: catalogue)).enumerated() {
      if step.operation.fillsDeviceSlot { slots += 1 }
      guard let file, report.entries.verdicts[i] != .skipped || incomplete.contains(i) else { continue }
      let (target, name): (Target, String?)
      switch step.operation {
      case .createDevice:
        devices[slots - 1] = (file.name, step.at)
        continue
      case .setAttribute(let call): (target, name) = (call.target, step.attribute)
      case .enableCapability(let number, let owner, _, _):
        (target, name) = (owner, file.capabilities.first { $0.number == number }?.name)
      case .initVCPU(let slot, _, _):
        targets[step.at, default: []].insert(.vcpu(slot))
        places[Setting(path: Self.initialisation, owner: .vcpu(slot))] = step.at
        continue
      case .request(let call): (target, name) = (call.target, step.attribute)
      default: continue
      }
      targets[step.at, default: []].insert(target)
      guard let name else { continue }
      let path = "\(file.name).\(name)"
      places[Setting(path: path, owner: target)] = step.at
      steps[step.at] = (path, step)
    }
  }

  /// The objects that have none of some settings, of which one is enough, and the setting that each lacks. If all have one,
  /// the place of the last.
  ///
  /// - Parameter slot: the vCPU that counts for settings of vCPUs.
  func missing(_ paths: [String], vcpu slot: Int) -> (lacking: [(owner: Target, path: String)], present: SourceRange?) {
    var lacking: [(owner: Target, path: String)] = []
    var present: SourceRange?
    for path in paths where path.contains(".") {
      for owner in owners(of: path, vcpu: slot) where !lacking.contains(where: { $0.owner == owner }) {
        if let place = paths.lazy.compactMap({ places[Setting(path: $0, owner: owner)] }).last {
          present = place
        } else {
          lacking.append((owner, path))
        }
      }
    }
    return (lacking, present)
  }

  /// The device types of which the VM has no device, if they are missing, or if the missing attributes are theirs.
  func lackedTypes(_ missing: [String]) -> [String] {
    func lacks(_ type: String) -> Bool {
      !["vm", "vcpu"].contains(type) && !devices.values.contains { $0.type == type }
    }
    let types = missing.filter { !$0.contains(".") }
    if !types.isEmpty { return types.filter(lacks) }
    let owners = missing.map { String($0.prefix { $0 != "." }) }
    // One of the attributes is enough.
    return owners.allSatisfy(lacks) ? Array(owners.prefix(1)) : []
  }

  /// Whether a call from a place is about a vCPU, or about what all vCPUs share.
  func isSet(at place: SourceRange, vcpu slot: Int) -> Bool {
    targets[place]?.contains { $0 == .vcpu(slot) || !$0.isVCPU } ?? false
  }

  /// The place of the member of a setting's value that a reason blames.
  func blamedPart(of reason: Reason, setAt place: SourceRange) -> SourceRange? {
    guard let (path, step) = steps[place] else { return nil }
    return reason.blames.lazy.compactMap { step.place(of: $0, named: path) }.first
  }

  /// The places where an attribute is set, the last one first.
  func places(of path: String) -> [SourceRange] {
    places.filter { $0.key.path == path }.values.sorted { $0.start > $1.start }
  }

  private func owners(of path: String, vcpu slot: Int) -> [Target] {
    switch path.prefix(while: { $0 != "." }) {
    case "vm": [.vm]
    case "vcpu": [.vcpu(slot)]
    case let type: devices.filter { $0.value.type == type }.keys.sorted().map { .device($0) }
    }
  }
}

extension Target {
  fileprivate var isVCPU: Bool { if case .vcpu = self { true } else { false } }
}

extension SourceRange {
  func contains(_ other: SourceRange) -> Bool { file === other.file && start <= other.start && other.end <= end }
}

extension String {
  /// The path without the device type, or `vm` or `vcpu`.
  var withoutOwner: Substring { firstIndex(of: ".").map { self[index(after: $0)...] } ?? self[...] }
}

// MARK: Causes

extension Readiness {
  /// At most two settings without which the vCPU would not be refused for a reason: those that the rule blames first, then
  /// those with a value, and the last ones first.
  private mutating func causes(of reason: Reason, _ entry: Entry) -> [Cause] {
    let known = Set(entry.result.allReasons.map(\.rule))
    /// The first step of each place that has not been tried.
    var firsts: [SourceRange: Int] = [:]
    let made = plan.steps.indices.filter { index in
      guard case .setAttribute = plan.steps[index].operation else { return false }
      if firsts[plan.steps[index].at] == nil { firsts[plan.steps[index].at] = index }
      return true
    }
    let blamed = reason.blames.flatMap(settings.places(of:))
    let withValue = made.filter { plan.steps[$0].operation.data != AttributeData.none }
    let commands = made.filter { plan.steps[$0].operation.data == AttributeData.none }
    var causes: [Cause] = []
    var needed: [Cause] = []
    let others = [withValue, commands].map { $0.reversed().map { plan.steps[$0].at } }
    for candidates in [blamed] + others where causes.isEmpty && needed.isEmpty {
      for place in candidates where causes.count < 2 {
        guard let first = firsts.removeValue(forKey: place) else { continue }
        guard var host = replay.host(before: plan.steps.count, without: place, from: first) else { return causes }
        let result = host.enter(entry.slot)
        let rules = Set(result.allReasons.map(\.rule))
        if rules.contains(reason.rule) { continue }
        let relieved = slots.filter { slot in
          slot == entry.slot || !host.enter(slot).allReasons.contains { $0.rule == reason.rule }
        }
        let cause = Cause(place: place, relieved: Set(relieved))
        // Without something that the VM needs, it may be refused for another reason before this one.
        if rules.isSubset(of: known) { causes.append(cause) } else { needed.append(cause) }
      }
    }
    return causes.isEmpty ? Array(needed.prefix(2)) : causes
  }
}

extension StepResult {
  fileprivate var allReasons: [Reason] { reasons + further + warnings }
}
