import DevicePlan
import Diagnostics
import PlanSupport
import Reporting
import Testing
import TextOutput

/// Reports as text and as JSON.
@Suite struct ReportTextTests {
  @Test func textShowsEveryOutcomeAndTheSummary() {
    #expect(
      sampleReport.text() == """
        vm.yaml: web-frontend, kernel 7.2.13, arm64
        ✓  1  create vm (ipa-bits: 40)                                  ok                               102.3 µs
        ✓  2  test gic (arm-vgic-v3)                                    ENODEV, as expected                0.9 µs
        -  3  create gic (arm-vgic-v3)                                  skipped: step 2 answered ENODEV
        ✓  4  get gic.addr.dist                                         ok: 0x0800_0000                    1.0 µs
        ?  5  set vcpu.3 group 99 attr 1099511627776 (invalid pointer)  ok or ENXIO
        vm.yaml:4:5: warning: the kernel answered ok or ENXIO; which one is unknown here [arm-vgic-v3.addr.dist:EINVAL]
            4 |   - type: arm-vgic-v3
              |     ^^^^^^^^^^^^^^^^^
           note: the address must be 64 KiB aligned
           note: documented: E2BIG: the address is outside the addressable IPA range
        ✗  6  set gic.addr.dist = 0x0800_1000                           EINVAL                             1.2 µs
        vm.yaml:7:15: error: the kernel answered EINVAL: the address must be 64 KiB aligned [arm-vgic-v3.addr.dist:EINVAL]
            7 |         dist: 0x0800_1000
              |               ^^^^^^^^^^^
           note: documented: E2BIG: the address is outside the addressable IPA range
        -  7  run vcpu.3                                                skipped: an earlier step failed
        test gic (arm-vgic-v3): ENODEV; left out: create gic (arm-vgic-v3)
        7 steps: 3 passed, 1 failed, 2 skipped, 1 undecided

        """)
  }

  /// The steps after an interruption are only counted.
  @Test func interruptionTakesOneLine() {
    var report = sampleReport
    report.interruption = 5
    let text = report.text()
    #expect(text.contains("\n?  5 ") && !text.contains(" 6  set") && !text.contains(" 7  run"))
    #expect(text.contains("\nthe run was interrupted: 2 steps were not run\n7 steps: "), "\(text)")
  }

  @Test func colourIsOnlyAddedToTheText() throws {
    let coloured = sampleReport.text(color: true)
    #expect(coloured != sampleReport.text())
    #expect(coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == sampleReport.text())
  }

  @Test func jsonDescribesEveryOutcome() {
    let at = #""at":{"file":"vm.yaml","line":4,"column":5}"#
    let reason =
      #""reason":"the address must be 64 KiB aligned","id":"arm-vgic-v3.addr.dist:EINVAL""#
    let steps = [
      #"{"index":1,"operation":"create-vm","target":"vm",\#(at),"outcome":"ok","expected":["ok"],"pass":true,"nanoseconds":102345}"#,
      #"{"index":2,"operation":"test-device","target":"gic",\#(at),"outcome":"ENODEV","expected":["ok","ENODEV"],"pass":true,"nanoseconds":900}"#,
      #"{"index":3,"operation":"create-device","target":"gic",\#(at),"outcome":"skipped","expected":["ok"],"reason":"step 2 answered ENODEV"}"#,
      #"{"index":4,"operation":"get-attribute","target":"gic","attribute":"addr.dist","group":0,"attr":2,"payload":"0000000000000000",\#(at),"outcome":"ok","expected":["ok"],"pass":true,"value":"0000000800000000","nanoseconds":1000}"#,
      #"{"index":5,"operation":"set-attribute","target":"vcpu.3","group":99,"attr":1099511627776,"flags":1,"address":"invalid",\#(at),"outcome":"undecided","candidates":["ok","ENXIO"],"expected":["ok"],"pass":null,"reasons":[{\#(reason)}]}"#,
      #"{"index":6,"operation":"set-attribute","target":"gic","attribute":"addr.dist","group":0,"attr":2,"payload":"0010000800000000","at":{"file":"vm.yaml","line":7,"column":15},"outcome":"EINVAL","expected":["ok"],"pass":false,"nanoseconds":1210,\#(reason)}"#,
      #"{"index":7,"operation":"run-vcpu","target":"vcpu.3",\#(at),"outcome":"skipped","expected":["ok"],"reason":"an earlier step failed"}"#,
    ]
    #expect(
      sampleReport.json.text()
        == #"{"version":1,"manifest":"vm.yaml","name":"web-frontend","host":{"kind":"kernel","arch":"arm64","release":"7.2.13"},"#
        + #""steps":[\#(steps.joined(separator: ","))],"#
        + #""summary":{"steps":7,"passed":3,"failed":1,"skipped":2,"undecided":1}}"#)
  }

  /// The mask distinguishes bits that the model does not predict from zeros.
  @Test func jsonHasTheMaskOfAPredictedValue() {
    var host = ScriptedHost([
      0: StepResult(.ok, value: [1, 0, 0, 0, 0, 0, 0, 0], valueMask: [0xFF, 0, 0, 0, 0, 0, 0, 0])
    ])
    let json = Runner().run(plan([everyKind[10]]), on: &host).json.text()
    #expect(json.contains(#""value":"0100000000000000","mask":"ff00000000000000""#))
    #expect(!sampleReport.json.text().contains("mask"))
  }
}
