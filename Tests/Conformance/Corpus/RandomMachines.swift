import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Vocabulary
import Workspace
import YAMLSyntax

/// Declarative manifests with random devices and attributes, whose keys are in random order. The planner must find an
/// order that the kernel accepts. A seed determines them all.
///
/// The attributes and values are those of examples. Two of them may exclude each other, so the model removes what it
/// refuses, unless it accepts the same calls in another order: then the planner is wrong, and the manifest is reported.
package final class RandomMachines {
  private let workspace: ManifestWorkspace
  private let catalogue: Catalogue
  private let subjects: [Subject]
  private let seed: UInt64
  private var random: Seeded
  private var count = 0

  package struct Planned {
    package var plan: Plan
    package var manifest: SourceFile
    /// The first call that the model refuses, if it accepts all calls in another order.
    package var refused: Refused?

    package struct Refused {
      package var call: String
      package var answer: String
    }
  }

  package init(_ workspace: ManifestWorkspace, _ architecture: Architecture, seed: UInt64) {
    self.workspace = workspace
    self.seed = seed
    catalogue = workspace.catalogue(for: architecture)
    subjects = Subject.all(of: catalogue, (try? workspace.settings.facts?.values(for: catalogue)) ?? [:])
    random = Seeded(seed)
  }

  /// The next manifest with a call on an attribute; nil if the schemas have no examples for one.
  package func next() -> Planned? {
    for _ in 0..<200 {
      count += 1
      guard let draft = MachineDraft(catalogue, subjects, &random), let planned = settled(draft) else { continue }
      if planned.plan.steps.contains(where: { $0.operation.attributeCall != nil }) { return planned }
    }
    return nil
  }

  /// The manifest without the entries that the model refuses in every order; nil if it cannot be planned.
  private func settled(_ draft: MachineDraft) -> Planned? {
    var draft = draft
    let name = "order-\(seed)-\(count)"
    while true {
      let (text, settings) = draft.text(name: name)
      let file = SourceFile(path: "\(name).yaml", bytes: Array(text.utf8))
      let loaded = workspace.load(file)
      /// The lines of what has to be removed.
      var lines = loaded.diagnostics.filter { $0.severity == .error }.compactMap { $0.range?.start.line }
      if lines.isEmpty {
        guard let plan = loaded.manifests.first?.plan, (try? workspace.hazards(of: plan).isEmpty) == true else {
          return nil
        }
        guard let (step, outcome) = firstRefusal(of: plan) else { return Planned(plan: plan, manifest: file) }
        if isAccepted(plan, afterMoving: step) {
          let refused = Planned.Refused(call: plan.steps[step].words, answer: outcome.words)
          return Planned(plan: plan, manifest: file, refused: refused)
        }
        lines = [plan.steps[step].at.start.line]
      }
      let wrong = Set(lines.compactMap { settings[$0] })
      if wrong.isEmpty { return nil }
      draft.remove(wrong)
    }
  }

  /// The first step that the model does not accept.
  private func firstRefusal(of plan: Plan) -> (step: Int, outcome: Outcome)? {
    guard var model = try? workspace.model(plan.architecture, course: .predicted) else { return nil }
    let entries = Runner(keepGoing: false).run(plan, on: &model).entries
    return entries.firstIndex { $0.result.outcome != .ok }.map { ($0, entries[$0].result.outcome) }
  }

  /// Whether moving one call, this step or an earlier one that goes behind it, makes the model accept every call. What was
  /// set must still read as it was set: a call that turns another one's attribute off is not its prerequisite. The calls on
  /// one attribute keep their order, which is that of the manifest.
  private func isAccepted(_ plan: Plan, afterMoving step: Int) -> Bool {
    let places = plan.steps.indices
    let moves = places.map { (from: step, to: $0) } + places.prefix(step).map { (from: $0, to: step) }
    return moves.contains { from, to in
      guard from != to, let moved = plan.moving(from, to: to) else { return false }
      return firstRefusal(of: readBack(moved)) == nil
    }
  }

  /// The plan, followed by a get of everything that it sets and that can be read.
  private func readBack(_ plan: Plan) -> Plan {
    var longer = plan
    let files = plan.schemaFiles(in: catalogue)
    for (i, step) in plan.steps.enumerated() {
      guard case .setAttribute(let call) = step.operation,
        files[i]?.attribute(group: call.group, attr: call.attr)?.attribute.access.contains(.get) == true
      else { continue }
      longer.steps.append(Step(.getAttribute(call), target: step.target, at: step.at, expected: [.ok]))
    }
    return longer
  }
}

extension Plan {
  /// The plan with one step at another place; nil if it then precedes the creation of its object, or passes a call on
  /// the same attribute. Nor do attributes of the VM and of vCPUs pass the creation of a device: without the device some
  /// are accepted that would be refused with it, and the vCPU cannot run.
  fileprivate func moving(_ from: Int, to: Int) -> Plan? {
    let step = steps[from]
    switch step.operation {
    case .setAttribute, .enableCapability, .createDevice: break
    default: return nil
    }
    let passed = steps[min(from, to)...max(from, to)].enumerated().filter { min(from, to) + $0.offset != from }.map(
      \.element)
    if let attribute = step.attribute,
      passed.contains(where: { $0.target == step.target && $0.attribute == attribute })
        || (!step.isOnDevice && passed.contains(where: \.createsDevice))
    {
      return nil
    }
    if step.createsDevice, passed.contains(where: { $0.attribute != nil && !$0.isOnDevice }) { return nil }
    var order = Array(steps.indices)
    order.remove(at: from)
    order.insert(from, at: to)
    // Slots are counted in the order of creation.
    var created = 0
    var slots: [Int: Int] = [:]
    var slotOfStep: [Int: Int] = [:]
    for (i, step) in steps.enumerated() {
      if case .createDevice = step.operation {
        slotOfStep[i] = created
        created += 1
      }
    }
    var vcpus = 0
    var moved = self
    moved.steps = []
    for i in order {
      var step = steps[i]
      var isEarly = false
      step.operation = step.operation.mappingDevices { slot in
        if let new = slots[slot] { return new }
        isEarly = true
        return slot
      }
      if case .vcpu(let slot)? = step.operation.attributeCall?.target, slot >= vcpus { isEarly = true }
      if case .enableCapability(_, on: .vcpu(let slot), _, _) = step.operation, slot >= vcpus { isEarly = true }
      if isEarly { return nil }
      switch step.operation {
      case .createDevice: slots[slotOfStep[i] ?? 0] = slots.count
      case .createVCPU: vcpus += 1
      case .createVM where i != order.first: return nil
      default: break
      }
      moved.steps.append(step)
    }
    return moved
  }
}

extension Step {
  fileprivate var createsDevice: Bool { if case .createDevice = operation { true } else { false } }
  fileprivate var isOnDevice: Bool { if case .device? = operation.attributeCall?.target { true } else { false } }
}
