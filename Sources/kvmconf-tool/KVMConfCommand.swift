import ArgumentParser
import DeviceSchema
import Diagnostics
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
        1   a manifest is invalid, or the outcome of a step was not the expected one
        64  the command line is wrong
        65  diff: a manifest is invalid (1 means that the manifests differ)
        66  a file cannot be read
        73  a file or standard output cannot be written
        69  no usable /dev/kvm, or the manifest is for another architecture
        70  a bug in kvmconf or in its schemas
      """,
    // A placeholder: finding the newest release of the schemas would slow every start down.
    version: "kvmconf",
    subcommands: [
      Validate.self, PlanCommand.self, Compile.self, Apply.self, Probe.self, Conform.self, Render.self,
      FormatCommand.self, Diff.self, Explain.self, Schema.self, Completions.self,
    ])
}

extension KVMConfCommand {
  /// Runs the command that the arguments name, and exits.
  static func main() {
    Output.reserveStandardStreams()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as DiagnosticsError {
      Output.print(error.diagnostics, to: 2)
      Output.exit(Status.of(error.kind))
    } catch let status as ExitCode {
      Output.exit(status)
    } catch {
      guard exitCode(for: error) == Status.success else { exit(withError: error) }
      // The help and the version go to standard output too.
      let text = fullMessage(for: error)
      let isVersion = text == configuration.version
      Output.result(
        (isVersion ? "kvmconf \(kvmconfVersion) (schemas of Linux \(SchemaSource.newestRelease))" : text) + "\n")
    }
    Output.exit(Status.success)
  }
}
