import DeviceManifest
import DevicePlan
import Diagnostics
import PlanFormat
import TestSupport
import Testing
import Vocabulary
import Workspace

/// The calls that are not on attributes, with the built-in schemas.
@Suite struct CallTests {
  private func load(_ text: String, release: String? = nil) -> (ManifestWorkspace, LoadedFile) {
    var settings = Settings()
    settings.release = release.flatMap { Release($0) }
    let workspace = ManifestWorkspace(settings)
    return (workspace, workspace.load(SourceFile(path: "vm.yaml", bytes: Array(("kvmconf: 1\n" + text).utf8))))
  }

  private func plan(_ text: String) throws -> Plan {
    let (_, loaded) = load(text)
    #expect(loaded.diagnostics.map(\.message) == [])
    return try #require(loaded.manifests.first?.plan)
  }

  private func validation(_ text: String, release: String? = nil) throws -> [String] {
    var settings = Settings()
    settings.release = release.flatMap { Release($0) }
    let file = SourceFile(path: "vm.yaml", bytes: Array(("kvmconf: 1\n" + text).utf8))
    return try ManifestWorkspace(settings).validate(file).diagnostics.map { "\($0.id): \($0.message)" }
  }

  /// The initialisation of a vCPU comes once for each combination of its optional features, behind the questions.
  @Test func optionalFeaturesAreQuestions() throws {
    let plan = try plan(
      "arch: arm64\nvcpus: {count: 1, features: [psci-0.2, {name: pmu-v3, optional: true}, {name: sve, optional: true}]}\n"
    )
    #expect(
      plan.steps.map { "\($0.words) \($0.guardedBy.map { "\($0.step)\($0.ok ? "" : " not")" })" } == [
        "create vm []", "check capability 126 (pmu-v3) []", "check capability 170 (sve) []", "create vcpu.0 []",
        "init vcpu.0 (psci-0.2, pmu-v3, sve) [\"1\", \"2\"]", "init vcpu.0 (psci-0.2, sve) [\"1 not\", \"2\"]",
        "init vcpu.0 (psci-0.2, pmu-v3) [\"1\", \"2 not\"]", "init vcpu.0 (psci-0.2) [\"1 not\", \"2 not\"]",
      ])
    #expect(
      plan.steps.compactMap {
        if case .initVCPU(_, let mask, let finalize) = $0.operation { [Int(mask), finalize.count] } else { nil }
      }
        == [[0x1C, 1], [0x14, 1], [0xC, 0], [4, 0]])
  }

  @Test func hostDecidesOptionalFeatures() throws {
    for (hasPMU, skipped) in [(true, 5), (false, 4)] {
      var settings = Settings()
      let facts = SourceFile(path: "f.yaml", bytes: Array("pmu_v3: \(hasPMU)\n".utf8))
      settings.facts = try HostFacts(facts)
      let workspace = ManifestWorkspace(settings)
      let text = "kvmconf: 1\narch: arm64\nvcpus: {count: 1, features: [{name: pmu-v3, optional: true}]}\n"
      let loaded = workspace.load(SourceFile(path: "vm.yaml", bytes: Array(text.utf8)))
      let plan = try #require(loaded.manifests.first?.plan)
      var host = try workspace.model(.arm64, course: .predicted)
      let report = Runner(keepGoing: true).run(plan, on: &host)
      #expect(report.summary.failed == 0)
      #expect(
        report.entries.map(\.result.outcome.name) == [
          "ok", hasPMU ? "ok" : "ENXIO", "ok", hasPMU ? "ok" : "skipped", hasPMU ? "skipped" : "ok",
        ], "\(skipped)")
    }
  }

  @Test func featuresThatCannotBeOptionalAreErrors() {
    let (_, loaded) = load(
      "arch: arm64\nvcpus: {count: 1, features: [{name: power-off, optional: true}]}\nsteps: [{init-vcpu: 0, features: [{name: sve, optional: true}]}]\n"
    )
    #expect(
      loaded.diagnostics.map(\.message) == [
        "'power-off' cannot be optional: no capability says whether a host has it",
        "'sve' cannot be optional: only those of 'vcpus' can be",
      ])
  }

  @Test func stepsAreRepeatedForVCPUsAndTables() throws {
    let plan = try plan(
      """
      arch: arm64
      vcpus: {ids: [4, 2], features: [psci-0.2]}
      steps:
        - {for: cpu in vcpus, get-one-reg: {id: PC}, on: "vcpu.${cpu.id}"}
        - for: r in arm64_one_registers.filter(r, r.name in ["X3", "SP"])
          set-one-reg: {id: "${r.id}", addr: 1}
          on: vcpu.2

      """)
    let calls = plan.steps.filter { if case .request = $0.operation { true } else { false } }
    #expect(
      calls.map(\.words) == [
        "get-one-reg on vcpu.4: {id: PC}", "get-one-reg on vcpu.2: {id: PC}",
        "set-one-reg on vcpu.2: {id: 0x6030_0000_0010_0006, addr: 1}",
        "set-one-reg on vcpu.2: {id: 0x6030_0000_0010_003E, addr: 1}",
      ])
  }

  /// The documentation lists the tables of every architecture.
  @Test func tablesAreDocumented() throws {
    let page = try #require(text(ofFile: repository + "/docs/manifest-language.md"))
    let workspace = ManifestWorkspace(Settings())
    for architecture in Architecture.allCases {
      for table in workspace.catalogue(for: architecture).tableNames {
        #expect(page.contains("`\(table)`"), "\(architecture)")
      }
    }
  }

  /// The size of a register's value follows from its id, and a read value is compared behind the pointer.
  @Test func registersHaveTheSizesOfTheirIDs() throws {
    let plan = try plan(
      """
      arch: arm64
      vcpus: {count: 1, features: [psci-0.2]}
      steps:
        - {set-one-reg: {id: FPCR, addr: 5}, on: vcpu.0}
        - {set-one-reg: {id: V1, addr: {hex: 000102030405060708090a0b0c0d0e0f}}, on: vcpu.0}
        - {get-one-reg: {id: PC}, on: vcpu.0, value: {addr: 7}}

      """)
    let data = plan.steps.suffix(3).map(\.operation.data)
    let sizes = data.map { if case .bytes(let bytes, _)? = $0 { bytes.count } else { 0 } }
    #expect(sizes == [20, 32, 24])
    let comparison = try #require(plan.steps.last?.comparison)
    #expect(comparison.bytes[16...] == [7, 0, 0, 0, 0, 0, 0, 0])
    #expect(
      comparison.mask == [UInt8](repeating: 255, count: 8) + [0, 0, 0, 0, 0, 0, 0, 0]
        + [UInt8](repeating: 255, count: 8))
  }

  @Test func callsOfOtherReleasesAreRefused() throws {
    let text = "arch: x86_64\nsteps: [{create-vm: {}}, {create-guest-memfd: {size: 4KiB}}]\n"
    #expect(try validation(text) == [])
    #expect(
      try validation(text, release: "6.1") == [
        "vm.create-guest-memfd:ENOTTY: the kernel would answer ENOTTY: the call 'create-guest-memfd' is new in Linux 6.8; you validate for Linux 6.1"
      ])
  }

  @Test func namesOfOtherReleasesSayWhatIsMissing() throws {
    let text = "arch: ppc64\nvcpus: {count: 1}\nsteps: [{get-one-reg: {id: DEXCR}, on: vcpu.0}]\n"
    #expect(!(try validation(text)).contains { $0.hasPrefix("unknown-name") })
    #expect(
      try validation(text, release: "6.1") == [
        "unknown-name: 'DEXCR' is new between Linux 6.1 and 6.12; you validate for Linux 6.1"
      ])
    let command = "arch: x86_64\nsteps: [{create-vm: {}}, {sev: {id: init2, data: {}, sev_fd: {fd: -1}}}]\n"
    #expect(
      try validation(command, release: "6.1") == [
        "unknown-name: 'init2' is new between Linux 6.6 and 6.12; you validate for Linux 6.1"
      ])
  }

  @Test func callsWithoutRulesAreUndecided() throws {
    var settings = Settings()
    let kick = "calls: {kick: {KVM_KICK: '_IOW(KVMIO, 0x70, u32)'}}\n"
    settings.schemas.append(
      contentsOf: schemaSources(["common/kick.yaml": "schema: 2\narch: [riscv64]\ndoc: a call\nsources: [x]\n" + kick]))
    let text = "kvmconf: 1\narch: riscv64\nsteps: [{create-vm: {}}, {kick: 1}]\n"
    let found = try ManifestWorkspace(settings).validate(SourceFile(path: "vm.yaml", text: text)).diagnostics
    #expect(found.map(\.message) == ["the answer cannot be predicted: the schemas have no rules for this call"])
  }

  @Test func irqchipIsDeclared() throws {
    let plan = try plan("arch: x86_64\nvm: {irqchip: true}\nvcpus: {count: 1}\n")
    #expect(plan.steps.map(\.words) == ["create vm", "create irqchip", "create vcpu.0"])
    #expect(
      try validation("arch: riscv64\nvm: {irqchip: true}\n") == [
        "vm.create-irqchip:EINVAL: the kernel would answer EINVAL: riscv64 has no KVM_CREATE_IRQCHIP; create the device riscv-aia instead"
      ])
  }

  /// A descriptor has the name that its step gives it, until it is closed.
  @Test func descriptorsHaveNames() throws {
    let text = """
      arch: x86_64
      steps:
        - {create-vm: {}}
        - {create: vfio}
        - {create-guest-memfd: {size: 4KiB}, as: ram}
        - {add-memory: {at: 0, size: 4KiB, guest-memfd: ram}}
        - {close: ram}
        - {add-memory: {at: 4KiB, size: 4KiB, guest-memfd: ram}}

      """
    let (_, loaded) = load(text)
    #expect(loaded.diagnostics.map(\.message) == ["a step above has closed 'ram'"])
    let plan = try #require(loaded.manifests.first?.plan)
    #expect(plan.deviceNames == ["vfio", "ram"])
    guard case .addMemory(0, 0, 4096, 4, let memory) = plan.steps[3].operation else {
      Issue.record("\(plan.steps[3].operation)")
      return
    }
    #expect(memory == PrivateMemory(device: 1, offset: 0))
  }

  /// Declared memory can be that of a new guest_memfd, which comes before its slot and takes a device slot.
  @Test func memoryOfADescriptorIsDeclared() throws {
    let text = """
      arch: x86_64
      memory:
        - {at: 0, size: 2MiB}
        - {at: 2MiB, size: 1MiB, guest-memfd: true}
        - {at: 4MiB, size: 4KiB, guest-memfd: {flags: [mmap, init-shared]}}
        - {at: 8MiB, size: 4KiB, guest-memfd: false}
      devices: [{type: vfio}]
      steps:
        - {create-guest-memfd: {size: 4KiB}, as: ram}
        - {add-memory: {at: 16MiB, size: 4KiB, guest-memfd: ram}}

      """
    let plan = try plan(text)
    #expect(try validation(text) == [])
    #expect(
      plan.steps.map(\.words) == [
        "create vm", "add memory at 0x0000_0000, 2MiB", "create-guest-memfd makes guest-memfd-1: {size: 1MiB}",
        "add memory at 0x0020_0000, 1MiB",
        "create-guest-memfd makes guest-memfd-2: {size: 4KiB, flags: [mmap, init-shared]}",
        "add memory at 0x0040_0000, 4KiB", "add memory at 0x0080_0000, 4KiB", "create vfio",
        "create-guest-memfd makes ram: {size: 4KiB}", "add memory at 0x0100_0000, 4KiB",
      ])
    let memory = plan.steps.compactMap { step -> [Int]? in
      guard case .addMemory(_, _, _, let flags, let memory) = step.operation else { return nil }
      return [Int(flags), memory?.device ?? -1]
    }
    #expect(memory == [[0, -1], [4, 0], [4, 1], [0, -1], [4, 3]])
  }

  @Test func declaredMemoryOfADescriptorIsChecked() throws {
    func messages(_ arch: String, _ memory: String, release: String? = nil) throws -> [String] {
      try validation("arch: \(arch)\nmemory: [{at: 0, size: 1MiB, guest-memfd: \(memory)}]\n", release: release)
    }
    #expect(
      try messages("x86_64", "ram") == ["wrong-kind: 'guest-memfd' must be true, or a mapping, not a scalar"])
    #expect(
      try messages("x86_64", "{size: 4KiB}").map { $0.prefix(40) } == ["unknown-key: 'guest-memfd' has no key 's"])
    #expect(try messages("riscv64", "true").map { $0.prefix(27) } == ["unknown-key: a memory regio"])
    #expect(try messages("arm64", "{flags: mmap}") == [])
    #expect(
      try messages("arm64", "true") == [
        "vm.add-memory.mmap:EINVAL: the kernel would answer EINVAL: guest memory on arm64 must be mappable; create the guest_memfd with the flag mmap"
      ])
    #expect(
      try messages("arm64", "{flags: mmap}", release: "6.12").map { $0.prefix(while: { $0 != " " }) } == [
        "vm.add-memory.old-guest-memfd:EINVAL:", "vm.create-guest-memfd:EINVAL:",
      ])
  }

  /// A value that one step reads fills the payload of a later one; the plan needs no value for it.
  @Test func readValuesAreKeptForLaterSteps() throws {
    let plan = try plan(
      """
      arch: x86_64
      vcpus: {count: 2}
      steps:
        - {get: vcpu.0.tsc.offset, as: offset}
        - {set: vcpu.1.tsc.offset, value: "${offset}"}

      """)
    #expect(plan.steps[3].stored == StoredValue(parameter: 0, plan.parameters[0], offset: 0))
    let slot = PayloadSlot(.parameter(0), offset: 0, width: 8)
    #expect(plan.steps[4].operation.data == .bytes([UInt8](repeating: 0, count: 8), slots: [slot]))
    #expect(plan.missingParameters == [])
    let (_, loaded) = load(
      "arch: x86_64\nvcpus: {count: 1}\nsteps: [{get: vcpu.0.tsc.offset, as: a}, {get: vcpu.0.tsc.offset, as: a}]\n")
    #expect(loaded.diagnostics.map(\.message) == ["there is already a value 'a'"])
  }

  /// The model uses a value if it can predict what is read.
  @Test func modelKnowsKeptValues() throws {
    func shared(_ irq: Int, value: String) throws -> [String] {
      try validation(
        """
        arch: arm64
        vcpus: {count: 2, features: [psci-0.2, pmu-v3]}
        devices: [{type: arm-vgic-v3, name: gic}]
        steps:
          - {set: vcpu.0.pmu-v3.irq, value: \(irq)}
          - {get: vcpu.0.pmu-v3.irq, as: irq}
          - {set: vcpu.1.pmu-v3.irq, value: "\(value)"}

        """)
    }
    #expect(try shared(23, value: "${irq}") == [])
    #expect(try shared(40, value: "${irq}") == (try shared(40, value: "40")))
    #expect(try shared(40, value: "40").count == 1)
  }

  @Test func keptValuesThatAreUnknownLeaveAnswersOpen() throws {
    let text = """
      arch: arm64
      vcpus: {count: 2, features: [psci-0.2, pmu-v3]}
      steps:
        - {get-one-reg: {id: TPIDR_EL1}, on: vcpu.0, as: x}
        - {set-one-reg: {id: PSTATE, addr: "${x}"}, on: vcpu.0}

      """
    #expect(try validation(text).allSatisfy { $0.contains("which one is unknown here") })
    #expect(try validation(text).count == 1)
  }

  /// A value that is supplied at load time is there, so a register that takes any value is set.
  @Test func registersOfUnknownValuesAreSet() throws {
    func set(_ register: String) throws -> [String] {
      try validation(
        """
        arch: arm64
        parameters: {entry: {type: u64, at: load}}
        vcpus: {count: 1, features: [psci-0.2]}
        steps: [{set-one-reg: {id: \(register), addr: "${entry}"}, on: vcpu.0}]

        """)
    }
    #expect(try set("PC") == [])
    #expect(try set("PSTATE").map { $0.contains("EINVAL or ok; which one is unknown here") } == [true])
  }

  @Test func keptValuesThatDoNotFitArePredicted() throws {
    let text = """
      arch: x86_64
      vm: {irqchip: true}
      vcpus: {count: 1}
      steps:
        - {set: vcpu.0.tsc.offset, value: 0x1_0000_0000}
        - {get: vcpu.0.tsc.offset, as: offset}
        - {irq-line: {irq: "${offset}", level: 1}}

      """
    #expect(
      try validation(text) == [
        "value-out-of-range: the call was not made: the value of 'offset' is 4294967296, which does not fit into 32 bits"
      ])
  }

  /// Each row of a report names the register that it is about.
  @Test func keysOfAttributesHaveNames() throws {
    let (workspace, loaded) = load(
      """
      arch: arm64
      vcpus: {count: 1}
      devices:
        - type: arm-vgic-v3
          name: gic
          attributes:
            addr: {dist: 0x0800_0000, redist: 0x080A_0000}
            ctrl: {init: }
            dist-regs: [{offset: GICD_CTLR, value: 0x10}]
            redist-regs: [{mpidr: 0.0.0.0, offset: GICR_WAKER, value: 0}]

      """)
    let plan = try #require(loaded.manifests.first?.plan)
    let words = plan.namingKeys(in: workspace.catalogue(for: .arm64)).steps.suffix(2).map(\.words)
    #expect(
      words == [
        "set gic.dist-regs[mpidr 0, offset GICD_CTLR] = 0x10", "set gic.redist-regs[mpidr 0, offset GICR_WAKER] = 0",
      ])
  }
}
