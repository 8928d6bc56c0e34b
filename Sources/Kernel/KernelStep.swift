import DevicePlan
import kvmload

/// One step of a plan, in kvmload's numbers.
struct KernelStep {
  var step = kvmload_step()
  var payloadSize: Int

  var isCreateVM: Bool { step.operation == KVMLOAD_CREATE_VM.rawValue }

  /// - Parameter filling: the slot that a create step fills.
  init(_ operation: DevicePlan.Operation, filling slot: Int, payloadSize: Int) {
    self.payloadSize = payloadSize
    switch operation {
    case .createVM(let type):
      code(KVMLOAD_CREATE_VM)
      step.value = type
    case .addMemory(let number, let address, let size):
      code(KVMLOAD_ADD_MEMORY)
      step.number = number
      step.value = address
      step.size = size
    case .enableCapability(let number, let target, let flags, let arguments):
      code(KVMLOAD_ENABLE_CAPABILITY)
      step.number = number
      step.flags = flags
      self.target(target)
      self.arguments(arguments)
    case .createIRQChip:
      code(KVMLOAD_CREATE_IRQCHIP)
    case .createVCPU(let id):
      code(KVMLOAD_CREATE_VCPU)
      step.value = id
      step.slot = UInt32(slot)
    case .initVCPU(let vcpu, let features, _):
      code(KVMLOAD_INIT_VCPU)
      step.slot = UInt32(vcpu)
      step.value = features
      step.size = UInt64(payloadSize)
    case .createDevice(let type, let flags):
      code(KVMLOAD_CREATE_DEVICE)
      step.number = type
      step.flags = flags
      step.slot = UInt32(slot)
    case .testDevice(let type, let flags):
      code(KVMLOAD_TEST_DEVICE)
      step.number = type
      step.flags = flags
    case .closeDevice(let device):
      code(KVMLOAD_CLOSE_DEVICE)
      step.slot = UInt32(device)
    case .setAttribute(let call):
      code(KVMLOAD_SET_ATTRIBUTE)
      attribute(call)
    case .getAttribute(let call):
      code(KVMLOAD_GET_ATTRIBUTE)
      attribute(call)
    case .hasAttribute(let call):
      code(KVMLOAD_HAS_ATTRIBUTE)
      attribute(call)
    case .runVCPU(let vcpu):
      code(KVMLOAD_RUN_VCPU)
      step.slot = UInt32(vcpu)
    }
  }

  private mutating func code(_ operation: kvmload_operation) { step.operation = operation.rawValue }

  private mutating func target(_ target: Target) {
    switch target {
    case .system: step.target = KVMLOAD_SYSTEM.rawValue
    case .vm: step.target = KVMLOAD_VM.rawValue
    case .vcpu(let slot):
      step.target = KVMLOAD_VCPU.rawValue
      step.slot = UInt32(slot)
    case .device(let slot):
      step.target = KVMLOAD_DEVICE.rawValue
      step.slot = UInt32(slot)
    }
  }

  private mutating func attribute(_ call: AttributeCall) {
    target(call.target)
    step.number = call.group
    step.value = call.attr
    step.flags = call.flags
    step.size = UInt64(payloadSize)
    step.data =
      switch call.data {
      case .none: KVMLOAD_NO_DATA.rawValue
      case .bytes: KVMLOAD_BYTES.rawValue
      case .invalid: KVMLOAD_INVALID_POINTER.rawValue
      }
  }

  private mutating func arguments(_ arguments: [CapabilityArgument]) {
    precondition(arguments.count <= 4, "struct kvm_enable_cap has four arguments")
    var numbers: [UInt64] = [0, 0, 0, 0]
    for (i, argument) in arguments.enumerated() {
      switch argument {
      case .value(let value): numbers[i] = value
      case .device(let slot):
        numbers[i] = UInt64(slot)
        step.argument_devices |= 1 << i
      }
    }
    step.arguments = (numbers[0], numbers[1], numbers[2], numbers[3])
  }
}

extension DevicePlan.Operation {
  /// The bytes that go with the call: an attribute's, or the features that an initialisation finalizes.
  var payload: [UInt8] {
    if case .bytes(let bytes, _) = attributeCall?.data { return bytes }
    if case .initVCPU(_, _, let finalize) = self { return finalize.flatMap(nativeBytes) }
    return []
  }

  /// The vCPUs and devices that the call needs.
  var targets: [Target] {
    switch self {
    case .enableCapability(_, let target, _, let arguments):
      [target] + arguments.compactMap { if case .device(let slot) = $0 { .device(slot) } else { nil } }
    case .initVCPU(let vcpu, _, _), .runVCPU(let vcpu): [.vcpu(vcpu)]
    case .closeDevice(let device): [.device(device)]
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): [call.target]
    case .createVM, .addMemory, .createIRQChip, .createVCPU, .createDevice, .testDevice: []
    }
  }
}

/// An integer in this machine's byte order.
func nativeBytes(_ number: Int32) -> [UInt8] {
  let littleEndian = (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  return 1.littleEndian == 1 ? littleEndian : littleEndian.reversed()
}
