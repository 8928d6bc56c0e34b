import DevicePlan
import Diagnostics
import Expressions
import Model
import Testing
import Vocabulary

/// Rules run from top to bottom, and their changes stay.
@Suite struct RuleTests {
  @Test func firstErrnoDecides() {
    let model = TestModel(
      rules: """
        - if: value > 10
          E2BIG: too big
        - if: value > 5
          EINVAL: still too big
        - if: value == 3
          EBUSY: three
        """)
    #expect(model.onThing([set(11), set(6), set(3), set(4)]) == ["E2BIG", "EINVAL", "EBUSY", "ok"])
  }

  @Test func reasonHasAnIDAMessageAndItsRule() {
    let model = TestModel(
      rules: """
        - if: value == 1
          EINVAL: the value is 1
        - if: value == 2
          EINVAL: the value is 2
          tag: two
          documented: EBUSY
        """)
    let results = model.results([
      createVM, createThing, step(.setAttribute(call(bytes(1))), attribute: "number.value"), set(2), set(3),
    ])
    #expect(results[2].reasons.map(\.id.description) == ["thing.number.value:EINVAL"])
    #expect(results[2].reasons.map(\.message) == ["the value is 1"])
    #expect(results[2].reasons.map { $0.rule?.description } == ["arm64/thing.yaml:13:13"])
    #expect(results[2].reasons.map(\.errno) == [Errno(name: "EINVAL")])
    #expect(results[3].reasons.map(\.id.description) == ["thing.number.value.two:EINVAL"])
    #expect(results[3].reasons.map(\.documented) == ["EBUSY"])
    #expect(results[4].reasons == [])
  }

