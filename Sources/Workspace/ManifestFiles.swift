import Diagnostics

/// Several files, each with settings of its own.
package final class ManifestFiles {
  /// A file, and what it is judged by.
  package typealias Judged = (file: LoadedFile, workspace: ManifestWorkspace)

  private let request: SettingsRequest
  private let settingsOfFiles: SettingsOfFiles
  private let complete: (inout Settings) -> Void
  private let warn: ([Diagnostic]) -> Void
  /// One for the files of each configuration: few.
  private var workspaces: [ManifestWorkspace] = []

  /// - Parameters:
  ///   - onSearch: is called with the name of each file, and the path of its configuration.
  ///   - complete: adds to the settings that files and options make.
  ///   - warn: takes the warnings about each file.
  package init(
    _ request: SettingsRequest, onSearch: @escaping (_ name: String, _ configuration: String?) -> Void,
    complete: @escaping (inout Settings) -> Void = { _ in }, warn: @escaping ([Diagnostic]) -> Void
  ) {
    self.request = request
    settingsOfFiles = SettingsOfFiles(request, onSearch: onSearch)
    self.complete = complete
    self.warn = warn
  }

  /// The manifests of a file.
  package func load(_ path: String) throws(DiagnosticsError) -> Judged {
    let judged = try read(ManifestPath(path))
    try check(judged)
    return judged
  }

  /// All manifests of files and folders; of a folder, without the files that others extend.
  package func loadAll(_ arguments: [String]) throws(DiagnosticsError) -> [Judged] {
    var all: [(judged: Judged, isFound: Bool)] = []
    for argument in arguments {
      for path in try ManifestPath.all(argument) { all.append((try read(path), path.isFound)) }
    }
    let bases = Set(all.flatMap(\.judged.file.bases))
    let wanted = all.filter { !$0.isFound || !bases.hasMember($0.judged.file.file.identity) }.map(\.judged)
    for judged in wanted { try check(judged) }
    return wanted
  }

  private func read(_ path: ManifestPath) throws(DiagnosticsError) -> Judged {
    let workspace = try workspace(for: path.value)
    return (workspace.load(try SourceFile(reading: path, stdinName: request.stdinFilename)), workspace)
  }

  private func check(_ judged: Judged) throws(DiagnosticsError) {
    try judged.workspace.requireSoundness(of: judged.file)
    warn(judged.file.diagnostics)
  }

  private func workspace(for path: String) throws(DiagnosticsError) -> ManifestWorkspace {
    var settings = try settingsOfFiles.settings(of: path)
    let configuration = settings.configuration?.file.path
    if let first = workspaces.first(where: { $0.settings.configuration?.file.path == configuration }) { return first }
    complete(&settings)
    let workspace = ManifestWorkspace(settings)
    workspaces.append(workspace)
    return workspace
  }
}

extension ManifestWorkspace {
  /// Throws what is wrong with a file that was loaded here, or with the schemas that it needs, together with the warnings.
  package func requireSoundness(of file: LoadedFile) throws(DiagnosticsError) {
    let faults = schemaFaults
    if file.hasErrors { throw DiagnosticsError(.invalid, file.diagnostics + faults) }
    if !faults.isEmpty { throw DiagnosticsError(.software, file.diagnostics + faults) }
  }

  /// Throws what is wrong with the schemas that were read so far.
  package func requireSoundSchemas() throws(DiagnosticsError) {
    let faults = schemaFaults
    if !faults.isEmpty { throw DiagnosticsError(.software, faults) }
  }
}
