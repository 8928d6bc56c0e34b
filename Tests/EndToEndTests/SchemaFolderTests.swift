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
}
