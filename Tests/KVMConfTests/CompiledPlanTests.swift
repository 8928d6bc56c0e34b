import DevicePlan
import Diagnostics
import KVMConf
import PlanFormat
import TestSupport
import Testing

@Suite struct CompiledPlanTests {
  static let manifests = ["examples", "Tests/Fixtures/selftests"].flatMap {
    (try? manifestPaths("\(repository)/\($0)")) ?? []
  }

  @Test func thereAreManifests() { #expect(Self.manifests.count > 20) }

  /// Whatever a manifest can say survives compilation.
  @Test(arguments: manifests)
  func everyManifestSurvives(_ path: String) throws {
    for manifest in Workspace(Settings()).load(try SourceFile(reading: path)).manifests {
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
    return Workspace(settings).load(SourceFile(path: "vm.kvmplan", bytes: plan.compiled()))
  }

  private var withParameter: Plan {
    let at = SourceRange(file: SourceFile(path: "vm.yaml", bytes: []), start: .start, end: .start)
    let slot = PayloadSlot(.parameter(0), offset: 0, width: 4)
    let call = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes([0, 0, 0, 0], slots: [slot]))
    return Plan(
      name: "n", manifest: "vm.yaml", architecture: .x86_64,
      parameters: [PlanParameter(name: "base", size: 4, isSigned: false, at: at)],
      steps: [
        Step(.createVM(type: 0), target: "vm", at: at), Step(.setAttribute(call), target: "vm", at: at),
      ])
  }

  @Test func parametersAreGiven() {
    let loaded = load(withParameter, ["base": "0x10"])
    #expect(loaded.diagnostics.isEmpty)
    #expect(loaded.manifests.first?.plan.steps[1].operation.attributeCall?.data == .bytes([0x10, 0, 0, 0]))
    #expect(
      load(withParameter, ["bsae": "1"]).diagnostics.map(\.message) == [
        "--set: the plan has no parameter 'bsae'; did you mean 'base'?"
      ])
    #expect(
      load(withParameter, ["base": "4GiB"]).diagnostics.map(\.message) == ["--set base is '4GiB', which is no u32"])
  }
}
