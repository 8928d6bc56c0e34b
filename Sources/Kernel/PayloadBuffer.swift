import Glibc

/// Memory for one payload at a time, which ends where an inaccessible page begins.
///
/// The attribute decides how much the kernel reads or writes at the pointer. If a plan's payload is shorter than that
/// (raw bytes can be), the kernel reaches the page and answers EFAULT, and none of our memory is overwritten.
// SAFETY: this buffer owns the mapping, and every access is checked against its size.
@safe struct PayloadBuffer: ~Copyable {
  private let base: UnsafeMutableRawPointer
  /// The size in bytes, a multiple of the page size. The inaccessible page follows.
  private let size: Int
  private let pageSize: Int

  /// - Parameter size: the size of the largest payload, in bytes.
  init(size: Int) {
    pageSize = sysconf(Int32(_SC_PAGESIZE))
    let room = (size + pageSize - 1) / pageSize * pageSize
    self.size = room
    // SAFETY: a fresh mapping, unmapped only in `deinit`; its last page stays inaccessible.
    let mapping = unsafe mmap(nil, room + pageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let isWritable = unsafe mapping != MAP_FAILED && (room == 0 || mprotect(mapping, room, PROT_READ | PROT_WRITE) == 0)
    guard isWritable, let base = unsafe mapping else { preconditionFailure("no memory for \(size) bytes of payload") }
    unsafe self.base = base
  }

  deinit {
    // SAFETY: as mapped in `init`.
    _ = unsafe munmap(base, size + pageSize)
  }

  /// The start of a payload of `size` bytes that ends at the inaccessible page.
  func start(size: Int) -> UnsafeMutableRawPointer {
    precondition(size <= self.size, "a payload that the plan does not have")
    // SAFETY: inside the mapping.
    return unsafe base + (self.size - size)
  }

  func contents(_ count: Int) -> [UInt8] {
    // SAFETY: the last `count` bytes before the page; `start` checks the count.
    unsafe Array(UnsafeRawBufferPointer(start: start(size: count), count: count))
  }
}
