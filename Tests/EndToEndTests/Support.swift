import Dispatch
import Glibc
import TestSupport
import Testing

/// The results of a program that has ended.
struct Ended: Sendable {
  var output: String
  var errors: String
  /// The exit status; nil if a signal ended the program.
  var status: Int32?
  var signal: Int32?
}

/// The program under test: KVMCONF of the environment, or the program built next to this test bundle.
let program: String = {
  if let path = environment("KVMCONF") { return path }
  var buffer = [CChar](repeating: 0, count: 4096)
  // SAFETY: readlink writes at most as many bytes as the buffer has.
  let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
  precondition(length > 0, "/proc cannot be read")
  let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return own[...(own.lastIndex(of: "/") ?? own.startIndex)] + "kvmconf"
}()

/// Runs kvmconf in the repository's folder.
func kvmconf(_ arguments: String..., input: String = "", in folder: String = repository) async -> Ended {
  await run(program, arguments, input: input, in: folder)
}

/// Runs a program to its end.
func run(_ program: String, _ arguments: [String], input: String = "", in folder: String = repository) async -> Ended {
  await Running(program, arguments, input: input, in: folder).ended()
}

/// Runs a program to its end and blocks meanwhile, for conditions of tests, which are evaluated once.
func runBlocking(_ program: String, _ arguments: [String], input: String = "") -> Ended {
  Running(program, arguments, input: input).end()
}

/// A program that runs.
struct Running: Sendable {
  private(set) var id: pid_t = 0
  private let files: String

  /// - Parameter output: the descriptor for standard output; nil for a temporary file.
  init(
    _ program: String, _ arguments: [String], input: String = "", in folder: String = repository, output: Int32? = nil
  ) {
    files = temporaryFolder()
    write(input, toFile: files + "/in")
    // SAFETY: a plain struct, which the next call fills.
    var actions = unsafe posix_spawn_file_actions_t()
    // SAFETY: the actions are created, filled and destroyed here; the strings live throughout the calls.
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, files + "/in", O_RDONLY, 0)
    if let output {
      unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 1, files + "/out", O_WRONLY | O_CREAT, 0o600)
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 2, files + "/err", O_WRONLY | O_CREAT, 0o600)
    // A shell changes to the folder and then executes the program.
    let words = ["sh", "-c", "cd \"$0\" && exec \"$@\"", folder, program] + arguments
    var strings = unsafe words.map { unsafe strdup($0) } + [nil]
    // Signals have their defaults, as at a terminal: test threads block them, and the parent may ignore some.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    for number in [SIGINT, SIGTERM, SIGPIPE] { unsafe sigaddset(&defaults, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let failure = unsafe posix_spawnp(&id, "sh", &actions, &attributes, &strings, environ)
    unsafe posix_spawnattr_destroy(&attributes)
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe strings.forEach { unsafe free($0) }
    precondition(failure == 0, "there is no shell")
  }

  /// Waits for the end on a separate thread: test threads are few, and other tests need them.
  func ended() async -> Ended {
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "waiting for \(id)").async { continuation.resume(returning: end()) }
    }
  }

  /// Waits for the end.
  fileprivate func end() -> Ended {
    var status: Int32 = 0
    // SAFETY: `status` lives throughout the call.
    while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    let ended = Ended(
      output: text(ofFile: files + "/out") ?? "", errors: text(ofFile: files + "/err") ?? "",
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : nil, signal: status & 0x7F == 0 ? nil : status & 0x7F)
    remove(files)
    return ended
  }

  /// Whether the program has ended and is a zombie.
  var isOver: Bool { text(ofFile: "/proc/\(id)/status")?.contains("\nState:\tZ") ?? true }

  /// Whether the program has started and has installed its handler for SIGINT.
  var catchesInterrupts: Bool {
    guard text(ofFile: "/proc/\(id)/comm") == program.split(separator: "/").last.map({ $0.prefix(15) + "\n" }) else {
      return false
    }
    let line = (text(ofFile: "/proc/\(id)/status") ?? "").split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
    let mask = line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
    return mask & 1 << UInt64(SIGINT - 1) != 0
  }
}

