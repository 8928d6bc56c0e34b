import Glibc
import KVMConf
import TestSupport
import Testing

private let goodManifest = "kvmconf: 1\narch: x86_64\nname: good\ndevices: [{type: vfio}]\n"
private let badManifest = "kvmconf: 1\narch: x86_64\ndevices: [{type: vfoi}]\n"
private let refusedManifest =
  "kvmconf: 1\narch: x86_64\nname: refused\nsteps:\n  - {create-vm: {}}\n  - {create: vfio}\n  - {create: vfio, as: second}\n  - {test: vfio}\n"

/// The release of the running kernel.
private let hostRelease: (major: Int, minor: Int) = {
  let numbers = runBlocking("uname", ["-r"]).output.split { !$0.isNumber }.compactMap { Int($0) }
  return (numbers[0], numbers[1])
}()

@Suite struct ValidateTests {
  @Test func validManifestHasNoErrors() async {
    let ended = await kvmconf("validate", "-", input: goodManifest)
    #expect(ended.output == "")
    #expect(ended.errors == "1 file, 1 manifest, 2 steps: 0 errors, 0 warnings, 0 undecided\n")
    #expect(ended.status == 0)
  }

  @Test func faultIsShownWithItsLine() async {
    let ended = await kvmconf("validate", "-", input: badManifest)
    #expect(
      ended.output == """
        <stdin>:3:18: error: there is no device type 'vfoi'; did you mean 'vfio'? [unknown-device-type]
            3 | devices: [{type: vfoi}]
              |                  ^^^^

        """)
    #expect(ended.errors == "1 file, 1 manifest, 2 steps: 1 error, 0 warnings, 0 undecided\n")
    #expect(ended.status == 1)
  }

  @Test func predictedRefusalIsAnError() async {
    let ended = await kvmconf("validate", "-", input: refusedManifest)
    #expect(
      ended.output.hasPrefix(
        "<stdin>:7:14: error: the kernel would answer EBUSY: the VM already has a VFIO device, and can have only one [vfio.create:EBUSY]\n"
      ))
    #expect(ended.output.contains("note: common/vfio.yaml:"))
    #expect(ended.errors.contains(": 1 error, "))
    #expect(ended.status == 1)
  }

  @Test func severalFilesAndFoldersAreValidated() async {
    await withFolder { folder in
      let inner = folder + "/inner"
      #expect(await run("mkdir", [inner]).status == 0)
      write(goodManifest, toFile: folder + "/a.yaml")
      write(goodManifest + "---\n" + goodManifest, toFile: inner + "/b.yml")
      write("devices: [vfio]\n", toFile: inner + "/b.facts.yaml")
      write("no manifest", toFile: inner + "/c.txt")
      let both = await kvmconf("validate", folder + "/a.yaml", folder, "-", input: goodManifest)
      #expect(both.output == "")
      #expect(both.errors == "3 files, 4 manifests, 8 steps: 0 errors, 0 warnings, 0 undecided\n")
      #expect(both.status == 0)
      write(badManifest, toFile: inner + "/d.yaml")
      let one = await kvmconf("validate", folder, folder + "/a.yaml")
      #expect(one.output.hasPrefix("\(inner)/d.yaml:3:18: error: "))
      #expect(one.status == 1)
      // The highest status wins, and the other files are still read.
      let missing = await kvmconf("validate", folder + "/none.yaml", inner + "/d.yaml")
      #expect(missing.output.contains("unknown-device-type"))
      #expect(
        missing.errors.contains("error: cannot read \(folder)/none.yaml: No such file or directory [cannot-read]"))
      #expect(missing.status == 66)
    }
  }

  @Test func jsonHasOneDocumentPerManifest() async throws {
    var documents: [JSONValue] = []
    for name in [goodManifest, badManifest, refusedManifest] {
      let ended = await kvmconf("validate", "--format", "json", "-", input: name)
      #expect(ended.output.hasSuffix("\n") && ended.output.dropLast().allSatisfy { $0 != "\n" })
      #expect(ended.errors == "")
      #expect(ended.status == (name == goodManifest ? 0 : 1))
      documents.append(try #require(JSONValue(ended.output)))
    }
    #expect(documents.map { $0["version"]?.number } == [1, 1, 1])
    #expect(documents.map { $0["manifest"]?.string } == ["<stdin>", "<stdin>", "<stdin>"])
    #expect(documents.map { $0["host"]?["kind"]?.string } == ["model", "model", "model"])
    #expect(documents.map { $0["diagnostics"]?.array?.count } == [0, 1, 1])
    let problem = documents[1]["diagnostics"]?[0]
    #expect(problem?["id"]?.string == "unknown-device-type")
    #expect(problem?["line"]?.number == 3)
    #expect(problem?["column"]?.number == 18)
    #expect(problem?["endColumn"]?.number == 22)
    #expect(problem?["fixIts"]?[0]?["replacement"]?.string == "vfio")
    let step = documents[2]["steps"]?[2]
    #expect(step?["outcome"]?.string == "EBUSY")
    #expect(step?["pass"]?.bool == false)
    #expect(step?["id"]?.string == "vfio.create:EBUSY")
    #expect(documents[2]["summary"]?["failed"]?.number == 1)
    // One document per manifest, each with the diagnostics of its text.
    let two = await kvmconf("validate", "--format", "json", "-", input: goodManifest + "---\n" + badManifest).output
    #expect(two.split(separator: "\n").map { JSONValue($0)?["diagnostics"]?.array?.count } == [0, 1])
  }

  /// The JSON output of every fixture is valid.
  @Test func jsonOfEveryFixtureIsValid() async {
    for folder in ["bad", "mistakes"] {
      let ended = await kvmconf("validate", "--format", "json", "Tests/Fixtures/" + folder)
      let lines = ended.output.split(separator: "\n")
      #expect(!lines.isEmpty)
      for line in lines { #expect(JSONValue(line)?["summary"] != nil, "\(line.prefix(200))") }
      #expect(lines.count { JSONValue($0)?["diagnostics"]?.array?.isEmpty == false } > 0)
    }
  }

  @Test func optionsAreUsed() async {
    let text = "kvmconf: 1\narch: x86_64\nparameters: {n: {type: u32, default: 1}}\nvcpus: {count: \"${n}\"}\n"
    #expect(await kvmconf("validate", "--set", "n=3", "-", input: text).errors.contains(" 4 steps"))
    #expect(await kvmconf("validate", "--set", "m=3", "-", input: text).output.contains("no parameter 'm'"))
    #expect(await kvmconf("validate", "--set", "n=three", "-", input: text).output.contains("[parameter-type]"))
    let undecided =
      "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, {set: vfio, group: 1, attr: 1, payload: {u32: 5}}]\n"
    #expect(await kvmconf("validate", "-", input: undecided).status == 0)
    #expect(await kvmconf("validate", "--fail-on", "undecided", "-", input: undecided).status == 1)
    #expect(await kvmconf("validate", "--fail-on", "warning", "-", input: undecided).status == 1)
    let unknownValue =
      "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create-vcpu: 0}, {get: vcpu.0.tsc.offset, value: 5}]\n"
    #expect(await kvmconf("validate", "-", input: unknownValue).output.contains("cannot be predicted [undecided]"))
    await withFolder { folder in
      write("devices: []\n", toFile: folder + "/host.yaml")
      #expect(
        await kvmconf("validate", "--host-facts", folder + "/host.yaml", "-", input: goodManifest).output.contains(
          "ENODEV"))
      write("devcies: []\n", toFile: folder + "/host.yaml")
      #expect(await kvmconf("validate", "--host-facts", folder + "/host.yaml", "-", input: goodManifest).status == 1)
      #expect(await kvmconf("validate", "--host-facts", folder + "/none.yaml", "-", input: goodManifest).status == 66)
    }
    #expect(await kvmconf("validate", "--kernel", "5.10", "examples/x86_64/tsc.yaml").status == 1)
    #expect(await kvmconf("validate", "--kernel", "v5.10", "examples/x86_64/tsc.yaml").status == 1)
  }
}

