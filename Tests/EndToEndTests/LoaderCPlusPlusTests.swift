import TestSupport
import Testing

@Suite struct LoaderCPlusPlusTests {
  /// kvmload.h serves C++ as it serves C: every struct by its plain name, every function.
  @Test(
    .enabled(
      if: runBlocking("sh", ["-c", "echo '#include <vector>' | g++ -x c++ -fsyntax-only -"]).status == 0,
      "there is no C++ compiler"))
  func aMonitorInCPlusPlus() async {
    await withFolder { folder in
      let flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ISources/kvmload/include"]
      let loader = await run(
        "cc", ["-std=c11"] + flags + ["-c", "Sources/kvmload/kvmload.c", "-o", folder + "/kvmload.o"])
      #expect(loader.status == 0, "\(loader.errors)")
      let built = await run(
        "g++",
        ["-std=c++11"] + flags + ["Tests/Fixtures/loader/embed.cpp", folder + "/kvmload.o", "-o", folder + "/embed"])
      #expect(built.status == 0, "\(built.errors)")
      #expect(await kvmconf("compile", "examples/arm64/gicv3.yaml", "-o", folder + "/vm.kvmplan").status == 0)
      let ended = await run(folder + "/embed", [folder + "/vm.kvmplan"])
      #expect(ended.status == 0 && ended.output.hasPrefix("create-vm 1\n"), "\(ended)")
    }
  }
}
