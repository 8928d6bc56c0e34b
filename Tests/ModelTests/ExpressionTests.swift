import Expressions
import Testing

/// What expressions of rules see of a call, beside its payload.
@Suite struct ExpressionTests {
  private func answers(
    _ values: UInt64..., rules: String, type: String = "u32", release: String = "7.2"
  ) -> [String] {
    let model = TestModel(
      thing: """
        groups:
          number:
            number: 0
            attributes:
              value:
                number: 0
                payload: \(type)
                set:
        \(rules.indented(by: 10))
        """, release: release)
    return model.onThing(values.map { set($0) })
  }

  /// The caller decides the length of the payload, which is known before the kernel reads it.
  @Test func lengthOfThePayloadIsKnown() {
    #expect(answers(1, rules: "- if: bytes(value) != 4\n  E2BIG: not four\n- read: value") == ["ok"])
    #expect(answers(1, rules: "- if: bytes(value) == 4\n  E2BIG: four\n- read: value") == ["E2BIG"])
  }

  @Test func bitsHaveNames() {
    let type = "{type: u32, flags: {is-up: 0, level: 3}}"
    let rules = """
      - read: value
      - let: {rest: value & ~1}
      - if: value.is_up && value.level
        EINVAL: both
      - if: rest.level
        EBUSY: level
      """
    #expect(answers(1, 8, 9, 2, rules: rules, type: type) == ["ok", "EBUSY", "EINVAL", "ok"])
  }

  /// No plan runs a guest.
  @Test func guestHasNotRun() {
    #expect(answers(1, rules: "- read: value\n- if: guest_has_run\n  EBUSY: a vCPU has run") == ["ok"])
  }

  /// A release without a patch level may be before the backport or after it.
  @Test(arguments: [
    ("6.12", ["EPERM or ok"]), ("6.12.99", ["ok"]), ("6.12.100", ["EPERM"]), ("6.13", ["ok"]), ("7.2", ["EPERM"]),
  ])
  func sinceKnowsBackports(_ release: String, _ expected: [String]) {
    let rules = "- read: value\n- if: since(\"v7.2\", \"v6.12.100\")\n  EPERM: new"
    #expect(answers(1, rules: rules, release: release) == expected)
  }

  /// Bounds decide whether a number is in a range, as far as they are known.
  @Test func rangesAreDecidedByTheirBounds() {
    let model = TestModel(
      rules: """
        - if: value in 10..host.a
          EINVAL: from ten
        - if: value in host.a..3
          EPERM: up to three
        - if: value in 5..4 || value in (1 << 100)..(1 << 101) || null in 0..9
          EIO: never
        - if: (4..6).exists(x, x == value)
          EBUSY: a list
        """, more: "facts: {a: {type: u32}}")
    #expect(
      model.onThing([set(3), set(4), set(7), set(10)]) == ["EPERM or ok", "EBUSY", "ok", "EINVAL or ok"])
    var known = model
    known.facts = ["a": .integer(10)]
    #expect(known.onThing([set(3), set(10), set(11)]) == ["ok", "EINVAL", "ok"])
    known.facts = ["a": .integer(0)]
    #expect(known.onThing([set(3), set(10)]) == ["EPERM", "ok"])
  }

  @Test func listsAreSortedAndNullsReplaced() {
    let model = TestModel(
      rules: """
        - assign:
            self.list[+]: {number: value, order: size(self.list)}
        - let:
            sorted: self.list.sort(e, e.number).map(e, e.order)
            first: self.list.first(e, e.number == 9) ?? self.list[0]
        - if: sorted == [1, 0, 2]
          EBUSY: sorted
        - if: first.number == 9
          EEXIST: nine
        - if: self.list.sort(e, host.a + e.number) == [first]
          EPERM: one element needs no key
        - if: size(self.list.sort(e, host.a + e.number)) == 7
          EIO: unknown
        - if: int(first.order == 0) == 0 || bit(value, 70)
          ERANGE: never
        """, more: "facts: {a: {type: u32}}\nstate: {self: {list: []}}")
    #expect(
      model.onThing([set(5).expecting("EPERM"), set(2), set(5).expecting("EBUSY"), set(9)])
        == ["EPERM", "EPERM, EIO or ok", "EBUSY", "EEXIST"])
  }
}
