import Conformance
import DevicePlan
import DeviceSchema
import Diagnostics
import Testing
import Workspace

/// Compares the answers of kernels, in reports, with the model's.
@Suite struct ConformTests {
  private static let manifest = """
    kvmconf: 1
    arch: x86_64
    name: two
    steps:
      - {create-vm: {}}
      - {create-vcpu: 0}
      - {set: vcpu.0.tsc.offset, value: 0x10}
      - {get: vcpu.0.tsc.offset}
      - {create: vfio}
      - {create: vfio, as: second}
      - {has: second.file.add}
    """

  private static func step(_ operation: String, _ outcome: String, _ more: String = "") -> String {
    #"{"operation":"\#(operation)","outcome":"\#(outcome)"\#(more)}"#
  }

  private static let answers = [
    step("create-vm", "ok"), step("create-vcpu", "ok"), step("set-attribute", "ok"),
    step("get-attribute", "ok", #","value":"1000000000000000""#), step("create-device", "ok"),
    step("create-device", "EBUSY"), step("has-attribute", "skipped"),
  ]

  private func report(_ steps: [String], name: String = "two", kind: String = "kernel") -> String {
    #"{"version":1,"name":"\#(name)","host":{"kind":"\#(kind)","arch":"x86_64","release":"6.18.1"},"steps":["#
      + steps.joined(separator: ",") + "]}\n"
  }

  private func conformance(_ text: String, quirks: [Quirk] = []) throws -> PlanConformance {
    let workspace = ManifestWorkspace(Settings())
    let loaded = workspace.load(SourceFile(path: "vm.yaml", bytes: Array(Self.manifest.utf8)))
    let plan = try #require(loaded.manifests.first?.plan)
    let reports = try RecordedReport.read(SourceFile(path: "report.json", bytes: Array(text.utf8)))
    let answers = try #require(reports.first).answers(to: plan, release: "7.2")
    return try workspace.conformance(of: plan, to: answers, quirks: quirks)
  }

  private func changed(_ index: Int, _ step: String) -> String {
    var steps = Self.answers
    steps[index] = step
    return report(steps)
  }

  @Test func kernelThatAnswersAsPredictedAgrees() throws {
    let conformance = try conformance(report(Self.answers))
    #expect(conformance.diagnostics.isEmpty)
    #expect(
      conformance.summary
        == "vm.yaml: two, kernel 6.18.1, x86_64: 6 agree, 0 differ, 0 quirks, 0 undecided, 0 open, 1 skipped")
  }

