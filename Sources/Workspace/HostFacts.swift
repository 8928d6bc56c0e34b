import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The kernel release and the facts of a host, from a file or from a probe.
///
/// The file is a mapping, in YAML or JSON, from the names of facts to their values. Two more keys are `kernel`, the
/// release, and `arch`, the architecture. The JSON output of `kvmconf probe`, which contains such a mapping, is also
/// accepted.
package struct HostFacts: Sendable {
  /// The `kind` of a probe written as JSON.
  package static let probeKind = "kvmconf-probe"

  /// The keys that are not names of facts.
  private static let ownKeys = ["kernel", "arch"]

  package var release: Release?
  /// The architecture of the host; nil if the file does not name one.
  private var architecture: Located?
  /// The facts from a file, not yet checked against the schemas.
  private var entries: [Entry] = []
  /// The facts that a probe found on the host.
  private var found: [String: Value] = [:]

  package init() {}

  package init(found: [String: Value]) { self.found = found }

  package init(_ file: SourceFile) throws(DiagnosticsError) {
    let tree = SourceTree(parsing: file)
    if let first = tree.diagnostics.first { throw .invalid(first) }
    guard let node = tree.documents.first else {
      throw .noFacts(at: SourceRange(file: file, start: .start, end: .start))
    }
    try self.init(node)
  }

  /// - Parameter node: a mapping from the names of facts to their values.
  init(_ node: Node) throws(DiagnosticsError) {
    guard let entries = node.entries else { throw .noFacts(at: node.range) }
    for entry in node.factsOfProbe ?? entries {
      guard Self.ownKeys.contains(entry.key.value) else {
        self.entries.append(entry)
        continue
      }
      if entry.key.value == "arch" {
        guard let name = entry.value.scalar, Architecture(rawValue: name) != nil else {
          let names = Architecture.names.joined(separator: ", ")
          throw .invalid(.error("bad-facts", "'arch' must be one of \(names)", at: entry.value.range))
        }
        architecture = Located(name, at: entry.value.range)
        continue
      }
      guard let release = entry.value.scalar.flatMap(Release.init) else {
        throw .invalid(
          .error("bad-facts", "'kernel' must be a release, such as '6.12'", at: entry.value.range))
      }
      self.release = release
    }
  }

  /// A text that is the same for files with the same facts.
  var content: String {
    let facts = entries.map { "\($0.key.value): \($0.value.flow)" } + found.map { "\($0.key): \($0.value)" }
    return ([architecture?.value ?? "", release?.description ?? ""] + facts.sorted()).joined(separator: "\n")
  }

  /// Whether the host may have an architecture: if the file names another one, it does not.
  func mayBe(of architecture: Architecture) -> Bool {
    self.architecture.map { $0.value == architecture.rawValue } ?? true
  }

  /// The values of the facts, by name, checked against the schemas of an architecture.
  ///
  /// - Throws: an error of the kind `invalid` if the facts are for another architecture, if a fact is unknown, or if a
  ///   value has the wrong type.
  package func values(for catalogue: Catalogue) throws(DiagnosticsError) -> [String: Value] {
    if let architecture, architecture.value != catalogue.architecture.rawValue {
      throw .invalid(
        .error(
          "bad-facts",
          "these are facts of a host with \(architecture.value), but the manifest is for "
            + catalogue.architecture.rawValue, at: architecture.range))
    }
    var values = found
    for entry in entries {
      let name = entry.key.value
      guard let fact = catalogue.fact(named: name) else {
        let hint = (catalogue.factNames + Self.ownKeys).suggestion(for: name)
        throw .invalid(
          .error(
            "unknown-fact", "the schemas of \(catalogue.architecture.rawValue) have no fact '\(name)'\(hint)",
            at: entry.key.range))
      }
      guard let value = Value(entry.value), value.fits(fact.type) else {
        throw .invalid(
          .error(
            "bad-facts", "fact '\(name)' must be \(fact.type.name), not \(entry.value.kind) '\(entry.value.flowText)'",
            at: entry.value.range))
      }
      values[name] = value
    }
    return values
  }
}

extension Node {
  /// The facts in the JSON output of a probe; nil if the node is not such an output.
  fileprivate var factsOfProbe: [Entry]? {
    guard self[key: "kind"]?.scalar == HostFacts.probeKind else { return nil }
    return self[key: "facts"]?.entries
  }
}

extension Value {
  /// Makes a value from a node: a scalar, a list or a map.
  ///
  /// A plain scalar is a Boolean, null, an integer, the unknown value (`unknown`) or a string. A quoted scalar is
  /// always a string.
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

  /// Whether the value is valid for a fact of a type.
  package func fits(_ type: Type) -> Bool {
    switch (self, type) {
    case (_, .any), (.unknown, _), (.null, _), (.bool, .bool), (.integer, .integer), (.string, .string): true
    case (.list(let elements), .list(let element)): elements.allSatisfy { $0.fits(element) }
    case (.map, .map): true
    default: false
    }
  }
}

extension DiagnosticsError {
  fileprivate static func noFacts(at range: SourceRange) -> Self {
    .invalid(.error("bad-facts", "host facts must be a mapping from names to values", at: range))
  }
}
