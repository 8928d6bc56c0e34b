import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads tables of constants: numbers, words, booleans and lists of them.
struct TableReader {
  let faults: Findings
  let release: Release

  func table(_ entry: Entry) -> (value: Table, type: Type) {
    guard let items = entry.value.items else {
      faults.error("schema-type", "a table must be a list of rows", at: entry.value.range)
      return (Table(columns: [], blocks: []), .list(.any))
    }
    var blocks: [Block] = []
    var columns: [String] = []
    for item in items {
      guard let entries = item.entries else {
        faults.error("schema-type", "a row must be a mapping, not \(item.kind)", at: item.range)
        continue
      }
      let reader = KeyReader(item, keys: entries.map(\.key.value), of: "a row", faults)
      guard reader.lifetime().mayInclude(release), let block = block(entries, reader["for"]) else { continue }
      for name in block.names where !columns.contains(name) { columns.append(name) }
      blocks.append(block)
    }
    // A column that a block leaves out is null.
    let table = Table(
      columns: columns,
      blocks: blocks.map { block in
        Table.Block(
          cells: columns.map { block.names.firstIndex(of: $0).map { block.cells[$0] } ?? .constant(.null) },
          count: block.count)
      })
    let record = RecordType(name: "a row of \(entry.key.value)")
    for block in table.blocks where block.count > 0 {
      for (column, cell) in zip(columns, block.cells) { record.add(column, type(of: cell)) }
    }
    return (table, .list(.record(record)))
  }

  /// The lifetimes of the rows that the release lacks, by their names.
  func absentRows(_ entry: Entry) -> [String: Lifetime] {
    var lifetimes: [String: Lifetime] = [:]
    for item in entry.value.items ?? [] {
      let reader = KeyReader(item, keys: (item.entries ?? []).map(\.key.value), of: "a row", faults)
      let lifetime = reader.lifetime()
      guard !lifetime.mayInclude(release), let block = block(item.entries ?? [], reader["for"]),
        let column = block.names.firstIndex(of: "name")
      else { continue }
      for row in 0..<block.count {
        if case .string(let name) = block.cells[column][row] { lifetimes[name] = lifetime }
      }
    }
    return lifetimes
  }

  /// The rows of one item of a table: one, or with `for: n in LIST` one for each number.
  private struct Block {
    var names: [String]
    var cells: [Table.Cell]
    var count = 1
  }

  /// Reads one item of a table; nil if its `for` has faults.
  ///
  /// In repeated rows, a text may contain `<EXPRESSION>`, which is replaced by its value. Any other column that mentions
  /// the variable is an expression.
  private func block(_ entries: [Entry], _ header: Node?) -> Block? {
    let cells = entries.filter { !["since", "until", "doc", "for"].contains($0.key.value) }
    let names = cells.map(\.key.value.identifier)
    guard let header else { return Block(names: names, cells: cells.map { .constant(value($0.value)) }) }
    guard let (variable, list) = header.loopHeader else {
      faults.error("schema-type", "repeated rows must be 'for: NAME in LIST'", at: header.range)
      return nil
    }
    guard let elements = list.expression(in: RowScope(), as: .list(.integer), faults),
      case .list(let numbers) = value(of: elements, Evaluator(world: EmptyWorld.shared))
    else { return nil }
    let loop = RowLoop(variable, numbers.compactMap(\.integer))
    return Block(names: names, cells: cells.map { cell($0.value, in: loop) }, count: loop.numbers.count)
  }

  /// The `for` of repeated rows.
  private struct RowLoop {
    let variable: String
    let numbers: [Int128]
    /// Whether each number is one more than the one before.
    let isRange: Bool
    let scope: RowScope
    let evaluator = Evaluator(world: EmptyWorld.shared)

    init(_ variable: String, _ numbers: [Int128]) {
      (self.variable, self.numbers) = (variable, numbers)
      isRange = zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 &+ 1 }
      scope = RowScope(variable: variable)
    }

