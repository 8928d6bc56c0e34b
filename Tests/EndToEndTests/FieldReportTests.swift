import TestSupport
import Testing

private let board = """
  kvmconf: 1
  arch: arm64
  vcpus:
    count: 4
    features: [psci-0.2, pmu-v3]
    attributes:
      pmu-v3: {irq: 23, init: }
  devices:
    - name: gic
      type: arm-vgic-v3
      attributes:
        nr-irqs: 256
        addr: {dist: 0x0800_0000, redist: 0x080A_0000}
        ctrl: {init: }

  """
private let wrongBoard = board.replacing("nr-irqs: 256", with: "nr-irqs: 100")
private let base = "kvmconf: 1\narch: x86_64\nparameters:\n  n: {type: u32}\nvcpus: {count: \"${n}\"}\n"
private let child = "extends: common/base.yaml\nparameters:\n  n: {default: 2}\n"

private func places(_ problems: [Substring]) -> [String] { problems.map { String($0.prefix { $0 != " " }) } }

private func validated(_ manifest: String) async -> [Substring] {
  problems(await kvmconf("validate", "-", input: manifest).output)
}

/// Mistakes of manifests that users have reported: each is reported once, and none hides another.
@Suite struct ReportedMistakeTests {
  @Test(arguments: [
    ("irq: 23", "irq: 7", "vcpu.pmu-v3.irq:EINVAL"), ("irq: 23", "irq: 35", "vcpu.pmu-v3.irq:EINVAL"),
    ("count: 4", "count: 600", "vcpu.create.id:EINVAL"), ("nr-irqs: 256", "nr-irqs: 100", "arm-vgic-v3.nr-irqs:EINVAL"),
    ("count: 4", "count: four", "bad-integer"), ("[psci-0.2, pmu-v3]", "[psci-0.2, pmu-v4]", "unknown-feature"),
  ])
  func mistakeHasNoConsequences(_ right: String, _ wrong: String, _ id: String) async {
    let found = await validated(board.replacing(right, with: wrong))
    #expect(found.count == 1 && found.first?.contains("[\(id)]") == true, "\(found)")
  }

  @Test func wrongNumberOfVCPUsHidesNothing() async {
    let found = await validated(
      """
      kvmconf: 1
      arch: x86_64
      vcpus:
        count: two
        attributes:
          tsc: {ofset: 0}
      steps:
        - {get: vcpu.1.tsc.offset}
      """)
    #expect(places(found) == ["<stdin>:4:10:", "<stdin>:6:11:"], "\(found)")
  }

  /// What is misspelt is read as what is meant, so that mistakes in it are found and nothing seems to be missing.
  @Test func misspeltNamesHideNothing() async {
    let found = await validated(
      board.replacing("features: [psci-0.2, pmu-v3]", with: "feature: [pmu]")
        .replacing("nr-irqs: 256", with: "nr_irqs: 100"))
    #expect(places(found) == ["<stdin>:5:3:", "<stdin>:5:13:", "<stdin>:12:7:", "<stdin>:12:16:"], "\(found)")
  }

  /// A refused vCPU or device is not reported again by the calls that kvmconf adds for it.
  @Test func addedCallsHaveNoDiagnosticsOfTheirOwn() async {
    let found = await validated(
      """
      kvmconf: 1
      arch: ppc64
      vcpus: {ids: [0, 5000]}
      devices: [{type: xive}, {type: xics}]
      """)
    #expect(places(found) == ["<stdin>:3:18:", "<stdin>:4:32:"], "\(found)")
  }

  /// The value is wrong, and the state refuses every value.
  @Test func secondReasonIsReportedToo() async {
    let found = await validated(
      board.replacing("[psci-0.2, pmu-v3]", with: "[psci-0.2]").replacing("{irq: 23, init: }", with: "{irq: 7}"))
    #expect(found.count == 2)
    #expect(found.first?.contains("[vcpu.pmu-v3.irq:ENODEV]") == true)
    #expect(found.last?.contains("then answer EINVAL: the PMU interrupt must be a PPI") == true)
  }

  /// Each refusal of a command is about another missing call.
  @Test func everyMissingCallIsReported() async {
    let found = await validated(
      """
      kvmconf: 1
      arch: riscv64
      vcpus: {count: 2}
      devices:
        - type: riscv-aia
          attributes:
            config: {srcs: 96, hart-bits: 1}
            ctrl: {init: }
      """)
    #expect(found.count == 2, "\(found)")
    #expect(found.first?.contains("[riscv-aia.ctrl.init.aplic:EINVAL]") == true)
    #expect(found.last?.contains("[riscv-aia.ctrl.init.imsic:EINVAL]") == true)
  }

