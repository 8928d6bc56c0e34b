import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Model

/// Finds the other party of a conflict: an earlier call without which a refused call would succeed. If there are several, it
/// is the latest of the same kind, or else the latest. It can also be `irqchip: false`, which leaves out a call.
struct Conflicts {
  private let plan: Plan
  private let catalogue: Catalogue
  /// The schema of each step's object.
  private lazy var files = plan.schemaFiles(in: catalogue)
  private var replay: Replay
  /// The place of `irqchip: false`, if the manifest says so.
  private let noIRQChip: SourceRange?
  /// Whether a step may be refused because the VM has no interrupt controllers of KVM_CREATE_IRQCHIP.
  private var mayNeedIRQChip: Bool
  /// Whether the manifest has more than steps.
  private let isDeclared: Bool
  /// The places of the steps with an error in their text.
  private let incomplete: Set<SourceRange>
  /// The first step before which a part of the text led to no step. What is missing may be there.
  private let lackingFrom: Int

  /// - Parameters:
  ///   - host: the host before the first step.
  ///   - machine: the declarative part of the manifest, if there is one.
  ///   - incomplete: the steps with an error in their text.
  ///   - lackingFrom: the first step before which a part of the text may have led to no step, because of an error.
  ///   - report: the run of the plan. A refusal behind more than 300 steps is reported without its other party.
  init(
    _ plan: Plan, _ catalogue: Catalogue, on host: ModelHost, after report: Report, machine: Machine?,
    incomplete: Set<Int>, lackingFrom: Int?
  ) {
    self.plan = plan
    self.catalogue = catalogue
    noIRQChip = machine?.noIRQChip
    isDeclared = machine != nil
    self.incomplete = Set(incomplete.lazy.map { plan.steps[$0].at })
    self.lackingFrom = lackingFrom ?? .max
    mayNeedIRQChip = !plan.steps.contains { $0.operation == .createIRQChip }
    replay = Replay(plan, on: host, after: report, most: 300)
  }

  /// Notes the other party of each refusal that depends on earlier calls. A refusal that has the cause of an earlier one is
  /// the same mistake, and is skipped.
  mutating func find(in report: inout Report) {
    /// The places of the mistakes so far, and of those values that other calls are refused for.
    var (causes, culprits): (Set<SourceRange>, Set<SourceRange>) = (incomplete, [])
    var lacksIRQChip = false
    for index in report.entries.indices where report.entries.verdicts[index].isFailure {
      let entry = report.entries[index]
      let lacksSteps = index >= lackingFrom
      if culprits.contains(entry.step.at) {
        report.skip(index, because: "an earlier step is wrong")
        continue
      }
      defer { causes.insert(entry.step.at) }
      guard let reason = entry.result.reasons.first, reason.isConflict, case .refused = entry.result.outcome else {
        continue
      }
      if !reason.missing.isEmpty {
        remedy(index, reason.missing.filter { !$0.contains(".") }, lacksSteps: lacksSteps, in: &report)
        continue
      }
      if needsIRQChip(index) {
        if lacksIRQChip || lacksSteps {
          report.skip(index, because: "an earlier step is wrong")
        } else {
          report.setConflict(index, noIRQChip, culprit: nil)
          if noIRQChip == nil { report.setRemedy(index, remedyOfIRQChip) }
        }
        lacksIRQChip = true
        continue
      }
      var culprit = blamed(reason.blames, before: index, in: report)
      if culprit == nil, plan.steps[index].isCommand { culprit = self.culprit(of: index, reason) }
      var other = other(of: index, reason)
      if culprit == nil, let place = other, reason.keyFields.isEmpty, isMemory(place) { culprit = place }
      if other == nil, let step = otherFeatures(than: index) {
        report.setRemedy(index, difference(of: index, and: step))
        let earlier = place(ofFeaturesIn: plan.steps[step])
        // Of different features, those of fewer vCPUs are probably wrong.
        let own = place(ofFeaturesIn: entry.step)
        let isRarer = initialisations(at: earlier) < initialisations(at: own)
        if isRarer { culprit = earlier }
        other = isRarer ? own : earlier
      }
      if lacksSteps, culprit == nil, other == nil, reason.isAboutState, !reason.roots.contains("value") {
        // No call of the plan is the reason, so that one is missing.
        report.skip(index, because: "an earlier step is wrong")
      } else if let cause = culprit ?? other, !causes.insert(cause).inserted {
        report.skip(index, because: "an earlier step is wrong")
      } else {
        report.setConflict(index, other == culprit ? nil : other, culprit: culprit)
        if let culprit { culprits.insert(culprit) }
      }
    }
  }

