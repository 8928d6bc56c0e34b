import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads `devices:`.
package struct DeviceReader {
  let context: ReadingContext
  private var findings: Findings { context.findings }

  package static let keys = ["name", "type", "attributes", "for", "optional", "raw"]
  /// The calls of an alternative depend on the tests of all alternatives before it.
  private static let mostAlternatives = 64
  /// The first words of paths that do not name a device.
  package static let reservedNames = ["vm", "vcpu", "system"]

  func declarations(_ node: Node?) -> [DeviceDeclaration] {
    guard let node, !node.isEmpty else { return [] }
    guard let items = node.items else {
      findings.wrongKind(node, of: "'devices'", wanted: "a list of devices")
      return []
    }
    var names: [String: SourceRange] = [:]
    return items.compactMap { item in
      guard let declaration = declaration(item) else {
        // Its uses are not reported.
        let name = item[key: "name"] ?? item[key: "type"]
        context.payloads.unknownDescriptors.formUnion((name?.items ?? [name].compactMap(\.self)).compactMap(\.scalar))
        return nil
      }
      if let first = names[declaration.name] {
        findings.error(
          "duplicate-name", "there are two devices '\(declaration.name)'; give one of them another 'name'",
          at: declaration.at, notes: [Note("the first is here", at: first)])
      } else {
        names[declaration.name] = declaration.at
      }
      return declaration
    }
  }

  private func declaration(_ written: Node) -> DeviceDeclaration? {
    var node = written
    if let type = written.scalar, context.catalogue.device(named: type) != nil {
      findings.wrongKind(
        written, of: "a device", wanted: "a mapping", fixIts: [FixIt(replace: written.range, with: "{type: \(type)}")])
      node = Node(.mapping([Entry(key: Located("type", at: written.range), value: written)]), at: written.range)
    }
    let hasUnknownKey = node.entries?.contains { !Self.keys.contains($0.key.value) } ?? false
    let schemas = hasUnknownKey ? node[key: "type"].map(schemas) ?? [] : []
    func isGroup(_ key: String) -> Bool { schemas.contains { $0.group(named: key) != nil } }
    let reader = MappingReader(
      node, of: "a device", keys: Self.keys, findings, home: { isGroup($0) ? "attributes" : nil })
    guard let typeNode = reader.required("type", "its device type") else { return nil }
    let written = typeNode.items ?? [typeNode]
    if written.count > Self.mostAlternatives {
      findings.error(
        "too-large", "a device can have at most \(Self.mostAlternatives) alternative types, found \(written.count)",
        at: typeNode.range)
    }
    let types = written.prefix(Self.mostAlternatives).map { context.parameters.expand($0) }
    let references = types.compactMap {
      DeviceTypeReader(context: context).reference($0, attributes: reader["attributes"])
    }
    guard let first = references.first else {
      // The type has been reported; its attributes cannot be looked up.
      return nil
    }
    let name = reader["name"].map { context.parameters.expand($0) }
    if let name, let text = name.scalar, Self.reservedNames.contains(text) || text.contains(".") || text.isEmpty {
      findings.error("bad-name", text.whyNoDevice, at: name.range)
    }
    if let name, name.scalar == nil { findings.wrongKind(name, of: "'name'", wanted: "text") }
    let own = self.own(reader, references)
    let alternatives = references.map { reference in
      var alternative = DeviceAlternative(type: reference)
      guard let schema = reference.schema else {
        if let attributes = reader["attributes"], !attributes.isEmpty {
          findings.error(
            "unknown-device-type", "device type \(reference.name) has no schema: write its attributes under 'raw'",
            at: reader.keyRange("attributes"))
        }
        alternative.attributes = AttributeReader(context: context).raw(reader["raw"])
        return alternative
      }
      let attributes = AttributeReader(context: context)
      alternative.attributes =
        attributes.settings(reader["attributes"], of: schema) + attributes.settings(own[reference.name], of: schema)
        // In its place, the group has the values that this one is to replace.
        + attributes.settings(reader.part { isGroup($0) && reader["attributes"]?[key: $0] == nil }, of: schema)
        + attributes.raw(reader["raw"])
      return alternative
    }
    return DeviceDeclaration(
      name: name?.scalar ?? first.name, alternatives: alternatives, isOptional: reader.bool("optional") ?? false,
      at: name?.range ?? first.at)
  }

  /// The schemas of the device types that are certain, for keys that are in the wrong place.
  private func schemas(_ type: Node) -> [SchemaFile] {
    (type.items ?? [type]).compactMap(\.scalar).compactMap { name in
      context.catalogue.device(named: name)
        ?? context.catalogue.allDeviceTypes.nearest(to: name).flatMap { context.catalogue.device(named: $0) }
    }
  }

  /// The attributes of single alternatives, from `for:`.
  private func own(_ reader: MappingReader, _ references: [DeviceTypeReference]) -> [String: Node] {
    guard let node = reader["for"] else { return [:] }
    var result: [String: Node] = [:]
    for entry in MappingReader(node, of: "'for'", keys: nil, findings).entries {
      if references.contains(where: { $0.name == entry.key.value }) {
        result[entry.key.value] = entry.value
      } else if context.catalogue.device(named: entry.key.value) != nil {
        findings.error(
          "unknown-device-type",
          "this device has no alternative '\(entry.key.value)'; add it to 'type'", at: entry.key.range)
      } else {
        findings.unknown(
          "unknown-device-type", "this device has no alternative", entry.key.value, among: references.map(\.name),
          at: entry.key.range)
      }
    }
    return result
  }
}

