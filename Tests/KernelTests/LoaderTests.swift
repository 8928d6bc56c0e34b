import DevicePlan
import Glibc
import PlanFormat
import Testing
import Vocabulary
import kvmload

extension OneAtATime {
  /// kvmload itself, used as a program that embeds it would.
  @Suite struct LoaderTests {
    @Test func openingReportsTheErrno() {
      #expect(Loaded(plan([createVM])).open("/no/such/kvm") == ENOENT)
      #expect(Loaded(plan([createVM])).open("/dev/null") == ENOTTY)
    }

    @Test func anotherArchitectureIsRefused() {
      let other: Architecture = Architecture.host == .arm64 ? .x86_64 : .arm64
      #expect(Loaded(plan([createVM], other)).begun == KVMLOAD_OTHER_ARCHITECTURE.rawValue)
    }

    @Test func tooSmallArraysAreRefused() {
      let full = plan([
        createVM, createVCPU, createVFIO("vfio"), step(.addMemory(slot: 0, address: 0, size: 4096), .vm),
      ])
      for lack in Loaded.Lack.allCases {
        #expect(Loaded(full, lacking: lack).begun == KVMLOAD_NO_ROOM.rawValue)
      }
      #expect(Loaded(full).begun == 0)
    }

    /// Without a VM no call has a descriptor: every step is skipped, and the run finishes.
    @Test func everyStepIsSkippedWithoutAVM() {
      let loaded = Loaded(plan([createVM, createVCPU, createVFIO("vfio"), has(group: 1), step(.runVCPU(0), .vcpu(0))]))
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.answers == Array(repeating: KVMLOAD_NO_ANSWER, count: 5))
      #expect(loaded.verdicts == Array(repeating: KVMLOAD_SKIPPED, count: 5))
    }

    /// The caller makes the steps that it owns, and kvmload makes the others in between.
    @Test func stepsOfTheCallerAreReturned() {
      let loaded = Loaded(plan([createVM, createVCPU, createVFIO("vfio"), has(group: 1)]))
      loaded.own(KVMLOAD_OWN_VM.rawValue | KVMLOAD_OWN_VCPUS.rawValue)
      #expect(loaded.run() == KVMLOAD_CALLER && loaded.next == 0)
      #expect(loaded.answer(0, fd: 0) == KVMLOAD_PASSED)
      #expect(loaded.run() == KVMLOAD_CALLER && loaded.next == 1)
      #expect(loaded.answer(EEXIST) == KVMLOAD_UNEXPECTED)
      // Descriptor 0 is not a VM. It belongs to the caller and stays open.
      #expect(loaded.run() == KVMLOAD_FAILED && loaded.next == 3)
      #expect(loaded.run() == KVMLOAD_FINISHED)
      loaded.close()
      #expect(fcntl(0, F_GETFD) != -1 || errno != EBADF)
    }

