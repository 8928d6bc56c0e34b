import DeviceSchema
import Reference
import TextOutput
import Vocabulary

/// `attributes:` and `raw:` of a device, the VM or a vCPU.
struct AttributeMappings {
  let definitions: Definitions
  let architecture: Architecture
  /// Whether the mappings are merged with those of another file.
  var isLaidOver = false

  private var scalars: Scalars { Scalars(definitions: definitions) }
  private var start: String { architecture.rawValue + (isLaidOver ? ".over." : ".") }

  /// The groups of a file with their attributes.
  func attributes(of file: SchemaFile) -> JSON {
    definitions.reference(start + file.name) {
      let groups = file.groups.map { group -> (String, JSON) in
        if let nameless = group.attribute(named: nil) { return (group.name, setting(of: nameless, in: group, file)) }
        let attributes = group.attributes.map { ($0.name ?? "", setting(of: $0, in: group, file)) }
        return (group.name, JSON.mapping(attributes, isLaidOver: isLaidOver).described(group.doc))
      }
      return .mapping(groups, orNothing: true, isLaidOver: isLaidOver).described(
        "groups with their attributes: \(file.doc ?? file.name)")
    }
  }

  /// The schema of an attribute's value.
  private func setting(of attribute: AttributeSchema, in group: GroupSchema, _ file: SchemaFile) -> JSON {
    let path = "\(file.name).\(attribute.path)"
    let isList = !attribute.keyFields.isEmpty || attribute.repeats
    // A list replaces that of the other file.
    if isLaidOver, isList {
      return AttributeMappings(definitions: definitions, architecture: architecture).setting(
        of: attribute, in: group, file)
    }
    return definitions.reference(start + path) {
      let types = group.payloadTypes(of: attribute)
      let value: JSON
      if !attribute.keyFields.isEmpty {
        value = .list(of: entry(types, attribute.keyFields))
      } else if attribute.repeats {
        value = .list(of: self.value(types, extra: [("for-each", forEach)]))
      } else {
        value = self.value(types, extra: [])
      }
      return value.described(attribute.words(in: group, file))
    }
  }

  private var forEach: JSON { JSON.word("vcpu", "repeats the entry for each vCPU") }

  /// A value, or a mapping with the value and more keys.
  private func value(_ types: [PayloadType], extra: [(String, JSON)]) -> JSON {
    let plain = PayloadSchema(definitions: definitions, isLaidOver: isLaidOver)
    var extended = plain
    extended.extra = extra
    let payload = JSON.any(of: types.map(plain.schema))
    let short = JSON.any(of: types.map(extended.schema))
    var forms = [short, .mapping([("value", payload)] + long + extra, required: ["value"], isLaidOver: isLaidOver)]
    if types.contains(where: \.isNone) {
      forms.append(
        .mapping([("optional", scalars.computedBool)] + extra, required: ["optional"], isLaidOver: isLaidOver))
    }
    return .any(of: forms)
  }

  /// The keys that are allowed beside a value.
  private var long: [(String, JSON)] {
    [
      (
        "optional",
        scalars.computedBool.described("skipped if the host does not have the attribute (KVM_HAS_DEVICE_ATTR)")
      ), ("flags", scalars.unsigned(32).described("flags of the call; no kernel defines any")),
    ]
  }

  /// A mapping with the value and the fields of a structured number.
  private func entry(_ types: [PayloadType], _ keys: [BitField]) -> JSON {
    let payload = JSON.any(of: types.map { PayloadSchema(definitions: definitions).schema($0) })
    var required = keys.filter { $0.initial == nil }.map(\.name)
    if !types.contains(where: \.isNone) { required.append("value") }
    return .mapping(
      keys.map { ($0.name, scalars.key($0)) } + [("value", payload)] + long + [("for-each", forEach)],
      required: required)
  }

  /// Calls by bare numbers.
  var raw: JSON {
    definitions.reference("raw") {
      let call = JSON.mapping(
        [
          ("group", scalars.unsigned(32).described("the group's number")),
          ("attr", scalars.unsigned(64).described("the attribute's number")),
          ("payload", PayloadSchema(definitions: definitions).raw()),
        ] + long, required: ["group", "attr"])
      return JSON([("type", ["array", "null"]), ("items", call)]).described(
        "calls by number, also for attributes without a schema")
    }
  }
}

extension Scalars {
  /// A field of a structured number.
  func key(_ key: BitField) -> JSON {
    field(key).described(
      [key.description.doc, key.description.words.joined(separator: ", ")].compactMap { $0 }.filter { !$0.isEmpty }
        .joined(separator: "\n\n"))
  }
}

extension GroupSchema {
  /// Every type that the payload of an attribute can have.
  func payloadTypes(of attribute: AttributeSchema) -> [PayloadType] {
    let types = payloads(of: attribute).map(\.type)
    return types.isEmpty ? [.none] : types
  }
}

extension AttributeSchema {
  /// The text that editors show for the attribute.
  func words(in group: GroupSchema, _ file: SchemaFile) -> String {
    var paragraphs: [String] = []
    if let doc = doc ?? group.doc { paragraphs.append(doc) }
    var facts = [group.payloads(of: self).summary]
    for case .integer(let type) in group.payloads(of: self).map(\.type) { facts += type.description.words }
    let calls = file.calls(on: self).map(\.rawValue).joined(separator: ", ")
    var sentences = [facts.joined(separator: ", "), calls.isEmpty ? "no calls" : calls]
    let lifetime = Lifetime([file.lifetime, group.lifetime, lifetime])
    if let since = lifetime.since { sentences.append("since Linux \(since)") }
    if let until = lifetime.until { sentences.append("until Linux \(until)") }
    paragraphs.append(sentences.joined(separator: "; "))
    let constants = [group.constant, constant].compactMap { $0 }.joined(separator: ", ")
    if !constants.isEmpty { paragraphs.append(constants) }
    paragraphs.append("kvmconf explain \(file.name).\(path)")
    return paragraphs.joined(separator: "\n\n")
  }
}
