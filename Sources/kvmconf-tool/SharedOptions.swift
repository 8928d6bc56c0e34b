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

extension Shard: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Release: ExpressibleByArgument {
  /// Also reads a tag of the kernel's repository, such as `v6.12`.
  package init?(argument: String) {
    guard let release = Release(argument) ?? Release(tag: argument) else { return nil }
    self = release
  }
}

extension Architecture {
  /// Checks the value of `--arch`.
  static func check(_ name: String?) throws {
    guard let name, Architecture(rawValue: name) == nil else { return }
    throw ValidationError("--arch takes \(names.listed("or")), not '\(name)'\(names.suggestion(for: name))")
  }
}

// The help of options that several groups have. A group inside a group would cost noticeable start-up time.
extension ArgumentHelp {
  static var schemas: ArgumentHelp {
    ArgumentHelp("A folder of schemas, ARCH/TYPE.yaml, that add to or replace the built-in ones.", valueName: "dir")
  }

  static var resultFile: ArgumentHelp {
    ArgumentHelp(
      "Write the result to a file (replaced as a whole) instead of standard output.", valueName: "file")
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
    help: ArgumentHelp("Set a parameter of the manifest.", valueName: "name=value"), completion: .parameter)
  var parameters: [String] = []

  // Lists, so that a second one is noticed.
  @Option(
    name: .customLong("host-facts"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A file of facts about the host.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var factFiles: [String] = []

  @Option(name: .customLong("kernel"), parsing: .unconditionalSingleValue, help: .kernel, completion: .release)
  var kernels: [Release] = []

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
    var names: Set<Substring> = []
    for name in parameters.map({ $0.prefix { $0 != "=" } }) where !names.insert(name).inserted {
      throw ValidationError("--set \(name) is given twice")
    }
    for parameter in parameters where !parameter.contains("=") || parameter.hasPrefix("=") {
      throw ValidationError("--set takes NAME=VALUE, not '\(parameter)'")
    }
  }

  /// Whether the options name several hosts, which only `validate` takes.
  var nameSeveralHosts: Bool { factFiles.count > 1 || kernels.count > 1 || factFiles.contains(where: isFolder) }

  /// The request for one host.
  ///
  /// - Parameter assumedRelease: the release to use if nothing else sets one; nil for the newest of the schemas.
  func request(assumedRelease: Release? = nil) throws -> SettingsRequest {
    if factFiles.count > 1 { throw ValidationError("--host-facts is given \(factFiles.count) times") }
    if kernels.count > 1 { throw ValidationError("--kernel is given \(kernels.count) times") }
    var request = requestWithoutHost
    request.assumedRelease = assumedRelease
    request.settings.release = kernels.first
    request.hostFacts = factFiles.first
    return request
  }

  /// The request without the options that name hosts.
  var requestWithoutHost: SettingsRequest {
    var request = SettingsRequest()
    request.onRemarks = { Output.print($0, to: 2) }
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      request.settings.parameters[parts[0]] = parts[1]
    }
    request.schemas = schemas
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
  ///
  /// - Parameter assumedFacts: the facts to use if no option or configuration names any.
  func manifestFiles(assumedRelease: Release? = nil, assumedFacts: HostFacts? = nil) throws -> ManifestFiles {
    var request = try request(assumedRelease: assumedRelease)
    request.assumedFacts = assumedFacts
    return ManifestFiles(request, onSearch: reportConfiguration) { Output.print($0, to: 2) }
  }
}
