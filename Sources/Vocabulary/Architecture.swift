/// An architecture with KVM, by its name in this project. All of them are 64-bit but ppc, whose KVM is that of the e500.
package enum Architecture: String, Hashable, Sendable, CaseIterable {
  case arm64, x86_64, riscv64, ppc64, s390x, loongarch64, ppc

  /// The names of all architectures.
  package static var names: [String] { allCases.map(\.rawValue) }

  /// Finds an architecture by its name here, in `uname -m`, QEMU or Debian, or in the kernel's `arch/`. `powerpc` is Debian's
  /// name of ppc; the kernel's folder of this name is that of both Power architectures.
  package init?(alias name: String) {
    switch name {
    case "aarch64": self = .arm64
    case "x86-64", "amd64", "x86": self = .x86_64
    case "riscv": self = .riscv64
    case "ppc64le", "ppc64el", "powerpc64", "powerpc64le": self = .ppc64
    case "s390": self = .s390x
    case "loongarch", "loong64": self = .loongarch64
    case "powerpc": self = .ppc
    default: self.init(rawValue: name)
    }
  }

  /// The architectures that a name can mean in a manifest: `powerpc` is used for both Power architectures.
  package static func meant(by name: String) -> [Architecture] {
    name == "powerpc" ? [.ppc64, .ppc] : Architecture(alias: name).map { [$0] } ?? []
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
  package var isBigEndian: Bool { self == .s390x || self == .ppc }

  /// The size of C's `long` in bytes.
  package var wordSize: Int { self == .ppc ? 4 : 8 }

  /// The number of a request of ioctl(), as the macros `_IO`, `_IOW`, `_IOR` and `_IOWR` compute it.
  ///
  /// - Parameters:
  ///   - isRead: whether the kernel reads the struct.
  ///   - isWritten: whether the kernel writes it.
  ///   - size: the size of the struct in bytes.
  package func request(type: UInt8, number: UInt8, isRead: Bool, isWritten: Bool, size: Int) -> UInt32 {
    // On powerpc "no direction" has a bit of its own.
    let direction: UInt32 =
      self == .ppc64 || self == .ppc
      ? (isRead ? 4 << 29 : 0) | (isWritten ? 2 << 29 : 0) | (isRead || isWritten ? 0 : 1 << 29)
      : (isRead ? 1 << 30 : 0) | (isWritten ? 2 << 30 : 0)
    return direction | UInt32(size) << 16 | UInt32(type) << 8 | UInt32(number)
  }

  /// The folders below `/usr/include` in which distributions keep the `asm/` of this architecture.
  package var triplets: [String] { facts.triplets }

  /// The macro that guards the architecture's uapi header `asm/kvm.h`.
  package var headerGuard: String { facts.headerGuard }

  /// Advice for a machine of this architecture without `/dev/kvm`.
  package var kvmAdvice: String { facts.kvmAdvice }
}

/// The differences between architectures.
private struct ArchitectureFacts {
  var triplets: [String]
  var headerGuard: String
  var kvmAdvice: String
}

extension Architecture {
  private var facts: ArchitectureFacts {
    switch self {
    case .arm64:
      ArchitectureFacts(
        triplets: ["aarch64-linux-gnu"], headerGuard: "__ARM_KVM_H__",
        kvmAdvice: "the kernel needs CONFIG_KVM and a boot at EL2 (inside a VM: nested virtualization on its host)")
    case .x86_64:
      ArchitectureFacts(
        triplets: ["x86_64-linux-gnu"], headerGuard: "_ASM_X86_KVM_H",
        kvmAdvice: "load the module kvm_intel or kvm_amd, after enabling virtualization in the firmware "
          + "(inside a VM: nested virtualization on its host)")
    case .riscv64:
      ArchitectureFacts(
        triplets: ["riscv64-linux-gnu"], headerGuard: "__LINUX_KVM_RISCV_H",
        kvmAdvice: "load the module kvm; the machine needs the hypervisor extension (H)")
    case .ppc64:
      ArchitectureFacts(
        triplets: ["powerpc64le-linux-gnu", "powerpc64-linux-gnu"],
        headerGuard: "__LINUX_KVM_POWERPC_H", kvmAdvice: "load the module kvm_hv")
    case .s390x:
      ArchitectureFacts(
        triplets: ["s390x-linux-gnu"], headerGuard: "__LINUX_KVM_S390_H",
        kvmAdvice: "load the module kvm")
    case .loongarch64:
      ArchitectureFacts(
        triplets: ["loongarch64-linux-gnu"],
        headerGuard: "__UAPI_ASM_LOONGARCH_KVM_H", kvmAdvice: "load the module kvm")
    case .ppc:
      ArchitectureFacts(
        triplets: ["powerpc-linux-gnu"], headerGuard: "__LINUX_KVM_POWERPC_H",
        kvmAdvice: "the kernel needs CONFIG_KVM_E500V2 or CONFIG_KVM_E500MC")
    }
  }
}
