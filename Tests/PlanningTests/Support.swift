import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Planning
import TestSupport
import Testing
import Vocabulary
import YAMLSyntax

/// Schemas of a small architecture: a VM with attributes, vCPUs that are initialised, and devices.
struct Schemas {
  var files: [String: String] = [
    "arm64/vm.yaml": """
    schema: 1
    scope: vm
    create: {arguments: {bits: {bits: [7, 0], default: 0}}}
    capabilities:
      early: {number: 70}
      late: {number: 71, arguments: [{name: device, type: device}]}
    groups: {vm-group: {number: 0, payload: {type: u32}, attributes: {a: {number: 0}, b: {number: 1, set: {after: [memory]}}}}}
    """,
    "arm64/vcpu.yaml": """
    schema: 1
    scope: vcpu
    init: {rules: []}
    features: {fast: {bit: 3}, odd: {bit: 5, finalize: 4}}
    capabilities: {link: {number: 72, on: vcpu, arguments: [{name: device, type: device}, {name: server, type: u32}]}}
    groups: {timer: {number: 0, payload: {type: u32}, attributes: {irq: {number: 0}, late: {number: 1, set: {after: [thing.control.start]}}}}}
    """,
    "arm64/thing.yaml": """
    schema: 1
    type: thing
    number: 3
    groups:
      control:
        number: 0
        payload: {type: u32}
        attributes:
          start: {number: 0, payload: {type: none}, set: {after: [size, address]}}
          stop: {number: 1, set: {after: [vcpus, vcpu.timer.irq]}}
      size: {number: 1, attribute: {number: any, payload: {type: u32}, set: {before: [control.stop]}}}
      address: {number: 2, payload: {type: u64}, attributes: {base: {number: 0}, top: {number: 1}}}
      registers:
        number: 3
        attribute:
          keys: {offset: {bits: [15, 0]}}
          payload: {type: u32}
          set: {after: [{path: control.start, when: 'key.offset >= 8'}]}
    """,
    "arm64/other.yaml": """
    schema: 1
    type: other
    number: 4
    create: {after: [thing]}
    groups: {g: {number: 0, payload: {type: u32}, attributes: {x: {number: 0, set: {before: [create, thing.control.start]}}, y: {number: 1}}}}
    """,
  ]

  /// The plan of a manifest of this architecture; `text` is the part after `arch`.
  func plan(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> PlanningResult {
    let catalogue = catalogue(schemaSources(files))
    let tree = SourceTree(parsing: SourceFile(path: "vm.yaml", text: "kvmconf: 1\narch: arm64\n" + text))
    let findings = Findings()
    let manifest = ManifestReader(tree.documents[0], catalogue: catalogue, defaultName: "vm", findings).manifest(
      settings: [:])
    let result = Planner.plan(manifest, catalogue: catalogue)
    #expect((tree.diagnostics + findings.diagnostics).map(\.message) == [], sourceLocation: sourceLocation)
    #expect(
      catalogue.faults.diagnostics.map { "\($0.range.map(\.description) ?? ""): \($0.message)" } == [],
      sourceLocation: sourceLocation)
    return result
  }

  /// The calls in a user's words, each followed by the reason why it moved: `set thing.size = 5 (after …)`.
  func calls(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
    plan(text, sourceLocation: sourceLocation).plan.steps.map { $0.words + ($0.moved.map { " (\($0))" } ?? "") }
  }
}
