import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Planning
import SourceTree

extension Workspace {
  /// Runs the examples of every attribute of an architecture's schemas on the model.
  ///
  /// - Returns: a diagnostic for each that is not answered as it says, in its schema.
  package func runExamples(_ architecture: Architecture) -> [Diagnostic] {
    let catalogue = catalogue(for: architecture)
    var found: [Diagnostic] = []
    for file in catalogue.files {
      for group in file.groups where group.exists(in: catalogue) {
        for attribute in group.attributes where attribute.exists(in: catalogue) {
          for example in attribute.examples?.items ?? [] {
            let call = ExampleCall(example, file: file, path: group.path(of: attribute), attribute)
            found += run(call, catalogue)
          }
        }
      }
    }
    return found + checkProbes(catalogue) + catalogue.faults.diagnostics
  }

  private func run(_ example: ExampleCall, _ catalogue: Catalogue) -> [Diagnostic] {
    let findings = Findings()
    let plan = plan(example.steps, files: example.files, at: example.range, catalogue, findings)
    if findings.hasErrors { return findings.diagnostics }
    guard var host = try? model(catalogue.architecture, course: .expected) else { return [] }
    let report = Runner(keepGoing: true).run(plan, on: &host)
    return report.entries.filter(\.verdict.isFailure).flatMap { $0.diagnostics(on: report.host) }
  }

  /// Steps of a schema, as the plan of a manifest that has nothing else.
  func plan(
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

/// An example of an attribute, as the steps of a VM of its own.
private struct ExampleCall {
  let steps: [Node]
  let files: Node?
  let range: SourceRange

  init(_ example: Node, file: SchemaFile, path: String, _ attribute: AttributeSchema) {
    let parts = file.steps(of: example, path: path, attribute)
    steps = parts.setup + parts.given + [parts.call]
    files = file.exampleFiles
    range = example.range
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
    call += (example.entries ?? []).filter { !["call", "given", "doc"].contains($0.key.value) }
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
  func plainSteps(features: [String] = [], at range: SourceRange) -> [Node] {
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
  var exampleTarget: String {
    switch subject {
    case .device(let type): type
    case .vcpu: "vcpu.0"
    case .vm: "vm"
    case .system: "system"
    case .common(let name): name
    }
  }
}
