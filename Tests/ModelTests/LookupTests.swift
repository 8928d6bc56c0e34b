import DevicePlan
import Diagnostics
import Expressions
import Model
import Testing

/// The checks of a call on an attribute, and their order.
@Suite struct LookupTests {
  /// A payload that the first rule reads is checked before all else.
  @Test func payloadIsReadFirst() {
    let model = TestModel(rules: "- EINVAL: never")
    #expect(model.onThing([set(0), setInvalid(), setNothing()]) == ["EINVAL", "EFAULT", "EFAULT"])
  }

  @Test func readRuleReadsThePayloadThere() {
    let model = TestModel(
      rules: """
        - if: self.ready
          EBUSY: it runs
        - read: value
        - if: value == 1
          EINVAL: one
        - if: value == 2
          assign: {self.ready: true}
        """, more: "state: {self: {ready: false}}")
    #expect(
      model.onThing([setInvalid().expecting("EFAULT"), set(1), set(2), set(1), setInvalid()])
        == ["EFAULT", "EINVAL", "ok", "EBUSY", "EBUSY"])
  }

  /// A function of rules can hold the `read`.
  @Test func functionCanReadThePayload() {
    let model = TestModel(
      rules: """
        - if: attr == 0
          use: fetch()
        - if: value == 1
          EINVAL: one
        """,
      more: """
        functions:
          fetch():
            - if: size(devices) > 1
              EPERM: two
            - read: value
        """)
    #expect(model.onThing([setInvalid(), set(1), createThing, setInvalid()]) == ["EFAULT", "EINVAL", "ok", "EPERM"])
  }

  /// A get that returns early writes nothing, so a bad pointer does not matter.
  @Test func getThatReturnsWritesNothing() {
    let model = TestModel(
      thing: """
        state: {self: {value: null}}
        groups:
          level:
            number: 1
            payload: u32
            attributes:
              line:
                number: 0
                set:
                  - read: value
                  - assign: {self.value: value}
                get:
                  - if: self.value == null
                    return: 0
                  - write: self.value
        """)
    func call(_ data: AttributeData) -> AttributeCall {
      AttributeCall(target: .device(0), group: 1, attr: 0, data: data)
    }
    let found = model.results([
      createVM, createThing, step(.getAttribute(call(.invalid))), step(.getAttribute(call(.bytes([9, 9, 9, 9])))),
      step(.setAttribute(call(.bytes([7, 0, 0, 0])))), step(.getAttribute(call(.invalid))),
      step(.getAttribute(call(.bytes([9, 9, 9, 9])))),
    ]).dropFirst(2)
    #expect(found.map(\.outcome.words) == ["ok", "ok", "ok", "EFAULT", "ok"])
    #expect(found.map(\.value) == [nil, nil, nil, nil, [7, 0, 0, 0]])
  }

  @Test func valueUsedBeforeItIsReadIsAFault() {
    let model = TestModel(
      rules: """
        - if: value == 1
          EINVAL: one
        - read: value
        """)
    let found = model.results([createVM, createThing, set(1)])[2]
    #expect(found.words == "fault arm64/thing.yaml:12:17: 'value == 1': 'value' is used before it is read")
    #expect(found.schemaFault?.id == "schema-evaluation")
  }

  /// The complete order of the checks.
  @Test func checksAreMadeInTheKernelsOrder() {
    let model = TestModel(
      thing: """
        has:
          - ENOTTY: the device has no KVM_HAS_DEVICE_ATTR
        groups:
          both:
            number: 1
            payload: u32
            set:
              - if: flags != 0
                EBUSY: flags
            attributes:
              open:
                number: 0
                set:
                  - read: value
                  - if: value == 1
                    EINVAL: one
                get:
                  - write: unknown
              readonly:
                number: 1
                get:
                  - write: 7
                has:
                  - ENXIO: KVM_HAS_DEVICE_ATTR does not know it
              writeonly:
                number: 2
                set:
                  - read: value
                has:
                  - ENXIO: KVM_HAS_DEVICE_ATTR does not know it
              else:
                set:
                  - ENODEV: there is no such attribute
                get:
                  - EACCES: there is no such attribute
          else:
            set:
              - EPERM: there is no such group
            get:
              - EINVAL: there is no such group
        """)
    func flagged(_ step: Step) -> Step {
      guard case .setAttribute(var call) = step.operation else { return step }
      call.flags = 1
      return ModelTests.step(.setAttribute(call))
    }
    #expect(
      model.onThing([
        set(1, group: 5), get(group: 5), setInvalid(group: 5),  // no group
        set(1, group: 1), flagged(set(1, group: 1)), setInvalid(group: 1),  // payload; rules of group, attribute
        set(1, group: 1, attr: 9), flagged(set(1, group: 1, attr: 9)), setInvalid(group: 1, attr: 9),  // no attribute
        set(1, group: 1, attr: 1), flagged(set(1, group: 1, attr: 1)), get(group: 1, attr: 1),  // no such access
        get(group: 1, attr: 2), get(group: 1, attr: 9), has(group: 1), has(group: 9),
      ]) == [
        "EPERM", "EINVAL", "EPERM", "EINVAL", "EBUSY", "EFAULT", "ENODEV", "EBUSY", "ENODEV", "ENODEV", "EBUSY",
        "ok 0x7",
        "EACCES", "EACCES", "ENOTTY", "ENOTTY",
      ])
  }

  @Test func missingAttributesHaveTheirAnswers() {
    let model = TestModel(
      thing: """
        groups:
          a:
            number: 0
            attributes:
              x: {number: 0, payload: u32, get: [{write: unknown}]}
        """,
      vm: """
        set:
          - ENOTTY: the VM has no KVM_SET_DEVICE_ATTR
        get:
          - ENOTTY: the VM has no KVM_GET_DEVICE_ATTR
        has:
          - ENOTTY: the VM has no KVM_HAS_DEVICE_ATTR
        """)
    #expect(
      model.onThing([
        has(), has(attr: 1), has(group: 1), set(0), set(0, attr: 1), set(0, group: 1), get(attr: 1), set(0, on: .vm),
        get(on: .vm),
        has(on: .vm), has(on: .vm, group: 5),
      ]) == ["ok", "ENXIO", "ENXIO", "ENXIO", "ENXIO", "ENXIO", "ENXIO", "ENOTTY", "ENOTTY", "ENOTTY", "ENOTTY"])
    let reasons = model.results([createVM, createThing, has(attr: 1), set(0), set(0, on: .vm)]).flatMap(\.reasons).map(
      \.message)
    #expect(
      reasons == [
        "group 'a' of a device of type 'thing' has no attribute 1",
        "this attribute of group 'a' of a device of type 'thing' can be read, and cannot be set",
        "the VM has no KVM_SET_DEVICE_ATTR",
      ])
  }

  /// `has` without rules is ok, whatever `set` would answer; otherwise its rules decide.
  @Test func hasIsNotDerivedFromSet() {
    let model = TestModel(
      thing: """
        groups:
          a:
            number: 0
            payload: u32
            attributes:
              x:
                number: 0
                set:
                  - read: value
                  - EBUSY: never
                get:
                  - write: unknown
              y:
                number: 1
                set:
                  - read: value
                get:
                  - write: unknown
                has:
                  - if: size(vcpus) == 0
                    ENODEV: no vCPU
        """)
    #expect(
      model.onThing([set(0), has(), has(attr: 1), createVCPU(0), has(attr: 1)]) == [
        "EBUSY", "ok", "ENODEV", "ok", "ok",
      ])
  }

  /// The first attribute that matches is taken, in the order of the file: exact numbers, keys, any.
  @Test func firstMatchingAttributeIsTaken() {
    let model = TestModel(
      thing: """
        groups:
          a:
            number: 0
            payload: u32
            attributes:
              exact: {number: 5, set: [{read: value}], get: [{write: 0x100}]}
              keyed:
                key:
                  cpu: {bits: 15..8}
                  register: {bits: 7..0}
                number: 1
                set:
                  - read: value
                get:
                  - write: key.cpu * 0x10 + key.register
              other: {number: any, set: [{read: value}], get: [{write: 0x200}]}
              unreachable: {number: 7, set: [{read: value}], get: [{write: 0x300}]}
          b:
            number: 1
            payload: u32
            key:
              high: {bits: 63..32}
              low: {bits: 11..4, unit: address}
            set:
              - read: value
            get:
              - write: key.high + key.low
        """)
    #expect(
      model.onThing([
        get(attr: 5), get(attr: 6), get(attr: 0x203), get(attr: 1), get(attr: 0), get(attr: 0x10000),
        get(attr: 0x10001), get(attr: 7),
        get(group: 1, attr: 0x3_0000_0050), get(group: 1, attr: 1), get(group: 1, attr: 0x1000),
      ]) == [
        "ok 0x100", "ok 0x5", "ok 0x22", "ok 0x0", "ok 0x200", "ok 0x10ef", "ok 0x200", "ok 0x6",
        "ok 0x53", "ENXIO", "ENXIO",
      ])
  }

  /// A release without a patch level may be before a backport or after it, so what it adds may exist.
  @Test(arguments: [
    ("6.12", ["EPERM or ok", "ok or ENXIO", "ok or ENXIO"]), ("6.12.99", ["ok", "ENXIO", "ENXIO"]),
    ("6.12.100", ["EPERM", "ok", "ok"]), ("7.2", ["EPERM", "ok", "ok"]),
  ])
  func backportMayExist(_ release: String, _ expected: [String]) {
    let thing = """
      groups:
        a:
          number: 0
          payload: u32
          attributes:
            rule:
              number: 0
              set:
                - read: value
                - since: [v7.2, v6.12.100]
                  if: value == 1
                  EPERM: new
            attribute: {number: 2, since: [v7.2, v6.12.100], set: [{read: value}]}
        b: {number: 1, since: [v7.2, v6.12.100], payload: u32, attributes: {x: {number: 0, set: [{read: value}]}}}
      """
    // The rule, the attribute and the group.
    #expect(
      TestModel(thing: thing, release: release).onThing([set(1), set(1, attr: 2), set(1, group: 1)]) == expected)
  }

  /// `since`, `until` and `when` decide whether something exists.
  @Test func sinceUntilAndWhenDecideWhatExists() {
    let thing = """
      groups:
        new:
          number: 0
          since: v7.1
          payload: u32
          attributes:
            x: {number: 0, set: [{read: value}], get: [{write: unknown}]}
        old:
          number: 1
          until: v7.1
          payload: u32
          attributes:
            x: {number: 0, set: [{read: value}], get: [{write: unknown}]}
        both:
          number: 2
          payload: u32
          attributes:
            new:
              number: 0
              since: v7.1
              set:
                - read: value
              get:
                - write: 1
            old:
              number: 0
              until: v7.1
              set:
                - read: value
              get:
                - write: 2
            rules:
              number: 1
              set:
                - read: value
                - since: v7.1
                  if: value == 1
                  EINVAL: one
                - until: v7.1
                  if: value == 1
                  EPERM: one
                - if: value == 2 && since("v7.1")
                  E2BIG: two
              get:
                - write: unknown
        odd:
          number: 3
          if: host.odd
          payload: u32
          attributes:
            x: {number: 0, set: [{read: value}], get: [{write: 3}]}
        even:
          number: 3
          payload: u32
          attributes:
            x:
              number: 0
              if: attr == 0 && size(vcpus) > 0
              set:
                - read: value
              get:
                - write: 4
            y: {number: 0, set: [{read: value}], get: [{write: 5}]}
      facts:
        odd: {type: bool}
      """
    let steps = [
      has(), has(group: 1), get(group: 2), set(1, group: 2, attr: 1), set(2, group: 2, attr: 1), get(group: 3),
      createVCPU(0), get(group: 3),
    ]
    let odd: [String: Value] = ["odd": .bool(true)]
    let even: [String: Value] = ["odd": .bool(false)]
    #expect(
      TestModel(thing: thing, facts: odd, release: "7.2").onThing(steps)
        == ["ok", "ENXIO", "ok 0x1", "EINVAL", "E2BIG", "ok 0x3", "ok", "ok 0x3"])
    #expect(
      TestModel(thing: thing, facts: even, release: "7.1").onThing(steps)
        == ["ok", "ENXIO", "ok 0x1", "EINVAL", "E2BIG", "ok 0x5", "ok", "ok 0x4"])
    #expect(
      TestModel(thing: thing, facts: even, release: "7.0").onThing(steps)
        == ["ENXIO", "ok", "ok 0x2", "EPERM", "ok", "ok 0x5", "ok", "ok 0x4"])
    // It is unknown which of the two exists, so both answers are possible.
    #expect(TestModel(thing: thing, release: "7.2").onThing([get(group: 3)]) == ["ok 0x1 of 0xfffffff9"])
  }

  /// A device type of another release or architecture answers ENODEV; an unknown number may exist.
  @Test func deviceTypesOfOtherKernelsAreENODEV() {
    let model = TestModel(
      beside: [
        "arm64/new.yaml": """
        schema: 2
        number: 4
        since: v7.3
        """,
        "arm64/rare.yaml": """
        schema: 2
        number: 5
        if: host.rare
        facts:
          rare: {type: bool}
        """,
        "x86_64/other.yaml": """
        schema: 2
        number: 6
        """,
        "common/shared.yaml": """
        schema: 2
        arch: [arm64, x86_64]
        number: 7
        """,
        "common/foreign.yaml": """
        schema: 2
        arch: [x86_64]
        number: 8
        """,
      ])
    let steps = [createVM] + [3, 4, 5, 6, 7, 8, 9].map { test($0) }
    func outcomes(_ facts: [String: Value], release: String = "7.2") -> [String] {
      var model = model
      model.facts = facts
      model.release = release
      return Array(model.outcomes(steps).dropFirst())
    }
    #expect(outcomes([:]) == ["ok", "ENODEV", "ok or ENODEV", "ENODEV", "ok", "ENODEV", "ENODEV or ok"])
    #expect(outcomes(["rare": .bool(true)])[2] == "ok")
    #expect(
      outcomes(["rare": .bool(false)], release: "7.3") == [
        "ok", "ok", "ENODEV", "ENODEV", "ok", "ENODEV", "ENODEV or ok",
      ])
    #expect(
      outcomes(["rare": .bool(true), "devices": .list([.string("shared")])]) == [
        "ENODEV", "ENODEV", "ok", "ENODEV", "ok", "ENODEV", "ENODEV or ok",
      ])
  }

  /// A refusal because of the release names what is absent, and both releases.
  @Test func reasonsNameTheRelease() {
    let thing = """
      groups:
        a:
          number: 0
          payload: u32
          attributes:
            old: {number: 0, until: v6.13, set: [{read: value}]}
            new: {number: 1, since: v6.19, set: [{read: value}]}
        b:
          number: 1
          since: v6.12..v6.16
          payload: u32
          attributes:
            x: {number: 0, set: [{read: value}]}
      """
    let vm = """
      capabilities:
        late: {KVM_CAP_LATE: 70, since: 'v6.19', do: []}
        some: {KVM_CAP_SOME: 71, since: 'v6.12..v6.16', do: []}
      """
    let files = [
      "arm64/new.yaml": "schema: 2\nnumber: 4\nsince: v7.1",
      "arm64/some.yaml": "schema: 2\nnumber: 5\nsince: v6.12..v6.16",
      "x86_64/other.yaml": "schema: 2\nnumber: 6",
    ]
    func results(_ release: String) -> [StepResult] {
      let enable = [70, 71].map {
        step(.enableCapability($0, on: .vm, flags: 0, arguments: []))
      }
      let calls = [set(0), set(0, attr: 1), set(0, group: 1), test(4), test(5), test(6)]
      return Array(
        TestModel(thing: thing, vm: vm, release: release, beside: files)
          .results([createVM, createThing] + calls + enable).dropFirst(2))
    }
    func reasons(_ release: String) -> [[String]] { results(release).map { $0.reasons.map(\.message) } }
    let thingB = "group 'b' of a device of type 'thing' is new between Linux 6.12 and 6.16"
    let other = "device type 'other' belongs to another architecture"
    #expect(
      reasons("6.12") == [
        [], ["attribute 'a.new' of a device of type 'thing' is new in Linux 6.19; you validate for Linux 6.12"],
        ["\(thingB); you validate for Linux 6.12"],
        ["device type 'new' is new in Linux 7.1; you validate for Linux 6.12"],
        ["device type 'some' is new between Linux 6.12 and 6.16; you validate for Linux 6.12"], [other],
        ["capability 'late' is new in Linux 6.19; you validate for Linux 6.12"],
        ["capability 'some' is new between Linux 6.12 and 6.16; you validate for Linux 6.12"],
      ])
    #expect(
      reasons("7.2") == [
        ["attribute 'a.old' of a device of type 'thing' is removed in Linux 6.13; you validate for Linux 7.2"], [], [],
        [], [],
        [other], [], [],
      ])
    #expect(results("6.12").suffix(2).map(\.outcome.words) == ["EINVAL", "EINVAL"])
    // Nobody knows whether 6.14 has what came between 6.12 and 6.16.
    #expect([4, 7].map { results("6.14")[$0].outcome.words } == ["ok or ENODEV", "ok or EINVAL"])
  }

  /// The model predicts nothing for a device whose type has no schema.
  @Test func deviceWithoutASchemaHasNoPrediction() {
    let model = TestModel()
    #expect(
      model.outcomes([createVM, create(99), set(1), close(0), set(1)])
        == ["ok", "ENODEV or ok", "nothing", "ok", "skipped: the device was not created"])
  }

  @Test func callOnAnAbsentObjectIsSkipped() {
    let model = TestModel(
      vcpu: """
        calls:
          create:
            - if: arg.id > 3
              EINVAL: four at most
        """)
    #expect(
      model.outcomes([
        createVCPU(0), createVM, createVCPU(9).expecting("EINVAL"), run(0), createVCPU(0), run(1), run(0), set(0),
        set(0, on: .vcpu(0)),
      ])
        == [
          "skipped: the VM was not created", "ok", "EINVAL", "skipped: the vCPU was not created", "ok",
          "skipped: the vCPU was not created",
          "skipped: the vCPU was not created", "skipped: the device was not created",
          "skipped: the vCPU was not created",
        ])
  }
}

