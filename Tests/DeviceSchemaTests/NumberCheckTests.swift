import TestSupport
import Testing

@Suite struct NumberCheckTests {
  private func attributes(_ text: String) -> String {
    thing(
      "groups:\n  control:\n    number: 0\n    doc: commands\n    payload: none\n    attributes:\n\(text.indented(by: 6))"
    )
  }

  @Test func twoAttributesWithOneNumberAreReported() {
    expectFaults(
      in: attributes(
        """
        2️⃣start: {number: 1, doc: starts, set: [], examples: [{expect: ok}]}
        1️⃣stop: {number: 1, doc: stops, set: [], examples: [{expect: ok}]}
        """),
      .init(
        "1️⃣", "schema-duplicate-number", "attribute 'control.stop' has the same number, 1, as 'control.start'",
        notes: [.init("2️⃣", "'control.start' is described here")]))
  }

  @Test func attributesOfDifferentReleasesShareANumber() {
    expectFaults(
      in: attributes(
        """
        start: {number: 1, until: v6.5, doc: starts, set: [], examples: [{expect: ok}]}
        stop: {number: 1, since: v6.5, doc: stops, set: [], examples: [{expect: ok}]}
        """))
  }

  @Test func attributesWithAConditionShareANumber() {
    expectFaults(
      in: attributes(
        """
        start: {number: 1, if: arch == "arm64", doc: starts, set: [], examples: [{expect: ok}]}
        stop: {number: 1, doc: stops, set: [], examples: [{expect: ok}]}
        """))
  }

  @Test func attributeAfterAnyNumberIsUnreachable() {
    expectFaults(
      in: attributes(
        """
        2️⃣all: {number: any, doc: all, set: [], examples: [{expect: ok}]}
        1️⃣stop: {number: 1, doc: stops, set: [], examples: [{expect: ok}]}
        """),
      .init(
        "1️⃣", "schema-unreachable", "'control.stop' can never be reached: 'control.all' matches its number first",
        notes: [.init("2️⃣", "it is here")]))
  }

  @Test func attributeAfterKeysThatFitItsNumberIsUnreachable() {
    expectFaults(
      in: attributes(
        """
        2️⃣cpu: {key: {cpu: {bits: 7..0, doc: the CPU}}, doc: a CPU, set: [], examples: [{cpu: 1}]}
        1️⃣stop: {number: 255, doc: stops, set: [], examples: [{expect: ok}]}
        start: {number: 256, doc: starts, set: [], examples: [{expect: ok}]}
        """),
      .init(
        "1️⃣", "schema-unreachable", "'control.stop' can never be reached: 'control.cpu' matches its number first",
        notes: [.init("2️⃣", "it is here")]))
  }

  @Test func overlappingBitFieldsAreReported() {
    expectFaults(
      in: attributes(
        """
        cpu: {key: {cpu: {bits: 7..0, doc: the CPU}, irq: {bits: 1️⃣9..7, doc: the line}}, doc: x, set: [], examples: [{expect: ok}]}
        """),
      .init("1️⃣", "schema-overlap", "bit field 'irq' overlaps an earlier one"))
  }

  @Test func twoDeviceTypesWithOneNumberAreReported() {
    let other = "schema: 2\nnumber: 3\ndoc: another\nsources: [x]\n\(control)"
    let found = check(["arm64/other.yaml": other, "arm64/thing.yaml": thing(control)])
    #expect(found == ["arm64/thing.yaml:2:9: device type 'thing' has the same number, 3, as 'other'"])
    #expect(check(["x86_64/other.yaml": other, "arm64/thing.yaml": thing(control)]) == [])
  }
}
