import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import YAMLSyntax

/// Reads `attributes:` and `raw:` of a device, the VM or a vCPU against its schema.
struct AttributeReader {
  let context: ReadingContext
  var findings: Findings { context.findings }

  private var encoder: PayloadEncoder { context.encoder(isStep: false) }

  /// The settings of a mapping from groups to attributes.
  ///
  /// - Parameter earlier: the settings that an earlier vCPU has by the same text. Those without expressions are the same.
  func settings(
    _ node: Node?, of schema: SchemaFile, vcpu: VCPUContext? = nil, sameTextAs earlier: [AttributeSetting] = []
  ) -> [AttributeSetting] {
    guard let node, !node.isEmpty else { return [] }
    var settings = SettingList(earlier: earlier)
    /// The groups that only other device types have.
    var foreign: [(type: SchemaFile, groups: [Located])] = []
    defer { reportForeign(foreign, node, schema) }
    for entry in MappingReader(node, of: "'attributes'", keys: nil, findings).entries {
      guard let group = schema.group(named: entry.key.value) ?? meantGroup(entry, node, schema, &foreign) else {
        // An attribute in place of its group is read as if it were in the group.
        if let (home, attribute) = schema.home(ofAttribute: entry.key.value) {
          read(entry, of: attribute, in: home, of: schema, vcpu, into: &settings)
        }
        continue
      }
      if let nameless = group.attribute(named: nil) {
        read(entry, of: nameless, in: group, of: schema, vcpu, into: &settings)
        continue
      }
      guard let attributes = entry.value.entries else {
        if entry.value.isEmpty, !schema.attributes(of: group, besideItIn: node).isEmpty { continue }
        let names = group.attributes.compactMap(\.name).joined(separator: ", ")
        findings.error(
          "wrong-kind", "group '\(group.name)' must be a mapping of its attributes (\(names)), not \(entry.value.kind)",
          at: entry.value.isEmpty ? entry.key.range : entry.value.range)
        continue
      }
      for attribute in attributes {
        guard
          let found = group.attribute(named: attribute.key.value)
            ?? meantAttribute(attribute, entry.value, group, schema)
        else { continue }
        read(attribute, of: found, in: group, of: schema, vcpu, into: &settings)
      }
    }
    return settings.all
  }

  /// The settings of a mapping so far.
  private struct SettingList {
    /// Those that an earlier vCPU has by the same text.
    let earlier: [AttributeSetting]
    var all: [AttributeSetting] = []

    /// Adds a setting. It is read unless it is the same as on the earlier vCPU.
    mutating func append(_ read: () -> AttributeSetting) {
      let isKnown = all.count < earlier.count && !earlier[all.count].hasExpression
      all.append(isKnown ? earlier[all.count] : read())
    }
  }

  /// Reports an unknown group. Returns the one that is certainly meant, if the mapping does not have it anyway.
  private func meantGroup(
    _ entry: Entry, _ node: Node, _ schema: SchemaFile, _ foreign: inout [(type: SchemaFile, groups: [Located])]
  ) -> GroupSchema? {
    if let group = schema.home(ofAttribute: entry.key.value)?.0, let place = node.keyRange(group.name),
      node[key: group.name]?.isEmpty == true
    {
      let outside = schema.attributes(of: group, besideItIn: node)
      let names = outside.map { "'\($0.value)'" }.listed()
      if outside.first?.range == entry.key.range {
        findings.error(
          "wrong-kind", "group '\(group.name)' is empty; \(names) \(outside.count > 1 ? "belong" : "belongs") below it",
          at: place)
      }
      return nil
    }
    let meant = context.meantGroup(
      entry.key.value, of: schema, isTaken: { node[key: $0] != nil }, at: entry.key.range
    ) { other in
      if let i = foreign.firstIndex(where: { $0.type === other }) {
        foreign[i].groups.append(entry.key)
      } else {
        foreign.append((other, [entry.key]))
      }
      return true
    }
    return meant.flatMap { node[key: $0.name] == nil ? $0 : nil }
  }

