import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import TestSupport
import Testing
import Vocabulary
import YAMLSyntax

/// Schemas with a payload of every kind.
private let schemas: [String: String] = [
  "arm64/vm.yaml": """
  schema: 1
  scope: vm
  create: {arguments: {ipa-bits: {bits: [7, 0], default: 0}, kind: {bits: [15, 8], default: 0, enum: {plain: 0, special: 2}}}}
  capabilities: {dirty: {number: 70, arguments: [{name: size, type: u32, default: 4096}, {name: pages, type: u32}]}, plain: {number: 71}}
  groups: {g: {number: 9, payload: {type: u32}, attributes: {x: {number: 4}}}}
  """,
  "arm64/vcpu.yaml": """
  schema: 1
  scope: vcpu
  init: {rules: []}
  features: {psci-0.2: {bit: 2}, pmu-v3: {bit: 3}}
  units: {mpidr: {dotted: {Aff3: 8, Aff2: 8, Aff1: 8, Aff0: 8}}, line: {dotted: {index: 31, side: 1}}}
  groups:
    timer: {number: 1, payload: {type: u32}, attributes: {v: {number: 0}, p: {number: 1}}}
    pvtime: {number: 2, payload: {type: u64, unit: address}, attributes: {ipa: {number: 0}}}
  """,
  "arm64/thing.yaml": """
  schema: 1
  type: thing
  number: 3
  groups:
    int:
      number: 0
      attributes:
        u8: {number: 0, payload: {type: u8}}
        u16: {number: 1, payload: {type: u16}}
        u32: {number: 2, payload: {type: u32}}
        u64: {number: 3, payload: {type: u64, unit: address}}
        i8: {number: 4, payload: {type: i8}}
        i16: {number: 5, payload: {type: i16}}
        i32: {number: 6, payload: {type: i32}}
        i64: {number: 7, payload: {type: i64}}
        named: {number: 8, payload: {type: u32, enum: {deny: 1, fwd-to-user: 2}}}
        flags: {number: 9, payload: {type: u16, flags: {first: 0, ninth: 8}}}
        mpidr: {number: 10, payload: {type: u64, unit: mpidr}}
        short: {number: 11, payload: {type: u16, unit: line}}
    nothing: {number: 1, attributes: {init: {number: 0, payload: {type: none}}}}
    bits:
      number: 2
      payload:
        type: bits
        width: 64
        fields: {count: {bits: [63, 52]}, base: {bits: [51, 16], in-place: true, unit: address}, flags: {bits: [15, 12], default: 0}, index: {bits: [11, 0]}}
      attributes: {region: {number: 0, repeat: true}, single: {number: 1}}
    struct:
      number: 3
      attributes:
        padded: {number: 0, payload: {type: struct, fields: [{name: a, type: u8}, {name: b, type: u32}, {name: c, type: u16}, {name: d, type: u64}]}}
        inner:
          number: 1
          payload:
            type: struct
            fields:
              - {name: head, type: u16, enum: {one: 1}}
              - {name: list, type: u16, count: 3}
              - {name: rest, type: bits, width: 8, fields: {low: {bits: [3, 0]}, high: {bits: [7, 4], default: 5}}}
              - {name: pad, type: u8, count: 3, reserved: true}
    union:
      number: 4
      attributes:
        event: {number: 0, payload: {type: union, on: {name: kind, type: u32, enum: {small: 1, big: 2}}, cases: {small: [{name: x, type: u8}], big: [{name: y, type: u64}]}}}
    bytes:
      number: 5
      attributes: {blob: {number: 0, payload: {type: bytes}}, list: {number: 1, payload: {type: array, of: {type: u16}, count: '3'}}, key: {number: 2, payload: {type: bytes, size: '4'}}, named: {number: 3, payload: {type: struct, fields: [{name: kind, type: u16}, {name: id, type: bytes, size: '3'}, {name: rest, type: u8}]}}}
    file: {number: 6, payload: {type: fd, open: /dev/vfio/**}, attributes: {add: {number: 1, repeat: true}, one: {number: 2}}}
    registers:
      number: 7
      attribute:
        keys: {cpu: {bits: [63, 32], default: 0, unit: mpidr}, offset: {bits: [15, 0], enum: {CTLR: 0x10, TYPER: 0x18}}}
        bias: 1
        payload: [{when: 'key.offset >= 0x18', type: u64}, {type: u32}]
    line: {number: 8, attribute: {number: any, payload: {type: u32}}}
    blobs: {number: 9, attribute: {repeat: true, number: any, payload: {type: bytes}}}
  """,
  "arm64/other.yaml":
    "schema: 1\ntype: other\nnumber: 4\ngroups: {line: {number: 0, attribute: {number: any, payload: {type: u32}}}}\n",
  "x86_64/foreign.yaml": "schema: 1\ntype: foreign\nnumber: 77\n",
]

