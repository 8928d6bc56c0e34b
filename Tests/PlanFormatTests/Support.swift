import DevicePlan
import Diagnostics
import Vocabulary
import kvmload

private let manifest = SourceFile(path: "vm.yaml", bytes: [])

func place(_ line: Int) -> SourceRange {
  SourceRange(file: manifest, start: Position(line: line, column: 3), end: Position(line: line, column: 3))
}

/// A plan with every operation, every kind of data, and everything that a step can carry.
func everything() -> Plan {
  let attribute = AttributeCall(target: .device(0), group: 0, attr: 1 << 40, flags: 1, data: .bytes([1, 2, 3, 4]))
  let slots = [
    PayloadSlot.file(0, offset: 0), PayloadSlot(.parameter(1), offset: 4, width: 2, shift: 3, bits: 9),
    PayloadSlot(.parameter(0), offset: 8, width: 8), PayloadSlot(.payload(24), offset: 16, width: 8),
  ]
  let filled = AttributeCall(
    target: .vcpu(0), group: 2, attr: 0, data: .bytes(Array(repeating: 0xEE, count: 26), slots: slots))
  var steps = [
    Step(.createVM(type: 0x28), target: .vm, value: "ipa-bits: 40", at: place(2)),
    Step(.addMemory(slot: 1, address: 1 << 32, size: 1 << 20), target: .vm, at: place(3)),
    Step(.createVCPU(id: 7), target: .vcpu(7), at: place(4)),
    Step(.initVCPU(0, features: 0x14, finalize: [4, -1]), target: .vcpu(7), value: "sve", at: place(5)),
    Step(.createIRQChip, target: .vm, at: place(6)),
    Step(.enableCapability(166, on: .vm, flags: 0, arguments: [.value(0), .value(0)]), target: .vm, at: place(7)),
    Step(
      .testDevice(type: 7, flags: 0), target: .device("arm-vgic-v3"), at: place(8), expected: [.ok, Answer("ENODEV")!]),
    Step(.createDevice(type: 7, flags: 0), target: .device("gic"), at: place(9), guardedBy: [Guard(step: 6, ok: true)]),
    Step(
      .enableCapability(110, on: .vcpu(0), flags: 2, arguments: [.device(0), .value(9)]), target: .vcpu(7),
      at: place(10)),
    Step(
      .hasAttribute(attribute), target: .device("gic"), attribute: "addr.dist", at: place(11), expectedNumber: 3),
    Step(.setAttribute(filled), target: .vcpu(7), attribute: "timer", value: "größer\u{0}", at: place(12)),
    Step(
      .getAttribute(attribute), target: .device("gic"), attribute: "addr.dist", value: "", at: place(13),
      comparison: Comparison(bytes: [1, 2, 3, 4], mask: [0xFF, 0, 0xFF, 0])),
    Step(
      .setAttribute(AttributeCall(target: .system, group: 0, attr: 0, data: .invalid)), target: .system,
      at: place(14), expected: [Answer("EFAULT")!]),
    Step(
      .hasAttribute(AttributeCall(target: .vm, group: 99, attr: 0, data: .none)), target: .vm, at: place(15),
      moved: "after vcpus", hints: ["one hint", "another"]),
    Step(.runVCPU(0), target: .vcpu(7), at: place(16)),
    Step(.closeDevice(0), target: .device("gic"), at: place(17)),
    Step(
      .request(RequestCall(target: .vm, request: 0xC008_AE61, data: .bytes([1, 2, 3, 4, 5, 6, 7, 8]))), target: .vm,
      attribute: "line", value: "{irq: 1}", at: place(18), expectedNumber: 0,
      comparison: Comparison(bytes: [1], mask: [0xFF])),
  ]
  steps[15].expected = []
  steps[9].key = "offset CTRL"
  let seen = PlanParameter(name: "seen", size: 4, isSigned: false, isRead: true, at: place(1))
  steps[11].stored = StoredValue(parameter: 2, seen, offset: 0)
  let descriptor = AttributeData.bytes([9, 9, 9, 9], slots: [.device(1, offset: 0)])
  steps += [
    Step(.checkExtension(170), target: .vm, value: "sve", at: place(19), expected: [.ok, Answer("ENXIO")!]),
    Step(
      .request(
        RequestCall(
          target: .vm, request: 0xC040_AED4, data: .bytes([UInt8](repeating: 0, count: 64)), isWritten: true,
          makesDescriptor: true)),
      target: .device("ram"), attribute: "create-guest-memfd", at: place(20)),
    Step(
      .addMemory(slot: 2, address: 0, size: 4096, flags: 4, private: PrivateMemory(device: 1, offset: 1 << 33)),
      target: .vm,
      at: place(21)),
    Step(
      .setAttribute(AttributeCall(target: .vm, group: 1, attr: 1, data: descriptor)), target: .vm, at: place(22)),
  ]
  return Plan(
    name: "every-thing", manifest: "vm.yaml", architecture: .x86_64,
    files: [PlanFile(name: "gpu", path: "/dev/null", at: place(1))],
    parameters: [
      PlanParameter(name: "dist", size: 8, isSigned: false, at: place(1)),
      PlanParameter(name: "delta", size: 2, isSigned: true, initial: -2, at: place(1)),
      seen,
    ], steps: steps)
}

