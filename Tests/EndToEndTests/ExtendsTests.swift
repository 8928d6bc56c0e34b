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

  @Test func everyCommand() async {
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
      // From the manifest's own folder.
      let inside = await run(program, ["plan", "vm.yaml"], in: folder)
      #expect(inside.output.contains(" parts/base.yaml:4:18"))
      let input = await run(program, ["plan", "-"], input: Self.own, in: folder)
      #expect(input.output.contains(" parts/base.yaml:4:18"))
    }
  }

  /// Of a folder, what others extend is no manifest of its own; named, it is.
  @Test func folders() async {
    await withFiles { folder in
      let whole = await kvmconf("validate", folder)
      #expect(whole.output == "")
      #expect(whole.errors == "1 file, 1 manifest, 3 steps: 0 errors, 0 warnings, 0 undecided\n")
      #expect(whole.status == 0)
      let named = await kvmconf("validate", folder, folder + "/parts/base.yaml")
      #expect(named.output.contains("the manifest has no 'kvmconf'"))
      #expect(named.status == 1)
      // Whatever is in a circle, is said.
      write("extends: ../vm.yaml\n", toFile: folder + "/parts/base.yaml")
      let circle = await kvmconf("validate", folder)
      #expect(circle.output.contains("[circular-extends]"))
      #expect(circle.status == 1)
    }
  }

  @Test(.enabled(if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"))
  func onTheKernel() async {
    await withFiles { folder in
      #expect(await kvmconf("apply", folder + "/vm.yaml").status == 0)
      let ended = await kvmconf("conform", folder)
      #expect(ended.output.contains("0 differ"))
      #expect(ended.status == 0)
    }
  }
}
