import DeviceManifest
import DevicePlan
import Diagnostics
import TestSupport
import Testing

/// The parts of a manifest.
@Suite struct ManifestTests {
  @Test func everyPartOfAMachineIsRead() throws {
    let found = manifest(
      """
      name: web
      vm: {ipa-bits: 40, kind: special, capabilities: [plain, {dirty: {pages: 3}}], attributes: {g: {x: 1}}}
      memory: [{at: 0x4000_0000, size: 64MiB}, {at: 0, size: 4KiB, slot: 7}]
      vcpus: {ids: [3, 0], features: [psci-0.2, 5]}
      devices: [{type: thing}, {name: second, type: [other, thing], optional: true}]
      """)
    let machine = try #require(found.machine)
    #expect(found.name == "web")
    #expect(machine.type == 0x228)
    #expect(machine.capabilities.map(\.number) == [71, 70])
    #expect(machine.attributes.map(words) == ["9:4 01000000"])
    #expect(machine.memory.map(\.slot) == [0, 7])
    #expect(machine.memory.map(\.address) == [0x4000_0000, 0])
    #expect(machine.memory.map(\.size) == [64 << 20, 4096])
    #expect(machine.vcpus.map(\.id) == [3, 0])
    #expect(machine.vcpus.allSatisfy { $0.features.mask == 0x24 && $0.features.names == ["psci-0.2", "5"] })
    #expect(machine.devices.map(\.name) == ["thing", "second"])
    #expect(machine.devices[1].alternatives.map(\.type.number) == [4, 3])
    #expect(machine.devices.map(\.isOptional) == [false, true])
    #expect(manifest("vcpus: {count: 1}").name == "vm")
  }

  /// Each alternative depends on the tests of all alternatives before it.
  @Test func numberOfAlternativesIsLimited() throws {
    func types(_ count: Int) -> String { "[" + (0..<count).map { "{number: \($0)}" }.joined(separator: ", ") + "]" }
    let found = manifest("devices: [{name: d, type: \(types(64))}]")
    #expect(found.machine?.devices.first?.alternatives.count == 64)
    expectFindings(
      in: "devices: [{name: d, type: 1️⃣\(types(65))2️⃣}]",
      .init("1️⃣", to: "2️⃣", "too-large", "a device can have at most 64 alternative types, found 65"))
  }

  @Test func eachOverridesTheAttributesOfOneVCPU() throws {
    let machine = try #require(
      manifest(
        """
        vcpus:
          ids: [4, 2]
          features: [pmu-v3]
          attributes: {timer: {v: 27, p: "${30 - vcpu.index}"}, pvtime: {ipa: "${0x4000_0000 + vcpu.id * 64}"}}
          raw: [{group: 5, attr: 0}]
          each:
            - {vcpu: 2, attributes: {timer: {v: 29}}, features: [psci-0.2], raw: [{group: 6, attr: 0}]}
        """
      ).machine)
    #expect(machine.vcpus[0].attributes.map(words) == ["1:0 1b000000", "1:1 1e000000", "2:0 0001004000000000", "5:0"])
    #expect(
      machine.vcpus[1].attributes.map(words) == ["1:0 1d000000", "1:1 1d000000", "2:0 8000004000000000", "5:0", "6:0"])
    #expect(machine.vcpus.map(\.features.mask) == [8, 4])
  }

  @Test func parametersFillExpressions() throws {
    let text = """
      parameters:
        count: {type: u32, default: 2, doc: vCPUs}
        base: {type: u64, default: 0x4000_0000}
        name: {type: string, default: thing}
        on: {type: bool, default: true}
      name: "${name}-${count}"
      vcpus: {count: "${count}"}
      devices: [{type: "${name}", attributes: {line: "${on ? count * 2 : 0}", int: {u64: "${base + 64KiB}"}}}]
      """
    func line(_ settings: [String: String]) -> [String] {
      manifest(text, settings: settings).machine?.devices.first?.alternatives.first?.attributes.map(words) ?? []
    }
    #expect(line([:]) == ["8:0 04000000", "0:3 0000014000000000"])
    #expect(line(["count": "5", "base": "0"]) == ["8:0 0a000000", "0:3 0000010000000000"])
    #expect(line(["on": "false"]) == ["8:0 00000000", "0:3 0000014000000000"])
  }

  /// The text of an expression's result is not interpreted again.
  @Test func expandedTextIsNotExpandedAgain() throws {
    let machine = try #require(
      manifest(
        "parameters: {s: {type: string, default: \"0x10\"}}\ndevices: [{type: thing, attributes: {line: \"${s}\"}}]"
      ).machine)
    #expect(machine.devices[0].alternatives[0].attributes.map(words) == ["8:0 10000000"])
  }
}

