/// A Linux errno, with the number that it has on every architecture with KVM.
package struct Errno: Error, Hashable, Sendable {
  package var rawValue: Int32

  package init(rawValue: Int32) { self.rawValue = rawValue }
}

extension Errno: CustomStringConvertible {
  /// Creates an errno from a name such as `EINVAL`; nil if the name is unknown.
  package init?(name: String) {
    guard let number = Self.numbers[name] else { return nil }
    self.init(rawValue: number)
  }

  /// The name, such as `EINVAL`; `errno 524` for one without a name.
  package var description: String { Self.names[rawValue] ?? "errno \(rawValue)" }

  /// Whether the number is that of an errno with a name.
  package var hasName: Bool { Self.names[rawValue] != nil }

  /// Every name, in the order of the numbers.
  package static var allNames: [String] { table.map(\.0) }

  private static let numbers = Dictionary(table.map { ($0.0, $0.1) }, uniquingKeysWith: { a, _ in a })
  private static let names = Dictionary(table.map { ($0.1, $0.0) }, uniquingKeysWith: { a, _ in a })

  /// From include/uapi/asm-generic/errno-base.h and errno.h. If two names share a number, the usual one is first.
  private static let table: [(String, Int32)] = [
    ("EPERM", 1), ("ENOENT", 2), ("ESRCH", 3), ("EINTR", 4), ("EIO", 5), ("ENXIO", 6), ("E2BIG", 7), ("ENOEXEC", 8),
    ("EBADF", 9), ("ECHILD", 10), ("EAGAIN", 11), ("EWOULDBLOCK", 11), ("ENOMEM", 12), ("EACCES", 13), ("EFAULT", 14),
    ("ENOTBLK", 15), ("EBUSY", 16), ("EEXIST", 17), ("EXDEV", 18), ("ENODEV", 19), ("ENOTDIR", 20), ("EISDIR", 21),
    ("EINVAL", 22), ("ENFILE", 23), ("EMFILE", 24), ("ENOTTY", 25), ("ETXTBSY", 26), ("EFBIG", 27), ("ENOSPC", 28),
    ("ESPIPE", 29), ("EROFS", 30), ("EMLINK", 31), ("EPIPE", 32), ("EDOM", 33), ("ERANGE", 34), ("EDEADLK", 35),
    ("ENAMETOOLONG", 36), ("ENOLCK", 37), ("ENOSYS", 38), ("ENOTEMPTY", 39), ("ELOOP", 40), ("ENODATA", 61),
    ("ETIME", 62), ("ENOLINK", 67), ("EPROTO", 71), ("EBADMSG", 74), ("EOVERFLOW", 75), ("EBADFD", 77),
    ("EILSEQ", 84), ("ENOTSOCK", 88), ("EPROTOTYPE", 91), ("EPROTONOSUPPORT", 93), ("EOPNOTSUPP", 95),
    ("ENOTSUP", 95), ("EADDRINUSE", 98), ("EADDRNOTAVAIL", 99), ("ENOBUFS", 105), ("EISCONN", 106),
    ("ENOTCONN", 107), ("ETIMEDOUT", 110), ("ECONNREFUSED", 111), ("EHOSTUNREACH", 113), ("EALREADY", 114),
    ("EINPROGRESS", 115), ("ESTALE", 116), ("EREMOTEIO", 121), ("EDQUOT", 122), ("ECANCELED", 125),
    ("EOWNERDEAD", 130), ("ENOTRECOVERABLE", 131), ("EHWPOISON", 133),
  ]
}
