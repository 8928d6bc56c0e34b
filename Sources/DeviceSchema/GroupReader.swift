import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads one group with its attributes.
struct GroupReader {
  let file: SchemaFile
  let catalogue: Catalogue
  var faults: Findings { catalogue.faults }

  private static let callKeys = ["payload", "set", "get", "has"]
  private static let groupKeys =
    callKeys + [
      "constant", "aliases", "number", "doc", "since", "until", "when", "attributes", "attribute", "unknown-attribute",
      "access", "repeat", "documented",
    ]
  private static let attributeKeys =
    callKeys + [
      "constant", "aliases", "number", "keys", "bias", "doc", "since", "until", "when", "access", "repeat", "examples",
      "documented", "reference",
    ]

  func group(_ entry: SchemaEntry) -> GroupSchema {
    let reader = KeyReader(entry.value, keys: Self.groupKeys, of: "group '\(entry.key.value)'", faults)
    let number = reader.integer("number").flatMap { UInt32(exactly: $0) }
    if number == nil {
      faults.error("schema-type", "group '\(entry.key.value)' needs a 'number' of 32 bits", at: entry.key.range)
    }
    let defaults = Defaults(
      access: access(reader) ?? AttributeAccess.allCases, repeats: reader.bool("repeat"),
      hasPayload: reader.has("payload")
    ) { payloads(reader, keys: []) }
    var attributes: [AttributeSchema] = []
    if let nameless = reader.child("attribute") {
      let key = reader.keyRange("attribute") ?? entry.key.range
      attributes.append(attribute(nil, nameless, key, defaults, group: entry.key.value))
    }
    for attribute in reader.child("attributes")?.entries ?? [] {
      attributes.append(
        self.attribute(attribute.key.value, attribute.value, attribute.key.range, defaults, group: entry.key.value))
    }
    if let both = reader.keyRange("attribute"), reader.has("attributes") {
      faults.error("schema-type", "a group needs 'attributes' or one 'attribute' without a name", at: both)
    }
    return GroupSchema(
      name: entry.key.value, number: number ?? .max, reader, when: condition(reader, key: .any),
      payloads: { defaults.payloads },
      calls: { group, access in
        let value = access == .has ? .any : valueType(group.payloads, name: entry.key.value)
        return call(access, reader, value: value, key: .any)
      }, source: entry.key.range, attributes: attributes,
      unknownAttribute: errnos(reader["unknown-attribute"], default: catalogue.unknownAttribute))
  }

  private typealias Payloads = [(when: Expression?, type: PayloadType)]

  /// The defaults of a group for its attributes.
  private final class Defaults {
    let access: [AttributeAccess]
    let repeats: Bool
    let hasPayload: Bool
    private(set) lazy var payloads = read()
    private let read: () -> Payloads

    init(access: [AttributeAccess], repeats: Bool, hasPayload: Bool, payloads read: @escaping () -> Payloads) {
      (self.access, self.repeats, self.hasPayload, self.read) = (access, repeats, hasPayload, read)
    }
  }

  private func attribute(
    _ name: String?, _ node: SchemaNode, _ source: SourceRange, _ defaults: Defaults, group: String
  ) -> AttributeSchema {
    let path = name.map { "\(group).\($0)" } ?? group
    let reader = KeyReader(node, keys: Self.attributeKeys, of: "attribute '\(path)'", faults)
    let number = self.number(reader, path)
    var keys: [BitField] = []
    if case .keys(let fields, _) = number { keys = fields }
    if !reader.has("payload"), !defaults.hasPayload {
      faults.error(
        "schema-type", "attribute '\(path)' needs a 'payload'; write 'payload: {type: none}' if it has none",
        at: source)
    }
    let key = keyType(keys)
    return AttributeSchema(
      name: name, path: path, reader, number: number, when: condition(reader, key: key),
      access: access(reader) ?? defaults.access,
      repeats: reader.has("repeat") ? reader.bool("repeat") : defaults.repeats,
      payloads: { payloads(reader, keys: keys) },
      calls: { own, access in
        let used = reader.has("payload") ? own.payloads : defaults.payloads
        let value = access == .has ? .any : valueType(used, name: "value")
        return call(access, reader, value: value, key: key)
      }, source: source)
  }

  /// The static type of `value`; `any` unless there is exactly one payload.
  private func valueType(_ payloads: Payloads, name: String) -> Type {
    payloads.count == 1 ? payloads[0].type.valueType(name: name) : .any
  }

  private func number(_ reader: KeyReader, _ path: String) -> AttributeNumber {
    if let keys = reader["keys"] {
      let payload = PayloadReader(faults: faults, scope: catalogue.scope(of: file, .constant))
      let fields = payload.bitFields(keys, extra: [])
      let bias = reader.integer("bias").flatMap { UInt64(exactly: $0) } ?? 0
      return .keys(fields, bias: bias)
    }
    if reader.string("number") == "any" { return .any }
    guard let number = reader.integer("number").flatMap({ UInt64(exactly: $0) }) else {
      if reader["number"] == nil {
        faults.error(
          "schema-type", "attribute '\(path)' needs 'number', 'number: any' or 'keys'", at: reader.node.range)
      }
      return .exactly(.max)
    }
    return .exactly(number)
  }

