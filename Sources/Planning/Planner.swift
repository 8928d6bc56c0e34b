import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// A plan and the planner's diagnostics.
package struct PlanningResult {
  package var plan: Plan
  /// The steps with errors in the manifest. They are in the plan only so that the steps after them can be checked.
  package var incomplete: Set<Int> = []
  /// The index of the first explicit step at or below an error in the text; the number of steps if there is no error.
  package var firstAfterError = 0
  package var diagnostics: [Diagnostic] = []
}

/// Turns a manifest into an ordered list of calls.
///
/// The base order is that of the manifest: the VM, its capabilities, its attributes, memory, vCPUs, devices each with
/// its attributes, capabilities that take a device, the attributes of vCPUs. The `after:` and `before:` of schemas move
/// single calls: the planner takes, again and again, the first in base order whose predecessors have all been taken.
/// Explicit steps follow as written.
package struct Planner {
  private let manifest: Manifest
  private let catalogue: Catalogue
  private let knowledge: PlanningKnowledge
  private var result: PlanningResult
  /// The slots that names and ids refer to at this point, and the number of slots taken.
  private var devices: [String: Int] = [:]
  private var vcpus: [UInt64: Int] = [:]
  private var deviceSlots = 0
  private var vcpuSlots = 0

  package static func plan(_ manifest: Manifest, _ knowledge: PlanningKnowledge) -> PlanningResult {
    var planner = Planner(manifest: manifest, knowledge)
    if let machine = manifest.machine { planner.add(machine) }
    let sound = manifest.steps.prefix { !$0.followsError }
    for step in sound { planner.add(step) }
    planner.result.firstAfterError = planner.result.plan.steps.count
    for step in manifest.steps.dropFirst(sound.count) { planner.add(step) }
    return planner.result
  }

  private init(manifest: Manifest, _ knowledge: PlanningKnowledge) {
    self.manifest = manifest
    self.knowledge = knowledge
    catalogue = knowledge.catalogue
    result = PlanningResult(
      plan: Plan(
        name: manifest.name, manifest: manifest.file.path, architecture: manifest.architecture,
        files: manifest.files, parameters: manifest.parameters))
  }
}

// MARK: The declarative part

extension Planner {
  private mutating func add(_ machine: Machine) {
    var draft = Draft(knowledge)
    draft.add(machine)
    result.plan.vcpuCount = machine.vcpuCount
    result.diagnostics += draft.diagnostics
    if !manifest.steps.isEmpty {
      for (slot, vcpu) in machine.vcpus.enumerated() { vcpus[vcpu.id] = slot }
    }
    vcpuSlots = machine.vcpus.count
    let order = Ordering(draft).order()
    if let cycle = order.cycle {
      result.diagnostics.append(
        .error("ordering-cycle", "the schemas' rules of order for these calls form a circle", at: cycle.range))
    }
    // Device slots count the devices in the order of the plan, which may differ from the base order.
    deviceSlots = draft.deviceNames.count
    var slots = Array(repeating: 0, count: deviceSlots)
    for (slot, old) in order.elements.compactMap({ draft.elements[$0.index].deviceSlot }).enumerated() {
      slots[old] = slot
    }
    for (name, slot) in zip(draft.deviceNames, slots) { devices[name] = slot }
    let slotsMove = slots.indices.contains { slots[$0] != $0 }
    var steps = draft.takeSteps()
    steps.arrange(order.elements.flatMap { draft.elements[$0.index].steps })
    var stepOfElement: [Int?] = Array(repeating: nil, count: draft.elements.count)
    var next = 0
    let elements = draft.elements.span
    for placed in order.elements {
      let element = placed.index
      let first = next
      next += elements[element].steps.count
      for i in first..<next {
        if slotsMove {
          steps[i].operation = steps[i].operation.mappingDevices { slots.indices.contains($0) ? slots[$0] : $0 }
        }
        if let moved = placed.moved { steps[i].moved = moved }
        if let block = elements[element].block { steps[i].block = block }
        for guarding in elements[element].guards where guarding.appliesTo(steps[i]) {
          guard let index = guarding.index(first, stepOfElement) else { continue }
          steps[i].guardedBy.append(Guard(step: index, ok: guarding.ok))
        }
        if elements[element].isIncomplete { result.incomplete.insert(i) }
      }
      stepOfElement[element] = first
    }
    result.plan.steps = steps
    result.plan.numberBlocks()
  }
}

extension Array {
  /// Moves the elements, so that each place gets the element of the given index.
  ///
  /// - Parameter sources: every index once.
  fileprivate mutating func arrange(_ sources: [Int]) {
    var sources = sources
    for start in sources.indices {
      var place = start
      while sources[place] != start {
        let source = sources[place]
        swapAt(place, source)
        sources[place] = place
        place = source
      }
      sources[place] = place
    }
  }
}

