import Glibc

/// The folder of the package, found from the path of this file.
package let repository: String = {
  var parts = #filePath.split(separator: "/")
  parts.removeLast(3)
  return "/" + parts.joined(separator: "/")
}()

/// The folder of the fixtures.
package var fixtures: String { repository + "/Tests/Fixtures" }

/// A file's text; nil if it cannot be read.
package func text(ofFile path: String) -> String? {
  // SAFETY: the stream is owned here and closed below.
  guard let stream = unsafe fopen(path, "r") else { return nil }
  defer { unsafe fclose(stream) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    // SAFETY: fread writes at most as many bytes as the buffer has.
    let count = unsafe fread(&chunk, 1, chunk.count, stream)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += chunk[..<count]
  }
}

/// Writes a file, which must succeed.
package func write(_ text: String, toFile path: String) {
  // SAFETY: the stream is owned here and closed below; the text lives throughout the call.
  guard let stream = unsafe fopen(path, "w") else { preconditionFailure("cannot write \(path)") }
  let bytes = Array(text.utf8)
  let count = unsafe fwrite(bytes, 1, bytes.count, stream)
  unsafe fclose(stream)
  precondition(count == bytes.count, "cannot write \(path)")
}

/// The sorted names in a folder, without hidden files.
package func names(inFolder path: String) -> [String] {
  // SAFETY: the stream is owned here, closed once, and each entry is used before the next is read.
  guard let stream = unsafe opendir(path) else { return [] }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}

/// Every file below a folder, by its path.
package func files(below folder: String) -> [String] {
  names(inFolder: folder).flatMap { name -> [String] in
    let path = folder + "/" + name
    return names(inFolder: path).isEmpty ? [path] : files(below: path)
  }
}

/// A new folder in the system's folder for temporary files. The caller removes it.
package func temporaryFolder() -> String {
  var template = Array("\(environment("TMPDIR") ?? "/tmp")/kvmconf-test-XXXXXX".utf8CString)
  // SAFETY: mkdtemp() changes the last six characters of the buffer, which ends with a zero.
  precondition(unsafe mkdtemp(&template) != nil, "there is no folder for temporary files")
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes a folder and everything below it.
package func remove(_ folder: String) {
  for name in names(inFolder: folder) {
    let path = folder + "/" + name
    // SAFETY: the path lives throughout the calls.
    if unsafe unlink(path) != 0 { remove(path) }
  }
  _ = unsafe rmdir(folder)
}

/// A variable of the environment.
package func environment(_ name: String) -> String? {
  // SAFETY: the text is copied before anything could change it.
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
