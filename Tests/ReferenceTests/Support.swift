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
  schema: 1
  scope: vm
  doc: a virtual machine
  reference: [virt/kvm/kvm_main.c]
  create:
    arguments:
      ipa-bits: {bits: [7, 0], default: 0, doc: width of addresses}
    rules:
      - {if: 'arg.ipa_bits == 1', errno: EINVAL, because: one bit is too few}
  every:
    rules:
      - {if: 'vm.dead', id: 'vm.dead:EIO', errno: EIO, because: the VM is dead}
  capabilities:
    turbo:
      constant: KVM_CAP_TURBO
      number: 99
      on: vm
      doc: makes it fast
      arguments: [{name: speed, type: u64, doc: how fast}]
      rules:
        - {if: 'arg.speed == 0', errno: EINVAL, because: it does not stand still}
  state: {vm: {dead: 'false', base: 'null', model: '""'}}
  """,
  "arm64/vcpu.yaml": """
  schema: 1
  scope: vcpu
  doc: a virtual CPU
  reference: [virt/kvm/kvm_main.c]
  features:
    sve: {bit: 4, constant: KVM_ARM_VCPU_SVE, finalize: 4, doc: scalable vectors}
  run:
    rules:
      - {hook: first-run}
  """,
  "arm64/gadget.yaml": """
  schema: 1
  type: gadget
  doc: a gadget
  constant: KVM_DEV_TYPE_GADGET
  number: 42
  since: '5.0'
  reference: [arch/arm64/kvm/gadget.c]
  no-accessor: {get: EPERM}
  create:
    rules:
      - {use: only-one, with: {model: '"gadget"'}}
  hooks:
    first-run:
      - {if: 'vm.base == null', errno: ENXIO, because: the gadget has no address}
  fragments:
    only-one:
      parameters: [model]
      rules:
        - {if: 'vm.model != ""', errno: EEXIST, because: there is one already}
        - {if: 'model == "other"', errno: EBUSY, because: this is another}
    check-address:
      parameters: [address, align]
      rules:
        - {if: 'address % align != 0', errno: EINVAL, because: the address is not aligned}
        - {if: 'align == 0', errno: E2BIG, because: never}
  groups:
    addr:
      constant: KVM_GADGET_ADDR
      number: 1
      doc: addresses
      attributes:
        base:
          constant: KVM_GADGET_ADDR_BASE
          aliases: [KVM_GADGET_OLD_BASE]
          number: 2
          doc: base address of the gadget. It is read-only afterwards
          payload: {type: u64, unit: address, align: 4KiB, region: 64KiB}
          set:
            before: [go.start]
            rules:
              - {read: value}
              - {use: check-address, with: {address: 'value + 0', align: '4KiB'}}
              - let: {end: 'value + 64KiB'}
              - {if: 'end > 1 << 40', errno: EINVAL, id: 'gadget.far:EINVAL', because: it ends too far up, since: '6.1', documented: E2BIG}
              - {if: 'value == 0', warn: at-zero, because: zero is a strange place}
              - {then: {vm.base: 'value'}}
          examples:
            - {value: 0x1001, expect: EINVAL}
            - {value: 0x1000, expect: ok}
    go:
      number: 2
      doc: commands
      attributes:
        start:
          number: 0
          access: [set, has]
          doc: starts it
          payload: {type: none}
          set: {guest: [{errno: ENOLCK, because: a vCPU runs}]}
          examples: [{expect: ok, given: [{set: gadget.addr.base, value: 0x2000}]}]
    table:
      constant: KVM_GADGET_TABLE
      number: 3
      doc: the table
      attribute:
        keys: {cpu: {bits: [15, 8], doc: the CPU}, row: {bits: [7, 0], doc: the row}}
        bias: 1
        doc: a row of the table
        payload:
          type: struct
          fields:
            - {name: lo, type: u32, doc: the low part}
            - {name: hi, type: u64, doc: the high part}
        examples: [{cpu: 1, row: 2, value: {lo: 1, hi: 2}, expect: ok}]
  """,
  "common/bridge.yaml": """
  schema: 1
  type: bridge
  arch: [arm64, x86_64]
  doc: a bridge
  number: 4
  reference: [virt/kvm/bridge.c]
  groups:
    file:
      number: 1
      doc: files
      attribute:
        number: any
        doc: a file
        payload: {type: fd}
        repeat: true
        until: '7.0'
        examples: [{value: gpu, expect: ok}]
  example-files: {gpu: /dev/vfio/12}
  example-setup: [{create-vm: {}}, {create: bridge}]
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
