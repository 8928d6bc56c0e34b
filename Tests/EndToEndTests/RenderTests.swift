import TestSupport
import Testing

@Suite struct RenderTests {
  private static let manifest = """
    kvmconf: 1
    arch: x86_64   # this machine
    parameters: {n: {type: u32, default: 2}}
    vcpus: {count: "${n}", attributes: {tsc: {offset: "${vcpu.index + 0x1_0000}"}}}

    """

  @Test func renderedManifestIsComplete() async {
    let ended = await kvmconf("render", "-", input: Self.manifest)
    #expect(
      ended.output == """
        kvmconf: 1
        arch: x86_64
        name: stdin
        vcpus:
          count: 2
          attributes:
            tsc:
              offset: 0x0001_0000
          each:
            - vcpu: 1
              attributes:
                tsc:
                  offset: 0x0001_0001

        """)
    #expect(ended.errors == "")
    #expect(ended.status == 0)
    let again = await kvmconf("render", "-", input: ended.output)
    #expect(again.output == ended.output)
  }

  @Test func manifestIsRenderedAsSteps() async {
    let ended = await kvmconf("render", "--steps", "--set", "n=1", "-", input: Self.manifest)
    #expect(
      ended.output == """
        kvmconf: 1
        arch: x86_64
        name: stdin
        steps:
          - {create-vm: {}}
          - {create-vcpu: 0}
          - {set: vcpu.0.tsc.offset, value: 0x0001_0000}

        """)
    #expect(await kvmconf("validate", "-", input: ended.output).status == 0)
  }

  /// The steps on a host without the first type.
  @Test func stepsAreThoseOfTheHost() async {
    await withFolder { folder in
      write("devices: [arm-vgic-v2]\n", toFile: folder + "/host.yaml")
      let ended = await kvmconf(
        "render", "--steps", "--host-facts", folder + "/host.yaml", "examples/arm64/gicv3-or-v2.yaml")
      #expect(ended.output.hasPrefix("# Left out because of the host's answers:\n#   create gic\n"))
      #expect(ended.output.contains("- {create: arm-vgic-v2, as: gic}\n"))
      #expect(!ended.output.contains("- {create: vfio}"))
      #expect(await kvmconf("validate", "-", input: ended.output).errors.contains(" 0 errors"))
    }
  }

  @Test func compiledPlanIsRenderedAsSteps() async {
    await withFolder { folder in
      let path = folder + "/vm.kvmplan"
      let source = "examples/arm64/vgic-corner-cases.yaml"
      #expect(await kvmconf("compile", "-o", path, source).status == 0)
      #expect(await kvmconf("render", "--steps", path).output == (await kvmconf("render", "--steps", source).output))
      let declared = await kvmconf("render", path)
      #expect(declared.output == "")
      #expect(declared.errors.contains("a compiled plan has only calls: add --steps"))
      #expect(declared.status == 64)
      // A stripped plan is rendered with numbers.
      #expect(await kvmconf("compile", "--strip", "-o", path, source).status == 0)
      let numbers = await kvmconf("render", "--steps", path)
      #expect(numbers.output.contains("{create: arm-vgic-v3, as: device0}"))
      #expect(numbers.status == 0)
      #expect(await kvmconf("validate", "-", input: numbers.output).status == 0)
    }
  }

  @Test func everyDocumentIsRendered() async {
    let ended = await kvmconf("render", "-", input: "# first\n" + Self.manifest + "---\n" + Self.manifest)
    #expect(ended.output.contains("\n---\nkvmconf: 1\narch: x86_64\nname: stdin#2\n"))
    #expect(await kvmconf("validate", "-", input: ended.output).errors.contains("2 manifests, 10 steps: 0 errors"))
  }

  @Test func wrongInputIsReported() async {
    let bad = await kvmconf("render", "-", input: "kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n")
    #expect(bad.output == "")
    #expect(bad.errors.contains("<stdin>:3:18: error: "))
    #expect(bad.status == 1)
    #expect(await kvmconf("render", "/does/not/exist").status == 66)
    #expect(await kvmconf("render", "examples").status == 66)
    #expect(await kvmconf("render").status == 64)
    let open = "kvmconf: 1\narch: x86_64\nparameters: {n: {type: u32, at: load}}\nvcpus: {count: \"${n}\"}\n"
    let steps = await kvmconf("render", "--steps", "-", input: open)
    #expect(steps.errors.contains("give it with --set n=N [load-parameter]"))
    #expect(steps.status == 1)
  }
}
