import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

// The three attribute calls. The order of what is looked at is that of kvm_device_ioctl() and of the handlers behind it:
// the VM's life; whether the descriptor has the call at all; the group; the attribute; the attribute's own checks.
extension CallModel {
  func attribute(_ call: AttributeCall, _ access: AttributeAccess, _ path: String?) -> Preparation {
    let file: SchemaFile?
    var vcpu = Value.null
    var device = Value.null
    switch call.target {
    case .system: file = interpreter.catalogue.system
    case .vm: file = interpreter.catalogue.vm
    case .vcpu(let slot):
      guard slot < vcpus.count, let found = vcpus[slot] else { return .answer(.skipped("the vCPU was not created")) }
      (file, vcpu) = (interpreter.catalogue.vcpu, found)
    case .device(let slot):
      guard slot < devices.count, let found = devices[slot] else {
        return .answer(.skipped("the device was not created"))
      }
      (file, device) = (found.file, found.object)
    }
    if call.target != .system, interpreter.vm == nil { return .answer(.skipped("the VM was not created")) }
    guard let file else { return .answer(.undecided([])) }
    return .call { () throws(Stop) in
      interpreter.call = CallContext(
        file: file, path: path ?? "", vcpu: vcpu, device: device, attr: call.attr, group: call.group,
        flags: call.flags)
      if call.target != .system { try interpreter.runToEnd(interpreter.catalogue.vm?.every) }
      if file.subject != .vm { try interpreter.runToEnd(file.every) }
      if let errno = file.noAccessor[access] {
        try interpreter.refuse(errno, "\(file.words) has no \(access.ioctl)")
      }
      return try answer(call, access, file)
    }
  }

  private func answer(
    _ call: AttributeCall, _ access: AttributeAccess, _ file: SchemaFile
  ) throws(Stop) -> PayloadBytes? {
    guard let group = try group(numbered: call.group, of: file) else {
      let errno = file.unknownGroup[access] ?? .invalid
      try interpreter.refuse(errno, "\(file.words) has no group \(call.group)")
      return nil
    }
    let attribute = try attribute(numbered: call.attr, of: group)
    let groupRules = group.call(access)
    if interpreter.call.path.isEmpty { interpreter.call.path = attribute.map(group.path(of:)) ?? group.name }
    let payload = try payload(of: attribute, in: group)
    interpreter.call.payload = contents(call.data, payload)
    let rules = attribute?.call(access)
    let takesInput = access == .set || groupRules.takesInput || rules?.takesInput == true
    let reads = groupRules.rules?.readsValue == true || rules?.rules?.readsValue == true
    // The kernel copies the payload in before anything else, unless the rules say where.
    if takesInput, !reads, attribute?.access.contains(access) == true, !payload.isNone { try interpreter.readValue() }
    // A call that copies nothing in has nothing that could be read.
    if payload.isNone, !reads { interpreter.call.value = .null }
    try interpreter.runToEnd(groupRules.rules)
    guard let attribute, attribute.access.contains(access) else {
      let errno = group.unknownAttribute[access] ?? .invalid
      let what = attribute == nil ? "has no attribute \(call.attr)" : "does not \(access.verb) this attribute"
      try interpreter.refuse(errno, "group '\(group.name)' of \(file.words) \(what)")
      return nil
    }
    let hasReturned = try interpreter.runToEnd(rules?.rules)
    // A get that returns before its end writes nothing.
    return access == .get && !hasReturned ? try read(call, attribute, group, payload) : nil
  }

  private func group(numbered number: UInt32, of file: SchemaFile) throws(Stop) -> GroupSchema? {
    for group in file.groups where group.number == number && group.lifetime.includes(interpreter.catalogue.release) {
      if let when = group.when, try !interpreter.decide(when) { continue }
      return group
    }
    return nil
  }

  /// The first attribute that the number fits; its key becomes visible.
  private func attribute(numbered attr: UInt64, of group: GroupSchema) throws(Stop) -> AttributeSchema? {
    for attribute in group.attributes where attribute.lifetime.includes(interpreter.catalogue.release) {
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
      let bigEndian = interpreter.catalogue.architecture.isBigEndian
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

  /// What a get writes; the address is looked at last.
  private func read(
    _ call: AttributeCall, _ attribute: AttributeSchema, _ group: GroupSchema, _ type: PayloadType
  ) throws(Stop) -> PayloadBytes? {
    if type.isNone { return nil }
    guard case .bytes(let bytes, _) = call.data, !isTooShort(bytes, type) else {
      try interpreter.refuse(.badAddress, "the kernel cannot write the value to this address")
      return nil
    }
    guard let value = try predicted(attribute.get.value ?? group.get.value) else { return nil }
    return type.encode(value, bigEndian: interpreter.catalogue.architecture.isBigEndian)
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
