import DevicePlan
import Diagnostics
import PlanFormat
import TestSupport
import Testing
import Workspace

@Suite struct CompiledPlanTests {
  static let manifests = ["examples", "Tests/Fixtures/selftests"].flatMap {
    (try? ManifestPath.all("\(repository)/\($0)").map(\.value)) ?? []
  }

  @Test func manifestsAreFound() { #expect(Self.manifests.count > 20) }

  /// Everything in a manifest survives compilation.
  @Test(.slow, arguments: manifests)
  func manifestSurvivesCompilation(_ path: String) throws {
    for manifest in ManifestWorkspace(Settings()).load(try SourceFile(reading: path)).manifests {
      let bytes = manifest.plan.compiled()
      let read = try Plan(compiled: bytes, path: "vm.kvmplan")
      #expect(read.json.text() == manifest.plan.json.text())
      #expect(read.table == manifest.plan.table)
      #expect(read.strace == manifest.plan.strace)
      #expect(read.compiled() == bytes)
    }
  }

  private func load(_ plan: Plan, _ parameters: [String: String]) -> LoadedFile {
    var settings = Settings()
    settings.parameters = parameters
    return ManifestWorkspace(settings).load(SourceFile(path: "vm.kvmplan", bytes: plan.compiled()))
  }

  private var withParameter: Plan {
    let at = SourceRange(file: SourceFile(path: "vm.yaml", bytes: []), start: .start, end: .start)
    let slot = PayloadSlot(.parameter(0), offset: 0, width: 4)
    let call = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes([0, 0, 0, 0], slots: [slot]))
    return Plan(
      name: "n", manifest: "vm.yaml", architecture: .x86_64,
      parameters: [PlanParameter(name: "base", size: 4, isSigned: false, at: at)],
      steps: [
        Step(.createVM(type: 0), target: .vm, at: at), Step(.setAttribute(call), target: .vm, at: at),
      ])
  }

  private static let addresses = """
    kvmconf: 1
    arch: arm64
    parameters:
      dist: {type: u64, at: load}
      redist: {type: u64, at: load, default: 0x080A_0000}
    vcpus: {count: 1, features: [psci-0.2]}
    devices:
      - name: gic
        type: arm-vgic-v3
        attributes:
          addr: {dist: "${dist}", redist-region: [{index: 0, base: "${redist}", count: 1}]}
          ctrl: {init: }
    """

  private func plan(_ text: String, _ parameters: [String: String] = [:]) throws -> Plan {
    var settings = Settings()
    settings.parameters = parameters
    let loaded = ManifestWorkspace(settings).load(SourceFile(path: "vm.yaml", bytes: Array(text.utf8)))
    #expect(loaded.diagnostics.isEmpty)
    return try #require(loaded.manifests.first?.plan)
  }

  private func data(_ plan: Plan, _ attribute: String) -> AttributeData? {
    plan.steps.first { $0.attribute == attribute }?.operation.attributeCall?.data
  }

