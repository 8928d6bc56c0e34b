import Diagnostics
import TestSupport
import Testing
import Vocabulary
import Workspace

/// What keeps the vCPUs of a manifest from running.
@Suite struct ReadinessTests {
  private static let head = "kvmconf: 1\narch: arm64\n"
  private static let gic = """
    devices:
      - type: arm-vgic-v3
        attributes: {addr: {dist: 0x0800_0000, redist: 0x080A_0000}, ctrl: {init: }}

    """

  /// `LINE:COLUMN SEVERITY MESSAGE` of each diagnostic.
  private func problems(_ text: String, release: String? = nil) throws -> [String] {
    var settings = Settings()
    settings.release = release.flatMap { Release($0) }
    let validation = try ManifestWorkspace(settings).validate(
      SourceFile(path: "board.yaml", bytes: Array((Self.head + text).utf8)))
    return validation.diagnostics.map { diagnostic in
      "\(diagnostic.range.map { "\($0.start)" } ?? "nowhere") \(diagnostic.id) \(diagnostic.message)"
    }
  }

  @Test func completeBoardIsReady() throws {
    #expect(try problems("vcpus: {count: 4}\n" + Self.gic) == [])
  }

  @Test func eachMissingPartIsReportedOnce() throws {
    let found = try problems(
      """
      vcpus:
        count: 4
        features: [pmu-v3]
        attributes:
          pmu-v3: {irq: 23}
      devices:
        - type: arm-vgic-v3
          attributes: {nr-irqs: 256}
        - type: arm-vgic-its
      """)
    #expect(
      found.map { $0.prefix { $0 != "K" } } == [
        "7:5 not-ready the VM would not run: ",
        "10:5 not-ready the VM would not run: ",
        "10:5 not-ready the VM would not run: ",
        "10:5 not-ready the VM would not run: ",
        "11:11 not-ready the VM would run, but: the ITS has no address, so the guest cannot reach it; set addr.its",
      ])
  }

  @Test func onlyTheVCPUsInQuestionAreNamed() throws {
    let text = """
      vcpus:
        count: 8
        each:
          - {vcpu: 2, features: [pmu-v3]}
          - {vcpu: 3, features: [pmu-v3]}
          - {vcpu: 6, features: [pmu-v3]}

      """
    // All vCPUs of a VM have the same features from 6.12 on. 5.10 runs a vCPU whose PMU is not initialised.
    let found = try problems(text + Self.gic, release: "6.1")
    #expect(found.count == 1)
    #expect(found.first?.contains("not-ready vCPUs 2-3,6 would not run: KVM_RUN would answer EINVAL") == true)
    #expect(try problems(text + Self.gic, release: "5.10") == [])
  }

  @Test func sharedInterruptIsNotedOnBothSides() throws {
    let validation = try ManifestWorkspace(Settings()).validate(
      SourceFile(
        path: "board.yaml",
        bytes: Array(
          (Self.head + "vcpus: {count: 2, attributes: {timer: {vtimer: 20, ptimer: 20}}}\n" + Self.gic).utf8)))
    let found = try #require(validation.diagnostics.first)
    #expect(validation.diagnostics.count == 1)
    #expect(found.range?.start.description == "3:60")
    #expect(found.notes.first?.message == "it conflicts with this")
    #expect(found.notes.first?.range?.start.description == "3:48")
  }

  /// The first run also compares the interrupt of the PMU with those that the timers have by default.
  @Test func settingThatConflictsWithADefaultIsFound() throws {
    let found = try problems(
      "vcpus: {count: 2, features: [pmu-v3], attributes: {pmu-v3: {irq: 27, init: }}}\n" + Self.gic)
    #expect(found.map { $0.prefix(14) } == ["3:66 not-ready"])
  }

  /// A device has the settings that the controllers of KVM_CREATE_IRQCHIP lack.
  @Test func controllerWithoutSettingsHasADeviceInItsPlace() throws {
    let text = Self.head + "vm: {irqchip: true}\nvcpus: {count: 1}\n"
    let found = try ManifestWorkspace(Settings()).validate(SourceFile(path: "board.yaml", bytes: Array(text.utf8)))
    #expect(found.diagnostics.count == 1)
    #expect(found.diagnostics.first?.range?.start.description == "3:15")
    #expect(found.diagnostics.first?.notes.first?.message == "write a device of the type arm-vgic-v2 instead")
  }

  @Test func missingControllerIsADevice() throws {
    for part in ["features: [has-el2]", "attributes: {timer: {vtimer: 30}}"] {
      let text = Self.head + "vcpus: {count: 1, \(part)}\n"
      let found = try ManifestWorkspace(Settings()).validate(SourceFile(path: "board.yaml", bytes: Array(text.utf8)))
      #expect(found.diagnostics.count == 1)
      #expect(found.diagnostics.first?.notes.first?.message == "missing here: a device of the type arm-vgic-v3")
    }
  }

  @Test func refusedCallIsNotReportedAgainAsMissing() throws {
    // Without ctrl.init, pmu-v3.init is refused, and so is the run.
    let found = try problems(
      """
      vcpus: {count: 2, features: [pmu-v3], attributes: {pmu-v3: {irq: 23, init: }}}
      devices:
        - type: arm-vgic-v3
          attributes: {addr: {dist: 0x0800_0000, redist: 0x080A_0000}}
      """)
    #expect(found.map { $0.split(separator: " ")[1] } == ["vcpu.pmu-v3.init:ENODEV"])
  }

  /// Each device is looked at on its own.
  @Test func settingOfAnotherDeviceDoesNotCount() throws {
    let its = """
        - {name: a, type: arm-vgic-its}
        - {name: b, type: arm-vgic-its, attributes: {addr: {its: 0x0808_0000}}}
        - {name: c, type: arm-vgic-its, attributes: {ctrl: {init: }}}

      """
    #expect(
      try problems("vcpus: {count: 2}\n" + Self.gic + its).map { $0.prefix(14) } == [
        "7:12 not-ready", "9:35 not-ready",
      ])
  }

  @Test func incompleteManifestsSaySo() throws {
    let text = "vcpus: {count: 1}\ndevices: [{type: arm-vgic-v3}]\n"
    #expect(try problems(text).map { $0.prefix(14) } == Array(repeating: "4:18 not-ready", count: 3))
    #expect(try problems(text + "ready: false\n") == [])
    #expect(try problems(text + "ready: maybe\n").map { $0.prefix(15) } == ["5:8 bad-boolean"])
  }

  @Test func manifestsWithStepsAreAskedOnlyIfTheyWish() throws {
    let text = "vcpus: {count: 1}\ndevices: [{type: arm-vgic-v3, name: gic}]\nsteps: [{has: gic.ctrl.init}]\n"
    #expect(try problems(text) == [])
    #expect(
      try problems(text + "ready: true\n").map { $0.prefix(14) } == Array(repeating: "4:37 not-ready", count: 3))
  }

  @Test func errorsInTheTextHideWhatTheyMayCause() throws {
    let text = Self.gic.replacing("ctrl: {init: }", with: "ctrl: {int: }")
    #expect(try problems("vcpus: {count: 1}\n" + text).map { $0.split(separator: " ")[1] } == ["unknown-attribute"])
  }

  @Test func guestOfTheRealEntryIsPredicted() throws {
    let settings = Settings()
    func messages(_ text: String) throws -> [String] {
      try ManifestWorkspace(settings).validate(SourceFile(path: "board.yaml", bytes: Array(text.utf8))).diagnostics
        .map(\.message)
    }
    let aia = "kvmconf: 1\narch: riscv64\nvcpus: {count: 1}\ndevices: [{type: riscv-aia}]\n"
    #expect(
      try messages(aia) == [
        "the VM would run, but: the interrupt controller is not initialised, so the guest has none; set ctrl.init"
      ])
    let papr = "kvmconf: 1\narch: ppc64\nvcpus: {count: 2, capabilities: [ppc-papr]}\n"
    #expect(try messages(papr) == [])
    #expect(try messages(papr.replacing(", capabilities: [ppc-papr]", with: "")).count == 1)
  }

  @Test func settingsThatRunAndDoNotServeTheGuestAreWarnedOf() throws {
    let off = try problems("vcpus: {count: 2, features: [psci-0.2, power-off]}\n" + Self.gic)
    #expect(
      off.count == 1 && off[0].hasPrefix("3:1 not-ready the VM would run, but: every vCPU has power-off"), "\(off)")
    #expect(
      try problems(
        "vcpus: {count: 2, features: [psci-0.2], each: [{vcpu: 1, features: [psci-0.2, power-off]}]}\n" + Self.gic)
        == [])
    let text = """
      kvmconf: 1
      arch: loongarch64
      vcpus: {count: 2}
      devices:
        - type: loongarch-ipi
        - type: loongarch-eiointc
          attributes: {ctrl: {init-num-cpu: 1}}
        - type: loongarch-pchpic
          attributes: {ctrl: {init: 0x1000_0000}}
      """
    let few = try ManifestWorkspace(Settings()).validate(SourceFile(path: "board.yaml", bytes: Array(text.utf8)))
    #expect(few.diagnostics.map { "\($0.range.map { "\($0.start)" } ?? "") \($0.id)" } == ["7:39 not-ready"])
  }

  /// svm_vcpu_pre_run(), tdx_vcpu_pre_run()
  @Test(arguments: [
    ("vm: {type: snp}\nvcpus: {count: 2}\n", "3:1 a VM of the type sev, sev-es or snp"),
    ("ready: true\nsteps:\n  - {create-vm: {type: sev-es}}\n  - {create-vcpu: 0}\n", "5:17 a VM of the type sev,"),
    (
      """
      ready: true
      vm: {type: snp}
      files: {firmware: /dev/sev}
      steps:
        - {sev: {id: init2, data: {}, sev_fd: firmware}}
        - {create-vcpu: 0}
      """, nil
    ),
    (tdx + finalised, "10:19 a vCPU of a TDX VM"),
    (tdx + initialised, "8:7 a TDX VM must be finalised"),
    (tdx + initialised + finalised, nil),
  ]) func confidentialVMsAreInitialised(_ text: String, _ problem: String?) throws {
    let file = SourceFile(path: "board.yaml", bytes: Array("kvmconf: 1\narch: x86_64\n\(text)".utf8))
    let found = try ManifestWorkspace(Settings()).validate(file).diagnostics.filter { $0.id == "not-ready" }
    let words = found.map { diagnostic in
      let message = diagnostic.message.split(separator: "EINVAL: ").last ?? ""
      return "\(diagnostic.range.map { "\($0.start)" } ?? "nowhere") \(message)"
    }
    #expect(words.count == (problem == nil ? 0 : 1) && words.first?.hasPrefix(problem ?? "") != false, "\(words)")
  }

  private static let tdx = """
    ready: true
    steps:
      - {create-vm: {type: tdx}}
      - {enable-capability: split-irqchip, pins: 24}
      - tdx:
          id: init-vm
          data: {xfam: 3, entries: [{function: 0x8000_0008, eax: 0x30_0000, ebx: 0, ecx: 0, edx: 0}]}
      - {create-vcpu: 0}
      - {create-vcpu: 1}

    """
  private static let initialised = "  - {tdx-vcpu: {id: init-vcpu, data: 0}, on: vcpu.0}\n"
  private static let finalised = "  - {tdx: {id: finalize-vm, data: 0}}\n"
}
