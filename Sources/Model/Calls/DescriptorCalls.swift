import DevicePlan
import DeviceSchema
import Expressions
import Vocabulary

extension Machine {
  /// Runs the rules of a call; returns the value that a get reads.
  mutating func make(_ prepared: PreparedCall) throws(Stop) -> PayloadBytes? {
    switch prepared {
    case .createVM(let type): try createVM(type)
    case .descriptor(let code): try make(code)
    case .closeDevice(let device): try close(device)
    case .checkExtension(let fact): try checkExtension(fact)
    case .attribute(let call, let access, let subject): return try make(call, access, subject)
    case .request(let schema, let data, let subject, let descriptor):
      return try make(schema, data, subject, descriptor)
    }
    return nil
  }

  private mutating func make(
    _ schema: RequestSchema, _ data: AttributeData, _ subject: AttributeSubject, _ descriptor: UInt64
  ) throws(Stop) -> PayloadBytes? {
    call = CallState(file: subject.file, path: subject.path, vcpu: subject.vcpu, device: subject.device)
    call.readsArgument = true
    call.argument = .absent
    call.attr = descriptor
    supply(data, schema.type)
    if subject.file.subject != .system { try runToEnd(catalogue.vm?.every) }
    if !subject.file.isRequestedOnVM { try runToEnd(subject.file.every) }
    if !exists(schema.lifetime) {
      let refusal = GenericRefusal.absentRequest(schema, catalogue)
      call.missing = refusal.reason
      try runToEnd((subject.file.isCommon ? catalogue.vm : subject.file)?.rules(of: .missing))
      try refuse(refusal)
      // A call that does not exist has no further reasons.
      if passedOver != nil { throw .ok }
    }
    try runToEnd(schema.rules)
    return call.written
  }

  /// Whether the host has a capability, by the fact that it is found by.
  private mutating func checkExtension(_ fact: String) throws(Stop) {
    guard let vm = catalogue.vm else { return }
    call = CallState(file: vm, path: "check-extension")
    let value = value(ofFact: program.number(ofFact: fact))
    let lacks = value == .bool(false) || value == .integer(0) || (value.tag == .unknown && !assume())
    if lacks { try refuse(.noCapability) }
  }

  private mutating func createVM(_ type: UInt64?) throws(Stop) {
    guard let vm = catalogue.vm else { return }
    var fields = vm.createArguments.map { field in
      (
        name: field.name.identifier,
        value: type.map { program.pool.integer(field.extract(from: Int128($0))) } ?? .unknown
      )
    }
    if !fields.contains(where: { $0.name == "type" }) {
      fields.append(("type", type.map { program.pool.integer($0) } ?? .unknown))
    }
    call = CallState(file: vm, path: DescriptorCall.create.rawValue)
    call.argument = record(fields)
    try allocateVM()
    do throws(Stop) {
      try runToEnd(vm.rules(of: .create))
    } catch {
      removeVM()
      throw error
    }
  }

  private mutating func make(_ code: DescriptorCallCode) throws(Stop) {
    call = CallState(file: code.file, path: code.path)
    call.argument = argument(code.arguments)
    try runToEnd(catalogue.vm?.every)
    switch code.action {
    case .rules(let descriptorCall):
      call.vcpu = code.vcpu
      try run(descriptorCall, of: code.file)
    case .createVCPU:
      try allocateVCPU()
      try run(.create, of: code.file)
      // Other calls are not refused because of a vCPU that cannot exist.
      if !(ignoresRefusals && corrects) { append(call.vcpu, toListAt: Memory.vcpus) }
    case .initialise(let numbers):
      call.vcpu = code.vcpu
      try run(.initialise, of: code.file)
      try finalise(numbers, of: code.file)
    case .createDevice(let name, let isTest):
      if !exists(code.file.lifetime) { try refuse(.absentDeviceType(code.file, catalogue)) }
      if try !isRegistered(code.file, name) { try refuse(.noDeviceType(name)) }
      if isTest { return }
      try allocateDevice(name, code.file)
      try run(.create, of: code.file)
      append(call.device, toListAt: Memory.devices)
    case .createUnknownDevice(let isTest):
      try runToEnd(code.file.rules(of: .create))
      if !isTest { allocateUnknownDevice() }
    case .refuse(let refusal): try refuse(refusal)
    case .enable(let capability):
      call.vcpu = code.vcpu
      call.capability = capability.rules
      // No rules of the schemas come before the capability's own.
      if !exists(capability.lifetime) { try refuse(.absentCapability(capability, catalogue)) }
      try runToEnd(code.file.rules(of: .enableCapability) ?? capability.rules)
    }
  }

  /// Whether the release has something. Where that is not known, the call is followed both ways.
  private mutating func exists(_ lifetime: Lifetime) -> Bool {
    if let isKnown = lifetime.includes(catalogue.release) { return isKnown }
    return assume()
  }

  private mutating func argument(_ arguments: [(name: String, value: DescriptorCallCode.Argument)]) -> Cell {
    record(
      arguments.map { name, value in
        switch value {
        case .number(let number): (name, program.pool.integer(number))
        case .numbers(let numbers): (name, cell(of: .list(numbers.map { Value($0) })))
        case .device(let device): (name, device)
        case .unknown: (name, .unknown)
        }
      })
  }

  /// Runs the rules that describe a call. Without rules, some calls are refused.
  private mutating func run(_ call: DescriptorCall, of file: SchemaFile) throws(Stop) {
    if let rules = file.rules(of: call) {
      try runToEnd(rules)
    } else if let refusal = call.refusalWithoutRules {
      try refuse(refusal)
    }
  }

  /// Finalises a vCPU once for each number.
  private mutating func finalise(_ numbers: [Int32], of file: SchemaFile) throws(Stop) {
    guard let rules = file.rules(of: .finalize) else { return }
    call.path = DescriptorCall.finalize.rawValue
    for number in numbers {
      call.argument = record([("feature", .integer(Int64(number)))])
      try runToEnd(rules)
    }
  }

  private mutating func isRegistered(_ file: SchemaFile, _ name: String) throws(Stop) -> Bool {
    if let registered = file.registered { return try decide(compile(registered)) }
    let types = value(ofFact: program.number(ofFact: "devices"))
    guard types.tag == .list else { return assume() }
    return elements(of: types).contains(program.pool.string(name))
  }

  private mutating func close(_ device: ModelDevice) throws(Stop) {
    guard let file = device.file else { return }
    call = CallState(file: file, path: DescriptorCall.close.rawValue)
    call.device = device.object
    // Without a release function the kernel keeps the device until the VM goes.
    guard let rules = file.rules(of: .close) else { return }
    try runToEnd(rules)
    unlink(device.object, fromListAt: Memory.devices)
  }
}
