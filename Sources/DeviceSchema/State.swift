import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// A variable of the VM, of each vCPU or of a device.
package struct StateVariable {
  package var name: String
  package var initial: InitialValue
}

package indirect enum InitialValue {
  case expression(Expression)
  case list
  case map
  /// A record with its own identity.
  case record([StateVariable])
}

extension Node {
  /// The type of a state variable, as far as the text of its initial value shows it.
  ///
  /// Nothing is compiled for this, because initial values may read other state, whose types are not known yet.
  func declaredType(named name: String, _ elements: ElementTypes) -> Type {
    switch content {
    case .sequence: return .list(elements[name])
    case .mapping(let entries):
      if entries.isEmpty { return .map(elements[name]) }
      let record = RecordType(name: name)
      record.add(entries, elements)
      return .record(record)
    case .scalar("true", _), .scalar("false", _): return .bool
    // A variable that starts as null or unknown may get any type later.
    case .scalar(let text, _):
      if IntegerLiteral.parse(text) != nil { return .integer }
      return text.hasPrefix("\"") && text.hasSuffix("\"") ? .string : .any
    }
  }
}

extension RecordType {
  /// Adds the variables that a mapping of initial values declares.
  func add(_ entries: [Entry], _ elements: ElementTypes) {
    for entry in entries {
      add(entry.key.value, entry.value.declaredType(named: "\(name).\(entry.key.value)", elements))
    }
  }
}

struct StateReader {
  let faults: Findings
  let scope: RuleScope

  func variables(_ node: Node) -> [StateVariable] {
    guard let entries = node.entries else {
      if !node.isEmpty {
        faults.error("schema-type", "state must be a mapping from names to initial values", at: node.range)
      }
      return []
    }
    return entries.compactMap { entry in
      if entry.key.value.utf8.contains(UInt8(ascii: "-")) {
        faults.error("schema-type", "write the names of state variables with underscores", at: entry.key.range)
      }
      return initial(entry.value).map { StateVariable(name: entry.key.value, initial: $0) }
    }
  }

  private func initial(_ node: Node) -> InitialValue? {
    switch node.content {
    case .scalar: return node.expression(in: scope, faults).map(InitialValue.expression)
    case .sequence(let items):
      if !items.isEmpty { faults.error("schema-type", "a list must start empty: []", at: node.range) }
      return .list
    case .mapping(let entries): return entries.isEmpty ? .map : .record(variables(node))
    }
  }
}

/// A property of the host that the kernel's answers depend on.
package struct Fact {
  package var name: String
  package var type: Type
  package var doc: String? { reader?.string("doc") ?? ownDoc }
  fileprivate var reader: KeyReader?
  /// The method to find it on a host; nil if the schema has none.
  package var probe: FactProbe? { readProbe() }
  private var readProbe: () -> FactProbe? = { nil }
  /// The doc of a fact that no schema declares.
  private var ownDoc: String?
  /// The value that `validate` assumes without host facts; nil if it is then unknown.
  package var assumed: Expression?
  package var source: SourceRange?

  /// A fact that no schema declares.
  init(name: String, type: Type, doc: String, assumed: Expression?) {
    (self.name, self.type, ownDoc, self.assumed) = (name, type, doc, assumed)
  }

  fileprivate init(
    name: String, type: Type, reader: KeyReader, probe: @escaping () -> FactProbe?, assumed: Expression?,
    source: SourceRange
  ) {
    (self.name, self.type, self.reader, self.assumed, self.source) = (name, type, reader, assumed, source)
    readProbe = probe
  }
}

struct FactReader {
  let faults: Findings
  let scope: RuleScope
  /// The scope of the expression in a probe.
  let probeScope: RuleScope

  func fact(_ entry: SchemaEntry) -> Fact {
    let reader = KeyReader(
      entry.value, keys: ["type", "doc", "probe", "assume", "constant", "enum", "since", "until", "documented"],
      of: "a fact", faults)
    let type: Type
    switch reader.string("type") {
    case "bool": type = .bool
    case "string": type = .string
    case "list": type = .list(.any)
    case "map": type = .map(.any)
    case let name? where ["u8", "u16", "u32", "u64", "i32", "i64", "integer"].contains(name): type = .integer
    default:
      type = .any
      faults.error(
        "schema-type", "the type of a fact must be bool, string, list, map, integer or u8 to u64", at: entry.key.range)
    }
    let assumed = reader["assume"].flatMap { $0.expression(in: scope, as: type, faults) }
    let probe = { [scope = probeScope, faults] in
      reader.child("probe").map { FactProbe($0, scope: scope, faults) }
    }
    if faults.isThorough { _ = probe() }
    return Fact(
      name: entry.key.value, type: type, reader: reader, probe: probe, assumed: assumed, source: entry.key.range)
  }
}

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
      let lifetime = KeyReader(item, keys: entries.map(\.key.value), of: "a row", faults).lifetime()
      guard lifetime.mayInclude(release) else { continue }
      let own = entries.filter { !["since", "until", "doc"].contains($0.key.value) }
      rows.append(own.map { ($0.key.value.identifier, value($0.value)) })
      for name in rows[rows.count - 1].map(\.0) where !columns.contains(name) { columns.append(name) }
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