  /// Reports the groups that another device type has, once for each such type unless all are near to groups of this one.
  private func reportForeign(_ foreign: [(type: SchemaFile, groups: [Located])], _ node: Node, _ schema: SchemaFile) {
    func isTaken(_ group: String) -> Bool { node[key: group] != nil }
    for (type, groups) in foreign {
      let own = schema.groupNames.filter { !isTaken($0) }
      if groups.allSatisfy({ context.certain($0.value, among: own) != nil }) {
        for group in groups {
          context.unknownGroup(group.value, of: schema, isTaken: isTaken, otherType: type, at: group.range)
        }
        continue
      }
      findings.error(
        "unknown-group",
        groups.map(\.value).named("\(schema.description) has no group")
          + "; \(type.description) has \(groups.count == 1 ? "it" : "them")", at: groups[0].range)
    }
  }

  private func meantAttribute(
    _ entry: Entry, _ node: Node, _ group: GroupSchema, _ schema: SchemaFile
  ) -> AttributeSchema? {
    let meant = context.meantAttribute(
      entry.key.value, in: group, of: schema, isTaken: { node[key: $0] != nil }, at: entry.key.range)
    return meant.flatMap { node[key: $0.name ?? ""] == nil ? $0 : nil }
  }

  /// Reads one setting, or one for each entry of a list.
  private func read(
    _ entry: Entry, of attribute: AttributeSchema, in group: GroupSchema, of owner: SchemaFile, _ vcpu: VCPUContext?,
    into settings: inout SettingList
  ) {
    let path = attribute.path
    guard attribute.repeats || !attribute.keyFields.isEmpty else {
      guard context.mayRead(path, at: entry.key.range) else { return }
      settings.append { setting(entry.value, key: entry.key.range, of: attribute, in: group, of: owner, vcpu) }
      return
    }
    guard let items = entry.value.items else {
      let isInLine = !entry.value.isEmpty && entry.value.range.start.line == entry.key.range.start.line
      findings.error(
        "wrong-kind",
        "'\(path)' takes a list, even for one value: put " + (isInLine ? "'[' and ']' around it" : "'- ' before each"),
        at: entry.value.isEmpty ? entry.key.range : entry.value.range)
      return
    }
    func add(_ node: Node, _ vcpu: VCPUContext?) {
      guard context.mayRead(path, at: entry.key.range) else { return }
      settings.append { setting(node, key: entry.key.range, of: attribute, in: group, of: owner, vcpu) }
      if vcpu?.isEach == true { settings.all[settings.all.count - 1].isForEachVCPU = true }
    }
    settings.all.reserveCapacity(settings.all.count + items.count)
    for item in items {
      guard let each = item.loop(of: attribute) else {
        add(item, vcpu)
        continue
      }
      let loop = "for-each"
      if each.key.value != loop {
        findings.unknown(
          "unknown-key", "an entry of '\(path)' has no key", each.key.value, among: [loop], at: each.key.range)
      }
      if each.value.scalar != "vcpu" {
        // The words behind 'for' of a step are not reported as well.
        if each.key.value == loop {
          findings.error("unknown-name", "'for-each' can only be 'vcpu'", at: each.value.range)
        }
        continue
      }
      let rest = item.without(each.key.value)
      for vcpu in context.vcpus { add(rest, vcpu) }
    }
  }

  private func setting(
    _ written: Node, key: SourceRange, of attribute: AttributeSchema, in group: GroupSchema, of owner: SchemaFile,
    _ vcpu: VCPUContext?
  ) -> AttributeSetting {
    let hasExpression = written.mentionsExpression
    let node = hasExpression ? context.parameters.expand(written, vcpu: vcpu) : written
    var setting = AttributeSetting(
      call: AttributeNumbers(group: group.number, attr: 0), schema: (group, attribute), owner: owner,
      path: attribute.path, at: node.isEmpty ? key : node.range)
    setting.hasExpression = hasExpression
    fill(&setting, from: node, of: attribute, in: group)
    return setting
  }

