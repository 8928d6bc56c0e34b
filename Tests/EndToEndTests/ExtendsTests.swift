import TestSupport
import Testing

/// Manifests that extend others, through every command that takes manifests.
@Suite struct ExtendsTests {
  private static let base = """
    arch: x86_64
    parameters: {n: {type: u32, default: 1}}
    vcpus: {count: "${n}"}
    devices: [{type: vfio}]

    """
  private static let own = "kvmconf: 1\nextends: parts/base.yaml\nname: own\n"

  private func withFiles(_ body: (String) async throws -> Void) async rethrows {
    try await withFolder { folder in
      #expect(await run("mkdir", [folder + "/parts"]).status == 0)
      write(Self.base, toFile: folder + "/parts/base.yaml")
      write(Self.own, toFile: folder + "/vm.yaml")
      try await body(folder)
    }
  }

  @Test func everyCommandTakesAManifestThatExtends() async {
    await withFiles { folder in
      let path = folder + "/vm.yaml"
      #expect(await kvmconf("validate", path).errors.contains("1 manifest, 3 steps: 0 errors"))
      let plan = await kvmconf("plan", "--set", "n=2", path)
      #expect(plan.output.contains("vm.yaml: own, x86_64, 4 steps\n"))
      #expect(plan.output.contains("\(folder)/parts/base.yaml:4:18"))
      #expect(await kvmconf("apply", "--on", "model", path).output.contains("3 steps: 3 passed"))
      #expect(await kvmconf("compile", "-o", folder + "/vm.kvmplan", path).status == 0)
      let compiled = await kvmconf("plan", folder + "/vm.kvmplan")
      #expect(compiled.output.contains("\(folder)/parts/base.yaml:4:18"))
      // From the folder of the manifest.
      let inside = await run(program, ["plan", "vm.yaml"], in: folder)
      #expect(inside.output.contains(" parts/base.yaml:4:18"))
      let input = await run(program, ["plan", "-"], input: Self.own, in: folder)
      #expect(input.output.contains(" parts/base.yaml:4:18"))
    }
  }

  /// A file that others extend is not validated alone, unless it is named without them.
  @Test func baseInAFolderIsNotValidatedAlone() async {
    await withFiles { folder in
      let whole = await kvmconf("validate", folder)
      #expect(whole.output == "")
      #expect(whole.errors == "1 file, 1 manifest, 3 steps: 0 errors, 0 warnings, 0 undecided\n")
      #expect(whole.status == 0)
      #expect(await kvmconf("validate", folder, folder + "/parts/base.yaml").errors == whole.errors)
      let named = await kvmconf("validate", folder + "/parts/base.yaml")
      #expect(named.output.contains("the manifest needs 'kvmconf'"))
      #expect(named.status == 1)
      // Bases in a circle are reported.
      write("extends: ../vm.yaml\n", toFile: folder + "/parts/base.yaml")
      let circle = await kvmconf("validate", folder)
      #expect(circle.output.contains("[circular-extends]"))
      #expect(circle.status == 1)
    }
  }

  /// A fault of a base is reported at its place in the base, in every format, and once for all manifests that use it.
  @Test func faultOfABaseIsReportedOnceInEveryFormat() async throws {
    try await withFiles { folder in
      let base = Self.base.replacing("vfio", with: "vfoi")
      write(base, toFile: folder + "/parts/base.yaml")
      write("extends: ../parts/base.yaml\nparameters: {n: {default: 2}}\n", toFile: folder + "/parts/two.yaml")
      write(Self.own + "---\nkvmconf: 1\nextends: parts/two.yaml\nname: second\n", toFile: folder + "/vm.yaml")
      func validate(_ format: String) async -> String {
        let ended = await run(program, ["validate", "--format", format, "."], in: folder)
        #expect(ended.status == 1)
        return ended.output
      }
      #expect(await validate("gcc").hasPrefix("./parts/base.yaml:4:18: error: "))
      #expect(await validate("gcc").split(separator: "\n").count { $0.contains("error:") } == 1)
      #expect(await validate("github").contains("::error file=parts/base.yaml,line=4,col=18,"))
      let sarif = try #require(JSONValue(await validate("sarif")))
      let results = sarif["runs"]?.array?.first?["results"]?.array ?? []
      #expect(results.count == 1)
      let place = results.first?["locations"]?.array?.first?["physicalLocation"]
      #expect(place?["artifactLocation"]?["uri"]?.string?.hasSuffix("parts/base.yaml") == true)
      // The first manifest that extends the file has the failure.
      let junit = await validate("junit")
      #expect(junit.contains("tests=\"2\" failures=\"1\""))
      #expect(junit.contains("<testcase name=\"own\" classname=\"./vm.yaml\" file=\"./vm.yaml\" line=\"1\">"))
      #expect(junit.contains("./parts/base.yaml:4:18: error"))
      let documents = await validate("json").split(separator: "\n").compactMap { JSONValue(String($0)) }
      #expect(documents.map { $0["diagnostics"]?.array?.count } == [1, 0])
    }
  }

  /// The configuration of the manifest is used, not that of its base, also by `conform`, `diff` and `render`.
  @Test func configurationOfTheManifestIsUsed() async {
    await withFiles { folder in
      write("kernel: 5.4\n", toFile: folder + "/parts/.kvmconf.yaml")
      write("kernel: \"6.12\"\n", toFile: folder + "/.kvmconf.yaml")
      for command in [["plan"], ["render"], ["diff", "/dev/null"]] {
        let ended = await run(program, command + ["--verbose", "vm.yaml"], in: folder)
        #expect(ended.errors == "vm.yaml: configured by .kvmconf.yaml\n")
      }
      let folders = await run(program, ["diff", "--verbose", ".", "."], in: folder)
      #expect(folders.errors.contains("./vm.yaml: configured by .kvmconf.yaml\n"))
      #expect(folders.status == 0)
      let input = await run(
        program, ["validate", "--stdin-filename", "parts/vm.yaml", "-"], input: "kvmconf: 1\nextends: base.yaml\n",
        in: folder)
      #expect(input.errors.hasPrefix("warning: the schemas describe Linux from 5.10 on; what changed between 5.4 and "))
      #expect(input.errors.hasSuffix("\n1 file, 1 manifest, 3 steps: 0 errors, 1 warning, 0 undecided\n"))
    }
  }

  @Test(.enabled(if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"))
  func manifestThatExtendsIsAppliedOnTheKernel() async {
    await withFiles { folder in
      #expect(await kvmconf("apply", folder + "/vm.yaml").status == 0)
      let ended = await kvmconf("conform", folder)
      #expect(ended.output.contains("0 differ"))
      #expect(ended.status == 0)
    }
  }
}
