import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// Calls that stay together in the plan: one call, or a test and the call that it guards.
struct Element {
  var steps: [Step]
  /// The names by which the `after:` and `before:` of other elements refer to this one.
  var labels: [Label]
  var after: [Label] = []
  var before: [Label] = []
  var guards: [PendingGuard] = []
  /// The draft's slot for the device that the element creates.
  var deviceSlot: Int?
  /// The block that the element belongs to, if it is made for each vCPU. Neighbours in a block are made together.
  var block: Int?
  var isIncomplete = false
}

/// A name for calls, used to order others.
enum Label: Hashable {
  case vcpus, memory
  /// The creation of any device of this type.
  case type(String)
  /// The creation of one device.
  case creation(device: Int)
  /// An attribute, or a whole group, of one device.
  case device(Int, path: String)
  /// An attribute, or a whole group, of any device of a type.
  case typeAttribute(String, path: String)
  case vm(path: String)
  /// An attribute, or a whole group, of one vCPU; of any vCPU if the index is nil.
  case vcpu(Int?, path: String)
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
  let catalogue: Catalogue
  private(set) var elements: [Element] = []
  /// The names of the devices, by slot. Each alternative of a device has a separate slot.
  private(set) var deviceNames: [String] = []
  /// Problems with the machine: devices with needs that cannot be expressed.
  private(set) var diagnostics: [Diagnostic] = []
  private var blocks = 0

  private mutating func newBlock() -> Int {
    blocks += 1
    return blocks
  }

  init(catalogue: Catalogue) { self.catalogue = catalogue }

  mutating func add(_ machine: Machine) {
    add(Step(.createVM(type: machine.type), target: .vm, at: machine.at))
    // Capabilities that take a device follow it.
    let (late, early) = machine.capabilities.partitioned {
      $0.arguments.contains { if case .device = $0 { true } else { false } }
    }
    for call in early { add(capability(call)) }
    for setting in machine.attributes {
      add(setting, on: .vm, target: .vm, labels: labels(setting) { .vm(path: $0) }) { .vm(path: $0) }
    }
    for region in machine.memory {
      let operation = DevicePlan.Operation.addMemory(slot: region.slot, address: region.address, size: region.size)
      add(Step(operation, target: .vm, at: region.at), labels: [.memory])
    }
    let firstVCPU = elements.count
    for (i, vcpu) in machine.vcpus.enumerated() { add(vcpu, i) }
    if machine.vcpuCount != nil { gather(from: firstVCPU) }
    for device in machine.devices { add(device, machine) }
    for call in late { add(capability(call)) }
    let firstAttribute = elements.count
    for (i, vcpu) in machine.vcpus.enumerated() {
      for setting in vcpu.attributes {
        let own = labels(setting) { .vcpu(i, path: $0) } + labels(setting) { .vcpu(nil, path: $0) }
        add(setting, on: .vcpu(i), target: .vcpu(vcpu.id), labels: own) { .vcpu(i, path: $0) }
      }
    }
    if machine.vcpuCount != nil { gather(from: firstAttribute) }
  }

  /// Puts the elements from this one on into one block, which is made for each vCPU.
  private mutating func gather(from first: Int) {
    let block = newBlock()
    for i in first..<elements.count {
      elements[i].block = block
      for j in elements[i].steps.indices { elements[i].steps[j].target = .eachVCPU }
    }
  }

  private mutating func add(_ step: Step, labels: [Label] = [], after: [Label] = []) {
    elements.append(Element(steps: [step], labels: labels, after: after))
  }

  private func capability(_ call: CapabilityCall) -> Step {
    let arguments = call.arguments.map { argument -> CapabilityArgument in
      switch argument {
      case .number(let number): .value(number)
      case .device(let name): .device(deviceNames.firstIndex(of: name) ?? .max)
      }
    }
    return Step(
      .enableCapability(call.number, on: .vm, flags: call.flags, arguments: arguments), target: .vm, value: call.name,
      at: call.at)
  }

  // MARK: vCPUs

