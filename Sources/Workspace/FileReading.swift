import Diagnostics
import Glibc
import Vocabulary

extension SourceFile {
  /// The maximum number of bytes to read: the size limit of manifests, plus one byte that shows that it is exceeded.
  static let most = 64 << 20 + 1

  /// Reads a file; `-` is standard input.
  ///
  /// - Parameters:
  ///   - stdinName: the path to use for standard input. If it is nil, the path is `<stdin>`, in the working directory.
  ///   - isNamedByUser: whether the user named the file. If so, it may be a pipe or a device. Otherwise it was found in
  ///     a folder, or another file names it, and it must be a regular file.
  ///   - most: the number of bytes after which reading stops.
  /// - Throws: an error of the kind `unreadable`.
  package convenience init(
    reading path: String, stdinName: String? = nil, isNamedByUser: Bool = true, most: Int = most
  ) throws(DiagnosticsError) {
    let place = ManifestPath(path).name(stdin: stdinName)
    let (bytes, identity) = try Self.content(of: path, isNamedByUser: isNamedByUser, most: most)
    self.init(path: place, bytes: bytes, folder: containingFolder(place), identity: identity)
  }

  /// Reads a manifest. If the path was found in a folder, it must be a regular file: the file may have been replaced by
  /// a pipe since then.
  package convenience init(reading path: ManifestPath, stdinName: String? = nil) throws(DiagnosticsError) {
    try self.init(reading: path.value, stdinName: stdinName, isNamedByUser: !path.isFound)
  }

  /// Reads the report of a shard, which can be much larger than a manifest.
  ///
  /// - Throws: an error of the kind `unreadable` if it cannot be read, or of the kind `invalid` if it is too large.
  package convenience init(readingReport path: String) throws(DiagnosticsError) {
    let most = 256 << 20
    try self.init(reading: path, most: most + 1)
    if bytes.count > most {
      throw .invalid(.error("bad-shard", "\(path) has more than 256 MiB; use more shards", at: nil))
    }
  }

  package static func bytes(of path: String) throws(DiagnosticsError) -> [UInt8] {
    try content(of: path, isNamedByUser: false).bytes
  }

  private static func content(
    of path: String, isNamedByUser: Bool, most: Int = most
  ) throws(DiagnosticsError) -> (bytes: [UInt8], identity: FileIdentity) {
    var info = stat()
    // open() on a pipe blocks until there is a writer, and read() can block on some regular files in /proc. Only a pipe
    // or a device that the user named may block.
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

  /// Reads an open file to its end, or until at least `most` bytes are read.
  ///
  /// - Parameter size: the probable size of the file, in bytes.
  static func bytes(of descriptor: Int32, size: Int, most: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    let chunk = max(64 << 10, min(size + 1, most))
    while bytes.count < most {
      let old = bytes.count
      var failure: Errno?
      // SAFETY: read() writes at most `chunk` bytes, the capacity of the buffer, and returns their number.
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

/// The path of a manifest.
package struct ManifestPath: Hashable, Sendable {
  package var value: String
  /// Whether the file was found in a folder. If not, the user named it.
  package var isFound = false

  package init(_ value: String) { self.value = value }

  /// The name of the file in messages.
  ///
  /// - Parameter stdin: the name of standard input; if nil, `<stdin>`.
  package func name(stdin: String?) -> String { value == "-" ? stdin ?? "<stdin>" : value }

  /// The manifests at a path: the path itself, or, for a folder, every `.yaml` and `.yml` file below it, sorted by
  /// name. `NAME.facts.yaml` contains host facts and is left out.
  ///
  /// - Throws: an error of the kind `unreadable` if the folder cannot be read, or has no manifests and must have some.
  package static func all(_ path: String, mayBeEmpty: Bool = false) throws(DiagnosticsError) -> [ManifestPath] {
    guard isFolder(path) else { return [ManifestPath(path)] }
    let paths = try yamlPaths(below: path).filter { !$0.hasSuffix(".facts.yaml") && !$0.hasSuffix(".facts.yml") }
    if paths.isEmpty, !mayBeEmpty { throw .unreadable(path, "the folder has no manifests, *.yaml or *.yml") }
    return paths.map {
      var found = ManifestPath($0)
      found.isFound = true
      return found
    }
  }
}

extension [ManifestPath] {
  /// The paths without those that lead to the same place in the same folder as an earlier one: `a.yaml` and `./a.yaml`. A
  /// file that the user named is not one that was found.
  package var withoutRepeats: [ManifestPath] {
    if count < 2 { return self }
    let named = Set(filter { !$0.isFound }.map(\.value.withoutEmptyParts))
    var known: Set<String> = []
    return filter { path in
      let plain = path.value.withoutEmptyParts
      return !(path.isFound && named.contains(plain)) && known.insert(plain).inserted
    }
  }
}

/// Every `.yaml` and `.yml` file below a folder, sorted by name.
package func yamlPaths(below folder: String) throws(DiagnosticsError) -> [String] {
  try files(below: folder).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
}

/// The folder part of a path, with the slash at its end; `.` if the path has no slash.
func containingFolder(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

package func isFolder(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: `info` lives throughout the call.
  return unsafe path != "-" && stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
}

/// Whether a path leads to what can be read only once: standard input, a pipe or a device.
package func isPipeOrDevice(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: `info` lives throughout the call.
  return unsafe path == "-" || stat(path, &info) == 0 && ![S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT)
}

/// The names in a folder, sorted.
package func entries(of folder: String) throws(DiagnosticsError) -> [String] {
  // SAFETY: this function owns the stream and closes it once. Each entry is used before the next one is read.
  guard let stream = unsafe opendir(folder) else { throw .unreadable(folder, Errno.last.text) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    names.append(
      unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      })
  }
  unsafe closedir(stream)
  return names.filter { $0 != "." && $0 != ".." }.sorted()
}

/// Every regular file below a folder, and every symbolic link to one, sorted by name.
///
/// Hidden files and folders are left out, and links to folders are not followed. A broken link is included, so that
/// reading it reports the error.
func files(below folder: String) throws(DiagnosticsError) -> [String] {
  var found: [String] = []
  for name in try entries(of: folder) where !name.hasPrefix(".") {
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

  /// The C library's description of the error.
  package var text: String {
    // SAFETY: the result of strerror() is copied before the next call can overwrite it.
    unsafe String(cString: strerror(rawValue))
  }
}
