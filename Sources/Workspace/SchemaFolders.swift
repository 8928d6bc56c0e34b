import DeviceSchema
import Diagnostics
import Vocabulary

extension Settings {
  /// Settings with the built-in schemas and those in folders, which are checked.
  ///
  /// - Throws: an error if a folder cannot be read, or if its schemas have errors.
  package init(schemas folders: [String], release: Release? = nil) throws(DiagnosticsError) {
    self.release = release
    for folder in folders { try addSchemas(in: folder) }
    try requireSoundSchemas(in: folders)
  }

  /// Adds the schemas below a folder, `ARCH/TYPE.yaml` or `.yml`. A schema replaces an earlier one with the same path.
  package mutating func addSchemas(in folder: String) throws(DiagnosticsError) {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    for path in try schemaPaths(below: folder) {
      let source = SchemaSource(
        path: String(path.dropFirst(prefix.count)), file: try SourceFile(reading: path, isNamedByUser: false))
      if let i = schemas.firstIndex(where: { $0.path == source.path }) {
        schemas[i] = source
      } else {
        schemas.append(source)
      }
    }
  }

  private func schemaPaths(below folder: String) throws(DiagnosticsError) -> [String] {
    if realPath(folder) == nil { throw .unreadable(folder, "there is no such folder of schemas") }
    guard isFolder(folder) else { throw .unreadable(folder, "it is not a folder of schemas") }
    let paths = try yamlPaths(below: folder)
    if paths.isEmpty { throw .unreadable(folder, "the folder has no schemas, ARCH/TYPE.yaml") }
    return paths
  }

  /// Checks the schemas of these folders together with all others. Does nothing if there are no folders.
  ///
  /// - Throws: the errors in these folders, as the kind `invalid`. Warnings do not count.
  package func requireSoundSchemas(in folders: [String]) throws(DiagnosticsError) {
    if folders.isEmpty { return }
    let faults = checkSchemas(in: folders).filter { $0.severity == .error }
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
  }

  /// The diagnostics of the schemas of these folders, checked together with all others; of all schemas if there are no
  /// folders.
  package func checkSchemas(in folders: [String]) -> [Diagnostic] {
    let findings = Findings()
    for architecture in architectures {
      findings.report(Catalogue(architecture: architecture, release: playedRelease, sources: schemas).check())
    }
    return findings.diagnostics.about(folders)
  }

  /// The diagnostics of the examples in these folders, run on the model; of all examples if there are no folders.
  package func runExamples(in folders: [String]) -> [Diagnostic] {
    let workspace = ManifestWorkspace(self)
    return architectures.flatMap(workspace.runExamples).about(folders)
  }

  /// The files in these folders that no diagnostic is about; of all files if there are no folders.
  package func paths(of folders: [String], without findings: [Diagnostic]) -> [String] {
    let faulty = Set(findings.compactMap { $0.range?.file })
    return schemas.map(\.file).filter { file in
      !faulty.contains(file) && (folders.isEmpty || folders.contains { file.path.hasPrefix($0) })
    }.map(\.path)
  }

  private var architectures: [Architecture] { Architecture.allCases.filter { !schemas(of: $0).isEmpty } }
}

extension [Diagnostic] {
  /// The diagnostics with a place in one of these folders, or without a place; all if there are no folders.
  fileprivate func about(_ folders: [String]) -> [Diagnostic] {
    filter { diagnostic in
      folders.isEmpty || folders.contains { diagnostic.range?.file.path.hasPrefix($0) ?? true }
    }
  }
}
