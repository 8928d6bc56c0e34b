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

  /// Runs the stages of a call and returns the value that it writes.
  private func run(_ call: AttributeCall, _ sequence: consuming CallSequence) throws(Stop) -> PayloadBytes? {
    for stage in CallSequence.Stage.inOrder {
      if stage == .group { try lookUp(call, &sequence) }
      switch sequence.action(at: stage) {
      case nil: continue
      // `return` ends the call.
      case .rules(let rules)?: if try interpreter.runToEnd(rules) { return interpreter.call.written }
      case .otherwise(let rules)?:
        interpreter.call.missing = sequence.missing(at: stage)
        try interpreter.runToEnd(rules)
        return interpreter.call.written
      }
    }
    return interpreter.call.written
  }

  /// Finds the group, the attribute and the type of the payload.
  private func lookUp(_ call: AttributeCall, _ sequence: inout CallSequence) throws(Stop) {
    guard let group = try group(numbered: call.group, of: sequence.file) else { return }
    let attribute = try attribute(numbered: call.attr, of: group)
    if interpreter.call.path.isEmpty { interpreter.call.path = attribute?.path ?? group.name }
    let payload = try payload(of: attribute, in: group)
    interpreter.call.payload = contents(call.data, payload)
    interpreter.call.payloadType = payload
    interpreter.call.payloadSize = call.data.size
    if case .bytes(let bytes, _) = call.data { interpreter.call.isWritable = !isTooShort(bytes, payload) }
    sequence.find(group, attribute)
  }

  private func group(numbered number: UInt32, of file: SchemaFile) throws(Stop) -> GroupSchema? {
    for group in file.groups where group.number == number {
      guard try interpreter.exists(group.lifetime) else { continue }
      if let when = group.when, try !interpreter.decide(when) { continue }
      return group
    }
    return nil
  }

  /// Finds the first attribute that matches the number, and makes its key visible.
  private func attribute(numbered attr: UInt64, of group: GroupSchema) throws(Stop) -> AttributeSchema? {
    for attribute in group.attributes {
      guard let key = attribute.key(of: attr), try interpreter.exists(attribute.lifetime) else { continue }
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
        // The values of parameters and the indexes of vCPUs are known only at load time.
        guard case .file(let file) = slot.content else { return .value(.unknown) }
        // Each open file has a distinct number. Nothing else is known about it.
        var payload = PayloadBytes(size: slot.width)
        payload.put(Int128(1000 + file), mask: -1, at: 0, size: slot.width, bigEndian: bigEndian)
        bytes.replaceSubrange(slot.offset..<slot.offset + slot.width, with: payload.bytes)
      }
      return .value(type.decode(bytes[...], bigEndian: bigEndian).withoutBareDescriptors(type, slots.map(\.offset)))
    }
  }

  /// Whether the kernel runs past the payload, into a page that cannot be accessed.
  private func isTooShort(_ bytes: [UInt8], _ type: PayloadType) -> Bool { bytes.count < type.fixedSize ?? 0 }
}

extension Interpreter {
  /// The place where the kernel copies a value out. The address is checked only here.
  func write(_ value: CallValue) throws(Stop) {
    if call.payloadType.isNone { return }
    guard call.isWritable else { return try refuse(.cannotWrite) }
    let written: Value
    switch value {
    case .expression(let expression): written = try self.value(of: expression)
    case .fields(let fields):
      var values: [(String, Value)] = []
      for (name, expression) in fields { values.append((name, try self.value(of: expression))) }
      written = .record(Fields(values))
    }
    // Nothing is known of an unknown value, not even its shape.
    call.written =
      written == .unknown ? nil : call.payloadType.encode(written, bigEndian: catalogue.architecture.isBigEndian)
  }
}

extension AttributeData {
  /// In bytes; nil if the pointer is invalid.
  fileprivate var size: Int? {
    switch self {
    case .none: 0
    case .bytes(let bytes, _): bytes.count
    case .invalid: nil
    }
  }
}

extension Value {
  /// The value, with unknown in place of each descriptor that is a bare number. Such a number may be open or not: the
  /// plan does not know the other descriptors of the process.
  ///
  /// - Parameter filled: the offsets of the plan's own descriptors in the payload.
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
