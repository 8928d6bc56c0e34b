import TestSupport
import Testing

/// Input that once crashed the program, made it wait forever, or made it lose results.
@Suite struct HostileInputTests {
  /// A block scalar's header can be the last thing in a file.
  @Test(arguments: ["a: |", "a: >-", "- |", "--- |", "a: |2", "a: &x |", "a: | ", "a: | # comment"])
  func blockHeaderCanEndAFile(_ text: String) async {
    let ended = await kvmconf("fmt", "-", input: text)
    #expect(ended.signal == nil && ended.status == 0, "\(ended)")
    #expect(ended.output.hasPrefix(text.prefix { $0 != "|" && $0 != ">" }))
  }

  private static func counted(by type: String, _ initial: String?) -> String {
    let parameter = "{type: \(type), at: load" + (initial.map { ", default: \($0)" } ?? "") + "}"
    return "kvmconf: 1\narch: x86_64\nparameters: {cpus: \(parameter)}\nvcpus: {count: \"${cpus}\"}\n"
  }

  /// A negative default for the number of vCPUs is reported at its place.
  @Test(arguments: [["validate"], ["plan"], ["apply"], ["apply", "--on", "model"]], ["i32", "i64"])
  func negativeNumberOfVCPUsIsReported(_ command: [String], _ type: String) async {
    let ended = await run(program, command + ["-"], input: Self.counted(by: type, "-1"))
    #expect(ended.signal == nil && ended.status == 1, "\(ended)")
    #expect((ended.output + ended.errors).contains("the number of vCPUs cannot be negative, found -1"), "\(ended)")
    #expect(!ended.output.contains("warning:"), "one mistake is one diagnostic: \(ended)")
  }

  /// A compiled plan does not accept an impossible number of vCPUs either.
  @Test func impossibleNumberOfVCPUsOfAPlanIsReported() async {
    await withFolder { folder in
      let plan = folder + "/vm.kvmplan"
      write(Self.counted(by: "i64", nil), toFile: folder + "/vm.yaml")
      #expect(await kvmconf("compile", folder + "/vm.yaml", "-o", plan).status == 0)
      for command in [["validate"], ["apply", "--on", "model"], ["apply"], ["conform"]] {
        for (count, problem) in [("-1", "cannot be negative"), ("4294967296", "more than any kernel supports")] {
          let ended = await run(program, command + ["--set", "cpus=\(count)", plan])
          #expect(ended.signal == nil && ended.status == 1, "\(command): \(ended)")
          #expect((ended.output + ended.errors).contains(problem), "\(command): \(ended)")
        }
      }
    }
  }

  /// In a folder, only regular files and links to them are opened: a pipe would wait for its writer.
  @Test(.hangGuard, arguments: [["validate"], ["fmt", "--check"]])
  func linkToAPipeInAFolderIsNotOpened(_ command: [String]) async {
    await withFolder { folder in
      write("kvmconf: 1\narch: x86_64\nsteps:\n  - create-vm: {}\n", toFile: folder + "/good.yaml")
      _ = await run("mkfifo", [folder + "/pipe"])
      _ = await run("ln", ["-s", "pipe", folder + "/linked.yaml"])
      let ended = await run(program, command + [folder])
      #expect(ended.status == 0, "\(ended)")
    }
  }

  /// A configuration, and a file that it names, must be a regular file.
  @Test(.hangGuard)
  func pipeAsAConfigurationIsReported() async {
    await withFolder { folder in
      write("kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}]\n", toFile: folder + "/good.yaml")
      _ = await run("mkfifo", [folder + "/pipe"])
      write("host-facts: pipe\n", toFile: folder + "/.kvmconf.yaml")
      let facts = await kvmconf("validate", folder + "/good.yaml")
      #expect(facts.status == 66)
      #expect((facts.output + facts.errors).contains("pipe: it is not a regular file"), "\(facts)")
      _ = await run("ln", ["-sf", "pipe", folder + "/.kvmconf.yaml"])
      let configuration = await kvmconf("validate", folder + "/good.yaml")
      #expect(configuration.status == 66)
      #expect(configuration.errors.contains(".kvmconf.yaml: it is not a regular file"), "\(configuration)")
    }
  }

