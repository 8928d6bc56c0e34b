import Expressions
import Testing

@Suite struct TableTests {
  /// A row for CTLR, three for REG1 to REG3, and two for numbers without a regular distance.
  private static let table = Table(
    columns: ["name", "offset", "kind"],
    blocks: [
      Table.Block(cells: [.constant(.string("CTLR")), .constant(.integer(0)), .constant(.null)], count: 1),
      Table.Block(
        cells: [
          .text(before: "REG", .regular(first: 1, step: 1), after: "_EL1"), .number(.regular(first: 0x104, step: 4)),
          .constant(.string("data")),
        ], count: 3),
      Table.Block(
        cells: [
          .text(before: "W", .irregular([7, 2]), after: ""), .values([.integer(0x700), .null]),
          .constant(.string("data")),
        ], count: 2),
    ])

  @Test func rowsAreInTheOrderOfTheirBlocks() {
    #expect(
      Self.table.rows.map(words) == [
        "{name: \"CTLR\", offset: 0, kind: null}", "{name: \"REG1_EL1\", offset: 260, kind: \"data\"}",
        "{name: \"REG2_EL1\", offset: 264, kind: \"data\"}", "{name: \"REG3_EL1\", offset: 268, kind: \"data\"}",
        "{name: \"W7\", offset: 1792, kind: \"data\"}", "{name: \"W2\", offset: null, kind: \"data\"}",
      ])
    #expect(Self.table.count == 6)
  }

  @Test(arguments: [
    ("CTLR", "CTLR"), ("REG1_EL1", "REG1_EL1"), ("REG3_EL1", "REG3_EL1"), ("W2", "W2"), ("REG4_EL1", nil),
    ("REG0_EL1", nil), ("REG+1_EL1", nil), ("REG01_EL1", nil), ("REG_EL1", nil), ("REG1", nil), ("W3", nil), ("", nil),
  ]) func rowIsFoundByItsText(_ text: String, _ found: String?) {
    let table = Self.table
    #expect(table.row(with: text, in: 0).map { table[$0, 0] } == found.map(Value.string))
  }

  @Test(
    arguments: [
      (0, ["CTLR"]), (0x104, ["REG1_EL1"]), (0x10c, ["REG3_EL1"]), (0x700, ["W7"]), (0x105, []), (0x110, []),
      (0x100, []),
      (Int128.min, []), (Int128.max, []),
    ] as [(Int128, [String])]) func rowsAreFoundByTheirNumber(_ number: Int128, _ names: [String])
  {
    let table = Self.table
    #expect(table.rows(with: number, in: 1).map { table[$0, 0] } == names.map(Value.string))
  }

  /// All rows of a block have the number.
  @Test func rowsWithAConstantAreAllFound() {
    let table = Table(
      columns: ["n", "kind"],
      blocks: [
        Table.Block(cells: [.number(.regular(first: 1, step: 1)), .constant(.integer(5))], count: 2),
        Table.Block(cells: [.number(.regular(first: 9, step: 0)), .constant(.integer(5))], count: 2),
      ])
    #expect(table.rows(with: 5, in: 1).map { table[$0, 0] } == [1, 2, 9, 9].map(Value.integer))
    #expect(table.rows(with: 9, in: 0).count == 2)
  }

  @Test func numbersCanFall() {
    let falling = Table.Numbers.regular(first: 0, step: -1)
    let table = Table(columns: ["n"], blocks: [Table.Block(cells: [.number(falling)], count: 3)])
    #expect(table.rows(with: -2, in: 0).map { table[$0, 0] } == [.integer(-2)])
    #expect(table.rows(with: .min, in: 0).isEmpty)
  }
}
