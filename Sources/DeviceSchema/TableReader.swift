import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads tables of constants: numbers, words, booleans and lists of them.
struct TableReader {
  let faults: Findings
  let release: Release

  func table(_ entry: Entry) -> (value: Value, type: Type) {
    guard let items = entry.value.items else {
      faults.error("schema-type", "a table must be a list of rows", at: entry.value.range)
      return (.list([]), .list(.any))
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
    let record = RecordType(name: "a row of \(entry.key.value)")
    var values: [Value] = []
    for block in blocks {
      let cells = columns.map { column in block.names.firstIndex(of: column).map { block.cells[$0] } ?? .constant(.null)
      }
      // Most cells of a block are the same in all of its rows. A column that it leaves out is null.
      let common = cells.map { if case .constant(let value) = $0 { value } else { Value.null } }
      let computed = cells.indices.filter { if case .constant = cells[$0] { false } else { true } }
      let first = values.count
      var rows = Array(repeating: common, count: block.numbers.count)
      for i in computed { fill(column: i, of: &rows, with: cells[i], block) }
      values += rows.map { .record(Fields(names: columns, values: $0)) }
      for (i, column) in columns.enumerated() where !block.numbers.isEmpty {
        record.add(column, type(of: cells[i], i, in: values[first...]))
      }
    }
    return (.list(values), .list(.record(record)))
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
      var rows = Array(repeating: [Value.null], count: block.numbers.count)
      fill(column: 0, of: &rows, with: block.cells[column], block)
      for case .string(let name) in rows.joined() { lifetimes[name] = lifetime }
    }
    return lifetimes
  }

  /// The rows of one item of a table: one, or with `for: n in LIST` one for each number.
  private struct Block {
    var names: [String]
    var cells: [Cell]
    /// The numbers; a single unknown one for a row without `for`.
    var numbers: [Value] = [.unknown]
    var scope = RowScope()
    let evaluator = Evaluator(world: EmptyWorld.shared)
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
    let scope = RowScope(variable: variable)
    return Block(names: names, cells: cells.map { cell($0.value, variable, scope) }, numbers: numbers, scope: scope)
  }

  /// A cell of a repeated row, compiled once.
  private enum Cell {
    case constant(Value)
    case computed(Computed)
    case text(before: String, Computed, after: String)
  }

  /// What a cell is for each number.
  private enum Computed {
    /// `base + step * n`, as most are: tables have thousands of cells.
    case linear(Linear)
    case expression(Expression)

    init(_ expression: Expression, of variable: String) {
      self = Linear(expression.syntax, of: variable).map { .linear($0) } ?? .expression(expression)
    }
  }

  /// Computes a column of the rows of a block.
  private func fill(column: Int, of rows: inout [[Value]], with cell: Cell, _ block: Block) {
    switch cell {
    case .constant(let value): for i in rows.indices { rows[i][column] = value }
    case .computed(let computed):
      for i in rows.indices { rows[i][column] = value(of: computed, block.numbers[i], block) }
    case .text(let before, let computed, let after):
      for i in rows.indices {
        rows[i][column] = .string(before + words(value(of: computed, block.numbers[i], block)) + after)
      }
    }
  }

  private func value(of computed: Computed, _ number: Value, _ block: Block) -> Value {
    switch (computed, number) {
    case (.linear(let linear), .integer(let n)): .integer(linear.base + linear.step * n)
    case (.linear, _): .unknown
    case (.expression(let expression), _):
      block.evaluator.withFrame([number], size: block.scope.frameSize) { value(of: expression, block.evaluator) }
    }
  }

  /// The type of a column in the rows of a block.
  private func type(of cell: Cell, _ column: Int, in rows: ArraySlice<Value>) -> Type {
    switch cell {
    case .constant(let value): return type(of: value)
    case .computed(.linear): return .integer
    case .text: return .string
    case .computed(.expression):
      let types = rows.lazy.compactMap { row in
        if case .record(let fields) = row { type(of: fields.values[column]) } else { nil }
      }
      return types.dropFirst().reduce(types.first ?? .any) { $0.joined(with: $1) }
    }
  }

  private func words(_ value: Value) -> String {
    guard let integer = value.integer else { return "0" }
    return Int64(exactly: integer).map { String($0) } ?? String(integer)
  }

  private func value(of expression: Expression, _ evaluator: Evaluator) -> Value {
    do throws(EvaluationError) {
      return try evaluator.evaluate(expression)
    } catch {
      faults.error("schema-evaluation", "'\(expression.text)': \(error.message)", at: expression.source)
      return .unknown
    }
  }

  private func cell(_ node: Node, _ variable: String, _ scope: RowScope) -> Cell {
    if let filled = filled(node, variable, scope) { return filled }
    guard let text = node.scalar, (try? Parser.parse(text))?.names.contains(variable) == true,
      let expression = node.expression(in: scope, faults)
    else { return .constant(value(node)) }
    return .computed(Computed(expression, of: variable))
  }

  /// A text with `<EXPRESSION>` in it; nil for any other.
  private func filled(_ node: Node, _ variable: String, _ scope: RowScope) -> Cell? {
    guard let text = node.scalar, let open = text.firstIndex(of: "<"), let close = text.lastIndex(of: ">"), open < close
    else { return nil }
    let inner = Node(.scalar(String(text[text.index(after: open)..<close]), .plain), at: node.range)
    guard (try? Parser.parse(inner.scalar ?? ""))?.names == [variable],
      let expression = inner.expression(in: scope, as: .integer, faults)
    else { return nil }
    return .text(
      before: String(text[..<open]), Computed(expression, of: variable),
      after: String(text[text.index(after: close)...]))
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

  private func type(of value: Value) -> Type {
    switch value {
    case .integer: .integer
    case .bool: .bool
    case .string: .string
    case .null: .null
    case .list: .list(.any)
    default: .any
    }
  }
}

/// `base + step * n`.
private struct Linear {
  var base: Int128
  var step: Int128

  /// Numbers below this can be added and multiplied without overflow.
  private static let most: Int128 = 1 << 60

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
    if base.magnitude >= Self.most.magnitude || step.magnitude >= Self.most.magnitude { return nil }
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
