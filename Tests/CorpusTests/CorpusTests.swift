import Conformance
import Corpus
import DevicePlan
import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary
import Workspace

@Suite struct RandomPlanTests {
  private func texts(_ architecture: Architecture, seed: UInt64, _ count: Int = 20) -> [String] {
    let plans = RandomPlans(ManifestWorkspace(Settings()), architecture, seed: seed)
    return (0..<count).map { _ in plans.next().manifest.text }
  }

  @Test(arguments: [Architecture.arm64, .x86_64, .riscv64, .ppc64, .s390x, .loongarch64, .ppc])
  func seedDecidesThePlans(_ architecture: Architecture) {
    #expect(texts(architecture, seed: 7) == texts(architecture, seed: 7))
    #expect(texts(architecture, seed: 7) != texts(architecture, seed: 8))
  }

  /// Every random manifest can be read, and no call in it would crash a kernel.
  @Test(arguments: [Architecture.arm64, .x86_64, .riscv64, .ppc64, .s390x, .loongarch64, .ppc])
  func everyManifestIsValidAndSafe(_ architecture: Architecture) throws {
    let workspace = ManifestWorkspace(Settings())
    let plans = RandomPlans(workspace, architecture, seed: 3)
    for _ in 0..<50 {
      let (manifest, plan) = plans.next()
      let loaded = workspace.load(manifest.file)
      #expect(!loaded.hasErrors, "\(manifest.text)")
      #expect(loaded.manifests.first?.plan.steps.map(\.operation) == plan.steps.map(\.operation), "\(manifest.text)")
      #expect(try workspace.hazards(of: plan).isEmpty, "\(manifest.text)")
    }
  }

  /// Every call with a struct that the model predicts is made, also with the machine's files.
  @Test(arguments: [Architecture.arm64, .x86_64, .riscv64, .ppc64, .s390x, .loongarch64, .ppc])
  func everyCallWithAStructIsMade(_ architecture: Architecture) throws {
    let workspace = ManifestWorkspace(Settings())
    let catalogue = workspace.catalogue(for: architecture)
    let known = catalogue.requests.map(\.call).filter { $0.rules != nil && $0.lifetime.mayInclude(catalogue.release) }
    let files = [(name: "line", path: PlanFile.eventPath), (name: "other", path: PlanFile.eventPath)]
    let plans = RandomPlans(workspace, architecture, seed: 1, files: files)
    let steps = (0..<150).flatMap { _ in plans.next().manifest.steps }
    for call in known { #expect(steps.contains { $0.hasPrefix("{\(call.name): ") }, "\(call.name)") }
    if known.contains(where: { $0.name == "irqfd" }) {
      #expect(steps.contains { $0.hasPrefix("{irqfd: ") && $0.contains("fd: line") })
    }
  }

  /// Random plans get past the first checks of the devices: many different rules refuse their calls.
  @Test func manyRulesAreReached() throws {
    let workspace = ManifestWorkspace(Settings())
    let plans = RandomPlans(workspace, .arm64, seed: 1)
    var rules: Set<String> = []
    for _ in 0..<300 {
      var model = try workspace.model(.arm64, course: .predicted)
      for entry in Runner(keepGoing: true).run(plans.next().plan, on: &model).entries {
        rules.formUnion(entry.result.reasons.compactMap { $0.rule?.place })
      }
    }
    #expect(rules.count > 80)
  }
}

@Suite struct ReasonTests {
  /// Every id that an answer of the model can have is explained.
  @Test(.slow, arguments: ["5.10", "7.2"]) func everyReasonHasAPage(_ release: String) throws {
    var settings = Settings()
    settings.release = Release(release)
    let workspace = ManifestWorkspace(settings)
    let known = Explainer(workspace.allCatalogues).ids
    let folders = ["/examples", "/Tests/Conformance/corpus", "/Tests/Fixtures/good"].map { repository + $0 }
    var found: Set<String> = []
    for architecture in [Architecture.arm64, .x86_64, .riscv64, .ppc64, .s390x, .loongarch64, .ppc] {
      let plans = RandomPlans(workspace, architecture, seed: 5)
      let cases = try workspace.cases(in: folders, for: architecture) + workspace.exampleCases(for: architecture)
      for plan in cases.map(\.plan) + (0..<40).map({ _ in plans.next().plan }) {
        var model = try workspace.model(architecture, course: .predicted)
        for entry in Runner(keepGoing: true).run(plan, on: &model).entries {
          found.formUnion((entry.result.reasons + entry.result.warnings).map(\.id.description))
        }
      }
    }
    #expect(found.count > 100)
    #expect(found.subtracting(known).sorted() == [])
  }
}

@Suite struct StepManifestTests {
  private let manifest = StepManifest(
    name: "four", architecture: .x86_64,
    steps: ["{create-vm: {}}", "{create: vfio}", "{has: vfio.file.add}", "{close: vfio}"])

