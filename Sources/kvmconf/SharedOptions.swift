import ArgumentParser
import DeviceSchema
import Diagnostics
import Expressions
import KVMConf

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
    var settings = try Self.settings(schemas: schemas, kernel: kernel)
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      settings.parameters[parts[0]] = parts[1]
    }
    if let hostFacts { settings.facts = try Self.facts(hostFacts) }
    return settings
  }

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

  private static func facts(_ path: String) throws -> HostFacts {
    let file: SourceFile
    do throws(Unreadable) {
      file = try SourceFile(reading: path)
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.noInput
    }
    do throws(FactsFault) {
      return try HostFacts(file)
    } catch {
      Output.print([error.diagnostic], to: 2)
      throw Status.failure
    }
  }
}
