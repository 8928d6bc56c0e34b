import Diagnostics
import Reference
import Vocabulary

/// The options that decide how files are read and checked. They override a `.kvmconf.yaml`.
package struct SettingsRequest: Sendable {
  /// The settings that are already known: parameters, a release, facts, schemas.
  package var settings = Settings()
  /// The folders of schemas to read.
  package var schemas: [String] = []
  /// The file of host facts to read.
  package var hostFacts: String?
  /// The path to use for standard input.
  package var stdinFilename: String?
  package var ignoresConfiguration = false
  /// The release to use if no option, configuration or file of facts has one; nil for the newest that the schemas
  /// describe.
  package var assumedRelease: Release?
  /// The facts to use if no option or configuration names a file of facts.
  package var assumedFacts: HostFacts?
  /// Whether to warn of a release that the schemas do not describe. Hosts may replace the release of the settings.
  package var warnsOfReleases = true
  /// Receives the warnings about each configuration that is read.
  package var onRemarks: @Sendable ([Diagnostic]) -> Void = { _ in }

  package init() {}
}

/// The settings of each file: the options, completed by the file's `.kvmconf.yaml`.
package final class SettingsOfFiles {
  private let request: SettingsRequest
  private let onSearch: (_ name: String, _ configuration: String?) -> Void
  private let search = ConfigurationSearch()
  /// The settings for the files of each configuration, by its path; the key "" is for those without a configuration.
  private var known: [String: Settings] = [:]
  /// The remarks on the settings so far, which `onRemarks` has received.
  package private(set) var remarks = SettingsRemarks()

  /// - Parameter onSearch: called with the name of each file and the path of its configuration.
  package init(
    _ request: SettingsRequest, onSearch: @escaping (_ name: String, _ configuration: String?) -> Void = { _, _ in }
  ) {
    self.request = request
    self.onSearch = onSearch
  }

  /// The settings of a file.
  ///
  /// - Parameter path: the file, or `-` for standard input.
  /// - Throws: an error if the configuration, or a file or folder that it or an option names, is wrong or unreadable.
  package func settings(of path: String) throws(DiagnosticsError) -> Settings {
    let name = ManifestPath(path).name(stdin: request.stdinFilename)
    let configuration = request.ignoresConfiguration ? nil : search.configuration(of: name)
    onSearch(name, configuration)
    if let known = known[configuration ?? ""] { return known }
    var file: ConfigurationFile?
    if let configuration {
      let read = ConfigurationFile(try SourceFile(reading: configuration, isNamedByUser: false))
      if !read.faults.isEmpty {
        // The settings of a file with errors are not used, not even its schemas.
        let faults = read.faults + unknownIDs(in: read, request.settings)
        throw DiagnosticsError(.invalid, faults.inDocumentOrder())
      }
      file = read
    }
    let settings = try settings(file)
    try report((file?.remarks ?? []) + undescribedRelease(of: settings), on: settings)
    known[configuration ?? ""] = settings
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
    // The release in the facts of an option overrides the configuration's `kernel`, which overrides the release in its
    // facts.
    if settings.release == nil, settings.facts?.release == nil { settings.release = configuration?.kernel }
    if settings.facts == nil, let named = configuration?.hostFacts {
      settings.facts = try HostFacts(
        located(named) { path throws(DiagnosticsError) in try SourceFile(reading: path, isNamedByUser: false) })
    }
    if settings.facts == nil { settings.facts = request.assumedFacts }
    if settings.release == nil, settings.facts?.release == nil { settings.release = request.assumedRelease }
    try settings.requireSoundSchemas(in: folders)
    if let configuration {
      let faults = unknownIDs(in: configuration, settings)
      if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
    }
    return settings
  }

  /// Calls a body with a path from a configuration. Its errors get the place of the path in the configuration.
  private func located<Result>(
    _ path: Located, _ body: (String) throws(DiagnosticsError) -> Result
  ) throws(DiagnosticsError) -> Result {
    do throws(DiagnosticsError) {
      return try body(path.value)
    } catch {
      var error = error
      for i in error.diagnostics.indices { error.diagnostics[i].range = path.range }
      throw error
    }
  }

  /// An error for each id in a configuration that no diagnostic has.
  private func unknownIDs(in configuration: ConfigurationFile, _ settings: Settings) -> [Diagnostic] {
    if configuration.severityKeys.isEmpty { return [] }
    let explainer = Explainer(ManifestWorkspace(settings).allCatalogues, diagnostics: .manifests)
    return configuration.unknownIDs(isKnown: explainer.knows, among: { explainer.ids })
  }

  /// A warning if the schemas do not describe the release. One about the same release is reported once.
  private func undescribedRelease(of settings: Settings) -> [Diagnostic] {
    guard request.warnsOfReleases, let warning = settings.undescribedRelease else { return [] }
    return remarks.diagnostics.contains { $0.message == warning.message } ? [] : [warning]
  }

  private func report(_ found: [Diagnostic], on settings: Settings) throws(DiagnosticsError) {
    let added = try remarks.add(found, on: settings)
    if !added.isEmpty { request.onRemarks(added) }
  }
}

extension [Settings] {
  /// One of the settings for each configuration.
  package var distinct: [Settings] {
    var known: Set<String> = []
    return filter { known.insert($0.configuration?.file.path ?? "").inserted }
  }
}

extension Settings {
  /// A warning if the release does not exist, or is newer or older than all that the schemas describe.
  package var undescribedRelease: Diagnostic? {
    guard let release = release ?? facts?.release else { return nil }
    if let last = schemas.lastRelease(ofMajorOf: release), release.series > last {
      return .warning(
        "no-such-release",
        "Linux \(release) does not exist; \(last) is the last release of Linux \(last.major), and its answers are assumed",
        at: nil)
    }
    let newest = schemas.newestRelease
    if release.series > newest.series {
      return .warning(
        "newer-release",
        "the schemas describe Linux up to \(newest); for \(release), the answers of \(newest) are assumed", at: nil)
    }
    guard let oldest = schemas.oldestRelease, release.series < oldest.series else { return nil }
    return .warning(
      "older-release",
      "the schemas describe Linux from \(oldest) on; what changed between \(release) and \(oldest) is mostly unknown",
      at: nil)
  }
}
