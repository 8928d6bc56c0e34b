import DevicePlan
import Glibc
import kvmload

/// How many of each the steps of a plan make.
private struct Slots {
  var vcpus = 0
  var devices = 0
  var mappings = 0

  init(of plan: Plan) {
    for step in plan.steps {
      switch step.operation {
      case .createVCPU: vcpus += 1
      case .createDevice: devices += 1
      case .addMemory: mappings += 1
      default: continue
      }
    }
  }
}

/// The one owner of a VM, its vCPUs, devices and memory, as descriptors and mappings of this process.
// SAFETY: the arrays that the C struct leads to are this session's own, and `slots` bounds every access.
@safe struct Session: ~Copyable {
  private var session: kvmload_session

  /// Opens `/dev/kvm`, or what stands at `path`, with slots for all that a plan makes.
  init(_ plan: Plan, path: String) throws(KernelHost.Unavailable) {
    let slots = Slots(of: plan)
    // SAFETY: the arrays have as many elements as the session is told, all initialised; they are freed in `deinit`, or
    // here, after the last call that is given the session.
    var session = unsafe kvmload_session()
    unsafe session.vcpus = .allocate(slots.vcpus, of: kvmload_vcpu())
    unsafe session.devices = .allocate(slots.devices, of: kvmload_device())
    unsafe session.mappings = .allocate(slots.mappings, of: kvmload_mapping())
    unsafe session.vcpu_slots = UInt32(slots.vcpus)
    unsafe session.device_slots = UInt32(slots.devices)
    unsafe session.mapping_slots = UInt32(slots.mappings)
    let error = unsafe kvmload_open(&session, path)
    guard error == 0 else {
      unsafe session.deallocateArrays()
      throw .noKVM(path, Errno(rawValue: error), plan.architecture)
    }
    unsafe self.session = session
  }

  deinit {
    // SAFETY: nobody else has the session; its arrays are freed once, after it is closed.
    var session = unsafe session
    unsafe kvmload_close(&session)
    unsafe session.deallocateArrays()
  }

  /// Makes one call.
  ///
  /// - Returns: what `kvmload_perform` returned, and how long it took.
  mutating func perform(_ call: KernelStep, _ payload: borrowing PayloadBuffer) -> (result: Int32, nanoseconds: UInt64)
  {
    var step = call.step
    let start = nanosecondsNow()
    // SAFETY: the payload is filled with `step.size` bytes, and behind them lies a page that nobody can touch.
    let result = unsafe kvmload_perform(&session, &step, payload.start(size: call.payloadSize))
    return (result, nanosecondsNow() - start)
  }

  /// Whether a device slot has a descriptor.
  func hasDevice(_ slot: Int) -> Bool {
    // SAFETY: the array has `device_slots` elements.
    slot < Int(unsafe session.device_slots) && (unsafe session.devices[slot].fd) >= 0
  }

  /// Whether a vCPU slot has a descriptor.
  func hasVCPU(_ slot: Int) -> Bool {
    // SAFETY: the array has `vcpu_slots` elements.
    slot < Int(unsafe session.vcpu_slots) && (unsafe session.vcpus[slot].fd) >= 0
  }
}

extension kvmload_session {
  // SAFETY: to be called once, with arrays that `Session.init` allocated.
  @unsafe fileprivate func deallocateArrays() {
    unsafe vcpus.deallocate()
    unsafe devices.deallocate()
    unsafe mappings.deallocate()
  }
}

extension UnsafeMutablePointer {
  fileprivate static func allocate(_ count: Int, of element: Pointee) -> Self {
    let array = allocate(capacity: count)
    unsafe array.initialize(repeating: element, count: count)
    return unsafe array
  }
}

/// CLOCK_MONOTONIC.
private func nanosecondsNow() -> UInt64 {
  var time = timespec()
  // SAFETY: `time` lives throughout the call, which cannot fail for this clock.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
