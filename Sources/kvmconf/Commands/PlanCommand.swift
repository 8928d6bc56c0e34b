import ArgumentParser
import DevicePlan
import Diagnostics
import KVMConf

/// `kvmconf plan`: the ordered calls of a manifest.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print the calls that a manifest stands for, in order.")

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"))
  var file: String

  @OptionGroup var options: SharedOptions

  @Option(help: "How the plan is written: text (a table), json or strace.")
  var format: PlanFormat = .text

  enum PlanFormat: String, Word {
    case text, json, strace

    static let allValueStrings = ["text", "json", "strace"]
  }

  func run() throws {
    let loaded = try ManifestFile.load(file, Workspace(try options.settings()))
    for (i, manifest) in loaded.manifests.enumerated() {
      switch format {
      case .text: Output.result((i > 0 ? "\n" : "") + manifest.plan.table)
      case .json: Output.result(manifest.plan.json.text() + "\n")
      case .strace: Output.result(manifest.plan.strace)
      }
    }
  }
}

/// A manifest's file, as commands take it that need all of it to be good.
enum ManifestFile {
  /// Reads and plans; what is wrong is printed, and ends the program.
  static func load(_ path: String, _ workspace: Workspace) throws -> LoadedFile {
    let loaded = try read(path, workspace)
    try check(loaded, workspace)
    return loaded
  }

  /// All manifests of files and folders; of a folder, without the files that others in it extend.
  static func loadAll(_ arguments: [String], _ workspace: Workspace) throws -> [LoadedFile] {
    var all: [LoadedFile] = []
    for argument in arguments {
      let paths: [String]
      do throws(Unreadable) {
        paths = try manifestPaths(argument)
      } catch {
        Output.print([error.diagnostic], to: 2)
        throw Status.noInput
      }
      var found = try paths.map { try read($0, workspace) }
      if isFolder(argument) {
        let bases = Set(found.flatMap(\.bases))
        found.removeAll { $0.file.identity.map(bases.contains) ?? false }
      }
      for loaded in found { try check(loaded, workspace) }
      all += found
    }
    return all
  }

  private static func read(_ path: String, _ workspace: Workspace) throws -> LoadedFile {
    do throws(Unreadable) {
      return workspace.load(try SourceFile(reading: path))
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.noInput
    }
  }

  private static func check(_ loaded: LoadedFile, _ workspace: Workspace) throws {
    let schemaFaults = workspace.schemaFaults
    Output.print(loaded.diagnostics + schemaFaults, to: 2)
    if loaded.hasErrors { throw Status.failure }
    if !schemaFaults.isEmpty { throw Status.software }
  }
}
