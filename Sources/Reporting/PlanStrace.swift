import DevicePlan
import TextOutput
import Vocabulary
import kvmload

extension Plan {
  /// The plan in the notation of strace, one line per call: as `strace` would print a run of it if it knew KVM's
  /// structs.
  ///
  /// Descriptors have the names of their files, vCPUs or devices. What is known only at run time is `?`. A call that is
  /// not always made is followed by a comment.
  package var strace: String {
    let notation = StraceNotation(plan: self)
    return notation.lines.map { $0 + "\n" }.joined()
  }
}

private struct StraceNotation {
  let plan: Plan
  let devices: [String]
  let vcpus: [String]

  init(plan: Plan) {
    self.plan = plan
    devices = plan.deviceNames
    vcpus = plan.vcpuNames
  }

  var lines: [String] {
    let files = plan.files.map { file in
      file.path == PlanFile.eventPath
        ? "eventfd2(0, EFD_CLOEXEC|EFD_NONBLOCK) = \(file.name.printable)"
        : "openat(AT_FDCWD, \(quoted(file.path)), O_RDWR|O_CLOEXEC) = \(file.name.printable)"
    }
    var lines = ["openat(AT_FDCWD, \"/dev/kvm\", O_RDWR|O_CLOEXEC) = kvm"] + files
    for step in plan.steps {
      let each = step.block == nil ? "" : " /* for each vCPU */"
      let guards =
        each
        + step.guardedBy.map { " /* only if step \($0.step + 1) is \($0.ok ? "" : "not ")ok */" }
        .joined()
      lines += calls(of: step.operation, named: step.name, step.attribute).map { $0 + guards }
    }
    return lines
  }

  /// The calls of one step; more than one if KVM requires them together.
  private func calls(of operation: Operation, named name: String, _ attribute: String?) -> [String] {
    switch operation {
    case .createVM(let type): ["ioctl(kvm, KVM_CREATE_VM, \(hexadecimal(type, from: 1))) = vm"]
    case .addMemory(let slot, let address, let size, let flags, let memory):
      addMemory(slot, address, size, flags, memory)
    case .enableCapability(let number, let target, let flags, let arguments):
      [
        ioctl(
          self.name(of: target), "KVM_ENABLE_CAP",
          "{cap=\(number), flags=\(hexadecimal(flags, from: 1)), args=[\(words(arguments))]}")
      ]
    case .checkExtension(let number): [ioctl("vm", "KVM_CHECK_EXTENSION", "\(number)")]
    case .createIRQChip: [ioctl("vm", "KVM_CREATE_IRQCHIP", "0")]
    case .createVCPU(let id): ["ioctl(vm, KVM_CREATE_VCPU, \(id)) = \(name)"]
    case .initVCPU(let vcpu, let features, let finalize): initVCPU(self.name(of: .vcpu(vcpu)), features, finalize)
    case .createDevice(let type, let flags):
      [ioctl("vm", "KVM_CREATE_DEVICE", "{type=\(type), fd=-1 => \(name), flags=\(deviceFlags(flags))}")]
    case .testDevice(let type, let flags):
      [ioctl("vm", "KVM_CREATE_DEVICE", "{type=\(type), fd=-1, flags=\(deviceFlags(flags | 1))}")]
    case .closeDevice(let device): ["close(\(self.name(of: .device(device)))) = ?"]
    case .setAttribute(let call): [self.attribute("KVM_SET_DEVICE_ATTR", call)]
    case .getAttribute(let call): [self.attribute("KVM_GET_DEVICE_ATTR", call)]
    case .hasAttribute(let call): [self.attribute("KVM_HAS_DEVICE_ATTR", call)]
    case .request(let call):
      [
        "ioctl(\(self.name(of: call.target)), \(hexadecimal(call.request)), \(pointer(call.data))) = "
          + (call.makesDescriptor ? name : "?")
          + (attribute.map { " /* \($0.printable) */" } ?? "")
      ]
    case .runVCPU(let vcpu): [ioctl(self.name(of: .vcpu(vcpu)), "KVM_RUN", "0") + " /* immediate_exit=1 */"]
    }
  }

