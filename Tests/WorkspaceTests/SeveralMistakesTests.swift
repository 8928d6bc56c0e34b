import Diagnostics
import TestSupport
import Testing
import Vocabulary
import Workspace

/// Several mistakes in one manifest or in one call: each is reported once, with its own reason.
@Suite struct SeveralMistakesTests {
  /// `LINE:COLUMN MESSAGE` of each diagnostic.
  private func problems(_ text: String, release: String? = nil) throws -> [String] {
    var settings = Settings()
    settings.release = release.flatMap { Release($0) }
    let validation = try ManifestWorkspace(settings).validate(
      SourceFile(path: "board.yaml", bytes: Array(("kvmconf: 1\n" + text).utf8)))
    return validation.diagnostics.map { "\($0.range.map { "\($0.start)" } ?? "nowhere") \($0.message)" }
  }

  @Test func certainReasonComesBeforeOneThatDependsOnAnEarlierMistake() throws {
    let found = try problems(
      """
      arch: arm64
      vcpus: {count: 2, features: [psci-0.2]}
      devices:
        - type: arm-vgic-v3
          attributes:
            addr: {dist: 0x0800_1000, redist: 0x080A_0001}
            ctrl: {init: }
      """)
    let message = "the kernel would answer EINVAL: the address must be 64 KiB aligned"
    #expect(found == ["7:20 " + message, "7:41 " + message])
  }

