import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

// Calls on attributes.
extension StepReader {
  struct Path {
    var target: TargetName
    var schema: SchemaFile?
    /// What follows the target: `addr`, `dist`.
    var rest: [Substring]
    /// Whether the target exists. That it does not is reported, and what follows is only read for its mistakes.
    var isKnown = true
  }

  /// The path of something that exists.
  func target(_ node: Node) -> Path? { path(node).flatMap { $0.isKnown ? $0 : nil } }

  /// `DEVICE…`, `vm…`, `system…` or `vcpu.ID…`.
  private func path(_ node: Node) -> Path? {
    guard let text = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "a path", wanted: "DEVICE.GROUP.ATTRIBUTE, vm.…, vcpu.ID.… or system.…")
      return nil
    }
    if node.isUnexpanded, context.parameters.loaded.index(of: text) == nil { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    switch parts[0] {
    case "vm": return Path(target: .vm, schema: context.catalogue.vm, rest: Array(parts.dropFirst()))
    case "system": return Path(target: .system, schema: context.catalogue.system, rest: Array(parts.dropFirst()))
    case "vcpu":
      guard parts.count > 1, let id = UInt64(parts[1]) else {
        findings.error("unknown-target", "a vCPU is named by its id, as in 'vcpu.0'", at: node.range)
        return nil
      }
      let isKnown = names.vcpus.contains(id)
      if !isKnown {
        reportUnknownVCPU(
          id, at: node.range(of: Span(start: 0, length: "vcpu.".utf8.count + parts[1].utf8.count)))
        if parts.count == 2 { return nil }
      }
      return Path(
        target: .vcpu(id), schema: context.catalogue.vcpu, rest: Array(parts.dropFirst(2)), isKnown: isKnown)
    default:
      let name = String(parts[0])
      if let id = name.vcpuID, names.vcpus.contains(id), names.devices[name] == nil {
        let place = node.range(of: Span(start: 0, length: name.utf8.count))
        findings.error(
          "unknown-device", "there is no device '\(name)'; did you mean 'vcpu.\(id)'?", at: place,
          fixIts: [FixIt(replace: place, with: "vcpu.\(id)")])
        return Path(target: .vcpu(id), schema: context.catalogue.vcpu, rest: Array(parts.dropFirst()))
      }
      let word = Node(.scalar(name, .plain), at: node.range(of: Span(start: 0, length: name.utf8.count)))
      let found = context.device(word, among: names.devices.keys.sorted() + DeviceReader.reservedNames) {
        names.devices[$0] != nil
      }
      guard let name = found, let schema = names.devices[name] else { return nil }
      if names.ambiguous.contains(name) {
        findings.error(
          "ambiguous-device", "the type of '\(name)' is known only on the host; steps need a device with one type",
          at: node.range)
        return nil
      }
      return Path(target: .device(name), schema: schema, rest: Array(parts.dropFirst()))
    }
  }

  func attribute(
    _ verb: String, _ subject: Node, _ reader: MappingReader, _ expected: [Answer], _ at: SourceRange
  ) -> ExplicitStep? {
    guard let access = AttributeAccess(rawValue: verb), let path = path(subject) else { return nil }
    let isRaw = reader["attr"] != nil || reader["group"] != nil
    let step =
      isRaw
      ? raw(access, path, subject, reader, expected, at) : named(access, path, subject, reader, expected, at)
    return path.isKnown ? step : nil
  }

  /// A call by names: `{set: gic.nr-irqs, value: 64}`.
  private func named(
    _ access: AttributeAccess, _ path: Path, _ subject: Node, _ reader: MappingReader, _ expected: [Answer],
    _ at: SourceRange
  ) -> ExplicitStep? {
    guard let (group, attribute) = find(path, subject) else { return nil }
    let name = attribute.path
    var allowed = [access.rawValue, "expect", "flags"] + attribute.keyFields.map(\.name)
    switch access {
    case .set: allowed += ["value", "address"]
    case .get: allowed += ["value", "input", "address", "as"]
    case .has: allowed += ["address"]
    }
    let reader = MappingReader(
      reader.node, of: "this step", keys: allowed, findings,
      unoffered: attribute.keyFields.filter(\.isReserved).map(\.name),
      lists: ["expect"] + (group.payloads(of: attribute).contains { $0.type.takesList } ? ["value"] : []))
    var setting = AttributeSetting(
      call: AttributeNumbers(group: group.number, attr: 0, flags: flags(reader)), schema: (group, attribute),
      owner: path.schema, path: name, at: at)
    let others = allowed.filter { name in !attribute.keyFields.contains { $0.name == name } }
    let keys = MappingReader(
      Node(.mapping(reader.entries.filter { !others.contains($0.key.value) }), at: reader.node.range),
      of: "this step", keys: nil, findings)
    guard let number = context.number(of: attribute, named: name, keys) else { return nil }
    setting.call.attr = number
    setting.keyPlaces = context.keyPlaces(of: attribute, keys)
    if let value = reader["value"] { context.addPlaces(ofMembersIn: value, to: &setting.keyPlaces) }
    let type = group.payload(of: attribute, setting.key, number)
    let comparison = payload(access, type, name, reader, into: &setting)
    if comparison != nil, let place = reader.valueRange("value") { setting.keyPlaces.append(KeyPlaces.wanted, place) }
    context.fillLengths(of: attribute, keys, in: &setting)
    var step = ExplicitStep(
      action: .attribute(access, on: path.target, setting, comparison), expected: expected, at: setting.at)
    step.isIncomplete = setting.isIncomplete
    if access == .get { step.stored = store(reader, type.asInteger, of: setting.data, at: 0) }
    return step
  }

  func find(_ path: Path, _ node: Node) -> (GroupSchema, AttributeSchema)? {
    guard let schema = path.schema else {
      findings.error(
        "unknown-attribute",
        "there is no schema: write the group and the attribute as numbers, {\(node.scalar ?? ""), group: 0, attr: 0}",
        at: node.range)
      return nil
    }
    guard let first = path.rest.first else {
      findings.error(
        "unknown-group", "the path needs a group: \(schema.groupNames.joined(separator: ", "))", at: node.range)
      return nil
    }
    let text = node.scalar ?? ""
    let groupStart = text.utf8.count - path.rest.map(\.utf8.count).reduce(path.rest.count - 1, +)
    let groupRange = node.range(of: Span(start: groupStart, length: first.utf8.count))
    guard
      let group = schema.group(named: String(first))
        ?? context.meantGroup(String(first), of: schema, at: groupRange)
    else {
      // An attribute without its group is read as if it were in it.
      return path.rest.count == 1 ? schema.home(ofAttribute: String(first)) : nil
    }
    let name = path.rest.count > 1 ? path.rest.dropFirst().joined(separator: ".") : nil
    if let attribute = group.attribute(named: name) { return (group, attribute) }
    let known = group.attributes.compactMap(\.name)
    guard let name else {
      findings.error(
        "unknown-attribute", "the path needs an attribute of group '\(group.name)': \(known.joined(separator: ", "))",
        at: node.range)
      return nil
    }
    let start = groupStart + first.utf8.count + 1
    if known.isEmpty {
      findings.error(
        "unknown-attribute", "group '\(group.name)' has a single attribute without a name; end the path at the group",
        at: node.range(of: Span(start: start, length: name.utf8.count)))
      return nil
    }
    // The value is read as that of the attribute that is meant.
    return context.meantAttribute(
      name, in: group, of: schema, at: node.range(of: Span(start: start, length: name.utf8.count))
    ).map { (group, $0) }
  }

  /// Fills in the data that the call's pointer refers to. Returns what a get must read.
  func payload(
    _ access: AttributeAccess, _ type: PayloadType, _ name: String, _ reader: MappingReader,
    into setting: inout AttributeSetting
  ) -> Comparison? {
    if hasInvalidAddress(reader) {
      setting.data = .invalid
      return nil
    }
    switch access {
    case .has: return nil
    case .set:
      guard let value = reader["value"], !value.isEmpty else {
        if type.isNone { return nil }
        if !reader.isExplained(missing: "value"), !hasTwoCalls {
          findings.error("missing-key", "'set' needs a 'value': '\(name)' is \(type.words)", at: setting.at)
        }
        setting.isIncomplete = true
        setting.data = .bytes([])
        return nil
      }
      guard let encoded = encoder.encode(value, as: type, name: name) else {
        setting.isIncomplete = true
        setting.data = .bytes([])
        return nil
      }
      setting.data = type.isNone ? .none : .bytes(encoded.payload.bytes, slots: encoded.slots)
      setting.value = value.flowText
      setting.at = value.range
      return nil
    case .get: return buffer(type, name, reader, into: &setting)
    }
  }

  func buffer(
    _ type: PayloadType, _ name: String, _ reader: MappingReader, into setting: inout AttributeSetting
  ) -> Comparison? {
    if type.isNone { return nil }
    if let input = reader["input"] {
      if let encoded = encoder.encode(input, as: type, name: name) {
        setting.data = .bytes(encoded.payload.bytes, slots: encoded.slots)
      } else {
        setting.isIncomplete = true
        setting.data = .bytes([])
      }
    } else {
      setting.data = .bytes(Array(repeating: 0, count: type.fixedSize ?? 8))
    }
    guard let value = reader["value"], !value.isEmpty else { return nil }
    guard let encoded = encoder.encode(value, as: type, name: name) else {
      setting.isIncomplete = true
      return nil
    }
    setting.value = value.flowText
    return Comparison(bytes: encoded.payload.bytes, mask: encoded.payload.mask)
  }

  /// A call by raw numbers: `{set: gic, group: 99, attr: 0, payload: {u64: 0}}`.
  func raw(
    _ access: AttributeAccess, _ path: Path, _ subject: Node, _ reader: MappingReader, _ expected: [Answer],
    _ at: SourceRange
  ) -> ExplicitStep? {
    let hasValue = reader["value"] != nil
    let (reader, _) = checked(
      reader, "this step", keys: [access.rawValue, "expect", "flags", "group", "attr", "payload", "address"])
    var group: UInt32?
    if let name = path.rest.first {
      guard let found = path.schema?.group(named: String(name)) else {
        findings.unknown(
          "unknown-group", "\(path.schema?.description ?? "the device") has no group", String(name),
          among: path.schema?.groupNames ?? [], at: subject.range)
        return nil
      }
      group = found.number
    }
    guard let numbers = context.rawNumbers(reader, group: group) else { return nil }
    var setting = AttributeSetting(call: numbers, at: at)
    setting.isIncomplete = reader["payload"] == nil && hasValue
    if hasInvalidAddress(reader) {
      setting.data = .invalid
    } else if let payload = reader["payload"] {
      let data = context.rawPayload(payload, encoder)
      setting.isIncomplete = data == nil
      setting.data = data ?? .none
      if access == .set { setting.value = payload.flowText }
      setting.keyPlaces.append("payload", payload.range)
    }
    if setting.isIncomplete { setting.data = .bytes([]) }
    var step = ExplicitStep(
      action: .attribute(access, on: path.target, setting, nil), expected: expected, at: at)
    step.isIncomplete = setting.isIncomplete
    return step
  }
}

extension String {
  /// The id of a vCPU from `0`, `cpu0` or `vcpu0`; nil for another text.
  fileprivate var vcpuID: UInt64? {
    for prefix in ["vcpu", "cpu", ""] where hasPrefix(prefix) { return UInt64(dropFirst(prefix.count)) }
    return nil
  }
}

extension PayloadType {
  /// The integer, without its bit fields.
  fileprivate var asInteger: PayloadType {
    if case .bits(let bits) = self { .integer(bits.integer) } else { self }
  }
}
