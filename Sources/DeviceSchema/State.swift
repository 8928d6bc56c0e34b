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
  func declaredType(named name: String, _ catalogue: Catalogue) -> Type {
    switch content {
    case .sequence: return .list(catalogue.elements[name])
    case .mapping(let entries):
      if entries.isEmpty { return .map(catalogue.elements[name]) }
      let record = RecordType(name: name)
      record.add(entries, catalogue)
      return .record(record)
    case .scalar("true", _), .scalar("false", _): return .bool
    // A variable that starts as null or unknown may get any type later.
    case .scalar(let text, _):
      if IntegerLiteral.parse(text) != nil { return .integer }
      if text.hasPrefix("features(") { return .flags(catalogue.featureBits) }
      return text.hasPrefix("\"") && text.hasSuffix("\"") ? .string : .any
    }
  }
}

extension RecordType {
  /// Adds the variables that a mapping of initial values declares.
  func add(_ entries: [Entry], _ catalogue: Catalogue) {
    for entry in entries {
      add(entry.key.value, entry.value.declaredType(named: "\(name).\(entry.key.value)", catalogue))
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
      entry.value, keys: ["type", "doc", "probe", "default", "since", "until", "documented"],
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
    let assumed = reader["default"].flatMap { $0.expression(in: scope, as: type, faults) }
    let probe = { [scope = probeScope, faults] in
      reader.child("probe").map { FactProbe($0, scope: scope, faults) }
    }
    if faults.isThorough { _ = probe() }
    return Fact(
      name: entry.key.value, type: type, reader: reader, probe: probe, assumed: assumed, source: entry.key.range)
  }
}
