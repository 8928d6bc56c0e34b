import Diagnostics
import Glibc
import Vocabulary

extension SourceFile {
  /// More than this is not read: the limit of manifests' size, and one byte, which shows that it is passed.
  static let most = 64 << 20 + 1

  /// Reads a file; `-` is standard input.
  ///
  /// - Parameters:
  ///   - stdinName: the path that standard input is taken for; without it, it has no name and is in the working
  ///     directory.
  ///   - isNamedByUser: whether the user named the file: it may be a pipe or a device then. A file that was found in a
  ///     folder, or that another file names, is a regular one.
  package convenience init(
    reading path: String, stdinName: String? = nil, isNamedByUser: Bool = true
  ) throws(DiagnosticsError) {
    let place = path == "-" ? stdinName ?? "<stdin>" : path
    let (bytes, identity) = try Self.content(of: path, isNamedByUser: isNamedByUser)
    self.init(path: place, bytes: bytes, folder: containingFolder(place), identity: identity)
  }

  /// Reads a manifest. What was found in a folder may have become a pipe by now, which is not opened.
  package convenience init(reading path: ManifestPath, stdinName: String? = nil) throws(DiagnosticsError) {
    try self.init(reading: path.value, stdinName: stdinName, isNamedByUser: !path.isFound)
  }

  package static func bytes(of path: String) throws(DiagnosticsError) -> [UInt8] {
    try content(of: path, isNamedByUser: false).bytes
  }

  private static func content(
    of path: String, isNamedByUser: Bool
  ) throws(DiagnosticsError) -> (bytes: [UInt8], identity: FileIdentity) {
    var info = stat()
    // Opening a pipe waits for its writer, which may never come. A regular file of /proc can also make read() wait.
    // SAFETY: the path and `info` live throughout the call.
    let waits = unsafe isNamedByUser && stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
    // SAFETY: the path lives throughout the call.
    let descriptor =
      unsafe path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { throw .unreadable(path, Errno.last.text) }
    defer { close(descriptor) }
    // SAFETY: `info` lives throughout the call.
    guard unsafe fstat(descriptor, &info) == 0 else { throw .unreadable(path, Errno.last.text) }
    if info.st_mode & S_IFMT == S_IFDIR { throw .unreadable(path, "it is a folder") }
    if !isNamedByUser, info.st_mode & S_IFMT != S_IFREG {
      throw .unreadable(path, "it is not a regular file")
    }
    do throws(Errno) {
      return (try bytes(of: descriptor, size: Int(info.st_size), most: most), FileIdentity(info))
    } catch {
      throw .unreadable(path, error.text)
    }
  }

  /// Reads an open file to its end, or until there are `most` bytes or a few more.
  ///
  /// - Parameter size: how many bytes are probably there.
  static func bytes(of descriptor: Int32, size: Int, most: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    let chunk = max(64 << 10, min(size + 1, most))
    while bytes.count < most {
      let old = bytes.count
      var failure: Errno?
      // SAFETY: read() fills at most the buffer that it is given, and says how much of it.
      unsafe bytes.append(
        contentsOf: [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
          let got = unsafe read(descriptor, buffer.baseAddress, chunk)
          if got < 0 { failure = .last }
          count = max(got, 0)
        })
      if let failure, failure.rawValue != EINTR { throw failure }
      if bytes.count == old, failure == nil { break }
    }
    return bytes
  }
}

extension FileIdentity {
  init(_ info: stat) { self.init(device: UInt64(info.st_dev), number: UInt64(info.st_ino)) }
}

/// The path of a manifest that is to be read.
package struct ManifestPath: Hashable, Sendable {
  package var value: String
  /// Whether the file was found in a folder, and not named.
  package var isFound = false

  package init(_ value: String) { self.value = value }

  /// The manifests that a path stands for: itself, or every `.yaml` and `.yml` file below a folder, in the order of
  /// names. `NAME.facts.yaml` holds host facts and does not count.
  package static func all(_ path: String) throws(DiagnosticsError) -> [ManifestPath] {
    guard isFolder(path) else { return [ManifestPath(path)] }
    return try yamlPaths(below: path).filter { !$0.hasSuffix(".facts.yaml") }.map {
      var found = ManifestPath($0)
      found.isFound = true
      return found
    }
  }
}

/// Every `.yaml` and `.yml` file below a folder, in the order of names.
package func yamlPaths(below folder: String) throws(DiagnosticsError) -> [String] {
  try files(below: folder).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
}

/// The folder that a path names something in.
func containingFolder(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

package func isFolder(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: `info` lives throughout the call.
  return unsafe path != "-" && stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
}

/// Every regular file below a folder, and every link to one, in the order of names. Hidden ones are left out, links to
/// folders are not followed, and a link that leads nowhere is kept: reading it says what is wrong.
func files(below folder: String) throws(DiagnosticsError) -> [String] {
  // SAFETY: the stream is owned here, closed once, and each entry is used before the next is read.
  guard let stream = unsafe opendir(folder) else { throw .unreadable(folder, Errno.last.text) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  unsafe closedir(stream)
  var found: [String] = []
  for name in names.sorted() {
    let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
    var info = stat()
    // SAFETY: `info` lives throughout the call.
    guard unsafe lstat(path, &info) == 0 else { continue }
    switch info.st_mode & S_IFMT {
    case S_IFDIR: found += try files(below: path)
    case S_IFREG: found.append(path)
    // SAFETY: `info` lives throughout the call.
    case S_IFLNK: if unsafe stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG { found.append(path) }
    default: continue
    }
  }
  return found
}

extension Errno {
  /// The error of the C library's last failed call.
  static var last: Errno { Errno(rawValue: errno) }

  /// The error in the C library's words.
  package var text: String {
    // SAFETY: strerror() returns a text that is copied before anything else is called.
    unsafe String(cString: strerror(rawValue))
  }
}