    @Test func callbackCanStopTheRun() {
      let loaded = Loaded(plan([createVM, createVCPU, createVFIO("vfio")]))
      loaded.stop(before: 1)
      #expect(loaded.run() == KVMLOAD_STOPPED && loaded.next == 1)
      loaded.skip()
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.reported == [0, 1, 2])
    }

    /// A guard depends on the answer to its step, and fails if that step was skipped.
    @Test func guardsAreChecked() {
      var refused = createVFIO("vfio")
      refused.guardedBy = [Guard(step: 0, ok: false)]
      var made = has(group: 1)
      made.guardedBy = [Guard(step: 1, ok: true)]
      let loaded = Loaded(plan([createVM, refused, made]))
      loaded.own(KVMLOAD_OWN_VM.rawValue)
      #expect(loaded.run() == KVMLOAD_CALLER)
      #expect(loaded.answer(0, fd: 0) == KVMLOAD_PASSED)
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.verdicts == [KVMLOAD_PASSED, KVMLOAD_SKIPPED, KVMLOAD_SKIPPED])
    }

    /// A block starts again at its first step for each vCPU; the steps of the caller are returned each time.
    @Test func blocksAreMadeForEachVCPU() {
      var each = [createVCPU, step(.runVCPU(0), .eachVCPU)]
      for i in each.indices { each[i].block = 1 }
      var plan = plan([createVM] + each + [createVFIO("vfio")])
      plan.parameters = [PlanParameter(name: "cpus", size: 4, isSigned: false, at: place(1))]
      plan.vcpuCount = 0
      let loaded = Loaded(plan)
      loaded.own(KVMLOAD_OWN_VCPUS.rawValue)
      loaded.give(9)
      #expect(loaded.run().rawValue == UInt32(bitPattern: KVMLOAD_BAD_VALUE.rawValue))
      loaded.give(2)
      for vcpu in [0, 1] as [UInt32] {
        #expect(loaded.run() == KVMLOAD_CALLER && loaded.next == 1 && loaded.vcpu == vcpu)
        #expect(loaded.answer(0, fd: 0) == KVMLOAD_PASSED)
      }
      #expect(loaded.run() == KVMLOAD_FINISHED && loaded.vcpu == 0)
      #expect(loaded.reported == [0, 1, 2, 1, 2, 3])

      let none = Loaded(plan)
      none.own(KVMLOAD_OWN_VCPUS.rawValue)
      none.give(0)
      #expect(none.run() == KVMLOAD_FINISHED)
      #expect(none.reported == [0, 1, 2, 3])
    }

    @Test func parametersMustBeGivenBeforeTheFirstStep() {
      let slot = PayloadSlot(.parameter(0), offset: 0, width: 4, bits: 12)
      let call = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes([0, 0, 0, 0], slots: [slot]))
      var plan = plan([createVM, step(.setAttribute(call), .vm)])
      plan.parameters = [PlanParameter(name: "p", size: 4, isSigned: false, at: place(1))]
      let loaded = Loaded(plan)
      #expect(loaded.run().rawValue == UInt32(bitPattern: KVMLOAD_NO_VALUE.rawValue) && loaded.next == 0)
      loaded.give(0x1000)
      #expect(loaded.run().rawValue == UInt32(bitPattern: KVMLOAD_BAD_VALUE.rawValue) && loaded.next == 0)
      loaded.give(0xFFF)
      #expect(loaded.run() == KVMLOAD_FINISHED)
    }

    /// A value that a step read and that does not fit into the payload of a later one is a failure, without a call.
    @Test func valueThatDoesNotFitIsAFailure() {
      let slot = PayloadSlot(.parameter(0), offset: 0, width: 4, bits: 12)
      let call = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes([0, 0, 0, 0], slots: [slot]))
      var refused = step(.setAttribute(call), .vm)
      refused.expected = [.refused(Errno(rawValue: EINVAL))]
      var guarded = step(.hasAttribute(AttributeCall(target: .vm, group: 0, attr: 0, data: .none)), .vm)
      guarded.guardedBy = [Guard(step: 2, ok: false)]
      // Descriptor 0 is not a VM: its read is refused.
      let read = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes([0, 0, 0, 0]))
      var stored = step(.getAttribute(read), .vm)
      let parameter = PlanParameter(name: "p", size: 4, isSigned: false, isRead: true, at: place(1))
      stored.stored = StoredValue(parameter: 0, parameter, offset: 0)
      var plan = plan([createVM, stored, step(.setAttribute(call), .vm), refused, guarded])
      plan.parameters = [parameter]
      let loaded = Loaded(plan)
      loaded.own(KVMLOAD_OWN_VM.rawValue)
      #expect(loaded.run() == KVMLOAD_CALLER)
      #expect(loaded.answer(0, fd: 0) == KVMLOAD_PASSED)
      #expect(loaded.run() == KVMLOAD_FAILED && loaded.next == 2)
      loaded.give(0x1000)
      #expect(loaded.run() == KVMLOAD_FAILED && loaded.next == 3)
      #expect(loaded.run() == KVMLOAD_FAILED && loaded.next == 4)
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.answers.suffix(3) == [KVMLOAD_UNFIT, KVMLOAD_UNFIT, KVMLOAD_NO_ANSWER])
      #expect(loaded.verdicts.suffix(3) == [KVMLOAD_UNEXPECTED, KVMLOAD_UNEXPECTED, KVMLOAD_SKIPPED])
    }

    @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
    func everythingIsClosed() {
      let before = descriptorCount()
      let loaded = Loaded(plan([createVM, createVCPU, createVFIO("vfio"), step(.runVCPU(0), .vcpu(0)), has(group: 1)]))
      #expect(loaded.open(nil) == 0)
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.answers == [0, 0, 0, 0, 0])
      #expect(descriptorCount() == before + 4)
      loaded.close()
      loaded.close()
      #expect(descriptorCount() == before)
    }

    @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
    func memoryThatCannotBeMappedIsRefused() {
      func memory(_ slot: UInt32, _ size: UInt64) -> Step { step(.addMemory(slot: slot, address: 0, size: size), .vm) }
      let loaded = Loaded(plan([createVM, memory(0, .max), memory(0, 4096)]))
      #expect(loaded.open(nil) == 0)
      #expect(loaded.run() == KVMLOAD_FAILED)
      #expect(loaded.run() == KVMLOAD_FINISHED)
      #expect(loaded.answers == [0, ENOMEM, 0])
    }

    private func has(group: UInt32) -> Step { step(.hasAttribute(vfio(group: group)(1, .none))) }
  }
}

