import ArgumentParser
import Diagnostics
import Glibc
import Vocabulary

/// The program: parse, call, print.
@main
struct KVMConfCommand: ParsableCommand {
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
    version: "kvmconf \(kvmconfVersion) (schemas of Linux 7.2)",
    subcommands: [
      Validate.self, PlanCommand.self, Compile.self, Apply.self, Probe.self, Conform.self, Render.self,
      FormatCommand.self, Diff.self, Explain.self, Schema.self, Completions.self,
    ])
}

extension KVMConfCommand {
  /// Runs the command that the arguments name, and exits.
  static func main() {
    Output.reserveStandardStreams()
    var status = Status.success
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as DiagnosticsError {
      Output.print(error.diagnostics, to: 2)
      status = Status.of(error.kind)
    } catch let ended as ExitCode {
      status = ended
    } catch {
      guard exitCode(for: error) == Status.success else { exit(withError: error) }
      // The help or the version is a result, too.
      Output.result(fullMessage(for: error) + "\n")
    }
    // exit(withError:) composes a message even if there is none to print.
    Glibc.exit(Output.status(status).rawValue)
  }
}
