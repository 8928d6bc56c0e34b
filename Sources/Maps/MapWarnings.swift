import DevicePlan
import Diagnostics
import Model
import Vocabulary

extension MachineMap {
  /// Warnings about overlaps and collisions that no call refuses.
  ///
  /// - Parameters:
  ///   - occupations: what the model has recorded.
  ///   - wrong: the steps that are left out.
  ///   - others: the other diagnostics of the manifest. What has an error is not reported again.
  package static func warnings(
    _ occupations: [Occupation], of plan: Plan, without wrong: Set<Int>, besides others: [Diagnostic]
  ) -> [Diagnostic] {
    let survey = MapSurvey(occupations, of: plan, without: wrong)
    // Names are made only if there is something to report.
    if survey.spaces.allSatisfy(\.overlaps.isEmpty) { return [] }
    return MachineMap(survey).warnings(besides: others)
  }

  func warnings(besides others: [Diagnostic]) -> [Diagnostic] {
    let errors = others.filter { $0.severity == .error }.compactMap(\.range)
    return spaces.flatMap { $0.warnings { place in errors.contains { $0.overlaps(place) } } }
  }
}

extension SourceRange {
  fileprivate func overlaps(_ other: SourceRange) -> Bool {
    file == other.file && (start == other.start || start < other.end && other.start < end)
  }
}

extension MapSpace {
  fileprivate func warnings(_ hasError: (SourceRange) -> Bool) -> [Diagnostic] {
    var warnings: [Diagnostic] = []
    /// The devices in each memory slot. They are one mistake, as the place of the memory may be the wrong one.
    var inMemory: [(memory: Int, devices: [Int])] = []
    var seen: Set<Set<SourceRange>> = []
    for overlap in overlaps {
      let places = [entries[overlap.first].at, entries[overlap.second].at].compactMap(\.self)
      if places.contains(where: hasError) { continue }
      if entries[overlap.first].content.isMemory {
        if inMemory.last?.memory != overlap.first { inMemory.append((overlap.first, [])) }
        inMemory[inMemory.count - 1].devices.append(overlap.second)
      } else if !places.isEmpty, seen.insert(Set(places)).inserted {
        warnings.append(warning(overlap))
      }
    }
    return warnings + inMemory.compactMap { warning($0, $1) }
  }

  private func warning(_ overlap: MapOverlap) -> Diagnostic {
    let (first, second) = (entries[overlap.first], entries[overlap.second])
    // The later step is reported, as for calls that are refused.
    let isLater = second.at != nil && (first.at == nil || (second.step ?? -1) >= (first.step ?? -1))
    let (entry, other) = isLater ? (second, first) : (first, second)
    if kind == .interrupts {
      let isDefault = other.at == nil
      return .warning(
        "interrupt-collision",
        "'\(entry.label)' and '\(other.label)' have the same interrupt, \(name) \(entry.range.lowerBound)",
        at: entry.at,
        notes: [Note(isDefault ? "'\(other.label)' has it by default" : "'\(other.label)' is set here", at: other.at)])
    }
    let shared = words(overlap.range)
    let note = Note("'\(other.label)' is here: \(words(other.range))", at: other.at)
    let message =
      entry.content == .buffer
      ? "'\(entry.label)' and '\(other.label)' use the same guest memory, \(shared)"
      : "'\(entry.label)' overlaps '\(other.label)': the guest reaches only one of them at \(shared)"
    return .warning("address-overlap", message, at: entry.at, notes: entry.at == other.at ? [] : [note])
  }

  /// The warning about devices in a memory slot.
  private func warning(_ slot: Int, _ devices: [Int]) -> Diagnostic? {
    let memory = entries[slot]
    var labels: Set<String> = []
    let devices = devices.map { entries[$0] }.filter { labels.insert($0.label).inserted }
    guard let device = devices.first(where: { $0.at != nil }) else { return nil }
    let isInside =
      memory.range.lowerBound <= device.range.lowerBound && device.range.upperBound <= memory.range.upperBound
    var notes = [Note("the memory is here: \(words(memory.range))", at: memory.at)]
    let others = devices.filter { $0.label != device.label }
    notes += others.prefix(8).map { Note("'\($0.label)' is there as well: \(words($0.range))", at: $0.at) }
    if others.count > 8 { notes.append(Note("and \(others.count - 8) more")) }
    return .warning(
      "address-overlap",
      "'\(device.label)', \(words(device.range)), \(isInside ? "is in" : "overlaps") guest memory: there the guest "
        + "reaches the memory, not the device", at: device.at, notes: notes)
  }

  private func words(_ range: Range<Int128>) -> String {
    "\(grouped(range.lowerBound)) to \(grouped(range.upperBound - 1))"
  }
}
