import DevicePlan
import Diagnostics
import Glibc
import Vocabulary

/// Why a plan cannot be run on this machine's kernel. No call has been made.
extension DiagnosticsError {
  static func otherArchitecture(_ plan: Architecture, here: Architecture?) -> Self {
    let host = here.map { "this host is \($0.rawValue)" } ?? "this host has no KVM"
    let message = "this manifest is for \(plan.rawValue) and \(host); `--on model` rehearses it"
    return Self(.unavailable, [.error("other-architecture", message, at: nil)])
  }

  static func noKVM(_ path: String, _ error: Errno, _ architecture: Architecture) -> Self {
    let message =
      switch error.rawValue {
      case ENOENT, ENODEV, ENXIO: "there is no \(path): \(architecture.kvmAdvice)"
      case EACCES where !isForGroup(path), EPERM where !isForGroup(path):
        "only root may open \(path): give it to the group kvm "
          + "(`sudo chgrp kvm \(path) && sudo chmod 0660 \(path)`), and be a member of that group"
      case EACCES, EPERM:
        "this user may not open \(path): add yourself to the group kvm (`sudo usermod -aG kvm $USER`) "
          + "and log in again"
      case ENOTTY, EISDIR: "\(path) is not KVM's device; it should be /dev/kvm"
      case EPROTO:
        "the kernel of \(path) does not support version 12 of the KVM API; run Linux 2.6.22 or later"
      default: "\(path) cannot be opened: \(error)"
      }
    return Self(.unavailable, [.error("no-kvm", message, at: nil)])
  }

  static func cannotOpen(_ file: PlanFile, _ error: Errno) -> Self {
    let message =
      switch error.rawValue {
      case ENOENT: "there is no file \(file.path)"
      case EACCES, EPERM: "this user may not open \(file.path); change its owner or its mode"
      case EBUSY: "\(file.path) is in use by another process; stop that process first"
      default: "\(file.path) cannot be opened: \(error)"
      }
    return Self(.unreadable, [.error("cannot-open", message, at: file.at)])
  }
}

/// Whether the members of a group other than root's may open a file.
private func isForGroup(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: the path and `info` live throughout the call.
  guard unsafe stat(path, &info) == 0 else { return true }
  return info.st_gid != 0 && info.st_mode & 0o060 == 0o060
}
