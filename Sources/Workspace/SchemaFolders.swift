import DeviceSchema
import Diagnostics
import Vocabulary

extension Settings {
  /// The settings for a release with the built-in schemas and those of folders, which are checked.
  package init(schemas folders: [String], release: Release? = nil) throws(DiagnosticsError) {
    self.release = release
    for folder in folders { try addSchemas(in: folder) }
    try requireSoundSchemas(in: folders)
  }

  /// Adds the schemas below a folder, `ARCH/TYPE.yaml` or `.yml`; those of the same name replace the built-in ones.
  package mutating func addSchemas(in folder: String) throws(DiagnosticsError) {
    guard isFolder(folder) else { throw .unreadable(folder, "it is not a folder of schemas") }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    for path in try yamlPaths(below: folder) {
      // Schemas are known by their path with the usual ending.
      let name = path.dropFirst(prefix.count)
      let source = SchemaSource(
        path: name.hasSuffix(".yml") ? name.dropLast(3) + "yaml" : String(name),
        file: try SourceFile(reading: path, isNamedByUser: false))
      if let i = schemas.firstIndex(where: { $0.path == source.path }) {
        schemas[i] = source
      } else {
        schemas.append(source)
      }
    }
  }

  /// Throws what is wrong with the schemas of these folders, together with the built-in ones; warnings do not count.
  package func requireSoundSchemas(in folders: [String]) throws(DiagnosticsError) {
    if folders.isEmpty { return }
    let faults = checkSchemas(in: folders).filter { $0.severity == .error }
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
  }

  /// What is wrong with the schemas of these folders, together with the built-in ones.
  package func checkSchemas(in folders: [String]) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for architecture in architectures {
      for diagnostic in Catalogue(architecture: architecture, release: playedRelease, sources: schemas).check()
      where !found.contains(diagnostic) {
        found.append(diagnostic)
      }
    }
    return found.about(folders)
  }

  /// What is wrong with the examples of these folders' schemas, run on the model.
  package func runExamples(in folders: [String]) -> [Diagnostic] {
    let workspace = ManifestWorkspace(self)
    return architectures.flatMap(workspace.runExamples).about(folders)
  }

  private var architectures: [Architecture] {
    Architecture.allCases.filter { architecture in
      schemas.contains { $0.path.hasPrefix("\(architecture.rawValue)/") }
    }
  }
}

extension [Diagnostic] {
  /// Those that point into one of these folders, or nowhere; all, where there is no folder.
  fileprivate func about(_ folders: [String]) -> [Diagnostic] {
    filter { diagnostic in
      folders.isEmpty || folders.contains { diagnostic.range?.file.path.hasPrefix($0) ?? true }
    }
  }
}
