import TestSupport
import Testing

/// `--color` and `NO_COLOR`.
@Suite struct ColorTests {
  private static let bad = "kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n"
  private static let good = "kvmconf: 1\narch: x86_64\ndevices: [{type: vfio}]\n"

  private func isColored(_ text: String) -> Bool { text.contains("\u{1B}[") }

  /// Each command with output for people, with arguments that give colours.
  @Test(arguments: [
    ["validate", "bad.yaml"], ["plan", "bad.yaml"], ["compile", "bad.yaml", "-o", "plan"],
    ["apply", "--on", "model", "good.yaml"], ["conform", "bad.yaml"], ["render", "bad.yaml"], ["fmt", "none.yaml"],
    ["diff", "good.yaml", "other.yaml"], ["explain", "vfio", "--schemas", "none"], ["schema", "check", "none"],
    ["probe", "--compare", "none", "none"],
  ]) func colorOptionDecides(_ arguments: [String]) async {
    await withFolder { folder in
      write(Self.bad, toFile: folder + "/bad.yaml")
      write(Self.good, toFile: folder + "/good.yaml")
      write(Self.good + "vcpus: {count: 1}\n", toFile: folder + "/other.yaml")
      func printed(_ more: String...) async -> String {
        let ended = await run(program, arguments + more, in: folder)
        #expect(ended.status != 64, "\(ended.errors)")
        return ended.output + ended.errors
      }
      #expect(isColored(await printed("--color", "always")))
      // Neither a file nor a pipe is a terminal.
      #expect(!isColored(await printed("--color", "never")))
      #expect(!isColored(await printed("--color", "auto")))
      #expect(!isColored(await printed()))
    }
  }

  /// The command line takes precedence over the environment.
  @Test func optionTakesPrecedenceOverTheEnvironment() async {
    let ended = await run(
      "env", ["NO_COLOR=1", program, "validate", "--color", "always", "-"], input: Self.bad)
    #expect(ended.status == 1 && isColored(ended.output))
  }

  /// Formats for programs have no colours.
  @Test(arguments: ["json", "sarif", "junit", "github", "gcc"])
  func formatForProgramsHasNoColors(_ format: String) async {
    let ended = await run(
      program, ["validate", "--color", "always", "--format", format, "-"], input: Self.bad)
    #expect(ended.status == 1 && !ended.output.isEmpty && !isColored(ended.output))
  }

  @Test(.enabled(if: runBlocking("sh", ["-c", "command -v script"]).status == 0, "script(1) is not installed"))
  func terminalGetsColorsUnlessDisabled() async {
    await withFolder { folder in
      write(Self.bad, toFile: folder + "/bad.yaml")
      func onTerminal(_ environment: String, _ options: String = "") async -> String {
        await run(
          "script",
          ["-qec", "env -u NO_COLOR TERM=xterm \(environment) '\(program)' validate \(options) bad.yaml", "/dev/null"],
          in: folder
        ).output
      }
      #expect(isColored(await onTerminal("")))
      #expect(!isColored(await onTerminal("NO_COLOR=1")))
      #expect(isColored(await onTerminal("NO_COLOR=")))
      #expect(!isColored(await onTerminal("", "--color never")))
    }
  }

  @Test func unknownChoiceIsReported() async {
    let ended = await kvmconf("validate", "--color", "sometimes", "x.yaml")
    #expect(ended.status == 64 && ended.errors.contains("sometimes"))
  }
}
