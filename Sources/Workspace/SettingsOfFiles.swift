import Diagnostics
import Reference
import Vocabulary

/// Options that decide how files are read and judged. They come before what a `.kvmconf.yaml` says.
package struct SettingsRequest: Sendable {
  /// What is settled already: parameters, a release, facts, schemas.
  package var settings = Settings()
  /// Folders of schemas to read.
  package var schemas: [String] = []
  /// A file of host facts to read.
  package var hostFacts: String?
  /// The path that standard input is taken for.
  package var stdinFilename: String?
  package var ignoresConfiguration = false

  package init() {}
}

/// The settings of files: an options' request, completed by the `.kvmconf.yaml` of each file.
package final class SettingsOfFiles {
  private let request: SettingsRequest
  private let onSearch: (_ name: String, _ configuration: String?) -> Void
  private let search = ConfigurationSearch()
  /// The settings of files with the same configuration: few.
  private var known: [(configuration: String?, settings: Settings)] = []

  /// - Parameter onSearch: is called with the name of each file, and the path of its configuration.
  package init(
    _ request: SettingsRequest, onSearch: @escaping (_ name: String, _ configuration: String?) -> Void = { _, _ in }
  ) {
    self.request = request
    self.onSearch = onSearch
  }

  /// - Parameter path: a file, or `-`.
  package func settings(of path: String) throws(DiagnosticsError) -> Settings {
    let place = path == "-" ? request.stdinFilename ?? "stdin" : path
    let configuration = request.ignoresConfiguration ? nil : search.configuration(of: place)
    onSearch(path == "-" ? request.stdinFilename ?? "<stdin>" : path, configuration)
    if let first = known.first(where: { $0.configuration == configuration }) { return first.settings }
    var file: ConfigurationFile?
    if let configuration { file = try ConfigurationFile(SourceFile(reading: configuration, isNamedByUser: false)) }
    let settings = try settings(file)
    known.append((configuration, settings))
    return settings
  }

  private func settings(_ configuration: ConfigurationFile?) throws(DiagnosticsError) -> Settings {
    var settings = request.settings
    settings.configuration = configuration
    if settings.failOn == nil { settings.failOn = configuration?.failOn }
    var folders = request.schemas
    if folders.isEmpty, !settings.hasOwnSchemas {
      for folder in configuration?.schemas ?? [] {
        try located(folder) { path throws(DiagnosticsError) in try settings.addSchemas(in: path) }
        folders.append(folder.value)
      }
    } else {
      for folder in folders { try settings.addSchemas(in: folder) }
    }
    if let path = request.hostFacts { settings.facts = try HostFacts(SourceFile(reading: path)) }
    // The facts of an option come before the release of a configuration, which comes before its facts.
    if settings.release == nil, settings.facts?.release == nil { settings.release = configuration?.kernel }
    if settings.facts == nil, let named = configuration?.hostFacts {
      settings.facts = try HostFacts(
        located(named) { path throws(DiagnosticsError) in try SourceFile(reading: path, isNamedByUser: false) })
    }
    try settings.requireSoundSchemas(in: folders)
    if let configuration { try check(configuration, settings) }
    return settings
  }

  /// What a body returns for a path; what it throws is about the place where a configuration names that path.
  private func located<Result>(
    _ path: Located<String>, _ body: (String) throws(DiagnosticsError) -> Result
  ) throws(DiagnosticsError) -> Result {
    do throws(DiagnosticsError) {
      return try body(path.value)
    } catch {
      var error = error
      for i in error.diagnostics.indices { error.diagnostics[i].range = path.range }
      throw error
    }
  }

  /// Every id of a configuration is one of a diagnostic.
  private func check(_ configuration: ConfigurationFile, _ settings: Settings) throws(DiagnosticsError) {
    if configuration.severityKeys.isEmpty { return }
    let explainer = Explainer(ManifestWorkspace(settings).allCatalogues, diagnostics: .manifests)
    let faults = configuration.unknownIDs(isKnown: explainer.knows, among: { explainer.ids })
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
  }
}
