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
        context.lacksSteps = true
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
      node, of: "a device", keys: Self.keys, findings, lists: ["type"], collections: ["attributes", "raw", "for"],
      home: { isGroup($0) ? "attributes" : nil })
    guard let typeNode = reader.required("type", "its device type") else { return nil }
    let written = typeNode.items ?? [typeNode]
    if written.count > Self.mostAlternatives {
      findings.error(
        "too-large", "a device can have at most \(Self.mostAlternatives) alternative types, found \(written.count)",
        at: typeNode.range)
    }
    let types = written.prefix(Self.mostAlternatives).map { context.parameters.expand($0) }
    let references = types.compactMap { type in
      DeviceTypeReader(context: context).reference(type) { paths(of: type, reader) }
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

  /// The attributes that a device would have with one of its types.
  private func paths(of type: Node, _ reader: MappingReader) -> [AttributePath] {
    let attributes = [reader["attributes"], reader["for"]?[key: type.scalar ?? ""]].flatMap { $0?.entries ?? [] }
    let misplaced = reader.entries.filter { !Self.keys.contains($0.key.value) }
    return (attributes + misplaced).flatMap { group in
      [AttributePath(group: group.key.value)]
        + (group.value.entries ?? []).map { AttributePath(group: group.key.value, attribute: $0.key.value) }
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
          isTaken: { node[key: $0] != nil }, at: entry.key.range)
      }
    }
    return result
  }
}

/// A group of attributes, or an attribute, that a manifest names.
struct AttributePath {
  var group: String
  var attribute: String?
}

extension SchemaFile {
  fileprivate func has(_ path: AttributePath) -> Bool {
    guard let group = group(named: path.group) else { return false }
    return path.attribute.map { group.attribute(named: $0) != nil } ?? true
  }
}

/// Reads a device type: a name of this architecture, `ARCH/NAME` of another, or `{number: N}`.
struct DeviceTypeReader {
  let context: ReadingContext
  private var findings: Findings { context.findings }

  /// - Parameter paths: the attributes that the manifest has for the device, which decide what a wrong name means; called
  ///   only for a message.
  func reference(_ node: Node, paths: () -> [AttributePath]) -> DeviceTypeReference? {
    if let entries = node.entries, entries.count == 1, ["number"].nearest(to: entries[0].key.value) != nil {
      let reader = MappingReader(node, of: "a device type", keys: ["number"], findings)
      let number = reader.required("number", "the number of the type").flatMap { context.u32($0, "number") }
      return number.map { numbered($0, at: node.range) }
    }
    guard let name = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "a device type", wanted: "a name, or {number: N}")
      return nil
    }
    if name.contains("/") { return foreign(name, node.range) }
    if let found = named(name, at: node.range) { return found }
    if let number = IntegerLiteral.parse(name).flatMap({ UInt32(exactly: $0) }),
      context.catalogue.device(numbered: number) != nil
    {
      report(name, "{number: \(number)}", at: node.range)
      return numbered(number, at: node.range)
    }
    let owners = Architecture.allCases.filter { context.catalogue.number(ofType: name, of: $0) != nil }
    if let foreign = owners.first {
      context.foreignName(
        "unknown-device-type",
        "device type '\(name)' belongs to \(owners.map(\.rawValue).listed()), but this manifest is for \(context.catalogue.architecture.rawValue)",
        of: owners, at: node.range,
        notes: [Note("to test or create it anyway, write '\(foreign.rawValue)/\(name)' in 'steps'")])
      return nil
    }
    guard let meant = guess(name, paths()) else {
      findings.unknown(
        "unknown-device-type", "there is no device type", name, among: context.catalogue.allDeviceTypes, at: node.range)
      return nil
    }
    report(name, meant.name, at: node.range)
    return meant.certain.flatMap { named($0, at: node.range) }
  }

  private func report(_ name: String, _ meant: String, at range: SourceRange) {
    findings.error(
      "unknown-device-type", "there is no device type '\(name)'; did you mean '\(meant)'?", at: range,
      fixIts: [FixIt(replace: range, with: meant)])
  }

  private func named(_ name: String, at range: SourceRange) -> DeviceTypeReference? {
    guard let schema = context.catalogue.device(named: name), let number = schema.number else { return nil }
    return DeviceTypeReference(name: name, number: number, schema: schema, at: range)
  }

  private func numbered(_ number: UInt32, at range: SourceRange) -> DeviceTypeReference {
    DeviceTypeReference(
      name: "type-\(number)", number: number, schema: context.catalogue.device(numbered: number), at: range)
  }

  /// The device type that a name means: the only one that has most of the attributes, if that is at least half of them, or
  /// else one with a near name.
  private func guess(_ name: String, _ paths: [AttributePath]) -> Guess? {
    let types = context.catalogue.allDeviceTypes
    var fits: [String: Int] = [:]
    for type in types {
      if let schema = context.catalogue.device(named: type) { fits[type] = paths.count(where: schema.has) }
    }
    let most = fits.values.max() ?? 0
    let best = types.filter { fits[$0] == most }
    if let certain = context.certain(name, among: types), best.contains(certain) {
      return Guess(name: certain, isCertain: true)
    }
    // Types that differ only in their number are equally near.
    if most == 0, types.numbered(like: name).count > 1 { return nil }
    if most > 0, 2 * most >= paths.count, best.count == 1 { return Guess(name: best[0], isCertain: true) }
    let nearest = (most > 0 ? best.nearest(to: name) : nil) ?? types.nearest(to: name)
    // A part of a single name, such as `gicv3`.
    return nearest.map { Guess(name: $0, isCertain: best.contains($0) && types.related(to: name) == [$0]) }
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
      findings.unknown(
        "unknown-device-type", "\(parts[0]) has no device type", parts[1],
        among: context.catalogue.deviceTypes(of: architecture), at: range)
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
