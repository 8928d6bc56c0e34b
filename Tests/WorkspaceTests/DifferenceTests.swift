import Corpus
import DevicePlan
import Diagnostics
import TestSupport
import Testing
import Workspace

/// The differences between two plans.
@Suite struct DifferenceTests {
  private static let board = """
    kvmconf: 1
    arch: arm64
    name: board
    parameters: {n: {type: u32, default: 2}}
    files: {gpu: /dev/vfio/12}
    memory: [{at: 0x4000_0000, size: 64MiB}]
    vcpus: {count: "${n}", features: [psci-0.2, pmu-v3], attributes: {pmu-v3: {irq: 23, init: }}}
    devices:
      - name: gic
        type: arm-vgic-v3
        attributes:
          nr-irqs: 256
          addr: {dist: 0x0800_0000, redist-region: [{index: 0, base: 0x080A_0000, count: 2}]}
          ctrl: {init: }
      - {type: vfio, attributes: {file: {add: [gpu]}}}

    """

  private func plan(_ text: String) throws -> Plan {
    let loaded = ManifestWorkspace(Settings()).load(SourceFile(path: "vm.yaml", bytes: Array(text.utf8)))
    #expect(loaded.diagnostics.map(\.message) == [])
    return try #require(loaded.manifests.first).plan
  }

