import Diagnostics
import Glibc

/// Finds the `.kvmconf.yaml` of a file: the nearest one in the file's folder or above it. The search stops at a folder
/// that has `.git`, after looking there.
package final class ConfigurationSearch {
  /// The results by folder, as absolute paths without symbolic links; empty if there is none.
  private var found: [String: String] = [:]
  private let workingFolder: String

  package init() { workingFolder = realPath(".") ?? "/" }

  /// The path of a file's configuration; nil if it has none. The path is relative if it is below the working directory,
  /// and absolute otherwise.
  ///
  /// - Parameter path: the file. It need not exist, but its folder must.
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

  /// The folder of a file's repository: the nearest one with `.git`. Without a repository, the file's folder. The path is
  /// relative if it is below the working directory.
  static func repository(of path: String) -> String {
    guard let start = realPath(containingFolder(path)) else { return containingFolder(path) }
    var folder = start
    while folder != "/", !exists(folder + "/.git") {
      let parent = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
      folder = parent.isEmpty ? "/" : String(parent)
    }
    if folder == "/" { folder = start }
    let here = realPath(".") ?? "/"
    return folder == here ? "." : ConfigurationSearch().displayed(folder)
  }

  private func displayed(_ path: String) -> String {
    let prefix = workingFolder == "/" ? "/" : workingFolder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }
}

/// Whether a path exists; a broken symbolic link counts.
private func exists(_ path: String) -> Bool {
  var info = stat()
  // SAFETY: the path and `info` live throughout the call.
  return unsafe lstat(path, &info) == 0
}

/// The absolute path without symbolic links; nil if the file does not exist.
package func realPath(_ path: String) -> String? {
  // SAFETY: realpath() allocates its result, which is copied and freed here.
  guard let text = unsafe realpath(path, nil) else { return nil }
  defer { unsafe free(text) }
  return unsafe String(cString: text)
}
