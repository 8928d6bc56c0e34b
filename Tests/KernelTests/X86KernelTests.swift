import DevicePlan
import Diagnostics
import Glibc
import Kernel
import Testing
import Vocabulary

#if arch(x86_64)
  extension OneAtATime {
    @Suite(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
    struct X86KernelTests {
      @Test func vmHasAtMostOneVFIODevice() throws {
        let report = try run([createVM, createVFIO("vfio"), createVFIO("second")])
        #expect(outcomes(report) == ["ok", "ok", "EBUSY"])
      }

      @Test func attributesOfTheVFIODeviceHaveTheirAnswers() throws {
        let file = vfio(group: 1)
        let report = try run(
          [
            createVM, createVFIO("vfio"),
            step(.hasAttribute(file(1, .none))),  // KVM_DEV_VFIO_FILE_ADD
            step(.hasAttribute(vfio(group: 99)(0, .none))),
            step(.getAttribute(file(1, .bytes([0, 0, 0, 0])))),
            step(.setAttribute(file(1, .bytes([255, 255, 255, 255])))),
            step(.setAttribute(file(1, .invalid))),
            step(.setAttribute(file(1, .none))),
            step(.setAttribute(vfio(group: 99)(0, .none))),
            // /dev/null is not a VFIO file.
            step(.setAttribute(file(1, .bytes([0, 0, 0, 0], slots: [.file(0, offset: 0)])))),
          ], files: [PlanFile(name: "null", path: "/dev/null", at: place(2))])
        #expect(
          outcomes(report) == [
            "ok", "ok", "ok", "ENXIO", "EPERM", "EBADF", "EFAULT", "EFAULT", "ENXIO", "EINVAL",
          ])
      }

      /// The kernel reads four bytes: after a shorter payload it faults, and touches no other memory of this process.
      @Test(arguments: 0..<4) func payloadThatIsTooShortIsEFAULT(size: Int) throws {
        let bytes = AttributeData.bytes([UInt8](repeating: 255, count: size))
        let report = try run([createVM, createVFIO("vfio"), step(.setAttribute(vfio(group: 1)(1, bytes)))])
        #expect(outcomes(report) == ["ok", "ok", "EFAULT"])
      }

      /// Without a VM, `/dev/kvm` answers. An extension that KVM lacks is 0.
      @Test func extensionsAreCheckedWithAndWithoutAVM() throws {
        let plan = plan([createVM])
        var host = try KernelHost(plan)
        #expect(host.checkExtension(3) == 1)  // KVM_CAP_USER_MEMORY
        #expect(host.checkExtension(0xFFFF) == 0)
        let ofSystem = host.checkExtension(10) ?? 0  // KVM_CAP_NR_MEMSLOTS
        #expect(ofSystem >= 32)
        #expect(host.perform(plan.steps[0]).outcome == .ok)
        #expect(host.checkExtension(3) == 1)
        #expect(host.checkExtension(10) == ofSystem)
      }

      /// Other requests than those with an operation of their own, by their numbers.
      @Test func requestsHaveTheirAnswers() throws {
        func request(_ number: UInt32, on target: Target = .vm, _ data: AttributeData) -> Step {
          step(.request(RequestCall(target: target, request: number, data: data, isWritten: number >> 31 == 1)))
        }
        let clock = [UInt8](repeating: 0, count: 48)
        // KVM_SET_DEVICE_ATTR of KVM_DEV_VFIO_FILE_ADD, with the struct written out.
        var attr = [UInt8](repeating: 0, count: 24)
        (attr[4], attr[8]) = (1, 1)
        let (setClock, getClock, setAttr): (UInt32, UInt32, UInt32) = (0x4030_AE7B, 0x8030_AE7C, 0x4018_AEE1)
        let pointer = PayloadSlot(.payload(24), offset: 16, width: 8)
        let steps: [Step] = [
          createVM, createVFIO("vfio"),
          request(0xAE03, .none),  // KVM_CHECK_EXTENSION of KVM_CAP_IRQCHIP
          request(setClock, .bytes(clock)), request(setClock, .invalid),
          request(setClock, .bytes([UInt8](repeating: 255, count: 48))), request(getClock, .bytes(clock)),
          request(setAttr, on: .device(0), .bytes(attr + [255, 255, 255, 255], slots: [pointer])),
          request(setAttr, on: .device(0), .bytes(attr)),
        ]
        let report = try run(steps)
        #expect(outcomes(report) == ["ok", "ok", "ok", "ok", "EFAULT", "EINVAL", "ok", "EBADF", "EFAULT"])
        #expect(report.entries[2].result.number == 1)
        #expect(report.entries[3].result.number == 0)
        #expect(report.entries[6].result.value != clock)
        #expect(report.entries[3].result.value == nil)
      }

      @Test func testCreatesNoDevice() throws {
        let before = descriptorCount()
        let steps = [
          createVM, step(.testDevice(type: 7, flags: 0)), step(.testDevice(type: 4, flags: 0)),
          step(.testDevice(type: 4, flags: 0)), createVFIO("vfio"), step(.testDevice(type: 4, flags: 0)),
        ]
        let plan = plan(steps)
        var host = try KernelHost(plan)
        let report = Runner(keepGoing: true).run(plan, on: &host)
        #expect(outcomes(report) == ["ok", "ENODEV", "ok", "ok", "ok", "ok"])
        #expect(descriptorCount() == before + 3)  // /dev/kvm, the VM, the device
        _ = host.description
      }

      /// A create with the test flag also answers ok and creates no device.
      @Test func createWithTheTestFlagCreatesNoDevice() throws {
        let before = descriptorCount()
        let report = try run([
          createVM, step(.createDevice(type: 4, flags: 1), .device("vfio")), step(.closeDevice(0)),
          step(.hasAttribute(vfio(group: 1)(1, .none))),
        ])
        #expect(outcomes(report) == ["ok", "ok", "skipped", "skipped"])
        #expect(report.entries[2].result.outcome == .skipped("vfio was not created"))
        #expect(descriptorCount() == before)
      }

      /// A get writes into a copy of the plan's bytes; the plan does not change.
      @Test func attributesOfAVCPUAreSetAndRead() throws {
        // KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET
        let tsc = { AttributeCall(target: .vcpu(0), group: 0, attr: 0, data: $0) }
        let plan = plan([
          createVM, createVCPU, step(.hasAttribute(tsc(.none)), .vcpu(0)),
          step(.setAttribute(tsc(.bytes([1, 2, 3, 4, 5, 6, 7, 8]))), .vcpu(0)),
          step(.getAttribute(tsc(.bytes([UInt8](repeating: 0xA5, count: 8)))), .vcpu(0)),
          step(.getAttribute(tsc(.bytes([0xA5, 0xA5, 0xA5, 0xA5]))), .vcpu(0)),
          step(.getAttribute(tsc(.invalid)), .vcpu(0)),
          step(.hasAttribute(AttributeCall(target: .vcpu(0), group: 9, attr: 0, data: .none)), .vcpu(0)),
        ])
        let copy = plan
        var host = try KernelHost(plan)
        let report = Runner(keepGoing: true).run(plan, on: &host)
        #expect(outcomes(report) == ["ok", "ok", "ok", "ok", "ok", "EFAULT", "EFAULT", "ENXIO"])
        #expect(report.entries[4].result.value?.count == 8)
        #expect(report.entries[4].result.value != [UInt8](repeating: 0xA5, count: 8))
        #expect(report.entries[5].result.value == nil)
        #expect(plan == copy)
      }

      /// A value that was read and does not fit is a failure, with the value in its message.
      @Test func valueThatDoesNotFitIsAFailure() throws {
        // group 0, KVM_X86_XCOMP_GUEST_SUPP, of which the two lowest bits are always set
        let xcomp = AttributeCall(target: .system, group: 0, attr: 0, data: .bytes([UInt8](repeating: 0, count: 8)))
        var read = step(.getAttribute(xcomp), .system)
        let features = PlanParameter(name: "features", size: 8, isSigned: false, isRead: true, at: place(1))
        read.stored = StoredValue(parameter: 0, features, offset: 0)
        // KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET
        func write(bits: Int) -> Step {
          let slot = PayloadSlot(.parameter(0), offset: 0, width: 8, bits: bits)
          let data = AttributeData.bytes([UInt8](repeating: 0, count: 8), slots: [slot])
          return step(.setAttribute(AttributeCall(target: .vcpu(0), group: 0, attr: 0, data: data)), .vcpu(0))
        }
        var plan = plan([createVM, createVCPU, read, write(bits: 64), write(bits: 1)])
        plan.parameters = [features]
        var host = try KernelHost(plan)
        let report = Runner().run(plan, on: &host)
        #expect(outcomes(report) == ["ok", "ok", "ok", "ok", "unfit"])
        #expect(report.entries[4].verdict == .failed(.unfitValue))
        let bytes = try #require(report.entries[2].result.value)
        let value = bytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        #expect(
          report.diagnostics.map(\.message) == [
            "the call was not made: the value of 'features' is \(value), which does not fit into 1 bit"
          ])
      }

      @Test func attributesOfTheSystemAreRead() throws {
        // group 0, KVM_X86_XCOMP_GUEST_SUPP
        let xcomp = { AttributeCall(target: .system, group: 0, attr: 0, data: $0) }
        let report = try run([
          createVM, step(.hasAttribute(xcomp(.none)), .system),
          step(.getAttribute(xcomp(.bytes([UInt8](repeating: 0, count: 8)))), .system),
          step(.getAttribute(AttributeCall(target: .system, group: 0, attr: 99, data: .bytes([0]))), .system),
        ])
        #expect(outcomes(report) == ["ok", "ok", "ok", "ENXIO"])
        // x87 and SSE state are always there.
        #expect((report.entries[2].result.value?[0] ?? 0) & 3 == 3)
      }

      @Test func memoryIRQChipsAndCapabilitiesHaveTheirAnswers() throws {
        let at = { (slot, address, size) in step(.addMemory(slot: slot, address: address, size: size), .vm) }
        let report = try run([
          createVM,
          at(0, 0, 1 << 20), at(1, 0, 4096), at(2, 0x1_0000_0000, 1000), at(2, 0x1_0000_0000, 1 << 30),
          at(3, 0, 0), at(0, 0, 0),
          step(.createIRQChip, .vm), step(.createIRQChip, .vm),
          step(.enableCapability(9999, on: .vm, flags: 0, arguments: []), .vm),
          step(.enableCapability(121, on: .vm, flags: 0, arguments: [.value(24)]), .vm),  // KVM_CAP_SPLIT_IRQCHIP
        ])
        #expect(
          outcomes(report) == [
            "ok", "ok", "EEXIST", "EINVAL", "ok", "EINVAL", "ok", "ok", "EEXIST", "EINVAL", "EEXIST",
          ])
      }

      @Test func vcpuRunsAndIsUnmapped() throws {
        let before = descriptorCount()
        let mappings = mappingCount()
        let report = try run([
          createVM, createVCPU, step(.initVCPU(0, features: 0, finalize: []), .vcpu(0)), step(.runVCPU(0), .vcpu(0)),
          step(.runVCPU(0), .vcpu(0)), step(.createVCPU(id: 0), .vcpu(0)), step(.runVCPU(1), .vcpu(0)),
        ])
        #expect(outcomes(report) == ["ok", "ok", "ok", "ok", "ok", "EEXIST", "skipped"])
        #expect(descriptorCount() == before)
        #expect(mappingCount() == mappings)
      }

      @Test func capabilityTakesADevicesDescriptor() throws {
        let report = try run([
          createVM, createVFIO("vfio"), createVFIO("second"),
          step(.enableCapability(9999, on: .vm, flags: 0, arguments: [.device(0)]), .vm),
          step(.enableCapability(9999, on: .vm, flags: 0, arguments: [.value(0), .device(1)]), .vm),
        ])
        #expect(outcomes(report) == ["ok", "ok", "EBUSY", "EINVAL", "skipped"])
        #expect(report.entries[4].result.outcome == .skipped("second was not created"))
      }

      /// Slots are numbered by the create steps of the plan; a refused or skipped step leaves its slot empty.
      @Test func slotsAreNumberedByTheCreateSteps() throws {
        let file = { AttributeCall(target: .device($0), group: 1, attr: 1, data: .none) }
        var skipped = createVFIO("left-out")
        skipped.guardedBy = [Guard(step: 1, ok: true)]
        let report = try run([
          createVM, step(.testDevice(type: 7, flags: 0)), skipped,
          step(.createDevice(type: 7, flags: 0), .device("gic")), createVFIO("vfio"),
          step(.hasAttribute(file(0))), step(.hasAttribute(file(1))), step(.hasAttribute(file(2))),
          step(.closeDevice(2)), step(.hasAttribute(file(2))), step(.closeDevice(2)),
        ])
        #expect(
          outcomes(report) == [
            "ok", "ENODEV", "skipped", "ENODEV", "ok", "skipped", "skipped", "ok", "ok", "skipped", "skipped",
          ])
        #expect(report.entries[5].result.outcome == .skipped("left-out was not created"))
        #expect(report.entries[6].result.outcome == .skipped("gic was not created"))
        #expect(report.entries[9].result.outcome == .skipped("vfio is closed"))
      }

      @Test func everyStepIsSkippedWithoutAVM() throws {
        // No machine type of x86_64 has this number.
        let report = try run([
          step(.createVM(type: 1 << 40), .vm), createVCPU, createVFIO("vfio"), step(.createIRQChip, .vm),
          step(.runVCPU(0), .vcpu(0)), step(.hasAttribute(vfio(group: 1)(1, .none))),
          step(.addMemory(slot: 0, address: 0, size: 4096), .vm),
        ])
        #expect(outcomes(report) == ["EINVAL"] + [String](repeating: "skipped", count: 6))
        #expect(report.entries[1].result.outcome == .skipped("the VM was not created"))
        #expect(report.entries[4].result.outcome == .skipped("vcpu.0 was not created"))
      }

      @Test func descriptorsAndMappingsDoNotLeak() throws {
        let steps = [
          createVM, step(.addMemory(slot: 0, address: 0, size: 64 << 20), .vm), createVCPU, createVFIO("vfio"),
          createVFIO("second"), step(.runVCPU(0), .vcpu(0)),
        ]
        let files = [PlanFile(name: "null", path: "/dev/null", at: place(2))]
        _ = try run(steps, files: files)
        let (descriptors, mappings, mapped) = (descriptorCount(), mappingCount(), mappedKiB())
        for _ in 0..<20 { _ = try run(steps, files: files) }
        // One leak per run would be 20; other tests of this process may have a VM open at either moment.
        #expect(descriptorCount() < descriptors + 20)
        #expect(mappingCount() == mappings)
        // The guests had 20 times 64 MiB; threads of other tests may map some memory.
        #expect(mappedKiB() < mapped + 640 * 1024)
      }
    }
  }
#endif