/// Reads a device type: a name of this architecture, `ARCH/NAME` of another, or `{number: N}`.
struct DeviceTypeReader {
  let context: ReadingContext
  private var findings: Findings { context.findings }

  /// - Parameter attributes: the attributes of the device; of several types that a misspelt name may mean, the one that
  ///   has most of them is meant.
  func reference(_ node: Node, attributes: Node? = nil) -> DeviceTypeReference? {
    if let number = node[key: "number"] {
      _ = MappingReader(node, of: "a device type", keys: ["number"], findings)
      guard let value = context.u32(number, "number") else { return nil }
      return DeviceTypeReference(
        name: "type-\(value)", number: value, schema: context.catalogue.device(numbered: value), at: node.range)
    }
    guard let name = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "a device type", wanted: "a name, or {number: N}")
      return nil
    }
    if name.contains("/") { return foreign(name, node.range) }
    guard let schema = context.catalogue.device(named: name), let number = schema.number else {
      let owners = Architecture.allCases.filter { context.catalogue.number(ofType: name, of: $0) != nil }
      if let foreign = owners.first {
        findings.error(
          "unknown-device-type",
          "device type '\(name)' belongs to \(owners.map(\.rawValue).listed()), but this manifest is for \(context.catalogue.architecture.rawValue)",
          at: node.range, notes: [Note("to test or create it anyway, write '\(foreign.rawValue)/\(name)' in 'steps'")])
      } else {
        let meant = findings.unknown(
          "unknown-device-type", "there is no device type", name, among: types(fitting: attributes), at: node.range)
        // The attributes are checked against the type that is probably meant.
        if let meant, let schema = context.catalogue.device(named: meant), let number = schema.number {
          return DeviceTypeReference(name: meant, number: number, schema: schema, at: node.range)
        }
      }
      return nil
    }
    return DeviceTypeReference(name: name, number: number, schema: schema, at: node.range)
  }

  /// The device types; those that have most of these attributes come first.
  private func types(fitting attributes: Node?) -> [String] {
    let types = context.catalogue.allDeviceTypes
    guard let groups = attributes?.entries else { return types }
    let paths = groups.flatMap { group in
      (group.value.entries?.map(\.key.value) ?? []).map { (group.key.value, $0) }
    }
    func fit(_ type: String) -> Int {
      guard let schema = context.catalogue.device(named: type) else { return 0 }
      return paths.count { group, attribute in schema.group(named: group)?.attribute(named: attribute) != nil }
    }
    return types.map { ($0, fit($0)) }.sorted { $0.1 > $1.1 }.map(\.0)
  }

  private func foreign(_ name: String, _ range: SourceRange) -> DeviceTypeReference? {
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    guard parts.count == 2, let architecture = Architecture(rawValue: parts[0]) else {
      findings.unknown(
        "unknown-architecture", "there is no architecture", parts.first ?? "",
        among: Architecture.names,
        at: range)
      return nil
    }
    guard let number = context.catalogue.number(ofType: parts[1], of: architecture) else {
      findings.error("unknown-device-type", "\(parts[0]) has no device type '\(parts[1])'", at: range)
      return nil
    }
    return DeviceTypeReference(
      name: parts[1], number: number,
      schema: architecture == context.catalogue.architecture ? context.catalogue.device(named: parts[1]) : nil,
      at: range)
  }
}

extension String {
  /// The message that this cannot be the name of a device.
  var whyNoDevice: String {
    let why = contains(".") ? "a dot separates the parts of a path" : "paths begin with its name"
    return "a device cannot be called '\(self)': \(why)"
  }
}
