import DevicePlan
import Diagnostics
import Model
import Vocabulary

/// What a VM has at its addresses and interrupt numbers after a plan.
package struct MachineMap: Sendable {
  /// The name of the manifest.
  package var name: String
  /// The file that the manifest was read from.
  package var manifest: String
  package var architecture: Architecture
  /// Guest physical addresses, other buses, kinds of interrupts.
  package var spaces: [MapSpace]
}

/// Addresses of one bus, or interrupts of one kind.
package struct MapSpace: Sendable {
  package enum Kind: String, Sendable {
    case addresses, interrupts

    var rank: Int { self == .addresses ? 0 : 1 }
  }

  package var kind: Kind
  /// The bus or the kind of interrupts; empty for guest physical addresses.
  package var name: String
  /// The numbers that exist, in order, without overlaps; empty if that is not known.
  package var existing: [MapEntry]
  /// What occupies the numbers, in their order.
  package var entries: [MapEntry]
  /// What has a number that is supplied at load time. The ranges of these entries have no meaning.
  package var unplaced: [MapEntry] = []
  package var overlaps: [MapOverlap]
}

/// A part of a map.
package struct MapEntry: Sendable {
  package enum Content: Hashable, Sendable {
    case memory(slot: UInt32)
    /// Addresses at which a device answers.
    case device
    /// A part of the guest's memory that a device uses.
    case buffer
    case interrupt

    package var isMemory: Bool { if case .memory = self { true } else { false } }
  }

  package var content: Content
  package var range: Range<Int128>
  /// What occupies the numbers, such as `gic.addr.dist`; empty if nothing in the manifest decides.
  package var label: String
  /// The id of the vCPU with which the label begins: `vcpu.3.pvtime.ipa`.
  package var vcpu: UInt64?
  /// The place in the manifest; nil for a default.
  package var at: SourceRange?
  /// The index of the step in the plan.
  package var step: Int?
}

/// Two entries with the same numbers, by their indices.
package struct MapOverlap: Sendable {
  package var first: Int
  package var second: Int
  package var range: Range<Int128>
}

extension MachineMap {
  /// The map of a plan that has run on a model.
  ///
  /// - Parameters:
  ///   - occupations: what the model has recorded.
  ///   - wrong: the steps that are left out.
  package init(_ occupations: [Occupation], of plan: Plan, without wrong: Set<Int> = []) {
    self.init(MapSurvey(occupations, of: plan, without: wrong))
  }

  init(_ survey: MapSurvey) {
    let names = MapNames(survey)
    name = survey.plan.name
    manifest = survey.plan.manifest
    architecture = survey.plan.architecture
    spaces = survey.spaces.map { space in
      MapSpace(
        kind: space.kind, name: space.name, existing: space.existing.map(names.entry).joined(),
        entries: space.items.map(names.entry), unplaced: space.unplaced.map(names.entry),
        overlaps: space.overlaps.map { first, second in
          let (a, b) = (space.items[first], space.items[second])
          return MapOverlap(first: first, second: second, range: max(a.first, b.first)..<min(a.end, b.end))
        })
    }
    for i in spaces.indices where spaces[i].kind == .interrupts { spaces[i].removeDuplicates() }
  }
}

extension MapSpace {
  /// Leaves one entry for each user of a number. Attributes of vCPUs that all have the same value are one user.
  fileprivate mutating func removeDuplicates() {
    var kept: [MapEntry] = []
    /// The new index of each entry.
    var places: [Int] = []
    /// The users of the last number, by label.
    var users: [String: Int] = [:]
    for entry in entries {
      if kept.last?.range != entry.range { users.removeAll(keepingCapacity: true) }
      let same = users[entry.label]
      places.append(same ?? kept.count)
      if same == nil {
        users[entry.label] = kept.count
        kept.append(entry)
      }
    }
    entries = kept
    var seen: Set<[Int]> = []
    overlaps = overlaps.compactMap { overlap in
      let pair = [places[overlap.first], places[overlap.second]]
      guard pair[0] != pair[1], seen.insert(pair).inserted else { return nil }
      return MapOverlap(first: pair[0], second: pair[1], range: overlap.range)
    }
  }

