import TestSupport
import Testing

/// The C++ compilers of this machine.
private let compilers = ["g++", "clang++"].filter { runBlocking("sh", ["-c", "command -v \($0)"]).status == 0 }

/// kvmload.h in C++: no function hides the struct of the same name.
@Suite struct LoaderInCxxTests {
  private static let fixture = "Tests/Fixtures/loader/interface.cc"

  @Test(
    .enabled(if: !compilers.isEmpty, "no C++ compiler is installed"),
    .enabled(if: hostArchitecture != nil, "KVM does not support the architecture of this machine"),
    arguments: compilers)
  func everyStructAndFunctionIsUsable(_ compiler: String) async {
    await withFolder { folder in
      let manifest = """
        kvmconf: 1
        arch: \(hostArchitecture ?? "")
        files: {gpu: /dev/vfio/none}
        parameters: {n: {type: u32, at: load, default: 3}}
        steps:
          - {create-vm: {}}
          - {create: vfio}
          - {set: vfio.file.add, value: gpu}
          - {set: vfio, group: 99, attr: 0, payload: {u32: "${n}"}, expect: ENXIO}
        """
      let compiled = await kvmconf("compile", "-", "-o", folder + "/vm.kvmplan", input: manifest)
      #expect(compiled.status == 0, "\(compiled.errors)")
      let loader = await run(
        "cc",
        [
          "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ISources/kvmload/include", "-c",
          "Sources/kvmload/kvmload.c", "-o", folder + "/kvmload.o",
        ])
      #expect(loader.status == 0, "\(loader.errors)")
      let built = await run(
        compiler,
        [
          "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-ISources/kvmload/include", Self.fixture,
          folder + "/kvmload.o", "-o", folder + "/interface",
        ])
      #expect(built.status == 0, "\(built.errors)")
      let ended = await run(folder + "/interface", [folder + "/vm.kvmplan"])
      #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    }
  }

  /// The fixture has every struct and every function of the header, and no `struct` before a name.
  @Test func fixtureUsesTheWholeHeader() throws {
    let header = try #require(text(ofFile: "\(repository)/Sources/kvmload/include/kvmload.h"))
    let program = try #require(text(ofFile: "\(repository)/\(Self.fixture)"))
    let structs = header.matches(of: #/\nstruct (kvmload_[a-z_]+) \{/#).map { String($0.1) }
    let functions = header.matches(of: #/\n[a-z][a-z_ ]* \*?(kvmload_[a-z_]+)\(/#).map { String($0.1) }
    #expect(structs.count == 11 && functions.count == 20)
    for name in structs { #expect(program.contains("  \(name) "), "\(name)") }
    for name in functions { #expect(program.contains("\(name)("), "\(name)") }
    #expect(!program.contains("struct kvmload"))
  }
}
