/// An architecture with KVM, by its name in this project. All of them are 64-bit.
package enum Architecture: String, Hashable, Sendable, CaseIterable {
  case arm64, x86_64, riscv64, ppc64, s390x, loongarch64

  /// The names of all architectures.
  package static var names: [String] { allCases.map(\.rawValue) }

  /// Finds an architecture by its name here, in another program, in a distribution or in the kernel's `arch/`.
  package init?(alias name: String) {
    guard let architecture = Self.allCases.first(where: { $0.rawValue == name || $0.facts.aliases.contains(name) })
    else { return nil }
    self = architecture
  }

  /// The architecture that this program was built for, if it has KVM.
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
  package var isBigEndian: Bool { facts.isBigEndian }

  /// The folders below `/usr/include` in which distributions keep the `asm/` of this architecture.
  package var triplets: [String] { facts.triplets }

  /// The macro that guards the architecture's uapi header `asm/kvm.h`.
  package var headerGuard: String { facts.headerGuard }

  /// Advice for a machine of this architecture without `/dev/kvm`.
  package var kvmAdvice: String { facts.kvmAdvice }
}

/// The differences between architectures.
private struct ArchitectureFacts {
  /// The names of `uname -m`, QEMU, Debian and the kernel's `arch/`, if they differ from ours.
  var aliases: [String]
  var triplets: [String]
  var headerGuard: String
  var isBigEndian = false
  var kvmAdvice: String
}

extension Architecture {
  private var facts: ArchitectureFacts {
    switch self {
    case .arm64:
      ArchitectureFacts(
        aliases: ["aarch64"], triplets: ["aarch64-linux-gnu"], headerGuard: "__ARM_KVM_H__",
        kvmAdvice: "the kernel needs CONFIG_KVM and a boot at EL2 (inside a VM: nested virtualization on its host)")
    case .x86_64:
      ArchitectureFacts(
        aliases: ["x86-64", "amd64", "x86"], triplets: ["x86_64-linux-gnu"], headerGuard: "_ASM_X86_KVM_H",
        kvmAdvice: "load the module kvm_intel or kvm_amd, after enabling virtualization in the firmware "
          + "(inside a VM: nested virtualization on its host)")
    case .riscv64:
      ArchitectureFacts(
        aliases: ["riscv"], triplets: ["riscv64-linux-gnu"], headerGuard: "__LINUX_KVM_RISCV_H",
        kvmAdvice: "load the module kvm; the machine needs the hypervisor extension (H)")
    case .ppc64:
      ArchitectureFacts(
        aliases: ["ppc64le", "ppc64el", "powerpc", "powerpc64", "powerpc64le"],
        triplets: ["powerpc64le-linux-gnu", "powerpc64-linux-gnu"],
        headerGuard: "__LINUX_KVM_POWERPC_H", kvmAdvice: "load the module kvm_hv")
    case .s390x:
      ArchitectureFacts(
        aliases: ["s390"], triplets: ["s390x-linux-gnu"], headerGuard: "__LINUX_KVM_S390_H", isBigEndian: true,
        kvmAdvice: "load the module kvm")
    case .loongarch64:
      ArchitectureFacts(
        aliases: ["loongarch", "loong64"], triplets: ["loongarch64-linux-gnu"],
        headerGuard: "__UAPI_ASM_LOONGARCH_KVM_H", kvmAdvice: "load the module kvm")
    }
  }
}
