import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads one group with its attributes.
struct GroupReader {
  let file: SchemaFile
  let catalogue: Catalogue
  var faults: Findings { catalogue.faults }

  private static let commonKeys = [
    "number", "payload", "repeat", "after", "before", "set", "get", "has", "doc", "since", "until", "if", "documented",
    "sources",
  ]
  private static let attributeKeys = commonKeys + ["key", "default", "examples"]
  private static let groupKeys = attributeKeys + ["attributes"]

  /// Reads a group. A group without `attributes` is itself the only attribute.
  func group(_ entry: SchemaEntry) -> GroupSchema {
    let name = entry.key.value
    let isNameless = entry.value[key: "attributes"] == nil
    let reader = KeyReader(
      entry.value, keys: isNameless ? Self.attributeKeys : Self.groupKeys, of: "group '\(name)'", faults)
    let number = (reader.constants.first?.value.node ?? reader["number"])?.integer(named: "number", faults)
      .flatMap { UInt32(exactly: $0) }
    if number == nil {
      faults.error(
        "schema-type", "group '\(name)' needs the constant of its number, such as 'KVM_DEV_X_GRP_Y: 1'",
        at: entry.key.range)
    }
    if !isNameless {
      for key in ["key", "default", "examples"] where reader.has(key) {
        faults.error(
          "schema-type", "'\(key)' belongs to an attribute; this group has 'attributes'", at: reader.keyRange(key))
      }
    }
    let defaults = Defaults(repeats: !isNameless && reader.bool("repeat"), hasPayload: reader.has("payload")) {
      payloads(reader, key: [])
    }
    let entries = reader.child("attributes")?.entries ?? []
    let attributes =
      isNameless
      ? [attribute(nil, reader, entry.key.range, defaults, path: name)]
      : entries.filter { $0.key.value != "else" }.map { own in
        let path = "\(name).\(own.key.value)"
        let reader = KeyReader(own.value, keys: Self.attributeKeys, of: "attribute '\(path)'", faults)
        return attribute(own.key.value, reader, own.key.range, defaults, path: path)
      }
    return GroupSchema(
      name: name, number: number ?? .max, reader, when: condition(reader, key: .any),
      payloads: { isNameless ? attributes[0].payloads : defaults.payloads },
      calls: { group, access in
        // The rules of a nameless attribute are its own.
        isNameless ? nil : rules(access, reader, value: valueType(group.payloads, name: name), key: .any)
      }, order: { isNameless ? [] : order($0, reader, key: .any) }, source: entry.key.range, attributes: attributes,
      otherwise: otherwise(entries.first { $0.key.value == "else" }))
  }

  private typealias Payloads = [(when: Expression?, type: PayloadType)]

  /// The defaults of a group for its attributes.
  private final class Defaults {
    let repeats: Bool
    let hasPayload: Bool
    private(set) lazy var payloads = read()
    private let read: () -> Payloads

    init(repeats: Bool, hasPayload: Bool, payloads read: @escaping () -> Payloads) {
      (self.repeats, self.hasPayload, self.read) = (repeats, hasPayload, read)
    }
  }

  private func attribute(
    _ name: String?, _ reader: KeyReader, _ source: SourceRange, _ defaults: Defaults, path: String
  ) -> AttributeSchema {
    let number = name == nil && !reader.has("key") ? .any : self.number(reader, path, isNameless: name == nil)
    var fields: [BitField] = []
    if case .keys(let found, _) = number { fields = found }
    if !reader.has("payload"), !defaults.hasPayload {
      faults.error(
        "schema-type", "attribute '\(path)' needs a 'payload'; write 'payload: none' if it has none", at: source)
    }
    let key = keyType(fields)
    return AttributeSchema(
      name: name, path: path, reader, number: number, when: name == nil ? nil : condition(reader, key: key),
      repeats: repeats(reader, fields) ?? defaults.repeats, repeatedKeys: { repeatedKeys(reader, key: key) },
      payloads: { payloads(reader, key: fields) },
      calls: { own, access in
        let used = reader.has("payload") ? own.payloads : defaults.payloads
        return rules(access, reader, value: valueType(used, name: "value"), key: key)
      }, order: { order($0, reader, key: key) }, source: source)
  }

  /// The static type of `value`; `any` unless there is exactly one payload.
  private func valueType(_ payloads: Payloads, name: String) -> Type {
    payloads.count == 1 ? payloads[0].type.valueType(name: name) : .any
  }

