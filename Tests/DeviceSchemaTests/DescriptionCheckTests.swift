import TestSupport
import Testing

@Suite struct DescriptionCheckTests {
  private func attribute(_ text: String, group: String = "doc: commands") -> String {
    thing("groups:\n  control:\n    number: 0\n    \(group)\n\(text.indented(by: 4))")
  }

  @Test func missingDocIsReported() {
    expectFaults(
      in: thing(
        """
        groups:
          1️⃣control:
            number: 0
            attributes:
              2️⃣start: {number: 0, payload: none, set: [], examples: [{expect: ok}]}
        """),
      .init("1️⃣", "schema-no-doc", "group 'control' needs 'doc'"),
      .init("2️⃣", "schema-no-doc", "attribute 'control.start' needs 'doc'"))
  }

  @Test func fieldWithoutDocIsReportedUnlessReserved() {
    expectFaults(
      in: thing(
        """
        structs:
          thing_range:
            1️⃣base: u32
            pad: {type: u32, reserved: ignored}
        groups:
          control:
            number: 0
            doc: all of it
            payload: struct thing_range
            set: [{read: value}]
            examples: [{value: {base: 1}}]
        """),
      .init("1️⃣", "schema-no-doc", "member 'base' of struct thing_range needs 'doc'"))
  }

  @Test func missingExamplesAreReported() {
    expectFaults(
      in: thing("groups:\n  1️⃣control: {number: 0, doc: commands, payload: none, set: []}"),
      .init("1️⃣", "schema-no-example", "attribute 'control' needs 'examples'"))
  }

  @Test func malformedExampleIsReported() {
    expectFaults(
      in: attribute(
        """
        payload: none
        set: []
        examples:
          - {1️⃣vaule: 1}
          - {expect: 2️⃣EINVALID}
          - {call: 3️⃣poke}
        """),
      .init("1️⃣", "schema-unknown-key", "an example of 'control' has no key 'vaule'; did you mean 'value'?"),
      .init("2️⃣", "schema-errno", "an example must expect ok, an errno or a number, not 'EINVALID'"),
      .init("3️⃣", "schema-type", "the call of an example must be set, get or has"))
  }

  @Test func valueOfAGetHasThePayloadsFields() {
    expectFaults(
      in: attribute(
        """
        payload: {type: u32, fields: {base: {bits: 31..0, doc: x}}}
        get: [{write: {1️⃣bsae: 1}}]
        examples: [{call: get}]
        """),
      .init("1️⃣", "schema-unknown-name", "the payload has no field 'bsae'; did you mean 'base'?"))
  }

  @Test func malformedTestIsReported() {
    expectFaults(
      in: thing(
        """
        tests:
          - {doc: it starts, since: v6.12, host: {}, vcpus: {count: 2}, steps: [{create: thing}]}
          - 1️⃣[create-vm]
          - {2️⃣setps: [{create-vm: {}}]}
          - {until: 3️⃣soon, steps: [4️⃣{craete: thing}]}
        """),
      .init("1️⃣", "schema-type", "a test must be a mapping, not a list"),
      .init("2️⃣", "schema-unknown-key", "a test has no key 'setps'; did you mean 'steps'?"),
      .init("3️⃣", "schema-type", "'soon' is not a release; write v6.13, as the kernel's tags are written"),
      .init(
        "4️⃣", "schema-type",
        "a step must be one of create-vm, add-memory, enable-capability, create-irqchip, create-vcpu, init-vcpu, test, "
          + "create, close, set, get, has, run; did you mean 'create'?"))
    expectFaults(in: thing("tests: 1️⃣{steps: []}"), .init("1️⃣", "schema-type", "'tests' must be a list"))
  }

