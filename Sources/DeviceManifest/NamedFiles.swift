import Diagnostics
import Vocabulary

/// Reads a file that a manifest names.
///
/// - Parameters:
///   - path: the path, relative to the folder of the manifest. It does not lead out of that; a link may still do so.
///   - manifest: the text that names the file.
///   - most: the maximum size of the file, in bytes.
package typealias ReadFile = (_ path: String, _ manifest: SourceFile, _ most: Int) throws(FileFault) -> [UInt8]

/// The reason why a file that a manifest names cannot be used.
package enum FileFault: Error, Hashable {
  /// A link leads out of the manifest's folder.
  case outside
  /// The file has this number of bytes, which is too many.
  case tooLarge(Int)
  /// The reason in words, such as `it is a folder`.
  case unreadable(String)
}

/// Reads no files.
package func noFiles(_ path: String, _ manifest: SourceFile, _ most: Int) throws(FileFault) -> [UInt8] {
  throw .unreadable("files cannot be read here")
}

/// The files that the byte strings of one manifest name, each read once.
///
/// A manifest is treated as untrusted text: only files in its folder, or below it, can be read.
final class NamedFiles {
  private struct Request: Hashable {
    var path: String
    var manifest: SourceFile
    var most: Int
  }

  private let findings: Findings
  private let readFile: ReadFile
  private var read: [Request: [UInt8]] = [:]

  /// The maximum size in bytes if the schema gives no size.
  private static let most = 1 << 20

  init(_ findings: Findings, readFile: @escaping ReadFile) {
    self.findings = findings
    self.readFile = readFile
  }

  /// The bytes of a file; nil if it cannot be read, which is reported.
  ///
  /// - Parameter size: the required number of bytes; nil if any number up to 1 MiB is allowed.
  func bytes(of path: String, size: Int?, name: String, at range: SourceRange) -> [UInt8]? {
    guard isBelow(path, at: range) else { return nil }
    let request = Request(path: path, manifest: range.file, most: size ?? Self.most)
    if let bytes = read[request] { return bytes }
    do throws(FileFault) {
      let bytes = try readFile(path, range.file, request.most)
      read[request] = bytes
      return bytes
    } catch {
      report(error, path, size: size, name: name, at: range)
      return nil
    }
  }

  /// The bytes of a file that was read before; nil if it was not.
  func bytes(of path: String, namedIn manifest: SourceFile) -> [UInt8]? {
    read.first { $0.key.path == path && $0.key.manifest == manifest }?.value
  }

  /// Whether a path stays in the folder that it begins in, links apart. Reports it if not.
  private func isBelow(_ path: String, at range: SourceRange) -> Bool {
    if path.utf8.isEmpty || path.utf8.contains(0) {
      findings.error("bad-file", "this is not a valid file name", at: range, notes: notes(at: range))
      return false
    }
    if path.utf8.first == UInt8(ascii: "/") {
      findings.error("file-outside", "'\(path)' is an absolute path", at: range, notes: notes(at: range))
      return false
    }
    var depth = 0
    for part in path.utf8.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      depth += part.elementsEqual("..".utf8) ? -1 : 1
      if depth < 0 {
        findings.error(
          "file-outside", "'\(path)' is outside the manifest's folder", at: range, notes: notes(at: range))
        return false
      }
    }
    return true
  }

  private func report(_ fault: FileFault, _ path: String, size: Int?, name: String, at range: SourceRange) {
    switch fault {
    case .outside:
      findings.error(
        "file-outside", "'\(path)' leads out of the manifest's folder", at: range, notes: notes(at: range))
    case .tooLarge(let found):
      if let size {
        findings.error("wrong-size", "'\(name)' takes \(counted(size, "byte")), but '\(path)' has \(found)", at: range)
      } else {
        findings.error(
          "too-large", "'\(path)' has \(found) bytes; the limit is \(Self.most)", at: range)
      }
    case .unreadable(let reason):
      findings.error("bad-file", "cannot read '\(path)': \(reason)", at: range, notes: notes(at: range))
    }
  }

  /// Notes on valid paths.
  private func notes(at range: SourceRange) -> [Note] {
    guard let folder = range.file.folder else { return [] }
    return [
      Note(
        "the file must be a regular file in the manifest's folder or below it; the path is relative to \(folder.asFolder)"
      )
    ]
  }
}