  /// Mending removes a step that no longer makes sense, and the steps that depend on it.
  @Test func mendingRemovesStepsThatDependOnARemovedOne() throws {
    var broken = manifest
    broken.steps.remove(at: 1)
    let mended = try #require(broken.mended(ManifestWorkspace(Settings())))
    #expect(mended.manifest.steps == ["{create-vm: {}}"])
    #expect(mended.plan.steps.count == 1)
  }

  @Test func shrinkingTriesHalvesAndSingleSteps() {
    let candidates = Shrinking.candidates(of: manifest)
    #expect(candidates.contains { $0.steps == Array(manifest.steps.prefix(2)) })
    for step in manifest.steps { #expect(candidates.contains { $0.steps == manifest.steps.filter { $0 != step } }) }
    #expect(Set(candidates.map(\.name)).count == candidates.count)
    let one = StepManifest(name: "one", architecture: .x86_64, steps: ["{create-vm: {}}"])
    #expect(Shrinking.candidates(of: one).isEmpty)
  }
}

@Suite struct BoundsTests {
  /// The numbers in the rules are tried, and their neighbours.
  @Test func numbersOfTheRulesAndTheirNeighboursAreTried() {
    let wanted = ["create-vm", "arm-vgic-v3.nr-irqs"]
    let steps = Bounds(ManifestWorkspace(Settings()), .arm64).manifests(where: wanted.contains).flatMap(\.steps)
    for number in [31, 32, 33] { #expect(steps.contains("{create-vm: {ipa-bits: \(number)}}"), "\(number)") }
    for number in [63, 64, 1023, 1024] {
      #expect(steps.contains("{set: arm-vgic-v3.nr-irqs, value: \(number)}"), "\(number)")
    }
  }

  /// So are those of the calls with a struct, in each member.
  @Test(.slow) func numbersOfCallsWithAStructAreTried() {
    let wanted = ["irq-line", "signal-msi"]
    let steps = Bounds(ManifestWorkspace(Settings()), .riscv64).manifests(where: wanted.contains).flatMap(\.steps)
    for number in [0, 1, 2, 95, 96, 97] {
      #expect(steps.contains("{irq-line: {irq: \(number), level: 1}}"), "\(number)")
    }
    #expect(steps.contains { $0.hasPrefix("{irq-line: ") && $0.hasSuffix("level: 2}}") })
    #expect(steps.contains("{signal-msi: {address_lo: 0x2800_0000, address_hi: 0, data: 1}}"))
  }
}

@Suite struct TallyTests {
  /// A run of a manifest whose last step answers in a given way.
  private func tally(_ result: StepResult, seed: UInt64) throws -> Tally {
    let workspace = ManifestWorkspace(Settings())
    let text = "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create-vcpu: 0}, {get: vcpu.0.tsc.offset}]\n"
    let file = SourceFile(path: "vm.yaml", bytes: Array(text.utf8))
    let plan = try #require(workspace.load(file).manifests.first?.plan)
    let host = HostDescription(kind: .kernel, architecture: .x86_64, release: "6.1.0-44-amd64")
    let answers = KernelAnswers(host: host, results: [StepResult(.ok), StepResult(.ok), result])
    let catalogue = workspace.catalogue(for: .x86_64)
    var tally = Tally(
      machine: "x86_64-svm", architecture: .x86_64, kernel: "6.1", version: "6.1.176", seed: seed, catalogue)
    let conformance = try workspace.conformance(of: plan, to: answers)
    tally.add(conformance, catalogue)
    tally.order.add(conformance)
    return tally
  }

