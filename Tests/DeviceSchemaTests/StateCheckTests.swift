import TestSupport
import Testing

@Suite struct StateCheckTests {
  private let regions = """
      - assign:
          vm.regions[+]: {base: value, size: 4096}
      - if: vm.owner[1] != null && vm.owner[1].who == 1
        EBUSY: taken
      - assign:
          vm.owner[value]: {who: 1}
    """
  private let state = "state: {vm: {regions: [], owner: {}}}"

  @Test func listElementsHaveTheFieldsThatEffectsGiveThem() {
    expectFaults(
      in: rules(
        regions + "\n  - if: vm.regions.exists(r, r.1️⃣bsae == 1 && r.size == 1)\n    EBUSY: no",
        more: state),
      .init("1️⃣", "schema-expression", "an element of vm.regions has no field 'bsae'; did you mean 'base'?"))
    expectFaults(
      in: rules(regions + "\n  - if: vm.regions.exists(r, r.base == 1)\n    EBUSY: no", more: state))
  }

  @Test func mapValuesHaveTheFieldsThatEffectsGiveThem() {
    expectFaults(
      in: rules(
        regions + "\n  - if: vm.owner[2].1️⃣whom == 1 || size(vm.regions) == 3\n    EBUSY: no",
        more: state),
      .init("1️⃣", "schema-expression", "an element of vm.owner has no field 'whom'; did you mean 'who'?"))
  }

  @Test func onlyAMapIsEmptied() {
    expectFaults(
      in: rules(
        regions + "\n  - assign:\n      vm.regions: 1️⃣{}\n  - if: size(vm.regions) == 3\n    EBUSY: no", more: state),
      .init("1️⃣", "schema-type", "'{}' empties a map, but this is a list"))
  }

  @Test func listOfPlainValuesIsNotChecked() {
    expectFaults(
      in: rules(
        """
          - if: value in vm.seen
            EEXIST: no
          - assign:
              vm.seen[+]: value
        """, more: "state: {vm: {seen: []}}"))
  }

  @Test func variableThatIsNeverReadIsReported() {
    expectFaults(
      in: rules("  - assign: {vm.last: value}", more: "state: {vm: {1️⃣last: 0}}"),
      .init("1️⃣", "schema-unused", "nothing uses the variable 'last'", severity: .warning))
  }

  @Test func columnThatIsNeverReadIsReported() {
    expectFaults(
      in: rules(
        "  - if: '!rows.exists(r, r.offset == value)'\n    ENXIO: no",
        more: "tables:\n  rows:\n    - {name: A, offset: 0}\n    - {name: B, 1️⃣ofset: 4}"),
      .init("1️⃣", "schema-unused", "nothing uses the column 'ofset'", severity: .warning))
  }

  @Test func unusedDefinitionsAreReported() {
    expectFaults(
      in: rules(
        "  - if: twice(value) == 2\n    EBUSY: no",
        more: """
          functions:
            twice(x): x * 2
            1️⃣thrice(x): x * 3
            2️⃣lost(): [{EBUSY: no}]
          facts:
            3️⃣moon: {type: bool, doc: the moon shines, default: true}
          tables:
            4️⃣rows: [{5️⃣a: 1}]
          """),
      .init("1️⃣", "schema-unused", "nothing uses the function 'thrice'", severity: .warning),
      .init("2️⃣", "schema-unused", "nothing uses the function 'lost'", severity: .warning),
      .init("3️⃣", "schema-unused", "nothing uses the fact 'moon'", severity: .warning),
      .init("4️⃣", "schema-unused", "nothing uses the table 'rows'", severity: .warning),
      .init("5️⃣", "schema-unused", "nothing uses the column 'a'", severity: .warning))
  }

  @Test func aNameInAStringIsNotAUse() {
    expectFaults(
      in: rules(
        "  - if: arch == \"lost\"\n    EBUSY: no",
        more: "functions:\n  1️⃣lost(x): x * 2"),
      .init("1️⃣", "schema-unused", "nothing uses the function 'lost'", severity: .warning))
  }

  @Test func theKeyOfAMapIsAUse() {
    expectFaults(
      in: rules(
        """
          - if: value in vm.owner
            EEXIST: no
          - assign:
              vm.owner[twice(value)]: 1
        """, more: "state: {vm: {owner: {}}}\nfunctions: {twice(x): x * 2}"))
  }
}
