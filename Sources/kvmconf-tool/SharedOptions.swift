import ArgumentParser
import DeviceSchema
import Diagnostics
import Vocabulary
import Workspace

/// How results are written.
enum Format: String, Word {
  case text, json

  static let allValueStrings = ["text", "json"]
}

/// A word on the command line.
///
/// The values are listed by hand: to find them by reflection takes a noticeable part of the start-up.
protocol Word: ExpressibleByArgument, RawRepresentable where RawValue == String {}

extension Word {
  static var allValueDescriptions: [String: String] { [:] }
  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// The options that decide how manifests are read and judged.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Set a parameter of the manifest.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(
    help: ArgumentHelp("A file of facts about the host.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var hostFacts: String?

  @Option(
    help: ArgumentHelp("The kernel release to model, such as 6.12.", valueName: "release"),
    completion: .release)
  var kernel: String?

  @Option(
    help: ArgumentHelp(
      "A folder of schemas, ARCH/TYPE.yaml, that add to or replace the built-in ones.",
      valueName: "dir"), completion: .directory)
  var schemas: [String] = []

  @Option(
    help: ArgumentHelp(
      "The path that standard input stands for, used in messages and to find its .kvmconf.yaml.", valueName: "name"),
    completion: .yaml)
  var stdinFilename: String?

  @Flag(help: ArgumentHelp("Ignore every .kvmconf.yaml."))
  var noConfig = false

  @Flag(help: ArgumentHelp("Report the .kvmconf.yaml of each file."))
  var verbose = false

  @OptionGroup var color: ColorOption

  func validate() throws {
    if stdinFilename?.isEmpty == true { throw ValidationError("--stdin-filename takes the name of a file") }
    for parameter in parameters where !parameter.contains("=") || parameter.hasPrefix("=") {
      throw ValidationError("--set takes NAME=VALUE, not '\(parameter)'")
    }
    if let kernel, Release(kernel) == nil {
      throw ValidationError("--kernel takes a release such as 6.12, not '\(kernel)'")
    }
  }

  /// The settings of a file; what is wrong with the files behind them is printed, and ends the program.
  func settings(of path: String) throws -> Settings { try SettingsOfFiles(self).printing(path).settings }

  /// - Parameter areChecked: whether schemas from outside are checked as a whole before they are used.
  static func settings(schemas: [String], kernel: String?, areChecked: Bool = true) throws -> Settings {
    var settings = Settings()
    if let kernel {
      guard let release = Release(kernel) else {
        throw ValidationError("--kernel takes a release such as 6.12, not '\(kernel)'")
      }
      settings.release = release
    }
    do throws(Unreadable) {
      for folder in schemas { try settings.addSchemas(in: folder) }
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.noInput
    }
    guard areChecked, !schemas.isEmpty else { return settings }
    let faults = settings.checkSchemas(in: schemas).filter { $0.severity == .error }
    if faults.isEmpty { return settings }
    Output.print(faults, to: 2)
    throw Status.failure
  }
}
