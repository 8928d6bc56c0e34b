import Glibc
import Testing
import kvmload

extension OneAtATime {
  /// kvmload itself, where the kernel host does not lead.
  @Suite struct LoaderTests {
    @Test func openingReportsTheErrno() {
      #expect(OneOfEach(path: "/no/such/kvm").openError == ENOENT)
      #expect(OneOfEach(path: "/dev/null").openError == ENOTTY)
    }

    /// After a failed open, and after a close, every call finds its slot empty.
    @Test func aClosedSessionMakesNoCall() {
      let session = OneOfEach(path: "/no/such/kvm")
      for operation in KVMLOAD_CREATE_VM.rawValue...KVMLOAD_RUN_VCPU.rawValue {
        #expect(session.perform(operation) == KVMLOAD_EMPTY.rawValue)
      }
      session.close()
      #expect(session.perform(KVMLOAD_CREATE_VM.rawValue) == KVMLOAD_EMPTY.rawValue)
    }

    @Test func whatIsNoStepIsRefused() {
      let session = OneOfEach(path: "/no/such/kvm")
      let bad = KVMLOAD_BAD_STEP.rawValue
      #expect(session.perform(0) == bad)
      #expect(session.perform(14) == bad)
      #expect(session.perform(.max) == bad)
      for slot in [1, .max] as [UInt32] {
        #expect(session.perform(KVMLOAD_CREATE_VCPU.rawValue) { $0.slot = slot } == bad)
        #expect(session.perform(KVMLOAD_INIT_VCPU.rawValue) { $0.slot = slot } == bad)
        #expect(session.perform(KVMLOAD_RUN_VCPU.rawValue) { $0.slot = slot } == bad)
        #expect(session.perform(KVMLOAD_CREATE_DEVICE.rawValue) { $0.slot = slot } == bad)
        #expect(session.perform(KVMLOAD_CLOSE_DEVICE.rawValue) { $0.slot = slot } == bad)
      }
      #expect(session.perform(KVMLOAD_HAS_ATTRIBUTE.rawValue) { $0.target = 4 } == bad)
      #expect(session.perform(KVMLOAD_HAS_ATTRIBUTE.rawValue) { $0.data = 3 } == bad)
      #expect(session.perform(KVMLOAD_ENABLE_CAPABILITY.rawValue) { $0.target = 9 } == bad)
    }

    @Test(.enabled(if: kvmIsUsable, "there is no /dev/kvm that can be opened"))
    func aSlotIsFilledOnce() {
      let before = descriptorCount()
      let session = OneOfEach(path: nil)
      #expect(session.openError == 0)
      #expect(session.perform(KVMLOAD_CREATE_VM.rawValue) == 0)
      #expect(session.perform(KVMLOAD_CREATE_VM.rawValue) == KVMLOAD_BAD_STEP.rawValue)
      #expect(session.perform(KVMLOAD_CREATE_VCPU.rawValue) == 0)
      #expect(session.perform(KVMLOAD_CREATE_VCPU.rawValue) { $0.value = 1 } == KVMLOAD_BAD_STEP.rawValue)
      #expect(session.perform(KVMLOAD_ADD_MEMORY.rawValue) { $0.size = 1 << 20 } == 0)
      #expect(
        session.perform(KVMLOAD_ADD_MEMORY.rawValue) {
          $0.number = 1
          $0.size = 1 << 20
        } == KVMLOAD_BAD_STEP.rawValue)
      #expect(descriptorCount() == before + 3)
      session.close()
      session.close()
      #expect(descriptorCount() == before)
      #expect(session.perform(KVMLOAD_CREATE_VM.rawValue) == KVMLOAD_EMPTY.rawValue)
    }

    @Test(.enabled(if: kvmIsUsable, "there is no /dev/kvm that can be opened"))
    func memoryThatCannotBeMappedIsRefused() {
      let session = OneOfEach(path: nil)
      #expect(session.perform(KVMLOAD_CREATE_VM.rawValue) == 0)
      #expect(session.perform(KVMLOAD_ADD_MEMORY.rawValue) { $0.size = .max } == ENOMEM)
      #expect(session.perform(KVMLOAD_ADD_MEMORY.rawValue) { $0.size = 4096 } == 0)
    }
  }
}

/// A session with one slot of each kind, on /dev/kvm or the file at a path.
// SAFETY: what the pointers lead to is this object's own, initialised, and freed after the session is closed.
@safe private final class OneOfEach {
  private var session = unsafe kvmload_session()
  let openError: Int32

  init(path: String?) {
    // SAFETY: one element each, as the session is told.
    unsafe session.vcpus = .allocate(capacity: 1)
    unsafe session.devices = .allocate(capacity: 1)
    unsafe session.mappings = .allocate(capacity: 1)
    unsafe session.vcpus.initialize(to: kvmload_vcpu())
    unsafe session.devices.initialize(to: kvmload_device())
    unsafe session.mappings.initialize(to: kvmload_mapping())
    unsafe session.vcpu_slots = 1
    unsafe session.device_slots = 1
    unsafe session.mapping_slots = 1
    openError = unsafe kvmload_open(&session, path)
  }

  deinit {
    close()
    // SAFETY: the session is closed.
    unsafe session.vcpus.deallocate()
    unsafe session.devices.deallocate()
    unsafe session.mappings.deallocate()
  }

  func close() {
    // SAFETY: closing twice does nothing.
    unsafe kvmload_close(&session)
  }

  /// Makes a call without a payload.
  func perform(_ operation: UInt32, _ change: (inout kvmload_step) -> Void = { _ in }) -> Int32 {
    var step = kvmload_step()
    step.operation = operation
    change(&step)
    // SAFETY: the session is open or closed, and the step has no payload.
    return unsafe kvmload_perform(&session, &step, nil)
  }
}
