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
    let known = KnownErrors(others, plan)
    return MachineMap(survey).spaces.flatMap { space in
      let new = space.overlaps.filter { overlap in
        !known.mayBeAbout(space.entries[overlap.first], space.entries[overlap.second])
      }
      return space.warnings(about: new)
    }
  }
}

/// The errors of the model, which may be about an overlap.
private struct KnownErrors {
  private let errors: [SourceRange]
  private let plan: Plan
  /// Whether the first run is refused. It is, if the kernel itself compares what a device has set or who has an interrupt.
  private let isRunRefused: Bool

  init(_ diagnostics: [Diagnostic], _ plan: Plan) {
    let errors = diagnostics.filter { $0.severity == .error }.compactMap(\.range)
    self.errors = errors
    self.plan = plan
    isRunRefused = plan.steps.contains { step in
      if case .runVCPU = step.operation { errors.contains(step.at) } else { false }
    }
  }

  func mayBeAbout(_ first: MapEntry, _ second: MapEntry) -> Bool {
    let places = [first.at, second.at].compactMap(\.self)
    if places.contains(where: { place in errors.contains { $0.overlaps(place) } }) { return true }
    guard isRunRefused else { return false }
    if first.content == .interrupt { return true }
    guard let step = first.step, let other = second.step else { return false }
    return plan.steps[step].target == plan.steps[other].target
  }
}

extension SourceRange {
  fileprivate func overlaps(_ other: SourceRange) -> Bool {
    file == other.file && (start == other.start || start < other.end && other.start < end)
  }
}

extension MapSpace {
  /// One warning for each entry that is reported, with all that it overlaps, and one for each memory slot with devices.
  fileprivate func warnings(about overlaps: [MapOverlap]) -> [Diagnostic] {
    var warnings: [Diagnostic] = []
    /// The warning of each reported place.
    var known: [SourceRange: Int] = [:]
    /// The devices in each memory slot. They are one mistake, as the place of the memory may be the wrong one.
    var inMemory: [(memory: Int, devices: [Int])] = []
    for overlap in overlaps {
      if entries[overlap.first].content.isMemory {
        if inMemory.last?.memory != overlap.first { inMemory.append((overlap.first, [])) }
        inMemory[inMemory.count - 1].devices.append(overlap.second)
        continue
      }
      guard let (entry, other) = reported(overlap), let place = entry.at else { continue }
      if let first = known[place] {
        let note = note(other, isFirst: false)
        if other.at != place, !warnings[first].notes.contains(where: { $0.range == note.range }) {
          warnings[first].notes.append(note)
        }
      } else {
        known[place] = warnings.count
        warnings.append(warning(overlap, entry, other))
      }
    }
    return warnings + inMemory.compactMap { warning($0, $1) }
  }

  /// The entry that a warning is about, and the other one; nil if both are defaults. The later step is reported, as for
  /// calls that are refused.
  private func reported(_ overlap: MapOverlap) -> (entry: MapEntry, other: MapEntry)? {
    let (first, second) = (entries[overlap.first], entries[overlap.second])
    if first.at == nil, second.at == nil { return nil }
    let isLater = second.at != nil && (first.at == nil || (second.step ?? -1) >= (first.step ?? -1))
    return isLater ? (second, first) : (first, second)
  }

  private func warning(_ overlap: MapOverlap, _ entry: MapEntry, _ other: MapEntry) -> Diagnostic {
    let notes = entry.at == other.at ? [] : [note(other, isFirst: true)]
    if kind == .interrupts {
      return .warning(
        "interrupt-collision",
        "'\(entry.label)' and '\(other.label)' have the same interrupt, \(name) \(entry.range.lowerBound)",
        at: entry.at,
        notes: notes)
    }
    let shared = words(overlap.range)
    let message =
      entry.content == .buffer
      ? "'\(entry.label)' and '\(other.label)' use the same guest memory, \(shared)"
      : "'\(entry.label)' overlaps '\(other.label)': the guest reaches only one of them at \(shared)"
    return .warning("address-overlap", message, at: entry.at, notes: notes)
  }

  private func note(_ other: MapEntry, isFirst: Bool) -> Note {
    if kind == .interrupts {
      return Note(other.at == nil ? "'\(other.label)' has it by default" : "'\(other.label)' is set here", at: other.at)
    }
    return Note("'\(other.label)' is here\(isFirst ? "" : " as well"): \(words(other.range))", at: other.at)
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
