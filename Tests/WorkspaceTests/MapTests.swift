import Diagnostics
import Maps
import Planning
import Reporting
import TestSupport
import Testing
import TextOutput
import Vocabulary
import Workspace

/// The map of a VM, and the warnings about what overlaps.
@Suite struct MapTests {
  private func map(_ text: String, path: String = "t.yaml") throws -> MachineMap {
    let workspace = ManifestWorkspace(Settings())
    let loaded = workspace.load(SourceFile(path: path, bytes: Array(text.utf8)))
    return try workspace.map(of: try #require(loaded.manifests.first))
  }

  private func diagnostics(_ text: String) throws -> [Diagnostic] {
    try ManifestWorkspace(Settings()).validate(SourceFile(path: "t.yaml", bytes: Array(text.utf8))).diagnostics
  }

  private func warnings(_ text: String) throws -> [String] {
    try diagnostics(text).filter { ["address-overlap", "interrupt-collision"].contains($0.id) }.map(\.message)
  }

  /// `gic.addr.dist 0x0800_0000 +0x1_0000`
  private func entries(_ space: MapSpace?) -> [String] {
    (space?.entries ?? []).map {
      "\($0.label) \(grouped($0.range.lowerBound)) +\(hexadecimal($0.range.upperBound - $0.range.lowerBound))"
    }
  }

  private static func board(
    memory: String = "0x4000_0000", vcpus: Int = 4, gic: String = "dist: 0x0800_0000, redist: 0x080A_0000",
    more: String = ""
  ) -> String {
    """
    kvmconf: 1
    arch: arm64
    memory: [{at: \(memory), size: 1GiB}]
    vcpus: {count: \(vcpus), features: [psci-0.2]}
    devices:
      - {name: gic, type: arm-vgic-v3, attributes: {addr: {\(gic)}, ctrl: {init: }}}
    \(more)

    """
  }

  /// The first steps of a VM.
  private static func steps(_ lines: String...) -> String { steps(lines: lines) }

  private static func steps(_ arch: Architecture, _ lines: String...) -> String { steps(arch, lines: lines) }

  private static func steps(_ arch: Architecture = .arm64, lines: [String]) -> String {
    let names = ["line", "other"].filter { name in lines.contains { $0.contains("fd: \(name)") } }
    let files = names.isEmpty ? "" : "files: {\(names.map { "\($0): eventfd" }.joined(separator: ", "))}\n"
    return "kvmconf: 1\narch: \(arch.rawValue)\n\(files)steps:\n  - {create-vm: {}}\n"
      + lines.map { "  - {\($0)}\n" }.joined()
  }

  /// The users of interrupts, and those that are free: `4 irqfd`, `free 5-23`.
  private func interrupts(_ text: String, _ name: String) throws -> [String] {
    guard let space = try map(text).spaces.first(where: { $0.name == name }) else { return [] }
    return space.entries.map { "\($0.range.lowerBound) \($0.label)" }
      + space.free.map { "free \($0.lowerBound)-\($0.upperBound - 1)" }
  }

  private func mapLines(_ manifest: String) throws -> [String] {
    MapText(try map(manifest)).text.split(separator: "\n").map(String.init)
  }

  // MARK: The map

  /// Each entry of a list has a line of its own.
  @Test func entriesOfAListAreSeparateLines() throws {
    let lines = try mapLines(
      """
      kvmconf: 1
      arch: arm64
      vcpus: {count: 2, features: [psci-0.2]}
      devices:
        - type: arm-vgic-v3
          name: gic
          attributes:
            addr:
              dist: 0x0800_0000
              redist-region:
                - {index: 0, base: 0x080A_0000, count: 1}
                - {index: 1, base: 0x080C_0000, count: 1}
            ctrl: {init: }

      """)
    let regions = lines.filter { $0.contains("redist-region") }
    #expect(regions.map { $0.suffix(7) } == ["line 11", "line 12"])
    #expect(regions.allSatisfy { $0.contains("128 KiB") })
  }

  @Test func interruptsThatDoNotExistAreMarked() throws {
    let route = "set-gsi-routing: {entries: [{gsi: 3, type: irqchip, u: {irqchip: 0, pin: 40}}]}"
    let board = [
      "create-vcpu: 0", "init-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.addr.dist, value: 0x0800_0000",
      "set: gic.addr.redist, value: 0x080A_0000", "set: gic.nr-irqs, value: 64", "set: gic.ctrl.init",
    ]
    #expect(
      try mapLines(Self.steps(lines: board + [route])).filter { $0.contains("72") } == [
        "! 72  set-gsi-routing  line 12", "  ! set-gsi-routing has an interrupt that does not exist, 72",
      ])
    #expect(try map(Self.steps(lines: board + [route])).spaces.map(\.missing) == [[], [], [], [0]])
  }

