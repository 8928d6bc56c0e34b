import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The calls that read, or write, the state of a device: the statements of `save` or `restore`.
package struct StateList {
  package var statements: [StateStatement]
  /// The number of locals that the statements use.
  package var frameSize: Int
  package var source: SourceRange
}

package struct StateStatement {
  package enum Action {
    case call(StateCall)
    case statements([StateStatement])
  }

  package var lifetime: Lifetime
  package var condition: Expression?
  /// The variable, and the list whose elements it has in turn; nil if the statement is run once.
  package var loop: Loop?
  package var action: Action
}

/// A call on an attribute of the device.
package struct StateCall {
  /// What a set writes.
  package enum Content {
    /// What a get of the same attribute and key has read.
    case saved
    /// What a get of another attribute has read.
    case savedAs(String)
    case constant(Expression)
    /// The attribute has no payload.
    case nothing
  }

  package var access: AttributeAccess
  package var attribute: AttributeSchema
  /// The fields of the key that are given. A set of a saved value without any is made for each key that was read.
  package var key: [(name: String, value: Expression)]
  /// The fields of what a get hands to the kernel.
  package var input: [(name: String, value: Expression)]
  package var content: Content
  package var doc: String?
  package var source: SourceRange
}

extension StateList {
  /// All calls, in the order of the text.
  package var calls: [StateCall] { statements.flatMap(\.calls) }
}

extension StateStatement {
  fileprivate var calls: [StateCall] {
    switch action {
    case .call(let call): [call]
    case .statements(let statements): statements.flatMap(\.calls)
    }
  }
}

/// Reads the statements of `save` and `restore`.
struct SavedStateReader {
  let file: SchemaFile
  let catalogue: Catalogue
  let isSave: Bool
  private let scope: RuleScope
  private var faults: Findings { catalogue.faults }

  private static let keys = ["get", "set", "do", "for", "if", "since", "until", "input", "value", "doc"]

  init(file: SchemaFile, catalogue: Catalogue, isSave: Bool) {
    self.file = file
    self.catalogue = catalogue
    self.isSave = isSave
    scope = catalogue.scope(of: file, .state)
  }

  func list(_ node: Node) -> StateList {
    StateList(statements: statements(node), frameSize: scope.frameSize, source: node.range)
  }

  private func statements(_ node: Node) -> [StateStatement] {
    guard let items = node.items else {
      faults.error("schema-type", "'\(isSave ? "save" : "restore")' must be a list, not \(node.kind)", at: node.range)
      return []
    }
    return items.compactMap { item in scope.nested { statement(item) } }
  }

  private func statement(_ node: Node) -> StateStatement? {
    let verb = node.entries?.first { ["get", "set", "do"].contains($0.key.value) }
    guard let verb else {
      faults.error("schema-type", "a statement needs 'get', 'set' or 'do'", at: node.range)
      return nil
    }
    let target = verb.value.scalar.flatMap(file.attribute)
    if verb.key.value != "do", target == nil {
      let paths = file.groups.flatMap { $0.attributes.map(\.path) }
      faults.error(
        "schema-unknown-name",
        "\(file.description) has no attribute '\(verb.value.scalar ?? verb.value.kind)'"
          + paths.suggestion(for: verb.value.scalar ?? ""), at: verb.value.range)
      return nil
    }
    let fields = target?.attribute.keyFields.map(\.name) ?? []
    let reader = KeyReader(node, keys: Self.keys + fields, of: "a statement", faults)
    var loop: Loop?
    if let header = reader["for"] {
      guard let read = Loop(header, in: scope, faults) else { return nil }
      loop = read
    }
    let condition = reader["if"].flatMap { $0.expression(in: scope, as: .bool, faults) }
    let action: StateStatement.Action
    if let target {
      guard let call = call(verb, target, reader) else { return nil }
      action = .call(call)
    } else {
      action = .statements(statements(verb.value))
    }
    return StateStatement(lifetime: reader.lifetime(), condition: condition, loop: loop, action: action)
  }

  private func call(
    _ verb: Entry, _ target: (group: GroupSchema, attribute: AttributeSchema), _ reader: KeyReader
  ) -> StateCall? {
    let (group, attribute) = target
    guard let access = AttributeAccess(rawValue: verb.key.value) else { return nil }
    if !isSave, access == .get {
      faults.error("schema-type", "'restore' has no 'get'; what was read is in 'save'", at: verb.key.range)
      return nil
    }
    if attribute.rules(of: access) == nil {
      faults.error("schema-type", "'\(attribute.path)' has no \(access.rawValue)", at: verb.value.range)
      return nil
    }
    func expressions(_ entries: [Entry]) -> [(name: String, value: Expression)] {
      entries.compactMap { entry in
        entry.value.expression(in: scope, as: .integer, faults).map { (entry.key.value, $0) }
      }
    }
    let fields = attribute.keyFields
    let written = (reader.node.entries ?? []).filter { entry in fields.contains { $0.name == entry.key.value } }
    let isEveryKey = !isSave && written.isEmpty && reader["value"] == nil
    for field in fields where !isEveryKey && field.initial == nil && reader[field.name] == nil {
      faults.error("schema-type", "'\(attribute.path)' needs '\(field.name)'", at: verb.value.range)
    }
    let input = expressions(reader["input"]?.entries ?? [])
    return StateCall(
      access: access, attribute: attribute, key: expressions(written), input: input,
      content: content(access, group, attribute, reader), doc: reader.string("doc"), source: verb.key.range)
  }

  private func content(
    _ access: AttributeAccess, _ group: GroupSchema, _ attribute: AttributeSchema, _ reader: KeyReader
  ) -> StateCall.Content {
    let hasPayload = group.payloads(of: attribute).contains { !$0.type.isNone }
    if access == .get || !hasPayload { return .nothing }
    guard let value = reader["value"] else {
      if isSave {
        faults.error(
          "schema-type", "a set of 'save' needs a 'value': '\(attribute.path)' has a payload",
          at: reader.node.range)
      }
      return .saved
    }
    if let text = value.scalar, let (_, other) = file.attribute(at: text) { return .savedAs(other.path) }
    return value.expression(in: scope, as: .integer, faults).map(StateCall.Content.constant) ?? .saved
  }
}
