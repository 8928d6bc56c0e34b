import TestSupport
import Testing

@Suite struct SchemaFolderTests {
  /// Schemas can end in `.yml` or `.yaml`, as manifests can.
  @Test func schemaCanEndInYML() async {
    await withFolder { folder in
      _ = await run("mkdir", [folder + "/arm64"])
      write(
        "schema: 1\ntype: short-ending\nnumber: 4000\ndoc: a device\nreference: [virt/kvm/none.c]\n",
        toFile: folder + "/arm64/short-ending.yml")
      let manifest = "kvmconf: 1\narch: arm64\nsteps: [{create-vm: {}}, {test: short-ending, expect: [ok, ENODEV]}]\n"
      let ended = await kvmconf("validate", "--schemas", folder, "-", input: manifest)
      #expect(ended.status == 0, "\(ended)")
      let without = await kvmconf("validate", "-", input: manifest)
      #expect((without.output + without.errors).contains("[unknown-device-type]"), "\(without)")
    }
  }

  /// A user's schema that fails while it is used is the user's mistake, not a bug in kvmconf.
  @Test func failingSchemaOfAUserIsInvalid() async {
    await withFolder { folder in
      _ = await run("mkdir", [folder + "/x86_64"])
      write(
        """
        schema: 1
        type: divider
        number: 4000
        doc: a device
        reference: [virt/kvm/none.c]
        create:
          rules: [{let: {none: 'size(devices)'}}, {if: '1 / none == 1', errno: EINVAL, because: one}]
        """, toFile: folder + "/x86_64/divider.yaml")
      let manifest = "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: divider}]\n"
      for command in [["validate"], ["apply", "--on", "model"]] {
        let ended = await run(program, command + ["--schemas", folder, "-"], input: manifest)
        #expect((ended.output + ended.errors).contains("[schema-evaluation]") && ended.status == 1, "\(ended)")
      }
    }
  }
}
