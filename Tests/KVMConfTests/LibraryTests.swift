import Diagnostics
import Glibc
import KVMConf
import TestSupport
import Testing
import Vocabulary

/// The architecture of this machine, by its name in manifests.
let hostArchitecture: String? = Architecture.host?.rawValue

/// The error that a body throws: its type and its description.
private func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(type(of: error)): \(error)"
  }
}

/// The public library.
@Suite struct LibraryTests {
  private static let good = """
    kvmconf: 1
    arch: x86_64
    name: good
    parameters: {offset: {type: u64, default: 5}}
    vcpus: {count: 1, attributes: {tsc: {offset: "${offset}"}}}
    steps: [{get: vcpu.0.tsc.offset, value: 5}, {create: vfio}, {create: vfio, as: second, expect: EBUSY}]
    """

  @Test func validatesGoodText() throws {
    let validation = try ManifestSource(text: Self.good).validate()
    #expect(validation.isValid)
    #expect(validation.problems == [])
    #expect(validation.reports.map(\.name) == ["good"])
    let steps = try #require(validation.reports.first).steps
    #expect(
      steps.map(\.call) == [
        "create vm", "create vcpu.0", "set vcpu.0.tsc.offset = 5", "get vcpu.0.tsc.offset == 5", "create vfio",
        "create second",
      ])
    #expect(steps.map(\.outcome) == ["ok", "ok", "ok", "ok", "ok", "EBUSY"])
    #expect(steps.allSatisfy { $0.verdict == .passed })
    #expect(steps[2].operation == "set-attribute")
    #expect(steps[2].target == "vcpu.0")
    #expect(steps[2].attribute == "tsc.offset")
    #expect(steps[3].value == [5, 0, 0, 0, 0, 0, 0, 0])
    #expect(steps[5].reason == "the VM already has a VFIO device, and can have only one")
    #expect(steps[4].reason == nil)
  }

  /// A warning about the release is a problem as any other.
  @Test func releaseBeyondTheSchemasIsAProblem() throws {
    var options = ManifestOptions()
    try options.setKernel("99.1")
    let validation = try ManifestSource(text: Self.good).validate(options)
    #expect(validation.problems.map(\.id) == ["newer-release"] && validation.isValid)
    options.failOn = .warning
    #expect(try !ManifestSource(text: Self.good).validate(options).isValid)
  }

  @Test func problemsHavePlacesAndIDs() throws {
    let source = ManifestSource(text: "kvmconf: 1\narch: x86_64\nvcpus: {cuont: 1}\n", name: "dir/bad.yaml")
    let validation = try source.validate()
    #expect(!validation.isValid)
    // A misspelled key is reported, and the missing key is not.
    #expect(
      validation.problems.map(\.description)
        == ["dir/bad.yaml:3:9: error: 'vcpus' has no key 'cuont'; did you mean 'count'? [unknown-key]"])
    let last = try #require(validation.problems.last)
    let place = try #require(last.place)
    #expect(place.file == "dir/bad.yaml")
    #expect([place.line, place.column, place.endLine, place.endColumn] == [3, 9, 3, 14])
    #expect(place.offsets == 32..<37)
    #expect(last.id == "unknown-key")
    #expect(last.severity == .error)
    #expect(throws: ManifestError.self) { try source.plans() }
    #expect(throws: ManifestError.self) { try source.run(on: .model) }
    do {
      _ = try source.run(on: .kernel)
      Issue.record("a bad manifest ran")
    } catch let error as ManifestError {
      #expect(error.kind == .invalid)
      #expect(error.problems == validation.problems)
      #expect(error.description == validation.problems.map(\.description).joined(separator: "\n"))
    }
  }

  @Test func manifestWithWarningsIsValid() throws {
    let validation = try ManifestSource(
      text:
        "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, {set: vfio, group: 1, attr: 1, payload: {u32: 5}}]"
    ).validate()
    #expect(validation.isValid)
    #expect(validation.problems.map(\.severity) == [.warning])
    #expect(validation.reports[0].isSuccess)
    #expect(validation.reports[0].steps.last?.verdict == .undecided)
  }

  @Test func documentsWithoutANameAreNumbered() throws {
    let text = Self.good + "\n---\n" + Self.good.replacing("name: good\n", with: "") + "\n---\n"
    let validation = try ManifestSource(text: text, name: "dir/some.yaml").validate()
    #expect(validation.isValid)
    #expect(validation.reports.map(\.name) == ["good", "some#2"])
  }

  @Test func plansListTheirCalls() throws {
    let plan = try #require(try ManifestSource(text: Self.good).plans().first)
    #expect(plan.name == "good")
    #expect(plan.architecture == "x86_64")
    #expect(plan.calls.first == "create vm")
    #expect(plan.calls.count == 6)
    #expect(plan.json.hasPrefix("{"))
    #expect(plan == (try ManifestSource(text: Self.good).plans().first))
  }

  @Test func runsOnTheModel() throws {
    let report = try #require(try ManifestSource(text: Self.good).run(on: .model).first)
    #expect(report.isSuccess)
    #expect(report.json.contains("\"kind\":\"model\""))
    #expect(report.text.contains("6 steps: 6 passed, 0 failed, 0 skipped, 0 undecided"))
    // A run stops at a failure, unless it keeps going.
    let bad = Self.good.replacing("value: 5}", with: "value: 6}")
    #expect(
      try ManifestSource(text: bad).run(on: .model)[0].steps.map(\.verdict) == [
        .passed, .passed, .passed, .failed, .skipped, .skipped,
      ])
    #expect(
      try ManifestSource(text: bad).run(on: .model, keepGoing: true)[0].steps.map(\.verdict)
        == [.passed, .passed, .passed, .failed, .passed, .passed])
    #expect(try !ManifestSource(text: bad).run(on: .model)[0].isSuccess)
  }

  @Test func parametersAreSetAndChecked() throws {
    var options = ManifestOptions()
    options.parameters = ["offset": "6"]
    let validation = try ManifestSource(text: Self.good).validate(options)
    #expect(validation.problems.map(\.id) == ["value-mismatch"])
    options.parameters = ["ofset": "6"]
    #expect(
      try ManifestSource(text: Self.good).validate(options).problems.map(\.message) == [
        "--set: the manifest has no parameter 'ofset'; did you mean 'offset'?"
      ])
    options.parameters = ["offset": "many"]
    #expect(try ManifestSource(text: Self.good).validate(options).problems.map(\.id) == ["parameter-type"])
  }

  @Test func kernelReleaseSelectsTheRules() throws {
    var options = ManifestOptions()
    try options.setKernel("5.15.3-amd64")
    // vCPUs of x86 have attributes since 5.16.
    let steps = try ManifestSource(text: Self.good).validate(options).reports[0].steps
    #expect(steps[2].outcome != "ok")
    #expect(
      failure { try options.setKernel("six") }
        == "ManifestError: error: 'six' is not a kernel release such as 6.12 [bad-configuration]")
  }

  @Test func hostFactsAreReadAndChecked() throws {
    var options = ManifestOptions()
    try options.setHostFacts("devices: []\nkernel: '6.12'")
    let source = ManifestSource(text: "kvmconf: 1\narch: x86_64\ndevices: [{type: vfio}]")
    #expect(
      try source.validate(options).problems.map(\.message) == [
        "the kernel would answer ENODEV: this host's KVM has no device type 'vfio'"
      ])
    #expect(throws: ManifestError.self) { try options.setHostFacts("[1, 2]") }
    #expect(throws: ManifestError.self) { try options.setHostFacts("kernel: six") }
    #expect(throws: ManifestError.self) { try options.setHostFacts("a: [") }
    try options.setHostFacts("devcies: []")
    #expect(
      failure { _ = try source.validate(options) }
        == "ManifestError: facts.yaml:1:1: error: the schemas of x86_64 have no fact 'devcies'; did you mean 'devices'? [unknown-fact]"
    )
    try options.setHostFacts("devices: many")
    #expect(
      failure { _ = try source.validate(options) }
        == "ManifestError: facts.yaml:1:10: error: fact 'devices' must be a list, not a scalar 'many' [bad-facts]")
  }

  // MARK: Several hosts

  private static let tsc = """
    kvmconf: 1
    arch: x86_64
    name: tsc
    vcpus: {count: 1, attributes: {tsc: {offset: 9}}}
    ---
    kvmconf: 1
    arch: arm64
    name: arm
    vcpus: {count: 1}
    """

  @Test func severalHostsHaveAResultEach() throws {
    let hosts = [
      try FleetHost(name: "old", facts: "arch: x86_64", kernel: "5.10"),
      try FleetHost(name: "new", facts: "arch: x86_64\nkernel: 6.12.3"),
      try FleetHost(name: "arm", facts: #"{"arch": "arm64", "kernel": "6.1"}"#),
      try FleetHost(name: "wrong", facts: "kernal: 6.1\narch: x86_64"),
    ]
    let sources = [
      ManifestSource(text: Self.tsc, name: "tsc.yaml"),
      ManifestSource(text: "kvmconf: 1\narch: riscv64\ndevicse: []\n", name: "riscv.yaml"),
    ]
    let validation = try FleetValidation(of: sources, on: hosts)
    #expect(!validation.isValid && validation.files.map(\.name) == ["tsc.yaml", "riscv.yaml"])
    let file = try #require(validation.files.first)
    #expect(file.manifests.map(\.name) == ["tsc", "arm"] && file.manifests.map(\.line) == [1, 6])
    #expect(
      file.manifests[0].results == [
        "old": .judged(errors: 1, warnings: 0, undecided: 0), "new": .judged(errors: 0, warnings: 0, undecided: 0),
        "arm": .notApplicable, "wrong": .failed(.invalid),
      ])
    #expect(file.manifests[1].results["arm"] == .judged(errors: 0, warnings: 0, undecided: 0))
    #expect(file.problems.map(\.problem.id) == ["vcpu.tsc.offset:EINVAL", "unknown-fact"])
    #expect(file.problems.map(\.hosts) == [["old"], ["wrong"]] && file.problems.map(\.manifest) == [0, nil])
    let other = validation.files[1].problems
    #expect(other.contains { $0.problem.id == "unknown-key" && $0.hosts == [] && $0.manifest == 0 })
    #expect(validation.report(as: .markdown).contains("| old |"))
    #expect(validation.report(as: .text).contains("note: on old\n"))
    #expect(validation.report(as: .junit).contains(#"<testcase name="riscv on no host" "#))
    let good = try FleetValidation(of: [sources[0]], on: Array(hosts[1...2]))
    #expect(good.isValid && good.files[0].problems == [])
  }

  @Test func hostsComeBeforeOptions() throws {
    let source = ManifestSource(text: Self.tsc)
    var options = ManifestOptions()
    try options.setKernel("5.10")
    func errors(_ host: FleetHost) throws -> FleetValidation.HostResult? {
      try FleetValidation(of: [source], on: [host], options).files[0].manifests[0].results[host.name]
    }
    let (bad, good) = (
      FleetValidation.HostResult.judged(errors: 1, warnings: 0, undecided: 0),
      FleetValidation.HostResult.judged(errors: 0, warnings: 0, undecided: 0)
    )
    #expect(try errors(FleetHost(name: "a")) == bad)
    #expect(try errors(FleetHost(name: "a", facts: "devices: []")) == bad)
    #expect(try errors(FleetHost(name: "a", facts: "kernel: 6.12")) == good)
    #expect(try errors(FleetHost(name: "a", facts: "kernel: 5.4", kernel: "6.12")) == good)
    options.parameters = ["x": "1"]
    #expect(try FleetValidation(of: [source], on: [FleetHost(name: "a")], options).files[0].problems.count >= 1)
    #expect(
      failure { _ = try FleetHost(name: "a", kernel: "six") }
        == "ManifestError: error: 'six' is not a kernel release such as 6.12 [bad-configuration]")
    #expect(throws: ManifestError.self) { try FleetHost(name: "a", facts: "[1]") }
    for hosts in [[], [try FleetHost(name: "a"), try FleetHost(name: "a", kernel: "6.12")]] {
      #expect(throws: ManifestError.self) { try FleetValidation(of: [source], on: hosts) }
    }
  }

  @Test func schemasAreAddedFromAFolder() throws {
    let folder = temporaryFolder()
    defer { remove(folder) }
    // SAFETY: the path lives throughout the call.
    _ = unsafe mkdir(folder + "/x86_64", 0o755)
    let schema = """
      schema: 2
      number: 40
      doc: a device of a test
      sources: [a.c]
      groups:
        number:
          number: 0
          doc: numbers
          attributes:
            value:
              number: 0
              doc: a number
              payload: u32
              set:
                - read: value
                - if: value > 3
                  EDOM: three is enough
              examples:
                - {value: 1}
                - {value: 4, expect: EDOM}
      """
    write(schema, toFile: folder + "/x86_64/novel.yaml")
    var options = ManifestOptions()
    try options.addSchemas(inFolder: folder)
    let source = ManifestSource(
      text: "kvmconf: 1\narch: x86_64\ndevices: [{type: novel, attributes: {number: {value: 4}}}]")
    #expect(try source.validate().problems.map(\.id) == ["unknown-device-type"])
    #expect(try source.validate(options).problems.map(\.id) == ["novel.number.value:EDOM"])
    write(schema.replacing("EDOM: three", with: "EDUM: three"), toFile: folder + "/x86_64/novel.yaml")
    #expect(throws: ManifestError.self) { try options.addSchemas(inFolder: folder) }
    #expect(
      failure { try options.addSchemas(inFolder: folder + "/none") }
        == "ManifestError: error: cannot read \(folder)/none: there is no such folder of schemas [cannot-read]")
  }

  @Test func unreadableFileIsReported() {
    #expect(
      failure { _ = try ManifestSource(path: "/does/not/exist.yaml") }
        == "ManifestError: error: cannot read /does/not/exist.yaml: No such file or directory [cannot-read]")
    #expect(
      failure { _ = try ManifestSource(path: "/") }
        == "ManifestError: error: cannot read /: it is a folder [cannot-read]")
  }

  /// A manifest that was read from a path is judged by the nearest `.kvmconf.yaml`; options come before it.
  @Test func configurationFiles() throws {
    let folder = temporaryFolder()
    defer { remove(folder) }
    let text = "kvmconf: 1\narch: x86_64\nvcpus: {cuont: 1}\n"
    write(text, toFile: folder + "/vm.yaml")
    func validation(_ options: ManifestOptions = ManifestOptions()) throws -> ManifestValidation {
      try ManifestSource(path: folder + "/vm.yaml").validate(options)
    }
    #expect(try validation().problems.map(\.severity) == [.error])
    write("severity: {unknown-key: warning}\n", toFile: folder + "/.kvmconf.yaml")
    #expect(try validation().problems.map(\.severity) == [.warning])
    #expect(try validation().isValid)
    #expect(try ManifestSource(text: text, name: folder + "/vm.yaml").validate().problems.map(\.severity) == [.error])
    var options = ManifestOptions()
    options.ignoresConfigurationFiles = true
    #expect(try validation(options).problems.map(\.severity) == [.error])
    options = ManifestOptions()
    options.failOn = .warning
    #expect(try !validation(options).isValid)
    write("severity: {unknown-key: off}\nfail-on: undecided\n", toFile: folder + "/.kvmconf.yaml")
    #expect(try validation().problems.isEmpty && validation(options).isValid)
    write(
      "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, {set: vfio, group: 1, attr: 1, payload: {u32: 5}}]\n",
      toFile: folder + "/vm.yaml")
    #expect(try !validation().isValid && validation().problems.map(\.severity) == [.warning])
    write("kernal: '6.12'\n", toFile: folder + "/.kvmconf.yaml")
    #expect(
      failure { _ = try validation() }
        == "ManifestError: \(folder)/.kvmconf.yaml:1:1: error: .kvmconf.yaml has no key 'kernal'; did you mean 'kernel'? [unknown-key]"
    )
    #expect(throws: ManifestError.self) { try ManifestSource(path: folder + "/vm.yaml").plans() }
    write("schemas: none\n", toFile: folder + "/.kvmconf.yaml")
    do {
      _ = try validation()
      Issue.record("there is no such folder of schemas")
    } catch let error as ManifestError {
      #expect(error.kind == .unreadable && error.problems.map(\.id) == ["cannot-read"])
    }
  }

  /// On any machine, a manifest for another architecture is refused before the first call.
  @Test func manifestForAnotherArchitectureDoesNotRun() throws {
    let other = hostArchitecture == "arm64" ? "x86_64" : "arm64"
    do {
      _ = try ManifestSource(text: "kvmconf: 1\narch: \(other)\nsteps: [{create-vm: {}}]").run()
      Issue.record("it ran")
    } catch let error as ManifestError {
      #expect(error.kind == .unavailable && error.description.contains(other))
    }
  }

  @Test(arguments: [
    "", "# only a comment\n", "---\n---\n", "5", "[1]", "kvmconf: 1", "\u{0}", "a: [", "kvmconf: 1\narch: x86_64",
  ])
  func textThatIsNotAManifestHasOneError(_ text: String) throws {
    let validation = try ManifestSource(text: text).validate()
    #expect(!validation.isValid)
    #expect(validation.problems.filter { $0.severity == .error }.count == 1)
    #expect(validation.problems.allSatisfy { $0.place != nil })
  }
}

