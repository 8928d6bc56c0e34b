import DevicePlan
import Diagnostics
import Glibc
import kvmload

/// The kernel of this machine: it makes the calls of one plan on `/dev/kvm`.
///
/// The host owns the VM with its vCPUs, devices and memory, and the plan's files; they live as long as it does. It
/// performs or skips each step of the plan that it was made for, once and in order.
package struct KernelHost: Host, ~Copyable {
  package let description: HostDescription

  private var session: Session
  private let files: OpenFiles
  private let buffer: PayloadBuffer
  /// What reports call the devices and vCPUs that have been met so far, by slot.
  private var devices: [String] = []
  private var vcpus: [String] = []
  private var closedDevices: Set<Int> = []

  /// Opens `/dev/kvm` and the plan's files; makes no call of the plan's.
  ///
  /// - Parameters:
  ///   - path: what is opened in place of `/dev/kvm`.
  ///   - architecture: this machine's.
  package init(
    _ plan: Plan, path: String = "/dev/kvm", architecture: Architecture? = .host
  ) throws(Unavailable) {
    guard plan.architecture == architecture else { throw .otherArchitecture(plan.architecture, here: architecture) }
    let session = try Session(plan, path: path)
    let files = try OpenFiles(plan.files)
    self.session = session
    self.files = files
    buffer = PayloadBuffer(size: plan.steps.map { $0.operation.payload.count }.max() ?? 0)
    description = HostDescription(kind: .kernel, architecture: plan.architecture, release: kernelRelease())
  }

  package mutating func skip(_ step: Step) { _ = takeSlot(step) }

  package mutating func perform(_ step: Step) -> StepResult {
    let slot = takeSlot(step)
    let payload = files.filled(step.operation)
    let call = KernelStep(step.operation, filling: slot, payloadSize: payload.count)
    buffer.fill(payload)

    var attempt: (result: Int32, nanoseconds: UInt64)
    repeat {
      attempt = session.perform(call, buffer)
      // KVM_CREATE_VM registers with the memory management of the process and gives up where a signal is pending,
      // which says nothing about the VM that is wanted. QEMU tries again, too.
    } while attempt.result == EINTR && call.isCreateVM

    switch attempt.result {
    case 0:
      if case .closeDevice(let device) = step.operation { closedDevices.insert(device) }
      return StepResult(.ok, value: valueRead(step.operation), nanoseconds: attempt.nanoseconds)
    case KVMLOAD_EMPTY.rawValue:
      return StepResult(.skipped(missing(step.operation)))
    case let errno where errno > 0:
      return StepResult(.refused(Errno(rawValue: errno)), nanoseconds: attempt.nanoseconds)
    default:
      preconditionFailure("a step that its plan has no slot for: \(step.words)")
    }
  }
}

extension KernelHost {
  /// The slot that a create step fills, which is taken by that, whatever becomes of the call; 0 for other steps.
  private mutating func takeSlot(_ step: Step) -> Int {
    switch step.operation {
    case .createVCPU:
      vcpus.append(step.target)
      return vcpus.count - 1
    case .createDevice:
      devices.append(step.target)
      return devices.count - 1
    default: return 0
    }
  }

  /// What a get left in the buffer.
  private func valueRead(_ operation: DevicePlan.Operation) -> [UInt8]? {
    if case .getAttribute(let call) = operation, case .bytes(let bytes, _) = call.data {
      buffer.contents(bytes.count)
    } else {
      nil
    }
  }

  /// Why a call had no descriptor to be made on.
  private func missing(_ operation: DevicePlan.Operation) -> String {
    for target in operation.targets {
      switch target {
      case .device(let slot) where closedDevices.contains(slot): return "\(devices[slot]) is closed"
      case .device(let slot) where !session.hasDevice(slot):
        return "\(slot < devices.count ? devices[slot] : "device \(slot)") was not created"
      case .vcpu(let slot) where !session.hasVCPU(slot):
        return "\(slot < vcpus.count ? vcpus[slot] : "vCPU \(slot)") was not created"
      default: continue
      }
    }
    return "the VM was not created"
  }
}

/// The running kernel's release, such as `7.2.13`: what `uname -r` prints.
private func kernelRelease() -> String {
  var name = utsname()
  // SAFETY: `name` lives throughout the call.
  guard unsafe uname(&name) == 0 else { return "unknown" }
  // SAFETY: the bytes of `release` are read inside its own bounds, up to the NUL that the kernel wrote.
  return unsafe withUnsafeBytes(of: &name.release) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