/// The lines of a result that report a problem.
func problems(_ text: String) -> [Substring] {
  text.split(separator: "\n").filter { $0.contains(": error: ") || $0.contains(": warning: ") }
}

/// Runs a body with a temporary folder, which is removed afterwards.
func withFolder(_ body: (String) async throws -> Void) async rethrows {
  let folder = temporaryFolder()
  defer { remove(folder) }
  try await body(folder)
}

/// The architecture of this machine, by its name in manifests; nil if it has no KVM.
let hostArchitecture: String? = {
  #if arch(x86_64)
    "x86_64"
  #elseif arch(arm64)
    "arm64"
  #else
    nil
  #endif
}()

/// Whether `apply` can use this machine's KVM.
let kvmIsUsable: Bool = {
  guard let hostArchitecture else { return false }
  return runBlocking(
    program, ["apply", "-"], input: "kvmconf: 1\narch: \(hostArchitecture)\nsteps: [{create-vm: {}}]\n"
  ).status == 0
}()

// MARK: JSON

/// A JSON value, for tests to look at.
enum JSONValue: Equatable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  subscript(key: String) -> JSONValue? { if case .object(let object) = self { object[key] } else { nil } }
  subscript(index: Int) -> JSONValue? {
    if case .array(let array) = self, array.indices.contains(index) { array[index] } else { nil }
  }
  var array: [JSONValue]? { if case .array(let array) = self { array } else { nil } }
  var string: String? { if case .string(let string) = self { string } else { nil } }
  var number: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
  var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

  /// Nil if the text is not exactly one JSON value.
  init?(_ text: some StringProtocol) {
    var reader = JSONReader(rest: Array(text.utf8)[...])
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = value
  }
}

/// A strict reader of RFC 8259.
private struct JSONReader {
  var rest: ArraySlice<UInt8>

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  private mutating func skipSpace() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

  private mutating func take(_ text: String) -> Bool {
    guard rest.starts(with: text.utf8) else { return false }
    rest = rest.dropFirst(text.utf8.count)
    return true
  }

  mutating func value(depth: Int) -> JSONValue? {
    guard depth < 100 else { return nil }
    skipSpace()
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("\"") { return string().map { .string($0) } }
    if take("[") { return list(closedBy: "]") { $0.value(depth: depth + 1) }.map { .array($0) } }
    if take("{") {
      let entries = list(closedBy: "}") { reader -> (String, JSONValue)? in
        reader.skipSpace()
        guard reader.take("\""), let key = reader.string() else { return nil }
        reader.skipSpace()
        guard reader.take(":"), let value = reader.value(depth: depth + 1) else { return nil }
        return (key, value)
      }
      guard let entries, Set(entries.map(\.0)).count == entries.count else { return nil }
      return .object(Dictionary(uniqueKeysWithValues: entries))
    }
    return number()
  }

  private mutating func list<Item>(closedBy end: String, _ item: (inout JSONReader) -> Item?) -> [Item]? {
    var items: [Item] = []
    skipSpace()
    if take(end) { return items }
    while let next = item(&self) {
      items.append(next)
      skipSpace()
      if take(end) { return items }
      guard take(",") else { return nil }
    }
    return nil
  }

  private mutating func string() -> String? {
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return String(validating: bytes, as: UTF8.self) }
      guard byte >= 0x20 else { return nil }
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      guard let escape = rest.popFirst() else { return nil }
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "u"):
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
          return nil
        }
        bytes += Array(String(Character(scalar)).utf8)
        rest = rest.dropFirst(4)
      default: return nil
      }
    }
    return nil
  }

  private mutating func number() -> JSONValue? {
    let digits = rest.prefix { (0x30...0x39).contains($0) || [0x2D, 0x2B, 0x2E, 0x65, 0x45].contains($0) }
    let text = String(decoding: digits, as: UTF8.self)
    guard text.wholeMatch(of: #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/#) != nil else { return nil }
    rest = rest.dropFirst(digits.count)
    return .number(text)
  }
}
