import DeviceManifest
import Diagnostics
import Glibc
import Vocabulary

/// Reads a file in the folder that a manifest was found in, or below it: a `ReadFile`.
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

/// A path without `FOLDER/..`, where that leads to the same file: others compare paths as texts.
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

/// Reads a file that is named from one folder, and lies in another or below it.
///
/// What is named is found without being opened, so that neither a pipe nor a device notices; then it is asked where and
/// what it is, and no one can exchange it any more before it is read.
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
  // The same file again: some below /proc would let a reader wait.
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

/// O_PATH, which the C library's module does not export: the descriptor says where a file is, and cannot read it.
private let pathOnly: Int32 = 0o10_000_000

/// Where an open file is: an absolute path without links.
private func place(of descriptor: Int32) throws(FileFault) -> [UInt8] {
  var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
  // SAFETY: readlink() is told how long the buffer is.
  let length = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
  guard length >= 0 else { throw .unreadable(Errno.last.text) }
  return buffer[..<length].map { UInt8(bitPattern: $0) }
}

private func isPath(_ path: [UInt8], below folder: [UInt8]) -> Bool {
  let slash = UInt8(ascii: "/")
  return path == folder || path.starts(with: folder.last == slash ? folder : folder + [slash])
}
