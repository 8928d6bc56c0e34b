import ArgumentParser
import DeviceSchema
import Diagnostics
import Reporting
import TextOutput
import Vocabulary
import Workspace

/// How results are written.
enum Format: String, Word { case text, json }

/// A word on the command line: one of a few.
package protocol Word: ExpressibleByArgument, CaseIterable, RawRepresentable where RawValue == String {}

extension Word {
  // Otherwise, ArgumentParser finds these by reflection, which takes a noticeable part of the start-up.
  package var defaultValueDescription: String { rawValue }
  package static var allValueStrings: [String] { allCases.map { $0.rawValue } }
  package static var allValueDescriptions: [String: String] { [:] }
  package static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

extension ReportFormat: Word {}
extension FailOn: Word {}

extension Release: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

// The options that several groups have. A group inside a group would cost noticeable start-up time.
extension ArgumentHelp {
  static var schemas: ArgumentHelp {
    ArgumentHelp(
      "A folder of schemas, ARCH/TYPE.yaml; they add to the built-in ones and replace those of the same name.",
      valueName: "dir")
  }

  static var kernel: ArgumentHelp { ArgumentHelp("The kernel release to assume, such as 6.12.", valueName: "release") }
}

/// The options of commands that show schemas.
struct CatalogueOptions: ParsableArguments {
  @Option(help: .kernel, completion: .release) var kernel: Release?
  @Option(help: .schemas, completion: .directory) var schemas: [String] = []
  @OptionGroup var color: ColorOption

  /// The catalogues of all architectures that there are schemas for.
  func catalogues() throws -> [Catalogue] {
    ManifestWorkspace(try Settings(schemas: schemas, release: kernel)).allCatalogues
  }
}

/// The options that decide how manifests are read and judged.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Give a parameter of the manifest a value.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(
    help: ArgumentHelp("What is known of the host: a file of facts.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var hostFacts: String?

  @Option(help: .kernel, completion: .release) var kernel: Release?
  @Option(help: .schemas, completion: .directory) var schemas: [String] = []

  @Option(
    help: ArgumentHelp("What standard input is called, and where it would stand, in place of -.", valueName: "name"),
    completion: .yaml)
  var stdinFilename: String?

  @Flag(help: ArgumentHelp("Ignore every .kvmconf.yaml."))
  var noConfig = false

  @Flag(help: ArgumentHelp("Say which .kvmconf.yaml each file is configured by."))
  var verbose = false

  @OptionGroup var color: ColorOption

  func validate() throws {
    if stdinFilename?.isEmpty == true { throw ValidationError("--stdin-filename takes the name of a file") }
    for parameter in parameters where !parameter.contains("=") || parameter.hasPrefix("=") {
      throw ValidationError("--set takes NAME=VALUE, not '\(parameter)'")
    }
  }

  var request: SettingsRequest {
    var request = SettingsRequest()
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

  /// With --verbose, prints which configuration a file has.
  func reportConfiguration(of name: String, _ configuration: String?) {
    guard verbose else { return }
    let found = configuration.map { "configured by \($0.printable)" } ?? "no configuration"
    Output.message("\(name.printable): \(found)\n")
  }

  /// Manifests that are all to be used; their warnings are printed.
  func manifestFiles(complete: @escaping (inout Settings) -> Void = { _ in }) -> ManifestFiles {
    ManifestFiles(request, onSearch: reportConfiguration, complete: complete) { Output.print($0, to: 2) }
  }
}
