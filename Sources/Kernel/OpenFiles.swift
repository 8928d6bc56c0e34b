import DevicePlan
import Glibc

/// The files that a plan's payloads name, open as long as this lives.
struct OpenFiles: ~Copyable {
  /// By the plan's index of the file.
  private let descriptors: [Int32]

  /// Opens every file for reading and writing, or for reading alone where the other is refused.
  init(_ files: [PlanFile]) throws(KernelHost.Unavailable) {
    var descriptors: [Int32] = []
    for file in files {
      switch open(file.path) {
      case .success(let descriptor): descriptors.append(descriptor)
      case .failure(let error):
        for descriptor in descriptors { close(descriptor) }
        throw .cannotOpen(file, error)
      }
    }
    self.descriptors = descriptors
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }

  /// The payload of an operation, with the descriptors that belong into it.
  func filled(_ operation: DevicePlan.Operation) -> [UInt8] {
    var payload = operation.payload
    if case .bytes(_, let slots) = operation.attributeCall?.data {
      for slot in slots {
        payload.replaceSubrange(slot.offset..<slot.offset + 4, with: nativeBytes(descriptors[slot.file]))
      }
    }
    return payload
  }
}

/// Opens a file for reading and writing, or for reading alone where the other is refused.
private func open(_ path: String) -> Result<Int32, Errno> {
  var refusal = Errno(rawValue: 0)
  for mode in [O_RDWR, O_RDONLY] {
    // SAFETY: the path is a C string throughout the call.
    let descriptor = unsafe Glibc.open(path, mode | O_CLOEXEC | O_NOCTTY)
    if descriptor >= 0 { return .success(descriptor) }
    refusal = Errno(rawValue: errno)
    guard [EACCES, EPERM, EROFS, EISDIR, ETXTBSY].contains(refusal.rawValue) else { break }
  }
  return .failure(refusal)
}
