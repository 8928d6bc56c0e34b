import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Planning
import Vocabulary
import YAMLSyntax

extension ManifestWorkspace {
  /// Runs the examples of every attribute of an architecture's schemas, and the schemas' cases, on the model.
  ///
  /// - Returns: a diagnostic for each that is not answered as it says, and for each rule that none of them shows.
  package func runExamples(_ architecture: Architecture) -> [Diagnostic] {
    let catalogue = catalogue(for: architecture)
    var run = ExampleRun(workspace: self, catalogue: catalogue)
    for file in catalogue.files where file.lifetime.includes(catalogue.release) {
      for group in file.groups where group.exists(in: catalogue) {
        for attribute in group.attributes where attribute.exists(in: catalogue) {
          for example in attribute.examples where example.lifetime.includes(catalogue.release) {
            let steps = file.steps(of: example, path: attribute.path).all
            let files = file.exampleFiles.map { [Entry("files", $0)] } ?? []
            run.add([Entry("steps", .list(steps))] + files, host: example.host, at: example.source)
          }
        }
      }
      for example in file.cases where example.lifetime.includes(catalogue.release) {
        run.add(example.manifest, host: example.host, at: example.source)
      }
    }
    run.checkRules()
    return run.found + checkProbes(catalogue) + catalogue.faults.diagnostics
  }
}

/// Examples on the model, and which rules they have come to.
private struct ExampleRun {
  let workspace: ManifestWorkspace
  let catalogue: Catalogue
  private let trace = RuleTrace()
  private(set) var found: [Diagnostic] = []

  init(workspace: ManifestWorkspace, catalogue: Catalogue) {
    self.workspace = workspace
    self.catalogue = catalogue
  }

  /// - Parameter host: the facts of the host; nil for the host that is assumed.
  mutating func add(_ manifest: [Entry], host: Node?, at place: SourceRange) {
    let findings = Findings()
    let plan = workspace.plan(manifest, at: place, catalogue, findings)
    if findings.hasErrors {
      found += findings.diagnostics
      return
    }
    let facts: [String: Value]
    do throws(DiagnosticsError) {
      facts = try host.map { node throws(DiagnosticsError) in try HostFacts(node).values(for: catalogue) } ?? [:]
    } catch {
      found += error.diagnostics
      return
    }
    var model = ModelHost(catalogue, facts: facts, course: .expected, trace: trace)
    let report = Runner(keepGoing: true).run(plan, on: &model)
    found += report.entries.filter(\.verdict.isFailure).flatMap { $0.diagnostics(on: report.host) }
  }

  /// A rule that no example makes refuse, or none gets past, is a claim that nobody has tried.
  mutating func checkRules() {
    for rule in catalogue.refusals {
      switch (trace.hasRefused(rule), rule.noCase) {
      case (false, nil): report("no example and no case of the schemas is refused by this rule", rule)
      case (false, _?): break
      case (true, nil) where rule.condition == nil || trace.hasPassed(rule): break
      case (true, nil): report("no example and no case of the schemas gets past this rule", rule)
      case (true, _?): report("an example or a case is refused by this rule, which has a 'no-case'", rule)
      }
    }
  }

  private mutating func report(_ message: String, _ rule: Rule) {
    found.append(.warning("schema-no-case", message, at: rule.source))
  }
}

extension ManifestWorkspace {
  /// The plan of a schema's manifest.
  ///
  /// - Parameters:
  ///   - manifest: its entries beside `kvmconf` and `arch`.
  ///   - place: the place of the parts that were not read from a text.
  package func plan(
    _ manifest: [Entry], at place: SourceRange, _ catalogue: Catalogue, _ findings: Findings
  ) -> Plan {
    let document = Node.mapping(
      [("kvmconf", .text("1")), ("arch", .text(catalogue.architecture.rawValue))], manifest
    ).placed(at: place)
    let reader = ManifestReader(
      document, catalogue: catalogue, defaultName: "example", findings, readFile: readNamedFile)
    return Planner.plan(reader.manifest(settings: [:]), catalogue: catalogue).plan
  }

  /// The plan of a schema's steps.
  package func plan(
    steps: [Node], at place: SourceRange, _ catalogue: Catalogue, _ findings: Findings
  ) -> Plan {
    plan([Entry("steps", .list(steps))], at: place, catalogue, findings)
  }

  /// What is wrong with the calls that find facts.
  private func checkProbes(_ catalogue: Catalogue) -> [Diagnostic] {
    let findings = Findings()
    for fact in catalogue.declaredFacts {
      guard let probe = fact.probe, case .calls(let steps) = probe.method else { continue }
      _ = plan(steps: steps, at: probe.source, catalogue, findings)
    }
    return findings.diagnostics
  }
}

extension AttributeDescription {
  func exists(in catalogue: Catalogue) -> Bool {
    lifetime.includes(catalogue.release) && KeyCondition.holds(when, [], 0)
  }
}
