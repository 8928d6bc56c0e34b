import Vocabulary

/// The sentences that C libraries print for an errno: strerror(), perror(), `%m`.
enum ErrnoText {
  /// The text of glibc, then that of musl if it differs.
  static let table: [(name: String, texts: [String])] = [
    ("EPERM", ["Operation not permitted"]), ("ENOENT", ["No such file or directory"]),
    ("ESRCH", ["No such process"]), ("EINTR", ["Interrupted system call"]),
    ("EIO", ["Input/output error", "I/O error"]), ("ENXIO", ["No such device or address"]),
    ("E2BIG", ["Argument list too long"]), ("ENOEXEC", ["Exec format error"]),
    ("EBADF", ["Bad file descriptor"]), ("ECHILD", ["No child processes", "No child process"]),
    ("EAGAIN", ["Resource temporarily unavailable"]), ("ENOMEM", ["Cannot allocate memory", "Out of memory"]),
    ("EACCES", ["Permission denied"]), ("EFAULT", ["Bad address"]),
    ("EBUSY", ["Device or resource busy", "Resource busy"]), ("EEXIST", ["File exists"]),
    ("EXDEV", ["Invalid cross-device link", "Cross-device link"]), ("ENODEV", ["No such device"]),
    ("ENOTDIR", ["Not a directory"]), ("EISDIR", ["Is a directory"]), ("EINVAL", ["Invalid argument"]),
    ("ENFILE", ["Too many open files in system"]),
    ("EMFILE", ["Too many open files", "No file descriptors available"]),
    ("ENOTTY", ["Inappropriate ioctl for device", "Not a tty"]), ("EFBIG", ["File too large"]),
    ("ENOSPC", ["No space left on device"]), ("ESPIPE", ["Illegal seek", "Invalid seek"]),
    ("EROFS", ["Read-only file system"]), ("EPIPE", ["Broken pipe"]),
    ("EDOM", ["Numerical argument out of domain", "Domain error"]),
    ("ERANGE", ["Numerical result out of range", "Result not representable"]),
    ("EDEADLK", ["Resource deadlock avoided", "Resource deadlock would occur"]),
    ("ENOSYS", ["Function not implemented"]), ("ENODATA", ["No data available"]), ("ETIME", ["Timer expired"]),
    ("EPROTO", ["Protocol error"]), ("EOVERFLOW", ["Value too large for defined data type"]),
    ("EOPNOTSUPP", ["Operation not supported", "Not supported"]), ("ENOBUFS", ["No buffer space available"]),
    ("ETIMEDOUT", ["Connection timed out"]), ("EALREADY", ["Operation already in progress"]),
    ("ESTALE", ["Stale file handle"]), ("ECANCELED", ["Operation canceled"]),
    ("EHWPOISON", ["Memory page has hardware error"]),
  ]

  /// The text of musl that is also English: it counts only as a whole line, or after the last colon of one.
  private static let endOfLine = (words: "notsupported", name: "EOPNOTSUPP")

  /// The errno whose text is also English, if nothing else follows the last colon of a line.
  static func atEnd(of line: String) -> Errno? {
    let end = line.utf8.split(separator: 0x3A).last ?? []
    return MessageText(end).bytes.elementsEqual(endOfLine.words.utf8) ? Errno(name: endOfLine.name) : nil
  }

  /// The letters of the texts of glibc, then of those of musl. Those of glibc are surer.
  static let phrases: [[(words: String, meaning: Errno)]] = [
    table.map { $0.texts.prefix(1) }, table.map { $0.texts.dropFirst() },
  ]
  .map { texts in
    zip(table, texts).flatMap { entry, texts in
      texts.compactMap { text in
        let words = text.lowercased().filter { $0.isLetter || $0.isNumber }
        return words == endOfLine.words ? nil : Errno(name: entry.name).map { (words, $0) }
      }
    }
  }

  /// A text without the sentences for errnos.
  static func removing(from text: String) -> String {
    var text = text
    for sentence in table.flatMap(\.texts) {
      let lower = text.lowercased()
      guard lower.utf8.count == text.utf8.count, let found = lower.firstRange(of: sentence.lowercased()) else {
        continue
      }
      let start = text.utf8.index(
        text.startIndex, offsetBy: lower.utf8.distance(from: lower.startIndex, to: found.lowerBound))
      let end = text.utf8.index(start, offsetBy: sentence.utf8.count)
      text.removeSubrange(start..<end)
    }
    return text
  }

  /// The text of glibc for an errno.
  static func words(_ errno: Errno) -> String? { table.first { Errno(name: $0.name) == errno }?.texts.first }
}