/// The faults of a manifest, each at its place.
@Suite struct ManifestFindingTests {
  @Test func wrongTopLevelKeysAreReported() {
    expectFindings(
      in: "vcpus: {count: 1}\n1️⃣vpcus2️⃣: 5",
      .init("1️⃣", to: "2️⃣", "unknown-key", "the manifest has no key 'vpcus'; 'vcpus' is already given"))
    expectFindings(
      in: "vcpus: {count: 1}\nmemory: [1️⃣{at: 0}2️⃣]",
      .init("1️⃣", to: "2️⃣", "missing-key", "a memory region needs 'size': its size in bytes"))
    expectFindings(
      in: "vcpus: {count: 1}\nmemory: 1️⃣5",
      .init("1️⃣", "wrong-kind", "'memory' must be a list of {at, size}, not a scalar"))
    expectFindings(
      in: "vm: {1️⃣ipa-bit: 40}",
      .init("1️⃣", "unknown-key", "'vm' has no key 'ipa-bit'; did you mean 'ipa-bits'?", fixIts: ["ipa-bits"]))
    expectFindings(
      in: "vm: {ipa-bits: 1️⃣256}",
      .init("1️⃣", "value-out-of-range", "256 does not fit 'vm.ipa-bits', a field of 8 bits: it holds 0 to 255"))
    expectFindings(
      in: "vm: {capabilities: [1️⃣plan]}",
      .init("1️⃣", "unknown-capability", "the VM has no capability 'plan'; did you mean 'plain'?", fixIts: ["plain"]))
    expectFindings(
      in: "vm: {capabilities: [{dirty: {1️⃣sise: 1}}]}",
      .init("1️⃣", "unknown-key", "capability 'dirty' has no key 'sise'; did you mean 'size'?", fixIts: ["size"]))
    expectFindings(
      in: "vcpus: {count: 1}\nfiles: {gpu: 1️⃣[a]}", .init("1️⃣", "wrong-kind", "file 'gpu' must be a path, not a list"))
  }

  @Test func wrongVCPUsAreReported() {
    expectFindings(
      in: "vcpus: {1️⃣count2️⃣: 1, 3️⃣ids: [0]}",
      .init(
        "1️⃣", to: "2️⃣", "conflicting-keys", "'vcpus' has 'count' or 'ids', not both",
        notes: [.init("3️⃣", "the ids are here")]))
    expectFindings(
      in: "vcpus: {ids: [1, 2️⃣0, 1️⃣0]}",
      .init("1️⃣", "duplicate-name", "vCPU 0 is listed twice", notes: [.init("2️⃣", "first here")]))
    expectFindings(
      in: "vcpus: {count: 1️⃣4097}",
      .init("1️⃣", "value-out-of-range", "4097 vCPUs are more than any kernel supports; the limit is 4096"))
    expectFindings(
      in: "vcpus: {count: 1, features: [1️⃣pmuv3]}",
      .init(
        "1️⃣", "unknown-feature", "vCPUs of arm64 have no feature 'pmuv3'; did you mean 'pmu-v3'?", fixIts: ["pmu-v3"]))
    expectFindings(in: "vcpus: {count: 1, each: [{vcpu: 1️⃣1}]}", .init("1️⃣", "unknown-vcpu", "there is no vCPU 1"))
    expectFindings(
      in: "vcpus: {count: 1️⃣0, attributes: {timer: {v: 1}}}",
      .init("1️⃣", "no-vcpus", "the number of vCPUs is 0, so the VM has none", severity: .warning))
    expectFindings(
      in: "vcpus: {ids: [], 1️⃣attributes2️⃣: {timer: {v: 1}}}",
      .init("1️⃣", to: "2️⃣", "no-vcpus", "there are no vCPUs to set these attributes on", severity: .warning))
    // The same mistake on every vCPU is reported once.
    expectFindings(
      in: "vcpus: {count: 8, attributes: {timer: {v: 1️⃣x}}}",
      .init(
        "1️⃣", "bad-integer",
        "'x' is not an integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB at the end"))
  }

