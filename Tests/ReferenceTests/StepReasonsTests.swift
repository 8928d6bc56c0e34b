import DevicePlan
import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary

@Suite struct StepReasonsTests {
  /// A VM and its vCPUs can have capabilities with the same number, and a later release can reuse a number.
  @Test func capabilityIsThatOfTheTargetAndTheRelease() {
    func capability(_ errno: String, on target: String, since: String) -> String {
      "{KVM_CAP_OF_\(target): 9, since: v\(since), do: [{\(errno): \(errno.lowercased())}]}"
    }
    let catalogue = catalogue(
      schemaSources([
        "arm64/vcpu.yaml": """
        schema: 2
        capabilities: {late: \(capability("EIO", on: "VCPU", since: "9.0")), own: \(capability("EPERM", on: "VCPU", since: "5.0"))}
        """,
        "arm64/vm.yaml": """
        schema: 2
        capabilities: {turbo: \(capability("EBUSY", on: "VM", since: "5.0"))}
        """,
      ]))
    let file = SourceFile(path: "vm.yaml", text: "")
    let place = SourceRange(file: file, start: .start, end: .start)
    func step(_ target: Target, _ name: TargetName) -> Step {
      Step(.enableCapability(9, on: target, flags: 0, arguments: []), target: name, at: place)
    }
    let plan = Plan(
      name: "vm", manifest: "vm.yaml", architecture: .arm64,
      steps: [step(.vm, .vm), step(.vcpu(0), .vcpu(0))])
    var reasons = StepReasons(plan, catalogue)
    #expect(reasons.reasons(for: plan.steps[0]).map(\.text) == ["ebusy"])
    #expect(reasons.reasons(for: plan.steps[1]).map(\.text) == ["eperm"])
  }
}
