import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// Calls that stay together in the plan: one call, or a test and the call that it guards.
struct Element {
  /// The indices of the calls among the draft's steps.
  var steps: Range<Int>
  /// The numbers of the labels by which the `after:` and `before:` of other elements refer to this one.
  var labels: [Int]
  var after: [Int] = []
  var before: [Int] = []
  var guards: [PendingGuard] = []
  /// The draft's slot for the device that the element creates.
  var deviceSlot: Int?
  /// The block that the element belongs to, if it is made for each vCPU. Neighbours in a block are made together.
  var block: Int?
  var isIncomplete = false
}

/// What calls are ordered by: a name, and whose calls these are.
private struct Label {
  enum Owner {
    /// Everything of this name, whatever it belongs to.
    case any
    case vm
    /// A device by its slot in the draft.
    case device(Int)
    /// Any device of a type.
    case type(OrderName)
    /// A vCPU by its index; any vCPU if that is nil.
    case vcpu(Int?)

    /// Small numbers, each of one owner.
    var number: Int {
      switch self {
      case .any: 0
      case .vm: 1
      case .vcpu(nil): 2
      case .vcpu(let index?): 3 + 3 * index
      case .device(let slot): 4 + 3 * slot
      case .type(let type): 5 + 3 * type.rawValue
      }
    }
  }

  let name: OrderName
  let owner: Owner

  static let vcpus = Label(name: .vcpus, owner: .any)
  static let memory = Label(name: .memory, owner: .any)
  /// The creation of one device.
  static func creation(device: Int) -> Label { Label(name: .creation, owner: .device(device)) }
  /// The creation of any device of a type.
  static func type(_ type: OrderName) -> Label { Label(name: .creation, owner: .type(type)) }
}

/// The labels of a draft, with a number for each.
private struct Labels {
  private(set) var count = 0
  /// By the number of the owner and that of the name; -1 for those without a number.
  private var numbers: [[Int]] = []

  mutating func number(_ label: Label) -> Int {
    let (owner, name) = (label.owner.number, label.name.rawValue)
    if owner >= numbers.count { numbers.append(contentsOf: repeatElement([], count: owner + 1 - numbers.count)) }
    if name >= numbers[owner].count {
      // Most owners have labels of many names.
      let missing = max(32, name + 1) - numbers[owner].count
      numbers[owner].append(contentsOf: repeatElement(-1, count: missing))
    }
    if numbers[owner][name] < 0 {
      numbers[owner][name] = count
      count += 1
    }
    return numbers[owner][name]
  }
}

/// What an attribute belongs to.
private enum Owner: Equatable {
  case vm
  /// A device by its slot in the draft, with its type.
  case device(Int, type: OrderName)
  /// A vCPU by its index.
  case vcpu(Int)

  func label(_ name: OrderName) -> Label {
    switch self {
    case .vm: Label(name: name, owner: .vm)
    case .device(let slot, _): Label(name: name, owner: .device(slot))
    case .vcpu(let index): Label(name: name, owner: .vcpu(index))
    }
  }

  /// The label of the attributes of all owners of this kind; nil if there is only one owner.
  func commonLabel(_ name: OrderName) -> Label? {
    switch self {
    case .vm: nil
    case .device(_, let type): Label(name: name, owner: .type(type))
    case .vcpu: Label(name: name, owner: .vcpu(nil))
    }
  }
}

/// The place of an attribute of one owner in the order, as far as the schema decides it.
private struct AttributeOrder {
  var labels: [Int] = []
  var after: [Int] = []
  var before: [Int] = []
  /// Labels that depend on the key or the value of the attribute.
  var conditional: [ConditionalLabel] = []
}

private struct ConditionalLabel {
  var label: Int
  var isAfter: Bool
  var when: OrderCondition
  /// Whether the label is that of the sets of this attribute for which the condition does not hold.
  var isUnmet: Bool
}

/// A guard whose step has no number yet.
struct PendingGuard {
  enum Source {
    /// The first step of the same element.
    case own
    /// The first step of an earlier element.
    case element(Int)
  }

  var source: Source
  var ok: Bool

