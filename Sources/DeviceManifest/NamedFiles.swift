import Diagnostics
import Vocabulary

/// Reads a file that a manifest names.
///
/// - Parameters:
///   - path: relative to the folder of the manifest, and never above it by its words; a link may still lead elsewhere.
///   - manifest: the text that names the file.
///   - most: how many bytes the file may have.
package typealias ReadFile = (_ path: String, _ manifest: SourceFile, _ most: Int) throws(FileFault) -> [UInt8]

/// Why a file cannot be a byte string.
package enum FileFault: Error, Hashable {
  /// A link leads out of the manifest's folder.
  case outside
  /// The file has so many bytes, more than it may.
  case tooLarge(Int)
  /// The reason in words, such as `it is a folder`.
  case unreadable(String)
}

/// For manifests that no file is read for.
package func noFiles(_ path: String, _ manifest: SourceFile, _ most: Int) throws(FileFault) -> [UInt8] {
  throw .unreadable("no file is read here")
}

/// The files that the byte strings of one manifest name, each read once.
///
/// A manifest is taken for untrusted text: only what is in its folder, or below it, can be read.
final class NamedFiles {
  private struct Request: Hashable {
    var path: String
    var manifest: SourceFile
    var most: Int
  }

  private let findings: Findings
  private let readFile: ReadFile
  private var read: [Request: [UInt8]] = [:]

  /// In bytes, where the schema gives no size.
  private static let most = 1 << 20

  init(_ findings: Findings, readFile: @escaping ReadFile) {
    self.findings = findings
    self.readFile = readFile
  }

  /// The bytes of a file; nil where it cannot be read, which was reported.
  ///
  /// - Parameter size: how many bytes it is to have; nil where any number will do, up to 1 MiB.
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

  /// The bytes of a file that was read; nil where none was.
  func bytes(of path: String, namedIn manifest: SourceFile) -> [UInt8]? {
    read.first { $0.key.path == path && $0.key.manifest == manifest }?.value
  }

  /// Whether a path stays in the folder that it begins in, by its words.
  private func isBelow(_ path: String, at range: SourceRange) -> Bool {
    if path.utf8.isEmpty || path.utf8.contains(0) {
      findings.error("bad-file", "no file has such a name", at: range, notes: notes(at: range))
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
          "file-outside", "'\(path)' is outside of the manifest's folder", at: range, notes: notes(at: range))
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
        findings.error("wrong-size", "'\(name)' takes \(counted(size, "byte")), and '\(path)' has \(found)", at: range)
      } else {
        findings.error(
          "too-large", "'\(path)' has \(found) bytes; a file of bytes has at most \(Self.most)", at: range)
      }
    case .unreadable(let reason):
      findings.error("bad-file", "cannot read '\(path)': \(reason)", at: range, notes: notes(at: range))
    }
  }

  /// What would be right.
  private func notes(at range: SourceRange) -> [Note] {
    guard let folder = range.file.folder else { return [] }
    return [Note("the file is a regular one in the manifest's folder or below it, and is named from there: \(folder)")]
  }
}
