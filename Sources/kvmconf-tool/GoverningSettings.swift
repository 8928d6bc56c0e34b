import ArgumentParser
import Diagnostics
import Reference
import TextOutput
import Vocabulary
import Workspace

/// What decides how one file is read and judged.
struct GoverningSettings: Sendable {
  var settings: Settings
  /// The `.kvmconf.yaml` of the file.
  var configuration: ConfigurationFile?
  /// Whether some schemas are not the built-in ones.
  var hasOwnSchemas: Bool
}

/// Why there are no settings: what is wrong, and the exit status for it.
struct SettingsFault: Error {
  var diagnostics: [Diagnostic]
  var status: ExitCode
}

/// The settings of files: what their `.kvmconf.yaml` says, unless the command line says something else.
final class SettingsOfFiles {
  private let options: SharedOptions
  private let search = ConfigurationSearch()
  private var ofCommandLine: GoverningSettings?
  /// By the configuration's path.
  private var known: [String: GoverningSettings] = [:]

  init(_ options: SharedOptions) { self.options = options }

  /// The settings of a file; what is wrong with the files behind them is printed, and ends the program.
  func printing(_ path: String) throws -> GoverningSettings {
    do throws(SettingsFault) {
      return try settings(of: path)
    } catch {
      Output.print(error.diagnostics, to: 2)
      throw error.status
    }
  }

  /// - Parameter path: a file, or `-`.
  func settings(of path: String) throws(SettingsFault) -> GoverningSettings {
    let place = path == "-" ? options.stdinFilename ?? "stdin" : path
    let configuration = options.noConfig ? nil : search.configuration(of: place)
    if options.verbose {
      let name = path == "-" ? options.stdinFilename ?? "<stdin>" : path
      Output.message(
        "\(name.printable): \(configuration.map { "configured by \($0.printable)" } ?? "no configuration")\n")
    }
    guard let configuration else {
      if let ofCommandLine { return ofCommandLine }
      let settings = try options.settings(nil)
      ofCommandLine = settings
      return settings
    }
    if let settings = known[configuration] { return settings }
    let settings = try options.settings(read(configuration))
    known[configuration] = settings
    return settings
  }

  private func read(_ path: String) throws(SettingsFault) -> ConfigurationFile {
    do {
      return try ConfigurationFile(try SourceFile(reading: path, isNamedByUser: false))
    } catch let error as Unreadable {
      throw SettingsFault(diagnostics: [error.diagnostic], status: Status.noInput)
    } catch {
      throw SettingsFault(diagnostics: (error as? ConfigurationFault)?.diagnostics ?? [], status: Status.failure)
    }
  }
}

extension SharedOptions {
  /// The settings that a configuration and the options make.
  fileprivate func settings(_ configuration: ConfigurationFile?) throws(SettingsFault) -> GoverningSettings {
    var settings = Settings()
    let own = schemas.isEmpty ? configuration?.schemas ?? [] : []
    let folders = schemas.isEmpty ? own.map(\.value) : schemas
    settings.release = kernel.flatMap { Release($0) }
    for (i, folder) in folders.enumerated() {
      do throws(Unreadable) {
        try settings.addSchemas(in: folder)
      } catch {
        throw error.fault(at: own.isEmpty ? nil : own[i].range)
      }
    }
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      settings.parameters[parts[0]] = parts[1]
    }
    if let hostFacts {
      settings.facts = try facts(hostFacts, at: nil)
    } else if let named = configuration?.hostFacts {
      settings.facts = try facts(named.value, at: named.range)
    }
    // The options come first, and facts that one of them names are part of it.
    if settings.release == nil, hostFacts == nil || settings.facts.release == nil {
      settings.release = configuration?.kernel
    }
    if !folders.isEmpty {
      let faults = settings.checkSchemas(in: folders).filter { $0.severity == .error }
      if !faults.isEmpty { throw SettingsFault(diagnostics: faults, status: Status.failure) }
    }
    if let configuration { try check(configuration, settings) }
    return GoverningSettings(settings: settings, configuration: configuration, hasOwnSchemas: !folders.isEmpty)
  }

  private func facts(_ path: String, at range: SourceRange?) throws(SettingsFault) -> HostFacts {
    let file: SourceFile
    do throws(Unreadable) {
      file = try SourceFile(reading: path, isNamedByUser: range == nil)
    } catch {
      throw error.fault(at: range)
    }
    do throws(FactsFault) {
      return try HostFacts(file)
    } catch {
      throw SettingsFault(diagnostics: [error.diagnostic], status: Status.failure)
    }
  }

  /// Every id of a configuration is one of a diagnostic.
  private func check(_ configuration: ConfigurationFile, _ settings: Settings) throws(SettingsFault) {
    if configuration.severityKeys.isEmpty { return }
    let workspace = ManifestWorkspace(settings)
    let catalogues = Architecture.allCases.map(workspace.catalogue).filter { $0.vm != nil }
    let explainer = Explainer(catalogues, diagnostics: .manifests)
    let faults = configuration.unknownIDs(isKnown: explainer.knows, among: { explainer.ids })
    if !faults.isEmpty { throw SettingsFault(diagnostics: faults, status: Status.failure) }
  }
}

extension Unreadable {
  /// - Parameter range: where a configuration names the file.
  fileprivate func fault(at range: SourceRange?) -> SettingsFault {
    var diagnostic = diagnostic
    diagnostic.range = range
    return SettingsFault(diagnostics: [diagnostic], status: Status.noInput)
  }
}