  /// The entries whose interrupt does not exist, by their indices; empty if it is not known which interrupts exist.
  package var missing: [Int] {
    if kind != .interrupts || existing.isEmpty { return [] }
    return entries.indices.filter { i in !existing.contains { $0.range.contains(entries[i].range.lowerBound) } }
  }

  /// The ranges of existing numbers that no entry occupies. If the end of the addresses is not known, it is that of the last
  /// entry.
  package var free: [Range<Int128>] {
    var free: [Range<Int128>] = []
    let known = existing.map(\.range)
    if known.isEmpty, kind == .interrupts { return [] }
    let whole = known.isEmpty ? [(0 as Int128)..<(entries.map(\.range.upperBound).max() ?? 0)] : known
    var next = 0
    /// The first number that nothing occupies so far.
    var at: Int128 = 0
    for range in whole {
      at = max(at, range.lowerBound)
      while next < entries.count, entries[next].range.lowerBound < range.upperBound {
        let entry = entries[next].range
        if entry.lowerBound > at { free.append(at..<entry.lowerBound) }
        at = max(at, entry.upperBound)
        next += 1
      }
      if at < range.upperBound { free.append(at..<range.upperBound) }
    }
    return free
  }
}

extension [MapEntry] {
  /// The entries in their order. Neighbours with the same label are joined.
  package func joined() -> [MapEntry] {
    var result: [MapEntry] = []
    for entry in sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      if let last = result.last, last.range.upperBound >= entry.range.lowerBound, last.label == entry.label,
        last.content == entry.content
      {
        result[result.count - 1].range =
          last.range
          .lowerBound..<Swift.max(
            last.range.upperBound, entry.range.upperBound)
      } else {
        result.append(entry)
      }
    }
    return result
  }
}

/// Names and places for the items of a survey.
private struct MapNames {
  let survey: MapSurvey
  private let deviceNames: [String]
  /// The last step that sets each attribute that occupations name, by the label of the attribute.
  private var setters: [String: Int] = [:]

  init(_ survey: MapSurvey) {
    self.survey = survey
    deviceNames = survey.plan.deviceNames
    let wanted = Set(survey.occupations.compactMap(\.attribute))
    if wanted.isEmpty { return }
    for (i, step) in survey.plan.steps.enumerated() {
      guard let attribute = step.attribute, case .setAttribute = step.operation, wanted.contains(attribute) else {
        continue
      }
      if case .device(let name) = step.target { setters["\(name).\(attribute)"] = i }
      setters[attribute] = i
    }
  }

  func entry(_ item: MapSurvey.Item) -> MapEntry {
    let occupation = survey.occupations[item.occupation]
    var entry = MapEntry(content: item.content, range: item.first..<item.end, label: "", step: occupation.step)
    if let attribute = occupation.attribute {
      let device = occupation.device.flatMap { deviceNames.indices.contains($0) ? deviceNames[$0] : nil }
      let label = device.map { "\($0).\(attribute)" } ?? attribute
      entry.step = setters[label]
      entry.label = label
      if let step = entry.step, case .device = survey.plan.steps[step].target {
        entry.label = survey.plan.steps[step].userLabel
      }
    } else if let step = occupation.step {
      let step = survey.plan.steps[step]
      entry.label = label(of: step, occupation)
      if case .vcpu(let id) = step.target, entry.label.hasPrefix("\(step.target)") { entry.vcpu = id }
    }
    entry.at = entry.step.map { survey.plan.steps[$0].at }
    return entry
  }

  private func label(of step: Step, _ occupation: Occupation) -> String {
    if case .memory(let slot) = occupation.kind { return "memory slot \(slot & 0xFFFF)" }
    switch step.operation {
    case .createIRQChip: return "irqchip"
    case .setAttribute, .createDevice: return step.attribute.map { "\(step.target).\($0)" } ?? "\(step.target)"
    case .createVCPU: return "\(step.target)"
    case .request(let call):
      guard let attribute = step.attribute else { return step.words }
      return call.target == .vm ? attribute : "\(step.target).\(attribute)"
    default: return step.words
    }
  }
}