  /// A test does not guard itself.
  func appliesTo(_ step: Step) -> Bool {
    switch source {
    case .element: return true
    case .own:
      switch step.operation {
      case .testDevice, .hasAttribute: return false
      default: return true
      }
    }
  }

  func index(_ first: Int, _ steps: [Int?]) -> Int? {
    switch source {
    case .own: first
    case .element(let element): steps[element]
    }
  }
}

/// The declarative part of a manifest as elements in base order.
struct Draft {
  private let knowledge: PlanningKnowledge
  private var catalogue: Catalogue { knowledge.catalogue }
  private(set) var elements: [Element] = []
  /// The calls of all elements.
  private(set) var steps: [Step] = []
  private var labels = Labels()
  var labelCount: Int { labels.count }
  /// The order of the attribute that was added last: lists have many settings of one.
  private var latest: (attribute: AttributeSchema, owner: Owner, order: AttributeOrder)?
  /// The names of the devices, by slot. Each alternative of a device has a separate slot.
  private(set) var deviceNames: [String] = []
  /// Problems with the machine: devices with needs that cannot be expressed.
  private(set) var diagnostics: [Diagnostic] = []
  private var blocks = 0

  private mutating func newBlock() -> Int {
    blocks += 1
    return blocks
  }

  init(_ knowledge: PlanningKnowledge) { self.knowledge = knowledge }

  mutating func add(_ machine: Machine) {
    add(Step(.createVM(type: machine.type), target: .vm, at: machine.at, keyPlaces: machine.typePlaces))
    elements[elements.count - 1].isIncomplete = machine.isTypeIncomplete
    // Capabilities that take a device follow it.
    let (late, early) = machine.capabilities.partitioned(\.takesDevice)
    for call in early { add(call) }
    if let place = machine.irqchip { add(Step(.createIRQChip, target: .vm, at: place)) }
    let count = machine.settingCount
    elements.reserveCapacity(count)
    steps.reserveCapacity(count)
    add(machine.attributes, of: .vm, on: .vm, target: .vm)
    for region in machine.memory { add(region) }
    let checks = addChecks(of: machine)
    let firstVCPU = elements.count
    for (i, vcpu) in machine.vcpus.enumerated() { add(vcpu, i, checks) }
    if machine.vcpuCount != nil { gather(from: firstVCPU) }
    for device in machine.devices { add(device, machine) }
    for call in late { add(call) }
    let firstAttribute = elements.count
    for (i, vcpu) in machine.vcpus.enumerated() {
      for call in vcpu.capabilities where call.takesDevice {
        add(call, on: .vcpu(i), target: .vcpu(vcpu.id), after: [.vcpus])
      }
      add(vcpu.attributes, of: .vcpu(i), on: .vcpu(i), target: .vcpu(vcpu.id))
    }
    if machine.vcpuCount != nil { gather(from: firstAttribute) }
  }

  /// Puts the elements from this one on into one block, which is made for each vCPU.
  private mutating func gather(from first: Int) {
    let block = newBlock()
    for i in first..<elements.count {
      elements[i].block = block
      for j in elements[i].steps { steps[j].target = .eachVCPU }
    }
  }

  private mutating func add(
    _ step: Step, labels: [Label] = [], after: [Label] = [], guards: [PendingGuard] = []
  ) {
    let place = append(step)
    elements.append(
      Element(
        steps: place..<place + 1, labels: labels.map { number($0) }, after: after.map { number($0) }, guards: guards))
  }

  /// Adds a call. Returns its index.
  private mutating func append(_ step: Step) -> Int {
    steps.append(step)
    return steps.count - 1
  }

  private mutating func number(_ label: Label) -> Int { labels.number(label) }

  /// The calls, which the draft gives up.
  mutating func takeSteps() -> [Step] { exchange(&steps, with: []) }

  private mutating func add(
    _ call: CapabilityCall, on owner: Target = .vm, target: TargetName = .vm, after: [Label] = []
  ) {
    add(capability(call, on: owner, target: target), after: after)
    elements[elements.count - 1].isIncomplete = call.isIncomplete
  }

