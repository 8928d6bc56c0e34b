import Testing
import Vocabulary

@Suite struct ArchitectureTests {
  /// Names of `uname -m`, Debian, QEMU and the kernel's folders.
  @Test(
    arguments: [
      ("arm64", .arm64), ("aarch64", .arm64), ("amd64", .x86_64), ("x86-64", .x86_64), ("ppc64el", .ppc64),
      ("powerpc64", .ppc64), ("powerpc", .ppc), ("ppc", .ppc), ("riscv", .riscv64), ("s390", .s390x),
      ("loong64", .loongarch64), ("arm", nil), ("", nil),
    ] as [(String, Architecture?)])
  func aliases(_ name: String, _ architecture: Architecture?) {
    #expect(Architecture(alias: name) == architecture)
  }

  /// Each name means one architecture. So does each header, except for that of the two Power architectures.
  @Test func nothingElseIsShared() {
    for architecture in Architecture.allCases {
      #expect(Architecture(alias: architecture.rawValue) == architecture)
      #expect(architecture.triplets.allSatisfy { Architecture(alias: String($0.prefix { $0 != "-" })) == architecture })
    }
    #expect(Set(Architecture.allCases.map(\.headerGuard)).count == Architecture.allCases.count - 1)
    #expect(Architecture.ppc.headerGuard == Architecture.ppc64.headerGuard)
  }

  @Test func onlyPPCHas32Bits() {
    #expect(Architecture.allCases.filter { $0.wordSize == 4 } == [.ppc])
    #expect(Architecture.allCases.allSatisfy { [4, 8].contains($0.wordSize) })
  }
}
