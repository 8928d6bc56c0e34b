import TestSupport
import Testing

private let isX86 = runBlocking("uname", ["-m"]).output == "x86_64\n"

/// The programs that use kvmload: built, installed, and run on a plan.
@Suite struct LoaderProgramTests {
  /// A folder with what `make install-kvmload` installs.
  static let prefix: String = {
    let folder = temporaryFolder()
    let installed = runBlocking("make", ["-s", "install-kvmload", "PREFIX=\(folder)"])
    precondition(installed.status == 0, "make install-kvmload failed: \(installed.errors)")
    return folder
  }()

  private static let example = "examples/x86_64/device-corner-cases.yaml"

  /// The outcomes of a report's steps, in order.
  private func outcomes(_ json: String) -> [String] {
    json.matches(of: #/"outcome":"([^"]*)"/#).map { String($0.1) }
  }

  private func compile(_ manifest: String, _ folder: String, _ options: String...) async -> String {
    let path = folder + "/vm.kvmplan"
    let ended = await run(program, ["compile", manifest, "-o", path] + options)
    #expect(ended.status == 0, "\(ended.errors)")
    return path
  }

  @Test func everythingIsInstalled() async {
    for file in [
      "bin/kvmload", "include/kvmload.h", "lib/libkvmload.a", "lib/pkgconfig/kvmload.pc", "share/man/man1/kvmload.1",
      "share/man/man3/kvmload.3",
    ] {
      #expect(await run("test", ["-r", "\(Self.prefix)/\(file)"]).status == 0, "\(file) is missing")
    }
  }

  /// Every step has the same outcome through kvmconf and through kvmload, whether the plan is stripped or not.
  @Test(.enabled(if: kvmIsUsable && isX86, "no usable /dev/kvm of x86_64"))
  func kvmloadAndKvmconfAgree() async {
    await withFolder { folder in
      let applied = await kvmconf("apply", "--format", "json", Self.example)
      let expected = outcomes(applied.output)
      #expect(expected.count == 21)
      for options in [[], ["--strip"]] as [[String]] {
        let plan = await run(program, ["compile", Self.example, "-o", folder + "/vm.kvmplan"] + options)
        #expect(plan.status == 0)
        let loaded = await run(Self.prefix + "/bin/kvmload", ["--json", folder + "/vm.kvmplan"])
        #expect(loaded.status == 0 && outcomes(loaded.output) == expected)
        #expect(
          loaded.output.contains(#"{"summary":{"steps":21,"passed":21,"failed":0,"skipped":0},"name":"device-corner-"#))
      }
    }
  }

  @Test(.enabled(if: kvmIsUsable && isX86, "no usable /dev/kvm of x86_64"))
  func refusalIsExplained() async {
    await withFolder { folder in
      let text = "kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create: vfio}\n"
      write(text + "  - {create: vfio, as: second}\n  - {test: vfio}\n", toFile: folder + "/vm.yaml")
      let plan = await compile(folder + "/vm.yaml", folder)
      let stopped = await run(Self.prefix + "/bin/kvmload", [plan])
      #expect(
        stopped.output == """
          ok     1  create-vm vm: ok
          ok     2  create-device vfio: ok
          FAIL   3  create-device second: EBUSY
                     \(folder)/vm.yaml:6:14: the VM already has a VFIO device, and can have only one
          -      4  test-device vfio: skipped
          4 steps: 2 passed, 1 failed, 1 skipped

          """)
      #expect(stopped.status == 1)
      let kept = await run(Self.prefix + "/bin/kvmload", ["--keep-going", plan])
      #expect(kept.status == 1 && kept.output.hasSuffix("4 steps: 3 passed, 1 failed, 0 skipped\n"))
    }
  }

  /// The kernel lacks the device, whose attributes are therefore skipped.
  @Test(.enabled(if: kvmIsUsable && isX86, "no usable /dev/kvm of x86_64"))
  func registersAndArgumentsAreNamed() async {
    await withFolder { folder in
      #expect(await run("mkdir", ["-p", folder + "/schemas/x86_64"]).status == 0)
      write(
        """
        schema: 2
        KVM_DEV_TYPE_THING: 200
        doc: a thing
        sources: [x]
        groups:
          regs:
            number: 1
            doc: registers
            key:
              offset: {bits: 31..0, names: {CTRL: 8}, doc: which one}
            payload: u32
            set:
              - read: value
            examples: [{offset: CTRL, value: 1}]

        """, toFile: folder + "/schemas/x86_64/thing.yaml")
      write(
        """
        kvmconf: 1
        arch: x86_64
        steps:
          - {create-vm: {}}
          - {create-irqchip: {}}
          - {irq-line: {irq: 1, level: 1}}
          - {create: thing}
          - {set: thing.regs, offset: CTRL, value: 1}

        """, toFile: folder + "/vm.yaml")
      let plan = await compile(folder + "/vm.yaml", folder, "--schemas", folder + "/schemas")
      let text = await run(Self.prefix + "/bin/kvmload", ["--keep-going", plan]).output
      #expect(text.contains("ok     3  call vm.irq-line {irq: 1, level: 1}: ok\n"), "\(text)")
      #expect(text.contains("-      5  set-attribute thing.regs[offset CTRL]: skipped\n"), "\(text)")
      let json = await run(Self.prefix + "/bin/kvmload", ["--keep-going", "--json", plan]).output
      #expect(json.contains(#""attribute":"irq-line","argument":"{irq: 1, level: 1}","at":"#), "\(json)")
      #expect(json.contains(#""attribute":"regs","key":"offset CTRL","group":1,"attr":8,"#), "\(json)")
      let applied = await kvmconf(
        "apply", "--keep-going", "--format", "json", "--schemas", folder + "/schemas", folder + "/vm.yaml")
      #expect(applied.output.contains(#""argument":"{irq: 1, level: 1}""#), "\(applied.output)")
      #expect(applied.output.contains(#""attribute":"regs","key":"offset CTRL","group":1"#), "\(applied.output)")
    }
  }

  /// Both programs make the steps of a block once per vCPU, in the same order.
  @Test(.enabled(if: kvmIsUsable && isX86, "no usable /dev/kvm of x86_64"))
  func numberOfVCPUsIsSuppliedAtLoadTime() async {
    await withFolder { folder in
      let text = "kvmconf: 1\narch: x86_64\nparameters: {cpus: {type: u32, at: load}}\n"
      let vcpus = "vcpus: {count: \"${cpus}\", attributes: {tsc: {offset: \"${vcpu.index}\"}}}\n"
      write(text + vcpus + "devices: [{type: vfio}]\n", toFile: folder + "/vm.yaml")
      let plan = await compile(folder + "/vm.yaml", folder)
      for count in ["0", "1", "3"] {
        let applied = await kvmconf("apply", "--format", "json", "--set", "cpus=\(count)", plan)
        let loaded = await run(Self.prefix + "/bin/kvmload", ["--json", "--set", "cpus=\(count)", plan])
        #expect(applied.status == 0 && loaded.status == 0, "\(applied.errors)\(loaded.errors)")
        let made = loaded.output.split(separator: "\n").filter { !$0.contains("skipped") }.joined(separator: "\n")
        #expect(targets(made) == targets(applied.output))
        #expect(outcomes(made) == outcomes(applied.output))
      }
      let tooMany = await run(Self.prefix + "/bin/kvmload", ["--set", "cpus=5000", plan])
      #expect(tooMany.status == 1 && tooMany.errors.contains("does not fit"))
    }
  }

  private func targets(_ json: String) -> [String] {
    json.matches(of: #/"target":"([^"]*)"/#).map { String($0.1) }
  }

  @Test func wrongInputIsReported() async {
    await withFolder { folder in
      let kvmload = Self.prefix + "/bin/kvmload"
      write("no plan", toFile: folder + "/bad")
      let bad = await run(kvmload, [folder + "/bad"])
      #expect(bad.status == 1 && bad.errors == "kvmload: \(folder)/bad: not a compiled plan\n")
      #expect(await run(kvmload, [folder]).errors == "kvmload: \(folder): Is a directory\n")
      #expect(await run(kvmload, [folder + "/none"]).status == 66)
      #expect(await run(kvmload, []).status == 64)
      #expect(await run(kvmload, ["--nonsense", "x"]).status == 64)
      let foreign = await compile(isX86 ? "examples/arm64/gicv3.yaml" : Self.example, folder)
      #expect(await run(kvmload, ["--check", foreign]).status == 0)
      let other = await run(kvmload, [foreign])
      #expect(other.status == 69 && other.errors.contains("for a different architecture"))
    }
  }

  @Test(.enabled(if: runBlocking("test", ["-w", "/dev/full"]).status == 0, "there is no /dev/full"))
  func resultThatCannotBeWrittenIsAnError() async {
    await withFolder { folder in
      let plan = await compile(Self.example, folder)
      for arguments in ["--help", "--version", "--check \(plan)"] {
        let ended = await run("sh", ["-c", "\"$0\" \(arguments) >/dev/full", Self.prefix + "/bin/kvmload"])
        #expect(ended.status == 73, "\(ended)")
        #expect(ended.errors == "kvmload: standard output: No space left on device\n", "\(ended)")
      }
    }
  }

  /// A plan is read once, and later changes of its file do not matter.
  @Test(.enabled(if: isX86, "the plan is for x86_64"))
  func fileCanBeTruncatedDuringARun() async {
    await withFolder { folder in
      let names = (0..<2000).map { "p\($0)" }
      write(
        "kvmconf: 1\narch: x86_64\nparameters:\n" + names.map { "  \($0): {type: u64, at: load}\n" }.joined()
          + "steps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n"
          + names.map { "  - {set: vcpu.0.tsc.offset, value: \"${\($0)}\"}\n" }.joined(), toFile: folder + "/vm.yaml")
      let plan = await compile(folder + "/vm.yaml", folder)
      // The program reports each parameter, more than fits into a pipe, so it still runs when the file is truncated.
      let script = """
        { "$0" "$1" 2>&1; echo "status $?"; } | { read -r first; : > "$1"; echo "$first"; cat; }
        """
      let ended = await run("bash", ["-c", script, Self.prefix + "/bin/kvmload", plan])
      #expect(ended.output.matches(of: #/this parameter has no value/#).count == 2000)
      #expect(ended.output.hasSuffix("status 1\n"), "\(ended.output.suffix(100))")
    }
  }

  @Test(.enabled(if: isX86, "the plan is for x86_64"))
  func missingKVMIsReported() async {
    await withFolder { folder in
      let plan = await compile(Self.example, folder)
      let missing = await run(Self.prefix + "/bin/kvmload", ["--kvm", "/no/such/kvm", plan])
      #expect(missing.status == 69 && missing.errors == "kvmload: /no/such/kvm: No such file or directory\n")
      #expect(missing.output == "")
      #expect(await run(Self.prefix + "/bin/kvmload", ["--kvm", "/dev/null", plan]).status == 69)
    }
  }

  @Test(.enabled(if: isX86, "minivmm is for x86_64"))
  func parametersAreSetAndChecked() async {
    await withFolder { folder in
      let text = "kvmconf: 1\narch: x86_64\nparameters: {offset: {type: u64, at: load}}\n"
      write(
        text + "vcpus: {count: 1, attributes: {tsc: {offset: \"${offset}\"}}}\n", toFile: folder + "/vm.yaml")
      let plan = await compile(folder + "/vm.yaml", folder)
      let kvmload = Self.prefix + "/bin/kvmload"
      let none = await run(kvmload, [plan])
      #expect(
        none.status == 1
          && none.errors == "kvmload: offset: this parameter has no value; give it with --set NAME=VALUE\n")
      #expect(await run(kvmload, ["--set", "ofset=1", plan]).status == 64)
      #expect(await run(kvmload, ["--set", "offset=many", plan]).status == 64)
      let given = await run(kvmload, ["--set", "offset=0x10", plan])
      #expect(given.status == (kvmIsUsable ? 0 : 69), "\(given.output)\(given.errors)")
    }
  }
}

/// The miniature monitors, built with an installed kvmload.
@Suite(.enabled(if: isX86 && kvmIsUsable, "minivmm needs a usable /dev/kvm of x86_64"))
struct MiniVMMTests {
  private static let expected = """
    step 1: create-vm vm: ok
    step 2: create-vcpu vcpu.0: ok
    step 3: create-device vfio: ok
    step 4: set-attribute vcpu.0.tsc.offset: ok
    Hello from the guest

    """

