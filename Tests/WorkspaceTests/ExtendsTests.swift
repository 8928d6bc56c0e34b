import DevicePlan
import Diagnostics
import Glibc
import KVMConf
import Reporting
import TestSupport
import Testing
import Workspace

/// Manifests that extend others.
@Suite struct ExtendsTests {
  private static let base = """
    kvmconf: 1
    arch: arm64
    parameters:
      vcpus: {type: u32, default: 2, doc: number of vCPUs}
    memory: [{at: 0x4000_0000, size: 1MiB}]
    vcpus: {count: "${vcpus}", features: [psci-0.2, pmu-v3], attributes: {pmu-v3: {irq: 23, init: }}}
    devices:
      - name: gic
        type: arm-vgic-v3
        attributes:
          nr-irqs: 256
          addr: {dist: 0x0800_0000, redist: 0x080A_0000}
          ctrl: {init: }
      - {type: arm-vgic-its, attributes: {addr: {its: 0x0808_0000}, ctrl: {init: }}}

    """

  /// Loads `vm.yaml` from a folder with these files.
  private func load(_ files: [String: String], _ settings: [String: String] = [:]) throws -> LoadedFile {
    try withFiles(files) { folder in
      var options = Settings()
      options.parameters = settings
      return ManifestWorkspace(options).load(try SourceFile(reading: folder + "/vm.yaml"))
    }
  }

