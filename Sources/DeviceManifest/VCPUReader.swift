import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// The id of a vCPU, and its place.
private struct DeclaredID {
  var value: UInt64
  var range: SourceRange
}

/// Reads `vcpus:`: first the vCPUs and later, after the devices, their attributes.
package struct VCPUReader {
  let context: ReadingContext
  private var findings: Findings { context.findings }

  package static let keys = ["count", "ids", "features", "capabilities", "attributes", "each", "raw"]
  private static let most = UInt64(Plan.mostVCPUs)

  private func reader(_ node: Node) -> MappingReader {
    var node = node
    if let text = node.scalar, IntegerLiteral.parse(text) != nil || text.hasPrefix("${") {
      findings.error(
        "wrong-kind", "'vcpus' must be a mapping, not a scalar; did you mean '{count: \(text)}'?", at: node.range,
        fixIts: [FixIt(replace: node.range, with: "{count: \(node.range.text)}")])
      node = Node(.mapping([Entry(key: Located("count", at: node.range), value: node)]), at: node.range)
    }
    return MappingReader(
      node, of: "'vcpus'", keys: Self.keys, findings, lists: ["ids", "features", "capabilities"],
      collections: ["capabilities", "attributes", "raw", "each"], home: home(of:))
  }

  /// Settings belong below `attributes`.
  private func home(of key: String) -> String? {
    context.catalogue.vcpu?.group(named: key) == nil ? nil : "attributes"
  }

  func declarations(_ node: Node?) -> [VCPUDeclaration] {
    guard let node else { return [] }
    let reader = reader(node)
    let ids = ids(reader)
    let features = features(reader["features"].map { context.parameters.expand($0) })
    context.vcpus = ids.enumerated().map {
      VCPUContext(id: $1.value, index: $0, isEach: context.vcpuCount != nil)
    }
    return ids.map {
      VCPUDeclaration(id: $0.value, features: features, isAssumed: context.hasUnknownVCPUs, at: $0.range)
    }
  }

  private func ids(_ reader: MappingReader) -> [DeclaredID] {
    if let both = reader.keyRange("count"), reader["ids"] != nil {
      findings.error(
        "conflicting-keys", "'vcpus' has 'count' or 'ids', not both", at: both,
        notes: reader.keyRange("ids").map { [Note("the ids are here", at: $0)] } ?? [])
    }
    if let ids = reader["ids"] {
      if let text = ids.scalar, !ids.isEmpty {
        report(text, insteadOfIDs: ids, reader)
        return assumed(at: ids.range)
      }
      var seen: [UInt64: SourceRange] = [:]
      return reader.items("ids", "vCPU ids").compactMap { item in
        let item = context.parameters.expand(item)
        guard let id = context.u64(item, "ids") else {
          context.hasUnknownVCPUs = true
          return nil
        }
        if let first = seen[id] {
          findings.error(
            "duplicate-name", "vCPU \(id) is listed twice", at: item.range, notes: [Note("first here", at: first)])
          return nil
        }
        seen[id] = item.range
        return DeclaredID(value: id, range: item.range)
      }
    }
    guard let written = reader.required("count", "the number of vCPUs (or 'ids', a list)") else {
      return assumed(at: reader.node.range.firstLine)
    }
    let node = context.parameters.expand(written)
    if let parameter = node.scalar.flatMap(context.parameters.loaded.index(of:)) {
      context.vcpuCount = parameter
      // This one represents each of them.
      return [DeclaredID(value: 0, range: node.range)]
    }
    guard let count = context.u64(node, "count") else { return assumed(at: node.range) }
    if count == 0 {
      context.hasUnknownVCPUs = true
      findings.report(.warning("no-vcpus", "the number of vCPUs is 0, so the VM has none", at: node.range))
    }
    guard count <= Self.most else {
      findings.error(
        "value-out-of-range", "\(count) vCPUs are more than any kernel supports; the limit is \(Self.most)",
        at: node.range)
      return assumed(at: node.range)
    }
    return (0..<count).map { DeclaredID(value: $0, range: node.range) }
  }

  /// Reports a text in place of the list of ids. A number may be meant as that of the vCPUs.
  private func report(_ text: String, insteadOfIDs node: Node, _ reader: MappingReader) {
    let isNumber = (IntegerLiteral.parse(text) != nil || text.hasPrefix("${")) && reader["count"] == nil
    let key = isNumber ? reader.keyRange("ids") : nil
    findings.error(
      "wrong-kind",
      "'ids' must be a list of vCPU ids, not a scalar" + (isNumber ? "; did you mean 'count: \(text)'?" : ""),
      at: node.range, fixIts: key.map { [FixIt(replace: $0, with: "count")] } ?? [])
  }

  /// One vCPU in place of an unknown number of them, so that its settings are checked.
  private func assumed(at range: SourceRange) -> [DeclaredID] {
    context.hasUnknownVCPUs = true
    return [DeclaredID(value: 0, range: range)]
  }

  /// The plan has an initialisation for each combination of optional features.
  private static let mostOptional = 3

  /// - Parameter mayBeOptional: whether features can be optional.
  func features(_ node: Node?, mayBeOptional: Bool = true) -> VCPUFeatures {
    var features = VCPUFeatures()
    guard let node, !node.isEmpty else { return features }
    features.places.append("value", node.range)
    let known = context.catalogue.vcpu?.features ?? []
    if node.items == nil {
      let isFeature = known.contains { $0.name == node.scalar }
      findings.wrongKind(
        node, of: "'features'", wanted: "a list of names",
        fixIts: isFeature ? [FixIt(replace: node.range, with: "[\(node.range.text)]")] : [])
      features.isIncomplete = !isFeature
      if !isFeature { return features }
    }
    let items = node.items ?? [node]
    var places: [(bit: Int, at: SourceRange)] = []
    func isNew(_ bit: Int, _ name: String, at range: SourceRange) -> Bool {
      guard let first = places.first(where: { $0.bit == bit })?.at else {
        places.append((bit, range))
        features.places.append("value.\(name.identifier)", range)
        return true
      }
      findings.error(
        "duplicate-name", "feature '\(name)' is listed twice", at: range, notes: [Note("first here", at: first)])
      return false
    }
    for item in items {
      let isMapping = item.entries != nil
      let reader = isMapping ? MappingReader(item, of: "a feature", keys: ["name", "optional"], findings) : nil
      let named = reader.map { $0.required("name", "the name of a feature") } ?? item
      guard let node = named, let name = node.scalar else {
        if !isMapping { findings.wrongKind(item, of: "a feature", wanted: "a name or the number of a bit") }
        features.isIncomplete = true
        continue
      }
      let isOptional = reader?.bool("optional") ?? false
      if let bit = Int(name), (0..<64).contains(bit), !isOptional {
        if isNew(bit, name, at: node.range) { features.add(name, bit: bit, nil) }
      } else if let feature = known.first(where: { $0.name == name }) ?? misspelt(name, among: known, at: node.range) {
        guard isNew(feature.bit, feature.name, at: node.range) else { continue }
        guard isOptional else {
          features.add(feature.name, bit: feature.bit, feature.finalize)
          continue
        }
        guard let capability = feature.capability, mayBeOptional else {
          let why = mayBeOptional ? "no capability says whether a host has it" : "only those of 'vcpus' can be"
          findings.error("bad-feature", "'\(feature.name)' cannot be optional: \(why)", at: item.range)
          continue
        }
        features.optional.append(
          OptionalFeature(
            name: feature.name, bit: feature.bit, finalize: feature.finalize, capability: capability, at: node.range))
      } else {
        features.isIncomplete = true
      }
    }
    if features.optional.count > Self.mostOptional {
      findings.error(
        "bad-feature", "at most \(Self.mostOptional) features can be optional", at: node.range)
      features.optional = []
    }
    return features
  }

  /// Reports an unknown feature, and continues with the closest known one to avoid further errors.
  private func misspelt(_ name: String, among known: [Feature], at range: SourceRange) -> Feature? {
    let owners = context.architectures(ofFeature: name)
    if !owners.isEmpty {
      context.foreignName(
        "unknown-feature",
        "vCPUs of \(context.catalogue.architecture.rawValue) have no feature '\(name)'; "
          + "those of \(owners.map(\.rawValue).listed()) have it", of: owners, at: range)
      return nil
    }
    let guess = findings.unknown(
      "unknown-feature", "vCPUs of \(context.catalogue.architecture.rawValue) have no feature", name,
      among: known.map(\.name), at: range)
    return known.first { $0.name == guess?.certain }
  }

  /// - Parameter device: the device that an argument of a capability names.
  func readAttributes(
    _ node: Node?, into vcpus: inout [VCPUDeclaration], device: @escaping (Node) -> String?
  ) {
    guard let node, let schema = context.catalogue.vcpu else { return }
    let reader = reader(node)
    let attributes = AttributeReader(context: context)
    let each = overrides(reader, among: vcpus)
    let capabilities = reader.items("capabilities", "names")
    findings.warnOfRepetitions(ofCapabilities: capabilities)
    if context.vcpuCount != nil, let first = capabilities.first {
      findings.error(
        "load-parameter", "the number of vCPUs is supplied at load time, so their capabilities cannot be enabled",
        at: first.range)
    }
    /// The settings of the latest vCPU by the text that is that of all.
    var common: [AttributeSetting] = []
    for i in vcpus.indices {
      let place = context.vcpus[i]
      vcpus[i].capabilities = capabilities.compactMap {
        CapabilityReader(context: context, device: device).call(
          context.parameters.expand($0, vcpu: place), onVCPU: place.id)
      }
      common = attributes.settings(reader["attributes"], of: schema, vcpu: place, sameTextAs: common)
      var settings = common
      var raw = attributes.raw(reader["raw"], vcpu: place)
      if let override = each[vcpus[i].id] {
        if let features = override["features"] {
          vcpus[i].features = self.features(context.parameters.expand(features, vcpu: place))
        }
        settings = settings.replaced(by: attributes.settings(override["attributes"], of: schema, vcpu: place))
        raw += attributes.raw(override["raw"], vcpu: place)
      }
      vcpus[i].attributes = settings + raw
    }
    if vcpus.isEmpty, reader["count"] == nil, !findings.hasErrors, let written = reader["attributes"], !written.isEmpty
    {
      findings.report(
        .warning("no-vcpus", "there are no vCPUs to set these attributes on", at: reader.keyRange("attributes")))
    }
  }

  /// The entries of `each:`, by the vCPU's id.
  private func overrides(_ reader: MappingReader, among vcpus: [VCPUDeclaration]) -> [UInt64: MappingReader] {
    var result: [UInt64: MappingReader] = [:]
    let items = reader.items("each", "{vcpu: ID, attributes: ...}")
    if context.vcpuCount != nil, let first = items.first {
      findings.error(
        "load-parameter", "the number of vCPUs is supplied at load time, so 'each' cannot name one",
        at: first.range.firstLine)
      return [:]
    }
    let ids = Set(vcpus.map(\.id))
    for item in items {
      let own = MappingReader(
        item, of: "an entry of 'each'", keys: ["vcpu", "attributes", "features", "raw"], findings, lists: ["features"],
        collections: ["attributes", "raw"], home: home(of:))
      guard let id = id(own, among: ids) else {
        check(own)
        continue
      }
      guard let first = result[id] else {
        result[id] = own
        continue
      }
      findings.error(
        "duplicate-name", "vCPU \(id) has two entries; put all its settings into one of them",
        at: own.valueRange("vcpu"),
        notes: first.valueRange("vcpu").map { [Note("the first entry is here", at: $0)] } ?? [])
      check(own)
    }
    return result
  }

  /// The vCPU of an entry of `each:`; nil after an error, which is reported.
  private func id(_ entry: MappingReader, among ids: Set<UInt64>) -> UInt64? {
    guard let written = entry.required("vcpu", "the vCPU's id") else { return nil }
    let node = context.parameters.expand(written)
    guard let id = context.u64(node, "vcpu") else { return nil }
    if ids.contains(id) { return id }
    if !context.hasUnknownVCPUs { findings.error("unknown-vcpu", "there is no vCPU \(id)", at: node.range) }
    return nil
  }

  /// Reports the errors in an entry of `each:` for an unknown vCPU.
  private func check(_ entry: MappingReader) {
    guard let schema = context.catalogue.vcpu else { return }
    let place = VCPUContext(id: 0, index: 0)
    _ = entry["features"].map { features(context.parameters.expand($0, vcpu: place)) }
    _ = AttributeReader(context: context).settings(entry["attributes"], of: schema, vcpu: place)
    _ = AttributeReader(context: context).raw(entry["raw"], vcpu: place)
  }
}

extension [AttributeSetting] {
  /// These settings with others. A setting of the same attribute is replaced in place; other new ones are added at the
  /// end.
  fileprivate func replaced(by others: [AttributeSetting]) -> [AttributeSetting] {
    var left = Dictionary(grouping: others, by: \.identity)
    let replaced = Set(left.keys)
    var result: [AttributeSetting] = []
    for setting in self {
      guard replaced.contains(setting.identity) else {
        result.append(setting)
        continue
      }
      // All go to the first place: a list replaces a list as a whole.
      result += left.removeValue(forKey: setting.identity) ?? []
    }
    return result + others.filter { left[$0.identity] != nil }
  }
}

extension AttributeSetting {
  fileprivate struct Identity: Hashable {
    var path: String?
    var attr: UInt64
  }

  fileprivate var identity: Identity { Identity(path: path, attr: call.attr) }
}
