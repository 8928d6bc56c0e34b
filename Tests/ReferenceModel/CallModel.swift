import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// Evaluates calls on the model.
struct CallModel {
  /// Runs the rules of one call; returns the value that a get reads.
  typealias Body = () throws(Stop) -> PayloadBytes?

  enum Preparation {
    case call(Body)
    /// The outcome is known without running rules: the call cannot be made, or no rules describe it.
    case answer(Outcome)
  }

  let interpreter: Interpreter
  let vcpus: [Value?]
  let devices: [ModelDevice?]

  var catalogue: Catalogue { interpreter.catalogue }

  /// - Parameter path: the path of the attribute in ids.
  func preparation(of operation: DevicePlan.Operation, path: String?) -> Preparation {
    do throws(Unmade) { return try prepared(operation, path) } catch { return .answer(.skipped(error.reason)) }
  }

  private func prepared(_ operation: DevicePlan.Operation, _ path: String?) throws(Unmade) -> Preparation {
    switch operation {
    case .createVM(let type): return .call { () throws(Stop) in try createVM(type) }
    case .addMemory(let slot, let address, let size):
      return try onVM(.addMemory, [("slot", Value(slot)), ("at", Value(address)), ("size", Value(size))])
    case .enableCapability(let number, let target, let flags, let arguments):
      return try enableCapability(number, on: target, flags: flags, arguments)
    case .createIRQChip: return try onVM(.createIRQChip)
    case .createVCPU(let id): return try createVCPU(id)
    case .initVCPU(let slot, let features, let finalize):
      return try initialise(slot, features, finalize)
    case .runVCPU(let slot): return try onVCPU(slot, .run)
    case .createDevice(let type, let flags):
      return try createDevice(type, flags: flags, isTest: flags & Self.testFlag != 0)
    case .testDevice(let type, let flags): return try createDevice(type, flags: flags, isTest: true)
    case .closeDevice(let slot): return try close(slot)
    case .setAttribute(let call): return try attribute(call, .set, path)
    case .getAttribute(let call): return try attribute(call, .get, path)
    case .hasAttribute(let call): return try attribute(call, .has, path)
    }
  }

  private func createVM(_ type: UInt64) throws(Stop) -> PayloadBytes? {
    guard let vm = catalogue.vm else { return nil }
    var fields = vm.createArguments.map { ($0.name.identifier, Value.integer($0.extract(from: Int128(type)))) }
    if !fields.contains(where: { $0.0 == "type" }) { fields.append(("type", Value(type))) }
    interpreter.call = CallContext(file: vm, path: DescriptorCall.create.rawValue, argument: .record(Fields(fields)))
    try interpreter.allocateVM()
    do throws(Stop) {
      try interpreter.runToEnd(vm.rules(of: .create))
    } catch {
      interpreter.removeVM()
      throw error
    }
    return nil
  }

  /// Prepares any other call. The VM's `every` rules run first.
  private func call(
    _ file: SchemaFile, _ path: String, _ fields: [(String, Value)], _ rules: @escaping () throws(Stop) -> Void
  ) -> Preparation {
    .call { () throws(Stop) in
      interpreter.call = CallContext(file: file, path: path, argument: .record(Fields(fields)))
      try interpreter.runToEnd(catalogue.vm?.every)
      try rules()
      return nil
    }
  }

  /// Runs the rules that describe a call. Without rules, some calls are refused.
  private func run(_ call: DescriptorCall, of file: SchemaFile) throws(Stop) {
    if let rules = file.rules(of: call) {
      try interpreter.runToEnd(rules)
    } else if let refusal = call.refusalWithoutRules {
      try interpreter.refuse(refusal)
    }
  }

  private func onVM(_ call: DescriptorCall, _ fields: [(String, Value)] = []) throws(Unmade) -> Preparation {
    let vm = try vm()
    return self.call(vm, call.rawValue, fields) { () throws(Stop) in try run(call, of: vm) }
  }
}

/// The missing object of a call, which therefore cannot be made.
enum Unmade: String, Error {
  case vm = "VM"
  case vcpu = "vCPU"
  case device

  var reason: String { "the \(rawValue) was not created" }
}

extension CallModel {
  /// The schema of the VM, if there is a VM.
  @discardableResult
  func vm() throws(Unmade) -> SchemaFile {
    guard let vm = catalogue.vm, interpreter.vm != nil else { throw .vm }
    return vm
  }

  func vcpu(_ slot: Int) throws(Unmade) -> Value {
    guard slot < vcpus.count, let vcpu = vcpus[slot] else { throw .vcpu }
    return vcpu
  }

  func device(_ slot: Int) throws(Unmade) -> ModelDevice {
    guard slot < devices.count, let device = devices[slot] else { throw .device }
    return device
  }
}

// MARK: vCPUs

extension CallModel {
  private func createVCPU(_ id: UInt64) throws(Unmade) -> Preparation {
    try vm()
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    return call(file, DescriptorCall.create.rawValue, [("id", Value(id))]) { () throws(Stop) in
      try interpreter.allocateVCPU()
      try run(.create, of: file)
      interpreter.link(interpreter.call.vcpu, into: "vcpus")
    }
  }

