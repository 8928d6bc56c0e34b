import DevicePlan
import Diagnostics
import Glibc
import PlanFormat
import Vocabulary
import kvmload

/// The only owner of a VM, its vCPUs, devices, memory and files, as descriptors and mappings of this process: a kvmload
/// session of one compiled plan.
// SAFETY: the session owns everything that the C struct points to, in the sizes that kvmload is given, and frees it
// after it is closed.
@safe struct Session: ~Copyable {
  private let memory: PlanMemory
  private let payloads: PayloadBuffer
  private var session: kvmload_session

  /// Opens `/dev/kvm`, or the file at `path`, then the plan's files; makes none of the plan's calls.
  init(_ plan: Plan, path: String) throws(DiagnosticsError) {
    let memory = PlanMemory(plan.compiled())
    let payloads = PayloadBuffer(size: memory.scratchSize)
    // SAFETY: `memory` and `payloads` outlive the session.
    var session = unsafe memory.session(scratch: payloads)
    unsafe precondition(
      kvmload_begin(&session, memory.plan) == 0, "a plan of this machine's has room in its own session")
    let error = unsafe kvmload_open(&session, path)
    guard error == 0 else { throw .noKVM(path, Errno(rawValue: error), plan.architecture) }
    for (i, file) in plan.files.enumerated() {
      let error = unsafe kvmload_open_file(&session, UInt32(i))
      guard error == 0 else {
        unsafe kvmload_close(&session)
        throw .cannotOpen(file, Errno(rawValue: error))
      }
    }
    unsafe precondition(kvmload_ready(&session) == 0, "a plan with parameters that have no value")
    self.memory = memory
    self.payloads = payloads
    unsafe self.session = session
  }

  deinit {
    // SAFETY: this is the only owner of the session.
    var session = unsafe session
    unsafe kvmload_close(&session)
  }

  /// Makes the call of one step.
  ///
  /// - Returns: the result of `kvmload_perform`, and how long it took.
  mutating func perform(_ index: Int) -> (result: Int32, nanoseconds: UInt64) {
    let start = nanosecondsNow()
    // SAFETY: the index is that of a step of the plan.
    let result = unsafe kvmload_perform(&session, UInt32(index))
    return (result, nanosecondsNow() - start)
  }

  /// KVM_CHECK_EXTENSION, on the VM if there is one.
  ///
  /// - Returns: the value, or nil if the kernel refuses the call.
  func checkExtension(_ number: UInt32) -> UInt32? {
    var value: UInt32 = 0
    // SAFETY: the session and `value` live throughout the call.
    let result = unsafe withUnsafePointer(to: session) { unsafe kvmload_check_extension($0, number, &value) }
    return result == 0 ? value : nil
  }

  /// The number that the last call answered: 0 unless it is an attribute call that succeeded.
  var number: UInt32 { unsafe session.number }

  /// The payload as the last call left it.
  var payload: [UInt8] { payloads.contents(Int(unsafe session.payload_size)) }

  /// The value of a parameter, by its index in the plan.
  func value(of parameter: Int) -> UInt64 {
    // SAFETY: the array has one element per parameter of the plan.
    unsafe session.parameters[parameter].value
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

/// A compiled plan and the arrays of its session, at addresses that do not change.
// SAFETY: this object owns every pointer; each is initialised, and freed once.
@safe private final class PlanMemory {
  private let bytes: UnsafeMutableRawPointer
  let plan: UnsafeMutablePointer<kvmload_plan>
  private let vcpus: UnsafeMutablePointer<kvmload_vcpu>
  private let devices: UnsafeMutablePointer<kvmload_device>
  private let mappings: UnsafeMutablePointer<kvmload_mapping>
  private let files: UnsafeMutablePointer<Int32>
  private let parameters: UnsafeMutablePointer<kvmload_value>
  private let outcomes: UnsafeMutablePointer<kvmload_outcome>

  init(_ compiled: [UInt8]) {
    unsafe bytes = .allocate(byteCount: compiled.count, alignment: 8)
    unsafe bytes.copyMemory(from: compiled, byteCount: compiled.count)
    unsafe plan = .allocate(capacity: 1)
    unsafe plan.initialize(to: kvmload_plan())
    let fault = unsafe kvmload_check(plan, bytes, compiled.count)
    precondition(fault == 0, "the plan compiled here is valid")
    unsafe vcpus = .allocate(plan.pointee.vcpu_slots, of: kvmload_vcpu())
    unsafe devices = .allocate(plan.pointee.device_slots, of: kvmload_device())
    unsafe mappings = .allocate(plan.pointee.mapping_slots, of: kvmload_mapping())
    unsafe files = .allocate(plan.pointee.files, of: -1)
    unsafe parameters = .allocate(plan.pointee.parameters, of: kvmload_value())
    unsafe outcomes = .allocate(plan.pointee.steps, of: kvmload_outcome())
  }

  deinit {
    unsafe outcomes.deallocate()
    unsafe parameters.deallocate()
    unsafe files.deallocate()
    unsafe mappings.deallocate()
    unsafe devices.deallocate()
    unsafe vcpus.deallocate()
    unsafe plan.deallocate()
    unsafe bytes.deallocate()
  }

  var scratchSize: Int { Int(unsafe plan.pointee.scratch_size) }

  /// A session that has not begun, with as much room as the plan needs.
  @unsafe func session(scratch: borrowing PayloadBuffer) -> kvmload_session {
    var session = unsafe kvmload_session()
    unsafe session.vcpus = vcpus
    unsafe session.devices = devices
    unsafe session.mappings = mappings
    unsafe session.files = files
    unsafe session.parameters = parameters
    unsafe session.outcomes = outcomes
    unsafe session.vcpu_slots = plan.pointee.vcpu_slots
    unsafe session.device_slots = plan.pointee.device_slots
    unsafe session.mapping_slots = plan.pointee.mapping_slots
    unsafe session.file_slots = plan.pointee.files
    unsafe session.parameter_slots = plan.pointee.parameters
    unsafe session.outcome_slots = plan.pointee.steps
    unsafe session.scratch = scratch.start(size: scratchSize).assumingMemoryBound(to: UInt8.self)
    unsafe session.scratch_size = scratchSize
    return unsafe session
  }
}

extension UnsafeMutablePointer {
  fileprivate static func allocate(_ count: UInt32, of element: Pointee) -> Self {
    let array = allocate(capacity: Int(count))
    unsafe array.initialize(repeating: element, count: Int(count))
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
