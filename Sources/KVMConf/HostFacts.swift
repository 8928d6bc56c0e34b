import DeviceSchema
import Diagnostics
import Expressions
import SourceTree

/// What is known of a host: its release and its facts, read from a file.
///
/// The file is a mapping (YAML or JSON) from the names of facts to their values, and `kernel`, the release.
package struct HostFacts: Sendable {
  package var release: Release?
  private var entries: [Entry] = []

  package init() {}

  package init(_ file: SourceFile) throws(FactsFault) {
    let tree = SourceTree(parsing: file)
    if let first = tree.diagnostics.first { throw FactsFault(diagnostic: first) }
    try self.init(tree.documents.first)
  }

  /// - Parameter node: a mapping from the names of facts to their values.
  init(_ node: Node?) throws(FactsFault) {
    guard let entries = node?.entries else {
      throw FactsFault(
        diagnostic: .error("bad-facts", "host facts are a mapping from names to values", at: node?.range))
    }
    for entry in entries {
      guard entry.key.value == "kernel" else {
        self.entries.append(entry)
        continue
      }
      guard let release = entry.value.scalar.flatMap(Release.init) else {
        throw FactsFault(
          diagnostic: .error("bad-facts", "'kernel' is a release, such as '6.12'", at: entry.value.range))
      }
      self.release = release
    }
  }

  /// The facts as an architecture's schemas declare them.
  package func values(for catalogue: Catalogue) throws(FactsFault) -> [String: Value] {
    var values: [String: Value] = [:]
    for entry in entries {
      let name = entry.key.value
      guard let fact = catalogue.fact(named: name) else {
        let hint = catalogue.factNames.nearest(to: name).map { "; did you mean '\($0)'?" } ?? ""
        throw FactsFault(
          diagnostic: .error(
            "unknown-fact", "the schemas of \(catalogue.architecture.rawValue) know no fact '\(name)'\(hint)",
            at: entry.key.range))
      }
      guard let value = Value(entry.value), value.fits(fact.type) else {
        throw FactsFault(
          diagnostic: .error(
            "bad-facts", "fact '\(name)' is \(fact.type.name), not \(entry.value.kind) '\(entry.value.flowText)'",
            at: entry.value.range))
      }
      values[name] = value
    }
    return values
  }
}

package struct FactsFault: Error {
  package var diagnostic: Diagnostic
}

extension Value {
  /// The value that a node is written as: an integer, a truth, text, a list or a map; `unknown` is the unknown value.
  fileprivate init?(_ node: Node) {
    switch node.content {
    case .scalar(let text, let style):
      if style == .plain {
        switch text {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        case "null", "~", "": self = .null
        case "unknown": self = .unknown
        default: self = IntegerLiteral.parse(text).map(Value.integer) ?? .string(text)
        }
      } else {
        self = .string(text)
      }
    case .sequence(let items):
      let values = items.map { Value($0) }
      guard values.allSatisfy({ $0 != nil }) else { return nil }
      self = .list(values.compactMap { $0 })
    case .mapping(let entries):
      var map: [Value: Value] = [:]
      for entry in entries {
        guard let value = Value(entry.value) else { return nil }
        map[IntegerLiteral.parse(entry.key.value).map(Value.integer) ?? .string(entry.key.value)] = value
      }
      self = .map(map)
    }
  }

  fileprivate func fits(_ type: Type) -> Bool {
    switch (self, type) {
    case (_, .any), (.unknown, _), (.null, _), (.bool, .bool), (.integer, .integer), (.string, .string): true
    case (.list(let elements), .list(let element)): elements.allSatisfy { $0.fits(element) }
    case (.map, .map): true
    default: false
    }
  }
}
