import ArgumentParser
import DeviceSchema
import Diagnostics
import Expressions
import KVMConf

/// How results are written.
enum Format: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// The options that decide how manifests are read and judged.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Give a parameter of the manifest a value.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(help: ArgumentHelp("What is known of the host: a file of facts.", valueName: "file"))
  var hostFacts: String?

  @Option(help: ArgumentHelp("The kernel release that the model plays, such as 6.12.", valueName: "release"))
  var kernel: String?

  @Option(
    help: ArgumentHelp(
      "A folder of schemas, ARCH/TYPE.yaml; they add to the built-in ones and replace those of the same name.",
      valueName: "dir"))
  var schemas: [String] = []

  func validate() throws {
    for parameter in parameters where !parameter.contains("=") || parameter.hasPrefix("=") {
      throw ValidationError("--set takes NAME=VALUE, not '\(parameter)'")
    }
    if let kernel, Release(kernel) == nil {
      throw ValidationError("--kernel takes a release such as 6.12, not '\(kernel)'")
    }
  }

  /// The settings; what is wrong with the files behind them is printed, and ends the program.
  func settings() throws -> Settings {
    var settings = Settings()
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      settings.parameters[parts[0]] = parts[1]
    }
    settings.release = kernel.flatMap(Release.init)
    do throws(Unreadable) {
      for folder in schemas { try settings.addSchemas(in: folder) }
      if let hostFacts {
        settings.facts = try Self.facts(SourceFile(reading: hostFacts))
      }
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.noInput
    }
    if !schemas.isEmpty { try check(settings) }
    return settings
  }

  private static func facts(_ file: SourceFile) -> HostFacts {
    do throws(FactsFault) {
      return try HostFacts(file)
    } catch {
      Output.print([error.diagnostic], to: 2)
      KVMConfCommand.exit(withError: Status.failure)
    }
  }

  /// Schemas from outside are checked as a whole before they are used.
  private func check(_ settings: Settings) throws {
    let faults = settings.checkSchemas(in: schemas).filter { $0.severity == .error }
    guard faults.isEmpty else {
      Output.print(faults, to: 2)
      throw Status.failure
    }
  }
}
