import Glibc

/// Runs another program and waits for it.
enum ChildProcess {
  /// The exit status and the output of a program.
  struct Result {
    /// The exit status, or 128 plus the signal's number if a signal ended the program.
    var status: Int32
    /// Standard output and standard error, in the order in which they were written.
    var output: [UInt8]
  }

  /// Finds a program in PATH, runs it without input and waits for its end.
  ///
  /// - Parameter directory: holds the output while the program runs.
  /// - Returns: nil if there is no such program, or it cannot be started.
  static func run(_ arguments: [String], in directory: borrowing TemporaryDirectory) -> Result? {
    let output = directory.path(of: "output")
    // SAFETY: the object is created, used and destroyed here; the strings live until the call has returned.
    var actions = unsafe posix_spawn_file_actions_t()
    guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    guard unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0,
      unsafe posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600) == 0,
      unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2) == 0
    else { return nil }
    var process: pid_t = 0
    // SAFETY: the array is null-terminated and its strings are freed once the program has been started.
    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    guard unsafe posix_spawnp(&process, arguments[0], &actions, nil, &words, environ) == 0 else { return nil }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      if errno != EINTR { return nil }
    }
    let ended = status & 0x7f == 0
    let code = ended ? status >> 8 & 0xff : 128 + (status & 0x7f)
    // 127: a process was started, but the program was not found.
    return code == 127 ? nil : Result(status: code, output: directory.read("output") ?? [])
  }
}

/// A directory for a few small files, which is removed with its owner.
struct TemporaryDirectory: ~Copyable {
  private let directory: String

  /// - Returns: nil if no directory can be created.
  init?() {
    // SAFETY: getenv's string is copied at once; mkdtemp writes within the array, which ends with a zero.
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/kvmconf-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { return nil }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // SAFETY: the paths are C strings for the time of the calls.
    for name in ["output", "input.c", "output.o"] { _ = unsafe unlink(path(of: name)) }
    _ = unsafe rmdir(directory)
  }

  func path(of name: String) -> String { "\(directory)/\(name)" }

  /// Writes a file. Returns false on failure.
  func write(_ text: String, to name: String) -> Bool {
    // SAFETY: the path is a C string for the time of the call.
    let descriptor = unsafe open(path(of: name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // SAFETY: the kernel reads as many bytes as the buffer has.
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// The bytes of a file; nil if there is none.
  func read(_ name: String) -> [UInt8]? { FileText.read(path(of: name)) }
}

/// Files as bytes.
enum FileText {
  /// The bytes of a file; nil if it cannot be read.
  static func read(_ path: String) -> [UInt8]? {
    // SAFETY: the path is a C string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      // SAFETY: the kernel writes at most as many bytes as the buffer has.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