  /// The runs of one kernel with different seeds add up.
  @Test func runsOfOneKernelAddUp() throws {
    let open = try tally(StepResult(.ok, value: [UInt8](repeating: 1, count: 8)), seed: 1)
    let differing = try tally(StepResult(.refused(try #require(Errno(name: "EPERM")))), seed: 2)
    let sum = open + differing
    #expect(sum.seeds == [1, 2] && sum.manifests == 2)
    #expect(sum.total.agreed == 4 && sum.total.open == 1 && sum.total.differed == 1 && sum.total.steps == 6)
    #expect(sum.open == ["get-attribute vcpu.tsc.offset": 1])
    #expect(sum.order.manifests == 2 && sum.order.calls == 6)
    #expect(sum.order.refused.map(\.answer) == ["the kernel answered EPERM"])
    // Without a patch level in what uname prints, it is added.
    #expect(sum.kernelName == "6.1.0-44-amd64 (6.1.176)")
  }
}

@Suite struct GuestReportTests {
  private static func report(_ text: String) throws -> GuestReport { try GuestReport(Array(text.utf8)) }

  private static let step =
    #"{"index":1,"operation":"create-vm","target":"vm","outcome":"ok","expected":["ok"],"pass":true}"#
  private static let end = #"{"summary":{"steps":1,"passed":1,"failed":0,"skipped":0},"name":"a","release":"7.2.13"}"#

  @Test func completeReportIsRead() throws {
    let report = try Self.report(
      "{\"plan\":\"1\"}\n\(Self.step)\n\(Self.end)\n{\"ended\":\"1\",\"status\":0,\"signal\":0}\n{\"end\":1}\n")
    #expect(report.reports.keys.sorted() == ["1"])
    #expect(report.reports["1"]?.release == "7.2.13")
    #expect(report.broken.isEmpty)
    #expect(report.isComplete)
  }

  /// A plan during which the guest or its program died is distinguished from a plan that never started.
  @Test func plansWithoutAnEndAreBroken() throws {
    let killed = try Self.report(
      "{\"plan\":\"1\"}\n\(Self.step)\n{\"ended\":\"1\",\"status\":-1,\"signal\":14}\n{\"plan\":\"2\"}\n")
    #expect(killed.reports.isEmpty)
    #expect(killed.broken == ["1", "2"])
    #expect(!killed.isComplete)
  }
}

@Suite struct MutantTests {
  private static let text = """
    facts:
      limit:
        default: 8
    groups:
      one:
        key: {number: {bits: 31..0}}
        payload: u32
        after: [two, three]
        set:
          - if: value >= 3
            EINVAL: x
          - if: value == 1
            EBUSY: y
          - since: v6.0
            if: value == 7
            ENXIO: z
          - for: n in 0..3
            do:
              - assign: {self.a: 1}
          - do:
              - assign: {self.b: 2}
            on-failure:
              - assign: {self.b: 0}
    """

  /// The changed texts by the kind of the mutant.
  private static func mutants(_ release: Release, facts: Set<String> = []) -> [Mutant.Kind: Set<String>] {
    let source = SourceFile(path: "x/y.yaml", bytes: Array(text.utf8))
    var mutants = Mutants(
      of: [SchemaSource(path: "x/y.yaml", file: source)], seed: 1,
      rules: ["x/y.yaml:10", "x/y.yaml:12", "x/y.yaml:14"], release: release, facts: facts)
    var found: [Mutant.Kind: Set<String>] = [:]
    for _ in 0..<400 {
      guard let mutant = mutants.next() else { break }
      found[mutant.kind, default: []].insert(String(decoding: mutant.sources[0].file.bytes, as: UTF8.self))
    }
    return found
  }

  @Test func mutantsOfEachKindChangeOnePlace() throws {
    let found = Self.mutants(Release(major: 7, minor: 2))
    func expect(_ kind: Mutant.Kind, _ old: String, _ new: String) {
      #expect(found[kind]?.contains(Self.text.replacing(old, with: new, maxReplacements: 1)) == true, "\(kind)")
    }
    expect(.errno, "EINVAL", "EPERM")
    expect(.comparison, ">=", ">")
    expect(.number, "value >= 3", "value >= 4")
    expect(
      .ruleOrder, "- if: value >= 3\n        EINVAL: x\n      - if: value == 1\n        EBUSY: y",
      "- if: value == 1\n        EBUSY: y\n      - if: value >= 3\n        EINVAL: x")
    expect(.effect, "          - assign: {self.a: 1}\n", "")
    expect(.loop, "0..3", "0..4")
    expect(.onFailure, "\n        on-failure:\n          - assign: {self.b: 0}", "")
    expect(.default, "default: 8", "default: 9")
    expect(.width, "payload: u32", "payload: u8")
    expect(.key, "31..0", "30..0")
    expect(.callOrder, "[two, three]", "[two]")
    #expect(found.values.joined().allSatisfy { $0 != Self.text })
  }

  /// A rule of other releases, and the default of a fact that the host has, have no effect.
  @Test func placesWithoutEffectAreLeftOut() {
    #expect(Self.mutants(Release(major: 7, minor: 2))[.errno]?.contains { !$0.contains("ENXIO") } == true)
    #expect(Self.mutants(Release(major: 5, minor: 10))[.errno]?.allSatisfy { $0.contains("ENXIO: z") } == true)
    #expect(Self.mutants(Release(major: 7, minor: 2), facts: ["limit"])[.default] == nil)
  }
}

@Suite struct RandomMachineTests {
  private static let architectures: [Architecture] = [.arm64, .x86_64, .riscv64, .ppc64, .loongarch64, .ppc]

  private func machines(_ count: Int, _ architecture: Architecture, _ settings: Settings = Settings())
    -> [RandomMachines.Planned]
  {
    let machines = RandomMachines(ManifestWorkspace(settings), architecture, seed: 3)
    return (0..<count).compactMap { _ in machines.next() }
  }

  @Test func seedDecidesTheManifests() {
    #expect(machines(5, .arm64).map(\.manifest.bytes) == machines(5, .arm64).map(\.manifest.bytes))
  }

  /// The planner brings every manifest into an order that the model accepts.
  @Test(.slow, arguments: architectures) func everyOrderIsAccepted(_ architecture: Architecture) {
    for planned in machines(20, architecture) {
      #expect(
        planned.refused == nil,
        "\(planned.refused?.call ?? ""): \(String(decoding: planned.manifest.bytes, as: UTF8.self))")
    }
  }

  /// Without a prerequisite in a schema, some manifest is refused that another order would make acceptable.
  @Test func missingPrerequisiteIsFound() throws {
    var settings = Settings()
    let index = try #require(settings.schemas.firstIndex { $0.path.hasSuffix("/arm-vgic-v3.yaml") })
    let old = String(decoding: settings.schemas[index].file.bytes, as: UTF8.self)
    let new = old.replacing("    before: [ctrl.init]\n", with: "")
    #expect(new != old)
    let path = settings.schemas[index].path
    settings.schemas[index] = SchemaSource(path: path, file: SourceFile(path: path, bytes: Array(new.utf8)))
    #expect(machines(40, .arm64, settings).contains { $0.refused?.call.contains("gic") == true })
  }
}
