import Diagnostics
import Glibc

/// Finds the `.kvmconf.yaml` of files: the nearest in a file's folder or above it. A folder with `.git` is the last that
/// is looked into.
package final class ConfigurationSearch {
  /// By folder, as absolute paths without links; empty for none.
  private var found: [String: String] = [:]
  private let workingFolder: String

  package init() { workingFolder = realPath(".") ?? "/" }

  /// The path of the configuration of a file, as it is from the working directory where it is there; nil where there is
  /// none.
  ///
  /// - Parameter path: the file, which need not exist.
  package func configuration(of path: String) -> String? {
    guard let start = realPath(containingFolder(path)) else { return nil }
    let path = search(start)
    return path.isEmpty ? nil : displayed(path)
  }

  private func search(_ folder: String) -> String {
    if let known = found[folder] { return known }
    let prefix = folder == "/" ? "/" : folder + "/"
    var result = ""
    if exists(prefix + ConfigurationFile.name) {
      result = prefix + ConfigurationFile.name
    } else if folder != "/", !exists(prefix + ".git") {
      let parent = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
      result = search(parent.isEmpty ? "/" : String(parent))
    }
    found[folder] = result
    return result
  }

  private func displayed(_ path: String) -> String {
    let prefix = workingFolder == "/" ? "/" : workingFolder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }
}

/// Whether something has this name, be it a link to nothing.
private func exists(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: the path and `info` live throughout the call.
  return unsafe lstat(path, &info) == 0
}

/// A path without links, from the root; nil where there is no such file.
private func realPath(_ path: String) -> String? {
  // SAFETY: realpath() returns a text of its own, which is copied and freed here.
  guard let text = unsafe realpath(path, nil) else { return nil }
  defer { unsafe free(text) }
  return unsafe String(cString: text)
}