  private func compile(_ folder: String) async -> String {
    #expect(await kvmconf("compile", "examples/minivmm/vm.yaml", "-o", folder + "/vm.kvmplan").status == 0)
    return folder + "/vm.kvmplan"
  }

  @Test(.enabled(if: runBlocking("sh", ["-c", "command -v pkg-config"]).status == 0, "pkg-config is not installed"))
  func minivmmInCRuns() async {
    await withFolder { folder in
      let built = await run(
        "sh",
        [
          "-c",
          "cc -std=c11 -Wall -Wextra -Werror $0/minivmm.c -o $1/minivmm "
            + "$(PKG_CONFIG_PATH=$2/lib/pkgconfig pkg-config --cflags --libs kvmload)",
          "examples/minivmm", folder, LoaderProgramTests.prefix,
        ])
      #expect(built.status == 0, "\(built.errors)")
      let ended = await run(folder + "/minivmm", [await compile(folder)])
      #expect(ended.output == Self.expected && ended.status == 0, "\(ended.errors)")
    }
  }

  @Test(.enabled(if: runBlocking("sh", ["-c", "command -v rustc"]).status == 0, "rustc is not installed"))
  func minivmmInRustRuns() async {
    await withFolder { folder in
      let built = await run(
        "rustc",
        [
          "--edition", "2021", "-D", "warnings", "examples/minivmm/minivmm.rs", "-L",
          LoaderProgramTests.prefix + "/lib",
          "-l", "static=kvmload", "-o", folder + "/minivmm",
        ])
      #expect(built.status == 0, "\(built.errors)")
      let ended = await run(folder + "/minivmm", [await compile(folder)])
      #expect(ended.output == Self.expected && ended.status == 0, "\(ended.errors)")
    }
  }
}
