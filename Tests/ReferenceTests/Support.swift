import DevicePlan
import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary

/// A small architecture: a VM, vCPUs and one device type.
private let files = [
  "arm64/vm.yaml": """
  schema: 2
  doc: a virtual machine
  sources: [virt/kvm/kvm_main.c]
  calls:
    create:
      arg:
        ipa-bits: {bits: 7..0, default: 0, doc: width of addresses}
      do:
        - if: arg.ipa_bits == 1
          EINVAL: one bit is too few
    every:
      - if: vm.dead
        EIO: the VM is dead
        tag: dead
  capabilities:
    turbo:
      KVM_CAP_TURBO: 99
      doc: makes it fast
      arg: {speed: {type: u64, doc: how fast}}
      do:
        - if: arg.speed == 0
          EINVAL: it does not stand still
  state: {vm: {dead: false, base: null, model: '""'}}
  """,
  "arm64/vcpu.yaml": """
  schema: 2
  doc: a virtual CPU
  sources: [virt/kvm/kvm_main.c]
  calls: {run: [{hook: first-run}]}
  features:
    sve: {KVM_ARM_VCPU_SVE: 4, needs: [{finalize: 4}], doc: scalable vectors}
  """,
  "arm64/gadget.yaml": """
  schema: 2
  KVM_DEV_TYPE_GADGET: 42
  doc: a gadget
  sources: [arch/arm64/kvm/gadget.c]
  since: v5.0
  calls:
    create:
      - use: only_one("gadget")
  get:
    - EPERM: a device of type 'gadget' has no KVM_GET_DEVICE_ATTR
  hooks:
    first-run:
      - if: vm.base == null
        ENXIO: the gadget has no address
  functions:
    only_one(model):
      - if: vm.model != ""
        EEXIST: there is one already
      - if: model == "other"
        EBUSY: this is another
    check_address(address, align):
      - if: address % align != 0
        EINVAL: the address is not aligned
      - if: align == 0
        E2BIG: never
  structs:
    gadget_row:
      lo: {type: u32, doc: the low part}
      hi: {type: u64, doc: the high part}
  groups:
    addr:
      KVM_GADGET_ADDR: 1
      doc: addresses
      attributes:
        base:
          KVM_GADGET_ADDR_BASE: 2
          KVM_GADGET_OLD_BASE: 2
          doc: base address of the gadget. It is read-only afterwards
          payload: {type: u64, unit: address, align: 4KiB}
          before: [go.start]
          set:
            - read: value
            - use: check_address(value + 0, 4KiB)
            - let: {end: value + 64KiB}
            - since: v6.1
              if: end > 1 << 40
              EINVAL: it ends too far up
              tag: far
              documented: E2BIG
            - if: value == 0
              warn: zero is a strange place
              tag: at-zero
            - assign: {vm.base: value}
            - use: region(value, 64KiB)
          examples:
            - {value: 0x1001, expect: EINVAL}
            - {value: 0x1000}
    go:
      number: 2
      doc: commands
      attributes:
        start:
          number: 0
          doc: starts it
          payload: none
          set:
            - if: guest_has_run
              ENOLCK: a vCPU runs
          examples: [{given: [{set: gadget.addr.base, value: 0x2000}]}]
    table:
      KVM_GADGET_TABLE: 3
      doc: the rows of the table
      key: {cpu: {bits: 15..8, doc: the CPU}, row: {bits: 7..0, doc: the row}}
      payload: struct gadget_row
      set: [{read: value}]
      get: [{write: unknown}]
      examples: [{cpu: 1, row: 2, value: {lo: 1, hi: 2}}]
  """,
  "common/bridge.yaml": """
  schema: 2
  number: 4
  arch: [arm64, x86_64]
  doc: a bridge
  sources: [virt/kvm/bridge.c]
  setup:
    always:
      files: {gpu: /dev/vfio/12}
      steps: [{create-vm: {}}, {create: bridge}]
  groups:
    file:
      number: 1
      until: v7.0
      doc: files
      payload: fd
      repeat: true
      set: [{read: value}]
      get: [{write: unknown}]
      examples: [{value: gpu}]
  """,
]

let sources = schemaSources(files)

func catalogues() -> [Catalogue] { [.arm64, .x86_64].map { catalogue(sources, architecture: $0) } }

/// The page of a name, or the message that it is unknown.
func explain(_ name: String, diagnostics: DiagnosticReference = DiagnosticReference()) -> String {
  switch Explainer(catalogues(), diagnostics: diagnostics).explain(name) {
  case .page(let text): text
  case .unknown(let message): "unknown: \(message)"
  }
}

/// What the built-in schemas say of the assumed release, on every architecture.
var explainerOfBuiltInSchemas: Explainer {
  Explainer(
    Architecture.allCases.map {
      Catalogue(architecture: $0, release: SchemaSource.assumedRelease, sources: SchemaSource.builtIn)
    }.filter { $0.vm != nil })
}
