import TestSupport
import Testing

@Suite struct DescriptionCheckTests {
  private func attribute(_ text: String, group: String = "doc: commands") -> String {
    thing("groups:\n  control:\n    number: 0\n    \(group)\n    attribute:\n\(text.indented(by: 6))")
  }

  @Test func missingDocIsReported() {
    expectFaults(
      in: thing(
        "groups:\n  1️⃣control:\n    number: 0\n    2️⃣attribute: {number: any, payload: {type: none}, examples: [{expect: ok}]}"
      ),
      .init("1️⃣", "schema-no-doc", "group 'control' needs 'doc'"),
      .init("2️⃣", "schema-no-doc", "attribute 'control' needs 'doc'"))
  }

  @Test func fieldWithoutDocIsReportedUnlessReserved() {
    expectFaults(
      in: thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            1️⃣attribute:
              number: any
              doc: all of it
              payload:
                type: struct
                fields:
                  - {name: base, type: u32}
                  - {name: pad, type: u32, reserved: true}
              examples: [{value: {base: 1}, expect: ok}]
        """),
      .init("1️⃣", "schema-no-doc", "field 'base' of 'control' needs 'doc'"))
  }

  @Test func missingExamplesAreReported() {
    expectFaults(
      in: thing(
        "groups:\n  control:\n    number: 0\n    doc: commands\n    1️⃣attribute: {number: any, doc: x, payload: {type: none}}"
      ),
      .init("1️⃣", "schema-no-example", "attribute 'control' needs 'examples'"))
  }

  @Test func malformedExampleIsReported() {
    expectFaults(
      in: attribute(
        """
        number: any
        doc: x
        payload: {type: none}
        examples:
          - {1️⃣vaule: 1, expect: ok}
          - {expect: 2️⃣EINVALID}
          - 3️⃣{value: 1}
          - {call: 4️⃣poke, expect: ok}
        """),
      .init("1️⃣", "schema-unknown-key", "an example of 'control' has no key 'vaule'; did you mean 'value'?"),
      .init("2️⃣", "schema-errno", "an example must expect ok or an errno, not 'EINVALID'"),
      .init("3️⃣", "schema-type", "an example needs 'expect': ok or an errno"),
      .init("4️⃣", "schema-type", "the call of an example must be set, get or has"))
  }

  @Test func valueOfAGetHasThePayloadsFields() {
    expectFaults(
      in: attribute(
        """
        number: any
        doc: x
        payload: {type: bits, width: 32, fields: {base: {bits: [31, 0], doc: x}}}
        get: {value: {1️⃣bsae: '1'}}
        examples: [{value: {base: 1}, expect: ok}]
        """),
      .init("1️⃣", "schema-unknown-name", "the payload has no field 'bsae'; did you mean 'base'?"))
  }

  @Test func malformedCaseIsReported() {
    expectFaults(
      in: thing(
        """
        cases:
          - {doc: it starts, since: '6.12', host: {}, vcpus: {count: 2}, steps: [{create: thing}]}
          - 1️⃣[create-vm]
          - {2️⃣setps: [{create-vm: {}}]}
          - {until: 3️⃣soon, steps: [4️⃣{craete: thing}]}
        """),
      .init("1️⃣", "schema-type", "a case must be a mapping, not a list"),
      .init("2️⃣", "schema-unknown-key", "a case has no key 'setps'; did you mean 'steps'?"),
      .init("3️⃣", "schema-type", "'until' must be a kernel release, such as '6.13'"),
      .init(
        "4️⃣", "schema-type",
        "a step must be one of create-vm, add-memory, enable-capability, create-irqchip, create-vcpu, init-vcpu, test, "
          + "create, close, set, get, has, run; did you mean 'create'?"))
    expectFaults(in: thing("cases: 1️⃣{steps: []}"), .init("1️⃣", "schema-type", "'cases' must be a list"))
  }

  @Test func unknownStepIsReported() {
    expectFaults(
      in: attribute(
        """
        number: any
        doc: x
        payload: {type: none}
        examples:
          - {expect: ok, given: [{set: thing.control}, 1️⃣{st: thing.control}]}
        """),
      .init(
        "1️⃣", "schema-type",
        "a step must be one of create-vm, add-memory, enable-capability, create-irqchip, create-vcpu, init-vcpu, test, "
          + "create, close, set, get, has, run; did you mean 'set'?"))
  }

  @Test func limitThatNoRuleEnforcesIsReported() {
    func schema(_ payload: String, _ rule: String) -> String {
      thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            1️⃣attribute:
              number: any
              doc: x
              payload: {type: u64, \(payload)}
              set: {rules: [{read: value}, \(rule)]}
              examples: [{value: 1, expect: ok}]
        """)
    }
    let blind = "{if: 'attr == 5', errno: EBUSY, because: no}"
    expectFaults(
      in: schema("align: 4KiB", blind),
      .init(
        "1️⃣", "schema-unbacked", "'control' declares 'align' for 'value', but no rule of its set checks that",
        severity: .warning, notes: [.init("if the kernel takes any value, add 'unchecked: true' beside it")]))
    expectFaults(in: schema("align: 4KiB", "{if: 'value % 4KiB != 0', errno: EINVAL, because: no}"))
    expectFaults(in: schema("align: 4KiB, unchecked: true", blind))
    expectFaults(in: schema("unit: address", blind))
  }

  @Test func unknownNameInAnOrderIsReported() {
    expectFaults(
      in: attribute(
        """
        number: any
        doc: x
        payload: {type: none}
        set: {after: [1️⃣vcpu, vcpus, memory], before: [{path: control, when: 'attr == 2'}]}
        examples: [{expect: ok}]
        """),
      .init("1️⃣", "schema-unknown-name", "there is no 'vcpu' to come before or after"))
  }

  @Test func circularOrderIsReported() {
    expectFaults(
      in: thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            payload: {type: none}
            attributes:
              start: {number: 0, doc: x, set: {after: [control.stop]}, examples: [{expect: ok}]}
              stop: {number: 1, doc: x, set: {after: [1️⃣control.start]}, examples: [{expect: ok}]}
              pause: {number: 2, doc: x, set: {after: [control.start]}, examples: [{expect: ok}]}
        """),
      .init(
        "1️⃣", "schema-order-cycle",
        "this order is impossible: 'control.start' after 'control.stop' after 'control.start'"))
  }
}
