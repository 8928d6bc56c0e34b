import TestSupport
import Testing

/// Whether the C compiler can build with sanitizers here.
private let hasSanitizers: Bool = {
  let folder = temporaryFolder()
  write("int main(void) { return 0; }\n", toFile: folder + "/a.c")
  return runBlocking("cc", ["-fsanitize=address,undefined", "-o", folder + "/a", folder + "/a.c"]).status == 0
    && runBlocking(folder + "/a", []).status == 0
}()

@Suite struct LoaderDamageTests {
  /// Every truncation and every changed byte is refused, and a damaged plan with a repaired checksum does no harm.
  @Test(.enabled(if: hasSanitizers, "the C compiler does not support sanitizers"))
  func damagedPlansDoNoHarm() async {
    await withFolder { folder in
      var plans: [String] = []
      for (i, example) in ["arm64/gicv3", "x86_64/device-corner-cases", "x86_64/vfio-gpu"].enumerated() {
        plans.append("\(folder)/\(i).kvmplan")
        #expect(await kvmconf("compile", "examples/\(example).yaml", "-o", plans[i]).status == 0)
      }
      let each = "kvmconf: 1\narch: x86_64\nparameters: {n: {type: u32, at: load}}\nvcpus:\n  count: \"${n}\"\n"
      plans.append(folder + "/each.kvmplan")
      let compiled = await kvmconf(
        "compile", "-", "-o", plans[3], input: each + "  attributes: {tsc: {offset: \"${vcpu.index}\"}}\n")
      #expect(compiled.status == 0, "\(compiled.errors)")
      let built = await run(
        "cc",
        [
          "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
          "-fno-sanitize-recover=all", "-ISources/kvmload/include", "Sources/kvmload/kvmload.c",
          "Tests/Fixtures/loader/damage.c", "-o", folder + "/damage",
        ])
      #expect(built.status == 0, "\(built.errors)")
      let ended = await run(folder + "/damage", plans)
      #expect(ended.status == 0 && ended.output.hasSuffix(" 0 wrong\n"), "\(ended.output)\(ended.errors)")
    }
  }
}
