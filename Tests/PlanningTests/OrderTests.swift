import DeviceManifest
import DevicePlan
import Diagnostics
import Planning
import TestSupport
import Testing
import Vocabulary

@Suite struct OrderTests {
  private let schemas = Schemas()

  /// The order of the top-level keys does not matter.
  @Test func baseOrderIsIndependentOfTheManifestsOrder() {
    let parts = [
      "devices:\n  - {type: thing, name: t, attributes: {size: 1, address: {top: 2, base: 3}}}\n  - {type: thing, name: u}\n",
      "vcpus: {ids: [5, 2], features: [fast], attributes: {timer: {irq: 27}}, each: [{vcpu: 2, attributes: {timer: {irq: 28}}}]}\n",
      "memory: [{at: 0x1000, size: 4KiB}, {at: 0x8000, size: 64KiB}]\n",
      "vm: {bits: 40, capabilities: [{late: {device: u}}, early], attributes: {vm-group: {a: 7}}}\n",
    ]
    let expected = [
      "create vm", "enable early on vm", "set vm.vm-group.a = 7", "add memory at 0x0000_1000, 4KiB",
      "add memory at 0x0000_8000, 64KiB",
      "create vcpu.5", "init vcpu.5 (fast)", "create vcpu.2", "init vcpu.2 (fast)", "create t", "set t.size = 1",
      "set t.address.top = 2",
      "set t.address.base = 3", "create u", "enable late on vm", "set vcpu.5.timer.irq = 27",
      "set vcpu.2.timer.irq = 28",
    ]
    expectSameLines(schemas.calls(parts.joined()), expected)
    expectSameLines(schemas.calls(parts.reversed().joined()), expected)
    expectSameLines(schemas.calls(parts[1] + parts[3] + parts[0] + parts[2]), expected)
  }