  /// The value that a rule blames: that of the first of some attributes that the plan has set.
  private mutating func blamed(_ paths: [String], before index: Int, in report: Report) -> SourceRange? {
    for path in paths {
      for setting in (0..<index).reversed() where report.entries.verdicts[setting] == .passed {
        let name = name(ofSetting: setting)
        if let place = name.flatMap({ plan.steps[setting].place(of: path, named: $0) }) { return place }
      }
    }
    return nil
  }

  /// What a step sets, with the type of the object: `riscv-aia.config.ids`.
  private mutating func name(ofSetting index: Int) -> String? {
    guard case .setAttribute = plan.steps[index].operation, let path = plan.steps[index].attribute else { return nil }
    return files[index].map { "\($0.name).\(path)" }
  }

  /// The latest value, of those in the group of a command that is refused, without which the reason would be another one.
  private mutating func culprit(of index: Int, _ reason: Reason) -> SourceRange? {
    let command = plan.steps[index]
    for candidate in (0..<index).reversed() where plan.steps[candidate].isSetting(for: command) {
      let place = plan.steps[candidate].at
      guard var host = replay.host(before: index, without: place, from: candidate) else { return nil }
      let result = host.perform(command)
      if case .refused = result.outcome, result.reasons.first?.rule != reason.rule { return place }
    }
    return nil
  }

  private mutating func other(of index: Int, _ reason: Reason) -> SourceRange? {
    let subject = plan.steps[index]
    // Calls of the same kind are the most probable ones, and the latest of them.
    let candidates = (0..<index).reversed().filter { plan.steps[$0].at != subject.at && plan.steps[$0].isRemovable }
    let same = candidates.filter { plan.steps[$0].operation.name == subject.operation.name }
    let others = candidates.filter { plan.steps[$0].operation.name != subject.operation.name }
    /// The first step of each place in the text that has not been tried.
    var firsts = Dictionary((0..<index).map { (plan.steps[$0].at, $0) }, uniquingKeysWith: { first, _ in first })
    /// A call of the same kind without which the reason would be another one, or the answer unknown.
    var similar: SourceRange?
    for candidate in same + others {
      let place = plan.steps[candidate].at
      guard let first = firsts.removeValue(forKey: place) else { continue }
      guard var host = replay.host(before: index, without: place, from: first) else { return nil }
      // What other calls need is not what they conflict with.
      if replay.hasBroken { continue }
      let result = host.perform(subject)
      if result.outcome == .ok { return place }
      let step = plan.steps[candidate]
      if similar == nil, step.operation.name == subject.operation.name, step.target == subject.target,
        step.attribute == subject.attribute, result.isNotRefused(because: reason)
      {
        similar = place
      }
    }
    // A part of the call that is wrong by itself conflicts with nothing.
    return reason.blamesPart ? nil : similar
  }

  /// An earlier initialisation with other features, because of which a vCPU cannot have its own.
  private mutating func otherFeatures(than index: Int) -> Int? {
    guard case .initVCPU(_, let features, let finalize) = plan.steps[index].operation else { return nil }
    for i in 0..<index {
      guard case .initVCPU(let slot, let others, _) = plan.steps[i].operation, others != features else { continue }
      var step = plan.steps[i]
      step.operation = .initVCPU(slot, features: features, finalize: finalize)
      var host = replay.host(before: index, with: step, insteadOf: i)
      return host?.perform(plan.steps[index]).outcome == .ok ? i : nil
    }
    return nil
  }

