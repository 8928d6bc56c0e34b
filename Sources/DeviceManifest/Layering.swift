import Diagnostics
import Vocabulary
import YAMLSyntax

/// Merges a manifest over the one that it extends.
///
/// Mappings merge; devices merge by name; other lists and scalars replace those of the base. The word `null` removes a
/// key. A key without a value removes nothing, since it sets an attribute without payload. If the base has a mapping or
/// a list for that key, it stays.
struct Layering {
  private let findings: Findings

  init(_ findings: Findings) { self.findings = findings }

  func manifest(_ upper: Node, over lower: Node) -> Node {
    merge(upper, over: lower) { key, upper, lower in
      switch key {
      case "devices": devices(upper, over: lower)
      case "parameters": layer(parameters(upper, over: lower), over: lower)
      default: layer(upper, over: lower)
      }
    }
  }

  /// The parameters without those that can only be meant for the extended manifest, which has none of that name. They
  /// are reported.
  private func parameters(_ upper: Node, over lower: Node) -> Node {
    guard let entries = upper.entries, let known = lower.entries?.map(\.key.value) else { return upper }
    let names = Set(known)
    let kept = entries.filter { entry in
      if names.contains(entry.key.value) || entry.value.entries == nil || entry.value[key: "type"] != nil {
        return true
      }
      findings.unknown(
        "unknown-parameter", "the extended manifest has no parameter", entry.key.value, among: known,
        at: entry.key.range, notes: [Note("a new parameter needs a 'type'")])
      return false
    }
    return Node(.mapping(kept), at: upper.range)
  }

  private func layer(_ upper: Node, over lower: Node) -> Node {
    if upper.entries != nil, lower.entries != nil { return merge(upper, over: lower) { layer($1, over: $2) } }
    if upper.isEmpty, lower.scalar == nil { return lower }
    refuseRemovals(in: upper)
    return upper
  }

  /// - Parameter value: merges two values, given the key that both mappings have.
  private func merge(_ upper: Node, over lower: Node, value: (String, Node, Node) -> Node) -> Node {
    var merged: [Entry?] = lower.entries ?? []
    var places: [String: Int] = [:]
    for (i, entry) in (lower.entries ?? []).enumerated() { places[entry.key.value] = i }
    for entry in upper.entries ?? [] {
      guard let place = places[entry.key.value], let old = merged[place] else {
        if entry.value.isNull {
          nothing(entry.key, "key", among: (lower.entries ?? []).map(\.key.value), removedBy: entry)
        } else {
          refuseRemovals(in: entry.value)
          merged.append(entry)
        }
        continue
      }
      merged[place] =
        entry.value.isNull ? nil : Entry(key: entry.key, value: value(entry.key.value, entry.value, old.value))
    }
    return Node(.mapping(merged.compactMap(\.self)), at: upper.range)
  }

  // MARK: Devices

  private func devices(_ upper: Node, over lower: Node) -> Node {
    guard let items = upper.items, let below = lower.items else { return layer(upper, over: lower) }
    var merged: [Node?] = below
    var places: [String: Int] = [:]
    for (i, device) in below.enumerated() {
      if let name = device.deviceName, places[name] == nil { places[name] = i }
    }
    /// The devices so far, by name. A second one with the same name does not merge. With a type, it is reported when it
    /// is read.
    var seen: [String: Node] = [:]
    for item in items {
      let first = item.deviceName.flatMap { seen[$0] }
      if let name = item.deviceName, first == nil { seen[name] = item }
      if let first, let name = item[key: "name"], item[key: "type"] == nil, places[name.scalar ?? ""] != nil {
        findings.error(
          "duplicate-name", "there are two devices '\(name.scalar ?? "")'; put all changes of one into one entry",
          at: name.range, notes: [Note("the first is here", at: (first[key: "name"] ?? first).range.firstLine)])
        continue
      }
      guard let name = item.deviceName, first == nil, let place = places[name], let old = merged[place] else {
        if let type = removedType(item) {
          let name = Located(item.deviceName ?? "", at: (item[key: "name"] ?? type.value).range)
          nothing(name, "device", among: below.compactMap(\.deviceName), removedBy: type)
        } else if let name = item[key: "name"], item[key: "type"] == nil, places[name.scalar ?? ""] == nil {
          findings.unknown(
            "unknown-device", "the extended manifest has no device", name.scalar ?? name.kind,
            among: below.compactMap(\.deviceName), at: name.range, notes: [Note("a new device needs a 'type'")])
        } else {
          refuseRemovals(in: item)
          merged.append(item)
        }
        continue
      }
      merged[place] = removedType(item) == nil ? layer(item, over: old) : nil
    }
    return Node(.sequence(merged.compactMap(\.self)), at: upper.range)
  }

  // MARK: Removals

  /// The type of `{name: NAME, type: null}`, which removes a device. Another form of null is reported.
  private func removedType(_ device: Node) -> Entry? {
    guard let entries = device.entries, let type = entries.first(where: { $0.key.value == "type" }),
      type.value.isNull || type.value.meansNull,
      entries.allSatisfy({ ["name", "type"].contains($0.key.value) })
    else { return nil }
    if !type.value.isNull {
      findings.error(
        "unknown-device-type",
        "there is no device type '\(type.value.flowText)'; to remove the device, write null"
          + (type.value.scalar == "null" ? " without quotes" : ""),
        at: type.value.range, fixIts: [FixIt(replace: type.value.range, with: "null")])
    }
    return type
  }

  private func nothing(_ name: Located, _ what: String, among names: [String], removedBy entry: Entry) {
    findings.unknown(
      "nothing-to-remove", "'\(entry.key.value): null' removes nothing: the extended manifest has no \(what)",
      name.value, among: names, at: name.range)
  }

  /// Reports removals in a value that extends nothing.
  private func refuseRemovals(in node: Node) {
    for entry in node.entries ?? [] {
      if entry.value.isNull {
        nothing(entry.key, "key", among: [], removedBy: entry)
      } else {
        refuseRemovals(in: entry.value)
      }
    }
  }
}

extension Node {
  /// Whether this is the word `null` without quotes.
  fileprivate var isNull: Bool { if case .scalar("null", .plain) = content { true } else { false } }

  /// The name of a device as written, or that of its first type.
  fileprivate var deviceName: String? {
    if let name = self[key: "name"] { return name.scalar }
    guard let type = self[key: "type"] else { return nil }
    let first = type.items?.first ?? type
    if let number = first[key: "number"]?.scalar { return IntegerLiteral.parse(number).map { "type-\($0)" } }
    return first.scalar
  }

  /// Whether this is another way to write null in YAML, or the word in quotes.
  fileprivate var meansNull: Bool { scalar.map { $0.lowercased() == "null" || $0 == "~" } ?? false }
}