  /// A pipe that the user names is read to its end.
  @Test func pipeAsAnArgumentIsRead() async {
    let script = "\"$0\" validate <(printf 'kvmconf: 1\\narch: x86_64\\nsteps: [{create-vm: {}}]\\n')"
    let ended = await run("bash", ["-c", script, program])
    #expect(ended.status == 0 && ended.errors.contains("1 manifest, 1 step: 0 errors"), "\(ended)")
  }
}

/// Files that cannot be written leave nothing behind.
@Suite struct DraftTests {
  /// Exceeding the limit of a file's size is an error, and not the end of the program by SIGXFSZ.
  @Test(arguments: [
    "compile \"$1/vm.yaml\" -o \"$1/vm.kvmplan\"", "schema export -o \"$1/vm.kvmplan\"", "fmt \"$1/vm.yaml\"",
  ])
  func draftIsRemovedIfItIsTooLarge(_ command: String) async {
    await withFolder { folder in
      var text = "kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n"
      for i in 0..<500 { text += "  - {set:   vcpu.0.tsc.offset, value: \(i)}\n" }
      write(text, toFile: folder + "/vm.yaml")
      let ended = await run("sh", ["-c", "ulimit -f 1; \"$0\" \(command)", program, folder])
      #expect(ended.signal == nil && ended.status == 73, "\(ended)")
      #expect(ended.errors.contains("File too large [cannot-write]"), "\(ended)")
      let left = await run("ls", ["-A", folder])
      #expect(left.output == "vm.yaml\n")
    }
  }
}

/// Results that cannot be written are an error, for every command.
@Suite struct LostResultTests {
  private static let commands = [
    "validate --format json examples/arm64/gicv3.yaml", "plan examples/arm64/gicv3.yaml",
    "render examples/arm64/gicv3.yaml", "apply --on model examples/arm64/gicv3.yaml", "explain arm-vgic-v3",
    "schema list", "schema export", "fmt -", "completions bash", "compile -o - examples/arm64/gicv3.yaml",
    "diff examples/arm64/gicv3.yaml examples/arm64/gicv2.yaml", "--help", "--version", "help plan",
  ]

  @Test(
    .enabled(if: runBlocking("test", ["-w", "/dev/full"]).status == 0, "this machine has no /dev/full"),
    arguments: commands)
  func fullDiskIsReported(_ command: String) async {
    let ended = await run("sh", ["-c", "echo 'kvmconf: 1' | \"$0\" \(command) >/dev/full", program])
    #expect(ended.status == 73, "\(ended)")
    #expect(ended.errors.contains("cannot write standard output: No space left on device [cannot-write]"), "\(ended)")
  }

  @Test(arguments: commands)
  func closedOutputIsReported(_ command: String) async {
    let ended = await run("sh", ["-c", "echo 'kvmconf: 1' | \"$0\" \(command) >&-", program])
    #expect(ended.status == 73, "\(ended)")
    #expect(ended.errors.contains("cannot write standard output: Bad file descriptor [cannot-write]"), "\(ended)")
  }

  /// All output arrives through a non-blocking pipe with a slow reader.
  @Test(.enabled(if: runBlocking("sh", ["-c", "command -v python3"]).status == 0, "python3 is not installed"))
  func slowReaderGetsAllOutput() async {
    let whole = await kvmconf("schema", "export")
    let script = """
      import os, subprocess, sys, time
      reader, writer = os.pipe()
      os.set_blocking(writer, False)
      child = subprocess.Popen([sys.argv[1], "schema", "export"], stdout=writer)
      os.close(writer)
      time.sleep(0.3)
      size = 0
      while chunk := os.read(reader, 65536): size += len(chunk)
      print(size, child.wait())
      """
    let ended = await run("python3", ["-c", script, program])
    #expect(ended.output == "\(whole.output.utf8.count) 0\n", "\(ended)")
    #expect(whole.output.utf8.count > 65_536, "the output fits into a pipe, so the program did not have to wait")
  }
}
