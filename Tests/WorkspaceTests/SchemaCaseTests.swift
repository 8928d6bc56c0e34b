import DeviceSchema
import Diagnostics
import Reporting
import TestSupport
import Testing
import Vocabulary
import Workspace

/// The examples and tests of schemas, and the rules that they demonstrate.
@Suite struct SchemaCaseTests {
  /// The only other schema of the architecture.
  private let vm = """
    schema: 2
    doc: a VM
    calls: {create: []}
    facts:
      ready: {type: bool, doc: the host has things, probe: {doc: look}, default: true}
    """

  private let atMostThree = "{if: value > 3, EINVAL: there are three}"

  /// A device type `thing` whose attribute `control.start` has these rules and examples, and the file these tests.
  private func thing(_ rules: [String], examples: [String], tests: [String] = []) -> String {
    func list(_ items: [String], indent: Int) -> String {
      items.map { "\n" + String(repeating: " ", count: indent) + "- " + $0 }.joined()
    }
    return """
      schema: 2
      number: 1000
      doc: a thing
      setup: {always: [{create-vm: {}}, {create: thing}]}
      groups:
        control:
          number: 0
          doc: commands
          attributes:
            start:
              number: 0
              doc: starts the thing
              payload: u32
              set:\(list(["read: value"] + rules, indent: 10))
              examples:\(list(examples, indent: 10))
      \(tests.isEmpty ? "" : "tests:" + list(tests, indent: 2))
      """
  }

  /// Expects exactly these diagnostics of a run of a schema's examples and tests.
  private func expectFindings(
    in marked: String, _ expected: ExpectedDiagnostic..., kernel: String = "7.2",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let text = MarkedText(marked, path: "s390x/thing.yaml")
    expectDiagnostics(in: text, expected, sourceLocation: sourceLocation) { file in
      var settings = Settings()
      settings.release = Release(kernel)
      let vm = SourceFile(path: "s390x/vm.yaml", bytes: Array(vm.utf8))
      settings.schemas = [file, vm].map { SchemaSource(path: $0.path, file: $0) }
      return settings.runExamples(in: [])
    }
  }

  /// The map is read after each example.
  @Test func faultOfTheMapIsReported() {
    let hook = "\nhooks: {map: [{use: 'addresses(0, 1️⃣1 / size(self.list)2️⃣)'}]}\nstate: {self: {list: []}}"
    expectFindings(
      in: thing([], examples: ["{value: 1}"]) + hook,
      .init("1️⃣", to: "2️⃣", "schema-evaluation", "'1 / size(self.list)': division by zero"))
  }

  @Test func ruleThatRefusesNoExampleIsReported() {
    expectFindings(
      in: thing(["1️⃣" + atMostThree], examples: ["{value: 1}"]),
      .init(
        "1️⃣", "schema-no-case", "this rule refuses no example and no test of the schemas; add one that it refuses",
        severity: .warning))
  }

  @Test func ruleThatRefusesEveryExampleIsReported() {
    expectFindings(
      in: thing(["1️⃣" + atMostThree], examples: ["{value: 4, expect: EINVAL}"]),
      .init(
        "1️⃣", "schema-no-case", "no example and no test of the schemas passes this rule; add one", severity: .warning))
  }

  @Test func examplesDemonstrateARule() {
    expectFindings(in: thing([atMostThree], examples: ["{value: 3}", "{value: 4, expect: EINVAL}"]))
    // Nothing can get past a rule without a condition.
    expectFindings(
      in: thing(["{EINVAL: it never starts}"], examples: ["{value: 1, expect: EINVAL}"]))
  }

  @Test func testDemonstratesARule() {
    expectFindings(
      in: thing(
        ["{if: '!host.ready', EINVAL: the host has none}"], examples: ["{value: 1}"],
        tests: [
          """
          {host: {ready: false},
              steps: [{create-vm: {}}, {create: thing}, {set: thing.control.start, value: 1, expect: EINVAL}]}
          """
        ]))
  }

  @Test func exampleCanHaveHostFacts() {
    expectFindings(
      in: thing(
        ["{if: '!host.ready', EINVAL: the host has none}"],
        examples: ["{value: 1}", "{host: {ready: false}, value: 1, expect: EINVAL}"]))
    expectFindings(
      in: thing([], examples: ["{host: {1️⃣raedy: false}, value: 1}"]),
      .init("1️⃣", "unknown-fact", "the schemas of s390x have no fact 'raedy'; did you mean 'ready'?"))
  }

  @Test func untestedRuleMustNotBeDemonstrated() {
    let rule = "1️⃣{if: value > 3, EINVAL: there are three, untested: the value is small}"
    expectFindings(in: thing([rule], examples: ["{value: 1}"]))
    expectFindings(
      in: thing([rule], examples: ["{value: 4, expect: EINVAL}"]),
      .init(
        "1️⃣", "schema-no-case", "this rule refuses an example or a test, so it needs no 'untested'",
        severity: .warning))
  }

  @Test func testThatFailsIsReported() {
    expectFindings(
      in: thing(
        ["1️⃣" + atMostThree], examples: ["{value: 3}"],
        tests: ["steps: [{create-vm: {}}, {create: thing}, {set: thing.control.start, value: 2️⃣4}]"]),
      .init(
        "2️⃣", "thing.control.start:EINVAL", "the kernel would answer EINVAL: there are three",
        notes: [ExpectedNote("1️⃣", "the rule is here")]))
  }

  /// Rules, examples and tests of other releases are ignored. So are rules after a rule of this release that always
  /// ends the call.
  @Test(arguments: ["6.12", "7.2"]) func rulesOfOtherReleasesAreIgnored(kernel: String) {
    expectFindings(
      in: thing(
        ["{since: v7.0, if: value > 3, EINVAL: there are three}"],
        examples: ["{value: 3}", "{until: v7.0, value: 4}"],
        tests: [
          """
          {since: v7.0,
              steps: [{create-vm: {}}, {create: thing}, {set: thing.control.start, value: 4, expect: EINVAL}]}
          """
        ]), kernel: kernel)
    expectFindings(
      in: thing(
        ["{until: v7.0, EINVAL: there is no thing yet}", atMostThree],
        examples: ["{since: v7.0, value: 1}", "{value: 4, expect: EINVAL}"]), kernel: kernel)
    expectFindings(
      in: thing(
        ["{until: v7.0, use: refuse()}", "{until: v7.0, then: [{return: 0}]}", atMostThree],
        examples: ["{since: v7.0, value: 1}", "{value: 4, expect: EINVAL}"])
        + "\nfunctions: {refuse(): [{EINVAL: there is no thing yet}]}", kernel: kernel)
  }

  @Test(.slow, arguments: ["6.12", "6.18", "7.2"]) func builtInSchemasHaveNoFindings(kernel: String) {
    var settings = Settings()
    settings.release = Release(kernel)
    var text = ""
    TextRenderer(limit: 1000).render(settings.runExamples(in: []), into: &text)
    #expect(text == "")
  }

  @Test func architectureWithoutSchemasIsReported() throws {
    var settings = Settings()
    settings.schemas = []
    let manifest = SourceFile(path: "vm.yaml", bytes: Array("kvmconf: 1\narch: s390x\nvcpus: {count: 1}\n".utf8))
    let found = try ManifestWorkspace(settings).validate(manifest).diagnostics
    #expect(found.map(WorkspaceTests.place) == ["2:7 no-schemas"])
    #expect(found.map(\.message) == ["there are no schemas for s390x"])
  }
}
