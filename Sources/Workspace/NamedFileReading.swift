import DeviceManifest
import Diagnostics
import Glibc
import Vocabulary

/// Reads a file that a manifest names, in the manifest's folder or below it: a `ReadFile`.
func readNamedFile(_ path: String, in manifest: SourceFile, most: Int) throws(FileFault) -> [UInt8] {
  try readFile(path, from: folder(of: manifest), below: folder(of: manifest), most: most).bytes
}

/// Reads a manifest that another one extends: a `ReadBase`.
func readBase(_ path: String, of manifest: SourceFile, root: SourceFile) throws(FileFault) -> SourceFile {
  let folder = try folder(of: manifest)
  let (bytes, identity) = try readFile(path, from: folder, below: Workspace.folder(of: root), most: SourceFile.most)
  let place = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  let prefix = manifest.path.lastIndex(of: "/").map { String(manifest.path[...$0]) } ?? ""
  return SourceFile(
    path: shortened(prefix + path, to: identity), bytes: bytes,
    folder: folder.hasSuffix("/") ? folder + place : folder + "/" + place, identity: identity)
}

/// A path without `FOLDER/..`, if it still leads to the same file. Other programs compare paths as text.
private func shortened(_ path: String, to identity: FileIdentity) -> String {
  var parts: [Substring] = []
  for part in path.split(separator: "/") where part != "." {
    if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
  }
  let short = (path.hasPrefix("/") ? "/" : path.hasPrefix("./") ? "./" : "") + parts.joined(separator: "/")
  var info = stat()
  // SAFETY: the path and `info` live throughout the call.
  return unsafe stat(short, &info) == 0 && FileIdentity(info) == identity ? short : path
}

private func folder(of manifest: SourceFile) throws(FileFault) -> String {
  if let folder = manifest.folder { return folder }
  throw .unreadable("the manifest is a text without a folder; load it from a file")
}

/// Reads a file whose path is relative to `folder`, and which must be in `root` or below it.
///
/// The file is first opened with O_PATH, which does not affect a pipe or a device. Its real path and its type are
/// checked through that descriptor, and then the same file is opened for reading, so it cannot be replaced in between.
///
/// - Parameter most: the maximum size of the file, in bytes.
private func readFile(
  _ path: String, from folder: String, below root: String, most: Int
) throws(FileFault) -> (bytes: [UInt8], identity: FileIdentity) {
  // SAFETY: in this and the other calls that take a path, the path lives throughout the call.
  let start = unsafe openat(AT_FDCWD, folder, pathOnly | O_DIRECTORY | O_CLOEXEC)
  guard start >= 0 else { throw .unreadable(Errno.last.text) }
  defer { close(start) }
  let tree = unsafe openat(AT_FDCWD, root, pathOnly | O_DIRECTORY | O_CLOEXEC)
  guard tree >= 0 else { throw .unreadable(Errno.last.text) }
  defer { close(tree) }
  let found = unsafe openat(start, path, pathOnly | O_CLOEXEC)
  guard found >= 0 else { throw .unreadable(Errno.last.text) }
  defer { close(found) }
  guard try isPath(place(of: found), below: place(of: tree)) else { throw .outside }
  var info = stat()
  // SAFETY: `info` lives throughout the call.
  guard unsafe fstat(found, &info) == 0 else { throw .unreadable(Errno.last.text) }
  switch info.st_mode & S_IFMT {
  case S_IFREG: break
  case S_IFDIR: throw .unreadable("it is a folder")
  default: throw .unreadable("it is not a regular file")
  }
  if info.st_size > most { throw .tooLarge(Int(info.st_size)) }
  // Opens the same file for reading. Some regular files in /proc would block a reader.
  let file = unsafe open("/proc/self/fd/\(found)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard file >= 0 else { throw .unreadable(Errno.last.text) }
  defer { close(file) }
  let bytes: [UInt8]
  do throws(Errno) {
    bytes = try SourceFile.bytes(of: file, size: Int(info.st_size), most: most + 1)
  } catch {
    throw .unreadable(error.text)
  }
  if bytes.count > most { throw .tooLarge(bytes.count) }
  return (bytes, FileIdentity(info))
}

/// O_PATH, which the Glibc module does not export. Its descriptor identifies a file, and cannot read it.
private let pathOnly: Int32 = 0o10_000_000

/// The absolute path of an open file, without symbolic links.
private func place(of descriptor: Int32) throws(FileFault) -> [UInt8] {
  var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
  // SAFETY: readlink() gets the length of the buffer, which lives throughout the call.
  let length = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
  guard length >= 0 else { throw .unreadable(Errno.last.text) }
  return buffer[..<length].map { UInt8(bitPattern: $0) }
}

private func isPath(_ path: [UInt8], below folder: [UInt8]) -> Bool {
  let slash = UInt8(ascii: "/")
  return path == folder || path.starts(with: folder.last == slash ? folder : folder + [slash])
}