  /// A note names the refused call, and the text of its cause is an expression, for which another note would.
  @Test func refusedCallIsNamedOnce() throws {
    let text = """
      kvmconf: 1
      arch: ppc64
      parameters: {vcpus: {type: u32, default: 4}}
      vcpus: {count: "${vcpus}"}
      devices: [{type: xics, attributes: {ctrl: {nr-servers: "${vcpus - 2}"}}}]
      """
    let validation = try ManifestWorkspace(Settings()).validate(
      SourceFile(path: "board.yaml", bytes: Array(text.utf8)))
    #expect(
      validation.diagnostics.flatMap(\.notes).map(\.message).filter { $0.hasPrefix("the call that") } == [
        "the call that is refused: enable irq-xics on vcpu.2"
      ])
  }

  @Test func twoWrongArgumentsAreTwoMistakes() throws {
    let found = try problems(
      """
      arch: x86_64
      memory:
        - {at: 0x4000_0001, size: 255}
      """)
    #expect(
      found == [
        "4:10 the kernel would then answer EINVAL: the address of a memory region must be a multiple of 4 KiB",
        "4:29 the kernel would answer EINVAL: the size of a memory region must be a multiple of 4 KiB",
      ])
  }

  @Test func twoWrongMembersAreTwoMistakes() throws {
    let found = try problems(
      """
      arch: ppc64
      vcpus: {count: 2}
      devices:
        - type: xive
          attributes:
            eq-config:
              - for-each: vcpu
                server: "${vcpu.id}"
                priority: 6
                value: {flags: always-notify, qshift: 15, qaddr: "${0x100_0100 + vcpu.index * 0x1_0000}", qtoggle: 1}
      """)
    #expect(
      found.filter { $0.contains("would") } == [
        "11:49 the kernel would answer EINVAL: an event queue must be 64 KiB, a qshift of 16",
        "11:60 the kernel would then answer EINVAL: an event queue must be aligned to its size, 64 KiB",
      ])
  }

  @Test func twoWrongElementsAreTwoMistakes() throws {
    let found = try problems(
      """
      arch: x86_64
      vm: {irqchip: true}
      steps:
        - set-gsi-routing:
            entries:
              - {gsi: 4, type: irqchip, u: {irqchip: 0, pin: 40}}
              - {gsi: 4, type: irqchip, u: {irqchip: 2, pin: 40}}
      """)
    let message = "EINVAL: a PIC has the pins 0 to 7, and the I/O APIC 0 to 23"
    #expect(found == ["7:56 the kernel would answer " + message, "8:56 the kernel would then answer " + message])
  }

  @Test func whatAReleaseLacksIsReportedOnce() throws {
    let found = try problems(
      """
      arch: arm64
      vm:
        attributes:
          smccc:
            filter:
              - {base: 0x8400_0000, nr-functions: 0x20, action: fwd-to-user}
              - {base: 0xC400_0000, nr-functions: 0x20, action: fwd-to-user}
      """, release: "6.1")
    #expect(found.map { $0.prefix(54) } == ["7:11 the kernel would answer EINVAL: attributes of VMs"])
  }

  @Test func absentCallHasNoFurtherReasons() throws {
    let found = try problems(
      """
      arch: x86_64
      steps:
        - {create-vm: {}}
        - {create-guest-memfd: {size: 4MiB, flags: [mmap, init-shared]}, as: ram}
      """, release: "6.1")
    #expect(found.map { $0.prefix(40) } == ["5:26 the kernel would answer ENOTTY: the"])
  }

  @Test func wrongExpectationIsTheOnlyMistake() throws {
    let found = try problems(
      """
      arch: arm64
      steps:
        - {create-vm: {}}
        - {create-vcpu: 0}
        - {create: arm-vgic-v3, as: gic}
        - {set: gic.nr-irqs, value: 64}
        - {set: gic.addr.dist, value: 0x0800_0000, expect: EINVAL}
        - {set: gic.addr.dist, value: 0x0900_0000, expect: EEXIST}
        - {set: gic.addr.redist, value: 0x080A_0000}
        - {set: gic.ctrl.init, expect: ENXIO}
        - {create-vcpu: 1, expect: EBUSY}
      """)
    #expect(
      found == [
        "8:54 the kernel would answer ok, not EINVAL", "11:34 the kernel would answer ok, not ENXIO",
      ])
  }

  /// A value that is not known may lead to a hazard. That is no further mistake.
  @Test func possibleHazardAfterAMistakeIsNotReported() throws {
    let found = try problems(
      """
      arch: ppc
      vcpus: {count: 2}
      devices:
        - type: fsl-mpic-20
          attributes:
            misc: {base-addr: 0xe004_0000}
            register:
              - {offset: GCR, value: 0x1_2000_0000}
              - {offset: IDR42, value: 0x1}
              - {offset: IVPR42, value: 0x0084_002a}
              - {offset: CTPR0, value: 0}
      """)
    #expect(found.map { $0.prefix(30) } == ["9:32 0x1_2000_0000 does not fi"])
  }

  /// An address is aligned or not, whatever the number of vCPUs is.
  @Test func addressIsCheckedBesideAWrongNumberOfVCPUs() throws {
    let found = try problems(
      """
      arch: arm64
      vcpus: {count: two, features: [psci-0.2]}
      devices:
        - type: arm-vgic-v3
          attributes:
            addr: {dist: 0x0800_1000, redist: 0x080A_0001}
            ctrl: {init: }
      """)
    let message = "the kernel would answer EINVAL: the address must be 64 KiB aligned"
    #expect(found.dropFirst() == ["7:20 " + message, "7:41 " + message])
  }

  /// A step on a vCPU is read although the number of vCPUs is wrong.
  @Test func stepsOnVCPUsAreReadBesideAWrongNumberOfThem() throws {
    let found = try problems(
      """
      arch: x86_64
      vcpus: {count: two}
      steps:
        - {get: vcpu.1.tsc.ofset}
        - {get: vcpu.1.tsc.offset, valeu: 1}
      """)
    #expect(found.map { $0.prefix { $0 != " " } } == ["3:16", "5:22", "6:30"])
  }

  /// What is missing is missing although another call is wrong.
  @Test func warningOfWhatIsMissingIsFoundBesideAnotherMistake() throws {
    func found(_ memory: String, _ register: String) throws -> [String] {
      try problems(
        """
        arch: s390x
        memory:
          - {at: \(memory), size: 256MiB}
        devices:
          - type: flic
            attributes:
              adapter-register: [{\(register), isc: 2}]
        steps:
          - set-gsi-routing:
              entries:
                - gsi: 0
                  type: s390-adapter
                  u: {adapter_id: 3, ind_addr: 0x1_0000, ind_offset: 63, summary_addr: 0x1_1000, summary_offset: 0}
        """
      ).map { String($0.prefix { $0 != " " }) }
    }
    #expect(try found("0", "id: 1") == ["14:27"])
    #expect(try found("1", "id: 1") == ["4:10", "14:27"])
    #expect(try found("0", "id: x").count == 1)
  }

  /// Of a vCPU whose creation is refused, later calls say nothing new.
  @Test func callsOnAVCPUThatIsNotCreatedAreNoFurtherMistakes() throws {
    let found = try problems(
      """
      arch: riscv64
      steps:
        - {create-vm: {}}
        - {create-vcpu: 0}
        - {create-vcpu: 0}
        - {create: riscv-aia, as: aia}
        - {set: aia.addr.imsic, index: 0, value: 0x2800_0000}
        - {set: aia.addr.imsic, index: 1, value: 0x2800_1000}
      """)
    #expect(found.map { $0.prefix { $0 != " " } } == ["6:19"])
  }

  @Test func secondDeviceThatIsRefusedNeedsNoOtherName() throws {
    let found = try problems(
      """
      arch: x86_64
      devices:
        - type: vfio
        - type: vfio
      """)
    #expect(
      found == [
        "5:11 the kernel would answer EBUSY: the VM already has a VFIO device, and can have only one"
      ])
  }
}
