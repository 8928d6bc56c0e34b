import DevicePlan
import DeviceSchema
import Expressions
import Vocabulary

// The three attribute calls. `CallSequence` describes their stages, in the order of kvm_device_ioctl() and of the
// handlers that it calls.
extension Machine {
  mutating func make(
    _ attributeCall: AttributeCall, _ access: AttributeAccess, _ subject: AttributeSubject
  ) throws(Stop) -> PayloadBytes? {
    call = CallState(file: subject.file, path: subject.path, vcpu: subject.vcpu, device: subject.device)
    (call.attr, call.group, call.flags) = (attributeCall.attr, attributeCall.group, attributeCall.flags)
    let file = program.number(of: subject.file)
    for case .rules(let block) in program.opening(file, access) {
      // `return` ends the call.
      if try runToEnd(block) { return call.written }
    }
    guard let group = try group(of: file) else {
      let sequence = CallSequence(catalogue, subject.file, access, group: call.group)
      return try runOtherwise(program.unknownGroup(file, access), sequence.missing(at: .group))
    }
    let attribute = try attribute(of: group)
    call.attribute = attribute
    if call.path.isEmpty {
      call.path = program.attributes[Int(attribute)].schema?.path ?? program.groups[Int(group)].schema.name
    }
    let type = try payload(of: attribute, in: group)
    supply(attributeCall.data, type)
    for stage in program.course(attribute, of: group, file, access) {
      switch stage {
      case .rules(let block): if try runToEnd(block) { return call.written }
      case .otherwise(let block, let stage):
        var sequence = CallSequence(catalogue, subject.file, access, group: call.group, attr: call.attr)
        sequence.find(program.groups[Int(group)].schema, program.attributes[Int(attribute)].schema)
        call.lacksAccess = program.attributes[Int(attribute)].schema.map { !$0.access.contains(access) } ?? false
        return try runOtherwise(block, sequence.missing(at: stage))
      }
    }
    return call.written
  }

  /// Makes the data of the caller ready to be copied in and out.
  mutating func supply(_ data: AttributeData, _ type: PayloadType) {
    call.payload = payload(data, type)
    call.payloadType = type
    call.payloadSize = data.size
    if case .bytes(let bytes, _) = data { call.buffer = bytes }
  }

  /// Runs the rules for what the lookup does not find, which end the call.
  private mutating func runOtherwise(_ block: BlockID, _ missing: String) throws(Stop) -> PayloadBytes? {
    call.missing = missing
    try runToEnd(block)
    return call.written
  }

  private mutating func group(of file: FileID) throws(Stop) -> GroupID? {
    let groups = program.groups(numbered: call.group, of: file)
    reserveLocals(Int(program.slotCount))
    for group in groups {
      if program.groups[Int(group)].isUncertain, !assume() { continue }
      if let when = program.groups[Int(group)].when, try !decide(when) { continue }
      return group
    }
    return nil
  }

  /// Finds the first attribute that matches the number, and makes its key visible.
  private mutating func attribute(of group: GroupID) throws(Stop) -> AttributeCallID {
    let (attributes, unknown) = (program.groups[Int(group)].attributes, program.groups[Int(group)].unknown)
    for attribute in attributes {
      guard let raw = program.attributeNumbers[Int(attribute)].raw(call.attr) else { continue }
      if program.attributes[Int(attribute)].isUncertain, !assume() { continue }
      call.key = key(raw, of: attribute)
      if let when = program.attributes[Int(attribute)].when, try !decide(when) { continue }
      return attribute
    }
    call.key = .unknown
    return unknown
  }

  private mutating func key(_ raw: UInt64, of attribute: AttributeCallID) -> Cell {
    let count = program.attributeNumbers[Int(attribute)].fields.count
    let address = memory.allocate(program.attributeNumbers[Int(attribute)].shape, fields: count)
    for i in 0..<count {
      let field = program.attributeNumbers[Int(attribute)].fields[i]
      memory.write(program.pool.integer((raw & field.mask) >> field.shift), to: address + 1 + Address(i))
    }
    return .record(address)
  }

  private mutating func payload(of attribute: AttributeCallID, in group: GroupID) throws(Stop) -> PayloadType {
    let payloads = program.payloads(of: attribute, in: group)
    reserveLocals(Int(program.slotCount))
    for payload in payloads {
      if let when = payload.when, try !decide(when) { continue }
      guard let count = payload.count, let number = program.pool.integer(of: try value(of: count)) else {
        return payload.type
      }
      return payload.type.counted(number)
    }
    return .none
  }
}

extension AttributeData {
  /// In bytes; nil if the pointer is invalid.
  fileprivate var size: Int? {
    switch self {
    case .none: 0
    case .bytes(let bytes, let slots): slots.firstTarget ?? bytes.count
    case .invalid: nil
    }
  }
}
