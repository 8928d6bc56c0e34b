import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

// Calls that are not on attributes.
extension StepReader {
  func createVM(_ node: Node) -> ExplicitStep.Action? {
    guard let schema = context.catalogue.vm else { return nil }
    var node = node
    /// The arguments that have a value with this name.
    let owners = schema.createArguments.filter { argument in
      node.scalar.map { argument.description.names.value(of: $0) != nil } ?? false
    }
    if let name = node.scalar, owners.count == 1 {
      let argument = owners[0].name
      findings.error(
        "wrong-kind", "'create-vm' must be a mapping; did you mean '{\(argument): \(name)}'?", at: node.range,
        fixIts: [FixIt(replace: node.range, with: "{\(argument): \(name)}")])
      node = Node(.mapping([Entry(key: Located(argument, at: node.range), value: node)]), at: node.range)
    }
    let reader = MappingReader(node, of: "'create-vm'", keys: schema.createArguments.map(\.name), findings)
    let (type, places) = MachineTypeReader(context: context).type(reader, schema)
    return .createVM(type: type ?? 0, places, isIncomplete: type == nil || node.entries == nil && !node.isEmpty)
  }

  func capability(_ subject: Node, _ item: Node, _ reader: MappingReader) -> ExplicitStep.Action? {
    guard let name = subject.scalar else {
      let example = subject.capability.map { ", as in \($0)" } ?? ""
      findings.wrongKind(subject, of: "'enable-capability'", wanted: "a name\(example)")
      return nil
    }
    var vcpu: UInt64?
    var isTargetKnown = true
    if let on = reader["on"] {
      switch target(on)?.target {
      case .vcpu(let id)?: vcpu = id
      case let other:
        if other != nil {
          findings.error(
            "unknown-target", "a capability is enabled on the VM (without 'on') or on 'vcpu.ID'", at: on.range)
        }
        // The rest is read as that of the owner that has the capability.
        isTargetKnown = false
        vcpu = context.catalogue.files.flatMap(\.capabilities).contains { $0.name == name && !$0.isOnVCPU } ? nil : 0
      }
    }
    let call = CapabilityReader(context: context, device: device).call(
      Located(name, at: subject.range), item, arguments: item, others: ["enable-capability", "on", "expect"],
      onVCPU: vcpu)
    return isTargetKnown ? call.map { .enableCapability($0) } : nil
  }

  func vcpu(_ node: Node, _ verb: String) -> UInt64? {
    if node.isEmpty {
      findings.error("missing-value", "'\(verb)' needs the id of a vCPU", at: node.range)
      return nil
    }
    guard let id = context.u64(node, verb) else { return nil }
    if names.vcpus.contains(id) { return id }
    reportUnknownVCPU(id, at: node.range)
    return nil
  }

  /// Reports a vCPU that does not exist; only the first one of a repeated step.
  func reportUnknownVCPU(_ id: UInt64, at range: SourceRange) {
    if context.hasUnknownVCPUs || !placesOfUnknownVCPUs.insert(range).inserted { return }
    unknownVCPUs[id, default: (range, 0)].uses += 1
    context.unknownVCPUCount = unknownVCPUs.count
  }

  /// Reports each vCPU that does not exist once, with the number of its further uses.
  func reportUnknownVCPUs() {
    for (id, vcpu) in unknownVCPUs.sorted(by: { $0.key < $1.key }) {
      let more = vcpu.uses > 1 ? [Note("the vCPU is used \(counted(vcpu.uses - 1, "more time"))")] : []
      findings.error("unknown-vcpu", "no step above creates vCPU \(id)", at: vcpu.first, notes: more)
    }
  }

  func type(_ node: Node, as name: String?) -> DeviceTypeReference? {
    DeviceTypeReader(context: context).reference(node) {
      unknownTypes += 1
      return unknownTypes <= 100 ? name.map(paths(ofDevice:)) ?? [] : []
    }
  }

