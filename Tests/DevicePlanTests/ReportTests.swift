import DevicePlan
import Diagnostics
import PlanSupport
import Testing

@Suite struct ReportTests {
  @Test func failedAndUndecidedStepsBecomeDiagnostics() {
    #expect(
      sampleReport.diagnostics == [
        .warning(
          "arm-vgic-v3.addr.dist:EINVAL", "the kernel answered ok or ENXIO; which one is unknown here",
          at: everyKind[11].at,
          notes: [
            Note("the address must be 64 KiB aligned"),
            Note("documented: E2BIG: the address is outside the addressable IPA range"),
          ]),
        .error(
          "arm-vgic-v3.addr.dist:EINVAL", "the kernel answered EINVAL: the address must be 64 KiB aligned",
          at: everyKind[9].at,
          notes: [Note("documented: E2BIG: the address is outside the addressable IPA range")]),
      ])
  }
}
