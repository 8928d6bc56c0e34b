import ArgumentParser
import DeviceSchema
import Diagnostics
import Reporting
import TextOutput
import Vocabulary
import Workspace

/// The format of results.
enum Format: String, Word { case text, json }

/// An option value that is one of a fixed list of words.
package protocol Word: ExpressibleByArgument, CaseIterable, RawRepresentable where RawValue == String {}

extension Word {
  // ArgumentParser's default implementations use reflection, which is a noticeable part of the start-up time.
  package static var allValueStrings: [String] { allCases.map { $0.rawValue } }
  package static var allValueDescriptions: [String: String] { [:] }
  package static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

extension ReportFormat: Word {}
extension FailOn: Word {}

extension Release: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

// The help of options that several groups have. A group inside a group would cost noticeable start-up time.
extension ArgumentHelp {
  static var schemas: ArgumentHelp {
    ArgumentHelp("A folder of schemas, ARCH/TYPE.yaml, that add to or replace the built-in ones.", valueName: "dir")
  }

  static var kernel: ArgumentHelp { ArgumentHelp("The kernel release to assume, such as 6.12.", valueName: "release") }
}

/// The options of commands that show schemas.
struct CatalogueOptions: ParsableArguments {
  @Option(help: .kernel, completion: .release) var kernel: Release?
  @Option(help: .schemas, completion: .directory) var schemas: [String] = []
  @OptionGroup var color: ColorOption

  /// The catalogues of all architectures that have schemas.
  func catalogues() throws -> [Catalogue] {
    ManifestWorkspace(try Settings(schemas: schemas, release: kernel)).allCatalogues
  }
}

/// The options that decide how manifests are read and checked.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Set a parameter of the manifest.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(
    help: ArgumentHelp("A file of facts about the host.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var hostFacts: String?

  @Option(help: .kernel, completion: .release) var kernel: Release?
  @Option(help: .schemas, completion: .directory) var schemas: [String] = []

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
  }

  /// - Parameter assumedRelease: the release to use if nothing else sets one; nil for the newest of the schemas.
  func request(assumedRelease: Release? = nil) -> SettingsRequest {
    var request = SettingsRequest()
    request.assumedRelease = assumedRelease
    request.onRemarks = { Output.print($0, to: 2) }
    request.settings.release = kernel
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      request.settings.parameters[parts[0]] = parts[1]
    }
    request.schemas = schemas
    request.hostFacts = hostFacts
    request.stdinFilename = stdinFilename
    request.ignoresConfiguration = noConfig
    return request
  }

  /// With --verbose, prints the configuration that applies to a file.
  func reportConfiguration(of name: String, _ configuration: String?) {
    guard verbose else { return }
    let found = configuration.map { "configured by \($0.printable)" } ?? "no configuration"
    Output.message("\(name.printable): \(found)\n")
  }

  /// Loads manifests with these options, and prints their warnings.
  func manifestFiles(assumedRelease: Release? = nil) -> ManifestFiles {
    ManifestFiles(request(assumedRelease: assumedRelease), onSearch: reportConfiguration) { Output.print($0, to: 2) }
  }
}
