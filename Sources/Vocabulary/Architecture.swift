/// An architecture of KVM's, as the kernel names its folder (`ppc64` for powerpc).
package enum Architecture: String, Hashable, Sendable, CaseIterable {
  case arm64, x86_64, riscv64, ppc64, s390x, loongarch64

  /// The architecture that this program was built for, if KVM exists there.
  package static var host: Architecture? {
    #if arch(x86_64)
      .x86_64
    #elseif arch(arm64)
      .arm64
    #elseif arch(riscv64)
      .riscv64
    #elseif arch(powerpc64le)
      .ppc64
    #elseif arch(s390x)
      .s390x
    #elseif arch(loongarch64)
      .loongarch64
    #else
      nil
    #endif
  }

  /// Whether integers in memory, and so in payloads, start with their most significant byte.
  package var isBigEndian: Bool { self == .s390x }
}