  // Apart from `setting`, which would copy what it returns.
  private func fill(
    _ setting: inout AttributeSetting, from node: Node, of attribute: AttributeSchema, in group: GroupSchema
  ) {
    let path = attribute.path
    var value = node
    let long = longForm(node, attribute, group)
    if let long {
      setting.isOptional = long.bool("optional") ?? false
      if let flags = long["flags"] { setting.call.flags = context.u32(flags, "flags") ?? 0 }
      value = long["value"] ?? Node(.scalar("", .plain), at: node.range)
      if !value.isEmpty { setting.at = value.range }
    }
    if let number = context.number(of: attribute, named: path, long) {
      setting.call.attr = number
      setting.keyPlaces = context.keyPlaces(of: attribute, long)
    } else {
      setting.hasNumber = false
      setting.isIncomplete = true
    }
    context.addPlaces(ofMembersIn: value, to: &setting.keyPlaces)
    if value.isEmpty, long?.isExplained(missing: "value") == true {
      setting.isIncomplete = true
      setting.data = .bytes([])
      return
    }
    encode(value, group.payload(of: attribute, setting.key, setting.call.attr), path, into: &setting)
    context.fillLengths(of: attribute, long, in: &setting)
  }

  /// The mapping around a value; nil if the node is only the value.
  private func longForm(_ node: Node, _ attribute: AttributeSchema, _ group: GroupSchema) -> MappingReader? {
    guard let entries = node.entries else {
      if attribute.keyFields.isEmpty { return nil }
      return MappingReader(node, of: "an entry of '\(attribute.path)'", keys: nil, findings)
    }
    if attribute.keyFields.isEmpty, !entries.contains(where: { $0.key.value == "value" }),
      !entries.contains(where: { $0.key.value == "optional" })
        || !entries.allSatisfy({ attribute.entryKeys.contains($0.key.value) || $0.key.value.isTypo(of: "value") })
    {
      return nil
    }
    func takes(_ condition: (PayloadType) -> Bool) -> Bool {
      group.payloads(of: attribute).contains { condition($0.type) }
    }
    return MappingReader(
      node, of: "'\(attribute.path)'", keys: attribute.entryKeys, findings,
      unoffered: attribute.keyFields.filter(\.isReserved).map(\.name),
      lists: takes(\.takesList) ? ["value"] : [], home: { key in takes { $0.hasMember(key) } ? "value" : nil })
  }

  private func encode(_ node: Node, _ type: PayloadType, _ path: String, into setting: inout AttributeSetting) {
    if type.isNone, node.isEmpty { return }
    guard !node.isEmpty else {
      findings.error("missing-value", "'\(path)' needs a value: \(type.words)", at: setting.at)
      setting.isIncomplete = true
      setting.data = .bytes([])
      return
    }
    if let encoded = encoder.encode(node, as: type, name: path), !setting.isIncomplete {
      setting.data = type.isNone ? .none : .bytes(encoded.payload.bytes, slots: encoded.slots)
      setting.value = node.flowText
    } else {
      // Unknown data reads as unknown on the model.
      setting.isIncomplete = true
      setting.data = .bytes([])
    }
  }

  /// `raw: [{group, attr, payload, flags}]`.
  func raw(_ node: Node?, vcpu: VCPUContext? = nil) -> [AttributeSetting] {
    guard let node, !node.isEmpty else { return [] }
    guard let items = node.items else {
      findings.wrongKind(node, of: "'raw'", wanted: "a list of {group, attr, payload}")
      return []
    }
    return items.compactMap { item in
      let item = context.parameters.expand(item, vcpu: vcpu)
      let reader = MappingReader(
        item, of: "a raw attribute", keys: ["group", "attr", "flags", "payload", "optional"], findings)
      guard let numbers = context.rawNumbers(reader) else { return nil }
      var setting = AttributeSetting(call: numbers, at: item.range.firstLine)
      setting.isOptional = reader.bool("optional") ?? false
      if let payload = reader["payload"] {
        guard let data = context.rawPayload(payload, encoder) else { return nil }
        setting.data = data
        setting.value = payload.flowText
      }
      return setting
    }
  }
}

extension String {
  /// Whether a key may be meant as one that repeats a step or an element of a list. This is tested for each of them.
  var mayMeanLoop: Bool { utf8.first == UInt8(ascii: "f") && hasPrefix("for") }
}

extension Node {
  /// The entry that repeats an element of a list for each vCPU: `for-each`, or a key that means it.
  fileprivate func loop(of attribute: AttributeSchema) -> Entry? {
    guard let entries else { return nil }
    for i in entries.indices where entries[i].key.value.mayMeanLoop {
      let key = entries[i].key.value
      if key == "for-each" { return entries[i] }
      if !attribute.entryKeys.contains(key), key == "for" || ["for-each"].certain(for: key) != nil { return entries[i] }
    }
    return nil
  }
}

