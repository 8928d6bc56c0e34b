import DevicePlan
import Diagnostics
import Reporting
import Testing
import TextOutput

@Suite struct ReportTests {
  /// A run with every kind of outcome.
  let report: Report = {
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

  @Test func textShowsEveryOutcomeAndTheSummary() {
    #expect(
      report.text() == """
        vm.yaml: web-frontend, kernel 7.2.13, arm64
        ✓  1  create vm (ipa-bits: 40)                                  ok                               102.3 µs
        ✓  2  test gic (arm-vgic-v3)                                    ENODEV, as expected                0.9 µs
        -  3  create gic (arm-vgic-v3)                                  skipped: step 2 answered ENODEV
        ✓  4  get gic.addr.dist                                         ok: 0x0800_0000                    1.0 µs
        ?  5  set vcpu.3 group 99 attr 1099511627776 (invalid pointer)  ok or ENXIO
        vm.yaml:4:5: warning: the kernel answered ok or ENXIO; which one cannot be told here [arm-vgic-v3.addr.dist:EINVAL]
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

  @Test func failedAndUndecidedStepsBecomeDiagnostics() {
    #expect(
      report.diagnostics == [
        .warning(
          "arm-vgic-v3.addr.dist:EINVAL", "the kernel answered ok or ENXIO; which one cannot be told here",
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

  @Test func colourIsOnlyAddedToTheText() throws {
    let coloured = report.text(color: true)
    #expect(coloured != report.text())
    #expect(coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == report.text())
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
      report.json.text()
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
    #expect(!report.json.text().contains("mask"))
  }

  @Test func planJSONDescribesEveryStep() {
    let gpu = PlanFile(name: "gpu", path: "/dev/vfio/12", at: place(1, 1..<2))
    var add = everyKind[9]
    add.guardedBy = [Guard(step: 0, ok: false)]
    add.moved = "after vcpus"
    add.comparison = Comparison(bytes: [1], mask: [255])
    add.operation = .setAttribute(
      AttributeCall(
        target: .device(0), group: 1, attr: 1,
        data: .bytes([255, 255, 255, 255], slots: [.file(0, offset: 0)])))
    let capability = Step(
      .enableCapability(92, on: .vcpu(0), flags: 0, arguments: [.device(0), .value(3)]), target: .vcpu(3),
      at: place(4, 5..<6))
    let at = #""at":{"file":"vm.yaml","line":4,"column":5}"#
    let steps = [
      #"{"index":1,"operation":"create-device","target":"gic",\#(at),"type":7,"value":"arm-vgic-v3","expected":["ok"]}"#,
      #"{"index":2,"operation":"enable-capability","target":"vcpu.3",\#(at),"capability":92,"arguments":[{"device":"gic"},3],"expected":["ok"]}"#,
      #"{"index":3,"operation":"set-attribute","target":"gic","attribute":"addr.dist","group":1,"attr":1,"payload":"ffffffff","at":{"file":"vm.yaml","line":7,"column":15},"descriptors":[{"offset":0,"file":"gpu"}],"value":"0x0800_1000","expected":["ok"],"comparison":{"bytes":"01","mask":"ff"},"guards":[{"step":1,"ok":false}],"moved":"after vcpus"}"#,
    ]
    #expect(
      plan([everyKind[7], capability, add], files: [gpu]).json.text()
        == #"{"version":1,"manifest":"vm.yaml","name":"web-frontend","arch":"arm64","#
        + #""files":[{"name":"gpu","path":"/dev/vfio/12","at":{"file":"vm.yaml","line":1,"column":1}}],"#
        + #""steps":[\#(steps.joined(separator: ","))]}"#)
  }
}