  private func capability(
    _ call: CapabilityCall, on owner: Target, target: TargetName
  ) -> Step {
    let arguments = call.arguments.map { argument -> CapabilityArgument in
      switch argument {
      case .number(let number): .value(number)
      case .device(let name): .device(deviceNames.firstIndex(of: name) ?? .max)
      }
    }
    return Step(
      .enableCapability(call.number, on: owner, flags: call.flags, arguments: arguments), target: target,
      value: call.name,
      at: call.at, keyPlaces: call.places)
  }

  // MARK: Memory

  /// Adds a memory region, after the call that makes its memory.
  private mutating func add(_ region: MemoryRegion) {
    var element = Element(steps: steps.count..<steps.count, labels: [number(.memory)])
    var memory: PrivateMemory?
    if case .new(let name, let schema, let setting)? = region.source {
      let slot = deviceNames.count
      deviceNames.append(name)
      memory = PrivateMemory(device: slot, offset: 0)
      element.deviceSlot = slot
      element.isIncomplete = setting.isIncomplete
      let call = RequestCall(
        target: .vm, request: schema.request, data: setting.data, isWritten: schema.isWritten, makesDescriptor: true)
      _ = append(
        Step(
          .request(call), target: .device(name), attribute: setting.path, value: setting.value, at: setting.at,
          keyPlaces: setting.keyPlaces))
    }
    let operation = DevicePlan.Operation.addMemory(
      slot: region.slot, address: region.address, size: region.size, flags: region.flags, private: memory)
    if region.isIncomplete { element.isIncomplete = true }
    let last = append(Step(operation, target: .vm, at: region.at, keyPlaces: region.places))
    element.steps = element.steps.lowerBound..<last + 1
    elements.append(element)
  }

  // MARK: vCPUs

  /// Adds a question for each optional feature. Returns the indices of their elements, by the bit of the feature.
  private mutating func addChecks(of machine: Machine) -> [Int: Int] {
    var checks: [Int: Int] = [:]
    for feature in machine.vcpus.flatMap(\.features.optional) where checks[feature.bit] == nil {
      checks[feature.bit] = elements.count
      add(
        Step(
          .checkExtension(feature.capability), target: .vm, value: feature.name, at: feature.at,
          expected: [.ok, .missing]))
    }
    return checks
  }

  private mutating func add(_ vcpu: VCPUDeclaration, _ i: Int, _ checks: [Int: Int]) {
    add(Step(.createVCPU(id: vcpu.id), target: .vcpu(vcpu.id), at: vcpu.at), labels: [.vcpus])
    elements[elements.count - 1].isIncomplete = vcpu.isAssumed
    if catalogue.vcpu?.hasVCPUInit == true { initialise(vcpu, i, checks) }
    for call in vcpu.capabilities where !call.takesDevice {
      add(call, on: .vcpu(i), target: .vcpu(vcpu.id), after: [.vcpus])
    }
  }

  private mutating func initialise(_ vcpu: VCPUDeclaration, _ i: Int, _ checks: [Int: Int]) {
    let optional = vcpu.features.optional
    // One initialisation for each combination of the optional features that the host may have.
    for combination in 0..<1 << optional.count {
      let chosen = optional.enumerated().filter { combination >> $0.offset & 1 == 0 }.map(\.element)
      let features = vcpu.features.with(chosen)
      let guards = optional.compactMap { feature in
        checks[feature.bit].map { PendingGuard(source: .element($0), ok: chosen.contains(feature)) }
      }
      let operation = DevicePlan.Operation.initVCPU(i, features: features.mask, finalize: features.finalize)
      let names = features.names.joined(separator: ", ")
      add(
        Step(
          operation, target: .vcpu(vcpu.id), value: names.isEmpty ? nil : names, at: vcpu.at,
          keyPlaces: vcpu.features.places),
        labels: [.vcpus], guards: guards)
      elements[elements.count - 1].isIncomplete = vcpu.isAssumed || vcpu.features.isIncomplete
    }
  }

  // MARK: Devices