  /// The difference that a change of the text makes: remarks, and one line per change.
  private func changes(_ pairs: (String, String)..., base: String = board) throws -> [String] {
    var text = base
    for (old, new) in pairs {
      #expect(text.contains(old))
      text = text.replacing(old, with: new)
    }
    let difference = PlanDifference(try plan(base), try plan(text))
    let back = PlanDifference(try plan(text), try plan(base))
    #expect(difference.isEmpty == back.isEmpty)
    #expect(difference.changes.count == back.changes.count)
    return difference.text().split(separator: "\n").dropFirst(2).dropLast().map { line in
      // Without the place.
      String(line).replacing(#/ +vm\.yaml:[0-9:]+$/#, with: "").replacing(#/  +/#, with: " ")
    }
  }

  /// Calls on registers are paired by vCPU and register, wherever they are in the plan.
  @Test func registersArePairedByVCPUAndId() throws {
    let base = """
      kvmconf: 1
      arch: arm64
      vcpus: {count: 2, features: [psci-0.2]}
      steps:
        - {set-one-reg: {id: X2, addr: 2}, on: vcpu.0}
        - {set-one-reg: {id: X2, addr: 2}, on: vcpu.1}
        - {set-one-reg: {id: X3, addr: 3}, on: vcpu.0}
        - {get-one-reg: {id: X3}, on: vcpu.0, value: {addr: 3}}

      """
    #expect(
      try changes(("steps:\n", "steps:\n  - {set-one-reg: {id: X1, addr: 1}, on: vcpu.0}\n"), base: base)
        == ["+ 6 set-one-reg on vcpu.0: {id: X1, addr: 1}"])
    #expect(
      try changes(("{id: X3, addr: 3}", "{id: X3, addr: 4}"), ("value: {addr: 3}", "value: {addr: 4}"), base: base) == [
        "~ 8 set-one-reg on vcpu.0: {id: X3, addr: 3}, then {id: X3, addr: 4}",
        "~ 9 get-one-reg on vcpu.0: reads 0300000000000000, then 0400000000000000",
      ])
  }

  @Test func spellingIsNotADifference() throws {
    #expect(
      try changes(
        ("nr-irqs: 256", "nr-irqs: 0x1_00"), ("size: 64MiB", "size: 0x0400_0000"), ("\"${n}\"", "2"),
        ("parameters: {n: {type: u32, default: 2}}\n", ""), ("  - {type: vfio", "  # a comment\n  - {type: vfio"),
        ("{index: 0, base: 0x080A_0000, count: 2}", "{count: 2, base: 0x80a_0000, index: 0}"),
        ("name: board", "name: x"))
        == [])
  }

  @Test func changedValuesAreShown() throws {
    #expect(
      try changes(("nr-irqs: 256", "nr-irqs: 512"), ("0x0800_0000", "0x0900_0000")) == [
        "~ 8 set gic.nr-irqs: 256, then 512", "~ 9 set gic.addr.dist: 0x0800_0000, then 0x0900_0000",
      ])
    #expect(try changes(("64MiB", "32MiB")) == ["~ 2 add memory in slot 0: size 0x0400_0000, then 0x0200_0000"])
    #expect(
      try changes(("nr-irqs: 256", "nr-irqs: {value: 512, optional: true}")) == [
        "+ 8 has gic.nr-irqs", "~ 9 set gic.nr-irqs: value 256, then 512; only if none, then has gic.nr-irqs is ok",
      ])
    #expect(try changes(("type: arm-vgic-v3", "type: arm-vgic-v3")) == [])
  }

  @Test func addedAndRemovedStepsAreShown() throws {
    #expect(
      try changes(
        ("      ctrl: {init: }\n", ""), ("  - {type: vfio", "  - {name: its, type: arm-vgic-its}\n  - {type: vfio"))
        == [
          "- 11 set gic.ctrl.init", "+ 11 create its",
        ])
  }

  /// The same change of several vCPUs is one line.
  @Test func changesOfSeveralVCPUsAreMerged() throws {
    #expect(
      try changes(("default: 2", "default: 5"), ("irq: 23", "irq: 22"))
        == [
          "vCPUs: 2, then 5", "+ 7 create vcpu.2-4 (3 steps)", "+ 8 init vcpu.2-4 (psci-0.2, pmu-v3) (3 steps)",
          "~ 20 set vcpu.0-1.pmu-v3.irq: 23, then 22 (2 steps)", "+ 24 set vcpu.2-4.pmu-v3.irq: 22 (3 steps)",
          "+ 25 set vcpu.2-4.pmu-v3.init (3 steps)",
        ])
    #expect(
      try changes(("[psci-0.2, pmu-v3]", "[psci-0.2, pmu-v3, power-off]")) == [
        "~ 4 init vcpu.0-1: features psci-0.2, pmu-v3, then psci-0.2, pmu-v3, power-off (2 steps)"
      ])
  }

  @Test func changedOrderIsOneDifference() throws {
    #expect(
      try changes(
        (
          "dist: 0x0800_0000, redist-region: [{index: 0, base: 0x080A_0000, count: 2}]",
          "redist-region: [{index: 0, base: 0x080A_0000, count: 2}], dist: 0x0800_0000"
        )
      ).count == 1)
  }

  @Test func changedFilesAndParametersAreRemarks() throws {
    #expect(try changes(("/dev/vfio/12", "/dev/vfio/13")) == ["file gpu: /dev/vfio/12, then /dev/vfio/13"])
    let loaded = Self.board.replacing("dist: 0x0800_0000", with: "dist: \"${dist}\"")
      .replacing("{n: {", with: "{dist: {type: u64, at: load, default: 5}, n: {")
    #expect(
      try changes(("default: 5", "default: 6"), base: loaded) == [
        "parameter dist: u64, 5 unless it is given, then u64, 6 unless it is given"
      ])
    let found = PlanDifference(try plan(Self.board), try plan(loaded))
    #expect(found.remarks.map(\.subject) == ["parameter dist"])
    #expect(found.changes.count == 1)
  }

  @Test func changedExpectationsAreShown() throws {
    let steps =
      "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, {has: vfio.file.add, expect: ENXIO}]\n"
    #expect(
      try changes(("expect: ENXIO", "expect: [ok, ENXIO]"), base: steps) == [
        "~ 3 has vfio.file.add: expects ENXIO, then ok or ENXIO"
      ])
    #expect(
      try changes((", expect: ENXIO", ", flags: 1"), base: steps) == [
        "~ 3 has vfio.file.add: expects ENXIO, then none; flags none, then 1"
      ])
  }

  @Test(.slow, arguments: RenderTests.manifests)
  func manifestDoesNotDifferFromItself(_ name: String) throws {
    let file = try SourceFile(reading: repository + "/" + name)
    let (a, b) = (ManifestWorkspace(Settings()).load(file), ManifestWorkspace(Settings()).load(file))
    let comparison = ManifestComparison(a, b)
    #expect(comparison.isSame)
    #expect(comparison.differences.count == a.manifests.count)
    #expect(comparison.differences.allSatisfy { $0.text() == "" })
  }

  /// Every step of two random plans is either in a change or equal in both.
  @Test(.slow) func everyStepIsInAChangeOrEqual() throws {
    let random = RandomPlans(ManifestWorkspace(Settings()), .arm64, seed: 3)
    var previous = random.next().plan
    for _ in 0..<100 {
      let next = random.next().plan
      let changes = PlanDifference(previous, next).changes
      var (old, new) = (Set(previous.steps.indices), Set(next.steps.indices))
      for change in changes {
        switch change {
        case .added(let i): #expect(new.remove(i) != nil)
        case .removed(let i): #expect(old.remove(i) != nil)
        case .changed(let i, let j), .reordered(let i, let j):
          #expect(old.remove(i) != nil)
          #expect(new.remove(j) != nil)
        }
      }
      // The remaining steps are the same, in the same order.
      #expect(
        old.sorted().map { previous.steps[$0].words.prefix(12) } == new.sorted().map { next.steps[$0].words.prefix(12) }
      )
      // One step less is one removed step.
      var shorter = next
      shorter.steps.removeLast()
      let less = PlanDifference(next, shorter)
      #expect(less.changes.count == 1)
      previous = next
    }
  }

  @Test(.slow, .hangGuard)
  func reversedLargePlanIsCompared() throws {
    let step = try self.plan(Self.board).steps[7]
    func plan(_ numbers: some Sequence<Int>) -> Plan {
      var plan = Plan(name: "", manifest: "", architecture: .arm64)
      plan.steps = numbers.map { number in
        var step = step
        step.attribute = "a\(number)"
        return step
      }
      return plan
    }
    let difference = PlanDifference(plan(0..<20_000), plan((0..<20_000).reversed()))
    #expect(difference.changes.count == 19_999)
  }
}
