import DevicePlan
import Diagnostics
import PlanSupport
import Testing

@Suite struct PlanTests {
  @Test func everyKindOfStepHasASummary() {
    #expect(
      everyKind.map(\.words) == [
        "create vm (ipa-bits: 40)",
        "add memory at 0x4000_0000, 64MiB",
        "enable msi on vm",
        "create irqchip",
        "create vcpu.3",
        "init vcpu.3 ([psci-0.2, sve])",
        "test gic (arm-vgic-v3)",
        "create gic (arm-vgic-v3)",
        "has gic.addr.dist",
        "set gic.addr.dist = 0x0800_1000",
        "get gic.addr.dist",
        "set vcpu.3 group 99 attr 1099511627776 (invalid pointer)",
        "run vcpu.3",
        "close gic",
      ])
  }

  @Test func manifestCannotSteerTheTerminal() {
    let step = Step(
      .runVCPU(0), target: .device("a\u{1B}[2Jb\u{202E}"), at: place(1, 1..<2))
    #expect(step.words == "run a\\u{1B}[2Jb\\u{202E}")
  }
}
