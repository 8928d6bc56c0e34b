import DevicePlan
import Diagnostics
import Expressions
import Model
import Testing
import Vocabulary

/// Hooks: points of a kernel sequence at which devices take part.
@Suite struct HookTests {
  private static let vcpu =
    """
    calls:
      run:
        - if: vcpu.ran
          return: 0
        - hook: first-run
        - assign: {vcpu.ran: true}
    state: {vcpu: {ran: false}}
    """

  /// A device file's rules run for each device of the type; `self` is that device.
  @Test func hookRunsForEachDevice() {
    let model = TestModel(
      thing: """
        state: {self: {ready: false, visits: 0}}
        hooks:
          first-run:
            - assign: {self.visits: self.visits + 1}
            - if: '!self.ready'
              ENODEV: a thing is not ready
        groups:
          a:
            number: 0
            attributes:
              ready:
                number: 0
                payload: none
                set:
                  - assign: {self.ready: true}
                get:
                  - write: unknown
              visits: {number: 1, payload: u32, set: [{read: value}], get: [{write: self.visits}]}
        """, vcpu: Self.vcpu, course: .predicted)
    #expect(
      model.outcomes([
        createVM, createVCPU(0), createThing, createThing, run(0), setNothing(), run(0), get(attr: 1),
        get(on: .device(1), attr: 1),
        setNothing(on: .device(1)), run(0), run(0), get(attr: 1), get(on: .device(1), attr: 1),
      ]) == [
        "ok", "ok", "ok", "ok", "ENODEV", "ok", "ENODEV", "ok 0x2", "ok 0x1", "ok", "ok", "ok", "ok 0x3", "ok 0x2",
      ])
  }

  /// Without a device, no rules run.
  @Test func hookOfATypeWithoutDevicesDoesNotRun() {
    let model = TestModel(
      thing: """
        hooks:
          first-run:
            - EIO: a thing
        """, vcpu: Self.vcpu)
    #expect(model.outcomes([createVM, createVCPU(0), run(0)]) == ["ok", "ok", "ok"])
  }

  /// The rules of a common file run once, however many devices there are, and see the vCPU of the call.
  @Test func hookOfACommonFileRunsOnce() {
    let model = TestModel(
      vcpu: Self.vcpu, course: .predicted,
      beside: [
        "common/timer.yaml": """
        schema: 2
        arch: [arm64]
        state: {vm: {runs: 0}}
        hooks:
          first-run:
            - assign: {vm.runs: vm.runs + 1}
            - if: vm.runs == 2
              EINVAL: the second, of vCPU 1
            - if: vcpu.id == 7
              EPERM: seven
        """
      ])
    #expect(
      model.outcomes([createVM, createVCPU(1), createVCPU(7), createThing, createThing, run(0), run(1), run(1), run(1)])
        == ["ok", "ok", "ok", "ok", "ok", "ok", "EINVAL", "EPERM", "EPERM"])
  }

  /// The reason of a hook belongs to the call that ran the hook.
  @Test func reasonOfAHookBelongsToTheCall() {
    let model = TestModel(
      thing: """
        hooks:
          first-run:
            - EIO: a thing
        """, vcpu: Self.vcpu)
    let reasons = model.results([createVM, createVCPU(0), createThing, run(0)])[3].reasons
    #expect(reasons.map(\.message) == ["a thing"])
    #expect(reasons.map { $0.rule?.file.path } == ["arm64/thing.yaml"])
  }
}