/// The predicted values of gets.
@Suite struct ReadingTests {
  private let model = TestModel(
    thing: """
      state: {self: {count: 0, base: unknown}}
      facts:
        high: {type: u8}
      structs:
        thing_a_struct:
          first: u8
          second: u16
          third: u32
      groups:
        a:
          number: 0
          attributes:
            word:
              number: 0
              payload: u32
              set:
                - read: value
                - assign: {self.count: value}
              get:
                - write: self.count
            bits:
              number: 1
              payload:
                type: u32
                fields:
                  low: {bits: 3..0}
                  mid: {bits: 11..8, unit: address}
                  high: {bits: 31..24}
              set:
                - read: value
              get:
                - write: {low: self.count, mid: 0x300, high: host.high}
            struct:
              number: 2
              payload: struct thing_a_struct
              set:
                - read: value
              get:
                - write: {first: 0x11, second: self.base, third: 0x33}
            silent: {number: 3, payload: u32, get: []}
            unknown: {number: 4, payload: u32, set: [{read: value}], get: [{write: self.base}]}
            nothing: {number: 5, payload: none, get: []}
            input:
              number: 6
              payload: u32
              set:
                - read: value
              get:
                - read: value
                - if: value == 1
                  EINVAL: one
                - write: value + 1
            signed: {number: 7, payload: i16, set: [{read: value}], get: [{write: -2}]}
            refused:
              number: 8
              payload: u32
              set:
                - read: value
              get:
                - if: self.count == 0
                  EAGAIN: zero
                - write: 1
      """)