  /// The memory of regions names the call that makes it, which has a size and answers a descriptor.
  @Test func memoryOfRegionsNeedsItsCallAndItsFlag() {
    func vm(_ memory: String) -> String {
      """
      schema: 2
      doc: a VM
      sources: [x]
      structs:
        kvm_make_memory:
          size: {type: u64, doc: x}
      calls:
        make-memory:
          KVM_MAKE_MEMORY: _IOWR(KVMIO, 0xd4, struct kvm_make_memory)
          answer: fd
          doc: x
        reset:
          KVM_RESET: _IO(KVMIO, 0x71)
          doc: x
        add-memory:
          arg:
            flags: {type: u32, flags: {own: 2}, doc: x}
      \(memory.indented(by: 6))
          do:
            - if: arg.flags.own && arg.memory == 0 || arg.memory_offset % 4KiB != 0
              EINVAL: x
              untested: x
      """
    }
    expectFaults(in: vm("memory: {call: make-memory, flag: own}"), path: "arm64/vm.yaml")
    expectFaults(
      in: vm("memory: {call: 1️⃣reset, flag: own}"),
      .init(
        "1️⃣", "schema-unknown-name",
        "'memory' needs 'call', the name of a call that answers a new descriptor and has a member 'size'"),
      path: "arm64/vm.yaml")
    expectFaults(
      in: vm("memory: {call: make-memory, flag: 1️⃣others}"),
      .init("1️⃣", "schema-unknown-name", "'memory' needs 'flag', the flag of the memory slots that use it"),
      path: "arm64/vm.yaml")
    expectFaults(
      in: vm("memory: {call: make-memory, flag: own}\n1️⃣more: {call: make-memory, flag: own}"),
      .init("1️⃣", "schema-unknown-key", "'arg' has 'flags' and one key for memory at most"), path: "arm64/vm.yaml")
  }

  @Test func unknownStepIsReported() {
    expectFaults(
      in: attribute(
        """
        payload: none
        set: []
        examples:
          - {given: [{set: thing.control}, 1️⃣{st: thing.control}]}
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
          1️⃣control:
            number: 0
            doc: commands
            payload: {type: u64, \(payload)}
            set:
              - read: value
              - \(rule)
            examples: [{value: 1}]
        """)
    }
    let blind = "{if: attr == 5, EBUSY: no}"
    expectFaults(
      in: schema("align: 4KiB", blind),
      .init(
        "1️⃣", "schema-unbacked", "'control' declares 'align' for 'value', but no rule of its set checks that",
        severity: .warning, notes: [.init("if the kernel takes any value, add 'reserved: ignored' beside it")]))
    expectFaults(in: schema("align: 4KiB", "{if: value % 4KiB != 0, EINVAL: no}"))
    expectFaults(in: schema("align: 4KiB, reserved: ignored", blind))
    expectFaults(in: schema("unit: address", blind))
  }

  @Test func unknownNameInAnOrderIsReported() {
    expectFaults(
      in: attribute(
        """
        payload: none
        after: [1️⃣vcpu, vcpus, memory]
        before: [control: attr == 2]
        set: []
        examples: [{expect: ok}]
        """),
      .init("1️⃣", "schema-unknown-name", "there is no 'vcpu' to come before or after"))
  }

  @Test func emptyPathInAnOrderIsReported() {
    expectFaults(
      in: attribute(
        """
        payload: none
        after: [1️⃣'']
        set: []
        examples: [{expect: ok}]
        """),
      .init("1️⃣", "schema-type", "'after' needs the path of an attribute"))
  }

  @Test func circularOrderIsReported() {
    expectFaults(
      in: thing(
        """
        groups:
          control:
            number: 0
            doc: commands
            payload: none
            attributes:
              start: {number: 0, doc: x, after: [control.stop], set: [], examples: [{expect: ok}]}
              stop: {number: 1, doc: x, after: [1️⃣control.start], set: [], examples: [{expect: ok}]}
              pause: {number: 2, doc: x, after: [control.start], set: [], examples: [{expect: ok}]}
        """),
      .init(
        "1️⃣", "schema-order-cycle",
        "this order is impossible: 'control.start' after 'control.stop' after 'control.start'"))
  }
}
