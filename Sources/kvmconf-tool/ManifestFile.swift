import Diagnostics
import Workspace

/// A manifest's file, as commands take it that need all of it to be good.
enum ManifestFile {
  /// Reads and plans; what is wrong is reported, and ends the program.
  static func load(
    _ path: String, _ workspace: ManifestWorkspace, _ options: SharedOptions,
    report: ([Diagnostic]) -> Void = { Output.print($0, to: 2) }
  ) throws -> LoadedFile {
    let loaded = try read(path, workspace, options, report)
    try check(loaded, workspace, report)
    return loaded
  }

  fileprivate static func read(
    _ path: String, _ workspace: ManifestWorkspace, _ options: SharedOptions, _ report: ([Diagnostic]) -> Void
  ) throws -> LoadedFile {
    do throws(Unreadable) {
      return workspace.load(try SourceFile(reading: path, stdinName: options.stdinFilename))
    } catch {
      report([error.diagnostic])
      throw Status.noInput
    }
  }

  fileprivate static func check(
    _ loaded: LoadedFile, _ workspace: ManifestWorkspace, _ report: ([Diagnostic]) -> Void
  ) throws {
    let schemaFaults = workspace.schemaFaults
    report(loaded.diagnostics + schemaFaults)
    if loaded.hasErrors { throw Status.failure }
    if !schemaFaults.isEmpty { throw Status.software }
  }
}

/// Several files, each judged by settings of its own; what is wrong is printed, and ends the program.
final class ManifestFiles {
  /// A file, and what it is judged by.
  typealias Judged = (file: LoadedFile, workspace: ManifestWorkspace)

  private let options: SharedOptions
  private let complete: (inout Settings) -> Void
  private let settingsOfFiles: SettingsOfFiles
  /// By the configuration's path.
  private var workspaces: [String: ManifestWorkspace] = [:]

  /// - Parameter complete: adds to the settings that files and options make.
  init(_ options: SharedOptions, complete: @escaping (inout Settings) -> Void = { _ in }) {
    self.options = options
    self.complete = complete
    settingsOfFiles = SettingsOfFiles(options)
  }

  func load(_ path: String) throws -> Judged {
    let workspace = try workspace(for: path)
    return (try ManifestFile.load(path, workspace, options), workspace)
  }

  /// All manifests of files and folders; of a folder, without the files that others extend.
  func loadAll(_ arguments: [String]) throws -> [Judged] {
    var all: [(judged: Judged, isFound: Bool)] = []
    for argument in arguments {
      for path in try paths(argument) {
        let workspace = try workspace(for: path)
        let file = try ManifestFile.read(path, workspace, options) { Output.print($0, to: 2) }
        all.append(((file, workspace), isFound: isFolder(argument)))
      }
    }
    let bases = Set(all.flatMap(\.judged.file.bases))
    let wanted = all.filter { !$0.isFound || !bases.hasMember($0.judged.file.file.identity) }.map(\.judged)
    for (file, workspace) in wanted { try ManifestFile.check(file, workspace) { Output.print($0, to: 2) } }
    return wanted
  }

  private func paths(_ argument: String) throws -> [String] {
    do throws(Unreadable) {
      return try manifestPaths(argument)
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.noInput
    }
  }

  private func workspace(for path: String) throws -> ManifestWorkspace {
    let governing = try settingsOfFiles.printing(path)
    let configuration = governing.configuration?.file.path ?? ""
    if let workspace = workspaces[configuration] { return workspace }
    var settings = governing.settings
    complete(&settings)
    let workspace = ManifestWorkspace(settings)
    workspaces[configuration] = workspace
    return workspace
  }
}

extension Set<FileIdentity> {
  /// Whether a file that may have no identity is in the set.
  func hasMember(_ identity: FileIdentity?) -> Bool { identity.map(contains) ?? false }
}