  /// The attributes that the steps use of a device, and do not expect to be refused.
  func paths(ofDevice name: String) -> [AttributePath] {
    written.filter { $0[key: "expect"] == nil }.compactMap { step in
      let path = AttributeAccess.allCases.compactMap { step[key: $0.rawValue]?.scalar }.first
      let words = path?.split(separator: ".").map(String.init) ?? []
      guard words.count > 1, words[0] == name else { return nil }
      return AttributePath(group: words[1], attribute: words.count > 2 ? words[2...].joined(separator: ".") : nil)
    }
  }

  func create(_ subject: Node, _ reader: MappingReader, succeeds: Bool) -> ExplicitStep.Action? {
    guard let type = type(subject, as: reader["as"]?.scalar ?? subject.scalar),
      let name = newName(reader, otherwise: type.name, at: subject.range, type.schema, succeeds: succeeds)
    else { return nil }
    return .createDevice(type, name: name, flags: flags(reader))
  }

  /// The name of a device or descriptor that a step makes, which later steps can use if the step succeeds.
  func newName(
    _ reader: MappingReader, otherwise own: String, at range: SourceRange, _ schema: SchemaFile?, succeeds: Bool
  ) -> String? {
    let name = reader.text("as") ?? own
    if reader["as"] == nil { context.unnamedDevices.insert(name) }
    if DeviceReader.reservedNames.contains(name) || name.contains(".") || name.isEmpty {
      findings.error("bad-name", name.whyNoDevice, at: reader["as"]?.range)
      return nil
    }
    if succeeds {
      if names.devices[name] != nil {
        findings.error(
          "duplicate-name", "there is already a device '\(name)'; give this one another name with 'as'",
          at: reader["as"]?.range ?? range)
      }
      if let file = context.payloads.files.first(where: { $0.name == name }) {
        findings.error(
          "duplicate-name", "there is already a file '\(name)'; give the device another name with 'as'",
          at: reader["as"]?.range ?? range, notes: [Note("the file is here", at: file.at)])
      }
      names.devices[name] = .some(schema)
      context.payloads.descriptors[name] = names.deviceSlots
      context.payloads.closings[name] = nil
    }
    names.deviceSlots += 1
    return name
  }

  func device(_ node: Node) -> String? {
    context.device(node, among: names.devices.keys.sorted()) { names.devices[$0] != nil }
  }
}

// Calls with a struct.
extension StepReader {
  /// A call with a struct: `{irq-line: {irq: {type: spi, num: 40}, level: 1}}`.
  func request(
    _ call: RequestSchema, of file: SchemaFile, _ subject: Node, _ reader: MappingReader, _ expected: [Answer],
    _ at: SourceRange
  ) -> ExplicitStep? {
    let allowed =
      [call.name, "expect", "on", "address"] + (call.isWritten ? ["value"] : [])
      + (call.makesDescriptor || call.isWritten ? ["as"] : [])
    var reader = reader
    var subject = subject
    var hasUnreadKey = false
    let isStructure = if case .structure = call.type { true } else { false }
    // The keys of a struct without its mapping are no further mistakes.
    if !isStructure || subject.isEmpty || subject.entries != nil {
      (reader, hasUnreadKey) = checked(reader, "this step", keys: allowed) {
        call.type.hasMember($0) ? call.name : nil
      }
      subject = reader[call.name] ?? subject
    }
    guard let target = target(of: call, file, reader, at) else { return nil }
    var setting = AttributeSetting(
      call: AttributeNumbers(group: 0, attr: 0), owner: file, path: call.name, at: subject.isEmpty ? at : subject.range)
    var comparison: Comparison?
    if hasInvalidAddress(reader) {
      setting.data = .invalid
    } else if !call.type.isNone {
      comparison = data(of: call, subject, reader["value"], into: &setting)
    }
    var name: String?
    if call.makesDescriptor {
      name = newName(
        reader, otherwise: call.name, at: reader.keyRange(call.name) ?? at, nil, succeeds: expected.contains(.ok))
      if name == nil { return nil }
    }
    var step = ExplicitStep(
      action: .request(call, on: target, setting, comparison, as: name), expected: expected, at: setting.at)
    step.isIncomplete = setting.isIncomplete || hasUnreadKey
    if !call.makesDescriptor {
      var (start, size) = (0, 0)
      if case .bytes(let bytes, let slots) = setting.data {
        // What a pointer points to, or the whole payload.
        start = slots.firstTarget ?? 0
        size = bytes.count - start
      }
      let type = PayloadType.integer(IntegerType(size: size, isSigned: false))
      step.stored = store(reader, [1, 2, 4, 8].contains(size) ? type : nil, of: setting.data, at: start)
    }
    return step
  }

