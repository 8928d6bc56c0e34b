import Glibc
import TestSupport
import Testing

/// Any input gets a clear answer and the right status, and never causes a crash.
@Suite struct BadInputTests {
  private static let commands = [["validate"], ["plan"], ["render"], ["apply", "--on", "model"], ["apply"]]

  @Test(arguments: commands)
  func missingFileIsReported(_ command: [String]) async {
    let ended = await run(program, command + ["/does/not/exist.yaml"])
    #expect(ended.output == "")
    #expect(
      ended.errors.hasPrefix("error: cannot read /does/not/exist.yaml: No such file or directory [cannot-read]\n"))
    #expect(ended.status == 66)
  }

  @Test(arguments: commands)
  func emptyFileIsReported(_ command: [String]) async {
    await withFolder { folder in
      for text in ["", "\n", "# only a comment\n", "---\n", "\u{FEFF}"] {
        write(text, toFile: folder + "/empty.yaml")
        let ended = await run(program, command + [folder + "/empty.yaml"])
        #expect((ended.output + ended.errors).contains("[empty-document]"), "\(text.debugDescription)")
        #expect(ended.status == 1)
      }
    }
  }

  @Test func folderInPlaceOfAFileIsReported() async {
    await withFolder { folder in
      for command in Self.commands.dropFirst() {
        let ended = await run(program, command + [folder])
        #expect(ended.errors.contains("cannot read \(folder): it is a folder"))
        #expect(ended.status == 66)
      }
      // `validate` takes the manifests in a folder; it fails if there are none.
      #expect(await kvmconf("validate", folder).status != 0)
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"))
  func fileWithoutPermissionIsReported() async {
    await withFolder { folder in
      write("kvmconf: 1\n", toFile: folder + "/secret.yaml")
      // SAFETY: the path lives throughout the call.
      unsafe chmod(folder + "/secret.yaml", 0)
      let ended = await kvmconf("validate", folder + "/secret.yaml")
      #expect(ended.errors.contains("Permission denied"))
      #expect(ended.status == 66)
    }
  }

  /// Large files are read up to a limit.
  @Test(.hangGuard)
  func sizeOfFilesIsLimited() async {
    await withFolder { folder in
      write(
        String(repeating: "# a comment of fifty bytes, over and over again..\n", count: 1 << 20),
        toFile: folder + "/a.yaml")
      let comments = await kvmconf("validate", folder + "/a.yaml")
      #expect(comments.output.contains("[empty-document]"))
      #expect(comments.status == 1)
      write("a: \"" + String(repeating: "x", count: 50 << 20) + "\"\n", toFile: folder + "/b.yaml")
      let scalar = await kvmconf("validate", folder + "/b.yaml")
      #expect(scalar.output.contains("[too-large]"))
      #expect(scalar.output.utf8.count < 10_000)
      #expect(scalar.status == 1)
      write(String(repeating: "#", count: 65 << 20), toFile: folder + "/c.yaml")
      let whole = await kvmconf("validate", folder + "/c.yaml")
      #expect(whole.output.contains("[too-large]"))
      #expect(whole.status == 1)
    }
  }

  @Test(arguments: [
    "\u{0}\u{1}\u{2}", "%PDF-1.7\n", "{", "[[[[", "- - - -", "\t", "a: &a *a", "5", "null", "\"${", "<<: x",
    "!!binary x", "? [",
  ])
  func nonsenseIsReportedAtItsPlace(_ text: String) async {
    let ended = await kvmconf("validate", "-", input: text)
    #expect(ended.status == 1)
    #expect(ended.output.contains("<stdin>:"))
  }

  @Test func manyErrorsAreReported() async {
    let text = "kvmconf: 1\narch: x86_64\nvcpus: {count: 1}\n"
    let regions = (0..<500).map { "  - {at: \($0 * 4096), size: 4KiB, key\($0): 1}\n" }.joined()
    let ended = await kvmconf("validate", "-", input: text + "memory:\n" + regions)
    #expect(ended.output.matches(of: #/error: .* has no key/#).count >= 100)
    #expect(ended.status == 1)
    // Those of one mapping that are like no known key are one error.
    let keys = await kvmconf("validate", "-", input: text + (0..<500).map { "key\($0): 1\n" }.joined())
    #expect(problems(keys.output).count == 1 && keys.output.contains("and 496 more"))
  }

  @Test(arguments: [
    ["--nonsense"], ["validate"], ["validate", "--nonsense", "x"], ["validate", "--format", "xml", "x"], ["nonsense"],
    ["plan"],
    ["plan", "a", "b"], ["apply", "--on", "moon", "x"], ["validate", "--set", "x", "y"],
    ["validate", "--set", "=5", "y"],
    ["validate", "--kernel", "six", "y"], ["validate", "--fail-on", "error", "y"], ["schema", "nonsense"],
  ])
  func wrongCommandLineIsReported(_ arguments: [String]) async {
    let ended = await run(program, arguments)
    #expect(ended.output == "")
    #expect(ended.errors.hasPrefix("error: "))
    // As other messages, it begins in lower case.
    #expect(ended.errors.dropFirst(7).first?.isUppercase == false, "\(ended.errors)")
    #expect(ended.errors.contains("kvmconf"))
    #expect(ended.status == 64)
  }

  /// A message of several lines keeps them.
  @Test func valuesOfAnOptionAreListed() async {
    let ended = await kvmconf("validate", "--format", "xml", "x")
    #expect(ended.errors.hasPrefix("error: the value 'xml' is invalid for '--format <format>'"))
    #expect(ended.errors.contains("\n  - text\n  - markdown\n"), "\(ended.errors)")
  }

  /// The usage does not help if an option does not fit what a file has.
  @Test func optionThatDoesNotFitAFileIsReported() async {
    let ended = await kvmconf("map", "--document", "4", "examples/x86_64/tsc.yaml")
    #expect(ended.errors == "error: --document 4: examples/x86_64/tsc.yaml has 1 manifest\n" && ended.status == 64)
  }

  @Test(arguments: [["/nonexistent", "examples"], ["examples", "/nonexistent"], ["/nonexistent", "/dev/null"]])
  func missingFileToCompareIsReported(_ paths: [String]) async {
    let ended = await run(program, ["diff"] + paths)
    #expect(ended.errors.hasPrefix("error: cannot read /nonexistent: ") && ended.status == 66, "\(ended)")
  }

  @Test func emptyFactsHaveAPlace() async {
    let ended = await kvmconf("validate", "--host-facts", "/dev/null", "examples/x86_64/tsc.yaml")
    #expect(ended.errors.hasPrefix("/dev/null:1:1: error: host facts must be a mapping"), "\(ended.errors)")
  }

  @Test func pipesAreNotSharedBetweenShards() async {
    for path in ["-", "/dev/zero"] {
      let ended = await kvmconf("validate", "--shard", "1/2", path)
      #expect(ended.errors.contains("cannot be read more than once") && ended.status == 64, "\(ended)")
    }
  }

  /// If the reader of the output goes away, there is no message and no waiting.
  @Test func closedPipeEndsTheProgramSilently() async {
    var ends: [Int32] = [0, 0]
    // SAFETY: pipe() fills both elements.
    #expect(unsafe pipe(&ends) == 0)
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let running = Running(program, ["plan", "examples/arm64/vgic-corner-cases.yaml"], output: ends[1])
    close(ends[0])
    close(ends[1])
    let ended = await running.ended()
    #expect(ended.errors == "")
    // The program may have written everything before the reader was gone.
    #expect(ended.signal == SIGPIPE || ended.status == 0)
  }

  /// A file that a manifest names is opened only if the schema allows it, and a missing file is reported.
  @Test(.enabled(if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"))
  func filesOfAManifestAreCheckedAndOpened() async {
    let text =
      "kvmconf: 1\narch: x86_64\nfiles: {gpu: /dev/vfio/no-such-group}\ndevices: [{type: vfio, attributes: {file: {add: [gpu]}}}]\n"
    let ended = await kvmconf("apply", "-", input: text)
    #expect(ended.output == "")
    #expect(ended.errors.contains("<stdin>:3:14: error: "))
    #expect(ended.errors.contains("/dev/vfio/no-such-group"))
    #expect(ended.status == 66)
    let forbidden = await kvmconf("apply", "-", input: text.replacing("/dev/vfio/no-such-group", with: "/etc/passwd"))
    #expect(forbidden.errors.contains("[file-not-allowed]"))
    #expect(forbidden.status == 1)
  }
}