extension ReadingContext {
  /// Reports an unknown group of a schema. Returns the group that is certainly meant, or nil.
  ///
  /// - Parameters:
  ///   - isTaken: whether a group is there already.
  ///   - collect: keeps another device type that has the group for a later report; false if it does not.
  func meantGroup(
    _ name: String, of schema: SchemaFile, isTaken: (String) -> Bool = { _ in false }, at range: SourceRange,
    collect: (SchemaFile) -> Bool = { _ in false }
  ) -> GroupSchema? {
    let what = "\(schema.description) has no group"
    let other = otherType(than: schema, having: { $0.group(named: name) != nil })
    let isNear = certain(name, among: schema.groupNames.filter { !isTaken($0) }) != nil
    if let other, isNear || schema.home(ofAttribute: name) == nil, collect(other) { return nil }
    if !isNear {
      if let (home, _) = schema.home(ofAttribute: name) {
        findings.error("unknown-group", "\(what) '\(name)'; '\(name)' belongs below '\(home.name)'", at: range)
        return nil
      }
      if let other {
        findings.error("unknown-group", "\(what) '\(name)'; \(other.description) has it", at: range)
        return nil
      }
      let owners = architectures(ofGroup: name, of: schema)
      if !owners.isEmpty {
        foreignName(
          "unknown-group",
          "\(what) '\(name)' on \(catalogue.architecture.rawValue); \(owners.map(\.rawValue).listed()) \(owners.count == 1 ? "has" : "have") it",
          of: owners, at: range)
        return nil
      }
    }
    let guess = unknownGroup(name, of: schema, isTaken: isTaken, otherType: other, at: range)
    return other == nil ? guess?.certain.flatMap(schema.group(named:)) : nil
  }

  /// - Parameter otherType: another device type that has the group.
  @discardableResult
  fileprivate func unknownGroup(
    _ name: String, of schema: SchemaFile, isTaken: (String) -> Bool, otherType: SchemaFile?, at range: SourceRange
  ) -> Guess? {
    findings.unknown(
      "unknown-group", "\(schema.description) has no group", name, among: schema.groupNames, isTaken: isTaken,
      at: range, notes: otherType.map { [Note("\($0.description) has a group '\(name)'")] } ?? [])
  }

  /// Reports an unknown attribute of a group. Returns the attribute that is certainly meant, or nil.
  ///
  /// - Parameter isTaken: whether an attribute is there already.
  func meantAttribute(
    _ name: String, in group: GroupSchema, of schema: SchemaFile, isTaken: (String) -> Bool = { _ in false },
    at range: SourceRange
  ) -> AttributeSchema? {
    let known = group.attributes.compactMap(\.name)
    let what = "group '\(group.name)' has no attribute"
    let notes = [Note("its attributes are described here", at: group.source)]
    if certain(name, among: known.filter { !isTaken($0) }) == nil,
      let other = otherType(than: schema, having: { $0.group(named: group.name)?.attribute(named: name) != nil })
    {
      findings.error(
        "unknown-attribute", "\(what) '\(name)'; that of \(other.description) has it", at: range, notes: notes)
      return nil
    }
    let guess = findings.unknown(
      "unknown-attribute", what, name, among: known, isTaken: isTaken, at: range, notes: notes)
    return guess?.certain.flatMap { group.attribute(named: $0) }
  }
}

extension SchemaFile {
  /// The attributes of a group that are written beside the group, so that the group seems to be empty.
  fileprivate func attributes(of group: GroupSchema, besideItIn node: Node) -> [Located] {
    (node.entries ?? []).map(\.key).filter {
      self.group(named: $0.value) == nil && home(ofAttribute: $0.value)?.0 === group
    }
  }

  /// The group that alone has an attribute of this name, and the attribute; nil if no group has one, or several do.
  func home(ofAttribute name: String) -> (GroupSchema, AttributeSchema)? {
    let homes = groups.compactMap { group in
      group.isNameless ? nil : group.attribute(named: name).map { (group, $0) }
    }
    return homes.count == 1 ? homes[0] : nil
  }
}
