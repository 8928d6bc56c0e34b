import DevicePlan
import DeviceSchema
import Expressions
import Vocabulary

/// A call whose objects exist, ready to be evaluated, more than once if need be.
enum PreparedCall {
  /// The type is nil if it is unknown.
  case createVM(type: UInt64?)
  /// A call with arguments. The VM's `every` rules run first.
  case descriptor(DescriptorCallCode)
  case closeDevice(ModelDevice)
  case checkExtension(fact: String)
  case attribute(AttributeCall, AttributeAccess, AttributeSubject)
  case request(RequestSchema, AttributeData, AttributeSubject, newDescriptor: UInt64)
}

struct DescriptorCallCode {
  enum Action {
    case rules(DescriptorCall)
    case createVCPU
    /// Initialises a vCPU, then finalises it once for each number.
    case initialise([Int32])
    case createDevice(String, isTest: Bool)
    case createUnknownDevice(isTest: Bool)
    case refuse(GenericRefusal)
    case enable(Capability)
  }

  var file: SchemaFile
  /// The part of ids after the file.
  var path: String
  var arguments: [(name: String, value: Argument)]
  var vcpu = Cell.null
  var action: Action

  enum Argument {
    case number(UInt64)
    case numbers([Int32])
    case unknown
    case device(Cell)
  }
}

/// The object that an attribute belongs to.
struct AttributeSubject {
  var file: SchemaFile
  /// The path of the attribute in ids; empty if it is unknown.
  var path: String
  var vcpu = Cell.null
  var device = Cell.null
}

/// A device of the plan. A device without a schema is not modelled.
struct ModelDevice {
  var object: Cell
  var file: SchemaFile?
}

/// A call that can be evaluated, or its outcome, if that is known without rules.
enum Preparation {
  case call(PreparedCall)
  /// The call cannot be made, or no rules describe it.
  case answer(Outcome)

  fileprivate static func call(
    _ file: SchemaFile, _ path: String, _ arguments: [(name: String, value: DescriptorCallCode.Argument)],
    on vcpu: Cell = .null, _ action: DescriptorCallCode.Action
  ) -> Preparation {
    .call(.descriptor(DescriptorCallCode(file: file, path: path, arguments: arguments, vcpu: vcpu, action: action)))
  }
}

/// The missing object of a call, which therefore cannot be made.
enum Unmade: String, Error {
  case vm = "VM"
  case vcpu = "vCPU"
  case device

  var reason: String { "the \(rawValue) was not created" }
}

extension ModelHost {
  /// - Parameter path: the path of the attribute in ids.
  func preparation(of operation: DevicePlan.Operation, path: String?) -> Preparation {
    do throws(Unmade) { return try prepared(operation, path) } catch { return .answer(.skipped(error.reason)) }
  }

  /// - Parameter slot: the slot of the vCPU on which the call is made.
  func preparation(of call: DescriptorCall, _ slot: Int) -> Preparation {
    do throws(Unmade) { return try onVCPU(slot, call, [], .rules(call)) } catch {
      return .answer(.skipped(error.reason))
    }
  }

  private func prepared(_ operation: DevicePlan.Operation, _ path: String?) throws(Unmade) -> Preparation {
    switch operation {
    case .createVM(let type): return .call(.createVM(type: hasUnknownType ? nil : type))
    case .addMemory(let slot, let address, let size, let flags, let memory):
      var arguments: [(String, DescriptorCallCode.Argument)] = [
        ("slot", .number(UInt64(slot))), ("at", .number(address)), ("size", .number(size)),
        ("flags", .number(UInt64(flags))),
      ]
      let descriptor = try descriptor(memory?.device)
      for (name, number) in zip(catalogue.namesOfDescriptorMemory, [descriptor, memory?.offset ?? 0]) {
        arguments.append((name, .number(number)))
      }
      return try onVM(.addMemory, arguments)
    case .enableCapability(let number, let target, let flags, let arguments):
      return try enableCapability(number, on: target, flags: flags, arguments)
    case .createIRQChip: return try onVM(.createIRQChip)
    case .checkExtension(let number):
      try vm()
      guard let fact = catalogue.fact(foundBy: number) else {
        return .answer(.undecided([.ok, .refused(.noDeviceOrAddress)]))
      }
      return .call(.checkExtension(fact: fact))
    case .createVCPU(let id): return try createVCPU(id)
    case .initVCPU(let slot, let features, let finalize):
      return try onVCPU(
        slot, .initialise, [("features", .number(features)), ("finalize", .numbers(finalize))], .initialise(finalize))
    case .runVCPU(let slot): return try onVCPU(slot, .run, [], .rules(.run))
    case .createDevice(let type, let flags):
      return try createDevice(type, flags: flags, isTest: flags & Self.testFlag != 0)
    case .testDevice(let type, let flags): return try createDevice(type, flags: flags, isTest: true)
    case .closeDevice(let slot):
      try vm()
      return .call(.closeDevice(try device(slot)))
    case .setAttribute(let call): return try attribute(call, .set, path)
    case .getAttribute(let call): return try attribute(call, .get, path)
    case .hasAttribute(let call): return try attribute(call, .has, path)
    case .request(let call): return try request(call, path)
    }
  }

  /// The number that rules see of the descriptor in a device slot; 0 if there is no slot.
  private func descriptor(_ slot: Int?) throws(Unmade) -> UInt64 {
    guard let slot else { return 0 }
    _ = try device(slot)
    return UInt64(Self.firstDescriptor + slot)
  }

  /// The number of the descriptor in the first device slot. Those of files are below.
  static let firstDescriptor = 1 << 20