  /// Without a name from the plan, the id has the schema's name of the attribute.
  @Test func reasonOfARawNumberHasTheSchemasName() {
    let model = TestModel(rules: "- EINVAL: never")
    #expect(
      model.results([createVM, createThing, set(0)])[2].reasons.map(\.id.description) == ["thing.number.value:EINVAL"])
    #expect(
      model.results([createVM, createThing, set(0, group: 9)])[2].reasons.map(\.message)
        == ["a device of type 'thing' has no group 9"])
  }

  /// Changes before a failing check are not undone.
  @Test func effectsBeforeAFailingCheckStay() {
    let model = TestModel(
      rules: """
        - assign: {self.count: self.count + 1}
        - if: self.count == 2
          then:
            - assign: {self.count: 10}
            - EAGAIN: the second
        - if: value != self.count
          EINVAL: not the count
        - assign: {self.count: 100}
        """, more: "state: {self: {count: 0}}")
    // The count is 1, then 2 and so 10, then 11.
    #expect(
      model.onThing([set(7).expecting("EINVAL"), set(0).expecting("EAGAIN"), set(11)]) == ["EINVAL", "EAGAIN", "ok"])
    var going = model
    going.course = .predicted
    #expect(
      going.onThing([set(7), set(7), set(7), set(12), set(101)]) == ["EINVAL", "EAGAIN", "EINVAL", "ok", "ok"])
  }

  /// `on-failure` runs only if a rule nested in its item fails, and undoes only the state that it names.
  @Test func onFailureRunsIfANestedRuleFails() {
    var model = TestModel(
      rules: """
        - do:
            - assign: {self.taken: true, self.tries: self.tries + 1}
            - if: value == 1
              ENOMEM: one
            - if: value == 2
              return: 0
          on-failure:
            - assign: {self.taken: false}
        - if: value == 3
          EINVAL: three
        """,
      more: "state: {self: {taken: false, tries: 0}}")
    model.files["arm64/thing.yaml"]! += """

            taken: {number: 1, payload: u32, get: [{write: 0x100 * int(self.taken) + self.tries}]}
      """
    model.course = .predicted
    let taken = get(attr: 1)
    #expect(
      model.onThing([set(1), taken, set(0), taken, set(1), taken, set(3), taken, set(2), taken])
        == [
          "ENOMEM", "ok 0x1", "ok", "ok 0x102", "ENOMEM", "ok 0x3", "EINVAL", "ok 0x104", "ok", "ok 0x105",
        ])
  }

  @Test func ifAndElseAreExclusive() {
    let model = TestModel(
      rules: """
        - if: value < 5
          then:
            - if: value == 1
              EPERM: one
          else:
            - if: value == 7
              EINVAL: seven
            - ERANGE: big
        """)
    #expect(model.onThing([set(0), set(1), set(7), set(8)]) == ["ok", "EPERM", "EINVAL", "ERANGE"])
  }

  @Test func returnEndsTheCall() {
    let model = TestModel(
      rules: """
        - if: value == 1
          return: 0
        - EINVAL: not one
        """)
    #expect(model.onThing([set(1), set(2)]) == ["ok", "EINVAL"])
  }

  /// A device whose only attribute takes events, each with a union.
  private func events(_ payload: String, key: String = "", _ rules: String) -> TestModel {
    TestModel(
      thing: """
        structs:
          event:
            type: {type: u16, names: {line: 1, msi: 2}}
            u: {switch: type, cases: {line: u8, 'msi, 5..6': struct msi, else: 'u8[6]'}}
          msi: {addr: u32, data: u16}
        groups:
          events:
            number: 0
            \(key)
            payload: \(payload)
            set:
        \(rules.indented(by: 6))
        state: {self: {sum: 0}}
        """)
  }

  private static let line: [UInt8] = [1, 0, 0, 0] + [7, 0, 0, 0, 0, 0, 0, 0]
  private static let msi: [UInt8] = [5, 0, 0, 0] + [1, 0, 0, 0, 9, 0, 0, 0]
  private static let other: [UInt8] = [3, 0, 0, 0] + [0, 0, 0, 0, 0, 8, 0, 0]

  @Test func unionHasTheTypeThatItsMemberChooses() {
    let model = events(
      "struct event",
      """
      - read: value
      - switch: value.type
        cases:
          line:
            - return: value.u
          msi, 5..6:
            - return: value.u.addr + value.u.data
          else:
            - return: value.u[5]
      """)
    #expect(
      model.onThing([send(Self.line), send(Self.msi), send(Self.other)]) == ["ok 7", "ok 10", "ok 8"])
  }

  @Test func partsOfAPayloadAreReadOneByOne() {
    let model = events(
      "struct event[]", key: "key: {count: {bits: 3..0}}",
      """
      - for: i in 0..key.count - 1
        do:
          - read: value[i].type
          - if: value[i].type == 3
            EINVAL: this type is not allowed
          - read: value[i]
          - assign:
              self.sum: self.sum + value[i].type
      - return: self.sum
      """)
    let two = Self.line + Self.msi
    #expect(
      model.onThing([
        send(two, attr: 2),
        // The changes before the end of the buffer stay.
        send(two, attr: 3), send([], attr: 0),
        // Enough for the type, which is refused, and too little for the rest.
        send(Array(Self.other.prefix(2)), attr: 1), send(Array(Self.line.prefix(2)), attr: 1),
        step(.setAttribute(call(.invalid, attr: 1))), step(.setAttribute(call(.none, attr: 1))),
      ]) == ["ok 6", "EFAULT", "ok 12", "EINVAL", "EFAULT", "EFAULT", "EFAULT"])
  }

  /// Of a union, the kernel copies the case that the value has.
  @Test func caseOfAUnionIsReadAlone() {
    let model = events(
      "struct event[]",
      """
      - read: value[0].type
      - read: value[0].u
      - return: value[0].type
      """)
    #expect(
      model.onThing([
        send(Array(Self.line.prefix(5))), send(Array(Self.line.prefix(4))), send(Self.msi),
        send(Array(Self.msi.prefix(11))), send(Self.other.dropLast(2)), send(Self.other.dropLast(3)),
      ]) == ["ok 1", "EFAULT", "ok 5", "EFAULT", "ok 3", "EFAULT"])
  }

  /// A mapping in a mapping makes a record in a record. Of an array that is written, the buffer has to hold the elements.
  @Test func recordsOfTheStateAreWritten() throws {
    let model = TestModel(
      thing: """
        structs:
          event:
            type: u16
            u: {switch: type, cases: {1: u8, 5: struct msi, else: 'u8[6]'}}
          msi: {addr: u32, data: u16}
        groups:
          events:
            number: 0
            payload: struct event[3]
            set:
              - assign:
                  self.events[+]: {type: 5, u: {addr: 7, data: 8 + size(self.events)}}
              - assign:
                  self.events[+]: {type: 1, u: 9}
              - return: 0
            get:
              - write: self.events
        state: {self: {events: []}}
        """)
    let longer = step(.getAttribute(call(.bytes(Array(repeating: 6, count: 36)))))
    let results = model.results([createVM, createThing, setNothing(), get(size: 24), get(size: 23), longer])
    #expect(results.dropFirst(2).map(\.outcome.words) == ["ok", "ok", "EFAULT", "ok"])
    let written: [UInt8] = [5, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0] + [1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
    #expect(results[3].value.map { Array($0.prefix(24)) } == written)
    // The padding of a struct is not predicted; what the case of a union leaves is 0.
    let known: [UInt8] = [1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0] + [1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    #expect(results[3].valueMask.map { $0.prefix(24).map { $0 == 0xFF ? 1 : 0 } } == known)
    // After what the kernel writes, the buffer stays as it is.
    #expect(results[5].value.map { Array($0.dropFirst(24)) } == Array(repeating: 6, count: 12))
  }

  /// Two types with different numbers share one description; `self.type` tells them apart.
  @Test func fileWithSeveralTypes() {
    let pair = """
      schema: 2
      KVM_DEV_TYPE_PAIR_A: 10
      KVM_DEV_TYPE_PAIR_B: 11
      KVM_DEV_TYPE_PAIR_BEE: 11
      state: {vm: {pairs: 0}, self: {mine: 0}}
      functions: {number(): 'self.type == "pair-b" ? 5 : 4'}
      calls:
        create:
          - assign: {vm.pairs: vm.pairs + 1}
      hooks:
        count:
          - assign: {self.mine: self.mine + number()}
      groups:
        number:
          number: 0
          payload: u32
          get:
            - hook: count
            - write: self.mine + 100 * vm.pairs
      """
    let model = TestModel(beside: ["arm64/pair.yaml": pair])
    #expect(
      model.outcomes([createVM, create(10), create(11), create(12), get(), get(on: .device(1))])
        == ["ok", "ok", "ok", "ENODEV or ok", "ok 0xcc", "ok 0xd2"])
  }

  /// Names of bits stay with a value in `let`, with bit operators, and in the state.
  @Test func stateKeepsTheNamesOfBits() {
    let model = TestModel(
      thing: """
        state: {self: {features: 0, other: 0}}
        groups:
          features:
            number: 0
            payload: {type: u32, flags: {fast: 0, wide-bus: 4}}
            set:
              - read: value
              - let: {both: value & 0x11}
              - if: both.fast && !value.wide_bus
                return: 1
              - if: self.features.wide_bus
                return: 2
              - assign:
                  self.other: self.features
                  self.features: self.features | value
        """)
    #expect(model.onThing([set(1), set(0x10), set(0)]) == ["ok 1", "ok", "ok 2"])
  }

  @Test func unknownNameOfAValueIsAFault() {
    // Nothing is known of the names of a parameter.
    let model = TestModel(
      rules: "- use: check(value)",
      more: """
        functions:
          check(x):
            - switch: x
              cases:
                small: [{return: 1}]
        """)
    #expect(model.onThing([set(1)]).first?.contains("write the number of 'small'") == true)
  }

  /// A bitmap is the list of its bits that are set.
  @Test func bitmapIsAListOfBits() {
    let model = TestModel(
      thing: """
        groups:
          bits:
            number: 0
            payload: bitmap-msb0[64]
            set:
              - read: value
              - assign: {self.bits: value}
              - return: sum(value)
            get:
              - write: self.bits.filter(b, b != 8)
          plain:
            number: 1
            payload: bitmap[64]
            set:
              - read: value
              - return: sum(value)
            get:
              - write: 1..3
        state: {self: {bits: []}}
        """)
    #expect(
      model.onThing([
        set(0x8001, size: 8), get(size: 8), set(0x8001, group: 1, size: 8), get(group: 1, size: 8),
        set(1, group: 1),
      ]) == ["ok 15", "ok 0x1", "ok 15", "ok 0xe", "EFAULT"])
  }

  /// Rules see what a pointer points to in its place.
  @Test func pointersAreFollowed() {
    let model = TestModel(
      thing: """
        structs:
          list:
            count: u64
            entries: pointer to u16[]
        groups:
          list:
            number: 0
            payload: struct list
            set:
              - if: bytes(value) != 16
                EINVAL: another length
              - read: value
              - if: value.entries == null
                ENOENT: there are no entries
              - return: sum(value.entries)
        """)
    let bytes: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0] + Array(repeating: 0, count: 8)
    let slot = PayloadSlot(.payload(16), offset: 8, width: 8)
    #expect(
      model.onThing([
        step(.setAttribute(call(.bytes(bytes + [1, 0, 2, 1], slots: [slot])))), send(bytes),
        send(bytes.map { _ in 7 }),
      ]) == ["ok 259", "ENOENT", "ENOENT or ok with an unknown number"])
  }

  /// The number of elements may depend on the key.
  @Test func arrayHasTheLengthOfItsKey() {
    let model = events(
      "struct event[key.count]", key: "key: {count: {bits: 3..0}}",
      """
      - read: value
      - return: size(value)
      """)
    let two = Self.line + Self.msi
    #expect(model.onThing([send(two, attr: 2), send(two, attr: 3)]) == ["ok 2", "EFAULT"])
  }

  /// A call that succeeds may answer a number above zero.
  @Test func returnGivesANumber() {
    let model = TestModel(
      rules: """
        - if: value == 9
          return: unknown
        - if: vm.flag
          return: value + 1
        """, vm: "state: {vm: {flag: host.flag}}\nfacts: {flag: {type: bool}}", facts: ["flag": .bool(true)])
    #expect(model.onThing([set(2), set(9)]) == ["ok 3", "ok with an unknown number"])
    var undecided = model
    undecided.facts = [:]
    #expect(undecided.onThing([set(2)]) == ["ok with an unknown number"])
    #expect(
      TestModel(rules: "- return: value - 5").onThing([set(2)]).first
        == "fault arm64/thing.yaml:13:21: 'value - 5': a call that succeeds answers a number from 0 to 2147483647"
    )
  }

  /// A `let` is visible in its item and in the items after it in the same list, not after the list.
  @Test func letIsVisibleInTheRestOfItsList() {
    let model = TestModel(
      rules: """
        - let: {double: value * 2, four: double * 2}
        - if: double == 0
          EPERM: zero
        - then:
            - let: {double: 100}
            - if: double != 100
              EIO: the inner one hides the outer
        - if: double == 6
          EINVAL: three
        - if: four == 16
          ENXIO: four
        """)
    #expect(model.onThing([set(0), set(1), set(3), set(4)]) == ["EPERM", "ok", "EINVAL", "ENXIO"])
  }

  /// A loop runs in the order of the list. The first errno ends the call, and changes stay.
  @Test func loopEndsAtTheFirstErrno() {
    var model = TestModel(
      rules: """
        - for: v in vcpus
          do:
            - if: v.id == value
              EINVAL: found
            - assign: {v.visits: v.visits + 1}
        - if: sum(vcpus.map(v, v.visits)) == 6
          EDOM: twice each
        """,
      vcpu: "state: {vcpu: {visits: 0}}")
    model.course = .predicted
    let start = [createVM, createVCPU(3), createVCPU(1), createVCPU(2), createThing]
    func outcomes(_ steps: Step...) -> [String] { Array(model.outcomes(start + steps).dropFirst(start.count)) }
    #expect(outcomes(set(9), set(9)) == ["ok", "EDOM"])
    // vCPU 1 is after vCPU 3, which is visited.
    #expect(outcomes(set(1), set(2), set(9), set(2)) == ["EINVAL", "EINVAL", "EDOM", "EINVAL"])
    #expect(outcomes(set(3), set(9), set(9)) == ["EINVAL", "ok", "EDOM"])
  }

  @Test func functionsOfRulesTakeArguments() {
    let model = TestModel(
      rules: """
        - use: below(value, 10)
        - use: below(value + 5, 12)
        """,
      more: """
        functions:
          below(x, limit):
            - let: {rest: limit - x}
            - if: rest <= 0
              ERANGE: not below
            - use: even(rest)
          even(number):
            - if: number % 2 == 1
              EINVAL: odd
            # `return` ends the call, not only the function.
            - if: number == 8
              return: 0
        """)
    // 10-1 is odd; 10-2 is 8; 10-4 is 6 and 12-9 odd; 10-8 is 2 and 12-13 below; 10-6 is 4 and 12-11 is 1.
    #expect(
      model.onThing([set(1), set(2), set(4), set(8), set(10), set(6)]) == [
        "EINVAL", "ok", "EINVAL", "ERANGE", "ERANGE", "EINVAL",
      ])
  }

  @Test func rulesUseFunctionsAndTables() {
    let model = TestModel(
      rules: """
        - let:
            row: rows.first(r, inside(r, value))
        - if: row == null
          ENXIO: no row
        - if: row.locked
          EPERM: locked
        """,
      more: """
        functions:
          inside(r, x): x >= r.start && x < r.start + r.length
        tables:
          rows:
            - {start: 0, length: 4, locked: false}
            - {start: 0x10, length: 2, locked: true}
            - {start: 0x20, length: 2, locked: false, since: v7.3}
            - {start: 0x30, length: 2, locked: false, until: v7.3}
        """)
    #expect(
      model.onThing([set(0), set(3), set(4), set(0x11), set(0x12), set(0x20), set(0x31)])
        == ["ok", "ok", "ENXIO", "EPERM", "ENXIO", "ENXIO", "ok"])
    var newer = model
    newer.release = "7.3"
    #expect(newer.onThing([set(0x20), set(0x31)]) == ["ok", "ENXIO"])
  }

  /// A hazard is not an answer: the plan must not be run.
  @Test func hazardIsAnOutcomeWithAReason() {
    let model = TestModel(
      rules: """
        - if: value == 1
          hazard: the kernel oopses
          doc: a null pointer
        - if: value == 2
          EINVAL: two
        """)
    let results = model.results([createVM, createThing, set(1), set(2)])
    #expect(results[2].outcome == .hazard("the kernel oopses"))
    #expect(results[2].reasons.map(\.id.description) == ["thing.number.value:hazard"])
    #expect(results[2].reasons.map(\.message) == ["the kernel oopses"])
    #expect(results[3].words == "EINVAL")
  }

  @Test func warningDoesNotChangeTheAnswer() {
    let model = TestModel(
      rules: """
        - if: value == 1
          warn: it does not work like this
          tag: odd
        - if: value > 1
          EINVAL: big
        """)
    let results = model.results([createVM, createThing, set(1), set(2)])
    #expect(results.map(\.words) == ["ok", "ok", "ok", "EINVAL"])
    #expect(results[2].warnings.map(\.id.description) == ["thing.number.value.odd"])
    #expect(results[2].warnings.map(\.message) == ["it does not work like this"])
    #expect(results[3].warnings == [])
  }
}