  @Test func wrongDevicesAreReported() {
    expectFindings(
      in: "devices: [1️⃣{name: x}2️⃣]", .init("1️⃣", to: "2️⃣", "missing-key", "a device needs 'type': its device type"))
    expectFindings(
      in: "devices: [{type: 1️⃣thng}]",
      .init("1️⃣", "unknown-device-type", "there is no device type 'thng'; did you mean 'thing'?", fixIts: ["thing"]))
    expectFindings(
      in: "devices: [{type: 1️⃣foreign}]",
      .init(
        "1️⃣", "unknown-device-type", "device type 'foreign' belongs to x86_64, but this manifest is for arm64",
        notes: [.init("to test or create it anyway, write 'x86_64/foreign' in 'steps'")]))
    expectFindings(
      in: "devices: [{type: thing, name: 1️⃣vcpu}]",
      .init("1️⃣", "bad-name", "a device cannot be called 'vcpu': paths begin with its name"))
    expectFindings(
      in: "devices: [{type: thing, name: 1️⃣a.b}]",
      .init("1️⃣", "bad-name", "a device cannot be called 'a.b': a dot separates the parts of a path"))
    expectFindings(
      in: "devices: [{type: 2️⃣thing}, {type: 1️⃣thing}]",
      .init(
        "1️⃣", "duplicate-name", "there are two devices 'thing'; give one of them another 'name'",
        notes: [.init("2️⃣", "the first is here")]))
    expectFindings(
      in: "devices: [{type: [thing, other], for: {1️⃣othr: {line: 5}}}]",
      .init(
        "1️⃣", "unknown-device-type", "this device has no alternative 'othr'; did you mean 'other'?", fixIts: ["other"]))
    expectFindings(
      in: "devices: [{type: thing, optional: 1️⃣yes}]",
      .init("1️⃣", "bad-boolean", "'optional' must be true or false, not 'yes'", fixIts: ["true"]))
    expectFindings(
      in: "devices: [{type: thing, attributes: {1️⃣lin2️⃣: 5}}]",
      .init(
        "1️⃣", to: "2️⃣", "unknown-group", "device type 'thing' has no group 'lin'; did you mean 'line'?", fixIts: ["line"])
    )
    expectFindings(
      in: "devices: [{type: thing, raw: [1️⃣{group: 1}2️⃣]}]",
      .init("1️⃣", to: "2️⃣", "missing-key", "a raw attribute needs 'attr': the attribute's number"))
    expectFindings(
      in: "devices: [{type: thing, raw: [{group: 1, attr: 2, payload: {1️⃣u23: 5}}]}]",
      .init("1️⃣", "unknown-key", "there is no raw payload 'u23'; did you mean 'u32'?", fixIts: ["u32"]))
    expectFindings(
      in: "devices: [{type: {number: 42}, 1️⃣attributes: {line: 5}}]",
      .init("1️⃣", "unknown-device-type", "device type type-42 has no schema: write its attributes under 'raw'"))
    expectFindings(
      in: "devices: [{type: thing, attributes: {registers: [{for-each: 1️⃣cpu, offset: 4, value: 1}]}}]",
      .init("1️⃣", "unknown-name", "'for-each' can only be 'vcpu'"))
  }