  @Test func getReturnsItsValue() {
    #expect(
      model.onThing([
        get(), set(0xABCD), get(), get(attr: 3), get(attr: 4), step(.getAttribute(call(.none, attr: 5))),
        get(attr: 7, size: 2),
      ])
        == ["ok 0x0", "ok", "ok 0xabcd", "ok", "ok", "ok", "ok 0xfffe"])
  }

  @Test func unknownFieldsAreMaskedOut() {
    #expect(
      model.onThing([set(5), get(attr: 1), get(attr: 2, size: 8)]) == [
        "ok", "ok 0x305 of 0xf0f", "ok 0x3300000011 of 0xffffffff000000ff",
      ])
    var known = model
    known.facts = ["high": .integer(0xFF)]
    #expect(known.onThing([set(5), get(attr: 1)]) == ["ok", "ok 0xff000305 of 0xff000f0f"])
  }

  @Test func getWithInputReadsThePayload() {
    #expect(
      model.onThing([get(attr: 6, input: 1), get(attr: 6, input: 7), getInvalid(attr: 6)]) == [
        "EINVAL", "ok 0x8", "EFAULT",
      ])
  }

  /// A bad address is found last.
  @Test func badAddressIsFoundLast() {
    #expect(
      model.onThing([
        getInvalid(), getInvalid(attr: 8), set(1), getInvalid(attr: 8), getInvalid(attr: 99), getInvalid(attr: 5),
      ])
        == ["EFAULT", "EAGAIN", "ok", "EFAULT", "ENXIO", "ok"])
  }

  /// The type of a payload can depend on the key.
  @Test func payloadTypeDependsOnTheKey() {
    let model = TestModel(
      thing: """
        groups:
          registers:
            number: 0
            key:
              offset: {bits: 15..0}
            payload: {switch: key.offset, cases: {0..7: u64, else: u32}}
            set:
              - read: value
              - if: value > 0xffff_ffff
                E2BIG: wide
            get:
              - write: 0xffff_ffff_ffff
        """)
    #expect(
      model.onThing([
        get(attr: 0, size: 8), get(attr: 8), set(0x1_0000_0000, attr: 4, size: 8), set(0x1_0000_0000, attr: 8, size: 8),
      ])
        == ["ok 0xffffffffffff", "ok 0xffffffff", "E2BIG", "ok"])
  }

  /// After the payload comes an inaccessible page.
  @Test func payloadThatIsTooShortIsEFAULT() {
    let model = TestModel(
      rules: """
        - if: value == 1
          EINVAL: one
        """)
    #expect(model.onThing([set(1, size: 2)]) == ["EFAULT"])
  }
}
