import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Writes a plan as a manifest of explicit steps, which makes the same calls.
package struct StepWriter {
  /// The plan, with the names that are used for its steps.
  package private(set) var plan: Plan
  private let catalogue: Catalogue
  private let writer: PayloadWriter
  private let loaded: LoadedParameters
  /// The names of devices, by slot.
  private let deviceNames: [String]
  private let vcpuNames: [String]
  /// The schemas of devices, by slot; nil for a type without a schema.
  private var devices: [SchemaFile?] = []

  /// - Parameter plan: a plan without guards, and without steps that are made for each vCPU.
  package init(_ plan: Plan, _ catalogue: Catalogue) {
    self.plan = plan
    self.catalogue = catalogue
    writer = PayloadWriter(
      isBigEndian: catalogue.architecture.isBigEndian, files: plan.files, parameters: plan.parameters,
      devices: plan.deviceNames)
    loaded = LoadedParameters(plan.parameters)
    deviceNames = plan.deviceNames
    vcpuNames = plan.vcpuNames
  }

  /// Writes the manifest.
  ///
  /// - Returns: the manifest, and the steps that it cannot express.
  package mutating func manifest() -> (Node, unsayable: [Step]) {
    var steps: [Node] = []
    var unsayable: [Step] = []
    for i in plan.steps.indices {
      // Passing the element itself inout copies all steps each time.
      var step = plan.steps[i]
      nameIfNeeded(&step)
      plan.steps[i] = step
      if let node = node(step) { steps.append(node) } else { unsayable.append(step) }
      if case .createDevice(let type, _) = step.operation {
        devices.append(catalogue.device(numbered: type))
      } else if step.operation.fillsDeviceSlot {
        devices.append(nil)
      }
    }
    var entries: [(String, Node)] = [
      ("kvmconf", .text("1")), ("arch", .text(plan.architecture.rawValue)), ("name", .text(plan.name)),
    ]
    let parameters = usedParameters
    if !parameters.isEmpty { entries.append(("parameters", .mapping(parameters))) }
    if !plan.files.isEmpty { entries.append(("files", .mapping(plan.files.map { ($0.name, .text($0.path)) }))) }
    entries.append(("steps", .list(steps)))
    return (.mapping(entries), unsayable)
  }

  /// Adds names that a stripped plan lacks and a step needs: a tested type, an attribute whose value a get compares.
  private func nameIfNeeded(_ step: inout Step) {
    if case .testDevice(let number, _) = step.operation {
      step.target = .device(type(number, step.target.description).name)
    }
    guard step.attribute == nil, step.comparison != nil, let call = step.operation.attributeCall else { return }
    let found = schema(of: call.target)?.attribute(group: call.group, attr: call.attr)
    step.attribute = found.map(\.attribute.path)
  }

  private var usedParameters: [(String, Node)] {
    var used: Set<Int> = []
    for step in plan.steps {
      guard case .bytes(_, let slots)? = step.operation.data else { continue }
      for slot in slots { if case .parameter(let index) = slot.content { used.insert(index) } }
    }
    return used.sorted().filter { !plan.parameters[$0].isRead }.map { index in
      let parameter = plan.parameters[index]
      var entries: [(String, Node)] = [("type", .text(parameter.typeName)), ("at", .text("load"))]
      if let initial = parameter.initial { entries.append(("default", .number(initial))) }
      return (parameter.name, .mapping(entries))
    }
  }

  // MARK: Steps

  private func node(_ step: Step) -> Node? {
    guard var entries = entries(step) else { return nil }
    if let stored = step.stored { entries.append(("as", .text(plan.parameters[stored.parameter].name))) }
    if !step.expectsAnySuccess {
      let answers = step.expectedWords.map { Node.text($0) }
      entries.append(("expect", answers.count == 1 ? answers[0] : .list(answers)))
    }
    return .mapping(entries)
  }

  private func entries(_ step: Step) -> [(String, Node)]? {
    let target = step.target.description
    switch step.operation {
    case .createVM(let type): return arguments(ofVM: type).map { [("create-vm", $0)] }
    case .addMemory(let slot, let address, let size, let flags, let memory):
      var entries = [("at", Node.text(grouped(address))), ("size", .text(hexadecimal(size))), ("slot", .number(slot))]
      if flags != 0 || memory != nil {
        entries.append(("flags", writer.number(Int128(flags), catalogue.memoryFlags, 4)))
      }
      if let memory {
        guard let own = catalogue.descriptorMemory else { return nil }
        entries.append((own.name, .text(deviceNames[memory.device])))
        if memory.offset != 0 { entries.append((own.offsetName, .text(hexadecimal(memory.offset)))) }
      }
      return [("add-memory", .mapping(entries))]
    case .enableCapability(let number, let target, let flags, let arguments):
      return flags == 0 ? capability(number, target, arguments, step) : nil
    case .createIRQChip: return [("create-irqchip", .mapping([]))]
    case .checkExtension(let number): return [("check-extension", .number(number))]
    case .createVCPU(let id): return [("create-vcpu", .number(id))]
    case .initVCPU(_, let mask, let finalize):
      return features(mask, finalize).map { features in
        [("init-vcpu", vcpu(step))] + (features.isEmpty ? [] : [("features", .list(features))])
      }
    case .testDevice(let type, let flags):
      return [("test", self.type(type, target).node)] + self.flags(flags)
    case .createDevice(let type, let flags):
      let (node, name) = self.type(type, target)
      return [("create", node)] + (name == target ? [] : [("as", .text(target))]) + self.flags(flags)
    case .closeDevice: return [("close", .text(target))]
    case .runVCPU: return [("run", vcpu(step))]
    case .request(let call): return request(call, step)
    case .setAttribute(let call): return attribute(.set, call, step)
    case .getAttribute(let call): return attribute(.get, call, step)
    case .hasAttribute(let call): return attribute(.has, call, step)
    }
  }

  /// A call with a struct; nil if the schemas do not describe it.
  private func request(_ call: RequestCall, _ step: Step) -> [(String, Node)]? {
    guard
      let (file, schema) = catalogue.request(
        numbered: call.request, on: schema(of: call.target), named: step.attribute),
      schema.isWritten == call.isWritten, schema.makesDescriptor == call.makesDescriptor
    else { return nil }
    let isPlain = file.isRequestedOnVM || file.subject == .system
    var on = isPlain ? [] : [("on", Node.text(name(of: call.target)))]
    if call.makesDescriptor, step.target.description != schema.name {
      on.append(("as", .text(step.target.description)))
    }
    switch call.data {
    case .none: return [(schema.name, .mapping([]))] + on
    case .invalid: return [(schema.name, .mapping([]))] + on + [("address", .text("invalid"))]
    case .bytes(let bytes, let slots):
      guard let value = value(bytes, nil, slots, schema.type, fillsPointers: call.isWritten) else { return nil }
      var entries = [(schema.name, value)] + on
      if let comparison = step.comparison {
        let pointers = slots.filter { if case .payload = $0.content { true } else { false } }
        guard let read = self.value(comparison.bytes, comparison.mask, pointers, schema.type) else { return nil }
        entries.append(("value", read))
      }
      return entries
    }
  }

  private func vcpu(_ step: Step) -> Node {
    guard case .vcpu(let id) = step.target else { preconditionFailure("the plan has no step for each vCPU") }
    return .number(id)
  }

  private func flags(_ flags: UInt32) -> [(String, Node)] { flags == 0 ? [] : [("flags", .number(flags))] }

  private func arguments(ofVM type: UInt64) -> Node? {
    let fields = catalogue.vm?.createArguments ?? []
    let raw = Int128(type)
    guard raw & ~fields.reduce(0, { $0 | $1.mask }) == 0 else { return nil }
    let written = fields.filter { $0.extract(from: raw) != $0.initial ?? 0 }
    return .mapping(written.map { ($0.name, writer.number($0.extract(from: raw), $0.description, 8)) })
  }

  private func capability(
    _ number: UInt32, _ target: Target, _ arguments: [CapabilityArgument], _ step: Step
  ) -> [(String, Node)]? {
    let onVCPU = if case .vcpu = target { true } else { false }
    let known = catalogue.files.flatMap(\.capabilities)
    guard let capability = known.first(where: { $0.number == number && $0.isOnVCPU == onVCPU }),
      capability.parameters.count == arguments.count
    else { return nil }
    var entries: [(String, Node)] = [("enable-capability", .text(capability.name))]
    if onVCPU { entries.append(("on", .text(step.target.description))) }
    for (parameter, argument) in zip(capability.parameters, arguments) {
      switch argument {
      case .device(let slot): entries.append((parameter.name, .text(deviceNames[slot])))
      case .value(let value):
        if Int128(value) != parameter.initial ?? 0 || parameter.isDevice {
          entries.append((parameter.name, .number(value)))
        }
      }
    }
    return entries
  }

  /// Features by name, first those that need finalising, in that order; bits without a name as numbers.
  private func features(_ mask: UInt64, _ finalize: [Int32]) -> [Node]? {
    let known = (catalogue.vcpu?.features ?? []).filter { mask >> UInt64($0.bit) & 1 == 1 }
    var named = finalize.compactMap { number in known.first { $0.finalize == number } }
    guard named.count == finalize.count else { return nil }
    named += known.filter { $0.finalize == nil }
    let bits = named.reduce(0 as UInt64) { $0 | 1 << UInt64($1.bit) }
    let others = (0..<64).filter { (mask & ~bits) >> UInt64($0) & 1 == 1 }
    return named.map { .text($0.name) } + others.map { .number($0) }
  }

  /// A device type as steps write it, and the default name of a device of that type.
  ///
  /// - Parameter name: the name of the step's target.
  private func type(_ number: UInt32, _ name: String) -> (node: Node, name: String) {
    let bare = "type-\(number)"
    if name != bare, let type = catalogue.device(numbered: number)?.deviceType { return (.text(type), type) }
    for architecture in Architecture.allCases where catalogue.number(ofType: name, of: architecture) == number {
      return (.text("\(architecture.rawValue)/\(name)"), name)
    }
    return (.mapping([("number", .number(number))]), bare)
  }

  // MARK: Attributes

  private func attribute(_ access: AttributeAccess, _ call: AttributeCall, _ step: Step) -> [(String, Node)]? {
    named(access, call, step) ?? raw(access, call, step)
  }

  private func name(of target: Target) -> String {
    switch target {
    case .system: "system"
    case .vm: "vm"
    case .vcpu(let slot): vcpuNames[slot]
    case .device(let slot): deviceNames[slot]
    }
  }

  private func schema(of target: Target) -> SchemaFile? {
    catalogue.file(of: target, devices: devices)
  }

  private func named(_ access: AttributeAccess, _ call: AttributeCall, _ step: Step) -> [(String, Node)]? {
    guard let path = step.attribute, let (group, attribute) = schema(of: call.target)?.attribute(at: path) else {
      return nil
    }
    guard group.number == call.group, let key = attribute.key(of: call.attr) else { return nil }
    if case .any = attribute.number, call.attr != 0 { return nil }
    var entries: [(String, Node)] = [(access.rawValue, .text("\(step.target).\(path)"))]
    for (field, value) in zip(attribute.keyFields, key.values.compactMap(\.integer)) {
      entries.append((field.name, writer.number(value, field.description, 8)))
    }
    entries += flags(call.flags)
    let type = group.payload(of: attribute, key, call.attr)
    guard let data = data(access, call.data, step.comparison, type) else { return nil }
    return entries + data
  }

  /// `value`, `input` and `address`; nil where they cannot say it.
  private func data(
    _ access: AttributeAccess, _ data: AttributeData, _ comparison: Comparison?, _ type: PayloadType
  ) -> [(String, Node)]? {
    switch data {
    case .invalid: return [("address", .text("invalid"))]
    case .none: return access == .has || type.isNone ? [] : nil
    case .bytes(let bytes, let slots):
      if access == .has || type.isNone { return nil }
      var entries: [(String, Node)] = []
      if access == .set {
        guard let value = value(bytes, nil, slots, type) else { return nil }
        return [("value", value)]
      }
      if let comparison {
        guard let value = value(comparison.bytes, comparison.mask, [], type) else { return nil }
        entries.append(("value", value))
      }
      if bytes.contains(where: { $0 != 0 }) || bytes.count != type.fixedSize ?? 8 {
        guard let input = value(bytes, nil, slots, type) else { return nil }
        entries.append(("input", input))
      }
      return entries
    }
  }

  /// The value of bytes; nil if it would not be encoded as exactly these bytes again.
  private func value(
    _ bytes: [UInt8], _ mask: [UInt8]?, _ slots: [PayloadSlot], _ type: PayloadType, fillsPointers: Bool = false
  ) -> Node? {
    guard let node = writer.node(.init(bytes: bytes, mask: mask, slots: slots), as: type) else { return nil }
    let findings = Findings()
    let surroundings = PayloadEncoder.Surroundings(
      findings: findings, byteStrings: ByteStringReader(findings, readFile: noFiles), isBigEndian: writer.isBigEndian,
      files: plan.files, parameters: loaded)
    surroundings.descriptors = Dictionary(
      // A name can be used again, so it is that of the last descriptor so far.
      deviceNames.prefix(devices.count).enumerated().map { ($1, $0) }, uniquingKeysWith: { _, last in last })
    let encoder = PayloadEncoder(surroundings: surroundings, isStep: true, fillsPointers: fillsPointers)
    guard let encoded = encoder.encode(node, as: type, name: ""), !findings.hasErrors, encoded.payload.bytes == bytes,
      encoded.slots == slots, mask == nil || encoded.payload.mask == mask
    else { return nil }
    return node.withIdentifiers(loaded)
  }

  /// A call by its numbers.
  private func raw(_ access: AttributeAccess, _ call: AttributeCall, _ step: Step) -> [(String, Node)]? {
    if step.comparison != nil { return nil }
    var entries: [(String, Node)] = [
      (access.rawValue, .text(step.target.description)), ("group", .number(call.group)), ("attr", .number(call.attr)),
    ]
    entries += flags(call.flags)
    switch call.data {
    case .none: return entries
    case .invalid: return entries + [("address", .text("invalid"))]
    case .bytes(let bytes, let slots):
      return payload(bytes, slots).map { entries + [("payload", .mapping([$0]))] }
    }
  }

  private func payload(_ bytes: [UInt8], _ slots: [PayloadSlot]) -> (String, Node)? {
    guard let slot = slots.first else {
      guard [4, 8].contains(bytes.count) else { return ("hex", .text(hexadecimal(bytes))) }
      let type = IntegerType(size: bytes.count, isSigned: false)
      return writer.node(.init(bytes: bytes), as: .integer(type)).map { ("u\(bytes.count * 8)", $0) }
    }
    guard slots.count == 1, slot.offset == 0, slot.width == bytes.count, slot.bits == slot.width * 8 else { return nil }
    switch slot.content {
    case .file(let index): return ("fd", .text(plan.files[index].name))
    case .device(let slot): return ("fd", .text(deviceNames[slot]))
    case .parameter(let index):
      return ("u\(slot.width * 8)", .text("${\(plan.parameters[index].name.identifier)}"))
    case .vcpuIndex, .payload: return nil
    }
  }
}

