import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

// The three attribute calls. `CallSequence` describes their stages, in the order of kvm_device_ioctl() and of the
// handlers that it calls.
extension CallModel {
  func attribute(_ call: AttributeCall, _ access: AttributeAccess, _ path: String?) throws(Unmade) -> Preparation {
    let file: SchemaFile?
    var (vcpu, device) = (Value.null, Value.null)
    switch call.target {
    case .system: file = catalogue.system
    case .vm: file = catalogue.vm
    case .vcpu(let slot): (file, vcpu) = (catalogue.vcpu, try self.vcpu(slot))
    case .device(let slot):
      let found = try self.device(slot)
      (file, device) = (found.file, found.object)
    }
    if call.target != .system { try vm() }
    guard let file else { return .answer(.undecided([])) }
    return .call { () throws(Stop) in
      interpreter.call = CallContext(
        file: file, path: path ?? "", vcpu: vcpu, device: device, attr: call.attr, group: call.group,
        flags: call.flags)
      return try run(call, CallSequence(catalogue, file, access, group: call.group, attr: call.attr))
    }
  }

  /// Returns what a get reads.
  private func run(_ call: AttributeCall, _ sequence: consuming CallSequence) throws(Stop) -> PayloadBytes? {
    var payload = PayloadType.none
    for stage in CallSequence.Stage.inOrder {
      if stage == .group { payload = try lookUp(call, &sequence) }
      switch sequence.action(at: stage) {
      case nil: continue
      case .rules(let rules)?:
        // A get that returns before its end writes nothing.
        if try interpreter.runToEnd(rules), stage == .attributeRules { return nil }
      case .copyIn?: try interpreter.readValue()
      case .copyOut?: return try read(call, payload, sequence.value)
      case .refuse(let refusal)?:
        try interpreter.refuse(refusal)
        // A call that is forced goes on, unless it has nothing to go on with.
        if stage != .accessor { return nil }
      }
    }
    return nil
  }

  /// Finds the group, the attribute and the type of the payload.
  private func lookUp(_ call: AttributeCall, _ sequence: inout CallSequence) throws(Stop) -> PayloadType {
    guard let group = try group(numbered: call.group, of: sequence.file) else { return .none }
    let attribute = try attribute(numbered: call.attr, of: group)
    if interpreter.call.path.isEmpty { interpreter.call.path = attribute.map(group.path(of:)) ?? group.name }
    let payload = try payload(of: attribute, in: group)
    interpreter.call.payload = contents(call.data, payload)
    sequence.find(group, attribute, hasPayload: !payload.isNone)
    // A call that copies nothing in has nothing that could be read.
    if payload.isNone, !sequence.rulesRead { interpreter.call.value = .null }
    return payload
  }

  private func group(numbered number: UInt32, of file: SchemaFile) throws(Stop) -> GroupSchema? {
    for group in file.groups where group.number == number && group.lifetime.includes(catalogue.release) {
      if let when = group.when, try !interpreter.decide(when) { continue }
      return group
    }
    return nil
  }

  /// The first attribute that the number fits; its key becomes visible.
  private func attribute(numbered attr: UInt64, of group: GroupSchema) throws(Stop) -> AttributeSchema? {
    for attribute in group.attributes where attribute.lifetime.includes(catalogue.release) {
      guard let key = attribute.key(of: attr) else { continue }
      interpreter.call.key = .record(key)
      if let when = attribute.when, try !interpreter.decide(when) { continue }
      return attribute
    }
    interpreter.call.key = .unknown
    return nil
  }

  private func payload(of attribute: AttributeSchema?, in group: GroupSchema) throws(Stop) -> PayloadType {
    for (when, type) in attribute.map(group.payloads(of:)) ?? group.payloads {
      if let when, try !interpreter.decide(when) { continue }
      return type
    }
    return .none
  }

  private func contents(_ data: AttributeData, _ type: PayloadType) -> CallContext.Payload? {
    switch data {
    case .none: return nil
    case .invalid: return .invalid
    case .bytes(let bytes, _) where isTooShort(bytes, type): return .invalid
    case .bytes(var bytes, let slots):
      let bigEndian = catalogue.architecture.isBigEndian
      for slot in slots where slot.offset + slot.width <= bytes.count {
        // A parameter's value comes with the loader, and so do the vCPUs.
        guard case .file(let file) = slot.content else { return .value(.unknown) }
        // An open file: a number of its own, of which nothing else is known.
        var payload = PayloadBytes(size: slot.width)
        payload.put(Int128(1000 + file), mask: -1, at: 0, size: slot.width, bigEndian: bigEndian)
        bytes.replaceSubrange(slot.offset..<slot.offset + slot.width, with: payload.bytes)
      }
      return .value(type.decode(bytes[...], bigEndian: bigEndian).withoutBareDescriptors(type, slots.map(\.offset)))
    }
  }

  /// Whether the kernel runs into the page behind the payload, which nobody can touch.
  private func isTooShort(_ bytes: [UInt8], _ type: PayloadType) -> Bool { bytes.count < type.fixedSize ?? 0 }

  /// What a get writes; the address is checked last.
  private func read(_ call: AttributeCall, _ type: PayloadType, _ value: CallValue?) throws(Stop) -> PayloadBytes? {
    guard case .bytes(let bytes, _) = call.data, !isTooShort(bytes, type) else {
      try interpreter.refuse(.cannotWrite)
      return nil
    }
    guard let value = try predicted(value) else { return nil }
    return type.encode(value, bigEndian: catalogue.architecture.isBigEndian)
  }

  private func predicted(_ value: CallValue?) throws(Stop) -> Value? {
    switch value {
    case nil: return nil
    case .expression(let expression): return try interpreter.value(of: expression)
    case .fields(let fields):
      var values: [(String, Value)] = []
      for (name, expression) in fields { values.append((name, try interpreter.value(of: expression))) }
      return .record(Fields(values))
    }
  }
}

extension Value {
  /// The value with each descriptor unknown that is a bare number: it may be open or not, as what else the process has open is not the
  /// plan's.
  ///
  /// - Parameter filled: where in the payload the plan's own descriptors stand.
  fileprivate func withoutBareDescriptors(_ type: PayloadType, _ filled: [Int], at offset: Int = 0) -> Value {
    switch (type, self) {
    case (.descriptor, .integer(let number)): return number >= 0 && !filled.contains(offset) ? .unknown : self
    case (.structure(let type), .record(var fields)):
      guard let layout = StructureLayout(type.fields) else { return self }
      for (i, field) in type.fields.enumerated() where field.count == nil {
        let name = field.name.identifier
        fields[name] = fields[name]?.withoutBareDescriptors(field.type, filled, at: offset + layout.offsets[i])
      }
      return .record(fields)
    default: return self
    }
  }
}