@Suite struct ExplainArchitectureTests {
  @Test func pagesAreThoseOfOneArchitecture() async {
    let all = await kvmconf("explain", "vm.irqfd")
    let one = await kvmconf("explain", "--arch", "arm64", "vm.irqfd")
    #expect(all.output.contains("here are 7 pages") && !one.output.contains("pages"))
    #expect(one.output == (await kvmconf("explain", "arm64/vm.irqfd")).output)
    let message = await kvmconf("explain", "--arch", "riscv64", "KVM_IRQFD failed: Invalid argument")
    #expect(message.output.contains("riscv64") && !message.output.contains("arm64"), "\(message.output)")
    let wrong = await kvmconf("explain", "--arch", "arm46", "vm.irqfd")
    #expect(wrong.errors.contains("not 'arm46'; did you mean 'arm64'?") && wrong.status == 64)
  }
}

@Suite struct PlanTests {
  @Test func graphIsShortForItsFormat() async {
    let graph = await kvmconf("plan", "--graph", "-", input: goodManifest)
    #expect(graph.output.hasPrefix("digraph ") && graph.status == 0)
    #expect(graph.output == (await kvmconf("plan", "--format", "dot", "-", input: goodManifest)).output)
    let contradiction = await kvmconf("plan", "--graph", "--format", "json", "-", input: goodManifest)
    #expect(contradiction.errors.contains("--graph is short for --format dot, and --format is json"))
    #expect(contradiction.status == 64)
  }