  private func keyType(_ fields: [BitField]) -> Type {
    let record = RecordType(name: "key")
    for field in fields { record.add(field.name.identifier, .integer) }
    return .record(record)
  }

  private func access(_ reader: KeyReader) -> [AttributeAccess]? {
    guard let node = reader["access"] else { return nil }
    return reader.strings("access").compactMap { word in
      if let access = AttributeAccess(rawValue: word) { return access }
      faults.error("schema-type", "'access' can only list set, get and has", at: node.range)
      return nil
    }
  }

  private func payloads(_ reader: KeyReader, keys: [BitField]) -> [(when: Expression?, type: PayloadType)] {
    guard let node = reader["payload"] else { return [] }
    let scope = catalogue.scope(of: file, .key(keyType(keys)))
    return PayloadReader(faults: faults, scope: scope).alternatives(node)
  }

  private func condition(_ reader: KeyReader, key: Type) -> Expression? {
    reader["when"].flatMap { $0.expression(in: catalogue.scope(of: file, .key(key)), as: .bool, faults) }
  }

  private func call(_ access: AttributeAccess, _ reader: KeyReader, value: Type, key: Type) -> CallSchema {
    let name = access.rawValue
    var result = CallSchema()
    guard let node = reader.child(name) else { return result }
    let own = KeyReader(
      node, keys: ["rules", "input", "value", "after", "before", "guest"], of: "'\(name)'", faults)
    let scope = catalogue.scope(of: file, .attribute(value: value, key: key))
    result.rules = own.child("rules").map { catalogue.ruleReader(scope).frame($0) }
    result.takesInput = own.bool("input")
    if let node = own["value"] {
      if let entries = node.entries {
        result.value = .fields(
          entries.compactMap { entry in
            if case .record(let record) = value, record.fields[entry.key.value.identifier] == nil {
              let hint = record.fields.keys.sorted().suggestion(for: entry.key.value.identifier)
              faults.error(
                "schema-unknown-name",
                "the payload has no field '\(entry.key.value)'\(hint)", at: entry.key.range)
            }
            return entry.value.expression(in: scope, faults).map { (entry.key.value.identifier, $0) }
          })
      } else {
        result.value = node.expression(in: scope, faults).map(CallValue.expression)
      }
    }
    result.after = orderWords(own["after"], scope)
    result.before = orderWords(own["before"], scope)
    result.guest = guestAnswers(own["guest"])
    return result
  }

  /// Reads a list of `{errno, because}`.
  private func guestAnswers(_ node: Node?) -> [GuestAnswer] {
    guard let node else { return [] }
    guard let items = node.items else {
      faults.error("schema-type", "'guest' must be a list of {errno, because}", at: node.range)
      return []
    }
    return items.compactMap { item -> GuestAnswer? in
      let reader = KeyReader(item, keys: ["errno", "because", "since", "until"], of: "an answer", faults)
      guard let errno = reader.errno("errno"), let because = reader.string("because") else {
        faults.error("schema-type", "an answer needs 'errno' and 'because'", at: item.range)
        return nil
      }
      return GuestAnswer(errno: errno, because: because, lifetime: reader.lifetime(), source: item.range)
    }
  }

  /// Reads words or mappings `{path, when}`, alone or in a list.
  private func orderWords(_ node: Node?, _ scope: RuleScope) -> [OrderWord] {
    guard let node else { return [] }
    return (node.items ?? [node]).compactMap { item in
      if let word = item.scalar { return OrderWord(path: Located(word, at: item.range)) }
      let reader = KeyReader(item, keys: ["path", "when"], of: "an entry of the order", faults)
      guard let path = reader["path"], let word = reader.string("path") else {
        faults.error("schema-type", "an entry of the order needs a 'path'", at: item.range)
        return nil
      }
      let when = reader["when"].flatMap { $0.expression(in: scope, as: .bool, faults) }
      return OrderWord(path: Located(word, at: path.range), when: when)
    }
  }

  /// Reads one errno for all three calls, or a mapping from call to errno.
  func errnos(_ node: Node?, default fallback: Errno?) -> AccessErrnos {
    guard let node else { return AccessErrnos(fallback) }
    if node.scalar != nil { return AccessErrnos(node.errno(faults) ?? fallback) }
    var result = AccessErrnos(fallback)
    let reader = KeyReader(node, keys: AttributeAccess.allCases.map(\.rawValue), of: "this", faults)
    for access in AttributeAccess.allCases {
      if let errno = reader.errno(access.rawValue) { result[access] = errno }
    }
    return result
  }
}