/// The calls that create VMs, vCPUs and devices.
@Suite struct CreationTests {
  /// The rules of `create` see the new vCPU as `vcpu`. It is among `vcpus` once the call has succeeded.
  @Test func createRulesSeeTheNewVCPU() {
    let model = TestModel(
      vm: "state: {vm: {slots: 0}}",
      vcpu: """
        calls:
          create:
            - if: arg.id > 100
              EINVAL: above
            - assign: {vm.slots: vm.slots + 1, vcpu.slot: vm.slots}
            - if: vcpus.exists(v, v.id == arg.id)
              EEXIST: taken
        state: {vcpu: {slot: 0}}
        groups:
          a:
            number: 0
            attributes:
              slot: {number: 0, payload: u32, set: [{read: value}], get: [{write: vcpu.slot}]}
              count: {number: 1, payload: u32, set: [{read: value}], get: [{write: size(vcpus) * 0x10 + vcpu.index}]}
        """, course: .predicted)
    // Each refused call takes a slot of the plan. The second vCPU 1 also takes a slot of the VM.
    #expect(
      model.outcomes([
        createVM, createVCPU(1), createVCPU(1), createVCPU(101), createVCPU(2), get(on: .vcpu(0)), get(on: .vcpu(3)),
        get(on: .vcpu(0), attr: 1), get(on: .vcpu(3), attr: 1), get(on: .vcpu(1)),
      ]) == [
        "ok", "ok", "EEXIST", "EINVAL", "ok", "ok 0x1", "ok 0x3", "ok 0x20", "ok 0x21",
        "skipped: the vCPU was not created",
      ])
  }

  @Test func initRulesSeeTheFeatures() {
    let model = TestModel(
      vcpu: """
        calls:
          init:
            - if: arg.features & 2 != 0
              EINVAL: not this one
            - if: vcpu.features != null && vcpu.features != arg.features
              EBUSY: others
            - assign: {vcpu.features: arg.features}
        state: {vcpu: {features: null}}
        """)
    #expect(
      model.outcomes([
        createVM, createVCPU(0), initVCPU(0, features: 2).expecting("EINVAL"), initVCPU(0, features: 1),
        initVCPU(0, features: 1),
        initVCPU(0, features: 4),
      ]) == ["ok", "ok", "EINVAL", "ok", "ok", "EBUSY"])
    let reason = TestModel().results([createVM, createVCPU(0), initVCPU(0)])[2].reasons.first?.message
    #expect(reason == "this architecture has no call that initialises vCPUs")
  }

  @Test func createRulesSeeFlagsAndDevices() {
    let model = TestModel(
      thing: """
        calls:
          create:
            - if: arg.flags & 2 != 0
              EINVAL: flags
            - if: size(devices) > 1
              EBUSY: two, at most
        """, course: .predicted)
    #expect(
      model.outcomes([createVM, create(3, flags: 2), createThing, createThing, createThing, test(3)])
        == ["ok", "EINVAL", "ok", "ok", "EBUSY", "ok"])
  }

  /// A device without `release` lives as long as its VM; a device with it is gone after `close`.
  @Test func closeRemovesADeviceWithRelease() {
    let once = """
      calls:
        create:
          - if: devices.exists(d, d.type == "thing")
            EBUSY: one

      """
    let steps = [createVM, createThing, close(0), createThing]
    #expect(TestModel(thing: once).outcomes(steps) == ["ok", "ok", "ok", "EBUSY"])
    #expect(TestModel(thing: once + "  release: []").outcomes(steps) == ["ok", "ok", "ok", "ok"])
    #expect(
      TestModel(
        thing: once + "  release: [{assign: {vm.closed: vm.closed + 1}}]\nstate: {vm: {closed: 0}}", vm: ""
      ).outcomes(
        steps + [set(0), close(0), set(0, on: .device(1))])
        == [
          "ok", "ok", "ok", "ok", "skipped: the device was not created", "skipped: the device was not created", "ENXIO",
        ])
  }

  @Test func memoryAndIRQChipAreCreatedByRules() {
    let vm = """
      state: {vm: {memory: []}}
      calls:
        add-memory:
          - if: arg.size % 4KiB != 0
            EINVAL: pages
          - if: vm.memory.exists(m, overlaps(m.at, m.size, arg.at, arg.size))
            EEXIST: overlap
          - assign:
              vm.memory[+]: {at: arg.at, size: arg.size, slot: arg.slot}
      """
    func memory(_ at: UInt64, _ size: UInt64) -> Step { step(.addMemory(slot: 0, address: at, size: size)) }
    #expect(
      TestModel(vm: vm, course: .predicted).outcomes([
        createVM, memory(0, 5), memory(0x1000, 0x2000), memory(0x2000, 0x1000), memory(0x3000, 0x1000),
        step(.createIRQChip),
      ]) == ["ok", "EINVAL", "ok", "EEXIST", "ok", "ENOTTY"])
    let irqchip = """
      state: {vm: {chip: false}}
      calls:
        create-irqchip:
          - if: vm.chip
            EEXIST: one
          - assign: {vm.chip: true}
      """
    #expect(
      TestModel(vm: irqchip).outcomes([createVM, step(.createIRQChip), step(.createIRQChip)]) == ["ok", "ok", "EEXIST"])
  }

  @Test func capabilityRulesSeeTheirArguments() {
    let model = TestModel(
      thing:
        """
        state: {self: {linked: 0}}
        groups:
          a:
            number: 0
            attributes:
              x: {number: 0, payload: u32, set: [{read: value}], get: [{write: self.linked}]}
        """,
      vm: """
        state:
          vm: {on: false}
        capabilities:
          page-size:
            KVM_CAP_PAGE_SIZE: 70
            arg:
              bytes: {type: u32, default: 0}
            do:
              - if: arg.flags != 0
                EPERM: flags
              - if: arg.bytes % 4096 != 0
                EINVAL: pages
              - assign: {vm.on: true}
        calls:
          enable-capability:
            - hook: capability
            - if: vm.on && size(vcpus) > 0
              EBUSY: too late, and yet enabled
        """,
      vcpu: """
        capabilities:
          link:
            KVM_CAP_LINK: 71
            arg:
              device: device
              server: u32
            do:
              - if: arg.server != vcpu.id
                EINVAL: server
              - assign: {arg.device.linked: arg.device.linked + 1}
        """, course: .predicted)
    func enable(_ number: UInt32, on target: Target = .vm, flags: UInt32 = 0, _ arguments: CapabilityArgument...)
      -> Step
    {
      step(.enableCapability(number, on: target, flags: flags, arguments: arguments))
    }
    #expect(
      model.outcomes([
        createVM, createThing, enable(70, flags: 1, .value(4096)), enable(70, .value(5)), createVCPU(4),
        enable(70, .value(4096)),
        enable(71, on: .vcpu(0), .device(0), .value(4)), enable(71, on: .vcpu(0), .device(0), .value(5)), get(),
        enable(99),
        enable(71, on: .vcpu(1)), enable(71, on: .vcpu(0), .device(7), .value(4)),
      ]) == [
        "ok", "ok", "EPERM", "EINVAL", "ok", "EBUSY", "ok", "EINVAL", "ok 0x1", "nothing",
        "skipped: the vCPU was not created",
        "skipped: the device was not created",
      ])
  }
}
