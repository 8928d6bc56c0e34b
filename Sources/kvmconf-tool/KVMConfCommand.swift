import ArgumentParser
import DeviceSchema
import Diagnostics
import TextOutput
import Vocabulary

/// The root command of the program.
@main
struct KVMConfCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kvmconf",
    abstract: "Declarative device configuration for KVM: manifests in, ioctls out, and a reason for every errno.",
    discussion: """
      EXIT STATUS
        0   success
        1   a manifest is invalid, an outcome was not the expected one, or what is
            compared differs
        64  the command line is wrong
        65  a file to compare or to merge is not what it should be
        66  a file cannot be read
        69  no usable /dev/kvm, or the manifest is for another architecture
        70  a bug in kvmconf or in its schemas
        73  a file or standard output cannot be written
        130 the run was interrupted
      """,
    // A placeholder: finding the newest release of the schemas would slow every start down.
    version: "kvmconf",
    subcommands: [
      Validate.self, Merge.self, PlanCommand.self, MapCommand.self, Compile.self, Apply.self, Probe.self, Conform.self,
      Render.self,
      FormatCommand.self, Diff.self, Explain.self, Schema.self, Completions.self,
    ])
}

extension KVMConfCommand {
  /// Runs the command that the arguments name, and exits.
  static func main() {
    Output.reserveStandardStreams()
    do {
      var command = try parse(Array(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch let error as DiagnosticsError {
      Output.print(error.diagnostics, to: 2)
      Output.exit(Status.of(error.kind))
    } catch let status as ExitCode {
      Output.exit(status)
    } catch let error as ValidationError {
      // An option does not fit what a file has: the usage would not help.
      Output.error(error.message)
      Output.exit(.validationFailure)
    } catch {
      let status = exitCode(for: error)
      guard status == Status.success else {
        Output.error(message(for: error).startingInLowerCase)
        Output.message(advice(on: error))
        Output.exit(status)
      }
      // The help and the version go to standard output too.
      let text = fullMessage(for: error)
      let isVersion = text == configuration.version
      Output.result(
        (isVersion ? "kvmconf \(kvmconfVersion) (schemas of Linux \(SchemaSource.assumedRelease))" : text) + "\n")
    }
    Output.exit(Status.success)
  }
}

extension KVMConfCommand {
  /// The command of a command line, with its options.
  ///
  /// A command reads its arguments alone: with all commands above it, that takes twice as long. Its help and the messages
  /// about wrong arguments need these.
  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    let (command, others) = try command(of: arguments)
    if arguments.first != "help", command.configuration.subcommands.isEmpty,
      let parsed = try? command.parseAsRoot(Array(others)), type(of: parsed) == command
    {
      return parsed
    }
    return try parseAsRoot(arguments)
  }

  /// The command that the words before the first option name, and the arguments after these words. Each word has to name a
  /// command, also after `help`.
  private static func command(
    of arguments: [String]
  ) throws -> (command: any ParsableCommand.Type, others: ArraySlice<String>) {
    var command: any ParsableCommand.Type = Self.self
    var path = "kvmconf"
    for (i, word) in arguments.enumerated() {
      let known = command.configuration.subcommands
      if known.isEmpty || word.hasPrefix("-") { return (command, arguments[i...]) }
      if i == 0, word == "help" { continue }
      let names = known.compactMap { $0.configuration.commandName }
      guard let next = known.first(where: { $0.configuration.commandName == word }) else {
        Output.error("'\(path)' has no command '\(word)'\(names.suggestion(for: word))")
        Output.message("Usage: \(path) <subcommand>\n  See '\(path) --help' for more information.\n")
        throw ExitCode.validationFailure
      }
      path += " " + word
      command = next
    }
    return (command, [])
  }

  /// The lines that follow the message of an error in the command line: the help of the option, and the usage.
  private static func advice(on error: any Error) -> String {
    let lines = fullMessage(for: error).dropFirst(_errorPrefix.count + message(for: error).count)
    return String(lines.drop { $0 == "\n" }) + "\n"
  }
}

extension String {
  /// The text with its first word in lower case, unless that is an abbreviation.
  fileprivate var startingInLowerCase: String {
    guard let second = dropFirst().first, second.isLowercase else { return self }
    return prefix(1).lowercased() + dropFirst()
  }
}
