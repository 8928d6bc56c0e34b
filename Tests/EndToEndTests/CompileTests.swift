import TestSupport
import Testing

private let manifest = "kvmconf: 1\narch: x86_64\nname: small\nsteps:\n  - {create-vm: {}}\n  - {test: vfio}\n"

@Suite struct CompileTests {
  @Test func compiledPlanReplacesItsManifest() async {
    await withFolder { folder in
      let example = "examples/x86_64/device-corner-cases.yaml"
      let compiled = await kvmconf("compile", example, "-o", folder + "/vm.kvmplan")
      #expect(compiled.status == 0 && compiled.output == "" && compiled.errors == "")
      for format in ["text", "json", "strace"] {
        let fromManifest = await kvmconf("plan", example, "--format", format)
        let fromPlan = await kvmconf("plan", folder + "/vm.kvmplan", "--format", format)
        #expect(fromPlan.output == fromManifest.output && fromPlan.status == 0)
      }
      let rehearsed = await kvmconf("apply", "--on", "model", folder + "/vm.kvmplan")
      #expect(rehearsed.output.contains("21 steps: ") && rehearsed.output.contains(" 0 failed"))
    }
  }

  @Test func compilingIsDeterministic() async {
    await withFolder { folder in
      for name in ["a", "b"] {
        #expect(await kvmconf("compile", "examples/arm64/gicv3.yaml", "-o", "\(folder)/\(name)").status == 0)
      }
      #expect(await run("cmp", [folder + "/a", folder + "/b"]).status == 0)
    }
  }

  @Test func headerForCCompiles() async {
    await withFolder { folder in
      let header = folder + "/plan.h"
      #expect(await kvmconf("compile", "-", "-o", header, "--format", "c", input: manifest).status == 0)
      let source =
        "#include \"plan.h\"\nint main(void) { return sizeof(kvmplan_small) % 8 || kvmplan_small[0] != 'K'; }\n"
      write(source, toFile: folder + "/main.c")
      let built = await run("cc", ["-Wall", "-Werror", "-o", folder + "/main", folder + "/main.c"])
      #expect(built.status == 0, "\(built.errors)")
      #expect(await run(folder + "/main", []).status == 0)
    }
  }

  @Test func fileThatIsNotAPlanIsReported() async {
    await withFolder { folder in
      write("kvmconf: 1\n", toFile: folder + "/vm.kvmplan")
      let ended = await kvmconf("apply", folder + "/vm.kvmplan")
      #expect(ended.errors == "error: \(folder)/vm.kvmplan cannot be used: not a compiled plan [bad-plan]\n")
      #expect(ended.status == 1)
    }
  }

  @Test func manifestWithErrorsIsNotCompiled() async {
    await withFolder { folder in
      let ended = await kvmconf("compile", "-", "-o", folder + "/x", input: "kvmconf: 1\narch: x86_64\ndevice: []\n")
      #expect(ended.status == 1 && ended.errors.contains("did you mean 'devices'?"))
      #expect(await run("test", ["-e", folder + "/x"]).status == 1)
    }
  }

  @Test func documentOptionSelectsOneManifest() async {
    await withFolder { folder in
      let two = manifest + "---\n" + manifest
      let both = await kvmconf("compile", "-", "-o", folder + "/x", input: two)
      #expect(both.status == 64 && both.errors.contains("has 2 manifests, but a plan holds one"))
      #expect(await kvmconf("compile", "-", "-o", folder + "/x", "--document", "2", input: two).status == 0)
      #expect(await kvmconf("compile", "-", "-o", folder + "/x", "--document", "3", input: two).status == 64)
    }
  }

  /// If a plan cannot be written, the error and the exit status say so.
  @Test func fileThatCannotBeWrittenIsReported() async {
    let ended = await kvmconf("compile", "-", "-o", "/no/such/folder/x", input: manifest)
    #expect(ended.errors == "error: cannot write /no/such/folder/x: No such file or directory [cannot-write]\n")
    #expect(ended.status == 73)
    let full = await kvmconf("compile", "-", "-o", "/dev/full", input: manifest)
    #expect(full.errors == "error: cannot write /dev/full: No space left on device [cannot-write]\n")
  }
}