  @Test func planIsATable() async {
    let ended = await kvmconf("plan", "-", input: goodManifest)
    #expect(
      ended.output == """
        <stdin>: good, x86_64, 2 steps
        #  call         group  attr  payload  at            remarks
        1  create vm                          <stdin>:2:1
        2  create vfio                        <stdin>:4:18

        """)
    #expect(ended.errors == "")
    #expect(ended.status == 0)
  }

  @Test func planCanBeStraceOrJSON() async throws {
    let strace = await kvmconf("plan", "--format", "strace", "-", input: goodManifest)
    #expect(strace.output.contains("ioctl(kvm, KVM_CREATE_VM, 0) = vm\n"))
    #expect(strace.status == 0)
    let json = await kvmconf("plan", "--format", "json", "-", input: goodManifest + "---\n" + goodManifest)
    let plans = json.output.split(separator: "\n").map { JSONValue($0) }
    #expect(plans.count == 2)
    #expect(plans.allSatisfy { $0?["steps"]?.array?.count == 2 })
    #expect(plans[0]?["steps"]?[1]?["operation"]?.string == "create-device")
  }

  @Test func manifestWithErrorsHasNoPlan() async {
    let ended = await kvmconf("plan", "-", input: badManifest)
    #expect(ended.output == "")
    #expect(ended.errors.contains("[unknown-device-type]"))
    #expect(ended.status == 1)
    // A call that the kernel would refuse can be planned.
    #expect(await kvmconf("plan", "-", input: refusedManifest).status == 0)
  }

  /// The same manifest gives the same plan, byte for byte.
  @Test func planIsDeterministic() async {
    var plans: [String] = []
    for _ in 0..<3 { plans.append(await kvmconf("plan", "examples/arm64/gicv3-its.yaml").output) }
    #expect(Set(plans).count == 1 && plans[0] != "")
  }
}

/// Byte strings in files next to the manifest.
@Suite struct NamedFileTests {
  private let text = """
    kvmconf: 1
    arch: arm64
    devices: [{type: blob-device, attributes: {firmware: {image: {file: fw/image.bin}, key: {file: key.bin}}}}]

    """

