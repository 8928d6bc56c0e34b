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
    let steps = Bounds(ManifestWorkspace(Settings()), .arm64).manifests().flatMap(\.steps)
    for number in [31, 32, 33] { #expect(steps.contains("{create-vm: {ipa-bits: \(number)}}"), "\(number)") }
    for number in [63, 64, 1023, 1024] {
      #expect(steps.contains("{set: arm-vgic-v3.nr-irqs, value: \(number)}"), "\(number)")
    }
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
  @Test func mutantChangesOneRule() throws {
    let text = """
      rules:
        - if: value >= 3
          EINVAL: x
        - if: value == 1
          EBUSY: y
      """
    let source = SourceFile(path: "x/y.yaml", bytes: Array(text.utf8))
    var mutants = Mutants(of: [SchemaSource(path: "x/y.yaml", file: source)], seed: 1)
    var seen: Set<String> = []
    for _ in 0..<40 {
      let next = mutants.next(at: ["x/y.yaml:2"])
      let mutant = try #require(next)
      let broken = String(decoding: mutant.sources[0].file.bytes, as: UTF8.self)
      #expect(broken != text)
      seen.insert(broken)
    }
    #expect(seen.contains(text.replacing(">=", with: ">")))
    #expect(seen.contains(text.replacing("EINVAL", with: "EPERM")))
    #expect(seen.contains { $0.split(separator: "\n")[2].contains("EBUSY: y") })
    let none = mutants.next(at: ["x/y.yaml:9"])
    #expect(none == nil)
  }
}
