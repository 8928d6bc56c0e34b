import TestSupport
import Testing

/// Validation for several hosts, in one piece and in shards.
@Suite struct MatrixTests {
  private static let tsc = """
    kvmconf: 1
    arch: x86_64
    name: tsc
    vcpus: {count: 1, attributes: {tsc: {offset: 9}}}

    """

  /// The lines of the table at the end of a report.
  private func table(_ output: String) -> [String] {
    let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
    return lines[(lines.dropLast().lastIndex(of: "").map { $0 + 1 } ?? 0)...].filter { !$0.isEmpty }.map(String.init)
  }

  /// Manifests and hosts of two architectures.
  private func prepare(_ folder: String) async {
    _ = await run("mkdir", ["-p", "boards/base", "boards/more", "hosts/deep", "empty"], in: folder)
    write(Self.tsc, toFile: folder + "/boards/tsc.yaml")
    write(
      "kvmconf: 1\narch: x86_64\nparameters: {n: {type: u32}}\nvcpus: {count: \"${n}\"}\n",
      toFile: folder + "/boards/base/cpus.yaml")
    write(
      "extends: base/cpus.yaml\nparameters: {n: {default: 2}}\ndevices: [{type: vfio}, {type: vfio, name: two}]\n",
      toFile: folder + "/boards/two-vfio.yaml")
    write(
      "kvmconf: 1\narch: arm64\nname: a\nvcpus: {count: 1}\n---\nkvmconf: 1\narch: x86_64\nname: b\nfiles: {gpu: /dev/vfio/12}\n"
        + "devices: [{type: vfio, attributes: {file: {add: [gpu]}}}]\n", toFile: folder + "/boards/more/both.yaml")
    write("version: 3\nservices: {}\n", toFile: folder + "/boards/more/compose.yaml")
    write("kvmconf: 1\narch: x86_64\nvcpus: {cuont: 1}\n", toFile: folder + "/boards/more/wrong.yaml")
    write("kvmconf: [\n", toFile: folder + "/boards/more/broken.yaml")
    write("kvmconf: 1 # \u{1}\n", toFile: folder + "/boards/more/control.yaml")
    write("arch: x86_64\nkernel: 6.12.3\ndevices: [vfio]\n", toFile: folder + "/hosts/new.yaml")
    write(#"{"arch": "x86_64", "kernel": "5.4.1", "devices": []}"#, toFile: folder + "/hosts/deep/old.json")
    write("arch: arm64\nkernel: '6.1'\n", toFile: folder + "/hosts/arm.yaml")
  }

  @Test func severalReleasesMakeATable() async {
    let ended = await kvmconf(
      "validate", "--kernel", "7.2", "--kernel", "5.10", "--kernel", "7.2", "-", input: Self.tsc)
    #expect(ended.status == 1)
    #expect(table(ended.output) == ["HOST        <stdin>", "Linux 5.10  1 error", "Linux 7.2   ok"])
    // The problem is there once, with its host.
    #expect(problems(ended.output).count == 1 && ended.output.contains("\n   note: on Linux 5.10\n"))
    #expect(
      ended.errors
        == "1 file, 1 manifest, 2 hosts: 1 pair ok, 1 with errors, 0 with warnings, 0 undecided, 0 not applicable\n")
    let good = await kvmconf("validate", "--kernel", "7.2", "--kernel", "6.12", "-", input: Self.tsc)
    #expect(good.status == 0 && table(good.output).count == 3)
  }