  private func withFiles<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    let folder = temporaryFolder()
    defer { remove(folder) }
    for (name, text) in files {
      // SAFETY: the path lives throughout the call.
      if let slash = name.lastIndex(of: "/") { unsafe mkdir(folder + "/" + name[..<slash], 0o700) }
      write(text, toFile: folder + "/" + name)
    }
    return try body(folder)
  }

  private func calls(_ files: [String: String], _ settings: [String: String] = [:]) throws -> [String] {
    let loaded = try load(files, settings)
    #expect(loaded.diagnostics.map(\.message) == [])
    return try #require(loaded.manifests.first).plan.steps.map(\.words)
  }

  /// The diagnostics, each with its file name and place.
  private func faults(_ files: [String: String]) throws -> [String] {
    try load(files).diagnostics.map { diagnostic in
      let place = diagnostic.range.map { "\($0.file.path.split(separator: "/").last ?? "")" + ":\($0.start)" } ?? ""
      return "\(place): \(diagnostic.message) [\(diagnostic.id)]"
    }
  }

  private static let own = "extends: base.yaml\n"

  @Test func manifestThatOnlyExtendsEqualsItsBase() throws {
    let own = try calls(["vm.yaml": Self.own, "base.yaml": Self.base])
    let base = try calls(["vm.yaml": Self.base])
    #expect(own == base)
    #expect(own.count == 18)
  }

  /// A base is read once, however many manifests of a file extend it.
  @Test func baseOfManyManifestsIsReadOnce() throws {
    func opened(_ count: Int) throws -> Int {
      let text = (0..<count).map { "extends: base.yaml\nname: a\($0)\n" }.joined(separator: "---\n")
      return try withFiles(["vm.yaml": text, "base.yaml": Self.base]) { folder in
        let file = try SourceFile(reading: folder + "/vm.yaml")
        return openings(of: folder + "/base.yaml") {
          #expect(ManifestWorkspace(Settings()).load(file).manifests.count == count)
        }
      }
    }
    let once = try opened(1)
    #expect(once > 0)
    #expect(try opened(5) == once)
  }

  @Test func mappingsMerge() throws {
    let calls = try calls([
      "base.yaml": Self.base,
      "vm.yaml": Self.own + """
        parameters: {vcpus: {default: 1}}
        vcpus:
          attributes: {pmu-v3: {irq: 22}, timer: {vtimer: 27}}
        devices:
          - {name: gic, attributes: {addr: {dist: 0x0900_0000}}}
        """,
    ])
    #expect(calls.filter { $0.hasPrefix("create vcpu") } == ["create vcpu.0"])
    #expect(
      calls.filter { $0.hasPrefix("set") } == [
        "set gic.nr-irqs = 256", "set gic.addr.dist = 0x0900_0000", "set gic.addr.redist = 0x080A_0000",
        "set gic.ctrl.init", "set arm-vgic-its.addr.its = 0x0808_0000", "set arm-vgic-its.ctrl.init",
        "set vcpu.0.pmu-v3.irq = 22", "set vcpu.0.pmu-v3.init", "set vcpu.0.timer.vtimer = 27",
      ])
  }

  @Test func listsAndScalarsReplace() throws {
    let calls = try calls([
      "base.yaml": Self.base,
      "vm.yaml": Self.own + """
        memory: [{at: 0x8000_0000, size: 2MiB}]
        parameters: null
        vcpus: {count: 1, features: [psci-0.2], attributes: null}
        """,
    ])
    #expect(calls.filter { $0.hasPrefix("add") } == ["add memory at 0x8000_0000, 2MiB"])
    #expect(calls.filter { $0.hasPrefix("init") } == ["init vcpu.0 (psci-0.2)"])
    #expect(!calls.contains { $0.contains("pmu") })
  }

  @Test func parameterOfTheBaseMayLoseItsUses() throws {
    let own = Self.own + "vcpus: {count: 8}\n"
    #expect(try faults(["base.yaml": Self.base, "vm.yaml": own]) == [])
    let unused = Self.base.replacing("count: \"${vcpus}\"", with: "count: 1")
    #expect(try faults(["base.yaml": unused, "vm.yaml": own]).count { $0.contains("unused-parameter") } == 1)
  }

  /// A device is found by its name, which defaults to its type; new devices come last.
  @Test func devicesMergeByName() throws {
    let calls = try calls([
      "base.yaml": Self.base,
      "vm.yaml": Self.own + """
        devices:
          - {type: vfio}
          - {type: arm-vgic-its, attributes: {addr: {its: 0x0900_0000}}}
          - {name: gic, type: arm-vgic-v3, attributes: {nr-irqs: null}}
          - {name: second, type: arm-vgic-its, attributes: {addr: {its: 0x0A00_0000}}}
        """,
    ])
    #expect(
      calls.filter { !$0.contains("vcpu") && !$0.contains("memory") } == [
        "create vm", "create gic", "set gic.addr.dist = 0x0800_0000", "set gic.addr.redist = 0x080A_0000",
        "set gic.ctrl.init", "create arm-vgic-its", "set arm-vgic-its.addr.its = 0x0900_0000",
        "set arm-vgic-its.ctrl.init", "create vfio", "create second", "set second.addr.its = 0x0A00_0000",
      ])
  }

  @Test func nullRemovesDevices() throws {
    let calls = try calls([
      "base.yaml": Self.base, "vm.yaml": Self.own + "devices: [{name: arm-vgic-its, type: null}]\n",
    ])
    #expect(!calls.contains { $0.contains("its") })
    #expect(calls.contains("create gic"))
    let none = try self.calls(["base.yaml": Self.base, "vm.yaml": Self.own + "devices: null\n"])
    #expect(!none.contains { $0.contains("gic") })
  }

  /// An empty value removes nothing, and neither does `null` in quotes.
  @Test func emptyValueRemovesNothing() throws {
    let kept = try calls([
      "base.yaml": Self.base, "vm.yaml": Self.own + "devices:\nmemory:\nvcpus:\nname: \"null\"\n",
    ])
    #expect(kept == (try calls(["vm.yaml": Self.base])))
    #expect(
      try faults(["base.yaml": Self.base, "vm.yaml": Self.own + "devices: [{name: gic, attributes: {nr-irqs: }}]\n"])
        == ["vm.yaml:2:36: 'nr-irqs' needs a value: a u32 [missing-value]"])
  }

  /// An attribute without a payload is set by its key alone, even if the base does not have it.
  @Test func emptyValueSetsAnAttributeWithoutAPayload() throws {
    let base = Self.base.replacing("ctrl: {init: }}}\n", with: "}}\n")
    #expect(base != Self.base)
    let calls = try calls([
      "base.yaml": base, "vm.yaml": Self.own + "devices: [{type: arm-vgic-its, attributes: {ctrl: {init: }}}]\n",
    ])
    #expect(calls.contains("set arm-vgic-its.ctrl.init"))
  }

  /// A misspelled parameter is reported as such, and neither as unused nor without a type.
  @Test func misspelledParameterGetsASuggestion() throws {
    #expect(
      try faults(["base.yaml": Self.base, "vm.yaml": Self.own + "parameters: {cpus: {default: 8}}\n"])
        == ["vm.yaml:2:14: the extended manifest has no parameter 'cpus'; did you mean 'vcpus'? [unknown-parameter]"])
  }

  /// A misspelled device name is reported as such, not as a missing type.
  @Test func misspelledDeviceGetsASuggestion() throws {
    #expect(
      try faults(["base.yaml": Self.base, "vm.yaml": Self.own + "devices: [{name: gik, attributes: {nr-irqs: 64}}]\n"])
        == ["vm.yaml:2:18: the extended manifest has no device 'gik'; did you mean 'gic'? [unknown-device]"])
  }

  /// A manifest that gives the ids of vCPUs must remove the count of its base.
  @Test func idsConflictWithTheCountOfTheBase() throws {
    let removed = "vcpus: {count: null, ids: [0, 4]}\nparameters: null\n"
    #expect(
      try calls(["base.yaml": Self.base, "vm.yaml": Self.own + removed]).filter { $0.hasPrefix("create vcpu") }
        == ["create vcpu.0", "create vcpu.4"])
    let both = try load(["base.yaml": Self.base, "vm.yaml": Self.own + "vcpus: {ids: [0, 4]}\nparameters: null\n"])
    #expect(both.diagnostics.map(\.id) == ["conflicting-keys"])
    #expect(both.diagnostics.first?.notes.first?.range?.file.path.hasSuffix("/vm.yaml") == true)
  }

  @Test func basesCanExtendBases() throws {
    let calls = try calls(
      [
        "parts/base.yaml": Self.base,
        "parts/board.yaml": "extends: base.yaml\nparameters: {vcpus: {default: 3}}\ndevices: [{type: vfio}]\n",
        "vm.yaml":
          "extends: parts/board.yaml\ndevices: [{name: vfio, type: null}, {name: gic, attributes: {nr-irqs: 64}}]\n",
      ])
    #expect(calls.count { $0.hasPrefix("create vcpu") } == 3)
    #expect(calls.contains("set gic.nr-irqs = 64"))
    #expect(!calls.contains("create vfio"))
  }

  @Test func settingsOverrideParametersOfTheBase() throws {
    let files = ["base.yaml": Self.base, "vm.yaml": Self.own]
    #expect(try calls(files, ["vcpus": "5"]).count { $0.hasPrefix("create vcpu") } == 5)
  }

  /// Each document of a file extends the base that it names, or none.
  @Test func everyDocumentHasItsBase() throws {
    let loaded = try load([
      "base.yaml": Self.base,
      "vm.yaml": "extends: base.yaml\nname: one\n---\n" + Self.base
        + "---\nextends: base.yaml\ndevices: [{name: gic, type: null}]\n",
    ])
    #expect(loaded.diagnostics.map(\.message) == [])
    #expect(loaded.manifests.map(\.plan.name) == ["one", "vm#2", "vm#3"])
    #expect(loaded.manifests.map { $0.plan.steps.count } == [18, 18, 13])
    #expect(loaded.manifests.map(\.bases.count) == [1, 0, 1])
  }

  /// A diagnostic points into the file with the text. A mistake in a base is reported once, however often the base is
  /// extended.
  @Test func diagnosticsPointIntoTheFileWithTheText() throws {
    let base = Self.base.replacing("nr-irqs", with: "nr-irq")
    let found = try faults([
      "base.yaml": base, "vm.yaml": "extends: base.yaml\nnmae: x\n---\nextends: base.yaml\nname: y\n",
    ])
    #expect(
      found == [
        "vm.yaml:2:1: the manifest has no key 'nmae'; did you mean 'name'? [unknown-key]",
        "base.yaml:11:7: device type 'arm-vgic-v3' has no group 'nr-irq'; did you mean 'nr-irqs'? [unknown-group]",
      ])
    let excerpt = try withFiles(["base.yaml": base, "vm.yaml": Self.own]) { folder in
      var text = ""
      let loaded = ManifestWorkspace(Settings()).load(try SourceFile(reading: folder + "/vm.yaml"))
      TextRenderer(color: false).render(loaded.diagnostics, into: &text)
      return text
    }
    #expect(excerpt.contains("/base.yaml:11:7: error: "))
    #expect(excerpt.contains("\n   11 |       nr-irq: 256\n"))
  }

  /// The steps of a plan and their predictions also point into the base.
  @Test func predictionsPointIntoTheBase() throws {
    try withFiles(["base.yaml": Self.base.replacing("0x0800_0000", with: "0x0800_1000"), "vm.yaml": Self.own]) {
      folder in
      let found = try validation(folder + "/vm.yaml")
      #expect(
        found.diagnostics.map { "\($0.range?.file.path ?? "") \(place($0))" } == [
          "\(folder)/base.yaml 12:20 arm-vgic-v3.addr.dist:EINVAL"
        ])
      // It belongs to the document of the manifest.
      guard case .object(let members)? = found.json.first, case .elements(let count, _)? = members.last?.1 else {
        Issue.record("no diagnostics")
        return
      }
      #expect(count == 1)
    }
  }

  @Test(arguments: [
    ("extends: none.yaml\n", "1:10: cannot read 'none.yaml': No such file or directory [bad-file]"),
    ("extends: parts\n", "1:10: cannot read 'parts': it is a folder [bad-file]"),
    ("extends: /etc/passwd\n", "1:10: '/etc/passwd' is an absolute path [file-outside]"),
    (
      "extends: ../x.yaml\n",
      "1:10: '../x.yaml' is outside the folder of the first manifest [file-outside]"
    ),
    (
      "extends: parts/../../x.yaml\n",
      "1:10: 'parts/../../x.yaml' is outside the folder of the first manifest [file-outside]"
    ),
    (
      "extends: out.yaml\n",
      "1:10: 'out.yaml' leads out of the folder of the first manifest [file-outside]"
    ),
    ("extends: [a.yaml]\n", "1:10: 'extends' must be the path of a manifest, not a list [wrong-kind]"),
    ("extends:\n", "1:9: 'extends' must be the path of a manifest, not nothing [wrong-kind]"),
    ("extends: \"${x}.yaml\"\n", "1:10: cannot read '${x}.yaml': No such file or directory [bad-file]"),
    ("extends: \"a\\0b\"\n", "1:10: this is not a valid file name [bad-file]"),
    ("extends: vm.yaml\n", "1:10: a file cannot extend itself [circular-extends]"),
    ("extends: ./parts/../vm.yaml\n", "1:10: a file cannot extend itself [circular-extends]"),
  ])
  func wrongPathOfABaseIsReported(_ text: String, _ words: String) throws {
    let found = try withFiles(["vm.yaml": text, "parts/x.yaml": Self.base]) { folder in
      // SAFETY: the paths live throughout the call.
      unsafe symlink("/etc/passwd", folder + "/out.yaml")
      return try ManifestWorkspace(Settings()).load(SourceFile(reading: folder + "/vm.yaml")).diagnostics
    }
    #expect(found.map { "\($0.range.map { "\($0.start)" } ?? ""): \($0.message) [\($0.id)]" } == [words])
  }

  /// A base can extend a file above its own folder, if that is not above the folder of the first file.
  @Test func baseInASubfolderCanExtendAFileAboveIt() throws {
    let files = [
      "base.yaml": Self.base, "parts/board.yaml": "extends: ../base.yaml\n", "vm.yaml": "extends: parts/board.yaml\n",
    ]
    #expect(try calls(files).count == 18)
  }

  @Test func circleOfBasesIsReported() throws {
    let found = try faults([
      "vm.yaml": "extends: a.yaml\n", "a.yaml": "extends: b.yaml\n", "b.yaml": "# b\nextends: a.yaml\n",
    ])
    #expect(found == ["b.yaml:2:10: files extend each other in a circle [circular-extends]"])
  }

  @Test func tooManyLevelsAreReported() throws {
    var files = ["vm.yaml": "extends: 1.yaml\n", "20.yaml": Self.base]
    for i in 1..<20 { files["\(i).yaml"] = "extends: \(i + 1).yaml\n" }
    #expect(
      try faults(files) == [
        "16.yaml:1:10: more than 16 files extend each other; this one is too many [bad-base]"
      ])
  }

  @Test func malformedBaseIsReported() throws {
    #expect(
      try faults(["vm.yaml": Self.own, "base.yaml": "a: [\n"]) == [
        "base.yaml:1:4: this list is never closed: ']' is missing [yaml-syntax]"
      ])
    let notes = try load(["vm.yaml": Self.own, "base.yaml": "a: [\n"]).diagnostics.flatMap(\.notes)
    #expect(notes.map(\.message) == ["the file is extended here"])
    #expect(notes.first?.range?.start == Position(line: 1, column: 10))
    #expect(
      try faults(["vm.yaml": Self.own, "base.yaml": "- a\n"]) == [
        "base.yaml:1:1: a manifest must be a mapping, not a list [wrong-kind]"
      ])
    #expect(try faults(["vm.yaml": Self.own, "base.yaml": ""]).count == 1)
  }

  /// A small file cannot cause unlimited work.
  @Test(.slow) func sizeOfAllBasesIsLimited() throws {
    let large = "kvmconf: 1\narch: x86_64\nx: [" + String(repeating: "1,", count: 1_000_000) + "]\n"
    let small = String(repeating: "extends: base.yaml\n---\n", count: 10)
    #expect(try faults(["vm.yaml": small, "base.yaml": large]).contains { $0.hasSuffix("[too-large]") })
  }

  /// The path of a byte string's file is relative to the file that names it.
  @Test func filesOfABaseAreInItsFolder() throws {
    let base =
      "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, "
      + "{set: vfio, group: 1, attr: 9, payload: {file: key.bin}, expect: ENXIO}]\n"
    let files = [
      "vm.yaml": "extends: parts/base.yaml\n", "parts/base.yaml": base, "parts/key.bin": "abc", "key.bin": "x",
    ]
    let plan = try #require(try load(files).manifests.first).plan
    #expect(plan.steps.last?.operation.attributeCall?.data == .bytes(Array("abc".utf8)))
  }

  /// A text without a folder cannot extend a base.
  @Test func textWithoutAFolderCannotExtend() throws {
    let found = try ManifestSource(text: Self.own).validate().problems
    #expect(found.map(\.id) == ["bad-file"])
  }
}