  /// Reports have whole lists, which are longer than a manifest's scalars may be.
  @Test func longValueIsRead() throws {
    let long = String(repeating: "00", count: 1 << 20)
    let conformance = try conformance(changed(3, Self.step("get-attribute", "ok", #","value":"\#(long)""#)))
    #expect(conformance.differences == 1)
  }

  /// The difference is at the step, with the rule that the model applied, and later steps do not repeat it.
  @Test func anotherErrnoIsOneDifference() throws {
    let conformance = try conformance(changed(5, Self.step("create-device", "EEXIST")))
    #expect(conformance.differences == 1)
    let diagnostic = try #require(conformance.diagnostics.first)
    #expect(diagnostic.id == "outcome-differs" && diagnostic.range?.start.line == 10)
    #expect(diagnostic.message == "create second: the kernel answered EEXIST, and the model predicted EBUSY")
    #expect(diagnostic.notes.last?.range?.file.path == "common/vfio.yaml")
  }

  /// A rule that cannot be evaluated counts as a difference, whatever the kernel answers.
  @Test func faultOfARuleIsADifference() throws {
    let schema = """
      schema: 2
      KVM_DEV_TYPE_VFIO: 4
      calls:
        create:
          - let: {none: size(devices)}
          - if: 1 / none == 1
            EINVAL: one
      """
    var settings = Settings()
    settings.schemas.removeAll { $0.path.hasSuffix("/vfio.yaml") }
    let source = SourceFile(path: "x86_64/vfio.yaml", bytes: Array(schema.utf8))
    settings.schemas.append(SchemaSource(path: "x86_64/vfio.yaml", file: source))
    let workspace = ManifestWorkspace(settings)
    let text = "kvmconf: 1\narch: x86_64\nname: two\nsteps: [{create-vm: {}}, {create: vfio}]\n"
    let plan = try #require(
      workspace.load(SourceFile(path: "vm.yaml", bytes: Array(text.utf8))).manifests.first?.plan)
    let kernel = KernelAnswers(
      host: HostDescription(kind: .kernel, architecture: .x86_64, release: "7.2"),
      results: [StepResult(.ok), StepResult(.ok)])
    let conformance = try workspace.conformance(of: plan, to: kernel)
    #expect(conformance.differences == 1)
    #expect(conformance.diagnostics.first?.id == "schema-evaluation")
  }

  /// The model continues from the kernel's answers: a second device that this kernel created exists afterwards.
  @Test func modelFollowsTheKernel() throws {
    var steps = Self.answers
    steps[5] = Self.step("create-device", "ok")
    steps[6] = Self.step("has-attribute", "ok")
    #expect(try conformance(report(steps)).differences == 1)
  }

  private func conformance(
    _ steps: String, _ results: [StepResult], _ settings: Settings = Settings()
  ) throws -> PlanConformance {
    let workspace = ManifestWorkspace(settings)
    let text = "kvmconf: 1\narch: x86_64\nname: few\nsteps: [{create-vm: {}}, \(steps)]\n"
    let file = SourceFile(path: "vm.yaml", bytes: Array(text.utf8))
    let plan = try #require(workspace.load(file).manifests.first?.plan)
    let host = HostDescription(kind: .kernel, architecture: .x86_64, release: "7.2")
    return try workspace.conformance(of: plan, to: KernelAnswers(host: host, results: [StepResult(.ok)] + results))
  }

  /// The offset of the TSC is unknown until it is set.
  @Test func valueThatTheModelLeavesOpenIsNotAgreement() throws {
    let read = StepResult(.ok, value: [1, 2, 3, 4, 5, 6, 7, 8])
    let open = try conformance("{create-vcpu: 0}, {get: vcpu.0.tsc.offset}", [StepResult(.ok), read])
    #expect(open.count(.open) == 1 && open.count(.agrees) == 2 && open.differences == 0)
    #expect(open.summary.contains("2 agree, 0 differ, 0 quirks, 0 undecided, 1 open"))
  }

  /// If the model knows nothing about a call, every answer is a difference.
  @Test func callWithoutAnyPredictionIsADifference() throws {
    var settings = Settings()
    settings.schemas.removeAll { $0.path == "x86_64/vcpu.yaml" }
    let unknown = try conformance("{create-vcpu: 0}", [StepResult(.ok)], settings)
    #expect(unknown.count(.outcomeDiffers) == 1 && unknown.count(.undecided) == 0)
  }

  @Test func anotherValueIsADifference() throws {
    let differs = changed(3, Self.step("get-attribute", "ok", #","value":"0000000000000000""#))
    let found = try conformance(differs)
    #expect(found.count(.valueDiffers) == 1 && found.count(.outcomeDiffers) == 0)
    #expect(found.diagnostics.first?.id == "value-differs")
    #expect(
      found.diagnostics.first?.message == "get vcpu.0.tsc.offset: the kernel read 0, and the model predicted 0x10")
    let text =
      "quirks:\n  - {operation: get-attribute, target: vcpu, attribute: tsc.offset, kernel: ok, reason: no TSC}\n"
    let quirks = Quirk.read(SourceFile(path: "quirks.yaml", bytes: Array(text.utf8))).quirks
    let excused = try conformance(differs, quirks: quirks)
    #expect(excused.differences == 0 && excused.quirks == 1 && excused.diagnostics.first?.severity == .warning)
    // A quirk explains only its operation and answer.
    #expect(try conformance(changed(3, Self.step("get-attribute", "EINVAL")), quirks: quirks).differences == 1)
  }

  @Test func malformedReportIsReported() throws {
    func fault(_ text: String) -> String? {
      do {
        _ = try conformance(text)
        return nil
      } catch { return (error as? DiagnosticsError)?.diagnostics.first?.message }
    }
    #expect(fault("no report\n") == "this line is not a JSON object of a report")
    #expect(fault(report(Self.answers, kind: "model")) == "this report is from the model, not from a kernel")
    #expect(fault(report(Self.answers, name: "three")) == "this is the report of 'three', not of 'two'")
    #expect(fault(report([Self.answers[0]])) == "the report has 1 steps, but the plan of 'two' has 7")
    #expect(
      fault(changed(5, Self.step("test-device", "ok")))
        == "step 6 of the report is not the plan's: create second")
    #expect(
      fault(changed(5, Self.step("create-device", "fine"))) == "step 6 of the report has no outcome from a kernel")
    #expect(fault(Self.answers[0] + "\n") == "the report that begins here is incomplete")
  }

  /// The report of kvmload: one line per step, and a summary.
  @Test func reportOfTheLoaderIsRead() throws {
    let lines = Self.answers + [#"{"summary":{"steps":7},"name":"two","release":"6.12.3"}"#]
    let found = try conformance(lines.joined(separator: "\n"))
    #expect(found.differences == 0 && found.host.release == "6.12.3")
  }

  @Test func malformedQuirksAreReported() {
    func faults(_ text: String) -> [String] {
      Quirk.read(SourceFile(path: "quirks.yaml", bytes: Array(text.utf8))).diagnostics.map(\.message)
    }
    #expect(faults("list: []\n") == ["a file of quirks needs 'quirks', a list"])
    #expect(
      faults("quirks:\n  - {operation: x, kernel: ok, raeson: y}\n")
        == ["a quirk has no key 'raeson'; did you mean 'reason'?"])
    #expect(faults("quirks: [{operation: x, kernel: ok}]\n") == ["a quirk needs 'reason'"])
    #expect(
      faults("quirks: [{operation: x, kernel: no, reason: y}]\n")
        == ["'kernel' must be ok or the name of an errno, not 'no'"])
  }
}
