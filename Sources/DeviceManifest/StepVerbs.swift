import DeviceSchema
import Diagnostics
import YAMLSyntax

// Which call a step makes, and which keys it may have.
extension StepReader {
  /// The verb of a step, and the step. A misspelt verb is reported, and replaced by the one that is meant.
  func verb(_ entries: [Entry], _ item: Node) -> (String, Node)? {
    hasTwoCalls = false
    let found = entries.filter { known.contains($0.key.value) }
    if let verb = found.first?.key.value {
      if found.count > 1 {
        findings.error(
          "conflicting-keys", "a step makes one call: '\(verb)' or '\(found[1].key.value)'", at: found[1].key.range)
        // The step is read as the first call.
        hasTwoCalls = true
        let others = Set(found.dropFirst().map(\.key.value))
        return (verb, Node(.mapping(entries.filter { !others.contains($0.key.value) }), at: item.range))
      }
      return (verb, item)
    }
    let others = ["expect", "value", "input", "address"] + Self.verbs.flatMap(\.keys)
    guard let i = entries.firstIndex(where: { !others.contains($0.key.value) }) ?? entries.indices.first else {
      findings.error("unknown-step", "an empty step", at: item.range)
      return nil
    }
    let key = entries[i].key
    let owners = context.architectures(ofRequest: key.value)
    if !owners.isEmpty {
      context.foreignName(
        "unknown-step",
        "the step '\(key.value)' belongs to \(owners.map(\.rawValue).listed()), but this manifest is for "
          + context.catalogue.architecture.rawValue, of: owners, at: key.range)
      return nil
    }
    if let path = path(ofAttribute: key.value, entries[i].value) {
      findings.error(
        "unknown-step", "there is no step '\(key.value)'; did you mean '{set: \(path)}'?", at: key.range,
        fixIts: item.range.text.hasPrefix("{") && entries.count == 1
          ? [FixIt(replace: item.range, with: "{set: \(path)}")] : [])
      return nil
    }
    // The search for the verb that is meant takes time.
    unknownSteps += 1
    let isAlien = unknownSteps <= 100 && known.nearest(to: key.value) == nil
    let verbs = "the steps are \(Self.verbs.map(\.verb).listed()), and the calls of the schemas, such as 'irqfd'"
    let guess = findings.unknown(
      "unknown-step", "there is no step", key.value, among: known, at: key.range, notes: isAlien ? [Note(verbs)] : [])
    guard let meant = guess?.certain else { return nil }
    var entries = entries
    entries[i].key.value = meant
    return (meant, Node(.mapping(entries), at: item.range))
  }

  /// The attribute without a value that a step with a wrong verb means: `gic.ctrl.init` of `init: gic`.
  func path(ofAttribute name: String, _ subject: Node) -> String? {
    guard let device = subject.scalar, let schema = names.devices[device],
      let (group, attribute) = schema?.home(ofAttribute: name),
      group.payloads(of: attribute).allSatisfy(\.type.isNone)
    else { return nil }
    return "\(device).\(group.name).\(name)"
  }

  /// A step with the keys that it may have. Others are reported, and replaced by those that are certainly meant.
  ///
  /// - Parameters:
  ///   - lists: the keys whose values are lists.
  ///   - home: returns the key under which an unknown key belongs, or nil if there is no such key.
  /// - Returns: the step, and whether the value of a key is not read.
  func checked(
    _ step: MappingReader, _ what: String, keys: [String], lists: [String] = ["expect"],
    home: (String) -> String? = { _ in nil }
  ) -> (reader: MappingReader, hasUnreadKey: Bool) {
    var entries = step.entries
    if entries.allSatisfy({ keys.contains($0.key.value) }) { return (step, false) }
    var hasUnreadKey = false
    if keys.contains("as"), let i = entries.firstIndex(where: { $0.key.value == "name" }) {
      findings.misnamed("\(what) has no key", entries[i].key, "as")
      if step["as"] == nil {
        entries[i].key.value = "as"
      } else {
        entries.remove(at: i)
        hasUnreadKey = true
      }
    }
    if keys.contains("payload"), let i = entries.firstIndex(where: { $0.key.value == "value" }) {
      findings.error(
        "unknown-key",
        "\(what) has no key 'value'; for a group by its number, write 'payload: {u64: \(entries[i].value.flow)}'",
        at: entries.remove(at: i).key.range)
      hasUnreadKey = true
    }
    let reader = MappingReader(
      Node(.mapping(entries), at: step.node.range), of: what, keys: keys, findings, lists: lists, home: home)
    return (reader, hasUnreadKey || reader.hasUnreadKey)
  }

  /// A step whose keys are inside the value of its verb, with these keys beside the verb; this is reported.
  func hoisted(_ verb: String, _ keys: [String], _ item: Node) -> Node? {
    guard let subject = item[key: verb], let inner = subject.entries else { return nil }
    let (outer, rest) = (inner.filter { keys.contains($0.key.value) }, inner.filter { !keys.contains($0.key.value) })
    guard let value = rest.first?.value, rest.count == 1, !outer.isEmpty else { return nil }
    let others = (item.entries ?? []).filter { entry in
      entry.key.value != verb && !outer.contains { $0.key.value == entry.key.value }
    }
    let verbKey = (item.entries ?? []).first { $0.key.value == verb }?.key ?? Located(verb, at: subject.range)
    let mended = Node(.mapping([Entry(key: verbKey, value: value)] + outer + others), at: item.range)
    findings.error(
      "wrong-kind", "'\(verb)' takes one value, not a mapping: write '\(mended.flow)'", at: subject.range,
      fixIts: item.range.text.hasPrefix("{") ? [FixIt(replace: item.range, with: mended.flow)] : [])
    return mended
  }
}
