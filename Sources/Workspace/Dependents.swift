import Diagnostics
import Glibc
import YAMLSyntax

/// Finds the manifests that extend files, in the repository of the files.
package struct Dependents {
  /// The files of a repository that extend others, with the identities of those.
  private var extending: [(path: String, identity: FileIdentity, bases: Set<FileIdentity>)] = []
  private var roots: Set<String> = []

  package init() {}

  /// The files, followed by the manifests that extend them directly or through others.
  package mutating func adding(to paths: [ManifestPath]) throws(DiagnosticsError) -> [ManifestPath] {
    var found = paths
    var known: Set<FileIdentity> = []
    for path in paths where path.value != "-" {
      guard let identity = FileIdentity(ofFile: path.value) else { continue }
      known.insert(identity)
      try read(repositoryOf: path.value)
    }
    var isComplete = false
    while !isComplete {
      isComplete = true
      for file in extending where !known.contains(file.identity) && !file.bases.isDisjoint(with: known) {
        known.insert(file.identity)
        found.append(ManifestPath(file.path))
        isComplete = false
      }
    }
    return found
  }

  private mutating func read(repositoryOf path: String) throws(DiagnosticsError) {
    let root = ConfigurationSearch.repository(of: path)
    guard roots.insert(root).inserted else { return }
    for path in try yamlPaths(below: root) {
      // A file that has gone, or is a pipe, extends nothing.
      guard let file = try? SourceFile(reading: path, isNamedByUser: false), let identity = file.identity else {
        continue
      }
      let bases = file.extendedPaths.compactMap { FileIdentity(ofFile: $0) }
      if !bases.isEmpty { extending.append((path, identity, Set(bases))) }
    }
  }
}

extension SourceFile {
  /// The paths of the files that the manifests of this file extend. Most files extend none, and are not parsed.
  var extendedPaths: [String] {
    guard String(decoding: bytes, as: UTF8.self).contains("extends") else { return [] }
    let folder = containingFolder(path)
    return SourceTree(parsing: self).documents.compactMap { $0[key: "extends"]?.scalar }.map { base in
      (folder.hasSuffix("/") ? folder : folder + "/") + base
    }
  }
}

extension FileIdentity {
  /// Nil if there is no such file.
  init?(ofFile path: String) {
    var info = stat()
    // SAFETY: the path and `info` live throughout the call.
    guard unsafe stat(path, &info) == 0 else { return nil }
    self.init(info)
  }
}
