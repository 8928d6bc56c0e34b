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
    return numbers.map { number in
      let scope = RowScope(variable: variable, number: number)
      return cells.map { cell in
        let text = cell.value.scalar ?? ""
        if let filled = filled(cell.value, scope) { return (cell.key.value.identifier, .string(filled)) }
        guard cell.value.scalar != nil, (try? Parser.parse(text))?.names.contains(variable) == true,
          let number = computed(cell.value, in: scope)
        else { return (cell.key.value.identifier, value(cell.value)) }
        return (cell.key.value.identifier, number)
      }
    }
  }

  /// The text with the values of `<EXPRESSION>` in it; nil if it has none.
  private func filled(_ node: Node, _ scope: RowScope) -> String? {
    guard let text = node.scalar, let open = text.firstIndex(of: "<"), let close = text.lastIndex(of: ">"), open < close
    else { return nil }
    let inner = Node(.scalar(String(text[text.index(after: open)..<close]), .plain), at: node.range)
    guard (try? Parser.parse(inner.scalar ?? ""))?.names == [scope.variable],
      let number = computed(inner, in: scope, as: .integer)?.integer
    else { return nil }
    return "\(text[..<open])\(number)\(text[text.index(after: close)...])"
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

/// The names in the expressions of a row: the variable of its `for`.
private struct RowScope: Scope {
  var variable = ""
  var number = Value.null

  func meaning(of name: String) -> Meaning? { name == variable ? .constant(number, .integer) : nil }
  func function(_ name: String) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { [variable] }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { 0 }
  func reserve(slots: Int) {}
}

/// The world of a row, in which nothing but constants is known.
private final class NoWorld: World {}