  @Test func wrongParametersAreReported() {
    func vcpus(_ text: String) -> String { "vcpus: {count: \(text)}" }
    expectFindings(
      in: "parameters: {1️⃣n2️⃣: {type: u8, default: 1}}\nvcpus: {count: 1}",
      .init("1️⃣", to: "2️⃣", "unused-parameter", "parameter 'n' is not used; write \"${n}\" where its value belongs"))
    expectFindings(
      in: "parameters: {1️⃣n: {type: u8}}\n" + vcpus("\"${n}\""),
      .init("1️⃣", "missing-parameter", "parameter 'n' has no default and no value; give it with --set n=VALUE"))
    expectFindings(
      in: "parameters: {n: {type: u8, default: 1️⃣256}}\n" + vcpus("\"${n}\""),
      .init("1️⃣", "parameter-type", "the default of parameter 'n' is '256', which is not of type u8"))
    expectFindings(
      in: "parameters: {n: {type: bool, default: 1️⃣yes}}\n" + vcpus("\"${n ? 1 : 2}\""),
      .init(
        "1️⃣", "parameter-type",
        "the default of parameter 'n' is 'yes', which is not of type bool; write true or false"))
    expectFindings(
      in: "parameters: {n: {type: 1️⃣int, default: 1}}\n" + vcpus("\"${n}\""),
      .init(
        "1️⃣", "parameter-type", "there is no parameter type 'int'",
        notes: [.init("valid names are u8, u16, u32, u64, i8, i16, i32, i64, bool, string")]))
    expectFindings(
      in: "parameters: {1️⃣n: {type: u8, default: 1}}\n" + vcpus("\"${n}\""), settings: ["n": "x"],
      .init("1️⃣", "parameter-type", "--set n is 'x', which is not of type u8"))
    expectFindings(
      in: "parameters: 1️⃣{count: {type: u8, default: 1}}\n" + vcpus("\"${count}\""), settings: ["cuont": "5"],
      .init("1️⃣", "unknown-parameter", "--set: the manifest has no parameter 'cuont'; did you mean 'count'?"))
  }

  /// A hyphen is a minus in expressions, so the name is written there with an underscore.
  @Test func hyphensOfParameterNamesAreUnderscoresInExpressions() {
    let parameters = "parameters: {vcpu-count: {type: u8, default: 2}}\n"
    expectFindings(in: parameters + "vcpus: {count: \"${vcpu_count}\"}")
    expectFindings(
      in: "parameters: {cpu-count: {type: u8, default: 2}}\nvcpus: {count: \"${1️⃣cpu2️⃣-count}\"}",
      .init(
        "1️⃣", to: "2️⃣", "unknown-parameter", "a hyphen is a minus here; write parameter 'cpu-count' as 'cpu_count'"))
  }

  /// Expressions are located in the text of the value.
  @Test func faultsOfExpressionsAreLocatedInTheValue() {
    let parameters = "parameters: {count: {type: u8, default: 1}}\n"
    func found(_ text: String, _ expected: ExpectedDiagnostic, sourceLocation: SourceLocation = #_sourceLocation) {
      expectFindings(in: parameters + "vcpus: {count: \(text)}", expected, sourceLocation: sourceLocation)
    }
    found("\"${1️⃣cuont2️⃣}\"", .init("1️⃣", to: "2️⃣", "unknown-parameter", "unknown name 'cuont'; did you mean 'count'?"))
    found("\"${count + 1️⃣cuont}\"", .init("1️⃣", "unknown-parameter", "unknown name 'cuont'; did you mean 'count'?"))
    found("\"${count +1️⃣}\"", .init("1️⃣", "bad-expression", "expected a value, found the end of the expression"))
    found("\"${1️⃣count / 02️⃣}\"", .init("1️⃣", to: "2️⃣", "bad-expression", "division by zero"))
    found("\"${1️⃣[count]}\"", .init("1️⃣", "bad-expression", "expected an integer or text, found a list"))
    found("1️⃣\"${count\"", .init("1️⃣", "bad-expression", "'${' has no closing '}'"))
    found(
      "\"${count + 1️⃣vcpu.id}\"",
      .init(
        "1️⃣", "bad-expression",
        "'vcpu' can only be used in 'vcpus.attributes' and in list entries with 'for-each: vcpu'"))
    found("\"${count + 1️⃣true}\"", .init("1️⃣", "bad-expression", "expected an integer, found a boolean"))
  }

  /// No number of operators exhausts the stack.
  @Test func longExpressionsAreRefused() {
    let sum = String(repeating: " + 1", count: 100_000)
    let (_, diagnostics) = read(
      SourceFile(path: "vm.yaml", bytes: Array("kvmconf: 1\narch: arm64\nvcpus: {count: \"${1\(sum)}\"}".utf8)))
    #expect(diagnostics.map(\.id) == ["bad-expression"])
  }
}

