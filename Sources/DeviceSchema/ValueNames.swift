import Expressions

/// The names of an integer's values, in the order of the schema.
package struct ValueNames: Sequence {
  package typealias Element = (name: String, value: Int128)

  private let source: Source
  private let found = Found()
  private let absence: (String) -> String?

  private enum Source {
    case list([Element])
    /// The column `name` of a table, and the one with the values.
    case table(Table, name: Int, value: Int)
  }

  /// The values of a table's names that were looked up: lists of registers have the same names again and again.
  private final class Found {
    var values: [String: Int128] = [:]
  }

  /// No names.
  init() { self.init([], absence: { _ in nil }) }

  /// - Parameter absence: why the release lacks a name; nil for a name that no release has.
  init(_ names: [Element], absence: @escaping (String) -> String?) {
    source = .list(names)
    self.absence = absence
  }

  /// The names of a table's rows, for the values in a column; nil if the table lacks one of the two.
  init?(_ table: Table, column: String, absence: @escaping (String) -> String?) {
    guard let name = table.columns.firstIndex(of: "name"), let value = table.columns.firstIndex(of: column)
    else { return nil }
    source = .table(table, name: name, value: value)
    self.absence = absence
  }

  package var isEmpty: Bool {
    if case .list(let names) = source { names.isEmpty } else { false }
  }

  package var count: Int { all.count }

  package func makeIterator() -> some IteratorProtocol<Element> { all.makeIterator() }

  private var all: [Element] {
    switch source {
    case .list(let names): names
    case .table(let table, let name, let value):
      table.indices.compactMap { row in
        guard case .string(let text) = table[row, name], let number = table[row, value].integer else { return nil }
        return (text, number)
      }
    }
  }

  /// The value with a name; of two with this name, the first.
  package func value(of name: String) -> Int128? {
    switch source {
    case .list(let names): return names.first { $0.name == name }?.value
    case .table(let table, let names, let values):
      if let known = found.values[name] { return known }
      let value = table.row(with: name, in: names).flatMap { table[$0, values].integer }
      if let value { found.values[name] = value }
      return value
    }
  }

  /// The first name of a value.
  package func name(of value: Int128) -> String? {
    switch source {
    case .list(let names): return names.first { $0.value == value }?.name
    case .table(let table, let names, let values):
      for row in table.rows(with: value, in: values) {
        if case .string(let name) = table[row, names] { return name }
      }
      return nil
    }
  }

  /// `'init2' is new in Linux 6.11; you validate for Linux 6.1`; nil if no release has a value with this name.
  package func absence(of name: String) -> String? { absence(name) }
}
