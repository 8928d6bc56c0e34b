import TestSupport
import Testing

@Suite struct DiffTests {
  private static func manifest(_ n: Int, _ name: String = "board") -> String {
    "kvmconf: 1\narch: x86_64\nname: \(name)\nvcpus: {count: \(n)}\n"
  }

  private func withFiles(_ files: [String: String], _ body: (String) async throws -> Void) async rethrows {
    try await withFolder { folder in
      for (name, text) in files {
        if let slash = name.lastIndex(of: "/") {
          #expect(await run("mkdir", ["-p", "\(folder)/\(name[..<slash])"]).status == 0)
        }
        write(text, toFile: folder + "/" + name)
      }
      try await body(folder)
    }
  }

  @Test func differenceCanBeTextMarkdownOrJSON() async throws {
    try await withFiles(["a.yaml": Self.manifest(1), "b.yaml": Self.manifest(3)]) { folder in
      let (a, b) = (folder + "/a.yaml", folder + "/b.yaml")
      let text = await kvmconf("diff", a, b)
      #expect(
        text.output == """
          --- \(a): board, 2 steps
          +++ \(b): board, 4 steps
          vCPUs: 1, then 3
          +  3  create vcpu.1-2 (2 steps)  \(b):4:16
          2 steps added

          """)
      #expect(text.status == 1)
      let markdown = await kvmconf("diff", "--format", "markdown", a, b)
      #expect(markdown.output.contains("| added | `create vcpu.1-2` |  |  |\n"))
      #expect(markdown.status == 1)
      let json = try #require(JSONValue(await kvmconf("diff", "--format", "json", a, b).output))
      #expect(json["same"]?.bool == false)
      #expect(json["changes"]?.array?.count == 2)
      #expect(json["changes"]?[0]?["new"]?["target"]?.string == "vcpu.1")
      let same = await kvmconf("diff", a, a)
      #expect(same.output == "" && same.errors == "" && same.status == 0)
      let sameJSON = try #require(JSONValue(await kvmconf("diff", "--format", "json", a, a).output))
      #expect(sameJSON["same"]?.bool == true)
      #expect(await kvmconf("diff", "--format", "xml", a, a).status == 64)
    }
  }

  /// Registers have the names that 'apply' gives them, in manifests and in compiled plans.
  @Test func differencesNameTheirRegisters() async {
    func manifest(_ value: Int, _ pc: Int) -> String {
      """
      kvmconf: 1
      arch: arm64
      name: board
      vcpus: {count: 2, features: [psci-0.2]}
      devices: [{type: arm-vgic-v3, name: gic}]
      steps:
        - {set: gic.addr.dist, value: 0x0800_0000}
        - {set: gic.addr.redist, value: 0x080a_0000}
        - {set: gic.ctrl.init}
        - {set: gic.dist-regs, offset: GICD_CTLR, value: \(value)}
        - {set-one-reg: {id: X0, addr: 1}, on: vcpu.0}
        - {for: cpu in vcpus, set-one-reg: {id: PC, addr: \(pc)}, on: "vcpu.${cpu.id}"}

      """
    }
    await withFiles(["a.yaml": manifest(0, 1), "b.yaml": manifest(16, 2)]) { folder in
      #expect(await kvmconf("compile", "-o", folder + "/a.kvmplan", folder + "/a.yaml").status == 0)
      for old in ["a.yaml", "a.kvmplan"] {
        let text = await kvmconf("diff", "\(folder)/\(old)", "\(folder)/b.yaml").output.replacing(#/ +/#, with: " ")
        #expect(text.contains("~ 10 set gic.dist-regs[mpidr 0, offset GICD_CTLR]: 0, then 16 "), "\(text)")
        #expect(
          text.contains(
            "~ 12 set-one-reg on vcpu.0-1: {id: PC, addr: 1}, then {id: PC, addr: 2} (2 steps) "), "\(text)")
      }
    }
  }

  @Test func plansAndStandardInputAreCompared() async {
    await withFiles(["a.yaml": Self.manifest(1)]) { folder in
      #expect(await kvmconf("compile", "-o", folder + "/a.kvmplan", folder + "/a.yaml").status == 0)
      #expect(await kvmconf("diff", folder + "/a.kvmplan", folder + "/a.yaml").status == 0)
      let input = await kvmconf("diff", folder + "/a.kvmplan", "-", input: Self.manifest(2))
      #expect(input.output.contains("+++ <stdin>: board, 3 steps\n"))
      #expect(input.status == 1)
    }
  }

  /// Several manifests of a file are matched by name in any order, and those without a name by their position.
  @Test func manifestsAreMatchedByName() async {
    let files = [
      "a.yaml": Self.manifest(1, "one") + "---\n" + Self.manifest(1, "two")
        + "---\nkvmconf: 1\narch: x86_64\nvcpus: {count: 1}\n",
      "b.yaml": Self.manifest(2, "two") + "---\n" + Self.manifest(1, "new")
        + "---\nkvmconf: 1\narch: x86_64\nvcpus: {count: 1}\n",
    ]
    await withFiles(files) { folder in
      let ended = await kvmconf("diff", folder + "/a.yaml", folder + "/b.yaml")
      #expect(
        ended.output == """
          --- \(folder)/a.yaml: two, 2 steps
          +++ \(folder)/b.yaml: two, 3 steps
          vCPUs: 1, then 2
          +  3  create vcpu.1  \(folder)/b.yaml:4:16
          1 step added
          only before: \(folder)/a.yaml: one, 2 steps
          only now: \(folder)/b.yaml: new, 2 steps

          """)
      #expect(ended.status == 1)
    }
  }

  @Test func filesOfFoldersAreMatchedByPath() async {
    let files = [
      "a/x.yaml": Self.manifest(1), "a/inner/y.yaml": Self.manifest(1), "a/gone.yaml": Self.manifest(1),
      "b/x.yaml": Self.manifest(1), "b/inner/y.yaml": Self.manifest(2),
    ]
    await withFiles(files) { folder in
      let ended = await kvmconf("diff", folder + "/a", folder + "/b/")
      #expect(ended.output.contains("only before: \(folder)/a/gone.yaml: board, 2 steps\n"))
      #expect(ended.output.contains("+++ \(folder)/b/inner/y.yaml: board, 3 steps\n"))
      #expect(!ended.output.contains("x.yaml"))
      #expect(ended.status == 1)
      #expect(await kvmconf("diff", folder + "/a", folder + "/a").status == 0)
      #expect(await kvmconf("diff", folder + "/a", folder + "/b/x.yaml").status == 64)
      #expect(await run("mkdir", [folder + "/empty"]).status == 0)
      let grown = await kvmconf("diff", folder + "/empty", folder + "/b")
      #expect(grown.output.contains("only now: \(folder)/b/x.yaml: board, 2 steps\n") && grown.status == 1)
    }
  }

  @Test func manifestsOfOneSideAreShownInEveryFormat() async throws {
    let text = "kvmconf: 1\narch: x86_64\nname: 'a`b|c'\nsteps: [{create-vm: {}}]\n"
    try await withFiles(["x.yaml": text]) { folder in
      func diff(_ format: String) async -> String {
        await run(program, ["diff", "--format", format, "/dev/null", "x.yaml"], in: folder).output
      }
      #expect(await diff("text") == "only now: x.yaml: a`b|c, 1 step\n")
      #expect(await diff("markdown") == "Only now: **x.yaml: a\\`b\\|c, 1 step**\n\n")
      let json = try #require(JSONValue(await diff("json")))
      #expect(json["old"] == .null && json["same"]?.bool == false)
      #expect(json["new"]?["steps"]?.number == 1 && json["new"]?["vcpus"]?.number == 0)
    }
  }

  /// git passes /dev/null for a file that is new or removed.
  @Test func devNullHasNoManifests() async {
    await withFiles(["a.yaml": Self.manifest(1)]) { folder in
      let ended = await kvmconf("diff", "/dev/null", folder + "/a.yaml")
      #expect(ended.output == "only now: \(folder)/a.yaml: board, 2 steps\n")
      #expect(ended.status == 1)
    }
  }

  @Test func wrongInputIsReported() async {
    await withFiles(["a.yaml": Self.manifest(1), "bad.yaml": "kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n"]) {
      folder in
      let bad = await kvmconf("diff", folder + "/a.yaml", folder + "/bad.yaml")
      #expect(bad.output == "")
      #expect(bad.errors.contains("bad.yaml:3:18: error: there is no device type 'vfoi'"))
      #expect(bad.status == 65)
      #expect(await kvmconf("diff", folder + "/a.yaml", folder + "/none.yaml").status == 66)
      #expect(await kvmconf("diff", folder + "/a.yaml").status == 64)
    }
  }
}