/// The state of VMs, vCPUs and devices.
@Suite struct StateTests {
  /// Effects change lists, maps and records; a record that is found in a list keeps its identity.
  @Test func effectsChangeListsMapsAndRecords() {
    var model = TestModel(
      rules: """
        - if: value == 0
          then:
            - assign: {self.gone: true}
            - return: 0
        - let:
            known: self.entries.first(e, e.number == value)
        - if: known == null
          then:
            - assign:
                self.entries[+]: {number: value, count: 1}
                self.owner[value]: size(self.entries)
            - return: 0
        - assign: {known.count: known.count + 1, self.inner.last: value}
        - if: known.count == 3
          EBUSY: three times
        """,
      more: "state: {self: {entries: [], owner: {}, inner: {last: null, first: 5}, gone: false}}")
    model.files["arm64/thing.yaml"]! += """

            look:
              number: 1
              payload: u32
              get:
                - write: size(self.entries) + (self.owner[2] ?? 0) * 0x10 + (self.inner.last ?? 0) * 0x100
      """
    model.course = .predicted
    #expect(
      model.onThing([
        get(attr: 1), set(1), set(2), get(attr: 1), set(2), get(attr: 1), set(2), set(1), get(attr: 1), set(1),
      ]) == ["ok 0x0", "ok", "ok", "ok 0x22", "ok", "ok 0x222", "EBUSY", "ok", "ok 0x122", "EBUSY"])
  }

  /// `{}` empties a map, which can then be filled again.
  @Test func mapIsEmptied() {
    var model = TestModel(
      rules: """
        - if: value == 0
          then:
            - assign: {self.owner: {}}
            - return: 0
        - assign:
            self.owner[value]: value
        """,
      more: "state: {self: {owner: {}}}")
    model.files["arm64/thing.yaml"]! += """

            look:
              number: 1
              payload: u32
              get:
                - write: size(self.owner) + (self.owner[2] ?? 0) * 0x10
      """
    model.course = .predicted
    #expect(
      model.onThing([set(1), set(2), get(attr: 1), set(0), get(attr: 1), set(2), get(attr: 1)])
        == ["ok", "ok", "ok 0x22", "ok", "ok 0x0", "ok", "ok 0x21"])
  }

  /// Each device has separate state; the VM's state is shared.
  @Test func devicesHaveSeparateStateAndShareTheVMs() {
    let model = TestModel(
      rules: """
        - assign: {self.own: value}
        - if: vm.shared == null
          then:
            - assign: {vm.shared: value}
            - return: 0
        - if: vm.shared != value
          EEXIST: another
        """,
      more: """
        state:
          self: {own: null}
          vm: {shared: null}
        """)
    #expect(
      model.onThing([createThing, set(1), set(2, on: .device(1)).expecting("EEXIST"), set(1, on: .device(1))])
        == ["ok", "ok", "EEXIST", "ok"])
  }

  /// The VM's state starts at its creation and sees its arguments; a vCPU's state sees the VM.
  @Test func initialStateSeesTheArgumentsOfCreation() {
    var model = TestModel(
      vm: """
        calls:
          create:
            arg:
              bits: {bits: 7..0, default: 0}
              kind: {bits: 15..8, default: 0}
            do:
              - if: arg.bits > 48
                EINVAL: wide
              - if: vm.limit > 40
                E2BIG: above
        state: {vm: {limit: arg.bits, kind: arg.kind, all: arg.type}}
        set:
          - ENOTTY: the VM has no KVM_SET_DEVICE_ATTR
        groups:
          look:
            number: 0
            attributes:
              all:
                number: 0
                payload: u32
                get:
                  - write: vm.limit + (vm.kind << 8)
        """,
      vcpu: """
        state: {vcpu: {own: vm.limit + arg.id}}
        functions:
          both(v): v.own + v.index * 0x100
        groups:
          look:
            number: 0
            attributes:
              own: {number: 0, payload: u32, set: [{read: value}], get: [{write: vcpu.own}]}
              both: {number: 1, payload: u32, set: [{read: value}], get: [{write: both(vcpu)}]}
              all:
                number: 2
                payload: u32
                set:
                  - read: value
                get:
                  - write: sum(vcpus.map(v, both(v)))
        """)
    // `arg.type` exists only if no argument has this name.
    model.files["arm64/vm.yaml"] = model.files["arm64/vm.yaml"]!.replacing(", all: arg.type", with: "")
    let vm = step(.createVM(type: 0x0228), .vm)
    #expect(
      model.outcomes([
        vm, get(on: .vm), createVCPU(5), createVCPU(2), get(on: .vcpu(0)), get(on: .vcpu(1)),
        get(on: .vcpu(1), attr: 1),
        get(on: .vcpu(0), attr: 2),
      ]) == ["ok", "ok 0x228", "ok", "ok", "ok 0x2d", "ok 0x2a", "ok 0x12a", "ok 0x157"])
    #expect(model.outcomes([step(.createVM(type: 49), .vm), get(on: .vm)]).first == "EINVAL")
    #expect(model.outcomes([step(.createVM(type: 41), .vm)]) == ["E2BIG"])
  }

  /// A function of a record is computed at each use.
  @Test func functionOfARecordIsComputedAtEachUse() {
    let model = TestModel(
      rules: """
        - assign: {self.own: value}
        - if: devices.exists(d, twice(d) == 6)
          EBUSY: three
        """,
      more: "state: {self: {own: 0}}\nfunctions: {twice(d): d.own * 2}")
    #expect(
      model.onThing([createThing, set(2, on: .device(1)), set(3, on: .device(1)), set(1)]) == [
        "ok", "ok", "EBUSY", "EBUSY",
      ])
  }

  @Test func everyRulesApplyToAllCallsOfTheVM() {
    let model = TestModel(
      thing: """
        groups:
          number:
            number: 0
            attributes:
              value: {number: 0, payload: u32, set: [{read: value}], get: [{write: unknown}]}
        """,
      vm: """
        state: {vm: {dead: false}}
        calls:
          every:
            - if: vm.dead
              EIO: the VM is dead
        """,
      vcpu: """
        calls:
          run:
            - do:
                - if: size(devices) == 1
                  ENXIO: it cannot be mapped
              on-failure:
                - assign: {vm.dead: true}
        """,
      system: """
        groups:
          look:
            number: 0
            attributes:
              all: {number: 0, payload: u32, set: [{read: value}], get: [{write: 5}]}
        """)
    #expect(
      model.outcomes([
        createVM, createVCPU(0), run(0), createThing, set(1), run(0).expecting("ENXIO"), set(1), get(), has(),
        createThing,
        createVCPU(1), run(0), step(.addMemory(slot: 0, address: 0, size: 4096)), get(on: .system), setInvalid(),
        set(1, group: 7),
      ]) == [
        "ok", "ok", "ok", "ok", "ok", "ENXIO", "EIO", "EIO", "EIO", "EIO", "EIO", "EIO", "EIO", "ok 0x5", "EIO", "EIO",
      ])
  }

  /// A dollar sign that does not begin an expression is text, and expressions after it are still read.
  @Test func dollarSignInAReasonIsText() {
    let model = TestModel(
      rules: """
        - read: value
        - if: value > 3
          EINVAL: costs $5; flags ${value}
        """)
    let reasons = model.results([createVM, createThing, set(0x80A_0000)])[2].reasons.map(\.message)
    #expect(reasons == ["costs $5; flags 0x080A_0000"])
  }
}
