import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// How the model works out each kind of call: in which order what is looked at.
struct CallModel {
  /// Runs the rules of one call; returns the value that a get reads.
  typealias Body = () throws(Stop) -> PayloadBytes?

  enum Preparation {
    case call(Body)
    /// The call cannot be made, or nothing is known of it.
    case answer(Outcome)
  }

  let interpreter: Interpreter
  let vcpus: [Value?]
  let devices: [ModelDevice?]

  private var catalogue: Catalogue { interpreter.catalogue }

  /// - Parameter path: what ids call the attribute.
  func body(of operation: DevicePlan.Operation, path: String?) -> Preparation {
    if case .createVM(let type) = operation { return .call { () throws(Stop) in try createVM(type) } }
    switch operation {
    case .setAttribute(let call): return attribute(call, .set, path)
    case .getAttribute(let call): return attribute(call, .get, path)
    case .hasAttribute(let call): return attribute(call, .has, path)
    default: break
    }
    guard let vm = catalogue.vm, interpreter.vm != nil else { return .answer(.skipped("the VM was not created")) }
    switch operation {
    case .addMemory(let slot, let address, let size):
      return call(vm, "add-memory", [("slot", Value(slot)), ("at", Value(address)), ("size", Value(size))]) {
        () throws(Stop) in try interpreter.runToEnd(vm.addMemory)
      }
    case .enableCapability(let number, let target, let flags, let arguments):
      return enableCapability(number, on: target, flags: flags, arguments)
    case .createIRQChip:
      return call(vm, "create-irqchip") { () throws(Stop) in
        guard let rules = vm.createIRQChip else {
          return try interpreter.refuse(.notTypewriter, "this architecture has no KVM_CREATE_IRQCHIP")
        }
        try interpreter.run(rules)
      }
    case .createVCPU(let id): return createVCPU(id)
    case .initVCPU(let slot, let features, let finalize): return initialise(slot, features, finalize)
    case .createDevice(let type, let flags):
      return createDevice(type, flags: flags, isTest: flags & Self.testFlag != 0)
    case .testDevice(let type, let flags): return createDevice(type, flags: flags, isTest: true)
    case .closeDevice(let slot): return close(slot)
    case .runVCPU(let slot):
      return onVCPU(slot, "run") { () throws(Stop) in try interpreter.runToEnd(catalogue.vcpu?.run) }
    case .createVM, .setAttribute, .getAttribute, .hasAttribute: preconditionFailure("answered above")
    }
  }

  private func arguments(_ fields: [(String, Value)]) -> Value { .record(Fields(fields)) }

  /// What holds for every call on a VM, vCPU or device.
  private func runEvery() throws(Stop) { try interpreter.runToEnd(catalogue.vm?.every) }

  private func call(
    _ file: SchemaFile, _ path: String, _ fields: [(String, Value)] = [],
    _ rules: @escaping () throws(Stop) -> Void
  ) -> Preparation {
    .call { () throws(Stop) in
      interpreter.call = CallContext(file: file, path: path, argument: arguments(fields))
      try runEvery()
      try rules()
      return nil
    }
  }

  private func createVM(_ type: UInt64) throws(Stop) -> PayloadBytes? {
    guard let vm = catalogue.vm else { return nil }
    var fields = vm.createArguments.map { ($0.name.identifier, Value.integer($0.extract(from: Int128(type)))) }
    if !fields.contains(where: { $0.0 == "type" }) { fields.append(("type", Value(type))) }
    interpreter.call = CallContext(file: vm, path: "create", argument: arguments(fields))
    try interpreter.allocateVM()
    do throws(Stop) {
      try interpreter.runToEnd(vm.create)
    } catch {
      interpreter.removeVM()
      throw error
    }
    return nil
  }
}

extension Errno {
  static let notTypewriter = Errno(name: "ENOTTY")!
  static let noDevice = Errno(name: "ENODEV")!
  static let invalid = Errno(name: "EINVAL")!
}

// MARK: vCPUs

extension CallModel {
  private func createVCPU(_ id: UInt64) -> Preparation {
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    return call(file, "create", [("id", Value(id))]) { () throws(Stop) in
      if file.create?.list.allocatesVCPU != true { try interpreter.allocateVCPU() }
      try interpreter.runToEnd(file.create)
      interpreter.link(interpreter.call.vcpu, into: "vcpus")
    }
  }

  private func initialise(_ slot: Int, _ features: UInt64, _ finalize: [Int32]) -> Preparation {
    let fields: [(String, Value)] = [("features", Value(features)), ("finalize", .list(finalize.map { Value($0) }))]
    return onVCPU(slot, "init", fields) { () throws(Stop) in
      guard let rules = catalogue.vcpu?.initialise else {
        return try interpreter.refuse(.invalid, "vCPUs of this architecture are not initialised by a call")
      }
      try interpreter.run(rules)
    }
  }

