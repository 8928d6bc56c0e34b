import ArgumentParser
import DeviceSchema

/// The program: parse, call, print.
@main
struct KVMConfCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "kvmconf",
    abstract: "Declarative device configuration for KVM: manifests in, ioctls out, and the reason of every errno.",
    discussion: """
      EXIT STATUS
        0   all good
        1   a manifest is invalid, or a step's outcome was not the expected one
        64  the command line is wrong
        65  a manifest is invalid, where 1 says that two differ (diff)
        66  a file cannot be read
        73  a file or standard output cannot be written
        69  no usable /dev/kvm, or the manifest is for another architecture
        70  a bug in kvmconf or in its schemas
      """,
    version: "kvmconf \(version) (schemas of Linux \(SchemaSource.newestRelease))",
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
    } catch let status as ExitCode {
      exit(withError: Output.status(status))
    } catch {
      guard exitCode(for: error) == Status.success else { exit(withError: error) }
      // The help or the version is a result, too.
      Output.result(fullMessage(for: error) + "\n")
    }
    exit(withError: Output.status(Status.success))
  }
}