/// The time to validate is linear in the number of calls. It is not in the number of vCPUs: rules loop over them, and
/// `make scaling` bounds that by instructions.
@Suite(.slow, .hangGuard) struct SizeTests {
  private func seconds(_ count: Int, _ text: (Int) -> String) throws -> Double {
    let source = ManifestSource(text: text(count))
    var valid = false
    let time = try processorTime { valid = try source.validate().isValid }
    #expect(valid)
    return time
  }

  @Test(arguments: [Shape.steps, .settings])
  private func tenTimesTheSizeTakesAboutTenTimesAsLong(_ shape: Shape) throws {
    _ = try seconds(50, shape.text)
    let (small, large) = (try seconds(1000, shape.text), try seconds(10_000, shape.text))
    #expect(isProportional(small, large), "\(small) s and \(large) s")
  }
}

private enum Shape {
  case steps, settings

  func text(_ count: Int) -> String {
    switch self {
    case .steps:
      "kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n"
        + String(repeating: "  - {set: vcpu.0.tsc.offset, value: 5}\n", count: count)
    case .settings:
      "kvmconf: 1\narch: arm64\nvcpus: {count: 1}\ndevices:\n  - type: arm-vgic-v3\n    attributes:\n      addr: {dist: 0x0800_0000, redist: 0x080A_0000}\n"
        + "      nr-irqs: 992\n      ctrl: {init: }\n      dist-regs:\n"
        + String(repeating: "        - {offset: GICD_ISENABLER1, value: 0}\n", count: count)
    }
  }
}
