import DevicePlan
import Diagnostics
import Glibc
import Vocabulary

extension KernelHost {
  /// Why a plan cannot be run on this machine's kernel; no call has been made.
  package struct Unavailable: Error, Hashable {
    package enum Kind: Hashable, Sendable {
      /// There is no `/dev/kvm`, or none that can be used.
      case noKVM
      /// The plan is for machines of another kind.
      case otherArchitecture
      /// A file of the plan's cannot be opened.
      case file
    }

    package var kind: Kind
    /// One sentence that says what to do.
    package var message: String
    /// Where the manifest names the file, for that kind.
    package var at: SourceRange?

    package init(kind: Kind, message: String, at: SourceRange? = nil) {
      self.kind = kind
      self.message = message
      self.at = at
    }

    /// The same, to be printed among others.
    package var diagnostic: Diagnostic {
      let id: DiagnosticID =
        switch kind {
        case .noKVM: "no-kvm"
        case .otherArchitecture: "other-architecture"
        case .file: "cannot-open"
        }
      return .error(id, message, at: at)
    }
  }
}

extension KernelHost.Unavailable {
  static func otherArchitecture(_ plan: Architecture, here: Architecture?) -> Self {
    let host = here.map { "this host is \($0.rawValue)" } ?? "this host has no KVM"
    return Self(
      kind: .otherArchitecture,
      message: "this manifest is for \(plan.rawValue) and \(host); `--on model` rehearses it")
  }

  static func noKVM(_ path: String, _ error: Errno, _ architecture: Architecture) -> Self {
    let message =
      switch error.rawValue {
      case ENOENT, ENODEV, ENXIO: "there is no \(path): \(architecture.kvmAdvice)"
      case EACCES, EPERM:
        "\(path) may not be opened by this user: add yourself to the group kvm (`sudo usermod -aG kvm $USER`) "
          + "and log in again"
      case ENOTTY, EISDIR: "\(path) is not KVM's device; it should be /dev/kvm"
      case EPROTO:
        "the kernel behind \(path) does not speak version 12 of KVM's API; run a Linux kernel of 2.6.22 or later"
      default: "\(path) cannot be opened: \(error)"
      }
    return Self(kind: .noKVM, message: message)
  }

  static func cannotOpen(_ file: PlanFile, _ error: Errno) -> Self {
    let message =
      switch error.rawValue {
      case ENOENT: "there is no file \(file.path)"
      case EACCES, EPERM: "\(file.path) may not be opened by this user; change its owner or its mode"
      case EBUSY: "\(file.path) is in use by another process; stop that one first"
      default: "\(file.path) cannot be opened: \(error)"
      }
    return Self(kind: .file, message: message, at: file.at)
  }
}
