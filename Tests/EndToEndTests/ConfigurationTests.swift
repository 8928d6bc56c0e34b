import Glibc
import TestSupport
import Testing

private let good = "kvmconf: 1\narch: x86_64\nname: good\ndevices: [{type: vfio}]\n"
private let refused =
  "kvmconf: 1\narch: x86_64\nname: refused\nsteps:\n  - {create-vm: {}}\n  - {create: vfio}\n  - {create: vfio, as: second}\n"

/// The file `.kvmconf.yaml`.
@Suite struct ConfigurationTests {
  /// A folder with `.git`, so that configurations above it do not apply.
  private func withRepository(_ body: (String) async throws -> Void) async rethrows {
    try await withFolder { folder in
      // SAFETY: the paths live throughout the calls.
      unsafe mkdir(folder + "/.git", 0o700)
      unsafe mkdir(folder + "/inner", 0o700)
      try await body(folder)
      unsafe unlink(folder + "/.kvmconf.yaml")
      unsafe unlink(folder + "/inner/.kvmconf.yaml")
      unsafe rmdir(folder + "/.git")
    }
  }

  private func validate(_ arguments: String..., input: String = "", in folder: String) async -> Ended {
    await run(program, ["validate"] + arguments, input: input, in: folder)
  }

  @Test func nearestConfigurationIsUsed() async {
    await withRepository { folder in
      write(refused, toFile: folder + "/inner/vm.yaml")
      write(refused, toFile: folder + "/vm.yaml")
      #expect(await validate("--verbose", "vm.yaml", in: folder).errors.hasPrefix("vm.yaml: no configuration\n"))
      write("severity: {\"vfio.create:EBUSY\": warning}\n", toFile: folder + "/.kvmconf.yaml")
      let outer = await validate("--verbose", ".", in: folder)
      #expect(
        outer.errors == """
          ./inner/vm.yaml: configured by .kvmconf.yaml
          ./vm.yaml: configured by .kvmconf.yaml
          2 files, 2 manifests, 6 steps: 0 errors, 2 warnings, 0 undecided

          """)
      #expect(outer.output.hasPrefix("./inner/vm.yaml:7:14: warning: the kernel would answer EBUSY"))
      #expect(outer.status == 0)
      // The nearer configuration replaces the other, even if it is empty.
      write("", toFile: folder + "/inner/.kvmconf.yaml")
      let both = await validate("--verbose", "inner/vm.yaml", "vm.yaml", in: folder)
      #expect(both.errors.hasPrefix("inner/vm.yaml: configured by inner/.kvmconf.yaml\nvm.yaml: configured by .kvm"))
      #expect(both.errors.hasSuffix(": 1 error, 1 warning, 0 undecided\n"))
      #expect(both.status == 1)
      #expect(await validate("--no-config", "vm.yaml", in: folder).status == 1)
      // Standard input belongs to the working directory, or to the folder of --stdin-filename.
      #expect(await validate("-", input: refused, in: folder).status == 0)
      let named = await validate("--stdin-filename", "inner/new.yaml", "-", input: refused, in: folder)
      #expect(named.output.hasPrefix("inner/new.yaml:7:14: error: "))
      #expect(named.status == 1)
    }
  }

  /// An id of an earlier version means the present one, and the user is told.
  @Test func oldIDsStillWork() async {
    await withRepository { folder in
      let late =
        "kvmconf: 1\narch: arm64\nsteps: [{create-vm: {}}, {create: arm-vgic-v3}, {set: arm-vgic-v3.ctrl.init}, {create-vcpu: 0}]\n"
      write("severity: {\"vcpu:gic-initialised\": warning}\n", toFile: folder + "/.kvmconf.yaml")
      let ended = await validate("-", input: late, in: folder)
      #expect(ended.status == 0)
      #expect(
        ended.errors.contains(
          "1:12: warning: 'vcpu:gic-initialised' is now called 'vcpu.create.gic-initialised:EBUSY' [renamed-id]"))
      #expect(ended.output.contains("[vcpu.create.gic-initialised:EBUSY]"))
    }
  }

  /// A folder with `.git` is the last folder that is searched.
  @Test func searchEndsAtARepository() async {
    await withRepository { folder in
      // SAFETY: the path lives throughout the call.
      unsafe mkdir(folder + "/inner/.git", 0o700)
      write(refused, toFile: folder + "/inner/vm.yaml")
      write("severity: {\"vfio.create:EBUSY\": off}\n", toFile: folder + "/.kvmconf.yaml")
      #expect(await validate("inner/vm.yaml", in: folder).status == 1)
      write("severity: {\"vfio.create:EBUSY\": off}\n", toFile: folder + "/inner/.kvmconf.yaml")
      let off = await validate("inner/vm.yaml", in: folder)
      #expect(off.output == "" && off.status == 0)
      unsafe rmdir(folder + "/inner/.git")
    }
  }

  @Test func everyKeyIsUsed() async {
    await withRepository { folder in
      let configuration = folder + "/.kvmconf.yaml"
      write(refused, toFile: folder + "/inner/vm.yaml")
      write(good, toFile: folder + "/inner/good.yaml")
      // Paths are relative to the folder of the configuration.
      write("devices: []\n", toFile: folder + "/host.facts.yaml")
      write("host-facts: host.facts.yaml\n", toFile: configuration)
      for command in ["validate", "plan", "apply"] {
        let arguments = command == "apply" ? ["--on", "model"] : []
        let ended = await run(program, [command] + arguments + ["good.yaml"], in: folder + "/inner")
        #expect(ended.status == (command == "plan" ? 0 : 1), "\(command)")
      }
      write("devices: [vfio]\n", toFile: folder + "/other.facts.yaml")
      #expect(await validate("--host-facts", "../other.facts.yaml", "good.yaml", in: folder + "/inner").status == 0)
      write("schemas: [\(repository)/Tests/Fixtures/schemas]\n", toFile: configuration)
      let blob = "kvmconf: 1\narch: arm64\ndevices: [{type: blob-device}]\n"
      #expect(await validate("-", input: blob, in: folder + "/inner").status == 0)
      #expect(await validate("--no-config", "-", input: blob, in: folder + "/inner").status == 1)
      // A release that does not have an attribute of the example yet.
      write("kernel: 5.10\n", toFile: configuration)
      let example = text(ofFile: repository + "/examples/x86_64/tsc.yaml") ?? ""
      #expect(await validate("-", input: example, in: folder).status == 1)
      #expect(await validate("--kernel", "6.12", "-", input: example, in: folder).status == 0)
      write("fail-on: warning\nseverity: {\"vfio.create:EBUSY\": warning}\n", toFile: configuration)
      #expect(await validate("vm.yaml", in: folder + "/inner").status == 1)
      #expect(await validate("--fail-on", "undecided", "vm.yaml", in: folder + "/inner").status == 0)
    }
  }

  @Test(arguments: [
    ("severty: {}", "1:1: error: .kvmconf.yaml has no key 'severty'; did you mean 'severity'? [unknown-key]"),
    ("kernel: six", "1:9: error: 'kernel' must be a release, such as '6.12'"),
    ("fail-on: warnings", "1:10: error: 'fail-on' is warning or undecided, not 'warnings'; did you mean 'warning'?"),
    (
      "severity: {hazard: of}",
      "1:20: error: a severity must be error, warning, note or off, not 'of'; did you mean 'off'?"
    ),
    ("severity: {hazrad: off}", "1:12: error: no diagnostic has the id 'hazrad'; did you mean 'hazard'?"),
    ("severity: {yaml-syntax: off}", "1:25: error: 'yaml-syntax' is always an error"),
    (
      "severity:\n  arm-vgic-v3.addr.dist:EINVALL: off",
      "2:3: error: no diagnostic has the id 'arm-vgic-v3.addr.dist:EINVALL'; did you mean 'arm-vgic-v3.addr.dist:EINVAL'?"
    ),
    ("schemas: [{}]", "1:11: error: expected the path of a folder of schemas, found a mapping"),
    ("- x", "1:1: error: .kvmconf.yaml must be a mapping of"), ("a: [", "1:4: error: this list is never closed"),
    ("kernel: 6.1\n---\nkernel: 6.2", "3:1: error: .kvmconf.yaml must have one document, not 2"),
    ("schemas: nowhere", "1:10: error: cannot read nowhere"),
    ("host-facts: nowhere.yaml", "1:13: error: cannot read nowhere.yaml"),
  ]) func mistakesAreReportedAtTheirPlace(_ text: String, _ message: String) async {
    await withRepository { folder in
      write(text + "\n", toFile: folder + "/.kvmconf.yaml")
      let status: Int32 = message.contains("cannot read") ? 66 : 1
      for command in ["validate", "plan"] {
        let ended = await run(program, [command, "-"], input: good, in: folder)
        #expect(ended.errors.hasPrefix(".kvmconf.yaml:" + message), "\(ended.errors)")
        #expect(ended.output == "")
        #expect(ended.status == status)
      }
      // For CI systems it is a diagnostic like any other.
      let annotated = await validate("--format", "github", "-", input: good, in: folder)
      #expect(annotated.output.hasPrefix("::error file=.kvmconf.yaml,line="))
      #expect(annotated.status == status)
      #expect(await validate("--no-config", "-", input: good, in: folder).status == 0)
    }
  }

  @Test func configurationMustBeAReadableFile() async {
    await withRepository { folder in
      // SAFETY: the paths live throughout the calls.
      unsafe mkdir(folder + "/.kvmconf.yaml", 0o700)
      let ended = await validate("-", input: good, in: folder)
      #expect(ended.errors == "error: cannot read .kvmconf.yaml: it is a folder [cannot-read]\n")
      #expect(ended.status == 66)
      unsafe rmdir(folder + "/.kvmconf.yaml")
      #expect(unsafe symlink("nothing", folder + "/.kvmconf.yaml") == 0)
      #expect(await validate("-", input: good, in: folder).status == 66)
    }
  }

  /// The message says what is wrong with a folder of schemas, at the place that names it.
  @Test func wrongFolderOfSchemasIsReported() async {
    await withFolder { folder in
      write(good, toFile: folder + "/a.yaml")
      _ = await run("mkdir", [folder + "/empty"])
      for (name, reason) in [
        ("none", "there is no such folder of schemas"), ("a.yaml", "it is not a folder of schemas"),
        ("empty", "the folder has no schemas, ARCH/TYPE.yaml"),
      ] {
        write("kernel: 7.2\nschemas: [\(name)]\n", toFile: folder + "/.kvmconf.yaml")
        let ended = await validate("a.yaml", in: folder)
        #expect(
          ended.errors.hasPrefix(".kvmconf.yaml:2:11: error: cannot read \(name): \(reason) [cannot-read]\n"),
          "\(ended.errors)")
        #expect(ended.status == 66)
      }
    }
  }

  @Test func stdinFilenameMustNotBeEmpty() async {
    let ended = await kvmconf("validate", "--stdin-filename", "", "-", input: good)
    #expect(ended.errors.hasPrefix("error: --stdin-filename takes the name of a file"))
    #expect(ended.status == 64)
    #expect(await kvmconf("validate", "--help").output.contains(".kvmconf.yaml"))
  }
}