  @Test func operationsHaveTheNumbersOfTheSchemas() throws {
    let steps = schemas.plan(
      "vm: {bits: 40, capabilities: [{late: {device: u}}]}\nvcpus: {ids: [5], features: [fast, odd]}\ndevices: [{type: thing, name: t}, {type: thing, name: u}]\n"
    ).plan.steps
    #expect(
      steps.map(\.operation) == [
        .createVM(type: 40), .createVCPU(id: 5), .initVCPU(0, features: 0x28, finalize: [4]),
        .createDevice(type: 3, flags: 0),
        .createDevice(type: 3, flags: 0), .enableCapability(71, on: .vm, flags: 0, arguments: [.device(1)]),
      ])
  }

  /// `after` and `before` move single calls, and the plan gives the reason.
  @Test func afterAndBeforeMoveSingleCalls() {
    expectSameLines(
      schemas.calls("devices: [{type: thing, attributes: {control: {start: }, address: {base: 1, top: 2}, size: 5}}]"),
      [
        "create vm", "create thing", "set thing.address.base = 1", "set thing.address.top = 2", "set thing.size = 5",
        "set thing.control.start (after thing.size)",
      ])
    // `size` has `before: [control.stop]`, and `stop` waits for the vCPUs' attributes.
    expectSameLines(
      schemas.calls(
        "vcpus: {count: 1, attributes: {timer: {irq: 27}}}\ndevices: [{type: thing, attributes: {control: {stop: 1}, size: 5, address: {base: 1}}}]"
      ),
      [
        "create vm", "create vcpu.0", "init vcpu.0", "create thing", "set thing.size = 5", "set thing.address.base = 1",
        "set vcpu.0.timer.irq = 27", "set thing.control.stop = 1 (after vcpu.0.timer.irq)",
      ])
  }

  /// An order that names a call which the manifest does not have is ignored.
  @Test func orderAgainstAnAbsentCallIsIgnored() {
    expectSameLines(
      schemas.calls("devices: [{type: thing, attributes: {control: {start: , stop: 1}}}]"),
      ["create vm", "create thing", "set thing.control.start", "set thing.control.stop = 1"])
    expectSameLines(schemas.calls("devices: [{type: other}]"), ["create vm", "create other"])
  }

  /// The creation of a device can wait for another type, and an attribute for attributes of other devices.
  @Test func orderAppliesAcrossDevices() {
    expectSameLines(
      schemas.calls("devices: [{type: other, attributes: {g: {y: 1}}}, {type: thing, attributes: {size: 1}}]"),
      [
        "create vm", "create thing", "create other (after create thing)", "set other.g.y = 1 (after create other)",
        "set thing.size = 1",
      ])
    expectSameLines(
      schemas.calls(
        "vcpus: {count: 1, attributes: {timer: {late: 1, irq: 2}}}\ndevices: [{type: thing, attributes: {control: {start: }}}]"
      ),
      [
        "create vm", "create vcpu.0", "init vcpu.0", "create thing", "set thing.control.start",
        "set vcpu.0.timer.late = 1", "set vcpu.0.timer.irq = 2",
      ])
    expectSameLines(
      schemas.calls("vm: {attributes: {vm-group: {b: 1, a: 2}}}\nmemory: [{at: 0, size: 4KiB}]"),
      [
        "create vm", "set vm.vm-group.a = 2", "add memory at 0x0000_0000, 4KiB",
        "set vm.vm-group.b = 1 (after add memory at 0x0000_0000, 4KiB)",
      ])
  }

  /// An order within a type applies to each device separately.
  @Test func orderWithinATypeAppliesToEachDevice() {
    expectSameLines(
      schemas.calls(
        "devices: [{type: thing, name: a, attributes: {control: {start: }, size: 1}}, {type: thing, name: b, attributes: {control: {start: }}}]"
      ),
      [
        "create vm", "create a", "set a.size = 1", "set a.control.start (after a.size)", "create b",
        "set b.control.start",
      ])
  }

  /// An order can depend on the key.
  @Test func orderWithAConditionDependsOnTheKey() {
    expectSameLines(
      schemas.calls(
        "devices: [{type: thing, attributes: {registers: [{offset: 8, value: 1}, {offset: 4, value: 2}], control: {start: }}}]"
      ),
      [
        "create vm", "create thing", "set thing.registers = 2", "set thing.control.start",
        "set thing.registers = 1 (after thing.control.start)",
      ])
  }

  /// An attribute with a condition on its value can be ordered with itself, on all vCPUs.
  @Test func orderOfAnAttributeWithItselfDependsOnTheValue() {
    expectSameLines(
      schemas.calls(
        "vcpus: {count: 4, each: [{vcpu: 0, attributes: {timer: {kind: 40}}}, {vcpu: 1, attributes: {timer: {kind: 23}}}, {vcpu: 2, attributes: {timer: {kind: 41}}}, {vcpu: 3, attributes: {timer: {kind: 23}}}]}"
      ).filter { $0.hasPrefix("set") },
      [
        "set vcpu.1.timer.kind = 23", "set vcpu.3.timer.kind = 23",
        "set vcpu.0.timer.kind = 40 (after vcpu.3.timer.kind)", "set vcpu.2.timer.kind = 41 (after vcpu.3.timer.kind)",
      ])
  }

  /// Slots are numbered in the order of the plan, which can differ from the manifest's.
  @Test func slotsAreNumberedInTheOrderOfThePlan() {
    let steps = schemas.plan(
      "vm: {capabilities: [{late: {device: other}}]}\ndevices: [{type: other, attributes: {g: {y: 1}}}, {type: thing, attributes: {size: 1}}]\nsteps: [{close: thing}, {get: other.g.y}]"
    ).plan.steps
    #expect(
      steps.map { step in
        switch step.operation {
        case .createDevice(let type, _): "create \(type)"
        case .setAttribute(let call), .getAttribute(let call): "\(step.target) \(call.target)"
        case .closeDevice(let slot): "close \(slot)"
        case .enableCapability(_, _, _, let arguments): "\(arguments)"
        default: step.operation.name
        }
      } == [
        "create-vm", "create 3", "create 4", "other device(1)", "thing device(0)",
        "[DevicePlan.CapabilityArgument.device(1)]", "close 0",
        "other device(1)",
      ])
  }

  @Test func circularOrderIsReported() {
    var schemas = Schemas()
    schemas.files["arm64/ring.yaml"] = """
      schema: 2
      number: 9
      groups:
        g:
          number: 0
          payload: u32
          attributes:
            a: {number: 0, after: [g.b], set: [{read: value}]}
            b: {number: 1, after: [g.a], set: [{read: value}]}
            c: {number: 2, set: [{read: value}]}
      """
    let result = schemas.plan("devices: [{type: ring, attributes: {g: {c: 0, a: 1, b: 2}}}]")
    #expect(result.diagnostics.map(\.id) == ["ordering-cycle"])
    #expect(result.diagnostics.map(\.message) == ["the schemas' rules of order for these calls form a circle"])
    #expect(result.diagnostics.first?.range?.start == Position(line: 3, column: 50))
    #expect(result.plan.steps.count == 5)
    #expect(schemas.plan("devices: [{type: ring, attributes: {g: {c: 0, a: 1}}}]").diagnostics == [])
  }

  @Test func sameManifestGivesTheSamePlan() {
    let text =
      "vcpus: {count: 3, attributes: {timer: {late: 1}}}\ndevices: [{type: other}, {type: thing, attributes: {control: {start: , stop: 2}, size: 3}}]"
    #expect(Set((0..<5).map { _ in schemas.calls(text) }).count == 1)
  }

  /// Explicit steps keep their order, whatever the schemas say.
  @Test func explicitStepsKeepTheirOrder() {
    expectSameLines(
      schemas.calls(
        "devices: [{type: thing}]\nsteps: [{set: thing.control.start}, {set: thing.size, value: 3}, {has: thing.address.base}]"
      ), ["create vm", "create thing", "set thing.control.start", "set thing.size = 3", "has thing.address.base"])
    expectSameLines(
      schemas.calls(
        "steps: [{create-vm: {}}, {create-vcpu: 3}, {init-vcpu: 3}, {create: thing, as: t}, {set: t.size, value: 3, expect: [EBUSY, ok]}, {run: 3}]"
      ), ["create vm", "create vcpu.3", "init vcpu.3", "create t", "set t.size = 3", "run vcpu.3"])
  }

  /// A refused `create` binds no name, but takes a slot.
  @Test func refusedCreateTakesASlotButNoName() {
    let steps = schemas.plan(
      "steps: [{create-vm: {}}, {create: thing, as: t}, {create: thing, as: u, expect: EBUSY}, {create: other, as: u}, {set: u.g.y, value: 1}, {create-vcpu: 1, expect: EINVAL}, {create-vcpu: 1}, {run: 1}]"
    ).plan.steps
    #expect(steps[4].operation.attributeCall?.target == .device(2))
    #expect(steps[7].operation == .runVCPU(1))
    #expect(steps[2].expected == [.refused(Errno(name: "EBUSY")!)])
  }
}

