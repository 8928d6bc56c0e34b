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
    return found + catalogue.faults.diagnostics
  }

  private func run(_ example: ExampleCall, _ catalogue: Catalogue) -> [Diagnostic] {
    let findings = Findings()
    let reader = ManifestReader(
      example.document, catalogue: catalogue, defaultName: "example", findings, readFile: readNamedFile)
    let result = Planner.plan(reader.manifest(settings: [:]), catalogue: catalogue)
    if findings.hasErrors { return findings.diagnostics }
    guard var host = try? model(catalogue.architecture, course: .expected) else { return [] }
    let report = Runner(keepGoing: true).run(result.plan, on: &host)
    return report.entries.filter(\.verdict.isFailure).flatMap { $0.diagnostics(on: report.host) }
  }
}

extension GroupSchema {
  fileprivate func exists(in catalogue: Catalogue) -> Bool {
    lifetime.includes(catalogue.release) && KeyCondition.holds(when, [], 0)
  }
}

extension AttributeSchema {
  fileprivate func exists(in catalogue: Catalogue) -> Bool {
    lifetime.includes(catalogue.release) && KeyCondition.holds(when, [], 0)
  }
}

/// An example of an attribute, as a manifest of steps in a VM of its own.
private struct ExampleCall {
  let document: Node

  init(_ example: Node, file: SchemaFile, path: String, _ attribute: AttributeSchema) {
    func scalar(_ text: String) -> Node { Node(.scalar(text, .plain), at: example.range) }
    func entry(_ key: String, _ value: Node) -> Entry { Entry(key: Located(key, at: example.range), value: value) }
    func step(_ key: String, _ value: Node) -> Node { Node(.mapping([entry(key, value)]), at: example.range) }

    let access = example[key: "call"]?.scalar ?? (attribute.access.contains(.set) ? "set" : "get")
    var call = [entry(access, scalar("\(file.exampleTarget).\(path)"))]
    call += (example.entries ?? []).filter { !["call", "given", "doc"].contains($0.key.value) }

    let empty = Node(.mapping([]), at: example.range)
    var setup: [Node] = []
    if let own = file.exampleSetup {
      setup = own.items ?? []
    } else {
      setup.append(step("create-vm", empty))
      switch file.subject {
      case .vm, .system, .common: break
      case .vcpu, .device:
        setup.append(step("create-vcpu", scalar("0")))
        if file.hasVCPUInit { setup.append(step("init-vcpu", scalar("0"))) }
        if let type = file.deviceType { setup.append(step("create", scalar(type))) }
      }
    }
    let steps = setup + (example[key: "given"]?.items ?? []) + [Node(.mapping(call), at: example.range)]
    var entries = [
      entry("kvmconf", scalar("1")), entry("arch", scalar(file.architecture.rawValue)),
      entry("steps", Node(.sequence(steps), at: example.range)),
    ]
    if let files = file.exampleFiles { entries.append(entry("files", files)) }
    document = Node(.mapping(entries), at: example.range)
  }
}

extension SchemaFile {
  /// What paths in examples begin with.
  fileprivate var exampleTarget: String {
    switch subject {
    case .device(let type): type
    case .vcpu: "vcpu.0"
    case .vm: "vm"
    case .system: "system"
    case .common(let name): name
    }
  }
}
