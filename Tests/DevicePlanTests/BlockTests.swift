import DevicePlan
import PlanSupport
import Testing
import Vocabulary

@Suite struct BlockTests {
  /// The index of a vCPU is written in the byte order of the plan's architecture.
  @Test(arguments: [(Architecture.arm64, [1, 0, 0, 0] as [UInt8]), (.s390x, [0, 0, 0, 1])])
  func vcpuIndexIsWrittenInTheArchitecturesByteOrder(_ architecture: Architecture, _ bytes: [UInt8]) {
    let slot = PayloadSlot(.vcpuIndex, offset: 0, width: 4)
    let call = AttributeCall(
      target: .vcpu(0), group: 0, attr: 0, data: .bytes([0, 0, 0, 0], slots: [slot]))
    var step = Step(.setAttribute(call), target: .eachVCPU, at: place(1, 1..<2))
    step.block = 1
    var plan = Plan(
      name: "vm", manifest: "vm.yaml", architecture: architecture,
      parameters: [PlanParameter(name: "cpus", size: 4, isSigned: false, at: place(1, 1..<2))], steps: [step])
    plan.vcpuCount = 0
    #expect(plan.fill([0: 2]) == [])
    #expect(plan.steps.map(\.target) == [.vcpu(0), .vcpu(1)])
    #expect(plan.steps.last?.operation.attributeCall?.data == .bytes(bytes))
  }
}
