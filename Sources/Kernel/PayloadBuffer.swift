import Glibc

/// Memory for one payload at a time, which ends where a page begins that nobody can touch.
///
/// How much the kernel reads or writes at an attribute's pointer is the attribute's business. Where a plan's payload is
/// shorter than that (raw bytes can be), the kernel runs into the page and answers EFAULT, and nothing of ours is
/// overwritten.
// SAFETY: the mapping is this buffer's own, and every access is checked against its size.
@safe struct PayloadBuffer: ~Copyable {
  private let base: UnsafeMutableRawPointer
  /// In bytes, a multiple of the page size; the untouchable page comes behind it.
  private let size: Int
  private let pageSize: Int

  /// - Parameter size: of the largest payload, in bytes.
  init(size: Int) {
    pageSize = sysconf(Int32(_SC_PAGESIZE))
    let room = (size + pageSize - 1) / pageSize * pageSize
    self.size = room
    // SAFETY: a fresh mapping, unmapped in `deinit` alone; its last page stays untouchable.
    let mapping = unsafe mmap(nil, room + pageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let isWritable = unsafe mapping != MAP_FAILED && (room == 0 || mprotect(mapping, room, PROT_READ | PROT_WRITE) == 0)
    guard isWritable, let base = unsafe mapping else { preconditionFailure("no memory for \(size) bytes of payload") }
    unsafe self.base = base
  }

  deinit {
    // SAFETY: as mapped in `init`.
    _ = unsafe munmap(base, size + pageSize)
  }

  /// Where a payload of `size` bytes begins, so that it ends at the page.
  func start(size: Int) -> UnsafeMutableRawPointer {
    precondition(size <= self.size, "a payload that the plan does not have")
    // SAFETY: inside the mapping.
    return unsafe base + (self.size - size)
  }

  func contents(_ count: Int) -> [UInt8] {
    // SAFETY: the last `count` bytes before the page, which `start` checks.
    unsafe Array(UnsafeRawBufferPointer(start: start(size: count), count: count))
  }
}
