import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary

@Suite struct ExplainerTests {
  @Test func schemasOfTheseTestsHaveNoErrors() {
    for catalogue in catalogues() { #expect(catalogue.check().filter { $0.severity == .error } == []) }
  }

  @Test func pageOfAnAttributeIsComplete() {
    #expect(
      explain("gadget.addr.base") == """
        gadget.addr.base                                                            attribute, arm64

          base address of the gadget. It is read-only afterwards

          device type  gadget  42  KVM_DEV_TYPE_GADGET
          group        addr    1   KVM_GADGET_ADDR
          attribute    base    2   KVM_GADGET_ADDR_BASE, KVM_GADGET_OLD_BASE

          calls  set and has
          since  Linux 5.0

        VALUE
          u64, a guest physical address, a multiple of 4 KiB

        ORDER
          A manifest may give it anywhere; kvmconf sets it:
            before go.start

        REFUSALS, in the order in which the kernel checks

          KVM_SET_DEVICE_ATTR:
            EIO      the VM is dead
            EFAULT   the kernel cannot read the value at this address
            EINVAL   the address is not aligned
            EINVAL   it ends too far up (since 6.1) (documented as E2BIG)
            warning  zero is a strange place

          KVM_GET_DEVICE_ATTR:
            EIO    the VM is dead
            EPERM  a device of type 'gadget' has no KVM_GET_DEVICE_ATTR

          KVM_HAS_DEVICE_ATTR:
            EIO  the VM is dead

        IN A MANIFEST
          kvmconf: 1
          arch: arm64
          vcpus:
            count: 1
          devices:
            - type: gadget
              attributes:
                addr:
                  base: 0x1000

        SOURCES
          arch/arm64/kvm/gadget.c
          schema: arm64/gadget.yaml:35

        """)
  }

  @Test func pageShowsKeysAndStructs() {
    let page = explain("gadget.table")
    #expect(page.contains("bits of the attribute's 64-bit number:\n    15:8  cpu  the CPU\n"))
    #expect(page.contains("  struct of 16 bytes:\n    +0  u32  lo  the low part\n    +8  u64  hi  the high part\n"))
    #expect(page.contains("        table:\n          - {cpu: 1, row: 2, value: {lo: 1, hi: 2}}\n"))
  }

  @Test func manifestOfAnExampleHasWhatItNeeds() {
    let page = explain("gadget.go.start")
    #expect(page.contains("        addr:\n          base: 0x2000\n        go:\n          start:\n"))
    #expect(explain("bridge.file").contains("  files:\n    gpu: /dev/vfio/12\n  devices:\n    - type: bridge\n"))
  }

  @Test func pageOfADeviceTypeHasRefusalsOfLaterCalls() {
    let page = explain("gadget")
    #expect(page.hasPrefix("gadget  "))
    #expect(page.contains("\n  addr.base  set has; u64                 base address of the gadget\n"))
    #expect(page.contains("  KVM_GET_DEVICE_ATTR is always answered with EPERM.\n"))
    #expect(page.contains("    EEXIST  there is one already\n"))
    #expect(!page.contains("this is another"))
    #expect(page.contains("REFUSALS OF LATER CALLS\n\n  KVM_RUN:\n    ENXIO  the gadget has no address\n"))
  }

  @Test func schemaOfSeveralArchitecturesHasOnePage() {
    #expect(explain("bridge").hasSuffix("schema: common/bridge.yaml:1\n"))
    #expect(explain("bridge").contains("device type, arm64, x86_64\n"))
    #expect(explain("x86_64/bridge").contains("device type, x86_64\n"))
  }

  @Test func groupsCallsAndCapabilitiesHavePages() {
    #expect(explain("gadget.addr").contains("  Any other attribute number is answered with ENXIO.\n"))
    #expect(explain("arm64/vm.create").contains("    EINVAL  one bit is too few\n"))
    #expect(explain("vm.turbo").contains("  speed  a number  how fast\n"))
    #expect(explain("vcpu.run").contains("    ENXIO  the gadget has no address\n"))
    #expect(explain("vcpu.sve").contains("KVM_ARM_VCPU_SVE"))
  }

  /// Refusals that no plan can cause are shown too.
  @Test func refusalsThatOnlyAGuestCausesAreShown() {
    #expect(explain("gadget.go.start").contains("\n    ENOLCK  a vCPU runs\n"))
    let page = explain("gadget.go.start:ENOLCK")
    #expect(page.contains("    a vCPU runs\n       when    the guest runs or has run, so no plan gets this answer\n"))
    #expect(page.contains("rule    arm64/gadget.yaml:"))
  }

