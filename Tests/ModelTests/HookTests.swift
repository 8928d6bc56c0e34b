import DevicePlan
import Diagnostics
import Expressions
import Model
import Testing
import Vocabulary

/// Hooks: points of a kernel sequence at which devices take part.
@Suite struct HookTests {
  private static let vcpu =
    "run: {rules: [{if: 'vcpu.ran', return: ok}, {hook: first-run}, {then: {vcpu.ran: 'true'}}]}\nstate: {vcpu: {ran: 'false'}}"

  /// A device file's rules run for each device of the type; `self` is that device.
  @Test func hookRunsForEachDevice() {
    let model = TestModel(
      thing: """
        state: {device: {ready: 'false', visits: '0'}}
        hooks:
          first-run:
            - {then: {self.visits: 'self.visits + 1'}}
            - {if: '!self.ready', errno: ENODEV, because: a thing is not ready}
        groups:
          a:
            number: 0
            attributes:
              ready: {number: 0, payload: {type: none}, set: {rules: [{then: {self.ready: 'true'}}]}}
              visits: {number: 1, payload: {type: u32}, get: {value: 'self.visits'}}
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
    let model = TestModel(thing: "hooks: {first-run: [{errno: EIO, because: a thing}]}", vcpu: Self.vcpu)
    #expect(model.outcomes([createVM, createVCPU(0), run(0)]) == ["ok", "ok", "ok"])
  }

  /// The rules of a common file run once, however many devices there are, and see the vCPU of the call.
  @Test func hookOfACommonFileRunsOnce() {
    let model = TestModel(
      vcpu: Self.vcpu, course: .predicted,
      beside: [
        "common/timer.yaml": """
        schema: 1
        common: timer
        arch: [arm64]
        state: {vm: {runs: '0'}}
        hooks:
          first-run:
            - {then: {vm.runs: 'vm.runs + 1'}}
            - {if: 'vm.runs == 2', errno: EINVAL, because: "the second, of vCPU 1"}
            - {if: 'vcpu.id == 7', errno: EPERM, because: seven}
        """
      ])
    #expect(
      model.outcomes([createVM, createVCPU(1), createVCPU(7), createThing, createThing, run(0), run(1), run(1), run(1)])
        == ["ok", "ok", "ok", "ok", "ok", "ok", "EINVAL", "EPERM", "EPERM"])
  }

  /// The reason of a hook belongs to the call that ran the hook.
  @Test func reasonOfAHookBelongsToTheCall() {
    let model = TestModel(thing: "hooks: {first-run: [{errno: EIO, because: a thing}]}", vcpu: Self.vcpu)
    let reasons = model.results([createVM, createVCPU(0), createThing, run(0)])[3].reasons
    #expect(reasons.map(\.message) == ["a thing"])
    #expect(reasons.map { $0.rule?.file.path } == ["arm64/thing.yaml"])
  }
}

/// The calls that create VMs, vCPUs and devices.
@Suite struct CreationTests {
  /// `allocate` makes the record of a vCPU, which is among `vcpus` once the call has succeeded.
  @Test func allocateMakesTheRecordOfAVCPU() {
    let model = TestModel(
      vm: "state: {vm: {slots: '0'}}",
      vcpu: """
        create:
          rules:
            - {if: 'arg.id > 100', errno: EINVAL, because: above}
            - {allocate: vcpu}
            - {then: {vm.slots: 'vm.slots + 1', vcpu.slot: 'vm.slots'}}
            - {if: 'vcpus.exists(v, v.id == arg.id)', errno: EEXIST, because: taken}
        state: {vcpu: {slot: '0'}}
        groups:
          a:
            number: 0
            attributes:
              slot: {number: 0, payload: {type: u32}, get: {value: 'vcpu.slot'}}
              count: {number: 1, payload: {type: u32}, get: {value: 'size(vcpus) * 0x10 + vcpu.index'}}
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
        init:
          rules:
            - {if: 'arg.features & 2 != 0', errno: EINVAL, because: not this one}
            - {if: 'vcpu.features != null && vcpu.features != arg.features', errno: EBUSY, because: others}
            - {then: {vcpu.features: 'arg.features'}}
        state: {vcpu: {features: 'null'}}
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
        create:
          rules:
            - {if: 'arg.flags & 2 != 0', errno: EINVAL, because: flags}
            - {if: 'size(devices) > 1', errno: EBUSY, because: "two, at most"}
        """, course: .predicted)
    #expect(
      model.outcomes([createVM, create(3, flags: 2), createThing, createThing, createThing, test(3)])
        == ["ok", "EINVAL", "ok", "ok", "EBUSY", "ok"])
  }

  /// A device without `release` lives as long as its VM; a device with it is gone after `close`.
  @Test func closeRemovesADeviceWithRelease() {
    let once = "create: {rules: [{if: 'devices.exists(d, d.type == \"thing\")', errno: EBUSY, because: one}]}\n"
    let steps = [createVM, createThing, close(0), createThing]
    #expect(TestModel(thing: once).outcomes(steps) == ["ok", "ok", "ok", "EBUSY"])
    #expect(TestModel(thing: once + "release: {rules: []}").outcomes(steps) == ["ok", "ok", "ok", "ok"])
    #expect(
      TestModel(
        thing: once + "release: {rules: [{then: {vm.closed: 'vm.closed + 1'}}]}\nstate: {vm: {closed: '0'}}", vm: ""
      ).outcomes(
        steps + [set(0), close(0), set(0, on: .device(1))])
        == [
          "ok", "ok", "ok", "ok", "skipped: the device was not created", "skipped: the device was not created", "ENXIO",
        ])
  }

  @Test func memoryAndIRQChipAreCreatedByRules() {
    let vm = """
      state: {vm: {memory: []}}
      add-memory:
        rules:
          - {if: 'arg.size % 4KiB != 0', errno: EINVAL, because: pages}
          - {if: 'vm.memory.exists(m, overlaps(m.at, m.size, arg.at, arg.size))', errno: EEXIST, because: overlap}
          - {then: {'vm.memory[+]': {at: arg.at, size: arg.size, slot: arg.slot}}}
      """
    func memory(_ at: UInt64, _ size: UInt64) -> Step { step(.addMemory(slot: 0, address: at, size: size)) }
    #expect(
      TestModel(vm: vm, course: .predicted).outcomes([
        createVM, memory(0, 5), memory(0x1000, 0x2000), memory(0x2000, 0x1000), memory(0x3000, 0x1000),
        step(.createIRQChip),
      ]) == ["ok", "EINVAL", "ok", "EEXIST", "ok", "ENOTTY"])
    let irqchip =
      "state: {vm: {chip: 'false'}}\ncreate-irqchip: {rules: [{if: 'vm.chip', errno: EEXIST, because: one}, {then: {vm.chip: 'true'}}]}"
    #expect(
      TestModel(vm: irqchip).outcomes([createVM, step(.createIRQChip), step(.createIRQChip)]) == ["ok", "ok", "EEXIST"])
  }

  @Test func capabilityRulesSeeTheirArguments() {
    let model = TestModel(
      thing:
        "state: {device: {linked: '0'}}\ngroups: {a: {number: 0, attributes: {x: {number: 0, payload: {type: u32}, get: {value: 'self.linked'}}}}}",
      vm: """
        state: {vm: {on: 'false'}}
        capabilities:
          page-size:
            number: 70
            arguments: [{name: bytes, type: u32, default: 0}]
            rules:
              - {if: 'arg.flags != 0', errno: EPERM, because: flags}
              - {if: 'arg.bytes % 4096 != 0', errno: EINVAL, because: pages}
              - {then: {vm.on: 'true'}}
        enable-capability: {after: {rules: [{if: 'vm.on && size(vcpus) > 0', errno: EBUSY, because: "too late, and yet enabled"}]}}
        """,
      vcpu: """
        capabilities:
          link:
            number: 71
            on: vcpu
            arguments: [{name: device, type: device}, {name: server, type: u32}]
            rules: [{if: 'arg.server != vcpu.id', errno: EINVAL, because: server}, {then: {arg.device.linked: 'arg.device.linked + 1'}}]
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