/// Tests of the host, and the steps that depend on their answers.
@Suite struct GuardTests {
  private let schemas = Schemas()

  private func lines(_ text: String) -> [String] {
    schemas.plan(text).plan.steps.enumerated().map { i, step in
      let guards = step.guardedBy.map { " if \($0.step + 1) is \($0.ok ? "" : "not ")ok" }.joined()
      return "\(i + 1) \(step.words)\(step.expected == [.ok] ? "" : " (expects \(step.expected.words))")\(guards)"
    }
  }

  @Test func optionalAttributeIsSetIfTheHostHasIt() {
    expectSameLines(
      lines("devices: [{type: thing, attributes: {size: {value: 5, optional: true}, address: {base: 1}}}]"),
      [
        "1 create vm", "2 create thing",
        "3 has thing.size (expects ok, ENXIO, ENODEV, EPERM, EINVAL, ENOTTY, EBUSY, ENOENT or EOPNOTSUPP)",
        "4 set thing.size = 5 if 3 is ok", "5 set thing.address.base = 1",
      ])
  }

  @Test func optionalDeviceIsCreatedIfTheHostHasIt() {
    expectSameLines(
      lines("devices: [{type: thing, name: t, optional: true, attributes: {size: 5}}, {type: other}]"),
      [
        "1 create vm", "2 test thing (expects ok or ENODEV)", "3 create t if 2 is ok", "4 set t.size = 5 if 2 is ok",
        "5 create other",
      ])
  }