/// A session of a compiled plan, used as a C program would.
// SAFETY: this object owns and initialises the memory of the pointers, and frees it after the session is closed.
@safe private final class Loaded {
  private var session = unsafe kvmload_session()
  private let plan: UnsafeMutablePointer<kvmload_plan>
  private let bytes: UnsafeMutableRawPointer
  private(set) var reported: [UInt32] = []
  private var stop: UInt32?
  /// What `kvmload_begin` returned.
  private(set) var begun: Int32 = 0

  /// An array without elements.
  enum Lack: CaseIterable { case vcpus, devices, mappings, outcomes }

  init(_ source: Plan, lacking lack: Lack? = nil) {
    let compiled = source.compiled()
    unsafe bytes = .allocate(byteCount: compiled.count, alignment: 1)
    unsafe bytes.copyMemory(from: compiled, byteCount: compiled.count)
    unsafe plan = .allocate(capacity: 1)
    unsafe plan.initialize(to: kvmload_plan())
    // SAFETY: each array has the eight elements that the session is given, or more.
    let fault = unsafe kvmload_check(plan, bytes, compiled.count)
    precondition(fault == 0)
    unsafe session.vcpus = .allocate(capacity: 8)
    unsafe session.devices = .allocate(capacity: 8)
    unsafe session.mappings = .allocate(capacity: 8)
    unsafe session.files = .allocate(capacity: 8)
    unsafe session.parameters = .allocate(capacity: 8)
    unsafe session.outcomes = .allocate(capacity: 8)
    unsafe session.scratch = .allocate(capacity: 64)
    unsafe session.vcpu_slots = 8
    unsafe session.device_slots = 8
    unsafe session.mapping_slots = 8
    unsafe session.file_slots = 8
    unsafe session.parameter_slots = 8
    unsafe session.outcome_slots = 8
    unsafe session.scratch_size = 64
    switch lack {
    case .vcpus: unsafe session.vcpu_slots = 0
    case .devices: unsafe session.device_slots = 0
    case .mappings: unsafe session.mapping_slots = 0
    case .outcomes: unsafe session.outcome_slots = 0
    case nil: break
    }
    begun = unsafe kvmload_begin(&session, plan)
    guard begun == 0 else { return }
    unsafe session.context = Unmanaged.passUnretained(self).toOpaque()
    unsafe session.before = { _, index, context in
      unsafe Unmanaged<Loaded>.fromOpaque(context!).takeUnretainedValue().stop == index ? KVMLOAD_STOP : KVMLOAD_MAKE
    }
    unsafe session.after = { _, index, context in
      unsafe Unmanaged<Loaded>.fromOpaque(context!).takeUnretainedValue().reported.append(index)
    }
  }

  deinit {
    if begun == 0 { close() }
    unsafe session.vcpus.deallocate()
    unsafe session.devices.deallocate()
    unsafe session.mappings.deallocate()
    unsafe session.files.deallocate()
    unsafe session.parameters.deallocate()
    unsafe session.outcomes.deallocate()
    unsafe session.scratch.deallocate()
    unsafe plan.deallocate()
    unsafe bytes.deallocate()
  }

  func open(_ path: String?) -> Int32 { unsafe kvmload_open(&session, path) }
  func run() -> kvmload_state { kvmload_state(UInt32(bitPattern: unsafe kvmload_run(&session))) }
  func skip() { unsafe kvmload_skip(&session) }
  func close() { unsafe kvmload_close(&session) }
  func own(_ operations: UInt32) { unsafe session.own = operations }
  func stop(before index: UInt32) { stop = index }
  func give(_ value: UInt64) { unsafe session.parameters[0] = kvmload_value(value: value, is_set: 1) }

  func answer(_ answer: Int32, fd: Int32 = -1) -> kvmload_verdict {
    kvmload_verdict(UInt32(bitPattern: unsafe kvmload_answer(&session, answer, fd, nil)))
  }

  var next: UInt32 { unsafe session.next }
  var vcpu: UInt32 { unsafe session.vcpu }
  var answers: [Int32] { (0..<Int(unsafe plan.pointee.steps)).map { unsafe session.outcomes[$0].answer } }
  var verdicts: [kvmload_verdict] {
    (0..<Int(unsafe plan.pointee.steps)).map { kvmload_verdict(unsafe session.outcomes[$0].verdict) }
  }
}
