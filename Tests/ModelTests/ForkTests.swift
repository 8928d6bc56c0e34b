import DevicePlan
import Diagnostics
import Expressions
import Model
import TestSupport
import Testing
import Vocabulary

/// The model follows both branches of an unknown condition.
@Suite struct ForkTests {
  private static let facts = "facts: {a: {type: bool}, b: {type: bool}, c: {type: u32}}\n"

  @Test func candidatesAreInTheOrderOfTheRules() {
    let model = TestModel(
      rules: """
        - if: host.a
          EINVAL: a
        - if: host.b
          EPERM: b
        - if: value == 1
          EIO: one
        """, more: Self.facts)
    #expect(model.onThing([set(0), set(1)]) == ["EINVAL, EPERM or ok", "EINVAL, EPERM or EIO"])
    let result = model.results([createVM, createThing, set(0)])[2]
    #expect(result.reasons.map(\.message) == ["a", "b"])
    #expect(result.outcome == .undecided([.refused(Errno(name: "EINVAL")!), .refused(Errno(name: "EPERM")!), .ok]))
  }

  /// If every branch gives the same answer, it is one answer with the reasons of all.
  @Test func branchesWithTheSameAnswerAreMerged() {
    let model = TestModel(
      rules: """
        - if: host.a
          EINVAL: a
        - EINVAL: always
        """, more: Self.facts)
    let result = model.results([createVM, createThing, set(0)])[2]
    #expect(result.words == "EINVAL")
    #expect(result.reasons.map(\.message) == ["a", "always"])
  }

  @Test func knownConditionDoesNotFork() {
    let rules = """
      - if: host.a
        EINVAL: a
      """
    #expect(TestModel(rules: rules, more: Self.facts, facts: ["a": .bool(true)]).onThing([set(0)]) == ["EINVAL"])
    #expect(TestModel(rules: rules, more: Self.facts, facts: ["a": .bool(false)]).onThing([set(0)]) == ["ok"])
    let assumed = "facts: {a: {type: bool, default: true}}"
    #expect(TestModel(rules: rules, more: assumed).onThing([set(0)]) == ["EINVAL"])
    #expect(TestModel(rules: rules, more: assumed, facts: ["a": .unknown]).onThing([set(0)]) == ["EINVAL or ok"])
    #expect(TestModel(rules: rules, more: assumed, facts: ["a": .bool(false)]).onThing([set(0)]) == ["ok"])
  }

  private static let joining = TestModel(
    thing: """
      facts:
        a: {type: bool}
        b: {type: bool}
      state: {self: {same: 0, different: 0, untouched: 7, map: {}, list: []}}
      groups:
        a:
          number: 0
          payload: u32
          attributes:
            go:
              number: 0
              set:
                - read: value
                - if: host.a
                  then:
                    - assign:
                        self.same: 5
                        self.different: 1
                        self.map[1]: 10
                        self.map[2]: 20
                        self.list[+]: 1
                    - if: value == 9
                      EINVAL: a
                  else:
                    - assign:
                        self.same: 5
                        self.different: 2
                        self.map[1]: 10
                        self.map[2]: 21
                        self.list[+]: 2
              get:
                - write: unknown
            same: {number: 1, set: [{read: value}], get: [{write: self.same}]}
            different: {number: 2, set: [{read: value}], get: [{write: self.different}]}
            untouched: {number: 3, set: [{read: value}], get: [{write: self.untouched}]}
            first:
              number: 4
              set:
                - read: value
              get:
                - write: self.map[1]
            second:
              number: 5
              set:
                - read: value
              get:
                - write: self.map[2]
            use:
              number: 6
              set:
                - read: value
                - if: self.different == value
                  EBUSY: it is
              get:
                - write: unknown
            list: {number: 7, set: [{read: value}], get: [{write: size(self.list)}]}
      """)

  private static let look = (1...5).map { get(attr: UInt64($0)) } + [get(attr: 7)]