/// A plan whose number of vCPUs is supplied at load time: two blocks, a device's attribute per vCPU, and steps between.
func forEachVCPU() -> Plan {
  func attribute(_ target: Target, _ data: AttributeData = .none) -> AttributeCall {
    AttributeCall(target: target, group: 1, attr: 2, data: data)
  }
  let index = AttributeData.bytes([0, 0, 0, 0], slots: [PayloadSlot(.vcpuIndex, offset: 0, width: 4)])
  var steps = [
    Step(.createVM(type: 0), target: .vm, at: place(1)),
    Step(.createVCPU(id: 0), target: .eachVCPU, at: place(2)),
    Step(.initVCPU(0, features: 4, finalize: []), target: .eachVCPU, at: place(3)),
    Step(.createDevice(type: 7, flags: 0), target: .device("gic"), at: place(4)),
    Step(.hasAttribute(attribute(.vcpu(0))), target: .eachVCPU, attribute: "timer", at: place(5)),
    Step(
      .setAttribute(attribute(.vcpu(0))), target: .eachVCPU, attribute: "timer", at: place(6),
      guardedBy: [Guard(step: 4, ok: true)]),
    Step(.setAttribute(attribute(.device(0), index)), target: .device("gic"), attribute: "addr.region", at: place(7)),
  ]
  for (i, block) in [1: 1, 2: 1, 4: 2, 5: 2, 6: 3] { steps[i].block = block }
  var plan = Plan(
    name: "each", manifest: "vm.yaml", architecture: .x86_64,
    parameters: [PlanParameter(name: "cpus", size: 4, isSigned: false, initial: 3, at: place(1))], steps: steps)
  plan.vcpuCount = 0
  return plan
}

/// Sets the checksum, computed as in docs/plan-format.md.
func repair(_ bytes: inout [UInt8]) {
  let checksum = KVMLOAD_HEADER_CHECKSUM..<KVMLOAD_HEADER_CHECKSUM + 8
  for i in checksum { bytes[i] = 0 }
  var hash = KVMLOAD_CHECKSUM_SEED
  for start in stride(from: 0, to: bytes.count, by: 8) {
    let word = (0..<8).reduce(0 as UInt64) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
    hash ^= word
    let rotated = hash << KVMLOAD_CHECKSUM_ROTATION | hash >> (64 - KVMLOAD_CHECKSUM_ROTATION)
    hash = rotated &* KVMLOAD_CHECKSUM_FACTOR
  }
  for (i, place) in checksum.enumerated() { bytes[place] = UInt8(truncatingIfNeeded: hash >> (8 * i)) }
}
