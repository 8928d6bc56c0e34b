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
          for example in attribute.examples?.items ?? [] where example.lifetime.includes(catalogue.release) {
            let call = ExampleCall(example, file: file, path: group.path(of: attribute), attribute)
            run.add(call.document, host: example[key: "host"])
          }
        }
      }
      for node in file.cases?.items ?? [] where node.lifetime.includes(catalogue.release) {
        run.add(node.manifest(of: file), host: node[key: "host"])
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

  /// - Parameter host: what is known of the host; otherwise it is the one that is assumed.
  mutating func add(_ manifest: Node, host: Node?) {
    let findings = Findings()
    let reader = ManifestReader(
      manifest, catalogue: catalogue, defaultName: "example", findings, readFile: readNamedFile)
    let result = Planner.plan(reader.manifest(settings: [:]), catalogue: catalogue)
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
    let report = Runner(keepGoing: true).run(result.plan, on: &model)
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

extension Node {
  /// A case of a schema, `{host, files, steps}`, as a manifest.
  package func manifest(of file: SchemaFile) -> Node {
    func entry(_ key: String, _ text: String) -> Entry {
      Entry(key: Located(key, at: range), value: Node(.scalar(text, .plain), at: range))
    }
    let own = (entries ?? []).filter { !["host", "doc", "since", "until"].contains($0.key.value) }
    return Node(.mapping([entry("kvmconf", "1"), entry("arch", file.architecture.rawValue)] + own), at: range)
  }
}

extension ManifestWorkspace {
  /// Steps of a schema, as the plan of a manifest that has nothing else.
  package func plan(
    _ steps: [Node], files: Node? = nil, at range: SourceRange, _ catalogue: Catalogue, _ findings: Findings
  ) -> Plan {
    func entry(_ key: String, _ value: Node) -> Entry { Entry(key: Located(key, at: range), value: value) }
    func scalar(_ text: String) -> Node { Node(.scalar(text, .plain), at: range) }

    var entries = [
      entry("kvmconf", scalar("1")), entry("arch", scalar(catalogue.architecture.rawValue)),
      entry("steps", Node(.sequence(steps), at: range)),
    ]
    if let files { entries.append(entry("files", files)) }
    let reader = ManifestReader(
      Node(.mapping(entries), at: range), catalogue: catalogue, defaultName: "example", findings,
      readFile: readNamedFile)
    return Planner.plan(reader.manifest(settings: [:]), catalogue: catalogue).plan
  }

  /// What is wrong with the calls that find facts.
  private func checkProbes(_ catalogue: Catalogue) -> [Diagnostic] {
    let findings = Findings()
    for fact in catalogue.declaredFacts {
      guard let probe = fact.probe, case .calls(let steps) = probe.method else { continue }
      _ = plan(steps, at: probe.source, catalogue, findings)
    }
    return findings.diagnostics
  }
}

extension GroupSchema {
  func exists(in catalogue: Catalogue) -> Bool {
    lifetime.includes(catalogue.release) && KeyCondition.holds(when, [], 0)
  }
}

extension AttributeSchema {
  func exists(in catalogue: Catalogue) -> Bool {
    lifetime.includes(catalogue.release) && KeyCondition.holds(when, [], 0)
  }
}

/// An example of an attribute, as a manifest of steps in a VM of its own.
private struct ExampleCall {
  let document: Node

  init(_ example: Node, file: SchemaFile, path: String, _ attribute: AttributeSchema) {
    func entry(_ key: String, _ value: Node) -> Entry { Entry(key: Located(key, at: example.range), value: value) }
    func scalar(_ text: String) -> Node { Node(.scalar(text, .plain), at: example.range) }

    let steps = file.steps(of: example, path: path, attribute)
    var entries = [
      entry("kvmconf", scalar("1")), entry("arch", scalar(file.architecture.rawValue)),
      entry("steps", Node(.sequence(steps.setup + steps.given + [steps.call]), at: example.range)),
    ]
    if let files = file.exampleFiles { entries.append(entry("files", files)) }
    document = Node(.mapping(entries), at: example.range)
  }
}

/// An example of a schema, as explicit steps.
package struct ExampleSteps {
  /// What all examples of the file begin with.
  package var setup: [Node]
  /// The example's own preparation.
  package var given: [Node]
  package var call: Node
}

extension SchemaFile {
  package func steps(of example: Node, path: String, _ attribute: AttributeSchema) -> ExampleSteps {
    let access = example[key: "call"]?.scalar ?? (attribute.access.contains(.set) ? "set" : "get")
    let target = Node(.scalar("\(exampleTarget).\(path)", .plain), at: example.range)
    var call = [Entry(key: Located(access, at: example.range), value: target)]
    let others = ["call", "given", "doc", "host", "since", "until"]
    call += (example.entries ?? []).filter { !others.contains($0.key.value) }
    return ExampleSteps(
      setup: stepsBeforeExamples(at: example.range), given: example[key: "given"]?.items ?? [],
      call: Node(.mapping(call), at: example.range))
  }

  /// The file's `example-setup`, or else a VM with what the file describes.
  package func stepsBeforeExamples(at range: SourceRange) -> [Node] {
    if let own = exampleSetup { return own.items ?? [] }
    return plainSteps(at: range)
  }

  /// A VM with what the file describes, and one vCPU.
  ///
  /// - Parameter features: those that the vCPU is initialised with.
  package func plainSteps(features: [String] = [], at range: SourceRange) -> [Node] {
    func entry(_ key: String, _ value: Node.Content) -> Entry {
      Entry(key: Located(key, at: range), value: Node(value, at: range))
    }
    func step(_ entries: Entry...) -> Node { Node(.mapping(entries), at: range) }

    var steps = [step(entry("create-vm", .mapping([])))]
    switch subject {
    case .vm, .system, .common: break
    case .vcpu, .device:
      steps.append(step(entry("create-vcpu", .scalar("0", .plain))))
      if hasVCPUInit {
        let names = features.map { Node(.scalar($0, .plain), at: range) }
        steps.append(step(entry("init-vcpu", .scalar("0", .plain)), entry("features", .sequence(names))))
      }
      if let type = deviceType { steps.append(step(entry("create", .scalar(type, .plain)))) }
    }
    return steps
  }
}

extension SchemaFile {
  /// What paths in examples begin with.
  package var exampleTarget: String {
    switch subject {
    case .device(let type): type
    case .vcpu: "vcpu.0"
    case .vm: "vm"
    case .system: "system"
    case .common(let name): name
    }
  }
}
