import Corpus
import DevicePlan
import DeviceSchema
import Expressions
import Model
import ReferenceModel
import TestSupport
import Testing
import Vocabulary
import Workspace

/// The compiled model gives the same results as the interpreter of the rules: answers, candidates, reasons, values,
/// warnings, faults and the rules that were reached.
@Suite struct ReferenceTests {
  /// Facts of hosts: the assumed ones; none known, so that calls fork.
  enum Host: String, CaseIterable, CustomTestStringConvertible {
    case assumed, unknown
    var testDescription: String { rawValue }

    func facts(_ catalogue: Catalogue) -> [String: Value] {
      switch self {
      case .assumed: [:]
      case .unknown:
        Dictionary(
          catalogue.declaredFacts.filter { $0.name != "devices" }.map { ($0.name, Value.unknown) }
        ) { a, _ in a }
      }
    }
  }

  static let architectures = [Architecture.arm64, .x86_64, .riscv64, .ppc64, .loongarch64, .ppc]

  private func workspace(_ release: String) -> ManifestWorkspace {
    var settings = Settings()
    settings.release = Release(release)
    return ManifestWorkspace(settings)
  }

  /// Runs plans on both models, in both courses, and compares each step.
  private func compare(
    _ plans: [Plan], _ workspace: ManifestWorkspace, _ architecture: Architecture, _ host: Host
  ) {
    let catalogue = workspace.catalogue(for: architecture)
    let facts = host.facts(catalogue)
    let (trace, referenceTrace) = (RuleTrace(), RuleTrace())
    for plan in plans {
      for course in [ModelHost.Course.expected, .predicted] {
        var model = ModelHost(workspace.compiledSchemas(of: catalogue), facts: facts, course: course, trace: trace)
        var reference = ReferenceHost(catalogue, facts: facts, course: course, trace: referenceTrace)
        for (i, step) in plan.steps.enumerated() {
          let (result, wanted) = (model.perform(step), reference.perform(step))
          if result == wanted { continue }
          Issue.record("\(plan.name), step \(i + 1) (\(step.operation)):\n\(result)\nnot\n\(wanted)")
          return
        }
      }
    }
    for rule in catalogue.refusals {
      #expect(trace.hasRefused(rule) == referenceTrace.hasRefused(rule), "\(rule.source)")
      #expect(trace.hasPassed(rule) == referenceTrace.hasPassed(rule), "\(rule.source)")
    }
  }

  @Test(
    .slow, .enabled(if: environment("KVMCONF_REFERENCE") == "1", "takes minutes; set KVMCONF_REFERENCE=1 to run it"),
    arguments: architectures, ["6.1", "7.2"])
  func fixedPlansHaveTheSameResults(_ architecture: Architecture, _ release: String) throws {
    let workspace = workspace(release)
    let folders = ["/examples", "/Tests/Conformance/corpus", "/Tests/Fixtures/good", "/Tests/Fixtures/selftests"]
      .map { repository + $0 }
    let cases =
      try workspace.cases(in: folders, for: architecture) + workspace.exampleCases(for: architecture)
      + workspace.schemaCases(for: architecture)
    #expect(cases.count > 20)
    for host in Host.allCases { compare(cases.map(\.plan), workspace, architecture, host) }
  }

  /// Numbers at the bounds of the rules.
  @Test(
    .slow, .enabled(if: environment("KVMCONF_REFERENCE") == "1", "takes minutes; set KVMCONF_REFERENCE=1 to run it"),
    arguments: architectures)
  func boundPlansHaveTheSameResults(_ architecture: Architecture) {
    let workspace = workspace("7.2")
    compare(workspace.boundCases(for: architecture).map(\.plan), workspace, architecture, .assumed)
  }

  @Test(.slow, arguments: architectures, ["6.12", "7.2"])
  func randomPlansHaveTheSameResults(_ architecture: Architecture, _ release: String) {
    let workspace = workspace(release)
    let plans = workspace.randomCases(60, for: architecture, seed: 20_26).map(\.plan)
    for host in Host.allCases { compare(plans, workspace, architecture, host) }
  }
}
