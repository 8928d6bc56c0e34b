import DevicePlan
import Diagnostics
import Glibc
import Vocabulary
import kvmload

/// The kernel of this machine, which makes the calls of one plan on `/dev/kvm`.
///
/// The plan is compiled, and kvmload makes the calls from its bytes, as it does in every program that embeds it. The
/// host owns the VM with its vCPUs, devices and memory, and the plan's files; they live as long as the host. It
/// performs or skips each step of its plan, once and in order.
package struct KernelHost: Host, ~Copyable {
  package let description: HostDescription

  private var session: Session
  /// The index of the next step.
  private var next = 0
  /// The names of the devices and vCPUs in reports, by slot.
  private let devices: [String]
  private let vcpus: [String]
  private let parameters: [PlanParameter]
  private var closedDevices: Set<Int> = []

  /// Opens `/dev/kvm` and the plan's files; makes none of the plan's calls.
  ///
  /// - Parameters:
  ///   - plan: has a value for each parameter.
  ///   - path: the file to open instead of `/dev/kvm`.
  ///   - architecture: the architecture of this machine.
  package init(
    _ plan: Plan, path: String = "/dev/kvm", architecture: Architecture? = .host
  ) throws(DiagnosticsError) {
    guard plan.architecture == architecture else { throw .otherArchitecture(plan.architecture, here: architecture) }
    session = try Session(plan, path: path)
    devices = plan.deviceNames
    vcpus = plan.vcpuNames
    parameters = plan.parameters
    description = HostDescription(kind: .kernel, architecture: plan.architecture, release: kernelRelease())
  }

  package mutating func skip(_ step: Step) { next += 1 }

  package mutating func perform(_ step: Step) -> StepResult {
    let (answer, nanoseconds) = session.perform(next)
    next += 1
    switch answer {
    case 0:
      if case .closeDevice(let device) = step.operation { closedDevices.insert(device) }
      return StepResult(
        .ok, number: session.number, value: valueRead(step.operation), nanoseconds: nanoseconds)
    case KVMLOAD_UNFIT: return StepResult(.unfit(unfit(step.operation)))
    case KVMLOAD_NO_ANSWER: return StepResult(.skipped(missing(step.operation)))
    default: return StepResult(.refused(Errno(rawValue: answer)), nanoseconds: nanoseconds)
    }
  }
}

extension KernelHost {
  /// The value of KVM_CHECK_EXTENSION for a capability: 0, 1 or a limit; nil if the kernel refuses the call. The call
  /// is made on the VM once the plan has created it, and on `/dev/kvm` before that.
  package func checkExtension(_ number: UInt32) -> UInt32? { session.checkExtension(number) }

  /// The payload as a get left it.
  private func valueRead(_ operation: DevicePlan.Operation) -> [UInt8]? {
    switch operation {
    case .getAttribute(let call): if case .bytes = call.data { session.payload } else { nil }
    case .request(let call) where call.isWritten:
      if case .bytes = call.data { session.payload } else { nil }
    default: nil
    }
  }

  /// The value of a call that does not fit.
  private func unfit(_ operation: DevicePlan.Operation) -> String {
    guard case .bytes(_, let slots)? = operation.data else { return "" }
    for slot in slots {
      guard case .parameter(let index) = slot.content else { continue }
      let (parameter, value) = (parameters[index], session.value(of: index))
      let number = parameter.isSigned ? Int128(Int64(bitPattern: value)) : Int128(value)
      if !slot.holds(number) { return slot.misfit(number, of: parameter.name) }
    }
    return ""
  }

  /// The reason why there was no descriptor for a call.
  private func missing(_ operation: DevicePlan.Operation) -> String {
    for target in operation.targets {
      switch target {
      case .device(let slot) where closedDevices.contains(slot): return "\(devices[slot]) is closed"
      case .device(let slot) where !session.hasDevice(slot): return "\(devices[slot]) was not created"
      case .vcpu(let slot) where !session.hasVCPU(slot): return "\(vcpus[slot]) was not created"
      default: continue
      }
    }
    if case .bytes(_, let slots)? = operation.data,
      slots.contains(where: { if case .parameter = $0.content { true } else { false } })
    {
      return "a value that the call uses was not read"
    }
    return "the VM was not created"
  }
}

/// The running kernel's release, such as `7.2.13`: what `uname -r` prints.
package func kernelRelease() -> String {
  var name = utsname()
  // SAFETY: `name` lives throughout the call.
  guard unsafe uname(&name) == 0 else { return "unknown" }
  // SAFETY: the bytes of `release` are read inside its own bounds, up to the NUL that the kernel wrote.
  return unsafe withUnsafeBytes(of: &name.release) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

extension AttributeData {
  /// The devices whose descriptors the payload holds.
  fileprivate var devices: [Target] {
    guard case .bytes(_, let slots) = self else { return [] }
    return slots.compactMap { if case .device(let slot) = $0.content { .device(slot) } else { nil } }
  }
}

extension DevicePlan.Operation {
  /// The vCPUs and devices that the call needs.
  fileprivate var targets: [Target] {
    switch self {
    case .enableCapability(_, let target, _, let arguments):
      [target] + arguments.compactMap { if case .device(let slot) = $0 { .device(slot) } else { nil } }
    case .initVCPU(let vcpu, _, _), .runVCPU(let vcpu): [.vcpu(vcpu)]
    case .closeDevice(let device): [.device(device)]
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): [call.target] + call.data.devices
    case .request(let call): [call.target] + call.data.devices
    case .addMemory(_, _, _, _, let memory): memory.map { [.device($0.device)] } ?? []
    case .createVM, .createIRQChip, .checkExtension, .createVCPU, .createDevice, .testDevice: []
    }
  }
}