// MARK: Explicit steps

extension Planner {
  private mutating func add(_ explicit: ExplicitStep) {
    guard let (operation, target, details) = operation(explicit.action, expected: explicit.expected) else { return }
    var step = Step(
      operation, target: target, at: explicit.at, expected: explicit.expected, expectedNumber: explicit.expectedNumber)
    if let (setting, comparison) = details {
      step.attribute = setting.path
      step.value = setting.value
      step.comparison = comparison
      step.keyPlaces = setting.keyPlaces
      step.hints = knowledge.hints.hints(on: setting)
    }
    if let places = explicit.action.places { step.keyPlaces = places }
    if let place = explicit.expectedAt { step.keyPlaces.append(KeyPlaces.expected, place) }
    step.stored = explicit.stored
    if explicit.isIncomplete { result.incomplete.insert(result.plan.steps.count) }
    result.plan.steps.append(step)
  }

  private typealias Details = (setting: AttributeSetting, comparison: Comparison?)

  private mutating func operation(
    _ action: ExplicitStep.Action, expected: [Answer]
  ) -> (DevicePlan.Operation, TargetName, Details?)? {
    switch action {
    case .createVM(let type, _, _): return (.createVM(type: type), .vm, nil)
    case .addMemory(let region):
      var memory: PrivateMemory?
      if case .descriptor(let name, let offset)? = region.source {
        memory = devices[name].map { PrivateMemory(device: $0, offset: offset) }
      }
      return (
        .addMemory(
          slot: region.slot, address: region.address, size: region.size, flags: region.flags, private: memory), .vm, nil
      )
    case .enableCapability(let call): return capability(call).map { ($0, $1, nil) }
    case .createIRQChip: return (.createIRQChip, .vm, nil)
    case .checkExtension(let number): return (.checkExtension(number), .vm, nil)
    case .createVCPU(let id):
      if expected.contains(.ok) { vcpus[id] = vcpuSlots }
      vcpuSlots += 1
      return (.createVCPU(id: id), .vcpu(id), nil)
    case .initVCPU(let id, let features):
      return vcpus[id].map { (.initVCPU($0, features: features.mask, finalize: features.finalize), .vcpu(id), nil) }
    case .testDevice(let type, let flags):
      return (.testDevice(type: type.number, flags: flags), .device(type.name), nil)
    case .createDevice(let type, let name, let flags):
      if expected.contains(.ok) { devices[name] = deviceSlots }
      deviceSlots += 1
      return (.createDevice(type: type.number, flags: flags), .device(name), nil)
    case .closeDevice(let name): return devices[name].map { (.closeDevice($0), .device(name), nil) }
    case .runVCPU(let id): return vcpus[id].map { (.runVCPU($0), .vcpu(id), nil) }
    case .request(let schema, let target, let setting, let comparison, let name):
      guard let slot = slot(of: target) else { return nil }
      let call = RequestCall(
        target: slot, request: schema.request, data: setting.data, isWritten: schema.isWritten,
        makesDescriptor: schema.makesDescriptor)
      guard let name else { return (.request(call), target, (setting, comparison)) }
      if expected.contains(.ok) { devices[name] = deviceSlots }
      deviceSlots += 1
      return (.request(call), .device(name), (setting, comparison))
    case .attribute(let access, let target, let setting, let comparison):
      guard let slot = slot(of: target) else { return nil }
      let call = AttributeCall(
        target: slot, group: setting.call.group, attr: setting.call.attr, flags: setting.call.flags,
        data: setting.data)
      switch access {
      case .set: return (.setAttribute(call), target, (setting, nil))
      case .get: return (.getAttribute(call), target, (setting, comparison))
      case .has: return (.hasAttribute(call), target, (setting, nil))
      }
    }
  }

  private func slot(of name: TargetName) -> Target? {
    switch name {
    case .system: .system
    case .vm: .vm
    case .vcpu(let id): vcpus[id].map(Target.vcpu)
    case .eachVCPU: nil
    case .device(let name): devices[name].map(Target.device)
    }
  }

  private func capability(_ call: CapabilityCall) -> (DevicePlan.Operation, TargetName)? {
    var arguments: [CapabilityArgument] = []
    for argument in call.arguments {
      switch argument {
      case .number(let number): arguments.append(.value(number))
      case .device(let name):
        guard let slot = devices[name] else { return nil }
        arguments.append(.device(slot))
      }
    }
    guard let id = call.vcpu else {
      return (.enableCapability(call.number, on: .vm, flags: call.flags, arguments: arguments), .vm)
    }
    return vcpus[id].map {
      (.enableCapability(call.number, on: .vcpu($0), flags: call.flags, arguments: arguments), .vcpu(id))
    }
  }
}