  @Test func folderOfFactsIsAHostPerFile() async {
    await withFolder { folder in
      await prepare(folder)
      let ended = await kvmconf(
        "validate", "--host-facts", "hosts", "boards/tsc.yaml", "boards/more/both.yaml", in: folder)
      #expect(
        table(ended.output) == [
          "HOST                 boards/tsc.yaml  boards/more/both.yaml: a  boards/more/both.yaml: b",
          "hosts/arm.yaml       not applicable   ok                        not applicable",
          "hosts/deep/old.json  1 error          not applicable            1 error",
          "hosts/new.yaml       ok               not applicable            1 undecided",
        ], "\(ended.output)")
      #expect(ended.status == 1 && ended.output.contains("\n   note: on hosts/deep/old.json\n"))
      // Each file of facts with each release. An option's release overrides that of the facts.
      let both = await kvmconf(
        "validate", "--host-facts", "hosts/new.yaml", "--host-facts", "./hosts/deep/old.json", "--kernel", "6.12",
        "boards/tsc.yaml", in: folder)
      #expect(
        table(both.output) == [
          "HOST                               boards/tsc.yaml", "hosts/deep/old.json on Linux 6.12  ok",
          "hosts/new.yaml on Linux 6.12       ok",
        ], "\(both.output)")
      #expect(both.status == 0)
      // A host of another architecture is an error if it is the only one.
      let one = await kvmconf("validate", "--host-facts", "hosts/arm.yaml", "boards/tsc.yaml", in: folder)
      #expect(one.status == 1 && one.errors.contains("[bad-facts]"))
      write("", toFile: folder + "/empty/README")
      let empty = await kvmconf("validate", "--host-facts", "empty", "boards/tsc.yaml", in: folder)
      #expect(empty.status == 66 && empty.errors.contains("the folder has no files of facts"))
    }
  }

  @Test func manifestWithoutAHostIsReported() async {
    await withFolder { folder in
      await prepare(folder)
      let arguments = ["validate", "--host-facts", "hosts", "--fail-on", "warning", "-"]
      let manifest = "kvmconf: 1\narch: riscv64\nvcpus: {count: 1}\n"
      let ended = await run(program, arguments, input: manifest, in: folder)
      #expect(ended.output.hasPrefix("<stdin>:1:1: warning: no host has the architecture riscv64"), "\(ended.output)")
      #expect(ended.output.contains("[no-host]") && ended.status == 1 && !ended.output.contains("note: on"))
      // Its text is still read.
      let broken = await run(program, arguments, input: manifest + "devicse: []\n", in: folder)
      #expect(broken.output.contains("did you mean 'devices'?"))
      // With one suitable host, it is validated.
      write("arch: riscv64\n", toFile: folder + "/hosts/riscv.yaml")
      let found = await run(program, arguments, input: manifest, in: folder)
      #expect(found.status == 0 && !found.output.contains("warning"), "\(found.output)")
    }
  }

  /// An error of a manifest that no host can run fails the validation, so each format shows it.
  @Test(arguments: ["text", "json", "markdown", "sarif", "junit", "github", "gcc"])
  func errorWithoutAHostIsInEveryFormat(_ format: String) async {
    await withFolder { folder in
      await prepare(folder)
      write("kvmconf: 1\narch: riscv64\nvcpus: {count: 1}\ndevicse: []\n", toFile: folder + "/boards/more/riscv.yaml")
      for files in [["boards/more/riscv.yaml"], ["boards/more/riscv.yaml", "boards/tsc.yaml"]] {
        let ended = await run(
          program,
          ["validate", "--host-facts", "hosts/new.yaml", "--host-facts", "hosts/arm.yaml", "--format", format]
            + files, in: folder)
        #expect(ended.status == 1 && ended.output.contains("did you mean 'devices'?"), "\(format): \(ended.output)")
        if format == "junit" {
          #expect(ended.output.contains(#"failures="1""#))
          #expect(ended.output.contains(#"<testcase name="riscv on no host" "#))
        }
      }
    }
  }

  /// An error in the facts of a host is shown for each manifest that is validated for it.
  @Test func errorOfAHostIsOneOfAllManifests() async throws {
    try await withFolder { folder in
      await prepare(folder)
      write(
        "kvmconf: 1\narch: x86_64\nname: a\nvcpus: {count: 1}\n---\nkvmconf: 1\narch: x86_64\nname: b\nvcpus: {count: 1}\n",
        toFile: folder + "/boards/two.yaml")
      write("arch: x86_64\nkernal: 6.1\n", toFile: folder + "/hosts/bad.yaml")
      let arguments = [
        "validate", "--host-facts", "hosts/bad.yaml", "--host-facts", "hosts/new.yaml", "boards/two.yaml",
      ]
      let ended = await run(program, arguments, in: folder)
      let rows = table(ended.output).map { $0.split(separator: " ") }
      #expect(rows.dropFirst() == [["hosts/bad.yaml", "failed", "failed"], ["hosts/new.yaml", "ok", "ok"]])
      #expect(problems(ended.output).count == 1 && ended.output.contains("   note: on hosts/bad.yaml\n"))
      #expect(
        ended.errors.hasSuffix(
          ": 2 pairs ok, 0 with errors, 0 with warnings, 0 undecided, 0 not applicable, 2 failed\n"))
      let junit = await run(program, arguments + ["--format", "junit"], in: folder).output
      #expect(junit.contains(#" tests="4" failures="0" errors="2""#), "\(junit)")
      #expect(junit.split(separator: #"type="unknown-fact""#).count == 3 && !junit.contains("undecided"))
      let json = try #require(JSONValue(await run(program, arguments + ["--format", "json"], in: folder).output))
      let found = json["files"]?[0]?["diagnostics"]?[0]
      #expect(found?["id"]?.string == "unknown-fact" && found?["manifest"]?.number == nil)
      #expect(found?["hosts"]?.array?.compactMap(\.string) == ["hosts/bad.yaml"])
    }
  }

  /// A shared problem has the hosts of all files.
  @Test func sharedProblemNamesTheHostsOfAllFiles() async {
    await withFolder { folder in
      await prepare(folder)
      write("kvmconf: 1\narch: arm64\nname: a\nvcpus: {count: 1}\n", toFile: folder + "/boards/arm.yaml")
      write("arch: x86_64\nkernel: '6.1'\n", toFile: folder + "/hosts/more.yaml")
      let ended = await kvmconf(
        "validate", "--host-facts", "hosts", "--set", "x=1", "boards/tsc.yaml", "boards/arm.yaml", in: folder)
      #expect(ended.output.contains("has no parameter 'x'") && ended.status == 1)
      #expect(ended.output.contains("   note: on every host\n"), "\(ended.output)")
    }
  }

  /// A file of facts may have any name.
  @Test func hostMayBeCalledDefault() async throws {
    try await withFolder { folder in
      write(Self.tsc, toFile: folder + "/a.yaml")
      write("arch: x86_64\nkernel: 5.4.1\n", toFile: folder + "/default")
      let ended = await kvmconf(
        "validate", "--shard", "1/1", "a.yaml", "--host-facts", "default", "--format", "sarif", in: folder)
      let result = try #require(JSONValue(ended.output))["runs"]?[0]?["results"]?[0]
      #expect(result?["properties"]?["hosts"]?.array?.compactMap(\.string) == ["default"])
    }
    let none = await kvmconf(
      "validate", "--shard", "1/1", "--format", "sarif", "examples/x86_64/tsc.yaml", "Tests/Fixtures/mistakes")
    #expect(none.status == 1 && !none.output.contains(#""hosts""#))
  }

  @Test func resultsNameTheirHosts() async throws {
    let arguments = ["validate", "--kernel", "5.10", "--kernel", "7.2", "--kernel", "5.4", "-", "--format"]
    func report(_ format: String) async -> String {
      await run(program, arguments + [format], input: Self.tsc + "devices: [{type: vfio}, {type: vfio, name: b}]\n")
        .output
    }
    let json = try #require(JSONValue(await report("json")))
    #expect(json["hosts"]?.array?.compactMap(\.string) == ["Linux 5.4", "Linux 5.10", "Linux 7.2"])
    let results = json["files"]?[0]?["manifests"]?[0]?["results"]
    #expect(results?[0]?["result"]?.string == "errors" && results?[0]?["errors"]?.number == 2)
    #expect(results?[0]?["hosts"]?.array?.compactMap(\.string) == ["Linux 5.4", "Linux 5.10"])
    #expect(results?[1]?["errors"]?.number == 1 && results?[1]?["hosts"]?.array?.count == 1)
    let found = json["files"]?[0]?["diagnostics"]?.array ?? []
    #expect(found.map { $0["hosts"]?.array?.count } == [2, 3])
    let sarif = try #require(JSONValue(await report("sarif")))["runs"]?[0]?["results"]?.array ?? []
    #expect(sarif.map { $0["properties"]?["hosts"]?.array?.compactMap(\.string) ?? [] }.map(\.count) == [2, 3])
    #expect(sarif.first?["message"]?["text"]?.string?.hasSuffix("\non Linux 5.4 and Linux 5.10") == true)
    #expect(await report("gcc").contains(" (on Linux 5.4 and Linux 5.10) ["))
    #expect(await report("gcc").contains(" (on every host) ["))
    #expect(await report("github").contains("%0Anote: on Linux 5.4 and Linux 5.10"))
    let junit = await report("junit")
    #expect(junit.contains(#"<testcase name="tsc on Linux 5.10" "#) && junit.contains(#"tests="3" failures="3""#))
    let markdown = await report("markdown")
    #expect(markdown.hasPrefix("|  | \\<stdin\\> |\n| --- | --- |\n| Linux 5.4 | 2 errors |\n"), "\(markdown)")
    #expect(markdown.contains("\n- `<stdin>:4:46`: **error**: ") && markdown.contains("\n  - on every host\n"))
  }

  @Test func markdownIsATableForOneHost() async {
    let ended = await kvmconf("validate", "--format", "markdown", "-", input: Self.tsc)
    #expect(ended.output == "|  | \\<stdin\\> |\n| --- | --- |\n| default | ok |\n" && ended.status == 0)
  }

  /// Many hosts with the same results share a row.
  @Test func longTablesAreShortened() async {
    await withFolder { folder in
      _ = await run("mkdir", ["hosts"], in: folder)
      for i in 10..<40 {
        write("arch: x86_64\nkernel: '\(i == 25 ? "5.4" : "7.1")'\n", toFile: folder + "/hosts/\(i).yaml")
      }
      let ended = await kvmconf("validate", "--host-facts", "hosts", "-", input: Self.tsc, in: folder)
      #expect(
        table(ended.output) == [
          "HOST                       <stdin>", "hosts/10.yaml and 28 more  ok", "hosts/25.yaml              1 error",
        ])
      write("kvmconf: 1\narch: x86_64\ndevices: [{type: vfio}, {type: vfio, name: b}]\n", toFile: folder + "/a.yaml")
      let many = await kvmconf("validate", "--host-facts", "hosts", "a.yaml", in: folder)
      #expect(many.output.contains("\n   note: on every host\n"))
      let some = await kvmconf(
        "validate", "--host-facts", "hosts", "--kernel", "5.4", "--kernel", "7.2", "-", input: Self.tsc, in: folder)
      #expect(some.output.contains(" and 22 more hosts\n"))
    }
  }

  @Test func otherCommandsTakeOneHost() async {
    for options in [["--kernel", "6.1", "--kernel", "7.2"], ["--host-facts", "a", "--host-facts", "b"]] {
      let ended = await run(program, ["plan"] + options + ["examples/x86_64/tsc.yaml"])
      #expect(ended.status == 64 && ended.errors.contains("\(options[0]) is given 2 times"), "\(ended.errors)")
    }
  }

  @Test func allFilesOfFactsAreChecked() async {
    await withFolder { folder in
      _ = await run("mkdir", ["hosts"], in: folder)
      for name in ["a", "b"] { write("kernel: none\n", toFile: "\(folder)/hosts/\(name).yaml") }
      let ended = await kvmconf("validate", "--host-facts", "hosts", "-", input: Self.tsc, in: folder)
      #expect(ended.status == 1 && problems(ended.errors).count == 2 && ended.output == "")
      // An unknown fact is found when the schemas are known. It is reported once.
      for name in ["a", "b"] { write("kernal: 6.1\n", toFile: "\(folder)/hosts/\(name).yaml") }
      write(Self.tsc, toFile: folder + "/1.yaml")
      write(Self.tsc, toFile: folder + "/2.yaml")
      let unknown = await kvmconf("validate", "--host-facts", "hosts", "1.yaml", "2.yaml", in: folder)
      #expect(unknown.status == 1 && problems(unknown.output).count == 2, "\(unknown.output)")
      #expect(unknown.output.contains("no fact 'kernal'; did you mean 'kernel'?"))
      #expect(table(unknown.output).dropFirst() == ["hosts/a.yaml  failed  failed", "hosts/b.yaml  failed  failed"])
    }
  }

  // MARK: Shards

  /// The shards of a matrix make up the same reports as a run in one piece, whatever the order of the arguments.
  @Test(arguments: [1, 3, 20]) func mergedShardsAreTheWhole(_ count: Int) async {
    await withFolder { folder in
      await prepare(folder)
      var reports: [String] = []
      var worst: Int32 = 0
      for i in 1...count {
        let files =
          i % 2 == 0 ? ["boards"] : ["./boards/more", "boards/two-vfio.yaml", "boards/base", "boards//tsc.yaml"]
        let hosts =
          i % 2 == 0
          ? ["--host-facts", "hosts"]
          : ["--host-facts", "hosts/new.yaml", "--host-facts", "hosts/arm.yaml", "--host-facts", "hosts/deep/old.json"]
        let ended = await run(
          program, ["validate", "--shard", "\(i)/\(count)", "--format", "json", "-o", "\(i).json"] + hosts + files,
          in: folder)
        worst = max(worst, ended.status ?? 99)
        reports.append("\(i).json")
      }
      for format in ["text", "json", "markdown", "sarif", "junit", "github", "gcc"] {
        let whole = await kvmconf("validate", "--format", format, "--host-facts", "hosts", "boards", in: folder)
        let merged = await run(program, ["merge", "--format", format] + reports.reversed(), in: folder)
        #expect(merged.status == 1 && worst == 1 && whole.status == 1)
        #expect(merged.output == whole.output && merged.output.utf8.count > 500, "\(format)")
        #expect(merged.errors == (whole.errors.split(separator: "\n").last.map { $0 + "\n" } ?? ""))
      }
    }
  }

  /// Files that are extended in vain, as in a circle, are part of the work of shards.
  @Test func basesWithFaultsAreInShards() async {
    await withFolder { folder in
      write("extends: b.yaml\nname: a\n", toFile: folder + "/a.yaml")
      write("extends: a.yaml\nname: b\n", toFile: folder + "/b.yaml")
      write("extends: c.yaml\nname: c\n", toFile: folder + "/c.yaml")
      write("", toFile: folder + "/empty.yaml")
      write("extends: empty.yaml\nname: d\n", toFile: folder + "/d.yaml")
      write("kvmconf: 1\nvcpus: {count: 1}\n", toFile: folder + "/e.yaml")
      write("extends: e.yaml\narch: x86_64\n", toFile: folder + "/f.yaml")
      write("extends: f.yaml\narch: x86_46\n", toFile: folder + "/g.yaml")
      for i in 1...2 {
        _ = await kvmconf("validate", "--shard", "\(i)/2", "--format", "json", "-o", "\(i)", ".", in: folder)
      }
      let merged = await kvmconf("merge", "1", "2", in: folder)
      let whole = await kvmconf("validate", "--shard", "1/1", ".", in: folder)
      let matrix = await kvmconf("validate", "--format", "markdown", ".", in: folder)
      #expect(merged.status == 1 && merged.errors.hasPrefix("6 files, "), "\(merged.errors)")
      #expect(merged.output == whole.output && matrix.errors == merged.errors, "\(matrix.errors)")
      #expect(merged.output.split(separator: "[circular-extends]").count == 4, "\(merged.output)")
    }
  }

  @Test func shardsMustBelongTogether() async {
    await withFolder { folder in
      await prepare(folder)
      func shard(_ shard: String, _ name: String, _ more: String...) async {
        let ended = await run(
          program,
          ["validate", "--shard", shard, "--format", "json", "-o", name, "--quiet"] + more + ["boards/tsc.yaml"],
          in: folder)
        #expect(ended.status == 0 && ended.errors == "")
      }
      await shard("1/3", "1.json")
      await shard("2/3", "2.json")
      await shard("3/3", "3.json")
      await shard("2/4", "four.json")
      await shard("2/3", "host.json", "--kernel", "6.12")
      // Whatever changes an answer belongs to the work.
      await shard("2/3", "fail.json", "--fail-on", "warning")
      write("", toFile: folder + "/known")
      await shard("2/3", "baseline.json", "--baseline", "known")
      _ = await run("mkdir", ["-p", "schemas/x86_64", "boards/.git"], in: folder)
      write(
        "schema: 2\nnumber: 250\ndoc: none\nsources: [x]\n", toFile: folder + "/schemas/x86_64/my-own.yaml")
      await shard("2/3", "schemas.json", "--schemas", "schemas")
      write("fail-on: warning\n", toFile: folder + "/boards/.kvmconf.yaml")
      await shard("2/3", "configuration.json")
      _ = await run("rm", [folder + "/boards/.kvmconf.yaml"])
      write(Self.tsc + "# More\n", toFile: folder + "/boards/tsc.yaml")
      await shard("2/3", "text.json")
      write(
        (text(ofFile: folder + "/2.json") ?? "").replacing(#""kvmconf": ""#, with: #""kvmconf": "9"#),
        toFile: folder + "/version.json")
      write("{}", toFile: folder + "/other.json")
      write(String((text(ofFile: folder + "/2.json") ?? "").dropLast(10)), toFile: folder + "/cut.json")
      let different = "the manifests, the files that they name, the hosts, their facts or the settings differ"
      let wrong: [([String], String)] = [
        (["1.json", "3.json"], "the report of shard 2 of 3 is missing"),
        (["2.json"], "the reports of shards 1 and 3 of 3 are missing"),
        (["1.json", "2.json", "3.json", "2.json"], "2.json and 2.json are both shard 2/3"),
        (["1.json", "four.json", "3.json"], "one is a shard of 4, the other of 3"),
        (["1.json", "host.json", "3.json"], different),
        (["1.json", "text.json", "3.json"], different),
        (["1.json", "fail.json", "3.json"], different),
        (["1.json", "baseline.json", "3.json"], different),
        (["1.json", "schemas.json", "3.json"], different),
        (["1.json", "configuration.json", "3.json"], different),
        (["1.json", "version.json", "3.json"], "one was written by kvmconf 9"),
        (["1.json", "other.json", "3.json"], "other.json is not a report of"),
        (["1.json", "cut.json", "3.json"], "cut.json is not a report of"),
      ]
      for (files, words) in wrong {
        let ended = await run(program, ["merge"] + files, in: folder)
        #expect(ended.status == 65 && ended.output == "" && ended.errors.contains(words), "\(files): \(ended.errors)")
        #expect(ended.errors.split(separator: "\n").count == 1 && ended.errors.contains("[bad-shard]"))
      }
      #expect(await kvmconf("merge", "1.json", "2.json", "3.json", in: folder).status == 0)
      // An endless file ends.
      #expect(await kvmconf("merge", "1.json", "/dev/zero", in: folder).status == 65)
      #expect(await kvmconf("merge", "1.json", "absent.json", in: folder).status == 66)
    }
  }

  /// Files that a manifest names, and facts of hosts of other shards, belong to the work of all shards.
  @Test(arguments: ["boards/base/cpus.yaml", "boards/state.bin", "hosts/new.yaml", "hosts/arm.yaml"])
  func changedFileIsOtherWork(_ changed: String) async {
    await withFolder { folder in
      await prepare(folder)
      write("x", toFile: folder + "/boards/state.bin")
      write(
        "extends: base/cpus.yaml\nparameters: {n: {default: 2}}\n"
          + "steps: [{set: vcpu.0, group: 9, attr: 9, payload: {file: state.bin}, expect: [ok, ENXIO, EINVAL]}]\n",
        toFile: folder + "/boards/two.yaml")
      func shard(_ shard: String) async {
        _ = await run(
          program,
          ["validate", "--shard", shard, "--format", "json", "-o", "\(shard.prefix(1)).json"]
            + ["--host-facts", "hosts", "boards/two.yaml"], in: folder)
      }
      await shard("1/3")
      await shard("2/3")
      await shard("3/3")
      let same = await kvmconf("merge", "1.json", "2.json", "3.json", in: folder)
      #expect(!same.errors.contains("[bad-shard]"), "\(same.errors)")
      write((text(ofFile: "\(folder)/\(changed)") ?? "") + "\n\n# more", toFile: "\(folder)/\(changed)")
      await shard("3/3")
      let ended = await kvmconf("merge", "1.json", "2.json", "3.json", in: folder)
      #expect(ended.status == 65 && ended.errors.contains("3.json does not belong to 1.json: "), "\(ended.errors)")
    }
  }

  /// A report that was changed is refused, with the place of the change.
  @Test func damagedReportsAreRefused() async throws {
    try await withFolder { folder in
      await prepare(folder)
      for i in 1...2 {
        _ = await run(
          program,
          [
            "validate", "--shard", "\(i)/2", "--host-facts", "hosts", "--format", "json", "-o", "\(i).json",
            "boards/tsc.yaml",
          ], in: folder)
      }
      let good = text(ofFile: folder + "/2.json") ?? ""
      #expect(await kvmconf("merge", "1.json", "2.json", in: folder).status == 1)
      for (old, new, words) in [
        (#""manifest": 0"#, #""manifest": 7"#, "expected an integer from 0 to 0"),
        (#""manifest": 0"#, #""manifest": null"#, "expected hosts for which the validation failed"),
        (#""hosts/new.yaml""#, #""hosts/arm.yaml""#, "the host 'hosts/arm.yaml' is there twice"),
        (#""line": 4"#, #""line": -9"#, "expected an integer from 1 to 4294967295"),
        (#""line": 4"#, #""line": 44"#, "44:46 to 4:47 is not a place in 'boards/tsc.yaml'"),
        (#""endLine": 4"#, #""endLine": 400"#, "4:46 to 400:47 is not a place in 'boards/tsc.yaml'"),
        (#""column": 46"#, #""column": 99999999"#, "4:99999999 to 4:47 is not a place in 'boards/tsc.yaml'"),
        (#""endColumn": 47"#, #""endColumn": 99"#, "4:46 to 4:99 is not a place in 'boards/tsc.yaml'"),
        (#""errors": 1"#, #""errors": null"#, "expected an integer from 0 to 4294967295"),
        (#""errors": 1"#, #""errors": 9223372036854775807"#, "expected an integer from 0 to 4294967295"),
        (#""errors": 1"#, #""errors": -1"#, "expected an integer from 0 to 4294967295"),
        (#""errors": 1"#, #""errors": 0"#, "expected 'ok', because of the numbers of problems"),
        (#""warnings": 0"#, #""warnings": 9223372036854775807"#, "expected an integer from 0 to 4294967295"),
        (#""sources": {"#, #""sources": {"x": 1, "#, "expected an object with 'hexadecimal'"),
        (#""sources": {"#, #""sources": {"x": {"hexadecimal": "0g"}, "#, "expected hexadecimal digits"),
        (#""sources": {"#, #""other": {"#, "expected an object with 'sources'"),
        (#""severity": "error""#, #""severity": "fatal""#, "expected error, warning or note"),
        (#""number": 2"#, #""number": 3"#, "expected a shard"),
        (#""failOn": null"#, #""failOn": "always""#, "expected warning or undecided"),
      ] {
        let range = try #require(good.firstRange(of: old), "\(old)")
        write(String(good[..<range.lowerBound] + new + good[range.upperBound...]), toFile: folder + "/bad.json")
        let ended = await kvmconf("merge", "1.json", "bad.json", in: folder)
        #expect(ended.status == 65 && ended.output == "", "\(new): \(ended.output)")
        #expect(ended.errors.hasPrefix("bad.json:") && ended.errors.contains("[bad-shard]"), "\(new): \(ended.errors)")
        #expect(ended.errors.contains(": error: the report is damaged: \(words)"), "\(new): \(ended.errors)")
      }
      // A pair without a result
      let list = try #require(good.firstRange(of: /\[\s*"hosts\/deep\/old.json"\s*\]/))
      write(String(good[..<list.lowerBound] + "[]" + good[list.upperBound...]), toFile: folder + "/bad.json")
      let gap = await kvmconf("merge", "1.json", "bad.json", in: folder)
      #expect(
        gap.errors.contains("no report has the result of boards/tsc.yaml on hosts/deep/old.json"), "\(gap.errors)")
      #expect(gap.status == 65 && gap.output == "")
    }
  }

  /// Hosts with the same facts have the same results.
  @Test func hostsWithTheSameFactsAreEqual() async {
    await withFolder { folder in
      await prepare(folder)
      _ = await run(
        "sh", ["-c", "cp hosts/new.yaml hosts/same.yaml && cp hosts/deep/old.json hosts/older.json"], in: folder)
      let ended = await kvmconf("validate", "--host-facts", "hosts", "boards/more/both.yaml", in: folder)
      #expect(
        table(ended.output).dropFirst() == [
          "hosts/arm.yaml       ok                        not applicable",
          "hosts/deep/old.json  not applicable            1 error",
          "hosts/new.yaml       not applicable            1 undecided",
          "hosts/older.json     not applicable            1 error",
          "hosts/same.yaml      not applicable            1 undecided",
        ], "\(ended.output)")
      #expect(ended.output.contains("note: on hosts/deep/old.json and hosts/older.json\n"))
    }
  }

  /// The command of the Kubernetes Job in docs/fleet.md, with three pods.
  @Test func jobOfTheDocumentRuns() async throws {
    let document = text(ofFile: repository + "/docs/fleet.md") ?? ""
    let job = try #require(document.split(separator: "```yaml\n").first { $0.contains("completionMode: Indexed") })
    let lines = job.split(separator: "\n").drop { !$0.hasSuffix("- |") }.dropFirst()
    let indent = lines.first?.prefix { $0 == " " }.count ?? 0
    let command = lines.prefix { $0.prefix { $0 == " " }.count >= indent }.map { $0.drop { $0 == " " } }
      .joined(separator: "\n")
    #expect(command.contains("/16 ") && command.contains("merge") == false)
    let path = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    await withFolder { folder in
      await prepare(folder)
      _ = await run("sh", ["-c", "mkdir reports && mv boards vms"], in: folder)
      for index in 0..<3 {
        let ended = await run(
          "env",
          [
            "JOB_COMPLETION_INDEX=\(index)", "PATH=\(path):/usr/bin:/bin", "sh", "-c",
            command.replacing("/16 ", with: "/3 "),
          ], in: folder)
        #expect(ended.status == 0 && ended.errors.contains("shard \(index + 1)/3, "), "\(ended.errors)")
      }
      let merged = await kvmconf("merge", "reports/2.json", "reports/0.json", "reports/1.json", in: folder)
      #expect(merged.status == 1 && merged.output.contains("\nvms/tsc.yaml "), "\(merged.errors)")
    }
  }

  @Test func wrongShardsAreRefused() async {
    for shard in ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/4", "1/99999999999999999999"] {
      let ended = await kvmconf("validate", "--shard=\(shard)", "examples/x86_64/tsc.yaml")
      #expect(ended.status == 64 && ended.output == "", "\(shard)")
    }
    #expect(await kvmconf("validate", "--shard", "1/2", "-").status == 64)
    #expect(await kvmconf("validate", "--shard", "1/2", "--write-baseline", "/dev/null", "examples").status == 64)
  }

  // MARK: Known problems

  /// A comment that is needed on one host is used.
  @Test func unusedCommentIsOneOnAllHosts() async {
    let id = "vcpu.tsc.offset:EINVAL"
    let ignored = Self.tsc.replacing("9}}}", with: "9}}} # kvmconf: ignore \(id)")
    let some = await kvmconf("validate", "--kernel", "5.10", "--kernel", "7.2", "-", input: ignored)
    #expect(some.status == 0 && problems(some.output) == [], "\(some.output)")
    let all = await kvmconf(
      "validate", "--kernel", "6.12", "--kernel", "7.2", "--fail-on", "warning", "-", input: ignored)
    #expect(all.status == 1 && problems(all.output).count == 1 && all.output.contains("[unused-ignore]"))
    #expect(table(all.output).dropFirst() == ["Linux 6.12  1 warning", "Linux 7.2   1 warning"], "\(all.output)")
    await withFolder { folder in
      write(ignored, toFile: folder + "/a.yaml")
      for (i, kernel) in ["5.10", "6.12"].enumerated() {
        for shard in 1...2 {
          let ended = await kvmconf(
            "validate", "--shard", "\(shard)/2", "--kernel", kernel, "--kernel", "7.2", "--fail-on", "warning",
            "--format",
            "json", "-o", "\(i)\(shard)", "a.yaml", in: folder)
          #expect(ended.status == 0, "a shard knows one host only")
        }
      }
      #expect(await kvmconf("merge", "01", "02", in: folder).status == 0)
      #expect(await kvmconf("merge", "11", "12", in: folder).output.contains("[unused-ignore]"))
    }
  }

  @Test func baselineAppliesToUndecidedSteps() async {
    await withFolder { folder in
      write(
        "kvmconf: 1\narch: x86_64\nfiles: {gpu: /dev/vfio/12}\ndevices: [{type: vfio, attributes: {file: {add: [gpu]}}}]\n",
        toFile: folder + "/a.yaml")
      let strict = ["validate", "--fail-on", "undecided"]
      let before = await run(program, strict + ["a.yaml"], in: folder)
      #expect(before.status == 1 && before.output.contains("note: no fact of a host says what kind of file this is\n"))
      #expect(await kvmconf("validate", "--write-baseline", "known", "a.yaml", in: folder).status == 0)
      for hosts in [[], ["--kernel", "6.12", "--kernel", "7.2"]] {
        let ended = await run(program, strict + ["--baseline", "known", "a.yaml"] + hosts, in: folder)
        #expect(ended.status == 0 && problems(ended.output) == [], "\(ended.output)")
        #expect(ended.errors.contains("0 undecided"))
      }
      // So do comments.
      let ignored = (text(ofFile: folder + "/a.yaml") ?? "").replacing(
        "]}}}]", with: "]}}}] # kvmconf: ignore vfio.file.add:EINVAL")
      write(ignored, toFile: folder + "/a.yaml")
      let comment = await run(program, strict + ["a.yaml"], in: folder)
      #expect(comment.status == 0 && comment.errors.hasSuffix("0 warnings, 0 undecided\n"), "\(comment.errors)")
    }
  }
}