func catalogue() -> Catalogue { TestSupport.catalogue(schemaSources(schemas)) }

/// The files next to the manifests, without a folder on disk.
private let filesBeside: [String: [UInt8]] = [
  "blob.bin": [0xDE, 0xAD], "fw/../fw/key.bin": [1, 2, 3, 4], "half": Array(repeating: 7, count: 1 << 19),
  "more": Array(repeating: 7, count: 1 << 20 + 1),
]

private func readFile(_ path: String, in manifest: SourceFile, most: Int) throws(FileFault) -> [UInt8] {
  if path == "link" { throw .outside }
  guard let bytes = filesBeside[path] else { throw .unreadable("there is none") }
  if bytes.count > most { throw .tooLarge(bytes.count) }
  return bytes
}

/// Reads a file as a manifest.
func read(_ file: SourceFile, settings: [String: String] = [:]) -> (manifest: Manifest, diagnostics: [Diagnostic]) {
  let tree = SourceTree(parsing: file)
  let findings = Findings()
  for diagnostic in tree.diagnostics { findings.report(diagnostic) }
  let catalogue = catalogue()
  let manifest = ManifestReader(
    tree.documents[0], catalogue: catalogue, defaultName: "vm", findings, readFile: readFile
  )
  .manifest(settings: settings)
  for diagnostic in catalogue.faults.diagnostics { findings.report(diagnostic) }
  return (manifest, findings.diagnostics.inDocumentOrder())
}

private let head = "kvmconf: 1\narch: arm64\n"

/// The manifest of a valid text, given without its first two lines.
func manifest(_ text: String, settings: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation)
  -> Manifest
{
  let (manifest, diagnostics) = read(SourceFile(path: "vm.yaml", text: head + text), settings: settings)
  #expect(
    diagnostics.map { "\($0.range.map(\.description) ?? ""): \($0.message) [\($0.id)]" } == [],
    sourceLocation: sourceLocation)
  return manifest
}

/// Expects exactly these diagnostics of a text, given without its first two lines.
func expectFindings(
  in marked: String, settings: [String: String] = [:], _ expected: ExpectedDiagnostic...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectDiagnostics(in: MarkedText(head + marked), expected, sourceLocation: sourceLocation) {
    read($0, settings: settings).diagnostics
  }
}

/// Expects exactly these diagnostics of the attributes of a `thing`.
func expectFindings(
  of attributes: String, _ expected: ExpectedDiagnostic..., sourceLocation: SourceLocation = #_sourceLocation
) {
  let text =
    "files: {gpu: /dev/vfio/12}\nvcpus: {count: 2}\ndevices:\n  - type: thing\n    attributes: {\(attributes)}\n"
  expectDiagnostics(in: MarkedText(head + text), expected, sourceLocation: sourceLocation) { read($0).diagnostics }
}

/// The settings of the attributes of a `thing`: `GROUP:ATTR` and the bytes.
func settings(_ attributes: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
  let text =
    "files: {gpu: /dev/vfio/12, nic: /dev/vfio/devices/vfio3}\nvcpus: {ids: [0, 7]}\ndevices:\n  - type: thing\n    attributes: {\(attributes)}\n"
  let found = manifest(text, sourceLocation: sourceLocation)
  return found.machine?.devices.first?.alternatives.first?.attributes.map(words) ?? []
}

func words(_ setting: AttributeSetting) -> String {
  let attr = String(setting.call.attr, radix: 16)
  return "\(setting.call.group):\(attr)" + words(setting.data) + (setting.isOptional ? " optional" : "")
    + (setting.call.flags == 0 ? "" : " flags \(setting.call.flags)")
}

func words(_ data: AttributeData) -> String {
  switch data {
  case .none: ""
  case .invalid: " invalid"
  case .bytes(let bytes, let slots):
    " " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + slots.map(words).joined()
  }
}

private func words(_ slot: PayloadSlot) -> String {
  switch slot.content {
  case .file(let index): " file \(index) at \(slot.offset)"
  case .parameter(let index):
    " parameter \(index) at \(slot.offset), \(slot.width) bytes, bits \(slot.shift)+\(slot.bits)"
  case .vcpuIndex: " vcpu index at \(slot.offset), \(slot.width) bytes"
  }
}
