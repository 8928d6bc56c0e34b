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
  schema: 2
  calls:
    create:
      arg:
        ipa-bits: {bits: 7..0, default: 0}
        kind: {bits: 15..8, default: 0, names: {plain: 0, special: 2}}
      do: []
    line: {KVM_TOY_LINE: '_IOWR(KVMIO, 0x61, struct toy_line)'}
    plain: {KVM_TOY_PLAIN: '_IO(KVMIO, 0x62)'}
  capabilities:
    dirty: {KVM_CAP_DIRTY: 70, arg: {size: {type: u32, default: 4096}, pages: u32}, do: []}
    plain: {KVM_CAP_PLAIN: 71, do: []}
  structs: {toy_line: {irq: u32, level: u32}}
  groups: {g: {number: 9, payload: u32, attributes: {x: {number: 4, set: [{read: value}], get: [{write: unknown}]}}}}
  """,
  "arm64/vcpu.yaml": """
  schema: 2
  calls: {init: []}
  features: {psci-0.2: {KVM_ARM_VCPU_PSCI_0_2: 2}, pmu-v3: {KVM_ARM_VCPU_PMU_V3: 3}}
  units: {mpidr: {dotted: {Aff3: 8, Aff2: 8, Aff1: 8, Aff0: 8}}, line: {dotted: {index: 31, side: 1}}}
  groups:
    timer:
      number: 1
      payload: u32
      attributes:
        v: {number: 0, set: [{read: value}], get: [{write: unknown}]}
        p: {number: 1, set: [{read: value}], get: [{write: unknown}]}
    pvtime:
      number: 2
      payload: {type: u64, unit: address}
      attributes: {ipa: {number: 0, set: [{read: value}], get: [{write: unknown}]}}
  """,
  "arm64/thing.yaml": """
  schema: 2
  number: 3
  structs:
    thing_padded: {a: u8, b: u32, c: u16, d: u64}
    thing_inner:
      head: {type: u16, names: {one: 1}}
      list: 'u16[3]'
      rest: {type: u8, fields: {low: {bits: 3..0}, high: {bits: 7..4, default: 5}}}
      pad: {type: 'u8[3]', reserved: zero}
    thing_defaults: {kind: {type: u16, default: 0x102}, pad: {type: u8, default: 7, reserved: zero}, rest: u8}
    thing_event:
      kind: {type: u32, names: {small: 1, big: 2}}
      u: {switch: kind, cases: {small: struct thing_small, big: struct thing_big}}
    thing_entry:
      gsi: u16
      type: {type: u16, names: {line: 1, msi: 2}}
      u: {switch: type, cases: {line: u8, 'msi, 5..6': struct thing_msi, else: 'u8[6]'}}
      tail: u8
    thing_list:
      count: u32
      entries: {type: 'pointer to struct thing_msi[]'}
      name: pointer to u8[4]
    thing_bits:
      head: u8
      first: {type: 'bitmap-msb0[16]', names: {zero: 0, ten: 10}}
      second: 'bitmap[70]'
    thing_msi: {addr: u32, data: u16}
    thing_small: {x: u8}
    thing_big: {y: u64}
    thing_named: {kind: u16, id: 'u8[3]', rest: u8}
  groups:
    int:
      number: 0
      attributes:
        u8: {number: 0, payload: u8, set: [{read: value}], get: [{write: unknown}]}
        u16: {number: 1, payload: u16, set: [{read: value}], get: [{write: unknown}]}
        u32: {number: 2, payload: u32, set: [{read: value}], get: [{write: unknown}]}
        u64: {number: 3, payload: {type: u64, unit: address}, set: [{read: value}], get: [{write: unknown}]}
        i8: {number: 4, payload: i8, set: [{read: value}], get: [{write: unknown}]}
        i16: {number: 5, payload: i16, set: [{read: value}], get: [{write: unknown}]}
        i32: {number: 6, payload: i32, set: [{read: value}], get: [{write: unknown}]}
        i64: {number: 7, payload: i64, set: [{read: value}], get: [{write: unknown}]}
        named:
          number: 8
          payload: {type: u32, names: {deny: 1, fwd-to-user: 2, 4k-pages: 12}}
          set: [{read: value}]
          get: [{write: unknown}]
        flags: {number: 9, payload: {type: u16, flags: {first: 0, ninth: 8}}, set: [{read: value}], get: [{write: unknown}]}
        mpidr: {number: 10, payload: {type: u64, unit: mpidr}, set: [{read: value}], get: [{write: unknown}]}
        short: {number: 11, payload: {type: u16, unit: line}, set: [{read: value}], get: [{write: unknown}]}
    nothing: {number: 1, attributes: {init: {number: 0, payload: none, set: [], get: []}}}
    bits:
      number: 2
      payload:
        type: u64
        fields:
          count: {bits: 63..52}
          base: {bits: 51..16, unit: address}
          flags: {bits: 15..12, default: 0}
          index: {bits: 11..0}
      attributes:
        region: {number: 0, repeat: true, set: [{read: value}], get: [{write: unknown}]}
        single: {number: 1, set: [{read: value}], get: [{write: unknown}]}
    struct:
      number: 3
      attributes:
        padded: {number: 0, payload: struct thing_padded, set: [{read: value}], get: [{write: unknown}]}
        inner: {number: 1, payload: struct thing_inner, set: [{read: value}], get: [{write: unknown}]}
        defaults: {number: 2, payload: struct thing_defaults, set: [{read: value}], get: [{write: unknown}]}
    union:
      number: 4
      attributes:
        event: {number: 0, payload: struct thing_event, set: [{read: value}], get: [{write: unknown}]}
        entry: {number: 1, payload: struct thing_entry, set: [{read: value}], get: [{write: unknown}]}
        entries: {number: 2, payload: 'struct thing_entry[]', set: [{read: value}], get: [{write: unknown}]}
        list: {number: 4, payload: struct thing_list, set: [{read: value}], get: [{write: unknown}]}
        bits: {number: 3, payload: struct thing_bits, set: [{read: value}], get: [{write: unknown}]}
        long:
          number: 0x200
          key: {other: {bits: 7, default: 0}, length: {bits: 6..0, default: bytes(value)}}
          payload: struct thing_entry[]
          set: [{read: value}]
          get: [{write: unknown}]
        sized:
          number: 0x100
          key: {count: {bits: 3..0}}
          payload: u16[key.count * 2]
          set: [{read: value}]
          get: [{write: unknown}]
    bytes:
      number: 5
      attributes:
        blob: {number: 0, payload: 'u8[]', set: [{read: value}], get: [{write: unknown}]}
        list: {number: 1, payload: 'u16[3]', set: [{read: value}], get: [{write: unknown}]}
        key: {number: 2, payload: 'u8[4]', set: [{read: value}], get: [{write: unknown}]}
        named: {number: 3, payload: struct thing_named, set: [{read: value}], get: [{write: unknown}]}
    file:
      number: 6
      payload: fd of /dev/vfio/**
      attributes:
        add: {number: 1, repeat: true, set: [{read: value}], get: [{write: unknown}]}
        one: {number: 2, set: [{read: value}], get: [{write: unknown}]}
    registers:
      number: 7
      key:
        cpu: {bits: 63..32, default: 0, unit: mpidr}
        offset: {bits: 15..0, names: {CTLR: 0x10, TYPER: 0x18}}
      payload: {switch: key.offset, cases: {0x18..0xffff: u64, else: u32}}
      set: [{read: value}]
      get: [{write: unknown}]
    line: {number: 8, payload: u32, set: [{read: value}], get: [{write: unknown}]}
    blobs: {number: 9, repeat: true, payload: 'u8[]', set: [{read: value}], get: [{write: unknown}]}
  """,
  "arm64/other.yaml": """
  schema: 2
  number: 4
  calls: {kick: {KVM_OTHER_KICK: '_IOW(KVMIO, 0x70, u32)'}}
  groups: {line: {number: 0, payload: u32, set: [{read: value}], get: [{write: unknown}]}}
  """,
  "x86_64/foreign.yaml": "schema: 2\nnumber: 77\n",
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
  case .device(let device): " device \(device) at \(slot.offset)"
  case .parameter(let index):
    " parameter \(index) at \(slot.offset), \(slot.width) bytes, bits \(slot.shift)+\(slot.bits)"
  case .payload(let target): " address of \(target) at \(slot.offset)"
  case .vcpuIndex: " vcpu index at \(slot.offset), \(slot.width) bytes"
  }
}