  /// A message may have a number beyond the pins of the I/O APIC, as long as the table has it.
  @Test func messagesHaveNumbersBeyondThePins() throws {
    let message = "set-gsi-routing: {entries: [{gsi: 30, type: msi, u: {address_lo: 0xfee0_0000, data: 0x30}}]}"
    func missing(_ steps: String...) throws -> [[Int]] {
      let all = ["create-irqchip: {}", message, "irqfd: {fd: line, gsi: 30}"] + steps
      return try map(Self.steps(.x86_64, lines: all)).spaces.filter { $0.name == "GSI" }.map(\.missing)
    }
    #expect(try missing() == [[]])
    #expect(try missing("set-gsi-routing: {}") == [[0]])
  }

  @Test func addressesOfLoadTimeAreListed() throws {
    let board = "parameters: {at: {type: u64, at: load}}\n" + Self.board(gic: "dist: \"${at}\", redist: 0x080A_0000")
    let map = try map("kvmconf: 1\n" + board.replacing("kvmconf: 1\n", with: ""))
    #expect(
      entries(map.spaces.first) == [
        "gic.addr.redist 0x080A_0000 +0x80000", "memory slot 0 0x4000_0000 +0x40000000",
      ])
    #expect(map.spaces.first?.unplaced.map(\.label) == ["gic.addr.dist"])
    #expect(MapText(map).text.contains("\n  gic.addr.dist: address supplied at load time, line 7\n"))
    #expect(MapPicture(map).text.contains("address supplied at load time"))
  }

  @Test(arguments: [1, 4, 512])
  func redistributorsHave128KiBPerVCPU(_ vcpus: Int) throws {
    let addresses = try map(Self.board(vcpus: vcpus)).spaces.first
    #expect(
      entries(addresses) == [
        "gic.addr.dist 0x0800_0000 +0x10000", "gic.addr.redist 0x080A_0000 +\(hexadecimal(vcpus * 0x2_0000))",
        "memory slot 0 0x4000_0000 +0x40000000",
      ])
  }

  @Test func regionGrowsWithLaterVCPUs() throws {
    let text = Self.steps(
      "create-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.addr.redist, value: 0x080A_0000", "create-vcpu: 1",
      "create-vcpu: 2")
    #expect(
      entries(try map(text).spaces.first) == [
        "gic.addr.redist 0x080A_0000 +0x20000", "vcpu.1 0x080C_0000 +0x20000", "vcpu.2 0x080E_0000 +0x20000",
      ])
  }

  @Test func countOfARegionIsItsSize() throws {
    let regions = "{index: 0, base: 0x080A_0000, count: 2}, {index: 1, base: 0x0900_0000, count: 123}"
    let text = Self.board(gic: "dist: 0x0800_0000, redist-region: [\(regions)]")
    #expect(
      entries(try map(text).spaces.first).prefix(3) == [
        "gic.addr.dist 0x0800_0000 +0x10000", "gic.addr.redist-region 0x080A_0000 +0x40000",
        "gic.addr.redist-region 0x0900_0000 +0xf60000",
      ])
  }

  /// A later set of an attribute replaces the earlier one; refused calls and deleted memory are not on the map.
  @Test func mapShowsTheLatestState() throws {
    let text = """
      kvmconf: 1
      arch: riscv64
      steps:
        - {create-vm: {}}
        - {create-vcpu: 0}
        - {create: riscv-aia, as: aia}
        - {set: aia.addr.aplic, value: 0x0D00_0000}
        - {set: aia.addr.aplic, value: 0x0E00_0001, expect: EINVAL}
        - {set: aia.addr.aplic, value: 0x0E00_0000}
        - {set: aia.addr.imsic, index: 0, value: 0x2800_0000}
        - {add-memory: {at: 0x0E00_0000, size: 4KiB, slot: 3}}
        - {add-memory: {at: 0, size: 0, slot: 3}}

      """
    #expect(
      entries(try map(text).spaces.first) == [
        "aia.addr.aplic 0x0E00_0000 +0x4000", "aia.addr.imsic 0x2800_0000 +0x1000",
      ])
    #expect(try warnings(text) == [])
  }

  /// A value of an attribute can mean that a device is no longer at any address.
  @Test func regionsAreTakenBack() throws {
    func mpic(_ addresses: String...) throws -> [String] {
      let sets = addresses.map { "set: mpic.misc.base-addr, value: \($0)" }
      return entries(try map(Self.steps(.ppc, lines: ["create: fsl-mpic-20, as: mpic"] + sets)).spaces.first)
    }
    #expect(try mpic("0xfe04_0000") == ["mpic.misc.base-addr 0xFE04_0000 +0x40000"])
    #expect(try mpic("0xfe04_0000", "0") == [])
    #expect(try mpic("0xfe04_0000", "0", "0xfe08_0000") == ["mpic.misc.base-addr 0xFE08_0000 +0x40000"])

    let queue = "set: ic.eq-config, server: 0, priority: 6, value: {flags: always-notify, qshift: 16, qaddr: 0x10_0000}"
    let unused = "set: ic.eq-config, server: 0, priority: 6, value: {qshift: 0}"
    func xive(_ sets: String...) throws -> [String] {
      let board = [
        "add-memory: {at: 0, size: 256MiB}", "create: xive, as: ic", "create-vcpu: 0",
        "enable-capability: ppc-irq-xive, on: vcpu.0, device: ic, server: 0",
      ]
      return entries(try map(Self.steps(.ppc64, lines: board + sets)).spaces.first)
    }
    #expect(try xive(queue) == ["memory slot 0 0x0000_0000 +0x10000000", "ic.eq-config 0x0010_0000 +0x10000"])
    #expect(try xive(queue, unused) == ["memory slot 0 0x0000_0000 +0x10000000"])
    #expect(try xive(queue, "set: ic.ctrl.reset") == ["memory slot 0 0x0000_0000 +0x10000000"])
    #expect(
      try xive("set: ic.ctrl.reset", queue) == [
        "memory slot 0 0x0000_0000 +0x10000000", "ic.eq-config 0x0010_0000 +0x10000",
      ])
  }

  @Test func closedDeviceIsNotOnTheMap() throws {
    let text = """
      kvmconf: 1
      arch: ppc64
      steps:
        - {create-vm: {}}
        - {create: xive, as: ic}
        - {set: ic.source, irq: 0x1300, value: 0}

      """
    #expect(try map(text).spaces.map { $0.entries.map(\.label) } == [["ic.source"]])
    #expect(try map(text + "  - {close: ic}\n").spaces.allSatisfy(\.entries.isEmpty))
    // The kernel keeps a device without a release function until the VM goes.
    let its = Self.steps(
      "create: arm-vgic-v3, as: gic", "create: arm-vgic-its, as: its", "set: its.addr.its, value: 0x0808_0000",
      "close: its")
    #expect(entries(try map(its).spaces.first) == ["its.addr.its 0x0808_0000 +0x20000"])
  }

  @Test func interruptsHaveTheirUsers() throws {
    let text = Self.board().replacing(
      "features: [psci-0.2]}",
      with: "features: [psci-0.2, pmu-v3], attributes: {pmu-v3: {irq: 23, init: }, timer: {vtimer: 20}}}")
    let spaces = try map(text).spaces
    #expect(spaces.map(\.name) == ["", "PPI", "SPI"])
    #expect(spaces[1].entries.map(\.label) == ["timer.vtimer", "pmu-v3.irq", "timer.ptimer"])
    #expect(spaces[1].entries.map { $0.at == nil } == [false, false, true])
    #expect(spaces[1].free == [16..<20, 21..<23, 24..<30, 31..<32])
    #expect(spaces[2].existing.map(\.range) == [32..<256] && spaces[2].entries.isEmpty)
  }

  @Test func freeAddressesAreWhatIsLeft() throws {
    let addresses = try #require(try map(Self.board()).spaces.first)
    #expect(
      addresses.free == [
        0..<0x0800_0000, 0x0801_0000..<0x080A_0000, 0x0812_0000..<0x4000_0000, 0x8000_0000..<1 << 40,
      ])
  }

  /// Several calls can use one interrupt, and a call can take it back.
  @Test func interruptsOfRequests() throws {
    let board = ["create-irqchip: {}", "irqfd: {fd: line, gsi: 4}", "irqfd: {fd: other, gsi: 4}", "create-vcpu: 0"]
    func x86(_ more: String...) -> String { Self.steps(.x86_64, lines: board + more) }
    #expect(try interrupts(x86(), "GSI") == ["4 irqfd", "free 0-3", "free 5-23"])
    #expect(
      try interrupts(x86("irq-line: {irq: 4, level: 1}", "irq-line: {irq: 5, level: 1}"), "GSI") == [
        "4 irqfd", "4 irq-line", "5 irq-line", "free 0-3", "free 6-23",
      ])
    #expect(try warnings(x86("irq-line: {irq: 4, level: 1}")) == [])
    // One of the eventfds still raises it.
    let first = "irqfd: {fd: line, gsi: 4, flags: deassign}"
    #expect(try interrupts(x86(first), "GSI") == ["4 irqfd", "free 0-3", "free 5-23"])
    #expect(try interrupts(x86(first, "irqfd: {fd: other, gsi: 4, flags: deassign}"), "GSI") == ["free 0-23"])
    // A table replaces the one before, and leaves other calls alone. A refused one changes nothing.
    let table = { (gsi: Int) in
      "set-gsi-routing: {entries: [{gsi: \(gsi), type: irqchip, u: {irqchip: 2, pin: 7}}]}"
    }
    #expect(
      try interrupts(x86(table(6), table(8)), "GSI") == [
        "4 irqfd", "8 set-gsi-routing", "free 0-3", "free 5-7", "free 9-23",
      ])
    #expect(try interrupts(x86(table(6), table(4096) + ", expect: EINVAL"), "GSI").contains("6 set-gsi-routing"))
  }

  /// An irqfd raises the SPI that the table of routes has for its GSI: at first the one 32 above it.
  @Test func irqfdRaisesAnSPI() throws {
    func spis(_ more: String...) throws -> [String] {
      try interrupts(
        Self.steps(
          lines: [
            "create-vcpu: 0", "init-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.nr-irqs, value: 96",
            "set: gic.addr.dist, value: 0x0800_0000", "set: gic.addr.redist, value: 0x080A_0000", "set: gic.ctrl.init",
          ] + more), "SPI")
    }
    let irqfd = "irqfd: {fd: line, gsi: 8}"
    #expect(try spis(irqfd) == ["40 irqfd", "free 32-39", "free 41-95"])
    #expect(try spis(irqfd, "irqfd: {fd: line, gsi: 8, flags: deassign}") == ["free 32-95"])
    let table = "set-gsi-routing: {entries: [{gsi: 8, type: irqchip, u: {irqchip: 0, pin: 1}}]}"
    #expect(try spis(table, irqfd) == ["33 set-gsi-routing", "33 irqfd", "free 32-32", "free 34-95"])
    // The table has no GSI 9, and the default one no GSI 64.
    #expect(try spis(table, "irqfd: {fd: line, gsi: 9}") == ["33 set-gsi-routing", "free 32-32", "free 34-95"])
    #expect(try spis("irqfd: {fd: line, gsi: 64}") == ["free 32-95"])
    #expect(
      try spis("irq-line: {irq: {type: spi, num: 50}, level: 1}") == ["50 irq-line", "free 32-49", "free 51-95"])
  }

  @Test func intervalTimerHasPorts() throws {
    func ports(_ flags: String) throws -> [String] {
      let text = Self.steps(.x86_64, "create-irqchip: {}", "create-pit2: {flags: [\(flags)]}")
      return entries(try map(text).spaces.first { $0.name == "I/O ports" })
    }
    let pics = ["irqchip 0x0000_0020 +0x2", "irqchip 0x0000_00A0 +0x2", "irqchip 0x0000_04D0 +0x2"]
    #expect(try ports("") == [pics[0], "create-pit2 0x0000_0040 +0x4"] + pics[1...])
    #expect(
      try ports("speaker-dummy") == [
        pics[0], "create-pit2 0x0000_0040 +0x4", "create-pit2 0x0000_0061 +0x1", pics[1], pics[2],
      ])
  }

  @Test func splitIRQChipHasGSIs() throws {
    let text = Self.steps(
      .x86_64, "enable-capability: split-irqchip, pins: 24", "irqfd: {fd: line, gsi: 30}")
    #expect(try interrupts(text, "GSI") == ["30 irqfd", "free 0-29", "free 31-4095"])
  }

  /// Registers of an interrupt controller say which of its inputs are in use. A later value of one replaces the earlier one.
  @Test func interruptsOfRegisters() throws {
    let aia = """
      kvmconf: 1
      arch: riscv64
      vcpus: {count: 1}
      devices:
        - name: aia
          type: riscv-aia
          attributes:
            config: {mode: emul, ids: 63, srcs: 8}
            addr: {aplic: 0x0D00_0000, imsic: [{index: 0, value: 0x2800_0000}]}
            ctrl: {init: }
      steps:
        - {set: aia.aplic.sourcecfg, source: 1, value: edge-rising}
        - {set: aia.aplic.sourcecfg, source: 2, value: level-high}
        - {set: aia.aplic.target, source: 1, value: {hart: 0, identity: 5}}
        - {set: aia.aplic.target, source: 2, value: {hart: 0, identity: 5}}

      """
    #expect(
      try interrupts(aia, "APLIC source") == ["1 aia.aplic.sourcecfg", "2 aia.aplic.sourcecfg", "free 3-8"])
    #expect(try interrupts(aia, "IMSIC identity") == ["5 aia.aplic.target", "free 1-4", "free 6-63"])
    #expect(try warnings(aia) == [])
    let later = aia + "  - {set: aia.aplic.sourcecfg, source: 2, value: inactive}\n"
    #expect(try interrupts(later, "APLIC source") == ["1 aia.aplic.sourcecfg", "free 2-8"])

    func mpic(_ more: String...) -> String { Self.steps(.ppc, lines: ["create: fsl-mpic-20, as: mpic"] + more) }
    let unmasked = "set: mpic.register, offset: IVPR20, value: 0x0005_0014"
    #expect(
      try interrupts(mpic(unmasked), "MPIC source") == ["20 mpic.register", "free 0-19", "free 21-255"])
    let masked = "set: mpic.register, offset: IVPR20, value: 0x8005_0014"
    #expect(try interrupts(mpic(unmasked, masked), "MPIC source") == ["free 0-255"])

    let flic = Self.steps(
      .s390x, "create: flic, as: flic", "set: flic.adapter-register, value: {id: 5}",
      "set: flic.adapter-register, value: {id: 7}")
    #expect(
      try interrupts(flic, "I/O adapter") == [
        "5 flic.adapter-register", "7 flic.adapter-register", "free 0-4", "free 6-6", "free 8-63",
      ])
  }

  @Test func memoryOfAGuestMemfdIsOnTheMap() throws {
    let text = Self.steps(
      .x86_64, "create-guest-memfd: {size: 4MiB}, as: ram",
      "add-memory: {at: 1GiB, size: 2MiB, guest-memfd: ram, guest-memfd-offset: 2MiB}", "create-irqchip: {}",
      "add-memory: {at: 0xFEC0_0000, size: 2MiB, guest-memfd: ram}")
    #expect(
      entries(try map(text).spaces.first) == [
        "memory slot 0 0x4000_0000 +0x200000", "memory slot 1 0xFEC0_0000 +0x200000", "irqchip 0xFEC0_0000 +0x100",
      ])
    #expect(try warnings(text).count == 1)
  }

  // MARK: Warnings

  @Test func examplesHaveNoOverlaps() throws {
    let manifests = files(below: repository + "/examples").filter {
      $0.hasSuffix(".yaml") && !$0.hasSuffix(".facts.yaml")
    }
    #expect(manifests.count > 20)
    for path in manifests {
      let workspace = ManifestWorkspace(Settings())
      for manifest in workspace.load(try SourceFile(reading: path)).manifests {
        #expect(try workspace.map(of: manifest).spaces.allSatisfy(\.overlaps.isEmpty), "\(path)")
      }
    }
  }

  @Test func overlapIsReportedOnceAtTheLaterCall() throws {
    let text = Self.board(
      more: "  - {name: its, type: arm-vgic-its, attributes: {addr: {its: 0x0808_0000}}}\n"
        + "  - {name: its2, type: arm-vgic-its, attributes: {addr: {its: 0x0809_0000}}}")
    let found = try diagnostics(text)
    #expect(found.map(place) == ["8:63 address-overlap"])
    #expect(
      found.map(words) == [
        """
        'its2.addr.its' overlaps 'its.addr.its': the guest reaches only one of them at 0x0809_0000 to 0x0809_FFFF
        7:62 'its.addr.its' is here: 0x0808_0000 to 0x0809_FFFF
        6:83 'gic.addr.redist' is here as well: 0x080A_0000 to 0x0811_FFFF
        """
      ])
  }

  @Test func neighboursDoNotOverlap() throws {
    #expect(try warnings(Self.board(memory: "0x0812_0000")) == [])
    #expect(try warnings(Self.board(memory: "0x0811_F000")).count == 1)
  }

  /// What the kernel refuses is an error of the model, and not a warning.
  @Test(arguments: [
    // A call refuses it.
    (board(gic: "dist: 0x080A_0000, redist: 0x080A_0000"), "arm-vgic-v3.addr.redist:EINVAL"),
    (
      steps("add-memory: {at: 0x4000_0000, size: 64KiB}", "add-memory: {at: 0x4000_8000, size: 64KiB}"),
      "vm.add-memory:EEXIST"
    ),
    // The first run refuses it, and finds the other party.
    (
      steps(
        "create-vcpu: 0", "init-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.addr.redist, value: 0x080A_0000",
        "set: gic.addr.dist, value: 0x080B_0000", "set: gic.ctrl.init", "run: 0"), "vcpu.run.gicv3-overlap:EINVAL"
    ),
    (
      steps(
        "create-vcpu: 0", "init-vcpu: 0, features: [psci-0.2, pmu-v3]", "create: arm-vgic-v3, as: gic",
        "set: gic.addr.redist, value: 0x080A_0000", "set: gic.addr.dist, value: 0x0800_0000",
        "set: vcpu.0.pmu-v3.irq, value: 27", "set: gic.ctrl.init", "set: vcpu.0.pmu-v3.init", "run: 0"),
      "vcpu.run.timer-irq-pmu:EINVAL"
    ),
  ])
  func refusalIsNotReportedTwice(_ text: String, _ id: String) throws {
    let found = try diagnostics(text)
    #expect(found.first?.id.description == id)
    #expect(found.allSatisfy { $0.severity == .error })
  }

  @Test func wrongValuesAreNotOnTheMap() throws {
    #expect(try warnings(Self.board(memory: "zero")) == [])
    #expect(entries(try map(Self.board(memory: "zero")).spaces.first).allSatisfy { !$0.hasPrefix("memory") })
  }

  /// The devices of all alternatives are checked, each with its own.
  @Test func alternativesAreChecked() throws {
    let text = Self.board(memory: "0x0801_0000").replacing(
      "{name: gic, type: arm-vgic-v3, attributes: {addr: {dist: 0x0800_0000, redist: 0x080A_0000}, ctrl: {init: }}}",
      with: """
        name: gic
            type: [arm-vgic-v3, arm-vgic-v2]
            for:
              arm-vgic-v3: {addr: {dist: 0x0800_0000, redist: 0x0700_0000}, ctrl: {init: }}
              arm-vgic-v2: {addr: {dist: 0x0800_0000, cpu: 0x0801_0000}, ctrl: {init: }}
        """)
    #expect(
      try warnings(text) == [
        "'gic.addr.cpu', 0x0801_0000 to 0x0801_1FFF, is in guest memory: there the guest reaches the memory, not the device"
      ])
  }

  @Test func memoryOverTheIOAPICIsReported() throws {
    let text = "kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-irqchip: {}}\n"
    #expect(try warnings(text + "  - {add-memory: {at: 0, size: 4GiB}}\n").count == 1)
    #expect(try warnings(text + "  - {add-memory: {at: 0, size: 3GiB}}\n") == [])
  }

  // MARK: Drawings

  private static let drawn = files(below: fixtures + "/bad").filter { $0.contains("address-overlap") }

  @Test(arguments: [40, 60, 80, 120, 200])
  func textFitsTheWidth(_ width: Int) throws {
    #expect(Self.drawn.count >= 4)
    for path in Self.drawn {
      let map = try map(try #require(text(ofFile: path)), path: path)
      let lines = MapText(map, width: width).text.split(separator: "\n")
      #expect(lines.allSatisfy { $0.displayWidth <= width }, "\(path)")
      #expect(lines.contains { $0.hasPrefix("! ") })
    }
  }

  /// What each vCPU has in the same way is one row, if the vCPUs and the numbers follow each other.
  @Test func equalVCPUsAreOneRow() throws {
    let text = Self.steps(
      lines: ["create-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.addr.redist, value: 0x080A_0000"]
        + (1...63).map { "create-vcpu: \($0)" })
    let map = try map(text)
    #expect(map.spaces[0].entries.count == 64)
    #expect(MapText(map).text.contains(#/\n  0x080C_0000 +█+ +vcpu\.1-63 +8064 KiB +line 8\n/#))
    #expect(!MapText(map).text.contains("vcpu.2"))
    let picture = MapPicture(map).text
    #expect(picture.contains(">vcpu.1-63<") && !picture.contains("vcpu.2"))
    // The numbers of the others do not follow each other.
    let text2 = Self.steps(
      lines: ["create-vcpu: 0", "create: arm-vgic-v3, as: gic", "set: gic.addr.redist, value: 0x080A_0000"]
        + [1, 2, 4, 8].map { "create-vcpu: \($0)" })
    let rows = MapText(try self.map(text2)).text
    #expect(["vcpu.1-2 ", "vcpu.4 ", "vcpu.8 "].allSatisfy(rows.contains))
  }

  @Test(arguments: [40, 80])
  func longNamesFit(_ width: Int) throws {
    let name = "controller" + String(repeating: "-of-interrupts", count: 8)
    let text = Self.board(memory: "0x0800_0000").replacing("name: gic", with: "name: \(name)")
    let map = try map(text)
    #expect(MapText(map, width: width).text.split(separator: "\n").allSatisfy { $0.displayWidth <= width })
    // The picture is as wide as its longest line, the words about the overlap.
    let picture = MapPicture(map).text
    let longest = try #require(map.spaces[0].mistakes.map(\.displayWidth).max())
    let pictureWidth = try #require(picture.firstMatch(of: #/<svg [^>]*width="(\d+)"/#).flatMap { Int($0.1) })
    #expect(pictureWidth > longest * 8)
  }

  /// Numbers of interrupts are drawn in rows of 16. Rows of free ones are left out if they are many.
  @Test func rowsOfFreeInterruptsAreLeftOut() throws {
    func picture(_ gsis: Int...) throws -> String {
      let irqfds = gsis.map { "irqfd: {fd: line, gsi: \($0)}" }
      return MapPicture(
        try map(Self.steps(.x86_64, lines: ["enable-capability: split-irqchip, pins: 24"] + irqfds))
      ).text
    }
    let cells = { (text: String) in text.matches(of: #/class="(cell|device|clash)"/#).count }
    // The first two rows, the row with its neighbours, and the last two.
    let one = try picture(1600)
    #expect(cells(one) == 7 * 16)
    #expect(one.contains(">97 rows of free interrupts<") && one.contains(">152 rows of free interrupts<"))
    // A single row is drawn.
    #expect(try cells(picture(63)) == 7 * 16)
    #expect(try picture(63).matches(of: #/rows of free/#).count == 1)
    // A number beyond those that exist has no free neighbours.
    #expect(try cells(picture(5000)) == 4 * 16 + 1)
  }

  /// The name of memory is beside a part without devices, so that its line is not that of a device.
  @Test func namesAreBesideTheirOwnParts() throws {
    let text = Self.board(memory: "0x0800_0000")
    let picture = MapPicture(try map(text)).text
    func height(_ name: String) throws -> Double {
      let line = try #require(picture.split(separator: "\n").first { $0.contains(">\(name)<") })
      return try #require(line.firstMatch(of: #/ y="([\d.]+)"/#).flatMap { Double($0.1) })
    }
    let heights = try ["gic.addr.dist", "memory slot 0", "gic.addr.redist"].map(height)
    #expect(heights == heights.sorted() && heights[1] - heights[0] > 20 && heights[2] - heights[1] > 20)
  }

  @Test func collisionIsDrawnDespiteSharedUsers() throws {
    let text = Self.steps(
      lines: [
        "create-vcpu: 0", "init-vcpu: 0, features: [psci-0.2, pmu-v3]", "create: arm-vgic-v3, as: gic",
        "set: vcpu.0.pmu-v3.irq, value: 27", "set: gic.addr.dist, value: 0x0800_0000",
        "set: gic.addr.redist, value: 0x080A_0000", "set: gic.ctrl.init",
        "irq-line: {irq: {type: ppi, num: 27}, level: 1}",
      ])
    let map = try map(text)
    #expect(try interrupts(text, "PPI").filter { $0.hasPrefix("27 ") }.count == 3)
    #expect(map.spaces.first { $0.name == "PPI" }?.overlaps.count == 1)
    #expect(MapPicture(map).text.matches(of: #/class="clash"/#).count == 1)
  }

  @Test func narrowTextHasNamesRatherThanSizes() throws {
    let map = try map(Self.board())
    let rows = { (width: Int) in MapText(map, width: width).text.split(separator: "\n").map(String.init) }
    #expect(rows(40).contains("  0x080A_0000  gic.addr.redist    line 6"))
    #expect(rows(48).contains("  0x080A_0000  gic.addr.redist      512 KiB"))
  }

  @Test func colourIsOnlyAdded() throws {
    let map = try map(try #require(text(ofFile: Self.drawn[0])))
    let (plain, coloured) = (MapText(map).text, MapText(map, color: true).text)
    #expect(!plain.contains("\u{1B}") && coloured.contains("\u{1B}[1;31m"))
    #expect(coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
  }

  // MARK: The graph

  @Test func graphHasEachReasonOnce() throws {
    let graph = try graph(try #require(text(ofFile: repository + "/examples/arm64/gicv3-its.yaml")))
    let names = graph.nodes.map { "\($0.object.name).\($0.label)" }
    let edges = graph.edges.map { "\(names[$0.from]) > \(names[$0.to])" }
    #expect(Set(edges).count == edges.count)
    #expect(edges.contains("gic.nr-irqs > gic.ctrl.init") && edges.contains("vcpus.init > gic.ctrl.init"))
    // It follows from the edges through nr-irqs.
    #expect(!edges.contains("gic.create > gic.ctrl.init"))
    #expect(graph.nodes.first { $0.label == "init" }?.count == 4)
  }

  /// kvm_arm_pmu_v3_init() needs an initialised VGIC.
  @Test func pmuWaitsForTheVGIC() throws {
    let text = Self.board().replacing(
      "features: [psci-0.2]}", with: "features: [psci-0.2, pmu-v3], attributes: {pmu-v3: {irq: 23, init: }}}")
    let graph = try graph(text)
    let edges = graph.edges.map { "\(graph.nodes[$0.from].label) > \(graph.nodes[$0.to].label)" }
    #expect(edges.contains("ctrl.init > pmu-v3.init"))
  }

  /// A device can be called as the VM or its vCPUs are.
  @Test func objectsAreNotConfusedByName() throws {
    let text = Self.board().replacing("name: gic", with: "name: vcpus").replacing(
      "features: [psci-0.2]", with: "features: [psci-0.2], attributes: {timer: {vtimer: 20}}")
    let graph = try graph(text)
    let creations = graph.nodes.filter { $0.label == "create" }
    #expect(creations.map(\.object) == [.vm, .vcpus, .device("vcpus")])
    #expect(creations.map(\.count) == [1, 4, 1])
    let dot = graph.dot(named: "t")
    #expect(dot.matches(of: #/subgraph cluster_\d+ {\n    label="vcpus"/#).count == 2)
    #expect(graph.nodes.first { $0.label == "timer.vtimer" }?.object == .vcpus)
    #expect(graph.nodes.first { $0.label == "addr.dist" }?.object == .device("vcpus"))
  }

  /// The arrows are those of the tutorial's table.
  @Test func arrowsShowTheirReason() throws {
    let text = Self.board() + "steps:\n  - {run: 0}\n"
    let dot = try graph(text).dot(named: "t")
    func arrow(_ from: String, _ to: String) throws -> [String] {
      let nodes = dot.matches(of: #/(n\d+) \[label="([^"\\]*)/#)
      let (first, second) = (nodes.filter { $0.2 == from }.map(\.1), nodes.filter { $0.2 == to }.map(\.1))
      return dot.matches(of: #/(n\d+) -> (n\d+)(.*);/#).filter { first.contains($0.1) && second.contains($0.2) }
        .map { String($0.3) }
    }
    #expect(try arrow("create", "addr.dist") == [" [color=\"#999999\"]"])
    #expect(try arrow("init", "ctrl.init") == [""])
    #expect(try arrow("ctrl.init", "run") == [" [style=dotted]"])
    let late = Self.board().replacing(
      "features: [psci-0.2]}",
      with: "features: [psci-0.2, pmu-v3], attributes: {pmu-v3: {init: , irq: 23}}}")
    #expect(try graph(late).dot(named: "t").contains("color=\"#c62828\", penwidth=2, label=moved"))
  }

  private func graph(_ text: String) throws -> PlanGraph {
    let workspace = ManifestWorkspace(Settings())
    let loaded = workspace.load(SourceFile(path: "t.yaml", bytes: Array(text.utf8)))
    return workspace.graph(of: try #require(loaded.manifests.first))
  }
}