  @Test func bytesOfFilesAreInThePlan() async {
    await withFolder { folder in
      // SAFETY: the path lives throughout the call.
      unsafe mkdir(folder + "/fw", 0o700)
      write("hello", toFile: folder + "/fw/image.bin")
      write("0123456789abcdef", toFile: folder + "/key.bin")
      write(text, toFile: folder + "/vm.yaml")
      let schemas = ["--schemas", repository + "/Tests/Fixtures/schemas"]
      // The files are in the manifest's folder, or in the working directory for standard input.
      for (manifest, workingFolder) in [(folder + "/vm.yaml", repository), ("vm.yaml", folder), ("-", folder)] {
        let plan = await run(program, ["plan"] + schemas + [manifest], input: text, in: workingFolder)
        #expect(plan.output.contains("  68656c6c6f  "))
        #expect(plan.output.contains("  30313233343536373839616263646566  "))
        #expect(plan.status == 0)
        for command in [["validate"], ["apply", "--on", "model"]] {
          let ended = await run(program, command + schemas + [manifest], input: text, in: workingFolder)
          #expect(ended.status == 0, "\(ended.output)")
        }
      }
      let elsewhere = await run(program, ["plan"] + schemas + ["-"], input: text, in: folder + "/fw")
      #expect(elsewhere.errors.contains("<stdin>:3:69: error: cannot read 'fw/image.bin': No such file or directory"))
      #expect(elsewhere.status == 1)
    }
  }

  /// The files of a schema's examples are next to the schema.
  @Test func examplesOfASchemaCanNameFiles() async {
    #expect(await kvmconf("schema", "check", "Tests/Fixtures/schemas").status == 0)
  }
}

@Suite struct ApplyTests {
  @Test func applyOnTheModelReportsEveryStep() async throws {
    let ended = await kvmconf("apply", "--on", "model", "-", input: refusedManifest)
    #expect(ended.output.hasPrefix("<stdin>: refused, model 7.2, x86_64\n✓  1  create vm"))
    #expect(ended.output.contains("✗  3  create second  EBUSY\n"))
    #expect(ended.output.contains("-  4  test vfio      skipped: an earlier step failed\n"))
    #expect(ended.output.hasSuffix("4 steps: 2 passed, 1 failed, 1 skipped, 0 undecided\n"))
    #expect(ended.status == 1)
    let going = await kvmconf("apply", "--on", "model", "--keep-going", "--format", "json", "-", input: refusedManifest)
    let report = try #require(JSONValue(going.output))
    #expect(report["steps"]?.array?.map { $0["outcome"]?.string } == ["ok", "ok", "EBUSY", "ok"])
    #expect(report["host"]?["kind"]?.string == "model")
    #expect(going.status == 1)
    #expect(await kvmconf("apply", "--on", "model", "-", input: goodManifest).status == 0)
  }

  @Test func manifestWithErrorsIsNotApplied() async {
    let ended = await kvmconf("apply", "-", input: badManifest)
    #expect(ended.output == "")
    #expect(ended.errors.contains("[unknown-device-type]"))
    #expect(ended.status == 1)
  }

  @Test func manifestForAnotherArchitectureIsNotApplied() async {
    let other = hostArchitecture == "arm64" ? "x86_64" : "arm64"
    let ended = await kvmconf("apply", "-", input: "kvmconf: 1\narch: \(other)\nsteps: [{create-vm: {}}]\n")
    #expect(ended.output == "")
    #expect(ended.errors.contains("this manifest is for \(other) and this host is "))
    #expect(ended.errors.contains("`--on model` rehearses it"))
    #expect(ended.status == 69)
  }

  private static let here = "kvmconf: 1\narch: \(hostArchitecture ?? "x86_64")\nsteps: [{create-vm: {}}]\n"

  /// Whether a private mount can hide /dev/kvm.
  private static let canHide = runBlocking("unshare", ["-m", "true"]).status == 0