  private mutating func add(_ device: DeviceDeclaration, _ machine: Machine) {
    /// The elements that test for the earlier alternatives.
    var refusals: [Int] = []
    for (i, alternative) in device.alternatives.enumerated() {
      let isLast = i == device.alternatives.count - 1
      let isQuestion = !isLast || device.isOptional
      let slot = deviceNames.count
      deviceNames.append(device.name)
      var guards = refusals.map { PendingGuard(source: .element($0), ok: false) }
      let element = create(alternative.type, device, slot: slot, isQuestion: isQuestion, guards: guards)
      elements.append(element)
      if isQuestion {
        guards.append(PendingGuard(source: .element(elements.count - 1), ok: true))
        refusals.append(elements.count - 1)
      }
      add(needs: alternative.type, device, slot: slot, machine, guards: guards)
      let owner = Owner.device(slot, type: knowledge.name(alternative.type.name))
      add(alternative.attributes, of: owner, on: .device(slot), target: .device(device.name), guards: guards)
    }
  }

  private mutating func create(
    _ type: DeviceTypeReference, _ device: DeviceDeclaration, slot: Int, isQuestion: Bool, guards: [PendingGuard]
  ) -> Element {
    let first = steps.count
    var guards = guards
    if isQuestion {
      _ = append(
        Step(
          .testDevice(type: type.number, flags: 0), target: .device(type.name), at: type.at, expected: [.ok, .absent]))
      guards.append(PendingGuard(source: .own, ok: true))
    }
    let last = append(
      // A refusal is about the type.
      Step(
        .createDevice(type: type.number, flags: 0), target: .device(device.name), at: device.at,
        keyPlaces: KeyPlaces(names: ["value"]) { _ in type.at }))
    let name = knowledge.name(type.name)
    let owner = Owner.device(slot, type: name)
    return Element(
      steps: first..<last + 1, labels: [number(.type(name)), number(.creation(device: slot))],
      after: (type.schema?.createOrder("after") ?? []).map { number(label(knowledge.place($0.value), owner)) },
      before: (type.schema?.createOrder("before") ?? []).map { number(label(knowledge.place($0.value), owner)) },
      guards: guards,
      deviceSlot: slot)
  }

  /// Adds the capabilities that the schema of a device requires.
  private mutating func add(
    needs type: DeviceTypeReference, _ device: DeviceDeclaration, slot: Int, _ machine: Machine, guards: [PendingGuard]
  ) {
    for need in type.schema.map({ catalogue.needs(of: $0) }) ?? [] {
      if machine.vcpuCount != nil, need.capability.isOnVCPU {
        diagnostics.append(
          .error(
            "load-parameter",
            "'\(type.name)' needs '\(need.capability.name)' on every vCPU: the number of vCPUs must be known before the plan "
              + "is loaded", at: device.at))
        continue
      }
      let targets: [(Target, TargetName, Fields)] =
        need.capability.isOnVCPU
        ? machine.vcpus.enumerated().map { i, vcpu in
          (.vcpu(i), .vcpu(vcpu.id), Fields([("id", Value(vcpu.id)), ("index", Value(i))]))
        } : [(.vm, .vm, Fields())]
      for (target, name, vcpu) in targets {
        let arguments = need.arguments(vcpu: vcpu).map { $0.map(CapabilityArgument.value) ?? .device(slot) }
        let step = Step(
          .enableCapability(need.capability.number, on: target, flags: 0, arguments: arguments), target: name,
          value: need.capability.name, at: device.at)
        add(step, after: [.creation(device: slot), .vcpus], guards: guards)
      }
    }
  }

  // MARK: Attributes

  private mutating func add(
    _ settings: [AttributeSetting], of owner: Owner, on target: Target, target name: TargetName,
    guards: [PendingGuard] = []
  ) {
    for setting in settings { add(setting, of: owner, on: target, target: name, guards: guards) }
  }