extension Plan {
  /// The plan with the keys of its attributes for display, where an attribute has one.
  package func namingKeys(in catalogue: Catalogue) -> Plan {
    var plan = self
    let writer = PayloadWriter(isBigEndian: architecture.isBigEndian, files: [], parameters: [])
    var devices: [SchemaFile?] = []
    for i in plan.steps.indices {
      let operation = plan.steps[i].operation
      if case .createDevice(let type, _) = operation {
        devices.append(catalogue.device(numbered: type))
      } else if operation.fillsDeviceSlot {
        devices.append(nil)
      }
      guard let call = operation.attributeCall,
        let (_, attribute, key) = catalogue.file(of: call.target, devices: devices)?
          .attribute(group: call.group, attr: call.attr), !attribute.keyFields.isEmpty
      else { continue }
      let values = zip(attribute.keyFields, key.values.compactMap(\.integer))
      plan.steps[i].key = values.filter { field, value in !field.isReserved || value != 0 }.map { field, value in
        "\(field.name) \(writer.number(value, field.description, 8).flowText)"
      }.joined(separator: ", ")
    }
    return plan
  }
}

extension Node {
  /// The node with the names of parameters in the form that expressions use.
  fileprivate func withIdentifiers(_ parameters: LoadedParameters) -> Node {
    switch content {
    case .scalar(let text, _):
      parameters.index(of: text).map { .text("${\(parameters.all[$0].name.identifier)}") } ?? self
    case .sequence(let items): .list(items.map { $0.withIdentifiers(parameters) })
    case .mapping(let entries): .mapping(entries.map { ($0.key.value, $0.value.withIdentifiers(parameters)) })
    }
  }
}
