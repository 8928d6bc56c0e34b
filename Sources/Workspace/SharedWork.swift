import DeviceManifest
import Diagnostics
import Vocabulary
import YAMLSyntax

/// What several shards validate together: files, in an order that depends only on their paths.
package struct SharedWork: Sendable {
  /// The files without those that others extend, and without foreign ones.
  package private(set) var paths: [ManifestPath] = []
  /// The notes on the files that are skipped.
  package private(set) var remarks: [Diagnostic] = []
  /// The paths and texts of the files, and the texts of the files that these name.
  private var texts = StableHash()

  package init(_ paths: [ManifestPath]) {
    let sorted = paths.map { path in
      var path = path
      path.value = path.value.withoutEmptyParts
      return path
    }.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }
    var bases = ExtendedFiles()
    var found: [(path: ManifestPath, identity: FileIdentity?)] = []
    for path in sorted {
      texts.add(path.value.utf8)
      // A file that cannot be read is an error of the shard that validates it.
      guard let file = try? SourceFile(reading: path) else {
        found.append((path, nil))
        continue
      }
      if path.isFound, file.isForeign {
        texts.add(file.bytes)
        remarks.append(file.foreignNote)
        continue
      }
      add(file)
      bases.add(basesOf: file) { add($0) }
      found.append((path, file.identity))
    }
    self.paths = found.filter { !bases.identities.hasMember($0.identity) }.map(\.path)
  }

  /// Adds the text of a file, and those of the files that its byte strings name.
  private mutating func add(_ file: SourceFile) {
    texts.add(file.bytes)
    for name in file.namesInByteStrings {
      texts.add((try? readNamedFile(name, in: file, most: SourceFile.most)) ?? [])
    }
  }

  /// A checksum of everything that results depend on. It is the same for all shards.
  ///
  /// - Parameters:
  ///   - hosts: the hosts, of which all facts have been read.
  ///   - settings: the settings of each of `paths`.
  ///   - baseline: the text of known problems; nil if there is none.
  package func checksum(hosts: LoadedHosts, settings: [Settings], baseline: [UInt8]?) -> String {
    var hash = texts
    hash.add(hosts.hash.value)
    // Configurations are numbered: their paths may differ between machines.
    var known: [String?: UInt64] = [:]
    for settings in settings {
      let configuration = settings.configuration?.file.path
      if known[configuration] == nil {
        known[configuration] = UInt64(known.count)
        settings.add(to: &hash)
      }
      hash.add(known[configuration] ?? 0)
    }
    hash.add([baseline == nil ? 0 : 1])
    hash.add(baseline ?? [])
    return hash.digits
  }
}

/// The files that others extend, directly or through others, each read once.
///
/// As in a validation in one piece, a file that is extended in vain, such as one of a circle, is not among them.
private struct ExtendedFiles {
  private(set) var identities: Set<FileIdentity> = []
  private var known: [FileIdentity: Base] = [:]

  private struct Base {
    /// Whether the file has one manifest, which is a mapping.
    var isUsable = false
    /// The path that it extends; nil if it extends nothing.
    var extended: String?
  }

  /// Adds the files that the manifests of a file extend.
  ///
  /// - Parameter onRead: called with each file that has not been read before.
  mutating func add(basesOf file: SourceFile, onRead: (SourceFile) -> Void) {
    for path in file.extendedPaths {
      var chain = [file.identity]
      var next: String? = path
      while let path = next, let identity = FileIdentity(ofFile: path) {
        let base = base(path, identity, onRead)
        if !base.isUsable || chain.contains(identity) || chain.count > Bases.mostLevels { break }
        chain.append(identity)
        next = base.extended
        if next == nil { identities.formUnion(chain.dropFirst().compactMap(\.self)) }
      }
    }
  }

  private mutating func base(_ path: String, _ identity: FileIdentity, _ onRead: (SourceFile) -> Void) -> Base {
    if let base = known[identity] { return base }
    var base = Base()
    if let file = try? SourceFile(reading: path, isNamedByUser: false) {
      onRead(file)
      let documents = SourceTree(parsing: file).documents
      base.isUsable = documents.count == 1 && documents[0].entries != nil
      base.extended = file.extendedPaths.first
    }
    known[identity] = base
    return base
  }
}

extension Settings {
  fileprivate func add(to hash: inout StableHash) {
    hash.add((failOn?.rawValue ?? "").utf8)
    hash.add((release?.description ?? "").utf8)
    hash.add((facts?.content ?? "").utf8)
    for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { hash.add("\(name)=\(value)".utf8) }
    hash.add(configuration?.file.bytes ?? [])
    for schema in schemas where !schema.file.isBuiltIn {
      hash.add(schema.path.utf8)
      hash.add(schema.file.bytes)
    }
  }
}

extension SourceFile {
  /// The paths in byte strings of the form `{file: PATH}`.
  fileprivate var namesInByteStrings: [String] {
    guard String(decoding: bytes, as: UTF8.self).contains("file:") else { return [] }
    return SourceTree(parsing: self).documents.flatMap(\.namesInByteStrings)
  }
}

extension Node {
  fileprivate var namesInByteStrings: [String] {
    switch content {
    case .scalar: []
    case .sequence(let items): items.flatMap(\.namesInByteStrings)
    case .mapping(let entries):
      entries.flatMap { entry in
        entry.key.value == "file" ? [entry.value.scalar].compactMap(\.self) : entry.value.namesInByteStrings
      }
    }
  }
}
