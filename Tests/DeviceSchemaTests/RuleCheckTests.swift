import TestSupport
import Testing

@Suite struct RuleCheckTests {
  @Test func ruleAfterAnUnconditionalErrnoIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣{errno: EINVAL, because: no}
          - 1️⃣{if: 'value == 2', errno: EBUSY, because: never}
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the call always ends before it",
        notes: [.init("2️⃣", "it ends here")]))
  }

  @Test func malformedAnswerToAGuestIsReported() {
    func start(_ guest: String) -> String {
      thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            attributes:
              start:
                number: 0
                doc: starts the thing
                payload: {type: none}
                examples: [{expect: ok}]
                set:
                  guest: \(guest)
        """)
    }
    expectFaults(in: start("[{errno: EBUSY, because: a vCPU runs, since: '6.1'}]"))
    expectFaults(in: start("1️⃣{errno: EBUSY}"), .init("1️⃣", "schema-type", "'guest' must be a list of {errno, because}"))
    expectFaults(in: start("[1️⃣{errno: EBUSY}]"), .init("1️⃣", "schema-type", "an answer needs 'errno' and 'because'"))
    expectFaults(
      in: start("[{errno: EBUSY, because: no, 1️⃣if: 'true'}]"),
      .init("1️⃣", "schema-unknown-key", "an answer has no key 'if'"))
  }

  @Test func ruleAfterAnErrnoOfSomeReleasesIsReachable() {
    expectFaults(
      in: rules(
        """
          - {errno: EINVAL, because: no, until: '6.1'}
          - {if: 'value == 2', errno: EBUSY, because: sometimes}
        """))
  }

  @Test func ruleAfterTwoBranchesThatEndIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣if: 'value == 1'
            rules: [{return: ok}]
            else: [{errno: EINVAL, because: no}]
          - 1️⃣{if: 'value == 2', errno: EBUSY, because: never}
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the call always ends before it",
        notes: [.init("2️⃣", "it ends here")]))
  }

  @Test func repeatedConditionIsUnreachable() {
    expectFaults(
      in: rules(
        """
          - 2️⃣{if: 'value == 2', errno: EINVAL, because: no}
          - {if: 'value == 3', errno: EINVAL, because: no}
          - 1️⃣{if: 'value == 2', errno: EBUSY, because: never}
        """),
      .init(
        "1️⃣", "schema-unreachable", "this rule is never reached: the same condition has ended the call before",
        notes: [.init("2️⃣", "it ends here")]))
  }

  @Test func repeatedUnknownIsReachable() {
    expectFaults(
      in: rules(
        """
          - {if: 'unknown', errno: EINVAL, because: maybe}
          - {if: 'unknown', errno: EBUSY, because: maybe}
        """))
  }

  @Test func constantConditionIsReported() {
    expectFaults(
      in: rules(
        "  - {if: 1️⃣'true', then: {vm.x: 'value'}}\n  - {if: 'vm.x == 1', errno: EBUSY, because: no}",
        more: "state: {vm: {x: '0'}}"),
      .init("1️⃣", "schema-constant-condition", "this is always true", severity: .warning))
  }

  @Test func hookThatIsNeverRunIsReported() {
    let vcpu = "schema: 1\nscope: vcpu\ndoc: a vCPU\nreference: [x]\nrun: {rules: [{hook: first-run}]}\n"
    expectFaults(
      in: thing(
        control + "\nhooks:\n  1️⃣frist-run: [{errno: EBUSY, because: no}]\n  first-run: [{errno: EBUSY, because: no}]"),
      .init("1️⃣", "schema-unknown-hook", "no rule runs a hook 'frist-run'; did you mean 'first-run'?"),
      beside: ["arm64/vcpu.yaml": vcpu])
  }

  @Test func oneMistakeIsOneFault() {
    expectFaults(
      in: rules(
        "  - {if: '1️⃣valeu == 1', errno: EINVAL, because: no}\n  - {if: 'value == 2', errno: EBUSY, because: no}"),
      .init("1️⃣", "schema-expression", "unknown name 'valeu'; did you mean 'value'?"))
  }

  @Test func unknownErrnoIsReported() {
    expectFaults(
      in: rules("  - {if: 'value == 1', errno: 1️⃣EINVALID, because: no}"),
      .init("1️⃣", "schema-errno", "there is no errno 'EINVALID'; did you mean EINVAL?"))
  }

  @Test func errnoWithoutAReasonIsReported() {
    expectFaults(
      in: rules("  - {if: 'value == 1', 1️⃣errno: EINVAL}"),
      .init("1️⃣", "schema-no-reason", "a rule with 'errno' needs 'because'"))
  }

  @Test func unquotedExpressionWithACommaIsExplained() {
    expectFaults(
      in: rules("  - {if: min(value1️⃣, 2️⃣3) == 1, errno: EINVAL, because: no}"),
      .init("1️⃣", "schema-expression", "expected ',' or ')', found the end of the expression"),
      .init(
        "2️⃣", "schema-unknown-key",
        "a rule has no key '3) == 1'; put an expression with a comma, a bracket or '!' in quotes"))
  }
}