  @Test(
    .enabled(if: canHide, "mounts cannot be unshared here, so /dev/kvm cannot be hidden"),
    .enabled(if: hostArchitecture != nil))
  func missingKVMIsExplained() async {
    await withFolder { folder in
      write(Self.here, toFile: folder + "/vm.yaml")
      // A private /dev without KVM, and one in which /dev/kvm is another file.
      let hide = "mount -t tmpfs none /dev && exec \"$0\" apply \"$1\""
      let none = await run("unshare", ["-m", "sh", "-c", hide, program, folder + "/vm.yaml"])
      #expect(none.output == "")
      #expect(none.errors.contains("/dev/kvm"))
      #expect(none.errors.contains("[no-kvm]"))
      #expect(none.status == 69)
      let other =
        "mount -t tmpfs none /dev && mkfifo /dev/fifo && ln -s /proc/self/status /dev/kvm && exec \"$0\" apply \"$1\""
      let wrong = await run("unshare", ["-m", "sh", "-c", other, program, folder + "/vm.yaml"])
      #expect(wrong.errors.contains("[no-kvm]"))
      #expect(wrong.status == 69)
      // The model does not need KVM.
      let model = "mount -t tmpfs none /dev && exec \"$0\" apply --on model \"$1\""
      #expect(await run("unshare", ["-m", "sh", "-c", model, program, folder + "/vm.yaml"]).status == 0)
    }
  }

  /// Writes the schema of a device, whose creation has one rule, in the folder `s`.
  private func writeDevice(
    _ name: String, creation: String, more: String = "", _ architecture: String, in folder: String
  ) async {
    #expect(await run("mkdir", ["-p", "\(folder)/s/\(architecture)"]).status == 0)
    write(
      """
      schema: 2
      number: 4000
      doc: a device of a test
      sources: [a.c]
      if: true
      calls: {create: [\(creation)]}
      \(more)
      """, toFile: "\(folder)/s/\(architecture)/\(name).yaml")
  }