    /// The values of `base + step * n` for each number; nil for another expression, or large numbers.
    func values(of expression: Expression) -> Table.Numbers? {
      guard let linear = Linear(expression.syntax, of: variable), numbers.allSatisfy(Linear.isSmall) else { return nil }
      guard isRange, let first = numbers.first else {
        return .irregular(numbers.map { linear.base + linear.step * $0 })
      }
      return .regular(first: linear.base + linear.step * first, step: linear.step)
    }
  }

  private func cell(_ node: Node, in loop: RowLoop) -> Table.Cell {
    if let text = text(node, in: loop) { return text }
    // Most cells lack a letter of the variable, so that they need no parser.
    guard let text = node.scalar, loop.variable.utf8.allSatisfy(text.utf8.contains),
      (try? Parser.parse(text))?.names.contains(loop.variable) == true,
      let expression = node.expression(in: loop.scope, faults)
    else { return .constant(value(node)) }
    return loop.values(of: expression).map { .number($0) } ?? .values(values(of: expression, in: loop))
  }

  /// A text with `<EXPRESSION>` in it; nil for any other.
  private func text(_ node: Node, in loop: RowLoop) -> Table.Cell? {
    guard let text = node.scalar, let open = text.utf8.firstIndex(of: UInt8(ascii: "<")),
      let close = text.utf8.lastIndex(of: UInt8(ascii: ">")), open < close
    else { return nil }
    let inner = Node(.scalar(String(text[text.index(after: open)..<close]), .plain), at: node.range)
    guard (try? Parser.parse(inner.scalar ?? ""))?.names == [loop.variable],
      let expression = inner.expression(in: loop.scope, as: .integer, faults)
    else { return nil }
    let numbers =
      loop.values(of: expression) ?? .irregular(values(of: expression, in: loop).map { $0.integer ?? 0 })
    return .text(before: String(text[..<open]), numbers, after: String(text[text.index(after: close)...]))
  }

  /// The values of an expression for each number.
  private func values(of expression: Expression, in loop: RowLoop) -> [Value] {
    loop.numbers.map { number in
      loop.evaluator.withFrame([.integer(number)], size: loop.scope.frameSize) { value(of: expression, loop.evaluator) }
    }
  }

  private func value(of expression: Expression, _ evaluator: Evaluator) -> Value {
    do throws(EvaluationError) {
      return try evaluator.evaluate(expression)
    } catch {
      faults.error("schema-evaluation", "'\(expression.text)': \(error.message)", at: expression.source)
      return .unknown
    }
  }

  private func value(_ node: Node) -> Value {
    switch node.content {
    case .scalar(let text, let style):
      if style == .plain, let integer = IntegerLiteral.parse(text) { return .integer(integer) }
      return text == "true" ? .bool(true) : text == "false" ? .bool(false) : text == "null" ? .null : .string(text)
    case .sequence(let items): return .list(items.map(value))
    case .mapping(let entries): return .record(Fields(entries.map { ($0.key.value.identifier, value($0.value)) }))
    }
  }

  private func type(of cell: Table.Cell) -> Type {
    switch cell {
    case .constant(let value): return type(of: value)
    case .number: return .integer
    case .text: return .string
    case .values(let values):
      let types = values.map { type(of: $0) }
      return types.dropFirst().reduce(types.first ?? .any) { $0.joined(with: $1) }
    }
  }

  private func type(of value: Value) -> Type {
    switch value {
    case .integer: .integer
    case .bool: .bool
    case .string: .string
    case .null: .null
    case .list, .table: .list(.any)
    default: .any
    }
  }
}

/// `base + step * n`.
private struct Linear {
  let base: Int128
  let step: Int128

  /// Numbers below this can be added and multiplied without overflow.
  private static let most: Int128 = 1 << 60

  static func isSmall(_ number: Int128) -> Bool { number.magnitude < most.magnitude }

  /// Nil if the expression has another form, or large numbers.
  init?(_ syntax: Syntax, of variable: String) {
    switch syntax {
    case .integer(let value, _, _): (base, step) = (value, 0)
    case .name(variable, _): (base, step) = (0, 1)
    case .binary(let op, let left, let right, _):
      guard let a = Linear(left, of: variable), let b = Linear(right, of: variable) else { return nil }
      switch op {
      case .plus: (base, step) = (a.base + b.base, a.step + b.step)
      case .minus: (base, step) = (a.base - b.base, a.step - b.step)
      case .times where a.step == 0: (base, step) = (a.base * b.base, a.base * b.step)
      case .times where b.step == 0: (base, step) = (a.base * b.base, a.step * b.base)
      default: return nil
      }
    default: return nil
    }
    if !Self.isSmall(base) || !Self.isSmall(step) { return nil }
  }
}

/// The names in the expressions of a row: the variable of its `for`, which is the first local. The list of the `for` has
/// no names.
private final class RowScope: Scope {
  private let variable: String?
  private(set) var frameSize = 1

  init(variable: String? = nil) { self.variable = variable }

  func meaning(of name: String) -> Meaning? { name == variable ? .local(0, .integer) : nil }
  func function(_ name: String) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { variable.map { [$0] } ?? [] }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { 1 }
  func reserve(slots: Int) { frameSize = max(frameSize, slots) }
}
