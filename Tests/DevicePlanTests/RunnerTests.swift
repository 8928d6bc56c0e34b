import DevicePlan
import Diagnostics
import PlanSupport
import Testing
import Vocabulary

@Suite struct RunnerTests {
  @Test func everyStepIsPerformedInOrder() {
    var host = ScriptedHost()
    let report = Runner().run(plan(everyKind), on: &host)
    #expect(host.calls.map(\.step) == everyKind)
    #expect(host.calls.allSatisfy { $0.performed })
    #expect(report.summary == Report.Summary(steps: everyKind.count, passed: everyKind.count))
    #expect(report.diagnostics == [])
  }

  /// Each step is refused in turn, by each errno that KVM answers with.
  @Test(
    arguments: everyKind.indices,
    ["EINVAL", "EEXIST", "EBUSY", "ENXIO", "ENODEV", "EFAULT", "EPERM", "E2BIG", "EINTR", "EIO", "ENOMEM"])
  func refusalFailsItsStepAndSkipsTheRest(index: Int, name: String) {
    let errno = Errno(name: name)!
    var host = ScriptedHost(refusing: index, by: errno)
    let report = Runner().run(plan(everyKind), on: &host)

    #expect(report.entries[index].verdict == .failed(.unexpectedAnswer))
    #expect(report.entries[index].result.outcome == .refused(errno))
    #expect(report.entries[..<index].allSatisfy { $0.verdict == .passed })
    #expect(
      report.entries[(index + 1)...].allSatisfy { $0.result.outcome == .skipped("an earlier step failed") })
    let last = everyKind.count - index - 1
    #expect(report.summary == Report.Summary(steps: everyKind.count, passed: index, failed: 1, skipped: last))
    #expect(host.calls.map(\.performed) == everyKind.indices.map { $0 <= index })
    #expect(report.diagnostics.map(\.message) == ["the kernel answered \(name)"])
    #expect(report.diagnostics.first?.range == everyKind[index].at)
  }

  @Test(arguments: everyKind.indices) func keepGoingPerformsTheRest(index: Int) {
    var host = ScriptedHost(refusing: index, by: Errno(name: "EIO")!)
    let report = Runner(keepGoing: true).run(plan(everyKind), on: &host)
    #expect(host.calls.allSatisfy { $0.performed })
    #expect(report.summary == Report.Summary(steps: everyKind.count, passed: everyKind.count - 1, failed: 1))
  }

  @Test func interruptionSkipsTheRest() {
    var asked = 0
    var host = ScriptedHost()
    let runner = Runner(keepGoing: true) {
      asked += 1
      return asked > 2
    }
    let report = runner.run(plan([step(), step(), step(), step()]), on: &host)
    #expect(report.interruption == 2)
    #expect(report.summary == Report.Summary(steps: 4, passed: 2, skipped: 2))
    #expect(report.entries[3].result.outcome == .skipped("the run was interrupted"))
    #expect(asked == 3)
  }

  @Test func expectedAnswersPass() {
    var host = ScriptedHost([0: StepResult(.errno("EEXIST")), 2: StepResult(.errno("ENODEV"))])
    let steps = [
      step(expecting: [.errno("EEXIST")]), step(expecting: [.errno("EEXIST")]),
      step(expecting: [.ok, .errno("ENODEV")]),
    ]
    let report = Runner(keepGoing: true).run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .failed(.unexpectedAnswer), .passed])
    #expect(report.diagnostics.map(\.message) == ["the kernel answered ok, not EEXIST"])
  }

  /// A call that succeeds may answer a number above zero.
  @Test func expectedNumberIsCompared() {
    func run(_ number: UInt32?, expecting wanted: UInt32?) -> (Verdict, [String]) {
      var host = ScriptedHost([0: StepResult(.ok, number: number)])
      var step = step(expecting: [.ok, .errno("ENOMEM")])
      step.expectedNumber = wanted
      let report = Runner().run(plan([step]), on: &host)
      return (report.entries[0].verdict, report.diagnostics.map(\.message))
    }
    #expect(run(3, expecting: nil) == (.passed, []))
    #expect(run(3, expecting: 3) == (.passed, []))
    #expect(run(0, expecting: 0) == (.passed, []))
    #expect(run(2, expecting: 3) == (.failed(.unexpectedAnswer), ["the kernel answered 2, not 3 or ENOMEM"]))
    #expect(run(nil, expecting: 3) == (.undecided, ["the number that the kernel answers cannot be predicted"]))
  }

  @Test func undecidedStepPassesIfEveryCandidateIsExpected() {
    let both = StepResult(.undecided([.ok, .errno("ENXIO")]))
    var host = ScriptedHost([0: both, 1: both, 2: both])
    host.description.kind = .model
    let steps = [
      step(expecting: [.ok, .errno("ENXIO")]), step(expecting: [.ok]), step(expecting: [.errno("EBUSY")]), step(),
    ]
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .undecided, .failed(.unexpectedAnswer), .skipped])
    #expect(report.summary == Report.Summary(steps: 4, passed: 1, failed: 1, skipped: 1, undecided: 1))
    #expect(
      report.diagnostics.map(\.message) == [
        "the kernel would answer ok or ENXIO; which one is unknown here",
        "the kernel would answer ok or ENXIO, not EBUSY",
      ])
    #expect(report.diagnostics.map(\.severity) == [.warning, .error])
  }

  @Test func hazardFailsItsStep() {
    var host = ScriptedHost([0: StepResult(.hazard("6.12 reads past the end of its table"))])
    let report = Runner().run(plan([step(), step()]), on: &host)
    #expect(report.entries.map(\.verdict) == [.failed(.hazard), .skipped])
    #expect(report.diagnostics.map(\.id) == ["hazard"])
  }

  @Test func schemaFaultFailsItsStep() {
    let fault = Diagnostic.error("schema-fault", "division by zero", at: place(1, 1..<2))
    var host = ScriptedHost([0: StepResult(.ok, schemaFault: fault)])
    let report = Runner().run(plan([step()]), on: &host)
    #expect(report.entries.map(\.verdict) == [.failed(.schemaFault)])
    #expect(report.diagnostics == [fault])
  }

  @Test func stepSkippedByTheHostIsNotAFailure() {
    var host = ScriptedHost([0: StepResult(.skipped("gic was not created"))])
    let report = Runner().run(plan([step(), step()]), on: &host)
    #expect(report.entries.map(\.verdict) == [.skipped, .passed])
  }
}

