import Corpus
import DevicePlan
import Diagnostics
import Glibc
import TestSupport
import Testing
import Vocabulary
import Workspace

/// A rendered manifest is equivalent to the original.
@Suite struct RenderTests {
  static let manifests = (files(below: repository + "/examples") + files(below: fixtures + "/selftests"))
    .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".facts.yaml") }.map { String($0.dropFirst(repository.count + 1)) }

  @Test func manifestsAreFound() { #expect(Self.manifests.count > 25) }

  /// The texts of a file's manifests, rendered.
  private func rendered(
    _ file: SourceFile, _ style: RenderingStyle, _ settings: [String: String] = [:]
  ) throws -> [RenderedManifest] {
    let workspace = ManifestWorkspace(Self.settings(settings))
    return try workspace.load(file).manifests.map { try #require(try workspace.rendered($0, style)) }
  }

  private static func settings(_ parameters: [String: String]) -> Settings {
    var settings = Settings()
    settings.parameters = parameters
    return settings
  }

  private func plans(_ text: String, _ path: String) -> [Plan] {
    let loaded = ManifestWorkspace(Settings()).load(SourceFile(path: path, bytes: Array(text.utf8)))
    #expect(loaded.diagnostics.map(\.message) == [])
    return loaded.manifests.map(\.plan)
  }

  @Test(.slow, arguments: manifests)
  func declaredRenderingHasTheSamePlan(_ name: String) throws {
    let file = try SourceFile(reading: repository + "/" + name)
    let original = ManifestWorkspace(Settings()).load(file).manifests.map(\.plan.core)
    #expect(!original.isEmpty)
    let text = try rendered(file, .declared).map(\.text).joined(separator: "---\n")
    #expect(plans(text, "other.yaml").map(\.core) == original)
    // Rendering it again changes nothing.
    let again = try rendered(SourceFile(path: "x", bytes: Array(text.utf8)), .declared).map(\.text)
    #expect(again.joined(separator: "---\n") == text)
  }

  @Test(.slow, arguments: manifests)
  func renderingAsStepsHasTheSameCalls(_ name: String) throws {
    let file = try SourceFile(reading: repository + "/" + name)
    let original = ManifestWorkspace(Settings()).load(file).manifests.map(\.plan)
    let rendered = try rendered(file, .steps)
    let text = rendered.map(\.text).joined(separator: "---\n")
    let found = plans(text, "other.yaml")
    #expect(found.map(\.core) == rendered.map(\.plan.core))
    for (a, b) in zip(original, found) where a.steps.allSatisfy(\.guardedBy.isEmpty) { #expect(a.core == b.core) }
    // Named attributes stay named.
    for (a, b) in zip(original, rendered) {
      #expect(b.plan.steps.count + b.leftOut.count == a.steps.count)
    }
  }

  /// Random steps, with values at the bounds of everything that the schemas describe.
  @Test(.slow, arguments: [Architecture.arm64, .x86_64, .riscv64])
  func renderedRandomPlanIsTheSame(_ architecture: Architecture) throws {
    let random = RandomPlans(ManifestWorkspace(Settings()), architecture, seed: 5)
    for _ in 0..<60 {
      let (manifest, plan) = random.next()
      for style in [RenderingStyle.declared, .steps] {
        let text = try rendered(manifest.file, style).map(\.text).joined()
        let same = plans(text, "other.yaml").map(\.core) == [plan.core]
        #expect(same, "\(manifest.text)\nbecame\n\(text)")
      }
    }
  }

  /// A plan from another program can have calls that no step can express.
  @Test func callWithoutAStepIsReported() throws {
    let workspace = ManifestWorkspace(Settings())
    var manifest = workspace.load(
      SourceFile(path: "vm.yaml", text: "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}]\n")
    ).manifests[0]
    manifest.plan.steps.append(
      Step(.enableCapability(9999, on: .vm, flags: 1, arguments: []), target: .vm, at: manifest.plan.steps[0].at))
    let fault = try #require(throws: DiagnosticsError.self) { try workspace.rendered(manifest, .steps) }
    #expect(fault.diagnostics.map(\.id) == ["unsayable-step"])
  }

  private static let everything = """
    kvmconf: 1
    arch: arm64
    parameters:
      vcpus: {type: u32, default: 3}
      dist-base: {type: u64, at: load, default: 0x0800_0000}
      redist: {type: u64, at: load}
    memory: [{at: "${0x4000_0000 + 0}", size: 64MiB}]
    vcpus:
      count: "${vcpus}"
      features: [psci-0.2, pmu-v3]
      attributes:
        pmu-v3: {irq: "${20 + 3}", init: }
        pvtime: {ipa: "${0x4000_0000 + vcpu.index * 64}"}
      raw: [{group: 90, attr: "${vcpu.id}", payload: {u32: "${vcpu.index + 1}"}}]
      each:
        - {vcpu: 1, attributes: {timer: {vtimer: "${26 + vcpu.id}"}, pvtime: {ipa: 0x4000_1000}}}
        - {vcpu: "${1 + 1}", features: [psci-0.2, pmu-v3, power-off], raw: [{group: 91, attr: 1}]}
    devices:
      - name: gic
        type: [arm-vgic-v3]
        attributes:
          nr-irqs: {value: 256, optional: true}
          addr:
            dist: "${dist_base}"
            redist-region: [{index: 0, base: "${redist}", count: "${vcpus}"}]
          ctrl: {init: }
          cpu-sysregs: [{for-each: vcpu, mpidr: "0.0.0.${vcpu.index}", instr: ICC_PMR_EL1, value: 0xF0}]
      - {name: "novel-${vcpus}", type: {number: 42}, optional: true, raw: [{group: 1, attr: 7, payload: {hex: "00 ff"}}]}

    """

  @Test func parametersAndExpressionsAreFilledIn() throws {
    let file = SourceFile(path: "all.yaml", bytes: Array(Self.everything.utf8))
    let loaded = ManifestWorkspace(Settings()).load(file)
    #expect(loaded.diagnostics.map(\.message) == [])
    let text = try #require(try rendered(file, .declared).first).text
    #expect(plans(text, "all.yaml").map(\.core) == loaded.manifests.map(\.plan.core))
    #expect(text.contains("dist: \"${dist_base}\"\n"))
    #expect(text.contains("dist-base: {") || text.contains("dist-base:\n"))
    #expect(!text.contains("vcpus}") && !text.contains("for-each"))
    #expect(text.contains("name: novel-3\n"))
    #expect(text.matches(of: #/instr: ICC_PMR_EL1/#).count == 3)
    // Other values give another text.
    let five = try #require(try rendered(file, .declared, ["vcpus": "5", "redist": "0x080A0000"]).first)
    #expect(five.text.contains("novel-5"))
    #expect(!five.text.contains("${redist}"))
    #expect(plans(five.text, "all.yaml").map(\.core) == [five.plan.core])
  }

  @Test func stepsCanHaveParametersOfTheLoader() throws {
    let file = SourceFile(path: "all.yaml", bytes: Array(Self.everything.utf8))
    let steps = try #require(try rendered(file, .steps).first)
    #expect(plans(steps.text, "all.yaml").map(\.core) == [steps.plan.core])
    #expect(steps.text.contains("{set: gic.addr.dist, value: \"${dist_base}\"}"))
    #expect(steps.text.contains("base: \"${redist}\""))
  }

  /// A number of vCPUs that is supplied at load time stays a parameter. Steps need its value.
  @Test func numberOfVCPUsOfTheLoaderStaysAParameter() throws {
    let text = """
      kvmconf: 1
      arch: arm64
      name: open
      parameters: {cpus: {type: u32, at: load}}
      memory: [{at: 0x4000_0000, size: 64MiB}]
      vcpus: {count: "${cpus}", attributes: {timer: {vtimer: "${20 + 7}"}, pvtime: {ipa: 0x4000_0000}}}
      devices:
        - type: arm-vgic-v3
          attributes:
            addr: {dist: 0x0800_0000, redist: 0x080A_0000}
            ctrl: {init: }
            cpu-sysregs: [{for-each: vcpu, mpidr: 0, instr: ICC_PMR_EL1, value: "${vcpu.index}"}]

      """
    let file = SourceFile(path: "open.yaml", bytes: Array(text.utf8))
    let loaded = ManifestWorkspace(Settings()).load(file)
    #expect(loaded.diagnostics.map(\.message) == [])
    let declared = try #require(try rendered(file, .declared).first)
    #expect(plans(declared.text, "open.yaml").map(\.core) == loaded.manifests.map(\.plan.core))
    #expect(declared.text.contains("for-each: vcpu"))
    #expect(throws: DiagnosticsError.self) { try rendered(file, .steps) }
    let two = try #require(try rendered(file, .steps, ["cpus": "2"]).first)
    #expect(two.text.matches(of: #/create-vcpu/#).count == 2)
  }

  /// A rendered manifest contains the bytes of small files and everything that it extends.
  @Test func renderedManifestNeedsNoOtherFiles() throws {
    let folder = temporaryFolder()
    defer { remove(folder) }
    // SAFETY: the path lives throughout the call.
    unsafe mkdir(folder + "/parts", 0o700)
    write("\u{1}\u{2}", toFile: folder + "/parts/short.bin")
    write(String(repeating: "k\u{0}~", count: 17) + "x", toFile: folder + "/parts/long.bin")
    write(
      """
      kvmconf: 1
      arch: x86_64
      parameters: {name: {type: string, default: short}}
      steps:
        - {create-vm: {}}
        - {create: vfio}
        - {set: vfio, group: 1, attr: 9, payload: {file: "${name}.bin"}, expect: ENXIO}
        - {set: vfio, group: 1, attr: 9, payload: {file: long.bin}, expect: ENXIO}

      """, toFile: folder + "/parts/base.yaml")
    write("extends: parts/base.yaml\nname: own\n", toFile: folder + "/vm.yaml")
    let file = try SourceFile(reading: folder + "/vm.yaml")
    for style in [RenderingStyle.declared, .steps] {
      let text = try #require(try rendered(file, style).first).text
      #expect(!text.contains("file:") && !text.contains("extends"))
      #expect(text.contains("{hex: 0102}"))
      #expect(
        plans(text, "elsewhere.yaml").map(\.core) == ManifestWorkspace(Settings()).load(file).manifests.map(\.plan.core)
      )
    }
    // A large file is still named, relative to the folder of the manifest.
    write(String(repeating: "x", count: 600 << 10), toFile: folder + "/parts/long.bin")
    #expect(try #require(try rendered(file, .declared).first).text.contains("file: parts/long.bin"))
  }

  /// A list for one vCPU replaces the whole list of the same attribute.
  @Test func listOfOneVCPUReplacesTheWholeList() throws {
    let filters = "{base-event: 0, nevents: 1, action: allow}, {base-event: 7, nevents: 2, action: deny}"
    let text = """
      kvmconf: 1
      arch: arm64
      vcpus:
        count: 1
        features: [psci-0.2, pmu-v3]
        attributes: {pmu-v3: {filter: [{base-event: 5, nevents: 1, action: allow}]}, timer: {vtimer: 27}}
        each: [{vcpu: 0, attributes: {pmu-v3: {filter: [\(filters)]}}}]

      """
    let plan = try #require(plans(text, "vm.yaml").first)
    #expect(
      plan.steps.filter { $0.operation.name == "set-attribute" }.map { $0.value } == [
        "{base-event: 0, nevents: 1, action: allow}", "{base-event: 7, nevents: 2, action: deny}", "27",
      ])
  }
}