  private func number(_ reader: KeyReader, _ path: String, isNameless: Bool) -> AttributeNumber {
    // The constant of a group that is its own attribute is the group's number.
    let node = isNameless ? nil : reader.constants.first?.value.node ?? reader["number"]
    if let key = reader["key"] {
      let payload = PayloadReader(faults: faults, scope: catalogue.scope(of: file, .constant))
      let base = node?.integer(named: "number", faults).flatMap { UInt64(exactly: $0) } ?? 0
      return .keys(payload.bitFields(key, isKey: true), base: base)
    }
    if node?.scalar == "any" { return .any }
    guard let number = node?.integer(named: "number", faults).flatMap({ UInt64(exactly: $0) }) else {
      if node == nil {
        faults.error(
          "schema-type", "attribute '\(path)' needs the constant of its number, 'number', 'number: any' or 'key'",
          at: reader.node.range)
      }
      return .exactly(.max)
    }
    return .exactly(number)
  }

  private func keyType(_ fields: [BitField]) -> Type {
    let record = RecordType(name: "key")
    for field in fields { record.add(field.name.identifier, field.description.valueType) }
    return .record(record)
  }

  private func payloads(_ reader: KeyReader, key: [BitField]) -> Payloads {
    guard let node = reader["payload"] else { return [] }
    let scope = catalogue.scope(of: file, .key(keyType(key)))
    return PayloadReader(faults: faults, scope: scope).alternatives(node)
  }

  private func condition(_ reader: KeyReader, key: Type) -> Expression? {
    reader["if"].flatMap { $0.expression(in: catalogue.scope(of: file, .key(key)), as: .bool, faults) }
  }

  /// Whether `repeat` lets an attribute be set several times, at least with some keys; nil if it has no such key.
  private func repeats(_ reader: KeyReader, _ key: [BitField]) -> Bool? {
    guard reader.has("repeat") else { return nil }
    return !key.isEmpty && reader["repeat"]?.isBoolean == false || reader.bool("repeat")
  }

  /// The condition of `repeat` on the key; nil if it is true or false.
  private func repeatedKeys(_ reader: KeyReader, key: Type) -> Expression? {
    guard let node = reader["repeat"], !node.isBoolean else { return nil }
    return node.expression(in: catalogue.scope(of: file, .key(key)), as: .bool, faults)
  }

  private func rules(_ access: AttributeAccess, _ reader: KeyReader, value: Type, key: Type) -> RuleFrame? {
    guard let node = reader.child(access.rawValue) else { return nil }
    let scope = catalogue.scope(of: file, .attribute(value: access == .has ? .any : value, key: key))
    return catalogue.ruleReader(scope).frame(node)
  }

  /// Reads words, or mappings from a word to its condition, in a list.
  private func order(_ side: String, _ reader: KeyReader, key: Type) -> [OrderWord] {
    guard let node = reader[side] else { return [] }
    let scope = catalogue.scope(of: file, .attribute(value: .any, key: key))
    return (node.items ?? [node]).flatMap { item -> [OrderWord] in
      if let word = item.scalar {
        if !word.isEmpty { return [OrderWord(path: Located(word, at: item.range))] }
        faults.error("schema-type", "'\(side)' needs the path of an attribute", at: item.range)
        return []
      }
      return (item.entries ?? []).map { entry in
        OrderWord(path: entry.key, when: entry.value.expression(in: scope, as: .bool, faults))
      }
    }
  }

  /// Reads `else`: rules for all three calls, or a mapping from calls to rules.
  func otherwise(_ entry: SchemaEntry?) -> CallRules? {
    guard let node = entry?.value else { return nil }
    let reader = catalogue.ruleReader(catalogue.scope(of: file, .attribute(value: .any, key: .any)))
    if node.entries == nil {
      let frame = reader.frame(node)
      return CallRules(set: frame, get: frame, has: frame)
    }
    let calls = KeyReader(node, keys: AttributeAccess.allCases.map(\.rawValue), of: "'else'", faults)
    return CallRules(
      set: calls.child("set").map(reader.frame), get: calls.child("get").map(reader.frame),
      has: calls.child("has").map(reader.frame))
  }
}

extension Node {
  fileprivate var isBoolean: Bool { scalar == "true" || scalar == "false" }
}
