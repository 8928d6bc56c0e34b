import ArgumentParser
import Diagnostics
import Glibc
import Reporting
import Synchronization
import Vocabulary
import Workspace

/// The output of the program: results go to standard output, messages to standard error.
enum Output {
  static func result(_ text: String) { write(text, to: STDOUT_FILENO) }
  static func message(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Prints an error of the command line or of the program, which has no place in a file and no id.
  static func error(_ message: String) {
    var text = ""
    TextRenderer(color: hasColor(STDERR_FILENO)).renderError(message, into: &text)
    Self.message(text)
  }

  private static let hasLostResults = Mutex(false)

  /// Ends the program. The status is at least 73 if results could not be written.
  static func exit(_ status: ExitCode) -> Never {
    let least = hasLostResults.withLock { $0 } ? Status.cannotCreate.rawValue : 0
    Glibc.exit(max(status.rawValue, least))
  }

  /// Opens `/dev/null` for each standard stream that is closed, so that a file that is opened later does not get its
  /// descriptor. Using such a stream still fails: standard input is opened for writing, the other two for reading.
  static func reserveStandardStreams() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // SAFETY: the path is a constant.
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Sets the colour choice for all streams.
  static func choose(_ choice: ColorChoice) { colorChoice.withLock { $0 = choice } }

  private static let colorChoice = Mutex(ColorChoice.auto)

  /// Whether a stream shows colours, as the command line chose. With `auto`, it does if it is a terminal and NO_COLOR
  /// is unset or empty.
  static func hasColor(_ descriptor: Int32) -> Bool {
    switch colorChoice.withLock({ $0 }) {
    case .always: return true
    case .never: return false
    case .auto: break
    }
    // SAFETY: only the first byte of the variable is read, before anything can change it.
    let isWanted = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
    return isWanted && isatty(descriptor) == 1
  }

  /// The number of columns of the terminal that results go to; nil if they go elsewhere.
  static var width: Int? {
    var size = winsize()
    // SAFETY: `size` lives throughout the call.
    guard isatty(STDOUT_FILENO) == 1, unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  static func print(_ diagnostics: [Diagnostic], to descriptor: Int32) {
    var text = ""
    TextRenderer(color: hasColor(descriptor)).render(diagnostics, into: &text)
    write(text, to: descriptor)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let status = write(Array(text.utf8), to: descriptor)
    // EPIPE is not an error: the reader has all it needs.
    guard descriptor == STDOUT_FILENO, status != 0, status != EPIPE else { return }
    let isFirst = hasLostResults.withLock { isLost in
      defer { isLost = true }
      return !isLost
    }
    if isFirst { print(unwritable("standard output", status).diagnostics, to: STDERR_FILENO) }
  }

  /// - Returns: 0 or an errno.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
      // SAFETY: the range is inside the buffer, which lives throughout the call.
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // SAFETY: `ready` is one element, and lives throughout the call.
        _ = unsafe poll(&ready, 1, -1)
        continue
      }
      if count < 0 { return errno }
      done += count
    }
    return 0
  }

  /// Writes a file as a whole: an existing file stays unchanged until the new one is complete.
  ///
  /// - Parameter path: the file, or `-` for standard output. A pipe or a device is written to directly.
  /// - Throws: an error of the kind `unwritable`.
  static func write(_ bytes: [UInt8], toFile path: String) throws(DiagnosticsError) {
    var status: Int32
    var info = stat()
    // SAFETY: paths and `info` live throughout the calls.
    if path == "-" {
      status = write(bytes, to: STDOUT_FILENO)
    } else if unsafe stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG {
      status = create(bytes, path, O_WRONLY)
    } else {
      // The draft is hidden from programs that read every file of a folder.
      let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
      let draft = "\(path[..<name]).\(path[name...]).\(getpid())"
      status = holdingSignals {
        var status = create(bytes, draft, O_WRONLY | O_CREAT | O_EXCL)
        if status == 0, unsafe rename(draft, path) != 0 { status = errno }
        if status != 0 { unsafe unlink(draft) }
        return status
      }
    }
    if status != 0 { throw unwritable(path == "-" ? "standard output" : path, status) }
  }

  /// Replaces the content of a regular file as a whole, and keeps its permissions. If the path is a symbolic link, the
  /// file that it leads to is replaced.
  ///
  /// - Throws: an error of the kind `unwritable`. The file is unchanged in that case.
  static func rewrite(_ bytes: [UInt8], _ path: String) throws(DiagnosticsError) {
    var info = stat()
    // SAFETY: paths and `info` live throughout the calls; realpath() allocates its result, which is copied and freed.
    guard let resolved = unsafe realpath(path, nil) else { throw unwritable(path, errno) }
    let target = unsafe String(cString: resolved)
    unsafe free(resolved)
    // rename() needs no permission to write to the file itself, so that is checked here.
    guard unsafe stat(target, &info) == 0, unsafe access(target, W_OK) == 0 else {
      throw unwritable(path, errno)
    }
    guard info.st_mode & S_IFMT == S_IFREG else { throw .unwritable(path, "it is not a regular file") }
    let draft = "\(target).\(getpid())"
    let status = holdingSignals {
      var status = create(bytes, draft, O_WRONLY | O_CREAT | O_EXCL)
      if status == 0, unsafe chmod(draft, info.st_mode & 0o7777) != 0 { status = errno }
      if status == 0, unsafe rename(draft, target) != 0 { status = errno }
      if status != 0 { unsafe unlink(draft) }
      return status
    }
    if status != 0 { throw unwritable(path, status) }
  }

  /// Delays the signals that would end the program until a body has returned, so that no draft is left behind. A file
  /// that exceeds the size limit is an error of write() meanwhile, and not a signal.
  private static func holdingSignals(_ body: () -> Int32) -> Int32 {
    var (all, old) = (sigset_t(), sigset_t())
    // SAFETY: the sets live throughout the calls.
    unsafe sigfillset(&all)
    // A signal is not ignored while it is blocked.
    unsafe sigdelset(&all, SIGXFSZ)
    unsafe pthread_sigmask(SIG_BLOCK, &all, &old)
    let handler = signal(SIGXFSZ, SIG_IGN)
    defer {
      _ = signal(SIGXFSZ, handler)
      unsafe pthread_sigmask(SIG_SETMASK, &old, nil)
    }
    return body()
  }

  private static func create(_ bytes: [UInt8], _ path: String, _ flags: Int32) -> Int32 {
    // SAFETY: the path lives throughout the call.
    let descriptor = unsafe open(path, flags | O_CLOEXEC, 0o666)
    if descriptor < 0 { return errno }
    let status = write(bytes, to: descriptor)
    return close(descriptor) == 0 || status != 0 ? status : errno
  }

  /// - Parameter status: an errno.
  private static func unwritable(_ path: String, _ status: Int32) -> DiagnosticsError {
    .unwritable(path, Errno(rawValue: status).text)
  }
}
