import DeviceSchema
import Expressions
import TestSupport
import Testing
import Vocabulary

@Suite struct TableTests {
  /// The rows of a table as texts, one `column=value …` each.
  private func rows(_ text: String, release: String = "7.2") -> [String] {
    let schema = "schema: 2\ndoc: a VM\nsources: [x]\ntables:\n  rows:\n\(text.indented(by: 4))\n"
    let catalogue = catalogue(schemaSources(["arm64/vm.yaml": schema]), release: release)
    return (catalogue.table("rows")?.list ?? []).map { row in
      guard case .record(let cells) = row else { return "" }
      return zip(cells.names, cells.values).map { "\($0)=\($1.words)" }.joined(separator: " ")
    }
  }

  @Test func rowIsRepeatedForEachNumber() {
    #expect(
      rows("- {name: CTLR, at: 0}\n- {for: n in 1..3, name: REG<n>, at: 4 * n, kind: data}")
        == [
          "name=CTLR at=0 kind=?", "name=REG1 at=4 kind=data", "name=REG2 at=8 kind=data", "name=REG3 at=12 kind=data",
        ])
  }

  @Test func textContainsTheValueOfAnExpression() {
    #expect(
      rows("- {for: n in 0..1, name: EIP<2 * n>_EL1, at: 0x10 + n}") == ["name=EIP0_EL1 at=16", "name=EIP2_EL1 at=17"])
  }

  /// Numbers that are too large for a product are left to the expression, which reports an overflow.
  @Test func numbersMayBeLarge() {
    #expect(
      rows("- {for: 'n in [0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff, 1]', name: A, at: n + 0}")
        == ["name=A at=0x7FFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF", "name=A at=1"])
    #expect(rows("- {for: 'n in [7, 3]', name: A<n>, at: 0x10 - n}") == ["name=A7 at=9", "name=A3 at=13"])
  }

  /// A column that does not mention the variable is a constant, even if it looks like an expression.
  @Test func otherColumnsAreConstants() {
    #expect(rows("- {for: n in 0..0, name: a < b, kind: m + 1}") == ["name=a < b kind=m + 1"])
  }

  @Test func repeatedRowsHaveReleases() {
    let text = "- {for: n in 0..1, name: A<n>, since: v6.17}"
    #expect(rows(text).count == 2)
    #expect(rows(text, release: "6.12") == [])
  }

  @Test(arguments: [
    ("{for: n in 0..1, name: A<n>, at: 1️⃣4 / n}", "'4 / n': division by zero", "schema-evaluation"),
    ("{for: 1️⃣n of 0..1, name: A<n>}", "repeated rows must be 'for: NAME in LIST'", "schema-type"),
    ("{for: n in 1️⃣m, name: A<n>}", "unknown name 'm'", "schema-expression"),
  ]) func faultOfARepeatedRowIsReported(_ row: String, _ message: String, _ id: String) {
    expectFaults(
      in: rules(
        "  - if: '!rows.exists(r, r.at == value && r.name != \"\")'\n    ENXIO: no",
        more: "tables:\n  rows:\n    - {name: CTLR, at: 0}\n    - \(row)"), .init("1️⃣", .init(id), message))
  }
}
