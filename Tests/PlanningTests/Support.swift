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
    schema: 2
    calls:
      create: {arg: {bits: {bits: 7..0, default: 0}}, do: []}
    capabilities:
      early: {KVM_CAP_EARLY: 70, do: []}
      late: {KVM_CAP_LATE: 71, arg: {device: device}, do: []}
    groups:
      vm-group:
        number: 0
        payload: u32
        attributes:
          a: {number: 0, set: [{read: value}], get: [{write: unknown}]}
          b: {number: 1, after: [memory], set: [{read: value}], get: [{write: unknown}]}
    """,
    "arm64/vcpu.yaml": """
    schema: 2
    calls: {init: []}
    features: {fast: {KVM_ARM_VCPU_FAST: 3}, odd: {KVM_ARM_VCPU_ODD: 5, needs: [{finalize: 4}]}}
    capabilities: {link: {KVM_CAP_LINK: 72, arg: {device: device, server: u32}, do: []}}
    groups:
      timer:
        number: 0
        payload: u32
        attributes:
          irq: {number: 0, set: [{read: value}], get: [{write: unknown}]}
          late: {number: 1, after: [thing.control.start], set: [{read: value}], get: [{write: unknown}]}
          kind: {number: 2, after: [vcpu.timer.kind: value >= 32], set: [{read: value}]}
    """,
    "arm64/thing.yaml": """
    schema: 2
    number: 3
    groups:
      control:
        number: 0
        payload: u32
        attributes:
          start: {number: 0, payload: none, after: [size, address], set: []}
          stop: {number: 1, after: [vcpus, vcpu.timer.irq], set: [{read: value}]}
      size: {number: 1, payload: u32, before: [control.stop], set: [{read: value}], get: [{write: unknown}]}
      address:
        number: 2
        payload: u64
        attributes:
          base: {number: 0, set: [{read: value}], get: [{write: unknown}]}
          top: {number: 1, set: [{read: value}], get: [{write: unknown}]}
      registers:
        number: 3
        key: {offset: {bits: 15..0}}
        payload: u32
        after: [control.start: key.offset >= 8]
        set: [{read: value}]
    """,
    "arm64/other.yaml": """
    schema: 2
    number: 4
    calls: {create: {after: [thing], do: []}}
    groups:
      g:
        number: 0
        payload: u32
        attributes:
          x: {number: 0, before: [create, thing.control.start], set: [{read: value}], get: [{write: unknown}]}
          y: {number: 1, set: [{read: value}], get: [{write: unknown}]}
    """,
  ]

  /// The plan of a manifest of this architecture; `text` is the part after `arch`.
  func plan(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> PlanningResult {
    let catalogue = catalogue(schemaSources(files))
    let tree = SourceTree(parsing: SourceFile(path: "vm.yaml", text: "kvmconf: 1\narch: arm64\n" + text))
    let findings = Findings()
    let manifest = ManifestReader(tree.documents[0], catalogue: catalogue, defaultName: "vm", findings).manifest(
      settings: [:])
    let result = Planner.plan(manifest, PlanningKnowledge(catalogue))
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