  private func onVCPU(
    _ slot: Int, _ path: String, _ fields: [(String, Value)] = [], _ rules: @escaping () throws(Stop) -> Void
  ) -> Preparation {
    guard let file = catalogue.vcpu else { return .answer(.undecided([])) }
    guard slot < vcpus.count, let vcpu = vcpus[slot] else { return .answer(.skipped("the vCPU was not created")) }
    return call(file, path, fields) { () throws(Stop) in
      interpreter.call.vcpu = vcpu
      try rules()
    }
  }
}

extension RuleList {
  fileprivate var allocatesVCPU: Bool { rules.contains { $0.allocatesVCPU || $0.rules?.allocatesVCPU == true } }
}

// MARK: Devices

extension CallModel {
  private func createDevice(_ type: UInt32, flags: UInt32, isTest: Bool) -> Preparation {
    guard let file = catalogue.device(numbered: type) else {
      return catalogue.isForeign(type: type) ? createForeign(type) : createUnknown(type, flags: flags, isTest: isTest)
    }
    let name = file.deviceType ?? ""
    return call(file, isTest ? "test" : "create", [("flags", Value(flags))]) { () throws(Stop) in
      if try !isRegistered(file, name) {
        try interpreter.refuse(.noDevice, "this host's KVM has no device type '\(name)'")
      }
      if isTest { return }
      try interpreter.allocateDevice(name, file)
      try interpreter.runToEnd(file.create)
      interpreter.link(interpreter.call.device, into: "devices")
    }
  }

  /// KVM_CREATE_DEVICE_TEST: whoever sets it only asks, and gets no descriptor.
  private static let testFlag: UInt32 = 1

  private func createForeign(_ type: UInt32) -> Preparation {
    call(catalogue.vm ?? catalogue.files[0], "create-device") { () throws(Stop) in
      try interpreter.refuse(.noDevice, "device type \(type) is another architecture's or another release's")
    }
  }

  /// A device type without a schema: what is known of it is said once for all of them.
  private func createUnknown(_ type: UInt32, flags: UInt32, isTest: Bool) -> Preparation {
    guard let file = catalogue.files.first(where: { $0.unknownDevice != nil }) else {
      return .answer(.undecided([.refused(.noDevice), .ok]))
    }
    return call(file, isTest ? "test" : "create", [("type", Value(type)), ("flags", Value(flags))]) {
      () throws(Stop) in
      try interpreter.runToEnd(file.unknownDevice)
      if !isTest { interpreter.call.device = .object(interpreter.heap.allocate(.plain)) }
    }
  }

  private func isRegistered(_ file: SchemaFile, _ name: String) throws(Stop) -> Bool {
    if let registered = file.registered { return try interpreter.decide(registered) }
    switch interpreter.fact("devices") {
    case .list(let types): return types.contains(.string(name))
    default: return try interpreter.decide(Expression(constant: .unknown, text: "host.devices"))
    }
  }

  private func close(_ slot: Int) -> Preparation {
    guard slot < devices.count, let device = devices[slot] else {
      return .answer(.skipped("the device was not created"))
    }
    guard let file = device.file else { return .answer(.ok) }
    return .call { () throws(Stop) in
      interpreter.call = CallContext(file: file, path: "close", device: device.object)
      // Without a release function the kernel keeps the device until the VM goes.
      guard let rules = file.release else { return nil }
      try interpreter.run(rules)
      interpreter.unlink(device.object, from: "devices")
      return nil
    }
  }
}

// MARK: Capabilities

extension CallModel {
  private func enableCapability(
    _ number: UInt32, on target: Target, flags: UInt32, _ values: [CapabilityArgument]
  ) -> Preparation {
    var vcpu = Value.null
    if case .vcpu(let slot) = target {
      guard slot < vcpus.count, let found = vcpus[slot] else {
        return .answer(.skipped("the vCPU was not created"))
      }
      vcpu = found
    }
    let file = vcpu == .null ? catalogue.vm : catalogue.vcpu
    guard let file, let (owner, capability) = catalogue.capability(numbered: number, onVCPU: vcpu != .null) else {
      return .answer(.undecided([]))
    }
    var fields: [(String, Value)] = [("flags", Value(flags))]
    for (parameter, argument) in zip(capability.parameters, values) {
      let value: Value
      switch argument {
      case .value(let number): value = Value(number)
      case .device(let slot):
        guard slot < devices.count, let device = devices[slot] else {
          return .answer(.skipped("the device was not created"))
        }
        value = device.object
      }
      fields.append((parameter.name.identifier, value))
    }
    return call(owner, capability.name, fields) { () throws(Stop) in
      interpreter.call.vcpu = vcpu
      try interpreter.runToEnd(capability.rules)
      try interpreter.runToEnd(file.afterCapability)
    }
  }
}