/// Explicit steps.
@Suite struct StepTests {
  private func steps(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
    manifest("steps: [\(text)]", sourceLocation: sourceLocation).steps.map { step in
      let expected = step.expected == [.ok] ? "" : " -> " + step.expected.map(\.description).joined(separator: "|")
      switch step.action {
      case .createVM(let type, _, _): return "create-vm \(type)" + expected
      case .addMemory(let region): return "memory \(region.slot) \(region.address) \(region.size)" + expected
      case .enableCapability(let call):
        return "enable \(call.number) on \(call.vcpu.map(String.init) ?? "vm")" + expected
      case .createIRQChip: return "irqchip" + expected
      case .checkExtension(let number): return "check \(number)" + expected
      case .createVCPU(let id): return "vcpu \(id)" + expected
      case .initVCPU(let id, let features): return "init \(id) \(features.mask)" + expected
      case .testDevice(let type, let flags): return "test \(type.number) \(flags)" + expected
      case .createDevice(let type, let name, let flags): return "create \(type.number) as \(name) \(flags)" + expected
      case .closeDevice(let name): return "close \(name)" + expected
      case .request(let call, let target, let setting, let read, let name):
        let compared =
          (read.map { " ==\(DeviceManifestTests.words(.bytes($0.bytes)))" } ?? "") + (name.map { " as \($0)" } ?? "")
        return "call \(String(call.request, radix: 16)) on \(target):" + DeviceManifestTests.words(setting.data)
          + compared
          + expected
      case .runVCPU(let id): return "run \(id)" + expected
      case .attribute(let access, let target, let setting, let comparison):
        let compared =
          comparison.map {
            " ==\(DeviceManifestTests.words(.bytes($0.bytes))) &\(DeviceManifestTests.words(.bytes($0.mask)))"
          } ?? ""
        return "\(access) \(target) " + DeviceManifestTests.words(setting) + compared + expected
      }
    }
  }

