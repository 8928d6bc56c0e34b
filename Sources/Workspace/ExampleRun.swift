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
  /// Runs the examples of all attributes and the cases of an architecture's schemas on the model.
  ///
  /// - Returns: a diagnostic for each example or case with an unexpected answer, for each rule that they do not
  ///   exercise, and for each error in the probes of facts.
  package func runExamples(_ architecture: Architecture) -> [Diagnostic] {
    let catalogue = catalogue(for: architecture)
    var run = ExampleRun(workspace: self, catalogue: catalogue)
    for file in catalogue.files where file.lifetime.mayInclude(catalogue.release) && !file.isFurtherType {
      for group in file.groups where group.exists(in: catalogue) {
        for attribute in group.attributes where attribute.exists(in: catalogue) {
          for example in attribute.examples where example.lifetime.includes(catalogue.release) == true {
            let steps = file.steps(of: example, path: attribute.path).all
            let files = file.exampleFiles.map { [Entry("files", $0)] } ?? []
            run.add([Entry("steps", .list(steps))] + files, host: example.host, at: example.source)
          }
        }
      }
      for test in file.tests where test.lifetime.includes(catalogue.release) == true {
        run.add(test.manifest, host: test.host, at: test.source, checksState: true)
      }
    }
    run.checkRules()
    return run.found + checkProbes(catalogue) + catalogue.faults.diagnostics
  }
}

/// Runs examples on the model, and records the rules that they reach.
private struct ExampleRun {
  let workspace: ManifestWorkspace
  let catalogue: Catalogue
  private let trace = RuleTrace()
  private(set) var found: [Diagnostic] = []

  init(workspace: ManifestWorkspace, catalogue: Catalogue) {
    self.workspace = workspace
    self.catalogue = catalogue
  }

  /// - Parameters:
  ///   - host: the facts of the host; nil for the default host.
  ///   - checksState: whether the state that the devices then have is saved and restored.
  mutating func add(_ manifest: [Entry], host: Node?, at place: SourceRange, checksState: Bool = false) {
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
    var model = ModelHost(
      workspace.compiledSchemas(of: catalogue), facts: facts, course: .expected, trace: trace)
    let report = Runner(keepGoing: true).run(plan, on: &model)
    let failed = report.entries.filter(\.verdict.isFailure)
    found += failed.flatMap { $0.diagnostics(on: report.host) }
    do throws(DiagnosticsError) {
      _ = try model.occupied()
    } catch {
      for diagnostic in error.diagnostics where !found.contains(diagnostic) { found.append(diagnostic) }
    }
    if checksState, failed.isEmpty {
      let (schemas, catalogue) = (workspace.compiledSchemas(of: catalogue), catalogue)
      let check = StateCheck(catalogue: catalogue) { ModelHost(schemas, facts: facts, course: .expected) }
      // Many tests can show the same fault.
      for diagnostic in check.diagnostics(of: plan) where !found.contains(diagnostic) { found.append(diagnostic) }
    }
  }

  /// Reports each rule without an example that it refuses, each without an example that passes it, and each `untested`
  /// that is not needed.
  mutating func checkRules() {
    for rule in catalogue.refusals {
      switch (trace.hasRefused(rule), rule.untested) {
      case (false, nil):
        report("this rule refuses no example and no test of the schemas; add one that it refuses", rule)
      case (false, _?): break
      case (true, nil) where rule.condition == nil || trace.hasPassed(rule): break
      case (true, nil): report("no example and no test of the schemas passes this rule; add one", rule)
      case (true, _?): report("this rule refuses an example or a test, so it needs no 'untested'", rule)
      }
    }
  }

  private mutating func report(_ message: String, _ rule: Rule) {
    found.append(.warning("schema-no-case", message, at: rule.source))
  }
}

extension ManifestWorkspace {
  /// The plan of a manifest that is written in a schema.
  ///
  /// - Parameters:
  ///   - manifest: the entries of the manifest, without `kvmconf` and `arch`.
  ///   - place: the place for nodes that are not from a text.
  package func plan(
    _ manifest: [Entry], at place: SourceRange, _ catalogue: Catalogue, _ findings: Findings
  ) -> Plan {
    let document = Node.mapping(
      [("kvmconf", .text("1")), ("arch", .text(catalogue.architecture.rawValue))], manifest
    ).placed(at: place)
    let reader = ManifestReader(
      document, catalogue: catalogue, defaultName: "example", findings, readFile: readNamedFile)
    return Planner.plan(reader.manifest(settings: [:]), planningKnowledge(of: catalogue)).plan
  }

  /// The plan of explicit steps that are written in a schema.
  package func plan(
    steps: [Node], at place: SourceRange, _ catalogue: Catalogue, _ findings: Findings
  ) -> Plan {
    plan([Entry("steps", .list(steps))], at: place, catalogue, findings)
  }

  /// The errors in the calls that probe facts.
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
    lifetime.mayInclude(catalogue.release) && KeyCondition.holds(when, Fields(), 0)
  }
}