@Suite struct ComparisonTests {
  let comparison = Comparison(bytes: [0x34, 0x12], mask: [0xFF, 0x0F])

  private func verdict(_ result: StepResult, _ comparison: Comparison?) -> Verdict {
    Verdict(of: result, for: get(comparison))
  }

  @Test func onlyBitsInTheMaskAreCompared() {
    #expect(verdict(StepResult(.ok, value: [0x34, 0x12]), comparison) == .passed)
    #expect(verdict(StepResult(.ok, value: [0x34, 0xF2]), comparison) == .passed)
    #expect(verdict(StepResult(.ok, value: [0x34, 0x13]), comparison) == .failed(.valueMismatch))
    #expect(verdict(StepResult(.ok, value: [0x34]), comparison) == .failed(.valueMismatch))
    #expect(verdict(StepResult(.ok, value: [0, 0]), nil) == .passed)
  }

  @Test func unknownBitsLeaveTheStepUndecided() {
    #expect(verdict(StepResult(.ok, value: nil), comparison) == .undecided)
    #expect(verdict(StepResult(.ok, value: [0x34, 0], valueMask: [0xFF, 0]), comparison) == .undecided)
    #expect(verdict(StepResult(.ok, value: [0x35, 0], valueMask: [0xFF, 0]), comparison) == .failed(.valueMismatch))
    #expect(verdict(StepResult(.ok, value: [0x34, 0xF2], valueMask: [0xFF, 0x0F]), comparison) == .passed)
  }

  @Test func expectedRefusalComparesNoValue() {
    var step = get(comparison)
    step.expected = [.ok, .errno("EBUSY")]
    #expect(Verdict(of: StepResult(.errno("EBUSY")), for: step) == .passed)
    #expect(Verdict(of: StepResult(.undecided([.ok, .errno("EBUSY")])), for: step) == .undecided)
  }

  @Test func diagnosticNamesBothValues() {
    let result = StepResult(.ok, value: [0x35, 0x12])
    var host = ScriptedHost([0: result, 1: result])
    let report = Runner().run(plan([get(comparison)]), on: &host)
    #expect(report.diagnostics.map(\.message) == ["the kernel answered with 0x1235, not 0x1234"])
    var decimal = get(comparison)
    decimal.value = "4660"
    let other = Runner().run(plan([decimal]), on: &host)
    #expect(other.diagnostics.map(\.message) == ["the kernel answered with 4661, not 4660"])
    #expect(report.diagnostics.map(\.id) == ["value-mismatch"])
  }
}

@Suite struct GuardTests {
  /// A test; a step if it is ok; a second test if not; a step if that one is ok.
  let steps = [
    step(expecting: [.ok, .errno("ENODEV")]),
    step(guardedBy: [Guard(step: 0, ok: true)]),
    step(expecting: [.ok, .errno("ENODEV")], guardedBy: [Guard(step: 0, ok: false)]),
    step(guardedBy: [Guard(step: 0, ok: false), Guard(step: 2, ok: true)]),
    step(),
  ]

  @Test func firstAlternativeIsTaken() {
    var host = ScriptedHost()
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .passed, .skipped, .skipped, .passed])
    #expect(report.entries[2].result.outcome == .skipped("step 1 answered ok"))
    #expect(host.calls.map(\.performed) == [true, true, false, false, true])
    #expect(report.choices == [Report.Choice(test: 0, made: [1], leftOut: [2, 3])])
  }

  @Test func secondAlternativeIsTaken() {
    var host = ScriptedHost([0: StepResult(.errno("ENODEV"))])
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .skipped, .passed, .passed, .passed])
    #expect(report.entries[1].result.outcome == .skipped("step 1 answered ENODEV"))
    #expect(
      report.choices == [
        Report.Choice(test: 0, made: [2, 3], leftOut: [1]), Report.Choice(test: 2, made: [3], leftOut: []),
      ])
  }

  @Test func noAlternativeIsTaken() {
    var host = ScriptedHost([0: StepResult(.errno("ENODEV")), 2: StepResult(.errno("ENODEV"))])
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .skipped, .passed, .skipped, .passed])
  }

  @Test func stepGuardedByASkippedStepIsSkipped() {
    let steps = [
      step(expecting: [.errno("ENODEV")]), step(guardedBy: [Guard(step: 0, ok: true)]),
      step(guardedBy: [Guard(step: 1, ok: false)]),
    ]
    var host = ScriptedHost([0: StepResult(.errno("ENODEV"))])
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries[2].result.outcome == .skipped("step 2 was skipped"))
  }

  @Test func undecidedGuardCountsAsOk() {
    var host = ScriptedHost([0: StepResult(.undecided([.ok, .errno("ENODEV")]))])
    let report = Runner().run(plan(steps), on: &host)
    #expect(report.entries.map(\.verdict) == [.passed, .passed, .skipped, .skipped, .passed])
  }
}
