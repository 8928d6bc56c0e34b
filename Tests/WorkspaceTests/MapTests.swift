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

  /// The first steps of an arm64 VM.
  private static func steps(_ lines: String...) -> String {
    "kvmconf: 1\narch: arm64\nsteps:\n  - {create-vm: {}}\n" + lines.map { "  - {\($0)}\n" }.joined()
  }

  // MARK: The map

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
      "vcpu.run.timer-irq:EINVAL"
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

  @Test func colourIsOnlyAdded() throws {
    let map = try map(try #require(text(ofFile: Self.drawn[0])))
    let (plain, coloured) = (MapText(map).text, MapText(map, color: true).text)
    #expect(!plain.contains("\u{1B}") && coloured.contains("\u{1B}[1;31m"))
    #expect(coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
  }

  // MARK: The graph

  @Test func graphHasEachReasonOnce() throws {
    let workspace = ManifestWorkspace(Settings())
    let file = try SourceFile(reading: repository + "/examples/arm64/gicv3-its.yaml")
    let manifest = try #require(workspace.load(file).manifests.first)
    let graph = workspace.graph(of: manifest)
    let names = graph.nodes.map { "\($0.object).\($0.label)" }
    let edges = graph.edges.map { "\(names[$0.from]) > \(names[$0.to])" }
    #expect(Set(edges).count == edges.count)
    #expect(edges.contains("gic.nr-irqs > gic.ctrl.init") && edges.contains("vcpus.init > gic.ctrl.init"))
    // It follows from the edges through nr-irqs.
    #expect(!edges.contains("gic.create > gic.ctrl.init"))
    #expect(graph.nodes.first { $0.label == "init" }?.count == 4)
  }
}