  @Test func firstAlternativeThatTheHostHasIsCreated() {
    expectSameLines(
      lines("devices: [{type: [thing, other], name: d, for: {thing: {size: 5}, other: {g: {y: 6}}}}]"),
      [
        "1 create vm", "2 test thing (expects ok or ENODEV)", "3 create d if 2 is ok", "4 set d.size = 5 if 2 is ok",
        "5 create d if 2 is not ok", "6 set d.g.y = 6 if 2 is not ok",
      ])
    expectSameLines(
      lines(
        "devices: [{type: [thing, other], name: d, optional: true, for: {other: {g: {y: {value: 6, optional: true}}}}}]"
      ),
      [
        "1 create vm", "2 test thing (expects ok or ENODEV)", "3 create d if 2 is ok",
        "4 test other (expects ok or ENODEV) if 2 is not ok", "5 create d if 2 is not ok if 4 is ok",
        "6 has d.g.y (expects ok, ENXIO, ENODEV, EPERM, EINVAL, ENOTTY, EBUSY, ENOENT or EOPNOTSUPP) if 2 is not ok if 4 is ok",
        "7 set d.g.y = 6 if 2 is not ok if 4 is ok if 6 is ok",
      ])
  }

  /// A guard still refers to its test when both move.
  @Test func guardRefersToItsTestAfterAMove() {
    expectSameLines(
      lines("devices: [{type: other, optional: true, attributes: {g: {y: 6}}}, {type: thing}]"),
      [
        "1 create vm", "2 create thing", "3 test other (expects ok or ENODEV)", "4 create other if 3 is ok",
        "5 set other.g.y = 6 if 3 is ok",
      ])
  }

  @Test func needsOfADeviceAreEnabled() {
    var schemas = schemas
    schemas.files["arm64/needy.yaml"] = """
      schema: 2
      number: 8
      needs:
        - {enable-capability: early}
        - {enable-capability: link, on: vcpu, device: self, server: vcpu.id + 1}
      groups: {g: {number: 0, payload: u32, attributes: {x: {number: 0, set: [{read: value}]}}}}
      """
    let steps = schemas.plan(
      "vcpus: {ids: [4, 7]}\ndevices: [{type: thing}, {type: needy, optional: true, attributes: {g: {x: 1}}}]"
    ).plan.steps
    expectSameLines(
      steps.map(\.words),
      [
        "create vm", "create vcpu.4", "init vcpu.4", "create vcpu.7", "init vcpu.7", "create thing", "test needy",
        "create needy",
        "enable early on vm", "enable link on vcpu.4", "enable link on vcpu.7", "set needy.g.x = 1",
      ])
    #expect(steps[9].operation == .enableCapability(72, on: .vcpu(0), flags: 0, arguments: [.device(1), .value(5)]))
    #expect(steps[10].operation == .enableCapability(72, on: .vcpu(1), flags: 0, arguments: [.device(1), .value(8)]))
    #expect(steps[8...11].allSatisfy { $0.guardedBy == [Guard(step: 6, ok: true)] })
  }
}

/// The time to plan is proportional to the number of calls.
@Suite(.slow, .hangGuard) struct SpeedTests {
  private func seconds(_ count: Int, _ text: (Int) -> String) -> Double {
    let text = text(count)
    var steps = 0
    let time = processorTime { steps = Schemas().plan(text).plan.steps.count }
    #expect(steps >= count)
    return time
  }

  private func expectLinear(_ text: (Int) -> String) {
    _ = seconds(100, text)
    let (small, large) = (seconds(2000, text), seconds(20_000, text))
    #expect(isProportional(small, large), "\(small) s and \(large) s")
  }

  /// Each call waits for one call, which is written after them.
  @Test func timeIsLinearIfManyCallsWaitForOne() {
    expectLinear { count in
      "devices:\n  - type: thing\n    attributes:\n      registers:\n"
        + String(repeating: "        - {offset: 8, value: 1}\n", count: count)
        + "      control: {start: }\n"
    }
  }

  /// Every attribute of every vCPU waits for the attributes of every device.
  @Test func timeIsLinearIfManyCallsWaitForMany() {
    expectLinear { count in
      "vcpus: {count: \(count / 5), attributes: {timer: {late: 1}}}\ndevices:\n"
        + (0..<count / 5).map { "  - {type: thing, name: t\($0), attributes: {control: {start: }}}\n" }.joined()
    }
  }
}