  /// A call that a schema describes by its macro is a step with its name.
  @Test func requestsAreStepsWithTheirNames() {
    #expect(
      steps(
        """
        {create-vm: {}}, {create: other, as: t}, {line: {irq: 3, level: 1}, value: {irq: 7}},
        {kick: 3, on: t, expect: ENXIO}, {plain: }, {line: {irq: 1}, address: invalid, expect: EFAULT}
        """)
        == [
          "create-vm 0", "create 4 as t 0", "call c008ae61 on vm: 0300000001000000 == 0700000000000000",
          "call 4004ae70 on t: 03000000 -> ENXIO", "call ae62 on vm:", "call c008ae61 on vm: invalid -> EFAULT",
        ])
  }

  @Test func stepsOfEveryKindAreRead() {
    #expect(
      steps(
        """
        {create-vm: {ipa-bits: 40}}, {add-memory: {at: 0, size: 4KiB}}, {add-memory: {at: 4KiB, size: 4KiB}}, {enable-capability: dirty, pages: 2},
        {create-irqchip: {}, expect: ENOTTY}, {create-vcpu: 3}, {init-vcpu: 3, features: [pmu-v3]}, {test: thing, flags: 2},
        {test: x86_64/foreign, expect: ENODEV}, {test: {number: 99}, expect: [ok, ENODEV]}, {create: thing}, {create: thing, as: t, flags: 4},
        {create: thing, expect: EEXIST}, {close: t}, {create: other, as: t}, {run: 3}
        """)
        == [
          "create-vm 40", "memory 0 0 4096", "memory 1 4096 4096", "enable 70 on vm", "irqchip -> ENOTTY", "vcpu 3",
          "init 3 8", "test 3 2",
          "test 77 0 -> ENODEV", "test 99 0 -> ok|ENODEV", "create 3 as thing 0", "create 3 as t 4",
          "create 3 as thing 0 -> EEXIST",
          "close t", "create 4 as t 0", "run 3",
        ])
  }

  @Test func attributesOfStepsAreRead() {
    let start = "{create-vm: {}}, {create-vcpu: 1}, {create: thing, as: t}, "
    func attributes(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
      Array(steps(start + text, sourceLocation: sourceLocation).dropFirst(3))
    }
    #expect(attributes("{set: t.int.u32, value: 5}") == ["set t 0:2 05000000"])
    #expect(
      attributes("{set: t.nothing.init}, {has: t.int.u8}, {has: t.line}") == [
        "set t 1:0", "has t 0:0", "has t 8:0",
      ])
    #expect(
      attributes("{set: t.int.u32, address: invalid, expect: EFAULT}") == ["set t 0:2 invalid -> EFAULT"])
    #expect(
      attributes("{get: t.int.u16}, {get: t.int.u16, value: 5}") == [
        "get t 0:1 0000", "get t 0:1 0000 == 0500 & ffff",
      ])
    // Of a mapping, only the fields that it names are compared.
    #expect(
      attributes("{get: t.bits.single, value: {index: 3}}") == [
        "get t 2:1 0000000000000000 == 0300000000000000 & ff0f000000000000"
      ])
    #expect(attributes("{get: t.bits.single, input: {index: 3}}") == ["get t 2:1 0300000000000000"])
    #expect(
      attributes("{get: t.registers, offset: TYPER, value: 1}") == [
        "get t 7:18 0000000000000000 == 0100000000000000 & ffffffffffffffff"
      ])
    #expect(attributes("{set: t.file.one, value: {fd: -1}, flags: 2}") == ["set t 6:2 ffffffff flags 2"])
    #expect(
      attributes("{set: vm.g.x, value: 1}, {set: vcpu.1.timer.v, value: 2}") == [
        "set vm 9:4 01000000", "set vcpu.1 1:0 02000000",
      ])
    #expect(
      attributes(
        "{set: t, group: 99, attr: 0, payload: {u64: 0}}, {set: t.int, attr: 7, payload: {hex: \"00\"}}, {has: t, group: 1, attr: 2}"
      ) == [
        "set t 99:0 0000000000000000", "set t 0:7 00", "has t 1:2",
      ])
  }

  private func found(
    _ text: String, _ expected: ExpectedDiagnostic..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let steps = "steps: [{create-vm: {}}, {create-vcpu: 1}, {create: thing, as: t}, \(text)]"
    expectDiagnostics(in: MarkedText("kvmconf: 1\narch: arm64\n" + steps), expected, sourceLocation: sourceLocation) {
      read($0).diagnostics
    }
  }

  @Test func wrongStepsAreReported() {
    found(
      "{1️⃣sett: t.int.u8, value: 1}",
      .init("1️⃣", "unknown-step", "there is no step 'sett'; did you mean 'set'?", fixIts: ["set"]))
    found("1️⃣5", .init("1️⃣", "wrong-kind", "a step must be a mapping such as {create-vcpu: 0}, not a scalar"))
    found("{set: t.int.u8, 1️⃣get: t.int.u8}", .init("1️⃣", "conflicting-keys", "a step makes one call: 'set' or 'get'"))
    found(
      "1️⃣{create-vm: {}}", .init("1️⃣", "misplaced-step", "a plan creates one VM, and 'create-vm' must be the first step"))
    found("{run: 1️⃣2}", .init("1️⃣", "unknown-vcpu", "no step above creates vCPU 2"))
    found("{has: 1️⃣vcpu.22️⃣}", .init("1️⃣", to: "2️⃣", "unknown-vcpu", "no step above creates vCPU 2"))
    found("{has: 1️⃣vcpu.x.timer.v}", .init("1️⃣", "unknown-target", "a vCPU is named by its id, as in 'vcpu.0'"))
    found("{close: 1️⃣u}", .init("1️⃣", "unknown-device", "there is no device 'u'; did you mean 't'?", fixIts: ["t"]))
    found(
      "{has: 1️⃣tt2️⃣.int.u8}",
      .init("1️⃣", to: "2️⃣", "unknown-device", "there is no device 'tt'; did you mean 't'?", fixIts: ["t"]))
    found(
      "{close: 2️⃣t}, {has: 1️⃣t.int.u8}",
      .init("1️⃣", "unknown-device", "a step above has closed 't'", notes: [.init("2️⃣", "it is closed here")]))
    found(
      "{has: t.1️⃣itn2️⃣.u8}",
      .init(
        "1️⃣", to: "2️⃣", "unknown-group", "device type 'thing' has no group 'itn'; did you mean 'int'?", fixIts: ["int"]))
    found(
      "{has: 1️⃣t.int}",
      .init(
        "1️⃣", "unknown-attribute",
        "the path needs an attribute of group 'int': u8, u16, u32, u64, i8, i16, i32, i64, named, flags, mpidr, short"))
    found(
      "{has: t.line.1️⃣x2️⃣}",
      .init(
        "1️⃣", to: "2️⃣", "unknown-attribute",
        "group 'line' has a single attribute without a name; end the path at the group"))
    found("{set: 1️⃣t.int.u8}", .init("1️⃣", "missing-key", "'set' needs a 'value': 'int.u8' is a u8"))
    found(
      "{has: t.int.u8, 1️⃣value: 5}",
      .init(
        "1️⃣", "unknown-key", "this step has no key 'value'",
        notes: [.init("valid names are has, expect, flags, address")])
    )
    found(
      "{run: 1, 1️⃣exepct: ok}",
      .init("1️⃣", "unknown-key", "'run' has no key 'exepct'; did you mean 'expect'?", fixIts: ["expect"]))
    found(
      "{has: t.int.u8, expect: 1️⃣EINVALID}",
      .init("1️⃣", "unknown-errno", "there is no answer 'EINVALID'; did you mean 'EINVAL'?", fixIts: ["EINVAL"]))
    found("{kick: 1️⃣3}", .init("1️⃣", "missing-key", "'kick' needs 'on': it is made on a device of type 'other'"))
    found(
      "{kick: 3, on: 1️⃣t}", .init("1️⃣", "unknown-target", "'kick' is made on a device of type 'other'"))
    found(
      "{line: {irq: 1}, 1️⃣expct: ok}",
      .init("1️⃣", "unknown-key", "this step has no key 'expct'; did you mean 'expect'?", fixIts: ["expect"]))
    found(
      "{has: t.int.u8, expect: [3, 1️⃣4]}",
      .init("1️⃣", "unknown-errno", "a step expects one number, or ok for any"))
    found(
      "{has: t.int.u8, expect: 1️⃣-1}",
      .init("1️⃣", "value-out-of-range", "an answer is a number from 0 to 2147483647"))
    found(
      "{create-irqchip: {}, expect: 1️⃣3}",
      .init("1️⃣", "unknown-errno", "only set, get and has answer a number; write ok"))
    found(
      "{set: t.int.u8, address: 1️⃣0}",
      .init("1️⃣", "unknown-name", "'address' can only be 'invalid'; leave it out for a valid one"))
    found(
      "{create: thing, as: 1️⃣system}",
      .init("1️⃣", "bad-name", "a device cannot be called 'system': paths begin with its name"))
    found(
      "{create: thing, as: 1️⃣t}",
      .init("1️⃣", "duplicate-name", "there is already a device 't'; give this one another name with 'as'"))
    found(
      "{enable-capability: plain, on: 1️⃣t}",
      .init("1️⃣", "unknown-target", "a capability is enabled on the VM (without 'on') or on 'vcpu.ID'"))
    found(
      "{test: 1️⃣arm46/thing}",
      .init("1️⃣", "unknown-architecture", "there is no architecture 'arm46'; did you mean 'arm64'?", fixIts: ["arm64"]))
    found(
      "{test: 1️⃣x86_64/foriegn}",
      .init(
        "1️⃣", "unknown-device-type", "x86_64 has no device type 'foriegn'; did you mean 'foreign'?", fixIts: ["foreign"])
    )
  }

  @Test func firstStepCreatesTheVM() {
    expectFindings(
      in: "steps: [1️⃣{test: thing}]", .init("1️⃣", "misplaced-step", "there is no VM yet; begin with 'create-vm: {}'"))
    expectFindings(
      in: "vcpus: {count: 1}\nsteps: [1️⃣{create-vm: {}}]",
      .init("1️⃣", "misplaced-step", "a plan creates one VM, and the declarative part has already created it"))
  }

  @Test func deviceWithAlternativesIsAmbiguousInSteps() {
    expectFindings(
      in: "devices: [{type: [thing, other], name: d}]\nsteps: [{has: 1️⃣d.line}]",
      .init("1️⃣", "ambiguous-device", "the type of 'd' is known only on the host; steps need a device with one type"))
  }
}