  private mutating func add(_ vcpu: VCPUDeclaration, _ i: Int) {
    add(Step(.createVCPU(id: vcpu.id), target: .vcpu(vcpu.id), at: vcpu.at), labels: [.vcpus])
    guard catalogue.vcpu?.initialise != nil else { return }
    let operation = DevicePlan.Operation.initVCPU(
      i, features: vcpu.features.mask, finalize: vcpu.features.finalize)
    let names = vcpu.features.names.joined(separator: ", ")
    add(
      Step(operation, target: .vcpu(vcpu.id), value: names.isEmpty ? nil : names, at: vcpu.at), labels: [.vcpus])
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
      for setting in alternative.attributes {
        let type = alternative.type.name
        let own = labels(setting) { .device(slot, path: $0) } + labels(setting) { .typeAttribute(type, path: $0) }
        add(setting, on: .device(slot), target: .device(device.name), labels: own, guards: guards) {
          .device(slot, path: $0)
        }
      }
    }
  }

  private func create(
    _ type: DeviceTypeReference, _ device: DeviceDeclaration, slot: Int, isQuestion: Bool, guards: [PendingGuard]
  ) -> Element {
    var element = Element(
      steps: [], labels: [.type(type.name), .creation(device: slot)], guards: guards, deviceSlot: slot)
    if isQuestion {
      element.steps.append(
        Step(
          .testDevice(type: type.number, flags: 0), target: .device(type.name), at: type.at, expected: [.ok, .absent]))
      element.guards.append(PendingGuard(source: .own, ok: true))
    }
    element.steps.append(Step(.createDevice(type: type.number, flags: 0), target: .device(device.name), at: device.at))
    for word in type.schema?.createOrder("after") ?? [] { element.after.append(label(word.value, slot)) }
    for word in type.schema?.createOrder("before") ?? [] { element.before.append(label(word.value, slot)) }
    return element
  }

  private func label(_ word: String, _ slot: Int) -> Label { label(word) { .device(slot, path: $0) } }

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
        elements.append(
          Element(
            steps: [step], labels: [], after: [.creation(device: slot), .vcpus], guards: guards))
      }
    }
  }

  // MARK: Attributes

  /// The labels of a setting: its path and its group.
  private func labels(_ setting: AttributeSetting, _ label: (String) -> Label) -> [Label] {
    guard let path = setting.path, let group = setting.schema?.group.name else { return [] }
    return path == group ? [label(path)] : [label(path), label(group)]
  }

  private mutating func add(
    _ setting: AttributeSetting, on target: Target, target name: TargetName, labels: [Label],
    guards: [PendingGuard] = [],
    own: (String) -> Label
  ) {
    func call(_ data: AttributeData) -> AttributeCall {
      AttributeCall(
        target: target, group: setting.call.group, attr: setting.call.attr, flags: setting.call.flags, data: data)
    }
    var element = Element(steps: [], labels: labels, guards: guards, isIncomplete: setting.isIncomplete)
    if case .device(let slot) = target { element.after.append(.creation(device: slot)) }
    if setting.isForEachVCPU { element.block = newBlock() }
    if setting.isOptional {
      element.steps.append(
        Step(
          .hasAttribute(call(.none)), target: name, attribute: setting.path, at: setting.at,
          expected: [.ok] + catalogue.missingAttribute.map(Answer.refused)))
      element.guards.append(PendingGuard(source: .own, ok: true))
    }
    element.steps.append(
      Step(
        .setAttribute(call(setting.data)), target: name, attribute: setting.path, value: setting.value, at: setting.at,
        keyPlaces: setting.keyPlaces, hints: setting.hints))
    if let (group, attribute) = setting.schema {
      for order in [group.set, attribute.set] {
        element.after += words(order.after, setting, own)
        element.before += words(order.before, setting, own)
      }
    }
    elements.append(element)
  }

  private func words(_ words: [OrderWord], _ setting: AttributeSetting, _ own: (String) -> Label) -> [Label] {
    words.filter { KeyCondition.holds($0.when, setting.key, setting.call.attr) }.map { label($0.path.value, own) }
  }

  /// The label that a word of `after:` or `before:` refers to: an attribute of the same owner, unless its first part
  /// names another one.
  private func label(_ word: String, _ own: (String) -> Label) -> Label {
    switch word {
    case "vcpus": return .vcpus
    case "memory": return .memory
    default: break
    }
    let parts = word.split(separator: ".", maxSplits: 1).map(String.init)
    if word == "create", case .device(let slot, _) = own("") { return .creation(device: slot) }
    if catalogue.device(named: parts[0]) != nil {
      return parts.count == 1 ? .type(parts[0]) : .typeAttribute(parts[0], path: parts[1])
    }
    if parts.count == 2, parts[0] == "vm" { return .vm(path: parts[1]) }
    if parts.count == 2, parts[0] == "vcpu" { return .vcpu(nil, path: parts[1]) }
    return own(word)
  }
}

extension Answer {
  static let absent = Answer("ENODEV")!
}

extension Sequence {
  /// The elements for which a condition holds, and the others.
  fileprivate func partitioned(_ condition: (Element) -> Bool) -> (yes: [Element], no: [Element]) {
    (filter(condition), filter { !condition($0) })
  }
}