  /// Data with the numbers of the descriptors in device slots.
  private func filled(_ data: AttributeData) throws(Unmade) -> AttributeData {
    guard case .bytes(var bytes, let slots) = data, !slots.isEmpty else { return data }
    for slot in slots {
      guard case .device(let device) = slot.content, slot.offset + slot.width <= bytes.count else { continue }
      let number = try descriptor(device)
      var payload = PayloadBytes(size: slot.width)
      payload.put(
        Int128(number), mask: -1, at: 0, size: slot.width, bigEndian: catalogue.architecture.isBigEndian)
      bytes.replaceSubrange(slot.offset..<slot.offset + slot.width, with: payload.bytes)
    }
    return .bytes(bytes, slots: slots)
  }

  /// KVM_CREATE_DEVICE_TEST: the call tests for the device type and creates no descriptor.
  private static let testFlag: UInt32 = 1

  /// The schema of the VM, if there is a VM.
  @discardableResult
  private func vm() throws(Unmade) -> SchemaFile {
    guard let vm = catalogue.vm, hasVM else { throw .vm }
    return vm
  }

  private func vcpu(_ slot: Int) throws(Unmade) -> Cell {
    guard slot < vcpus.count, let vcpu = vcpus[slot] else { throw .vcpu }
    return vcpu
  }

  private func device(_ slot: Int) throws(Unmade) -> ModelDevice {
    guard slot < devices.count, let device = devices[slot] else { throw .device }
    return device
  }

  private func onVM(
    _ call: DescriptorCall, _ arguments: [(String, DescriptorCallCode.Argument)] = []
  ) throws(Unmade) -> Preparation {
    .call(try vm(), call.rawValue, arguments, .rules(call))
  }

  private func onVCPU(
    _ slot: Int, _ call: DescriptorCall, _ arguments: [(String, DescriptorCallCode.Argument)],
    _ action: DescriptorCallCode.Action
  ) throws(Unmade) -> Preparation {
    try vm()
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    return .call(file, call.rawValue, arguments, on: try vcpu(slot), action)
  }

  private func createVCPU(_ id: UInt64) throws(Unmade) -> Preparation {
    try vm()
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    return .call(file, DescriptorCall.create.rawValue, [("id", .number(id))], .createVCPU)
  }

  private func createDevice(_ type: UInt32, flags: UInt32, isTest: Bool) throws(Unmade) -> Preparation {
    let vm = try vm()
    let path = (isTest ? DescriptorCall.test : .create).rawValue
    let flags = ("flags", DescriptorCallCode.Argument.number(UInt64(flags)))
    if let file = catalogue.device(numbered: type), let name = file.deviceType {
      return .call(file, path, [flags], .createDevice(name, isTest: isTest))
    }
    // One list of rules describes all device types without a schema.
    let file = catalogue.files.first { $0.isCommon && $0.rules(of: .create) != nil }
    if let refusal = catalogue.refusal(ofType: type) { return .call(file ?? vm, path, [], .refuse(refusal)) }
    guard let file else { return .answer(.undecided([.refused(.noDevice), .ok])) }
    return .call(file, path, [("type", .number(UInt64(type))), flags], .createUnknownDevice(isTest: isTest))
  }

  private func enableCapability(
    _ number: UInt32, on target: Target, flags: UInt32, _ values: [CapabilityArgument]
  ) throws(Unmade) -> Preparation {
    try vm()
    var vcpu = Cell.null
    if case .vcpu(let slot) = target { vcpu = try self.vcpu(slot) }
    guard let (file, capability) = catalogue.capability(numbered: number, onVCPU: vcpu != .null) else {
      return .answer(.undecided([]))
    }
    var arguments: [(String, DescriptorCallCode.Argument)] = [("flags", .number(UInt64(flags)))]
    for (parameter, argument) in zip(capability.parameters, values) {
      switch argument {
      case .value(let number): arguments.append((parameter.name.identifier, .number(number)))
      case .device(let slot): arguments.append((parameter.name.identifier, .device(try device(slot).object)))
      }
    }
    return .call(file, capability.name, arguments, on: vcpu, .enable(capability))
  }

  private func attribute(
    _ call: AttributeCall, _ access: AttributeAccess, _ path: String?
  ) throws(Unmade) -> Preparation {
    guard let subject = try subject(call.target, path) else { return .answer(.undecided([])) }
    var call = call
    call.data = try filled(call.data)
    return .call(.attribute(call, access, subject))
  }

  /// The object of a call; nil if no schema describes it.
  private func subject(_ target: Target, _ path: String?) throws(Unmade) -> AttributeSubject? {
    var subject: AttributeSubject?
    switch target {
    case .system: subject = catalogue.system.map { AttributeSubject(file: $0, path: path ?? "") }
    case .vm: subject = catalogue.vm.map { AttributeSubject(file: $0, path: path ?? "") }
    case .vcpu(let slot):
      let vcpu = try vcpu(slot)
      subject = catalogue.vcpu.map { AttributeSubject(file: $0, path: path ?? "", vcpu: vcpu) }
    case .device(let slot):
      let device = try device(slot)
      subject = device.file.map { AttributeSubject(file: $0, path: path ?? "", device: device.object) }
    }
    if target != .system { try vm() }
    return subject
  }

  /// A call by the number of its request. Without rules it is made and not predicted.
  private func request(_ call: RequestCall, _ name: String?) throws(Unmade) -> Preparation {
    let data = try filled(call.data)
    guard var subject = try subject(call.target, nil),
      let (file, schema) = catalogue.request(numbered: call.request, on: subject.file, named: name),
      schema.rules != nil || schema.lifetime.includes(catalogue.release) == false
    else { return .answer(.undecided([])) }
    (subject.file, subject.path) = (file, schema.name)
    return .call(
      .request(schema, data, subject, newDescriptor: UInt64(Self.firstDescriptor + devices.count)))
  }
}
