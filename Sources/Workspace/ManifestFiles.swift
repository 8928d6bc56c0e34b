import Diagnostics

/// Loads several files, each with the settings of its `.kvmconf.yaml`.
package final class ManifestFiles {
  /// A loaded file, and the workspace that loaded it.
  package typealias Judged = (file: LoadedFile, workspace: ManifestWorkspace)

  private let request: SettingsRequest
  private let settingsOfFiles: SettingsOfFiles
  private let warn: ([Diagnostic]) -> Void
  private let workspaces = Workspaces()

  /// - Parameters:
  ///   - onSearch: called with the name of each file and the path of its configuration.
  ///   - warn: called with the warnings about each file.
  package init(
    _ request: SettingsRequest, onSearch: @escaping (_ name: String, _ configuration: String?) -> Void,
    warn: @escaping ([Diagnostic]) -> Void
  ) {
    self.request = request
    settingsOfFiles = SettingsOfFiles(request, onSearch: onSearch)
    self.warn = warn
  }

  /// Loads the manifests of a file.
  package func load(_ path: String) throws(DiagnosticsError) -> Judged {
    let judged = try read(ManifestPath(path))
    try check(judged)
    return judged
  }

  /// Calls a body with each manifest of a file without errors.
  ///
  /// Only one manifest is kept at a time: a few bytes can declare thousands of steps. A file with several manifests is
  /// read twice, because an error in any of them is reported first.
  package func forEachManifest(of path: String, _ body: (PlannedManifest, ManifestWorkspace) -> Void)
    throws(DiagnosticsError)
  {
    let workspace = workspaces.workspace(for: try settingsOfFiles.settings(of: path))
    let file = try SourceFile(reading: path, stdinName: request.stdinFilename)
    var loaded = LoadedFile(file: file)
    var count = 0
    loaded.diagnostics = workspace.read(file) { manifest in
      count += 1
      loaded.manifests = count == 1 ? [manifest] : []
    }
    try check((loaded, workspace))
    func warnAndCall(_ manifest: PlannedManifest) {
      warn((try? workspace.expectedRefusals(of: manifest)) ?? [])
      body(manifest, workspace)
    }
    if count > 1 { _ = workspace.read(file, each: warnAndCall) } else { loaded.manifests.forEach(warnAndCall) }
  }

  /// Loads the manifests of all files and folders. In a folder, files that other manifests extend are left out.
  ///
  /// - Parameter mayBeEmpty: whether a folder without manifests is accepted.
  package func loadAll(_ arguments: [String], mayBeEmpty: Bool = false) throws(DiagnosticsError) -> [Judged] {
    var all: [(judged: Judged, isFound: Bool)] = []
    for argument in arguments {
      for path in try ManifestPath.all(argument, mayBeEmpty: mayBeEmpty) {
        let file = try SourceFile(reading: path, stdinName: request.stdinFilename)
        if path.isFound, file.isForeign {
          warn([file.foreignNote])
        } else {
          all.append((try read(file, path), path.isFound))
        }
      }
    }
    let bases = Set(all.flatMap(\.judged.file.bases))
    let wanted = all.filter { !$0.isFound || !bases.hasMember($0.judged.file.file.identity) }.map(\.judged)
    for judged in wanted { try check(judged) }
    return wanted
  }

  private func read(_ path: ManifestPath) throws(DiagnosticsError) -> Judged {
    try read(SourceFile(reading: path, stdinName: request.stdinFilename), path)
  }

  private func read(_ file: SourceFile, _ path: ManifestPath) throws(DiagnosticsError) -> Judged {
    let workspace = workspaces.workspace(for: try settingsOfFiles.settings(of: path.value))
    return (workspace.load(file), workspace)
  }

  private func check(_ judged: Judged) throws(DiagnosticsError) {
    try judged.workspace.requireSoundness(of: judged.file)
    warn(judged.file.diagnostics)
  }
}

extension ManifestWorkspace {
  /// Checks that a file that was loaded here, and the schemas that have been read, have no errors.
  ///
  /// - Throws: the errors, with the warnings about the file: the kind is `invalid` if the file has errors, else that of
  ///   a fault in the schemas.
  package func requireSoundness(of file: LoadedFile) throws(DiagnosticsError) {
    let faults = schemaFaults
    if file.hasErrors { throw DiagnosticsError(.invalid, file.diagnostics + faults) }
    if !faults.isEmpty { throw DiagnosticsError(settings.kindOfSchemaFault, file.diagnostics + faults) }
  }

  /// Checks that the schemas that have been read so far have no errors.
  package func requireSoundSchemas() throws(DiagnosticsError) {
    let faults = schemaFaults
    if !faults.isEmpty { throw DiagnosticsError(settings.kindOfSchemaFault, faults) }
  }
}