  /// The features that only one of two initialisations has, in words.
  private func difference(of first: Int, and second: Int) -> String {
    guard case .initVCPU(_, let some, _) = plan.steps[first].operation,
      case .initVCPU(_, let others, _) = plan.steps[second].operation
    else { return "" }
    let bits = (0..<64).filter { (some ^ others) >> $0 & 1 == 1 }
    let names = bits.map { bit in catalogue.vcpu?.features.first { $0.bit == bit }?.name ?? "\(bit)" }
    return "only one of them has \(names.listed())"
  }

  private func place(ofFeaturesIn step: Step) -> SourceRange { step.keyPlaces["value"] ?? step.at }

  /// The number of initialisations with the features at a place.
  private func initialisations(at place: SourceRange) -> Int {
    plan.steps.count { step in
      if case .initVCPU = step.operation { self.place(ofFeaturesIn: step) == place } else { false }
    }
  }

  /// Whether a place is that of a memory region. A call that passes nothing about memory does not place it wrongly.
  private func isMemory(_ place: SourceRange) -> Bool {
    plan.steps.contains { step in
      if case .addMemory = step.operation { step.at == place } else { false }
    }
  }

  /// Says which devices are missing, of a plan that has none. If a part of the text led to no step, they may be there.
  private func remedy(_ index: Int, _ types: [String], lacksSteps: Bool, in report: inout Report) {
    if types.isEmpty || plan.steps.contains(where: \.operation.fillsDeviceSlot) { return }
    if lacksSteps {
      report.skip(index, because: "an earlier step is wrong")
    } else {
      let devices = types.count == 1 ? "a device of the type" : "devices of the types"
      report.setRemedy(index, "missing here: \(devices) \(types.listed())")
    }
  }

  /// What would make the interrupt controllers that a VM lacks.
  private var remedyOfIRQChip: String {
    isDeclared ? "missing here: vm: {irqchip: true}" : "missing here: the step create-irqchip, before the first vCPU"
  }

  /// Whether the call would succeed if the VM had the interrupt controllers of KVM_CREATE_IRQCHIP.
  private mutating func needsIRQChip(_ index: Int) -> Bool {
    if !mayNeedIRQChip { return false }
    let creation = Step(.createIRQChip, target: .vm, at: plan.steps[0].at)
    var host = replay.host(before: index, with: creation)
    // A VM whose interrupt controller is another device cannot have them.
    if replay.hasBroken { mayNeedIRQChip = false }
    return mayNeedIRQChip && host?.perform(plan.steps[index]).outcome == .ok
  }
}

extension Reason {
  /// Whether another call may be the cause of the refusal.
  fileprivate var isConflict: Bool {
    isAboutState || roots.contains("local") || ["EEXIST", "EBUSY", "E2BIG"].contains(errno?.description)
  }
}

extension Step {
  /// The place of the value that the step gives a setting, or of a member of that value; nil if the path is that of another
  /// setting.
  func place(of path: String, named name: String) -> SourceRange? {
    if path == name { return at }
    guard path.hasPrefix(name + ".") else { return nil }
    return keyPlaces["value." + path.dropFirst(name.utf8.count + 1)]
  }

  /// Whether the call sets something without a value, such as `ctrl.init`.
  var isCommand: Bool {
    if case .setAttribute(let call) = operation { call.data == .none } else { false }
  }

  /// Whether the call sets a value of the same object and group as a command.
  fileprivate func isSetting(for command: Step) -> Bool {
    guard case .setAttribute(let call) = operation, case .setAttribute(let other) = command.operation else {
      return false
    }
    return call.data != .none && call.target == other.target && call.group == other.group
  }

  /// Whether a plan makes sense without the step.
  fileprivate var isRemovable: Bool {
    if case .createVM = operation { return false }
    return guardedBy.isEmpty
  }
}

extension StepResult {
  /// Whether a call is refused for another reason, or may succeed: what an earlier refused call would have set is unknown.
  fileprivate func isNotRefused(because reason: Reason) -> Bool {
    switch outcome {
    case .refused: reasons.first?.rule != reason.rule
    case .undecided(let answers): answers.contains(.ok)
    default: false
    }
  }
}