  @Test func misplacedSettingsAreCheckedWhereTheyBelong() async {
    let found = await validated(
      "kvmconf: 1\narch: arm64\nvcpus: 1\ndevices: [{type: gicv3, nr-irqs: 100, addr: {redst: 0x0A00_0000}}]\n")
    let expected = ["3:8:", "4:18:", "4:25:", "4:34:", "4:46:"].map { "<stdin>:" + $0 }
    #expect(places(found) == expected, "\(found)")
  }
}

/// Faults of the program that users have reported.
@Suite struct FieldReportTests {
  // MARK: Releases

  @Test(arguments: [("x86_64/tsc", "5.10"), ("riscv64/aia", "6.1"), ("ppc64/xive", "4.19")])
  func releaseIsTheReason(_ example: String, _ release: String) async {
    let ended = await kvmconf("validate", "--kernel", release, "\(repository)/examples/\(example).yaml")
    let found = problems(ended.output)
    #expect(!found.isEmpty && found.allSatisfy { $0.contains(": error: ") && $0.contains("new ") }, "\(found)")
    #expect(found.allSatisfy { $0.contains("Linux") })
  }

  @Test func releaseBeyondTheSchemasIsWarnedOf() async {
    let ended = await kvmconf("validate", "--kernel", "99.1", "-", input: board)
    #expect(ended.errors.contains("warning: the schemas describe Linux up to "))
    #expect(ended.errors.contains("[newer-release]") && ended.status == 0)
  }

  @Test(arguments: [("5.20", "5.19"), ("6.20.1", "6.19"), ("6.99", "6.19")])
  func releaseThatDoesNotExistIsWarnedOf(_ release: String, _ last: String) async {
    let ended = await kvmconf("validate", "--kernel", release, "-", input: board)
    let words = "warning: Linux \(release) does not exist; \(last) is the last release of Linux \(last.prefix(1)), and "
    #expect(ended.errors.contains(words) && ended.errors.contains("[no-such-release]"), "\(ended.errors)")
  }

  @Test func releaseBeforeTheSchemasIsWarnedOf() async {
    for command in ["validate", "plan"] {
      let ended = await kvmconf(command, "--kernel", "4.9", "-", input: board)
      #expect(ended.errors.contains("warning: the schemas describe Linux from 5.10 on; "), "\(ended.errors)")
      #expect(ended.errors.contains("[older-release]"))
    }
    let several = await kvmconf(
      "validate", "--kernel", "4.9", "--kernel", "4.19", "--kernel", "99.1", "-", input: board)
    #expect(several.errors.split(separator: "\n").count { $0.hasPrefix("warning: ") } == 2, "\(several.errors)")
    for release in ["5.10", "5.10.3", "5.19", "6.19.2", "7.2", "7.3.4"] {
      #expect(!(await kvmconf("validate", "--kernel", release, "-", input: board)).errors.contains("warning: "))
    }
  }

