import TestSupport
import Testing

@Suite struct SchemaFolderTests {
  /// Schemas can end in `.yml` or `.yaml`, as manifests can.
  @Test func schemaCanEndInYML() async {
    await withFolder { folder in
      _ = await run("mkdir", [folder + "/arm64"])
      write(
        "schema: 2\nnumber: 4000\ndoc: a device\nsources: [virt/kvm/none.c]\n",
        toFile: folder + "/arm64/short-ending.yml")
      let manifest = "kvmconf: 1\narch: arm64\nsteps: [{create-vm: {}}, {test: short-ending, expect: [ok, ENODEV]}]\n"
      let ended = await kvmconf("validate", "--schemas", folder, "-", input: manifest)
      #expect(ended.status == 0, "\(ended)")
      let without = await kvmconf("validate", "-", input: manifest)
      #expect((without.output + without.errors).contains("[unknown-device-type]"), "\(without)")
    }
  }

  /// `schema new` makes the folder and never replaces a file; `schema check` names the files that are fine.
  @Test func newSchemaIsWrittenAndChecked() async throws {
    try await withFolder { folder in
      write(
        """
        #define KVM_DEV_TYPE_TOY 1001
        #define KVM_DEV_TOY_GRP_CTRL 0
        #define KVM_DEV_TOY_CTRL_START 0
        #define KVM_DEV_TOY_CTRL_STOP OTHER
        """, toFile: folder + "/toy.h")
      let schemas = folder + "/schemas"
      let new = ["schema", "new", "arm64/toy", "--header", folder + "/toy.h"]
      let printed = await run(program, new)
      #expect(printed.status == 0 && printed.output.contains("\nKVM_DEV_TYPE_TOY: 1001\n"), "\(printed)")
      #expect(
        printed.errors.hasPrefix(
          "\(folder)/toy.h:4:9: warning: the value of KVM_DEV_TOY_CTRL_STOP is not an integer that can be computed"))
      let written = await run(program, new + ["--schemas", schemas])
      let path = schemas + "/arm64/toy.yaml"
      #expect(written.status == 0 && written.output.isEmpty)
      #expect(written.errors.contains("\n\(path) is written; "), "\(written.errors)")
      #expect(written.errors.hasSuffix("kvmconf schema check \(schemas)\n"), "\(written.errors)")
      let draft = try #require(text(ofFile: path))
      #expect(draft == printed.output)
      let again = await run(program, new + ["--schemas", schemas])
      #expect(again.status == 73 && again.errors.contains("cannot write \(path): it exists already"), "\(again)")
      // What the check asks for is filled in.
      let finished = draft.replacing("# doc:", with: "doc:").replacing("# sources:", with: "sources:")
        .replacing("# payload: the type behind the pointer, or none", with: "payload: u32").replacing(
          "# examples:", with: "examples:")
      let asked = await run(program, ["schema", "check", schemas])
      #expect(asked.status == 1 && !asked.output.contains(": ok\n"))
      write(finished, toFile: path)
      let checked = await run(program, ["schema", "check", schemas])
      #expect(checked.status == 0 && checked.output == "\(path): ok\n", "\(checked)")
    }
  }

  @Test(arguments: [
    ("toy", "write ARCH/TYPE, such as arm64/arm-vgic-v3, not 'toy'"),
    ("arm46/toy", "not 'arm46'; did you mean 'arm64'?"),
    ("arm64/Toy", "a device type is lower-case words with hyphens, such as arm-vgic-v3, not 'Toy'"),
    ("arm64/../toy", "write ARCH/TYPE"), ("arm64/vm", "'vm' is a descriptor that every architecture has"),
  ])
  func newSchemaNeedsAGoodName(_ name: String, _ message: String) async {
    let ended = await run(program, ["schema", "new", name])
    #expect(ended.status == 64 && ended.errors.contains(message), "\(ended)")
  }

  @Test func missingFolderOfHeadersIsReported() async {
    let ended = await kvmconf("schema", "check", "--headers", "/nonexistent")
    #expect(ended.errors.hasPrefix("error: cannot read /nonexistent: ") && ended.status == 66, "\(ended)")
  }

  /// A user's schema that fails while it is used is the user's mistake, not a bug in kvmconf.
  @Test func failingSchemaOfAUserIsInvalid() async {
    await withFolder { folder in
      _ = await run("mkdir", [folder + "/x86_64"])
      write(
        """
        schema: 2
        number: 4000
        doc: a device
        sources: [virt/kvm/none.c]
        calls:
          create:
            - let: {none: size(devices)}
            - if: 1 / none == 1
              EINVAL: one
        """, toFile: folder + "/x86_64/divider.yaml")
      let manifest = "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: divider}]\n"
      for command in [["validate"], ["apply", "--on", "model"]] {
        let ended = await run(program, command + ["--schemas", folder, "-"], input: manifest)
        #expect((ended.output + ended.errors).contains("[schema-evaluation]") && ended.status == 1, "\(ended)")
        if command == ["validate"] {
          #expect(ended.errors.hasSuffix(": 1 error, 0 warnings, 0 undecided\n"), "\(ended)")
        }
      }
    }
  }
}