  /// Encodes the struct of a call. Returns what the kernel must write.
  func data(
    of call: RequestSchema, _ subject: Node, _ written: Node?, into setting: inout AttributeSetting
  ) -> Comparison? {
    var value = subject
    if subject.isEmpty {
      let isStructure = if case .structure = call.type { true } else { false }
      value = Node(isStructure ? .mapping([]) : .scalar("0", .plain), at: subject.range)
    }
    context.encode(value, for: call, into: &setting)
    if subject.isEmpty { setting.value = nil }
    guard let written, !setting.isIncomplete else { return nil }
    let expected = written.completed(by: subject, for: call.type)
    guard let wanted = encoder.encode(expected, as: call.type, name: "value") else { return nil }
    setting.keyPlaces.append(KeyPlaces.wanted, written.range)
    return Comparison(bytes: wanted.payload.bytes, mask: wanted.payload.mask)
  }

  /// The descriptor that a call with a struct is made on.
  func target(
    of call: RequestSchema, _ file: SchemaFile, _ reader: MappingReader, _ at: SourceRange
  ) -> TargetName? {
    if let on = reader["on"] {
      guard let path = target(on) else { return nil }
      let isRight = path.schema === file || (file.isRequestedOnVM && path.target == .vm)
      if isRight, path.rest.isEmpty { return path.target }
      findings.error("unknown-target", "'\(call.name)' is made on \(file.requestWords)", at: on.range)
      return nil
    }
    if file.isRequestedOnVM { return .vm }
    if file.subject == .system { return .system }
    if let place = reader[call.name]?.keyRange("on"), !call.type.hasMember("on") {
      findings.error(
        "unknown-key", "'\(call.name)' has no key 'on'; it belongs beside '\(call.name)'", at: place)
      return nil
    }
    findings.error(
      "missing-key", "'\(call.name)' needs 'on': it is made on \(file.requestWords)", at: at)
    return nil
  }
}

extension Node {
  /// The value with the members of another that decide the cases of unions.
  fileprivate func completed(by other: Node, for type: PayloadType) -> Node {
    guard case .structure(let type) = type, let entries else { return self }
    let tags = Set(type.fields.compactMap(\.unionTag)).sorted()
    let added = tags.filter { self[key: $0] == nil }.compactMap { tag in
      (other.entries ?? []).first { $0.key.value == tag }
    }
    return Node(.mapping(added + entries), at: range)
  }
}

extension Node {
  /// The step that enables the capability of `{NAME: {ARGUMENT: VALUE}}`; nil for another node.
  fileprivate var capability: String? {
    guard let entries, entries.count == 1, let entry = entries.first else { return nil }
    let arguments = (entry.value.entries ?? []).map { ", \($0.key.value): \($0.value.flow)" }.joined()
    return "{enable-capability: \(entry.key.value)\(arguments)}"
  }
}

extension SchemaFile {
  /// The descriptor of a call with a struct.
  fileprivate var requestWords: String { isCommon ? "the VM" : words }
}
