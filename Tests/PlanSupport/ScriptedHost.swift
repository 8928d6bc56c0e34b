import DevicePlan
import Diagnostics
import Vocabulary

/// A host that answers as scripted, by the index of the step, and otherwise with ok. It records the steps it receives.
package struct ScriptedHost: Host {
  package var script: [Int: StepResult] = [:]
  package var description = HostDescription(kind: .kernel, architecture: .arm64, release: "7.2.13")
  /// The steps in the plan's order: performed, or skipped.
  package private(set) var calls: [(step: Step, performed: Bool)] = []

  package init(_ script: [Int: StepResult] = [:]) { self.script = script }

  package init(refusing index: Int, by errno: Errno) { self.init([index: StepResult(.refused(errno))]) }

  package mutating func perform(_ step: Step) -> StepResult {
    calls.append((step, true))
    return script[calls.count - 1] ?? StepResult(.ok)
  }

  package mutating func skip(_ step: Step) { calls.append((step, false)) }
}

package let manifest = SourceFile(
  path: "vm.yaml",
  bytes: Array(
    """
    kvmconf: 1
    arch: arm64
    devices:
      - type: arm-vgic-v3
        attributes:
          addr:
            dist: 0x0800_1000
    """.utf8))

/// A place in the manifest of these tests.
package func place(_ line: Int, _ columns: Range<Int>) -> SourceRange {
  SourceRange(
    file: manifest, start: Position(line: line, column: columns.lowerBound),
    end: Position(line: line, column: columns.upperBound))
}

/// One step of every kind, with a VM, a vCPU and a device.
package let everyKind: [Step] = {
  let at = place(4, 5..<22)
  let dist = AttributeCall(
    target: .device(0), group: 0, attr: 2, data: .bytes([0, 0x10, 0, 8, 0, 0, 0, 0]))
  return [
    Step(.createVM(type: 40), target: .vm, value: "ipa-bits: 40", at: at),
    Step(.addMemory(slot: 0, address: 0x4000_0000, size: 64 << 20), target: .vm, at: at),
    Step(
      .enableCapability(166, on: .vm, flags: 0, arguments: [.value(1), .value(0x10)]), target: .vm, value: "msi",
      at: at),
    Step(.createIRQChip, target: .vm, at: at),
    Step(.createVCPU(id: 3), target: .vcpu(3), at: at),
    Step(.initVCPU(0, features: 0x14, finalize: [4]), target: .vcpu(3), value: "[psci-0.2, sve]", at: at),
    Step(.testDevice(type: 7, flags: 0), target: .device("gic"), value: "arm-vgic-v3", at: at),
    Step(.createDevice(type: 7, flags: 0), target: .device("gic"), value: "arm-vgic-v3", at: at),
    Step(
      .hasAttribute(AttributeCall(target: .device(0), group: 0, attr: 2, data: .none)), target: .device("gic"),
      attribute: "addr.dist", at: at),
    Step(
      .setAttribute(dist), target: .device("gic"), attribute: "addr.dist", value: "0x0800_1000", at: place(7, 15..<26)),
    Step(
      .getAttribute(
        AttributeCall(target: .device(0), group: 0, attr: 2, data: .bytes([UInt8](repeating: 0, count: 8)))),
      target: .device("gic"), attribute: "addr.dist", at: at),
    Step(
      .setAttribute(AttributeCall(target: .vcpu(0), group: 99, attr: 1 << 40, flags: 1, data: .invalid)),
      target: .vcpu(3),
      at: at),
    Step(.runVCPU(0), target: .vcpu(3), at: at),
    Step(.closeDevice(0), target: .device("gic"), at: at),
  ]
}()

package func plan(_ steps: [Step], files: [PlanFile] = []) -> Plan {
  Plan(name: "web-frontend", manifest: "vm.yaml", architecture: .arm64, files: files, steps: steps)
}

/// A run with every kind of outcome.
package let sampleReport: Report = {
  let reason = Reason(
    id: "arm-vgic-v3.addr.dist:EINVAL", message: "the address must be 64 KiB aligned", rule: nil,
    documented: "E2BIG: the address is outside the addressable IPA range")
  var host = ScriptedHost([
    0: StepResult(.ok, nanoseconds: 102_345),
    1: StepResult(.errno("ENODEV"), nanoseconds: 900),
    3: StepResult(.ok, value: [0, 0, 0, 8, 0, 0, 0, 0], nanoseconds: 1_000),
    4: StepResult(.undecided([.ok, .errno("ENXIO")]), reasons: [reason]),
    5: StepResult(.errno("EINVAL"), reasons: [reason], nanoseconds: 1_210),
  ])
  let steps = [
    everyKind[0],
    Step(
      .testDevice(type: 7, flags: 0), target: .device("gic"), value: "arm-vgic-v3", at: everyKind[0].at,
      expected: [.ok, .errno("ENODEV")]),
    Step(
      .createDevice(type: 7, flags: 0), target: .device("gic"), value: "arm-vgic-v3", at: everyKind[0].at,
      guardedBy: [Guard(step: 1, ok: true)]),
    everyKind[10], everyKind[11], everyKind[9], everyKind[12],
  ]
  return Runner().run(plan(steps), on: &host)
}()

/// A set without a payload; each test chooses its answers and guards.
package func step(expecting expected: [Answer] = [.ok], guardedBy guards: [Guard] = []) -> Step {
  Step(
    .setAttribute(AttributeCall(target: .vm, group: 1, attr: 2, data: .none)), target: .vm, attribute: "some.thing",
    at: place(4, 5..<22), expected: expected, guardedBy: guards)
}

package func get(_ comparison: Comparison?) -> Step {
  Step(
    .getAttribute(AttributeCall(target: .vm, group: 1, attr: 2, data: .bytes([0, 0]))), target: .vm,
    attribute: "some.thing", at: place(4, 5..<22), comparison: comparison)
}

extension Answer {
  package static func errno(_ name: String) -> Answer { .refused(Errno(name: name)!) }
}

extension Outcome {
  package static func errno(_ name: String) -> Outcome { .refused(Errno(name: name)!) }
}