  private func addMemory(
    _ slot: UInt32, _ address: UInt64, _ size: UInt64, _ flags: UInt32, _ memory: PrivateMemory?
  ) -> [String] {
    let map =
      "mmap(NULL, \(size), PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = memory\(slot)"
    let region =
      "{slot=\(slot), flags=\(hexadecimal(flags, from: 1)), guest_phys_addr=\(hexadecimal(address, from: 1)), "
      + "memory_size=\(size), userspace_addr=\(size == 0 ? "NULL" : "memory\(slot)")"
      + (memory.map { ", guest_memfd_offset=\($0.offset), guest_memfd=\(name(of: .device($0.device)))" } ?? "") + "}"
    let request = memory == nil ? "KVM_SET_USER_MEMORY_REGION" : "KVM_SET_USER_MEMORY_REGION2"
    return (size == 0 ? [] : [map]) + [ioctl("vm", request, region)]
  }

  private func initVCPU(_ vcpu: String, _ features: UInt64, _ finalize: [Int32]) -> [String] {
    guard plan.architecture == .arm64 else { return [] }
    let words =
      [features & 0xFFFF_FFFF, features >> 32].map { hexadecimal($0, from: 1) } + Array(repeating: "0", count: 5)
    return [
      ioctl("vm", "KVM_ARM_PREFERRED_TARGET", "{target=?, features=[0, 0, 0, 0, 0, 0, 0]}"),
      ioctl(vcpu, "KVM_ARM_VCPU_INIT", "{target=?, features=[\(words.joined(separator: ", "))]}"),
    ] + finalize.map { ioctl(vcpu, "KVM_ARM_VCPU_FINALIZE", "[\($0)]") }
  }

  private func attribute(_ request: String, _ call: AttributeCall) -> String {
    ioctl(
      name(of: call.target), request,
      "{flags=\(hexadecimal(call.flags, from: 1)), group=\(hexadecimal(call.group, from: 1)), "
        + "attr=\(hexadecimal(call.attr, from: 1)), addr=\(pointer(call.data))}")
  }

  private func ioctl(_ descriptor: String, _ request: String, _ argument: String) -> String {
    "ioctl(\(descriptor), \(request), \(argument)) = ?"
  }

  private func name(of target: Target) -> String {
    switch target {
    case .system: "kvm"
    case .vm: "vm"
    case .vcpu(let slot): vcpus[slot].printable
    case .device(let slot): devices[slot].printable
    }
  }

  private func words(_ arguments: [CapabilityArgument]) -> String {
    let given = arguments.map { argument in
      switch argument {
      case .value(let value): hexadecimal(value, from: 1)
      case .device(let slot): name(of: .device(slot))
      }
    }
    return (given + Array(repeating: "0", count: max(0, 4 - given.count))).joined(separator: ", ")
  }

  /// The bytes as strace's `-xx` prints them, with the name of a file or a parameter in place of its value.
  private func pointer(_ data: AttributeData) -> String {
    switch data {
    case .none: return "NULL"
    case .invalid: return hexadecimal(KVMLOAD_INVALID_ADDRESS)
    case .bytes(let bytes, let slots):
      var pieces: [String] = []
      var start = 0
      for slot in slots.sorted(by: { $0.offset < $1.offset }) {
        if slot.offset > start { pieces.append(escaped(bytes[start..<slot.offset])) }
        pieces.append(plan.name(of: slot))
        start = slot.offset + slot.width
      }
      if start < bytes.count || pieces.isEmpty { pieces.append(escaped(bytes[start...])) }
      return pieces.count == 1 ? pieces[0] : "[\(pieces.joined(separator: ", "))]"
    }
  }

  private func escaped(_ bytes: ArraySlice<UInt8>) -> String {
    "\"" + bytes.map { "\\x" + hexadecimal([$0]) }.joined() + "\""
  }

  private func quoted(_ path: String) -> String {
    "\"" + path.printable.escaped { $0 == "\"" ? "\\\"" : nil } + "\""
  }

  private func deviceFlags(_ flags: UInt32) -> String {
    switch flags {
    case 0: "0"
    case 1: "KVM_CREATE_DEVICE_TEST"
    case _ where flags & 1 != 0: "KVM_CREATE_DEVICE_TEST|" + hexadecimal(flags & ~1)
    default: hexadecimal(flags)
    }
  }
}