  @Test func parametersOfTheLoaderBecomeSlots() throws {
    let plan = try plan(Self.addresses)
    #expect(
      data(plan, "addr.dist")
        == .bytes(Array(repeating: 0, count: 8), slots: [PayloadSlot(.parameter(0), offset: 0, width: 8)]))
    // Bits 51 to 16 of an address are not shifted.
    #expect(
      data(plan, "addr.redist-region")
        == .bytes(
          [0, 0, 0, 0, 0, 0, 0x10, 0],
          slots: [PayloadSlot(.parameter(1), offset: 0, width: 8, shift: 16, bits: 36, dropped: 16)]))
    #expect(
      plan.obstacles.map(\.message) == [
        "parameter 'dist' is supplied at load time; to run the plan here, give it with --set dist=VALUE"
      ])
    #expect(data(plan.withDefaults, "addr.redist-region") == .bytes([0, 0, 0x0A, 0x08, 0, 0, 0x10, 0]))
  }

  private static let machine = """
    kvmconf: 1
    arch: arm64
    parameters: {cpus: {type: u32, at: load, default: 2}}
    vcpus: {count: "${cpus}", features: [psci-0.2], attributes: {timer: {vtimer: 27}}}
    devices:
      - name: gic
        type: arm-vgic-v3
        attributes:
          addr: {dist: 0x0800_0000, redist-region: [{index: 0, base: 0x080A_0000, count: "${cpus}"}]}
          ctrl: {init: }
    """

  /// A plan that is given its number of vCPUs later has the calls of a plan compiled for that number.
  @Test(arguments: ["1", "2", "5"])
  func numberOfVCPUsIsSuppliedAtLoadTime(_ count: String) throws {
    var later = try plan(Self.machine)
    #expect(later.vcpuCount == 0 && later.blocks.count == 2)
    #expect(later.fill([0: Int128(count) ?? 0]).isEmpty)
    let earlier = try plan(Self.machine, ["cpus": count])
    #expect(earlier.vcpuCount == nil)
    #expect(later.steps.map(\.operation) == earlier.steps.map(\.operation))
    #expect(later.steps.map(\.target) == earlier.steps.map(\.target))
  }

  /// kvmconf does not compile such a plan, but other programs could.
  @Test(arguments: [-1, 4097, Int128(Int64.max)])
  func impossibleDefaultNumberOfVCPUsIsReported(_ count: Int128) throws {
    var plan = try plan(Self.machine)
    plan.parameters[0] = PlanParameter(name: "cpus", size: 8, isSigned: true, initial: count, at: plan.parameters[0].at)
    #expect(load(plan, [:]).diagnostics.first?.id == "value-out-of-range")
    #expect(load(plan, ["cpus": "2"]).diagnostics.isEmpty)
  }

  @Test func validateUsesTheDefaultNumberOfVCPUs() throws {
    let found = try ManifestWorkspace(Settings()).validate(SourceFile(path: "vm.yaml", bytes: Array(Self.machine.utf8)))
    #expect(found.diagnostics.isEmpty && found.reports.first?.summary.steps == 11)
  }

  /// With a value from the command line, it is a parameter like any other.
  @Test func valueOnTheCommandLineFillsTheParameter() throws {
    let plan = try plan(Self.addresses, ["dist": "0x0800_0000", "redist": "0x080B_0000"])
    #expect(plan.parameters.isEmpty && plan.obstacles.isEmpty)
    #expect(data(plan, "addr.dist") == .bytes([0, 0, 0, 8, 0, 0, 0, 0]))
  }

  /// A plan is the same whether its values are given at compile time or later.
  @Test func planIsFilledLikeAManifest() throws {
    let compiled = try plan(Self.addresses).compiled()
    var settings = Settings()
    settings.parameters = ["dist": "0x0800_0000", "redist": "0x080B_0000"]
    let loaded = ManifestWorkspace(settings).load(SourceFile(path: "vm.kvmplan", bytes: compiled))
    let later = try #require(loaded.manifests.first?.plan)
    #expect(later.steps.map(\.operation) == (try plan(Self.addresses, settings.parameters)).steps.map(\.operation))
  }

  @Test func parametersOfAPlanAreSetAndChecked() {
    let loaded = load(withParameter, ["base": "0x10"])
    #expect(loaded.diagnostics.isEmpty)
    #expect(loaded.manifests.first?.plan.steps[1].operation.attributeCall?.data == .bytes([0x10, 0, 0, 0]))
    #expect(
      load(withParameter, ["bsae": "1"]).diagnostics.map(\.message) == [
        "--set: the plan has no parameter 'bsae'; did you mean 'base'?"
      ])
    #expect(
      load(withParameter, ["base": "4GiB"]).diagnostics.map(\.message) == [
        "--set base is '4GiB', which is not of type u32"
      ])
  }
}