  private mutating func add(
    _ setting: AttributeSetting, of owner: Owner, on target: Target, target name: TargetName,
    guards: [PendingGuard] = []
  ) {
    let numbers = setting.call
    func call(_ data: AttributeData) -> AttributeCall {
      AttributeCall(target: target, group: numbers.group, attr: numbers.attr, flags: numbers.flags, data: data)
    }
    let first = steps.count
    var guards = guards
    if setting.isOptional {
      _ = append(
        Step(
          .hasAttribute(call(.none)), target: name, attribute: setting.path, at: setting.at,
          expected: [.ok] + catalogue.missingAttribute.map(Answer.refused)))
      guards.append(PendingGuard(source: .own, ok: true))
    }
    let last = append(
      Step(
        .setAttribute(call(setting.data)), target: name, attribute: setting.path, value: setting.value, at: setting.at,
        keyPlaces: setting.keyPlaces, hints: knowledge.hints.hints(on: setting)))
    let order = order(of: setting, owner)
    var element = Element(
      steps: first..<last + 1, labels: order.labels, after: order.after, before: order.before, guards: guards,
      isIncomplete: setting.isIncomplete)
    for relation in order.conditional {
      switch (relation.when.holds(for: setting), relation.isAfter) {
      case (true, true): element.after.append(relation.label)
      case (true, false): element.before.append(relation.label)
      case (false, _): if relation.isUnmet { element.labels.append(relation.label) }
      }
    }
    if setting.isForEachVCPU { element.block = newBlock() }
    elements.append(consume element)
  }

  /// The place of a setting in the order.
  private mutating func order(of setting: AttributeSetting, _ owner: Owner) -> AttributeOrder {
    guard let (group, attribute) = setting.schema else { return order(after: owner) }
    if latest?.attribute === attribute, latest?.owner == owner, let order = latest?.order { return order }
    var order = order(after: owner)
    let rules = knowledge.order(of: attribute, in: group)
    order.labels.reserveCapacity(rules.names.count * 2)
    order.after.reserveCapacity(order.after.count + rules.relations.count)
    for name in rules.names {
      order.labels.append(number(owner.label(name)))
      if let common = owner.commonLabel(name) { order.labels.append(number(common)) }
    }
    for relation in rules.relations {
      let label = number(label(relation.place, owner))
      if let (condition, unmet) = relation.condition {
        let isUnmet = order.labels.contains(label)
        order.conditional.append(
          ConditionalLabel(
            label: isUnmet ? number(self.label(unmet, owner)) : label, isAfter: relation.isAfter, when: condition,
            isUnmet: isUnmet))
      } else if relation.isAfter {
        order.after.append(label)
      } else {
        order.before.append(label)
      }
    }
    latest = (attribute, owner, order)
    return order
  }

  /// An attribute of a device comes after the creation of the device.
  private mutating func order(after owner: Owner) -> AttributeOrder {
    guard case .device(let slot, _) = owner else { return AttributeOrder() }
    return AttributeOrder(after: [number(.creation(device: slot))])
  }

  private func label(_ place: OrderPlace, _ owner: Owner) -> Label {
    switch place {
    case .vcpus: .vcpus
    case .memory: .memory
    case .creation: owner.label(.creation)
    case .type(let type): .type(type)
    case .typeAttribute(let type, let path): Label(name: path, owner: .type(type))
    case .vm(let path): Label(name: path, owner: .vm)
    case .vcpu(let path): Label(name: path, owner: .vcpu(nil))
    case .own(let path): owner.label(path)
    }
  }
}

extension CapabilityCall {
  /// Whether an argument is a device, which the call then follows.
  fileprivate var takesDevice: Bool { arguments.contains { if case .device = $0 { true } else { false } } }
}

extension Machine {
  /// The number of settings of attributes.
  fileprivate var settingCount: Int {
    attributes.count + vcpus.reduce(0) { $0 + $1.attributes.count }
      + devices.reduce(0) { $0 + $1.alternatives.reduce(0) { $0 + $1.attributes.count } }
  }
}

extension Answer {
  static let absent = Answer("ENODEV")!
  static let missing = Answer("ENXIO")!
}

extension Sequence {
  /// The elements for which a condition holds, and the others.
  fileprivate func partitioned(_ condition: (Element) -> Bool) -> (yes: [Element], no: [Element]) {
    (filter(condition), filter { !condition($0) })
  }
}
