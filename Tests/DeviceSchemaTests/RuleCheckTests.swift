import TestSupport
import Testing

@Suite struct RuleCheckTests {
  @Test func ruleAfterAnUnconditionalErrnoIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣EINVAL: no
          - 1️⃣if: value == 2
            EBUSY: never
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the call always ends before it",
        notes: [.init("2️⃣", "it ends here")]))
  }

  /// `guest_has_run` is false in every plan, so the rules behind it need no example, and those after them are reached.
  @Test func answersToAGuestAreRefusals() {
    expectFaults(
      in: rules(
        """
          - if: guest_has_run
            EBUSY: a vCPU runs
            tag: running
          - if: value == 2
            EBUSY: no
        """))
    expectFaults(
      in: rules("  - {if: guest_has_run, 1️⃣EBUSY: }"),
      .init(
        "1️⃣", "schema-no-reason",
        "EBUSY has no reason; say what is wrong with the value, and what would be right"))
  }

  @Test func statementsOfTheMapHaveTheirParameters() {
    expectFaults(
      in: rules(
        """
          - use: region(value, 4KiB)
          - use: region(value, 4KiB, "iocsr")
          - use: addresses(0, 4KiB)
          - use: interrupt(value, "line")
          - use: interrupts(0, 8, "line", "control.start")
          - use: shared_interrupt(value, "line")
          - use: no_interrupts(0, 8, "line")
          - use: 7️⃣no_interrupts(0, 8)8️⃣
          - use: 1️⃣region(value)2️⃣
          - use: 3️⃣interrupt(value, "line", "control.start", 1)4️⃣
          - use: interrupt(value, 5️⃣86️⃣)
        """),
      .init("7️⃣", to: "8️⃣", "schema-type", "no_interrupts has 3 parameters (first, count, kind), not 2"),
      .init("1️⃣", to: "2️⃣", "schema-type", "region has 2 or 3 parameters (at, size, bus), not 1"),
      .init("3️⃣", to: "4️⃣", "schema-type", "interrupt has 2 or 3 parameters (number, kind, attribute), not 4"),
      .init("5️⃣", to: "6️⃣", "schema-expression", "expected a string, found an integer"))
  }

  @Test func mapHookNeedsNoCall() {
    expectFaults(in: thing(control + "\nhooks:\n  map: [{use: 'addresses(0, 4KiB)'}]"))
  }

  @Test func ruleAfterAnErrnoOfSomeReleasesIsReachable() {
    expectFaults(
      in: rules(
        """
          - until: v6.1
            EINVAL: no
          - if: value == 2
            EBUSY: sometimes
        """))
  }

  @Test func ruleAfterTwoBranchesThatEndIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣if: value == 1
            return: 0
            else:
              - EINVAL: no
          - 1️⃣if: value == 2
            EBUSY: never
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the call always ends before it",
        notes: [.init("2️⃣", "it ends here")]))
  }

  @Test func repeatedConditionIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣if: value == 2
            EINVAL: no
          - if: value == 3
            EINVAL: no
          - 1️⃣if: value == 2
            EBUSY: never
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the same condition has ended the call before",
        notes: [.init("2️⃣", "it ends here")]))
  }

  @Test func repeatedUnknownIsReachable() {
    expectFaults(
      in: rules(
        """
          - if: unknown
            EINVAL: maybe
          - if: unknown
            EBUSY: maybe
        """))
  }

  /// A reason stands behind "the kernel would answer EINVAL: ".
  @Test func reasonThatIsASentenceIsReported() {
    func reason(_ reason: String, _ expected: ExpectedDiagnostic...) {
      let schema = rules("  - if: value > 3\n    1️⃣EINVAL2️⃣: \(reason)")
      if expected.isEmpty { expectFaults(in: schema) }
      for expected in expected { expectFaults(in: schema, expected) }
    }
    func fault(_ message: String) -> ExpectedDiagnostic {
      .init("1️⃣", to: "2️⃣", "schema-reason", message, severity: .warning)
    }
    reason("there are three")
    reason("GICD_CTLR has no such bit")
    reason("LPIs need an ITS")
    reason("Linux 6.1 has three")
    reason("The value is at most 3", fault("a reason begins with a small letter; did you mean 'the'?"))
    reason("the value is at most 3.", fault("a reason has no full stop"))
  }

  @Test func misspeltInterruptsAreReported() {
    func interrupts(_ kind: String) -> String {
      rules(
        """
          - {if: value > 3, EINVAL: there are three}
          - use: interrupts(0, 32, "toy line")
          - use: interrupt(value, "toy line")
          - use: shared_interrupt(value, 1️⃣"\(kind)"2️⃣)
        """)
    }
    expectFaults(in: interrupts("other line"))
    for kind in ["Toy line", "toy-line", "toy lien", "toy lin"] {
      expectFaults(
        in: interrupts(kind),
        .init(
          "1️⃣", to: "2️⃣", "schema-unknown-name",
          "no other statement has the interrupts '\(kind)'; did you mean 'toy line'?"))
    }
  }

  @Test func constantConditionIsReported() {
    expectFaults(
      in: rules(
        "  - {if: 1️⃣true, assign: {vm.x: value}}\n  - {if: vm.x == 1, EBUSY: no}",
        more: "state: {vm: {x: 0}}"),
      .init("1️⃣", "schema-constant-condition", "this is always true", severity: .warning))
  }

  @Test func hookThatIsNeverRunIsReported() {
    let vcpu = "schema: 2\ndoc: a vCPU\nsources: [x]\ncalls: {run: [{hook: first-run}]}\n"
    expectFaults(
      in: thing(
        control + "\nhooks:\n  1️⃣frist-run: [{EBUSY: no}]\n  first-run: [{EBUSY: no}]"),
      .init("1️⃣", "schema-unknown-hook", "no rule runs a hook 'frist-run'; did you mean 'first-run'?"),
      beside: ["arm64/vcpu.yaml": vcpu])
  }

  @Test func oneMistakeIsOneFault() {
    expectFaults(
      in: rules(
        "  - {if: 1️⃣valeu == 1, EINVAL: no}\n  - {if: value == 2, EBUSY: no}"),
      .init("1️⃣", "schema-expression", "unknown name 'valeu'; did you mean 'value'?"))
  }

  @Test func unknownErrnoIsReported() {
    expectFaults(
      in: rules("  - {if: value == 1, 1️⃣EINVALID: no}"),
      .init("1️⃣", "schema-errno", "EINVALID is not an errno; did you mean EINVAL?"))
  }

  @Test func errnoWithoutAReasonIsReported() {
    expectFaults(
      in: rules("  - {if: value == 1, 1️⃣EINVAL: }"),
      .init(
        "1️⃣", "schema-no-reason",
        "EINVAL has no reason; say what is wrong with the value, and what would be right"))
  }

  /// What YAML takes apart, and what to write instead.
  @Test func unquotedExpressionsAreExplained() {
    expectFaults(
      in: rules("  - {if: 1️⃣min(value, 3) == 1, EINVAL: no}"),
      .init(
        "1️⃣", "schema-expression", "in braces a comma ends the value 'min(value'; write the rule on lines of its own"))
  }

  /// YAML takes a leading `!` for a tag, wherever an expression can be.
  @Test(arguments: [
    ("!(value in vm.x)", "'!(value in vm.x)'"), ("!vm.x", "'!vm.x'"), ("!vm.x && value == 1", "'!vm.x && value == 1'"),
    ("!vm.x[3] || value == 1", "'!vm.x[3] || value == 1'"), ("! vm.x", "'! vm.x'"),
  ]) func expressionThatYAMLTakesForATagIsReported(_ text: String, _ quoted: String) {
    let expected = ExpectedDiagnostic(
      "1️⃣", to: "2️⃣", "schema-expression", "YAML takes '!' for a tag; quote the expression: \(quoted)",
      fixIts: [quoted])
    expectFaults(in: rules("  - if: 1️⃣\(text)2️⃣\n    EINVAL: no"), expected)
    if !text.contains("[") { expectFaults(in: rules("  - {if: 1️⃣\(text)2️⃣, EINVAL: no}"), expected) }
  }

  @Test(arguments: ["value > 1 ? 2 : 3", "value > 1 ? 2 : value == 1 ? 3 : 4"])
  func conditionalThatYAMLTakesForAMappingIsReported(_ text: String) {
    let expected = ExpectedDiagnostic(
      "1️⃣", to: "2️⃣", "schema-expression",
      "YAML takes ': ' for a mapping; quote the expression, or put it below '>-'", fixIts: ["'\(text)'"])
    expectFaults(in: rules("  - write: 1️⃣\(text)2️⃣"), expected)
    expectFaults(in: rules("  - let: {x: 1️⃣\(text)2️⃣}"), expected)
    expectFaults(in: thing(control + "\nstate:\n  vm:\n    x: 1️⃣\(text)2️⃣"), expected)
  }

  /// The cases of a switch are names of the value, if it has names.
  @Test func unknownNameInACaseIsReported() {
    let named = { (cases: String) in
      thing(
        control.replacing("payload: u32", with: "payload: {type: u32, names: {low: 1, high-est: {KVM_HIGH: 2}}}")
          .replacing(
            "    - if: value > 3\n            EINVAL: there are three",
            with: "    - switch: value\n            cases:\n\(cases.indented(by: 16))"))
    }
    expectFaults(in: named("low, 7: [{EINVAL: no}]\nhigh-est: [{EBUSY: no}]"))
    expectFaults(
      in: named("1️⃣lwo: [{EINVAL: no}]\nhigh-est: [{EBUSY: no}]"),
      .init("1️⃣", "schema-expression", "this value has no name 'lwo'; did you mean 'low'?"))
  }

  @Test func statementWithTwoActionsIsReported() {
    expectFaults(
      in: rules(
        "  - {if: value == 1, assign: {vm.x: 1}, 1️⃣EINVAL: no}\n  - {if: vm.x == 1, EBUSY: no}",
        more: "state: {vm: {x: 0}}"),
      .init(
        "1️⃣", "schema-type",
        "a statement does one thing; put 'assign' and 'EINVAL' in a list under 'then', in the kernel's order"))
  }

  /// The keys of version 1 are explained.
  @Test(arguments: [
    (
      "{if: value == 1, 1️⃣errno: EINVAL, because: no}",
      "'errno' is version 1 of the schema language; write 'EINVAL: the reason'"
    ),
    (
      "{if: value == 1, 1️⃣rules: [{EINVAL: no}]}",
      "'rules' is version 1 of the schema language; write a list under 'then'"
    ),
    ("{1️⃣then: {vm.x: 1}}", "'then' with a mapping is version 1 of the schema language; write 'assign: {vm.x: 1}'"),
  ]) func keyOfVersion1IsReported(_ rule: String, _ message: String) {
    expectFaults(in: rules("  - " + rule), .init("1️⃣", "schema-unknown-key", message))
  }

  @Test func setThatNeverReadsItsPayloadIsReported() {
    expectFaults(
      in: thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            attributes:
              start:
                number: 0
                doc: starts the thing
                payload: u32
                examples: [{value: 1}]
                1️⃣set:
                  - if: size(vcpus) == 0
                    EINVAL: no
        """),
      .init(
        "1️⃣", "schema-no-read", "'set' never reads its payload; write '- read: value' where the kernel copies it in"))
  }

  @Test func twoRefusalsWithOneTagAreReported() {
    expectFaults(
      in: rules(
        """
          - if: value == 1
            2️⃣EINVAL: one
            tag: odd
          - if: value == 3
            1️⃣EINVAL: three
            tag: odd
        """),
      .init(
        "1️⃣", "schema-duplicate-id", "thing.control.start.odd:EINVAL is the id of two rules; give one another 'tag'",
        notes: [.init("2️⃣", "the other is here")]))
  }

  @Test func wrongNumberOfArgumentsIsReported() {
    expectFaults(
      in: rules(
        "  - use: 1️⃣check(value)", more: "functions:\n  check(x, limit):\n    - {if: x > limit, EINVAL: no}"),
      .init("1️⃣", "schema-expression", "check has 2 parameters (x, limit), not 1"))
  }
}
