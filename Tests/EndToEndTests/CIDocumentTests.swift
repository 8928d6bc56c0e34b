import Glibc
import TestSupport
import Testing

/// The jobs that docs/ci.md shows, and the files for CI systems in the root folder. `DocumentTests` runs the commands
/// for a shell.
@Suite struct CIDocumentTests {
  private static let document = text(ofFile: repository + "/docs/ci.md") ?? ""

  /// The blocks of code in a language.
  private static func blocks(_ language: String) -> [String] {
    document.split(separator: "\n```" + language + "\n").dropFirst().compactMap {
      $0.split(separator: "\n```", omittingEmptySubsequences: false).first.map { String($0) + "\n" }
    }
  }

  private static let hasJQ = runBlocking("sh", ["-c", "command -v jq"]).status == 0

  /// The command lines of jobs with kvmconf in them.
  private static let commands: [String] = document.split(separator: "\n").compactMap { line in
    var line = line.drop { $0 == " " }
    guard let prefix = ["- run: ", "- ", "sh '"].first(where: { line.hasPrefix($0) }) else { return nil }
    line = line.dropFirst(prefix.count)
    // The commands succeed here, so the job's handling of a failure is left out.
    if let end = line.firstRange(of: " || ") { line = line[..<end.lowerBound] }
    if line.hasSuffix("'"), !line.contains("jq") { line = line.dropLast() }
    let isCommand = ["kvmconf validate ", "kvmconf apply "].contains { line.hasPrefix($0) }
    return isCommand && (hasJQ || !line.contains("jq")) ? String(line) : nil
  }

  private func withManifests(_ body: (String) async throws -> Void) async rethrows {
    try await withFolder { folder in
      // SAFETY: the paths live throughout the calls.
      for name in ["kvm", "hosts", ".git", ".gitlab"] { unsafe mkdir("\(folder)/\(name)", 0o700) }
      let vm = "kvmconf: 1\narch: \(hostArchitecture ?? "x86_64")\nname: vm\nsteps: [{create-vm: {}}]\n"
      write(vm, toFile: folder + "/kvm/vm.yaml")
      write("devices: [vfio]\n", toFile: folder + "/hosts/lab.facts.yaml")
      try await body(folder)
      for path in ["/.gitlab/code-quality.jq", "/.kvmconf.yaml"] { unsafe unlink(folder + path) }
      for name in [".git", ".gitlab"] { unsafe rmdir("\(folder)/\(name)") }
    }
  }

  private func shell(_ command: String, in folder: String) async -> Ended {
    let path = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return await run("sh", ["-c", "PATH=\"\(path):$PATH\"; \(command)"], in: folder)
  }

  @Test(arguments: commands) func commandSucceeds(_ command: String) async {
    // Not every machine has KVM.
    let command = kvmIsUsable ? command : command.replacing("kvmconf apply", with: "kvmconf apply --on model")
    await withManifests { folder in
      let ended = await shell(command, in: folder)
      #expect(ended.status == 0, "\(command): \(ended.errors)")
    }
  }

