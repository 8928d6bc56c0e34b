import Diagnostics
import Expressions
import YAMLSyntax

/// The element types of the lists and maps in the state, by the name of the variable: `vm.gic.regions`.
///
/// A list is declared empty, `[]`, and only the effects that fill it show its elements. They are spread over all files
/// of the architecture. A run has no time to search for them, so only `check` does.
struct ElementTypes {
  private var types: [String: Type] = [:]

  /// The type of the elements; `any` if effects were not searched, or if they differ.
  subscript(variable: String) -> Type { types[variable] ?? .any }
}

extension ElementTypes {
  /// Searches all effects of an architecture's files.
  init(of files: [SchemaFile]) {
    var search = ElementSearch()
    for file in files { search.declare(file) }
    for file in files { search.look(file) }
    for (name, found) in search.found where !found.isMixed && !found.fields.isEmpty {
      let record = RecordType(name: "an element of \(name)")
      for field in found.fields { record.add(field, .any) }
      types[name] = .record(record)
    }
  }
}

/// A search for the elements that effects put into each list and map.
private struct ElementSearch {
  struct Found {
    var fields: Set<String> = []
    /// Whether effects also put in something other than a literal record.
    var isMixed = false
  }

  private(set) var found: [String: Found] = [:]

  mutating func declare(_ file: SchemaFile) {
    for owner in file.text.top("state")?.entries ?? [] {
      declare(owner.value, Self.prefix(owner.key.value, file))
    }
  }

  /// The first part of the names: `vm`, `vcpu`, or the device's type.
  private static func prefix(_ owner: String, _ file: SchemaFile) -> String { owner == "self" ? file.name : owner }

  private mutating func declare(_ node: Node, _ name: String) {
    switch node.content {
    case .sequence: found[name] = Found()
    case .mapping(let entries):
      if entries.isEmpty { found[name] = Found() }
      for entry in entries { declare(entry.value, "\(name).\(entry.key.value)") }
    case .scalar: break
    }
  }

  mutating func look(_ file: SchemaFile) {
    for key in file.text.topKeys {
      if let node = file.text.top(key.value) { look(node, file) }
    }
  }

  private mutating func look(_ node: Node, _ file: SchemaFile) {
    for item in node.items ?? [] { look(item, file) }
    for entry in node.entries ?? [] {
      if entry.key.value == "assign" {
        for effect in entry.value.entries ?? [] { note(effect, file) }
      } else {
        look(entry.value, file)
      }
    }
  }

  private mutating func note(_ effect: Entry, _ file: SchemaFile) {
    guard let target = try? EffectTarget(effect.key.value) else { return }
    guard target.appends || target.key != nil else {
      replace(target, with: effect.value, file)
      return
    }
    for name in variables(target, file) {
      if let entries = effect.value.entries {
        found[name]?.fields.formUnion(entries.map(\.key.value))
      } else if effect.value.scalar != "null" {
        found[name]?.isMixed = true
      }
    }
  }

  /// Notes the assignment of a whole list. Its elements are known only if it is empty or a part of the same list.
  private mutating func replace(_ target: EffectTarget, with value: Node, _ file: SchemaFile) {
    guard let text = value.scalar else { return }
    switch try? Parser.parse(text) {
    case .list(let items, _)? where items.isEmpty: return
    case .comprehension(.filter, let list, _, _, _)? where list.path != nil && list.path == target.field.path: return
    default: for name in variables(target, file) { found[name]?.isMixed = true }
    }
  }

  /// The variables that an effect may change. If its path begins with a parameter or a local, these are all variables
  /// with the same ending.
  private func variables(_ target: EffectTarget, _ file: SchemaFile) -> [String] {
    let path = target.field.path ?? ["", target.name]
    let rest = path.dropFirst().map { ".\($0)" }.joined()
    switch path[0] {
    case "vm", "vcpu": return found[path[0] + rest] == nil ? [] : [path[0] + rest]
    case "self" where file.deviceType != nil: return [file.name + rest].filter { found[$0] != nil }
    default: return found.keys.filter { $0.hasSuffix(rest) }
    }
  }
}