  /// Afterwards, state is known if it is the same in every branch.
  @Test func stateIsKnownIfItIsTheSameInEveryBranch() {
    #expect(
      Self.joining.onThing([set(0)] + Self.look + [set(1, attr: 6)])
        == ["ok", "ok 0x5", "ok", "ok 0x7", "ok 0xa", "ok", "ok", "EBUSY or ok"])
  }

  /// The expected answer selects the branches, and all state is known again.
  @Test func expectedAnswerSelectsTheBranch() {
    #expect(
      Self.joining.onThing([set(9).expecting("EINVAL")] + Self.look)
        == ["EINVAL or ok", "ok 0x5", "ok 0x1", "ok 0x7", "ok 0xa", "ok 0x14", "ok 0x1"])
    #expect(
      Self.joining.onThing([set(9).expecting("ok")] + Self.look)
        == ["EINVAL or ok", "ok 0x5", "ok 0x2", "ok 0x7", "ok 0xa", "ok 0x15", "ok 0x1"])
    // Both are expected: if the call may have succeeded, the model assumes that it did.
    #expect(
      Self.joining.onThing([set(9).expecting("EINVAL", "ok")] + Self.look)
        == ["EINVAL or ok", "ok 0x5", "ok 0x2", "ok 0x7", "ok 0xa", "ok 0x15", "ok 0x1"])
  }

  /// At most 256 branches are followed: twice the conditions are twice the work, not the square of it.
  @Test(.slow, .hangGuard) func atMost256BranchesAreFollowed() {
    func seconds(_ conditions: Int) -> Double {
      let rules = (0..<conditions).map { i in
        "- {if: host.c == \(i), assign: {self.mask: self.mask | 1 << \(i)}}"
      }
      let model = TestModel(
        rules: (rules + ["- {if: host.a, EINVAL: a}"]).joined(separator: "\n"),
        more: Self.facts + "state: {self: {mask: 0}}")
      return processorTime { #expect(model.onThing([set(0), set(0)]) == ["EINVAL or ok", "EINVAL or ok"]) }
    }
    let (few, many) = (seconds(9), seconds(18))
    #expect(isProportional(few, many), "\(few) s and \(many) s")
  }

  /// A loop over an unknown list has no predictable effect.
  @Test func loopOverAnUnknownListHasNoEffect() {
    let model = TestModel(
      rules: """
        - for: x in host.list
          do:
            - EINVAL: x
        """,
      more: """
        facts:
          list: {type: list}
        """)
    #expect(model.onThing([set(0)]) == ["ok"])
    var known = model
    known.facts = ["list": .list([.integer(1)])]
    #expect(known.onThing([set(0)]) == ["EINVAL"])
  }

  /// If a device may have been created and that was expected, the model assumes that it was.
  @Test func deviceThatMayExistIsAssumedIfExpected() {
    let model = TestModel(
      thing: """
        if: host.a
        facts:
          a: {type: bool}
        groups:
          a:
            number: 0
            attributes:
              x: {number: 0, payload: u32, set: [{read: value}], get: [{write: unknown}]}
        """)
    #expect(model.outcomes([createVM, createThing, set(0), test(3)]) == ["ok", "ok or ENODEV", "ok", "ok or ENODEV"])
    #expect(
      model.outcomes([createVM, createThing.expecting("ENODEV"), set(0)])
        == ["ok", "ok or ENODEV", "skipped: the device was not created"])
  }
}

/// The state with which the model continues.
@Suite struct CourseTests {
  private static let model = TestModel(
    rules: """
      - if: value == 1
        then:
          - assign: {self.broken: true}
          - EINVAL: one
      - if: self.set
        EEXIST: once
      - assign: {self.set: true}
      """, more: "state: {self: {set: false, broken: false}}")

  private static func on(_ course: ModelHost.Course, _ steps: Step...) -> [String] {
    var model = model
    model.course = course
    model.files["arm64/thing.yaml"]! += """

            broken: {number: 1, payload: u32, get: [{write: int(self.set) + 2 * int(self.broken)}]}
      """
    return model.onThing(steps)
  }