  /// The warning counts, fails with --fail-on warning, and has the severity that a configuration gives it.
  @Test func warningOfAReleaseIsOneAsOthers() async {
    let counted = await kvmconf("validate", "--kernel", "99.1", "-", input: board)
    #expect(counted.errors.hasSuffix(": 0 errors, 1 warning, 0 undecided\n") && counted.status == 0)
    for kernels in [["--kernel", "99.1"], ["--kernel", "7.1", "--kernel", "99.1"]] {
      let ended = await run(program, ["validate", "--fail-on", "warning"] + kernels + ["-"], input: board)
      #expect(ended.status == 1, "\(ended)")
    }
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      for (severity, status) in [("off", Int32(0)), ("note", 0), ("warning", 1), ("error", 1)] {
        write("severity: {newer-release: \(severity)}\nfail-on: warning\n", toFile: folder + "/.kvmconf.yaml")
        for kernels in [["--kernel", "99.1"], ["--kernel", "7.1", "--kernel", "99.1"]] {
          let ended = await run(program, ["validate"] + kernels + ["a.yaml"], in: folder)
          #expect(ended.status == status && ended.errors.contains("[newer-release]") == (severity != "off"), "\(ended)")
          #expect(ended.errors.contains("\(severity): the schemas describe") == (severity != "off"), "\(ended)")
        }
      }
    }
  }

  /// The release of a configuration is not used if options name the hosts.
  @Test func releaseOfAnOverriddenConfigurationIsNotWarnedOf() async {
    await withFolder { folder in
      write("kernel: 9.9\n", toFile: folder + "/.kvmconf.yaml")
      write(board, toFile: folder + "/a.yaml")
      let one = await kvmconf("validate", "a.yaml", in: folder)
      #expect(one.errors.contains("for 9.9, the answers of"))
      let several = await kvmconf("validate", "--kernel", "6.1", "--kernel", "7.2", "a.yaml", in: folder)
      #expect(!several.errors.contains("[newer-release]"), "\(several.errors)")
      // Facts without a release leave it to the configuration.
      write("arch: arm64\n", toFile: folder + "/facts")
      write("arch: arm64\nkernel: 6.1\n", toFile: folder + "/more")
      let facts = await kvmconf("validate", "--host-facts", "facts", "--host-facts", "more", "a.yaml", in: folder)
      #expect(facts.errors.contains("for 9.9, the answers of"), "\(facts.errors)")
      #expect(await run("rm", [folder + "/.kvmconf.yaml"]).status == 0)
    }
  }

  /// A message about releases names the one that is validated for, unless it is about several hosts.
  @Test func messageAboutReleasesNamesTheRelease() async {
    let tsc = "kvmconf: 1\narch: x86_64\nvcpus: {count: 1, attributes: {tsc: {offset: 9}}}\n"
    let words = "attributes of vCPUs are new between Linux 5.10 and 6.1"
    let one = await kvmconf("validate", "--kernel", "5.10", "-", input: tsc)
    #expect(one.output.contains(": \(words); you validate for Linux 5.10 ["), "\(one.output)")
    let several = await kvmconf("validate", "--kernel", "5.10", "--kernel", "5.10.7", "-", input: tsc)
    #expect(problems(several.output).count == 1 && several.output.contains(": \(words) ["), "\(several.output)")
  }

  @Test(arguments: [["--kernel", "5.10", "--kernel", "6.1"], ["--set", "n=1", "--set", "n=2"]])
  func repeatedOptionIsAnError(_ options: [String]) async {
    let ended = await run(program, ["plan"] + options + ["-"], input: board)
    #expect(ended.status == 64 && ended.errors.contains(options[0]))
  }

  @Test func pageSaysThatAReleaseLacksTheAttribute() async {
    let page = await kvmconf("explain", "vcpu.tsc.offset", "--kernel", "5.10").output
    #expect(page.contains("missing  Linux 5.10 does not have it"))
    #expect(!(await kvmconf("explain", "vcpu.tsc.offset").output.contains("does not have it")))
  }

  // MARK: Commands

  @Test func messageIsReadFromStandardInput() async {
    let ended = await kvmconf("explain", "-", input: "qemu-system-riscv64: KVM AIA: failed to set number of msi\n")
    #expect(ended.output.contains("\nriscv-aia.config.ids  ") && ended.status == 0)
    let two = await run(program, ["explain", "unknown-feature", "unknown-key"])
    #expect(two.output.hasPrefix("unknown-feature\n") && two.output.contains("\nunknown-key\n"))
  }

  /// The parts of a condition that a function's arguments decide are left out.
  @Test func conditionHasNoDecidedParts() async {
    let page = await kvmconf("explain", "arm-vgic-v3.addr.dist:EINVAL").output
    #expect(page.contains("when    value % 64KiB != 0\n"))
  }

  @Test(arguments: [
    (["valdate", "x.yaml"], "did you mean 'validate'?"), (["help", "validat"], "did you mean 'validate'?"),
    (["schema", "lst"], "did you mean 'list'?"), (["help", "schema", "xport"], "did you mean 'export'?"),
    (["frobnicate"], "'kvmconf' has no command 'frobnicate'"),
  ])
  func unknownCommandIsAnError(_ arguments: [String], _ words: String) async {
    let ended = await run(program, arguments)
    #expect(ended.status == 64 && ended.output == "" && ended.errors.contains(words), "\(ended.errors)")
  }

  @Test(arguments: [["plan", "-"], ["compile", "-", "-o", "/dev/null"]])
  func refusedCallIsAWarningOfThePlan(_ arguments: [String]) async {
    let ended = await run(program, arguments, input: wrongBoard)
    #expect(ended.errors.contains(": warning: the kernel would answer EINVAL"))
    #expect(ended.errors.contains("[arm-vgic-v3.nr-irqs:EINVAL]") && ended.status == 0)
    #expect(await run(program, arguments, input: board).errors == "")
  }

  @Test func resultIsWrittenToAFile() async {
    await withFolder { folder in
      let ended = await kvmconf("validate", "--quiet", "-o", folder + "/out", "-", input: wrongBoard)
      #expect(ended.output == "" && ended.errors == "" && ended.status == 1)
      #expect(problems(text(ofFile: folder + "/out") ?? "").count == 1)
      let lost = await kvmconf("validate", "-o", folder + "/none/out", "-", input: wrongBoard)
      #expect(lost.status == 73)
    }
  }

  // MARK: Files

  @Test func fileIsValidatedOnce() async {
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      let ended = await kvmconf("validate", folder, folder + "/a.yaml", folder + "/./a.yaml")
      #expect(ended.errors.hasPrefix("1 file, 1 manifest, "))
    }
  }

  @Test func foreignFileOfAFolderIsSkipped() async {
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      write("services:\n  web:\n    extends: {file: b.yaml}\n    arch: arm64\n", toFile: folder + "/compose.yaml")
      let ended = await kvmconf("validate", folder)
      #expect(ended.errors.contains("note: \(folder)/compose.yaml is skipped: "))
      #expect(ended.errors.contains("\n1 file, 1 manifest, ") && ended.status == 0)
      #expect(await kvmconf("validate", folder + "/compose.yaml").status == 1)
      // It is not rewritten either.
      let before = text(ofFile: folder + "/compose.yaml")
      #expect(await kvmconf("fmt", folder).status == 0)
      #expect(text(ofFile: folder + "/compose.yaml") == before)
    }
  }

  @Test func factsAreNoManifest() async {
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      let facts = folder + "/host.yaml"
      write("arch: x86_64\nkernel: '6.18'\ndevices: [vfio]\nmax_vcpus: 1024\n", toFile: facts)
      let ended = await kvmconf("validate", folder)
      #expect(ended.errors.contains("note: \(facts) is skipped: it has facts of a host; name it NAME.facts.yaml"))
      #expect(ended.errors.contains("\n1 file, 1 manifest, ") && ended.status == 0)
      // The user named it.
      let named = await kvmconf("validate", facts)
      #expect(problems(named.output).count == 1 && named.output.contains("facts of a host, and no manifest"))
      #expect(named.output.contains("[not-a-manifest]"))
      #expect(named.status == 1)
    }
  }

  /// A file without content may be a manifest that was not written completely, so it is not foreign.
  @Test func emptyFileOfAFolderIsAnError() async {
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      for text in ["", "\n", "# only a comment\n", "---\n"] {
        write(text, toFile: folder + "/empty.yaml")
        for options in [[], ["--kernel", "6.12", "--kernel", "7.2"]] {
          let ended = await run(program, ["validate"] + options + [folder])
          #expect(ended.status == 1 && ended.output.contains("[empty-document]"), "\(text.debugDescription)")
        }
      }
    }
    let document = TestSupport.text(ofFile: repository + "/docs/ci.md")?.replacing("\n", with: " ")
    #expect(document?.contains("A file that is empty or has only comments is an error, `empty-document`") == true)
  }

  @Test func baseIsCheckedThroughItsManifests() async {
    await withFolder { folder in
      #expect(await run("mkdir", [folder + "/common", folder + "/.git"]).status == 0)
      write(base, toFile: folder + "/common/base.yaml")
      write(child, toFile: folder + "/child.yaml")
      #expect(await kvmconf("validate", folder + "/common/base.yaml", folder + "/child.yaml").status == 0)
      #expect(await kvmconf("validate", folder + "/common/base.yaml").status == 1)
      let ended = await kvmconf("validate", "--dependents", folder + "/common/base.yaml")
      #expect(ended.errors.hasPrefix("1 file, 1 manifest, ") && ended.status == 0, "\(ended.errors)")
      // A change of the base that breaks the manifest
      write(base.replacing("count:", with: "cuont:"), toFile: folder + "/common/base.yaml")
      let broken = await kvmconf("validate", "--dependents", folder + "/common/base.yaml")
      #expect(problems(broken.output).contains { $0.contains("did you mean 'count'?") } && broken.status == 1)
    }
    let hooks = text(ofFile: repository + "/.pre-commit-hooks.yaml") ?? ""
    #expect(hooks.contains("entry: kvmconf validate --dependents"))
  }

  @Test func commentIgnoresADiagnostic() async {
    let id = "arm-vgic-v3.nr-irqs:EINVAL"
    for ignored in [
      wrongBoard.replacing("nr-irqs: 100", with: "nr-irqs: 100  # kvmconf: ignore \(id) because the host is patched"),
      wrongBoard.replacing(
        "      nr-irqs", with: "      # kvmconf: ignore other, \(id)\n      # More words.\n      nr-irqs"),
    ] {
      #expect(await kvmconf("validate", "-", input: ignored).status == 0)
    }
    let other = wrongBoard.replacing("nr-irqs: 100", with: "nr-irqs: 100  # kvmconf: ignore unused-file")
    #expect(await kvmconf("validate", "-", input: other).status == 1)
    // A file that cannot be read is always an error.
    #expect(await kvmconf("validate", "-", input: "a: [  # kvmconf: ignore yaml-syntax\n").status == 1)
  }

  @Test func baselineLeavesOutWhatIsKnown() async {
    await withFolder { folder in
      let (file, known) = (folder + "/a.yaml", folder + "/known")
      write(wrongBoard, toFile: file)
      #expect(await kvmconf("validate", "--write-baseline", known, file).status == 0)
      #expect(await kvmconf("validate", "--baseline", known, file).status == 0)
      // The file may be named in other ways.
      for (name, path) in [("./a.yaml", "known"), (".", known), (file, "./known"), ("../../\(file)", "known")] {
        let ended = await kvmconf("validate", "--baseline", path, name, in: folder)
        #expect(ended.status == 0, "\(name)")
      }
      // Lines may move, and a new problem counts.
      write("# More\n" + wrongBoard, toFile: file)
      #expect(await kvmconf("validate", "--baseline", known, file).status == 0)
      write(wrongBoard.replacing("irq: 23", with: "irq: 7"), toFile: file)
      let new = await kvmconf("validate", "--baseline", known, file)
      #expect(problems(new.output).count == 1 && new.output.contains("[vcpu.pmu-v3.irq:EINVAL]") && new.status == 1)
    }
  }

  @Test func otherFilesAreNoBaseline() async {
    await withFolder { folder in
      let file = folder + "/a.yaml"
      write(wrongBoard, toFile: file)
      let ended = await kvmconf("validate", "--baseline", file, file)
      #expect(ended.status == 1 && ended.output == "")
      #expect(ended.errors.contains("\(file):1:1: error: this is not a line of a baseline"))
      #expect(ended.errors.contains("[bad-baseline]"))
      // A name may have blanks, and an empty baseline knows nothing.
      write("a b.yaml vcpu.pmu-v3.irq:EINVAL 0123456789abcdef:1\n\n", toFile: folder + "/known")
      #expect(await kvmconf("validate", "--baseline", folder + "/known", file).status == 1)
      #expect(await kvmconf("validate", "--baseline", "/dev/null", file).errors.contains("1 file, 1 manifest"))
    }
  }

  @Test func configurationReportsEveryMistake() async {
    await withFolder { folder in
      write(board, toFile: folder + "/a.yaml")
      write(
        "severity:\n  vfio.file.add:EINVL: off\n  unknown-key: loud\nkernel: x\n", toFile: folder + "/.kvmconf.yaml")
      let lines = problems(await kvmconf("validate", folder).errors)
      #expect(lines.count == 3 && lines.first?.contains("did you mean 'vfio.file.add:EINVAL'?") == true, "\(lines)")
    }
  }

  // MARK: git

  /// The recipes of docs/version-control.md, on a repository with a broken manifest and one that extends another.
  @Test(arguments: ["diff.kvmconf.textconv", "diff.kvmconf.command"])
  func gitRecipeSurvivesBrokenManifests(_ key: String) async throws {
    let page = try #require(text(ofFile: repository + "/docs/version-control.md"))
    let recipe = try #require(page.split(separator: "\n").first { $0.contains("git config \(key) ") })
    await withFolder { folder in
      let extending = child.replacing("common/", with: "")
      for (name, content) in [("a", board), ("b", extending), ("base", base), ("c", board)] {
        write(content, toFile: "\(folder)/\(name).yaml")
      }
      write("*.yaml diff=kvmconf\n", toFile: folder + "/.gitattributes")
      let path = "PATH=\(program.dropLast("/kvmconf".count)):$PATH; cd \(folder) && "
      let commit = "git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -qm a && "
      let made = await run("sh", ["-c", path + commit + recipe])
      #expect(made.status == 0, "\(made.errors)")
      write("broken: [\n" + board, toFile: folder + "/a.yaml")
      write(extending.replacing("2", with: "3"), toFile: folder + "/b.yaml")
      write(board.replacing("nr-irqs: 256", with: "nr-irqs: 512"), toFile: folder + "/c.yaml")
      let ended = await run("sh", ["-c", path + "git --no-pager diff"])
      #expect(ended.status == 0, "\(ended.errors)")
      #expect(ended.output.contains("broken: [") && ended.output.contains("512"), "\(ended.output)")
      // A manifest whose base is missing in the temporary folder
      #expect(ended.output.contains("extends: base.yaml"))
    }
  }
}