  /// A call that would crash the running kernel, but not the newest that the schemas describe, is never made on it. No
  /// manifest of the file runs then.
  @Test(.enabled(if: hostArchitecture != nil, "this machine has no KVM"))
  func hazardOfTheRunningKernelIsRefused() async throws {
    let major = hostRelease.major
    let architecture = try #require(hostArchitecture)
    try await withFolder { folder in
      await writeDevice(
        "fragile", creation: "{until: v\(major + 1).0, hazard: this kernel crashes}", architecture, in: folder)
      let manifest = "kvmconf: 1\narch: \(architecture)\nsteps: [{create-vm: {}}]\n"
      write(
        "\(manifest)---\n\(manifest.replacing("]", with: ", {create: fragile}]"))", toFile: folder + "/vm.yaml")
      for command in ["apply", "conform"] {
        let ended = await kvmconf(command, "--schemas", folder + "/s", folder + "/vm.yaml")
        #expect(ended.output == "" && ended.errors.contains("this kernel crashes") && ended.status == 1, "\(ended)")
      }
      let model = await kvmconf("apply", "--on", "model", "--schemas", folder + "/s", folder + "/vm.yaml")
      #expect(!model.errors.contains("this kernel crashes") || major >= 7)
      let source = try ManifestSource(path: folder + "/vm.yaml")
      var options = ManifestOptions()
      try options.addSchemas(inFolder: folder + "/s")
      #expect(throws: ManifestError.self) { try source.run(options) }
    }
  }

  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  func applyOnTheKernelReportsEveryStep() async throws {
    let text = Self.here.replacing("]", with: ", {test: {number: 1000}, expect: ENODEV}, {create-vcpu: 0}]")
    let ended = await kvmconf("apply", "-", input: text)
    #expect(ended.output.contains(", \(hostArchitecture ?? "")\n✓  1  create vm"))
    #expect(ended.output.contains("ENODEV, as expected"))
    #expect(ended.output.hasSuffix("3 steps: 3 passed, 0 failed, 0 skipped, 0 undecided\n"))
    #expect(ended.status == 0)
    let json = try #require(JSONValue(await kvmconf("apply", "--format", "json", "-", input: text).output))
    #expect(json["host"]?["kind"]?.string == "kernel")
    #expect(json["steps"]?.array?.allSatisfy { ($0["nanoseconds"]?.number ?? 0) > 0 } == true)
    let failing = await kvmconf(
      "apply", "-", input: Self.here.replacing("]", with: ", {test: {number: 1000}}, {create-vcpu: 0}]"))
    #expect(failing.output.contains("3 steps: 1 passed, 1 failed, 1 skipped, 0 undecided"))
    #expect(failing.status == 1)
  }

  /// An errno that the model did not predict comes with all that it can mean.
  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  func unpredictedErrnoIsExplained() async throws {
    let architecture = try #require(hostArchitecture)
    await withFolder { folder in
      await writeDevice(
        "gadget", creation: "{if: '!host.gadgets', ENODEV: this host has no gadgets}",
        more: "facts: {gadgets: {type: bool, doc: the host has gadgets, probe: {doc: look}, default: true}}",
        architecture, in: folder)
      let manifest = Self.here.replacing("]", with: ", {create: gadget}]")
      let ended = await kvmconf("apply", "--schemas", folder + "/s", "-", input: manifest)
      #expect(
        ended.output.contains(
          "note: the prediction was ok; ENODEV can mean: this host's KVM has no device type 'gadget'; "
            + "or this host has no gadgets\n"), "\(ended)")
      #expect(ended.status == 1)
    }
  }

  /// The errnos of the VFIO device on x86_64, on the kernel and as the model predicts them.
  @Test(.enabled(if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"))
  func errnosOfTheVFIODeviceAreAsPredicted() async {
    let steps = """
      kvmconf: 1
      arch: x86_64
      steps:
        - {create-vm: {}}
        - {create: vfio}
        - {create: vfio, as: second, expect: EBUSY}
        - {set: vfio, group: 99, attr: 0, payload: {u64: 0}, expect: ENXIO}
        - {get: vfio.file.add, expect: EPERM}
        - {set: vfio.file.add, value: {fd: -1}, expect: EBADF}
        - {set: vfio.file.add, address: invalid, expect: EFAULT}
        - {test: arm64/arm-vgic-v3, expect: ENODEV}

      """
    #expect(await kvmconf("apply", "-", input: steps).status == 0)
    #expect(await kvmconf("validate", "--fail-on", "undecided", "-", input: steps).status == 0)
    // Each expectation counts: without it, the step fails on both.
    for errno in ["EBUSY", "ENXIO", "EPERM", "EBADF", "EFAULT", "ENODEV"] {
      let text = steps.replacing(", expect: \(errno)", with: "")
      #expect(await kvmconf("apply", "--keep-going", "-", input: text).output.contains(errno))
      #expect(await kvmconf("apply", "--keep-going", "-", input: text).status == 1)
      #expect(await kvmconf("validate", "-", input: text).status == 1)
    }
  }

  /// A value that one step reads is what a later step writes, also on another vCPU.
  @Test(
    .enabled(if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"),
    .enabled(if: hostRelease >= (6, 18), "no single registers of x86_64 before Linux 6.18"))
  func valueThatWasReadIsWrittenLater() async {
    let steps = """
      kvmconf: 1
      arch: x86_64
      steps:
        - {create-vm: {}}
        - {create-vcpu: 0}
        - {create-vcpu: 1}
        - {set-one-reg: {id: KERNEL_GS_BASE, addr: 0x1234_5678}, on: vcpu.0}
        - {get-one-reg: {id: KERNEL_GS_BASE}, on: vcpu.0, as: base}
        - {set-one-reg: {id: KERNEL_GS_BASE, addr: "${base}"}, on: vcpu.1}
        - {get-one-reg: {id: KERNEL_GS_BASE}, on: vcpu.1, value: {addr: 0x1234_5678}}

      """
    let ended = await kvmconf("apply", "-", input: steps)
    #expect(ended.status == 0, "\(ended)")
  }

  /// SIGINT ends the run between two steps: the remaining steps are skipped, and the exit status is 130.
  @Test(.hangGuard, arguments: kvmIsUsable && hostArchitecture == "x86_64" ? ["model", "kernel"] : ["model"])
  func interruptSkipsTheRemainingSteps(_ host: String) async throws {
    let begin = "kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n"
    var count = 20_000
    var ended: Ended
    repeat {
      let text = begin + String(repeating: "  - {has: vcpu.0.tsc.offset}\n", count: count)
      let running = Running(program, ["apply", "--on", host, "--format", "json", "-"], input: text)
      while !running.catchesInterrupts, !running.isOver { usleep(1000) }
      kill(running.id, SIGINT)
      ended = await running.ended()
      // On a busy machine, all steps may be made before the signal is sent. Then the test tries with more steps.
      count *= 2
    } while ended.status == 0 && count < 1_000_000
    #expect(ended.status == 130)
    #expect(ended.signal == nil)
    let report = try #require(JSONValue(ended.output))
    #expect((report["summary"]?["skipped"]?.number ?? 0) > 0)
    #expect(report["summary"]?["failed"]?.number == 0)
  }
}

@Suite struct ReferenceCommandTests {
  /// The page of a call has a manifest that validate accepts.
  @Test(
    arguments: [
      "arm64/vm.irqfd", "arm64/vm.set-gsi-routing", "arm64/vcpu.set-one-reg", "x86_64/vm.irqfd",
      "x86_64/vm.create-pit2", "ppc64/vm.irq-line", "s390x/vm.set-gsi-routing", "loongarch64/vm.signal-msi",
    ])
  func manifestOfACallIsValid(_ name: String) async throws {
    let page = await kvmconf("explain", name).output
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    let heading = try #require(lines.firstIndex(of: "IN A MANIFEST"), "\(page)")
    let manifest = lines[(heading + 1)...].prefix { !$0.isEmpty }.map { $0.dropFirst(2) + "\n" }.joined()
    #expect(manifest.contains(name.split(separator: ".")[1]))
    let ended = await kvmconf("validate", "-", input: manifest)
    #expect(ended.status == 0, "\(manifest)\(ended.output)")
  }

  @Test func explainShowsPages() async {
    let page = await kvmconf("explain", "arm-vgic-v3.addr.dist")
    #expect(page.output.contains("KVM_VGIC_V3_ADDR_TYPE_DIST"))
    #expect(page.output.contains("EINVAL"))
    #expect(page.errors == "")
    #expect(page.status == 0)
    for name in [
      "arm-vgic-v3", "arm-vgic-v3.addr.dist:EINVAL", "vfio.create:EBUSY", "unknown-attribute", "KVM_DEV_TYPE_VFIO",
    ] {
      let page = await kvmconf("explain", name)
      #expect(page.output.count > 100, "\(name)")
      #expect(page.status == 0, "\(name)")
    }
    let unknown = await kvmconf("explain", "arm-vgic-v3.addr.dits")
    #expect(unknown.output == "")
    #expect(unknown.errors.contains("arm-vgic-v3.addr.dist"))
    #expect(unknown.status == 1)
    #expect(await kvmconf("explain").status == 64)
  }

  /// One object per attribute, with the keys that other programs read.
  @Test func schemaListHasEveryAttribute() async throws {
    let ended = await kvmconf("schema", "list", "--format", "json")
    #expect(ended.status == 0)
    let entries = try #require(JSONValue(ended.output)?.array)
    #expect(entries.count > 40)
    for entry in entries {
      for key in ["arch", "scope", "group", "constants"] { #expect(entry[key] != nil, "\(entry)") }
      #expect(["device", "vm", "vcpu", "system"].contains(entry["scope"]?.string))
      #expect(entry["groupNumber"]?.number != nil)
      #expect(entry["access"]?.array?.isEmpty == false)
      #expect((entry["number"] != nil) != (entry["key"] != nil), "\(entry)")
      if entry["scope"]?.string == "device" { #expect(entry["typeNumber"]?.number != nil) }
    }
    let dist = entries.first { $0["type"]?.string == "arm-vgic-v3" && $0["attribute"]?.string == "dist" }
    #expect(dist?["typeNumber"]?.number == 7)
    #expect(dist?["groupNumber"]?.number == 0)
    #expect(dist?["number"]?.number == 2)
    #expect(dist?["constants"]?["type"]?.string == "KVM_DEV_TYPE_ARM_VGIC_V3")
    #expect(dist?["constants"]?["attribute"]?.string == "KVM_VGIC_V3_ADDR_TYPE_DIST")
    #expect(await kvmconf("schema", "list").output.contains("arm-vgic-its"))
  }

  @Test func schemaCheckReportsFaults() async {
    let ended = await kvmconf("schema", "check")
    #expect(ended.status == 0, "\(ended.output)")
    await withFolder { folder in
      #expect(await run("mkdir", [folder + "/arm64"]).status == 0)
      write("schema: 2\nnumber: 3\ndcos: x\n", toFile: folder + "/arm64/thing.yaml")
      let ended = await kvmconf("schema", "check", "--schemas", folder)
      #expect((ended.output + ended.errors).contains("arm64/thing.yaml:3:1: error: "))
      #expect(ended.status == 1)
    }
  }

  /// A misspelled feature is one mistake: attributes that need the feature are checked as if it were spelled right.
  @Test func misspelledFeatureIsOneMistake() async {
    let vcpus = "vcpus: {count: 1, features: [pmu-v33], attributes: {pmu-v3: {irq: 23}}}"
    let ended = await kvmconf(
      "validate", "--format", "gcc", "-", input: "kvmconf: 1\narch: arm64\n\(vcpus)\ndevices: [{type: arm-vgic-v3}]\n")
    #expect(ended.status == 1)
    #expect(
      ended.output.hasPrefix("<stdin>:3:30: error: vCPUs of arm64 have no feature 'pmu-v33'; did you mean 'pmu-v3'?"))
    #expect(ended.output.split(separator: "\n").count == 1, "\(ended.output)")
  }

  /// A note suggests right values, for every kind of limit that schemas describe.
  @Test(arguments: [
    ("nr-irqs: 100", "the nearest multiples of 32 are 96 and 128"), ("nr-irqs: 32", "the smallest value is 64"),
    ("nr-irqs: 1024", "the largest value is 992"),
    ("addr: {dist: 0x0800_1000}", "the nearest aligned addresses are 0x0800_0000 and 0x0801_0000"),
  ]) func nearestValuesAreSuggested(_ attribute: String, _ hint: String) async {
    let ended = await kvmconf(
      "validate", "-",
      input: "kvmconf: 1\narch: arm64\ndevices: [{type: arm-vgic-v3, attributes: {\(attribute)}}]\n")
    #expect(ended.status == 1)
    #expect(ended.output.contains("\n   note: \(hint)\n"), "\(ended.output)")
  }

  @Test func helpShowsTheUsage() async {
    for arguments in [["--help"], ["validate", "--help"], ["help", "apply"], ["help", "probe"]] {
      let ended = await run(program, arguments)
      #expect(ended.output.contains("USAGE: kvmconf"))
      #expect(ended.status == 0)
    }
    for option in ["--version", "--version=x"] {
      let ended = await kvmconf(option)
      #expect(
        ended.output.contains(#/^kvmconf [0-9.]+\S* \(schemas of Linux [0-9]+\.[0-9]+\)\n$/#) && ended.status == 0)
    }
  }
}
