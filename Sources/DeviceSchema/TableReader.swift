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
    var rows: [[(String, Value)]] = []
    var columns: [String] = []
    for item in items {
      guard let entries = item.entries else {
        faults.error("schema-type", "a row must be a mapping, not \(item.kind)", at: item.range)
        continue
      }
      let reader = KeyReader(item, keys: entries.map(\.key.value), of: "a row", faults)
      guard reader.lifetime().mayInclude(release) else { continue }
      let cells = entries.filter { !["since", "until", "doc", "for"].contains($0.key.value) }
      for row in self.rows(cells, reader["for"]) {
        for (name, _) in row where !columns.contains(name) { columns.append(name) }
        rows.append(row)
      }
    }
    // A column that a row leaves out is null there.
    let record = RecordType(name: "a row of \(entry.key.value)")
    let values = rows.map { row in
      Fields(
        columns.map { column in
          let cell = row.first { $0.0 == column }?.1 ?? .null
          record.add(column, type(of: cell))
          return (column, cell)
        })
    }
    return (.list(values.map(Value.record)), .list(.record(record)))
  }

  /// One row; with `for: n in LIST`, a row for each number. `<EXPRESSION>` in a text stands for its value, and any
  /// other column can be an expression.
  private func rows(_ cells: [Entry], _ header: Node?) -> [[(String, Value)]] {
    guard let header else { return [cells.map { ($0.key.value.identifier, value($0.value)) }] }
    guard let (variable, list) = header.loopHeader else {
      faults.error("schema-type", "repeated rows must be 'for: NAME in LIST'", at: header.range)
      return []
    }
    guard case .list(let numbers)? = computed(list, in: RowScope(), as: .list(.integer)) else { return [] }
    let scope = RowScope(variable: variable)
    let columns = cells.map { (name: $0.key.value.identifier, cell: self.cell($0.value, scope)) }
    let evaluator = Evaluator(world: NoWorld())
    return numbers.map { number in
      evaluator.withFrame([number], size: scope.frameSize) {
        columns.map { column in (column.name, column.cell.value(evaluator)) }
      }
    }
  }

  /// A cell of a repeated row, compiled once.
  private enum Cell {
    case constant(Value)
    case computed(Expression)
    case text(before: String, Expression, after: String)

    func value(_ evaluator: Evaluator) -> Value {
      switch self {
      case .constant(let value): value
      case .computed(let expression): (try? evaluator.evaluate(expression)) ?? .unknown
      case .text(let before, let expression, let after):
        .string("\(before)\((try? evaluator.evaluate(expression))?.integer ?? 0)\(after)")
      }
    }
  }

  private func cell(_ node: Node, _ scope: RowScope) -> Cell {
    if let filled = filled(node, scope) { return filled }
    guard let text = node.scalar, (try? Parser.parse(text))?.names.contains(scope.variable) == true,
      let expression = node.expression(in: scope, faults)
    else { return .constant(value(node)) }
    return .computed(expression)
  }

  /// A text with `<EXPRESSION>` in it; nil for any other.
  private func filled(_ node: Node, _ scope: RowScope) -> Cell? {
    guard let text = node.scalar, let open = text.firstIndex(of: "<"), let close = text.lastIndex(of: ">"), open < close
    else { return nil }
    let inner = Node(.scalar(String(text[text.index(after: open)..<close]), .plain), at: node.range)
    guard (try? Parser.parse(inner.scalar ?? ""))?.names == [scope.variable],
      let expression = inner.expression(in: scope, as: .integer, faults)
    else { return nil }
    return .text(before: String(text[..<open]), expression, after: String(text[text.index(after: close)...]))
  }

  private func computed(_ node: Node, in scope: RowScope, as type: Type = .any) -> Value? {
    node.expression(in: scope, as: type, faults).flatMap { try? Evaluator(world: NoWorld()).evaluate($0) }
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

/// The names in the expressions of a row: the variable of its `for`, which is the first local.
private final class RowScope: Scope {
  let variable: String
  private(set) var frameSize = 1

  init(variable: String = "") { self.variable = variable }

  func meaning(of name: String) -> Meaning? { name == variable ? .local(0, .integer) : nil }
  func function(_ name: String) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { [variable] }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { 1 }
  func reserve(slots: Int) { frameSize = max(frameSize, slots) }
}

/// The world of a row, in which nothing but constants is known.
private final class NoWorld: World {}