  @Test func commandsAreFound() { #expect(Self.commands.count >= 6) }

  @Test func exampleConfigurationIsValid() async throws {
    let example = try #require(Self.blocks("yaml").first { $0.hasPrefix("schemas:") })
    await withManifests { folder in
      write(example, toFile: folder + "/.kvmconf.yaml")
      _ = await run("mkdir", ["-p", folder + "/schemas/arm64"])
      write(
        "schema: 2\nnumber: 4000\ndoc: a device\nsources: [virt/kvm/none.c]\n",
        toFile: folder + "/schemas/arm64/toy.yaml")
      let ended = await shell("kvmconf validate --verbose kvm", in: folder)
      #expect(ended.errors.hasPrefix("kvm/vm.yaml: configured by .kvmconf.yaml\n"))
      #expect(ended.status == 0, "\(ended.errors)")
    }
  }

  @Test(.enabled(if: hasJQ, "jq is not installed")) func codeQualityReportIsMadeFromSARIF() async throws {
    let filter = try #require(Self.blocks("jq").first)
    try await withManifests { folder in
      write(filter, toFile: folder + "/.gitlab/code-quality.jq")
      write("kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n", toFile: folder + "/kvm/vm.yaml")
      let ended = await shell("kvmconf validate --format sarif kvm | jq -f .gitlab/code-quality.jq", in: folder)
      let entry = try #require(JSONValue(ended.output)?[0])
      #expect(entry["check_name"]?.string == "unknown-device-type")
      #expect(entry["severity"]?.string == "major")
      #expect(entry["location"]?["path"]?.string == "kvm/vm.yaml")
      #expect(entry["location"]?["lines"]?["begin"]?.number == 3)
      #expect(entry["fingerprint"]?.string?.hasPrefix("kvm/vm.yaml#") == true)
    }
  }

  /// The document names every diagnostic that is always an error.
  @Test func diagnosticsThatAreAlwaysErrorsAreNamed() async {
    let names = ["yaml-syntax", "merge-key", "not-utf-8", "empty-document", "unknown-version", "schema-evaluation"]
    for name in names {
      #expect(Self.document.contains("`\(name)`"))
      await withManifests { folder in
        write("severity: {\(name): off}\n", toFile: folder + "/.kvmconf.yaml")
        #expect(await shell("kvmconf validate kvm", in: folder).errors.contains("'\(name)' is always an error"))
      }
    }
  }

  // MARK: The action

  private func action(_ inputs: String, in folder: String) async -> Ended {
    await run(
      "sh", ["-c", "\(inputs) KVMCONF=\"\(program)\" GITHUB_OUTPUT=out \"\(repository)/Scripts/action.sh\" validate"],
      in: folder)
  }

  @Test func actionValidatesFiles() async {
    await withManifests { folder in
      let good = await action("FILES='kvm\n\nkvm/vm.yaml'", in: folder)
      #expect(good.output == "" && good.status == 0)
      // A file that is named twice is validated once.
      #expect(good.errors.hasPrefix("1 file, "))
      write("kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n", toFile: folder + "/kvm/vm.yaml")
      let bad = await action("FILES=kvm", in: folder)
      #expect(bad.output.hasPrefix("::error file=kvm/vm.yaml,line=3,"))
      #expect(bad.status == 1)
      #expect(text(ofFile: folder + "/out") == "status=0\nstatus=1\n")
      let report = await action("FORMAT=sarif REPORT='a b.sarif' FAIL_ON=warning KERNEL=6.12 FILES=kvm", in: folder)
      #expect(report.output == "" && report.status == 1)
      #expect(JSONValue(text(ofFile: folder + "/a b.sarif") ?? "")?["version"]?.string == "2.1.0")
      let matrix = await action("FORMAT=markdown KERNEL='6.1\n6.12' HOST_FACTS='hosts' SHARD=1/1 FILES=kvm", in: folder)
      #expect(matrix.output.contains("| hosts/lab.facts.yaml on Linux 6.12 |"), "\(matrix.output)\(matrix.errors)")
      // An input is never interpreted as shell code or as an option.
      let hostile = await action("FILES='$(touch x)\n--help'", in: folder)
      #expect(hostile.errors.contains("cannot read $(touch x)") || hostile.output.contains("cannot read $(touch x)"))
      #expect(hostile.status == 66 && !names(inFolder: folder).contains("x"))
    }
  }

  /// Every input of the action is passed to its script, and is in the document.
  @Test func inputsOfTheActionAreUsedAndDocumented() throws {
    let action = try #require(text(ofFile: repository + "/action.yml"))
    let part = try #require(action.split(separator: "\ninputs:\n").last?.split(separator: "\noutputs:\n").first)
    let inputs = part.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && $0.hasSuffix(":") }
      .map { $0.dropFirst(2).dropLast() }
    #expect(inputs.count == 8)
    let script = try #require(text(ofFile: repository + "/Scripts/action.sh"))
    for input in inputs {
      let variable = input.uppercased().replacing("-", with: "_")
      #expect(action.contains("        \(variable): ${{ inputs.\(input) }}\n"))
      #expect(script.contains("${\(variable):-"))
      #expect(Self.document.contains("\n          \(input): "))
    }
  }
}