  @Test func pageOfAnIDShowsItsConditions() {
    #expect(
      explain("gadget.addr.base:EINVAL") == """
        gadget.addr.base:EINVAL                                                    diagnostic, arm64

          KVM_SET_DEVICE_ATTR on gadget.addr.base is answered with EINVAL:

            the address is not aligned
               when    (value + 0) % 4KiB != 0
               rule    arm64/gadget.yaml:22, through function check_address

          Every check, in order: explain gadget.addr.base

        """)
    let far = explain("gadget.addr.base.far:EINVAL")
    #expect(
      far.contains("       when    end > 1 << 40\n       where   end = value + 64KiB\n       Linux   since 6.1\n")
    )
    #expect(far.contains("       doc     the kernel's documentation says E2BIG\n"))
  }

  @Test(arguments: [
    ("gadget.create:EEXIST", "there is one already"), ("gadget.addr.base:EFAULT", "cannot read"),
    ("gadget.addr.base:EPERM", "has no KVM_GET_DEVICE_ATTR"), ("gadget.addr.base.at-zero", "a strange place"),
    ("vm.dead:EIO", "the VM is dead"), ("gadget.run:ENXIO", "the gadget has no address"),
    ("vm.turbo:EINVAL", "stand still"), ("vm.create:EINVAL", "too few"), ("gadget.go.start:EPERM", "has no"),
    ("gadget.test:ENODEV", "no device type"),
  ]) func everyIDHasAPage(_ id: String, _ text: String) {
    #expect(explain(id).contains(text))
    #expect(!explain(id).hasPrefix("unknown"))
  }

  @Test func constantsOfTheHeadersArePageNames() {
    #expect(explain("KVM_GADGET_ADDR_BASE") == explain("gadget.addr.base"))
    #expect(explain("KVM_GADGET_OLD_BASE") == explain("gadget.addr.base"))
    #expect(explain("KVM_GADGET_TABLE") == explain("gadget.table"))
    #expect(explain("KVM_CAP_TURBO") == explain("vm.turbo"))
    #expect(explain("KVM_DEV_TYPE_GADGET") == explain("gadget"))
  }

  @Test(arguments: [
    ("gadgte", "there is no 'gadgte'; did you mean 'gadget'?"),
    ("gadget.addr.bsae", "there is no 'gadget.addr.bsae'; did you mean 'gadget.addr.base'?"),
    ("addr.base", "there is no 'addr.base'; did you mean 'gadget.addr.base'?"),
    ("KVM_GADGET_ADRR", "there is no 'KVM_GADGET_ADRR'; did you mean 'KVM_GADGET_ADDR'?"),
    (
      "gadget.go.start:EXDEV",
      "there is no diagnostic or rule 'gadget.go.start:EXDEV'; there are 'gadget.go.start:ENOLCK' and 'gadget.go.start:EPERM'"
    ),
    (
      "zzzzzz",
      "there is no 'zzzzzz'; try one of gadget, vcpu, vm and bridge, or a part of it, as NAME.GROUP.ATTRIBUTE"
    ),
  ]) func unknownNameGetsASuggestion(_ name: String, _ message: String) {
    #expect(explain(name) == "unknown: \(message)")
  }

  @Test func diagnosticIDHasAPage() {
    let reference = DiagnosticReference([
      .init("unknown-key", "a manifest has no other keys", "Look\nit up.\n\nReally.")
    ])
    #expect(
      explain("unknown-key", diagnostics: reference)
        == "unknown-key\n\n  a manifest has no other keys\n\n  Look it up.\n\n  Really.\n")
  }

  @Test(.slow) func everyBuiltInNameHasAPage() {
    let builtIn = Architecture.allCases.map {
      Catalogue(architecture: $0, release: Release("7.2")!, sources: SchemaSource.builtIn)
    }
    let explainer = Explainer(builtIn)
    for row in CatalogueList(builtIn).rows {
      let name = "\(row.file.name).\(row.attribute.path)"
      guard case .page(let text) = explainer.explain(name) else {
        Issue.record("\(name) has no page")
        continue
      }
      for line in text.split(separator: "\n") where line.count > 92 && line.contains(" ") {
        // A manifest's value is not broken.
        #expect(line.contains("{") || line.contains(": "), "\(name): \(line)")
      }
    }
  }
}