  /// Initialises a vCPU, then finalises it once for each number.
  private func initialise(_ slot: Int, _ features: UInt64, _ numbers: [Int32]) throws(Unmade) -> Preparation {
    try vm()
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    let vcpu = try vcpu(slot)
    let arguments = [("features", Value(features)), ("finalize", .list(numbers.map { Value($0) }))]
    return call(file, DescriptorCall.initialise.rawValue, arguments) { () throws(Stop) in
      interpreter.call.vcpu = vcpu
      try run(.initialise, of: file)
      guard let rules = file.rules(of: .finalize) else { return }
      interpreter.call.path = DescriptorCall.finalize.rawValue
      for number in numbers {
        interpreter.call.argument = .record(Fields([("feature", Value(number))]))
        try interpreter.runToEnd(rules)
      }
    }
  }

  private func onVCPU(
    _ slot: Int, _ call: DescriptorCall, _ fields: [(String, Value)] = []
  ) throws(Unmade) -> Preparation {
    try vm()
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    let vcpu = try vcpu(slot)
    return self.call(file, call.rawValue, fields) { () throws(Stop) in
      interpreter.call.vcpu = vcpu
      try run(call, of: file)
    }
  }
}

// MARK: Devices

extension CallModel {
  private func createDevice(_ type: UInt32, flags: UInt32, isTest: Bool) throws(Unmade) -> Preparation {
    let vm = try vm()
    let path = (isTest ? DescriptorCall.test : .create).rawValue
    guard let file = catalogue.device(numbered: type), let name = file.deviceType else {
      return createUnknown(type, path, [("type", Value(type)), ("flags", Value(flags))], isTest: isTest, vm)
    }
    return call(file, path, [("flags", Value(flags))]) { () throws(Stop) in
      if try !exists(file.lifetime) { try interpreter.refuse(.absentDeviceType(file, catalogue)) }
      if try !isRegistered(file, name) { try interpreter.refuse(.noDeviceType(name)) }
      if isTest { return }
      try interpreter.allocateDevice(name, file)
      try run(.create, of: file)
      interpreter.link(interpreter.call.device, into: "devices")
    }
  }

  /// KVM_CREATE_DEVICE_TEST: the call tests for the device type and creates no descriptor.
  private static let testFlag: UInt32 = 1

  /// Prepares the creation of a device type without a schema. One list of rules describes all of them.
  private func createUnknown(
    _ type: UInt32, _ path: String, _ fields: [(String, Value)], isTest: Bool, _ vm: SchemaFile
  ) -> Preparation {
    let file = catalogue.files.first { $0.isCommon && $0.rules(of: .create) != nil }
    if let refusal = catalogue.refusal(ofType: type) {
      return call(file ?? vm, path, []) { () throws(Stop) in try interpreter.refuse(refusal) }
    }
    guard let file else {
      return .answer(.undecided([.refused(.noDevice), .ok]))
    }
    return call(file, path, fields) { () throws(Stop) in
      try interpreter.runToEnd(file.rules(of: .create))
      if !isTest { interpreter.call.device = .object(interpreter.heap.allocate(.plain)) }
    }
  }

  /// Whether the release has something. Where that is not known, the call is followed both ways.
  private func exists(_ lifetime: Lifetime) throws(Stop) -> Bool {
    if let isKnown = lifetime.includes(catalogue.release) { return isKnown }
    return try interpreter.decide(Expression(constant: .unknown, text: "since"))
  }

  private func isRegistered(_ file: SchemaFile, _ name: String) throws(Stop) -> Bool {
    if let registered = file.registered { return try interpreter.decide(registered) }
    switch interpreter.fact("devices") {
    case .list(let types): return types.contains(.string(name))
    default: return try interpreter.decide(Expression(constant: .unknown, text: "host.devices"))
    }
  }

  private func close(_ slot: Int) throws(Unmade) -> Preparation {
    try vm()
    let device = try device(slot)
    return .call { () throws(Stop) in
      guard let file = device.file else { return nil }
      interpreter.call = CallContext(file: file, path: DescriptorCall.close.rawValue, device: device.object)
      // Without a release function the kernel keeps the device until the VM goes.
      guard let rules = file.rules(of: .close) else { return nil }
      try interpreter.runToEnd(rules)
      interpreter.unlink(device.object, from: "devices")
      return nil
    }
  }
}

// MARK: Capabilities

extension CallModel {
  private func enableCapability(
    _ number: UInt32, on target: Target, flags: UInt32, _ values: [CapabilityArgument]
  ) throws(Unmade) -> Preparation {
    try vm()
    var vcpu = Value.null
    if case .vcpu(let slot) = target { vcpu = try self.vcpu(slot) }
    guard let (file, capability) = catalogue.capability(numbered: number, onVCPU: vcpu != .null) else {
      return .answer(.undecided([]))
    }
    var fields: [(String, Value)] = [("flags", Value(flags))]
    for (parameter, argument) in zip(capability.parameters, values) {
      let value =
        switch argument {
        case .value(let number): Value(number)
        case .device(let slot): try device(slot).object
        }
      fields.append((parameter.name.identifier, value))
    }
    return call(file, capability.name, fields) { () throws(Stop) in
      interpreter.call.vcpu = vcpu
      interpreter.call.capability = capability.rules
      if try !exists(capability.lifetime) { try interpreter.refuse(.absentCapability(capability, catalogue)) }
      try interpreter.runToEnd(file.rules(of: .enableCapability) ?? capability.rules)
    }
  }
}
