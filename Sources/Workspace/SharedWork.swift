import Diagnostics
import Vocabulary

/// What several shards validate together: files in an order that depends only on their paths, and hosts.
package struct SharedWork: Sendable {
  /// The files without those that others extend, and without foreign ones.
  package private(set) var paths: [ManifestPath] = []
  /// The notes on the files that are skipped.
  package private(set) var remarks: [Diagnostic] = []
  /// A checksum of the files' paths and texts, of the hosts' names, and of the values of parameters. It is the same for
  /// all shards.
  package private(set) var checksum = ""

  package init(_ paths: [ManifestPath], hosts: [HostChoice], parameters: [String: String]) {
    let sorted = paths.map { path in
      var path = path
      path.value = path.value.withoutEmptyParts
      return path
    }.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }
    var hash = StableHash()
    for host in hosts { hash.add(host.name.utf8) }
    for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { hash.add("\(name)=\(value)".utf8) }
    var bases = ExtendedFiles()
    var found: [(path: ManifestPath, identity: FileIdentity?)] = []
    for path in sorted {
      hash.add(path.value.utf8)
      // A file that cannot be read is an error of the shard that validates it.
      guard let file = try? SourceFile(reading: path) else {
        found.append((path, nil))
        continue
      }
      hash.add(file.bytes)
      if path.isFound, file.isForeign {
        remarks.append(file.foreignNote)
        continue
      }
      bases.add(file)
      found.append((path, file.identity))
    }
    self.paths = found.filter { !bases.identities.hasMember($0.identity) }.map(\.path)
    checksum = hash.digits
  }
}

/// The files that others extend, directly or through others.
private struct ExtendedFiles {
  private(set) var identities: Set<FileIdentity> = []

  mutating func add(_ file: SourceFile) {
    for path in file.extendedPaths {
      guard let base = try? SourceFile(reading: path, isNamedByUser: false), let identity = base.identity else {
        continue
      }
      if identities.insert(identity).inserted { add(base) }
    }
  }
}