  /// Validation continues as if the kernel had given the expected answer, so that a mistake is reported once.
  @Test func expectedCourseContinuesAfterTheExpectedAnswer() {
    #expect(Self.on(.expected, set(1), set(2), get(attr: 1)) == ["EINVAL", "EEXIST", "ok 0x1"])
    #expect(Self.on(.expected, set(1).expecting("EINVAL"), set(2), get(attr: 1)) == ["EINVAL", "ok", "ok 0x3"])
    #expect(Self.on(.expected, set(2).expecting("EEXIST"), get(attr: 1), set(2)) == ["ok", "ok 0x0", "ok"])
  }

  /// A run continues with the kernel's state.
  @Test func predictedCourseContinuesAfterThePredictedAnswer() {
    #expect(Self.on(.predicted, set(1), set(2), get(attr: 1)) == ["EINVAL", "ok", "ok 0x3"])
    #expect(Self.on(.predicted, set(2).expecting("EEXIST"), get(attr: 1), set(2)) == ["ok", "ok 0x1", "EEXIST"])
  }

  /// Of a call that is not refused as expected, only the expectation is wrong.
  @Test func correctedCourseKeepsTheEffectOfAnUnexpectedSuccess() {
    #expect(Self.on(.corrected, set(2).expecting("EEXIST"), get(attr: 1), set(2)) == ["ok", "ok 0x1", "EEXIST"])
  }

  /// A device whose creation is refused unexpectedly exists all the same, so that later calls on it are checked.
  @Test func unexpectedlyRefusedDeviceExistsInTheExpectedCourse() {
    var model = TestModel(
      thing: """
        calls:
          create:
            - if: size(vcpus) == 0
              ENODEV: a vCPU comes first
        groups:
          a:
            number: 0
            attributes:
              x:
                number: 0
                payload: u32
                set:
                  - read: value
                  - if: value == 1
                    EINVAL: one
                get:
                  - write: unknown
        """)
    #expect(model.onThing([set(1), set(2)]) == ["EINVAL", "ok"])
    #expect(
      model.outcomes([createVM, createThing.expecting("ENODEV"), set(2)])[2] == "skipped: the device was not created")
    model.course = .predicted
    #expect(model.onThing([set(1)]) == ["skipped: the device was not created"])
  }

  @Test func skippedStepTakesASlot() {
    let catalogue = Self.model.catalogue
    var host = ModelHost(CompiledSchemas(catalogue), course: .expected)
    for step in [createVM, createThing] { _ = host.perform(step) }
    host.skip(createThing)
    _ = host.perform(createThing)
    #expect(host.perform(set(2, on: .device(1))).words == "skipped: the device was not created")
    #expect(host.perform(set(2, on: .device(2))).words == "ok")
    #expect(host.description == HostDescription(kind: .model, architecture: .arm64, release: "7.2"))
  }
}

/// Faults of a schema that are found only at evaluation, each at its place.
@Suite struct FaultTests {
  @Test(arguments: [
    ("- {if: self.base + 1 == 2, EINVAL: b}", "13:18", "'self.base + 1 == 2': '+' expects integers, not null"),
    ("- {if: self.base.x == 2, EINVAL: b}", "13:18", "'self.base.x == 2': null has no field 'x'"),
    ("- {if: 1 / (value - 5) == 2, EINVAL: b}", "13:18", "'1 / (value - 5) == 2': division by zero"),
    ("- {if: self.base, EINVAL: b}", "13:18", "'self.base': the condition is null, not a boolean"),
    ("- {for: x in self.base, do: []}", "13:24", "'self.base': a loop expects a list, not null"),
    ("- {assign: {self.base.x: 1}}", "13:23", "an effect changes a field of null"),
    ("- {assign: {'self.base[+]': 1}}", "13:23", "'base' cannot be changed like this"),
  ])
  func faultOfASchemaIsReportedAtItsPlace(_ rules: String, _ place: String, _ message: String) {
    let model = TestModel(rules: rules, more: "state: {self: {base: null}}")
    #expect(model.onThing([set(5)]) == ["fault arm64/thing.yaml:\(place): \(message)"])
  }

  @Test func schemaFaultFailsTheStep() {
    let model = TestModel(
      rules: """
        - if: self.base
          EINVAL: b
        """, more: "state: {self: {base: null}}")
    let step = set(5)
    let result = model.results([createVM, createThing, step])[2]
    #expect(Verdict(of: result, for: step) == .failed(.schemaFault))
  }
}
