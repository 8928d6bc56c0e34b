import Conformance
import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary

/// How far a kernel and its model agreed, over many manifests.
package struct Tally: Codable, Sendable {
  package struct Counts: Codable, Hashable, Sendable {
    package var agreed = 0
    package var differed = 0
    package var undecided = 0
    /// Steps whose outcome agreed, and whose value the model leaves open, at least in part.
    package var open = 0
    package var skipped = 0
    /// Steps with a known difference of this host, which has a reason.
    package var quirks = 0
    /// Steps that the kernel answered.
    package var steps: Int { agreed + differed + undecided + open + quirks }

    package static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        agreed: a.agreed + b.agreed, differed: a.differed + b.differed, undecided: a.undecided + b.undecided,
        open: a.open + b.open, skipped: a.skipped + b.skipped, quirks: a.quirks + b.quirks)
    }
  }

  package struct Difference: Codable, Sendable {
    package var manifest: String
    /// The step's number in the plan, from 1.
    package var step: Int
    package var call: String
    package var kernel: String
    package var predicted: String
    package var rule: String?
  }

  /// The order of planned calls: declarative manifests with their keys in random order.
  package struct OrderCounts: Codable, Sendable {
    package var manifests = 0
    package var calls = 0
    /// Calls that the planner moved.
    package var moved = 0
    /// Calls that the kernel refused, or that the model refuses and accepts in another order.
    package var refused: [Refused] = []

    package struct Refused: Codable, Sendable {
      package var manifest: String
      package var call: String
      package var answer: String

      package init(manifest: String, call: String, answer: String) {
        self.manifest = manifest
        self.call = call
        self.answer = answer
      }
    }

    package static func + (a: OrderCounts, b: OrderCounts) -> OrderCounts {
      OrderCounts(
        manifests: a.manifests + b.manifests, calls: a.calls + b.calls, moved: a.moved + b.moved,
        refused: a.refused + b.refused)
    }
  }

  /// A rule that refuses.
  package struct Refusal: Codable, Hashable, Sendable {
    /// File and line in the schemas.
    package var place: String
    package var errno: String
    package var reason: String
  }

  /// Such as `arm64-gicv3`.
  package var machine: String
  package var architecture: String
  /// The kernel's name, such as `6.1`, its release with the patch level, `6.1.176`, and what uname prints,
  /// `6.1.0-44-arm64`.
  package var kernel: String
  package var version: String
  package var release: String
  /// The commit of the program and the schemas.
  package var commit = ""
  package var seeds: [UInt64]
  package var manifests = 0
  /// By the kind of descriptor: a device type, `vm`, `vcpu` or `system`.
  package var subjects: [String: Counts] = [:]
  /// How often each rule, by its place, gave the kernel's answer.
  package var fired: [String: Int] = [:]
  /// All rules of the schemas for this release.
  package var rules: [Refusal] = []
  package var differences: [Difference] = []
  /// Undecided steps, by the call and the model's answers.
  package var undecided: [String: Int] = [:]
  /// Values that the model leaves open, by the attribute.
  package var open: [String: Int] = [:]
  /// Known differences of this host, by the call and the reason.
  package var quirks: [String: Int] = [:]
  /// Declarative manifests in random order.
  package var order = OrderCounts()
  /// Manifests that crashed the kernel.
  package var crashes: [String] = []

  package var total: Counts { subjects.values.reduce(Counts(), +) }

  /// What uname prints, followed by the patch level if it lacks one: `6.1.0-44-arm64 (6.1.176)`.
  package var kernelName: String {
    // The suffix of the host's release may identify its owner.
    if machine == "host" { return String(release.prefix { $0 != "-" }) }
    let isKnown = Release(release)?.patch != nil || Release(version)?.patch == nil
    return isKnown ? release : "\(release) (\(version))"
  }

  package init(
    machine: String, architecture: Architecture, kernel: String, version: String, seed: UInt64, _ catalogue: Catalogue
  ) {
    self.machine = machine
    self.architecture = architecture.rawValue
    self.kernel = kernel
    self.version = version
    release = ""
    seeds = [seed]
    rules = catalogue.refusals.map { rule in
      Refusal(
        place: rule.source.place, errno: rule.errno?.description ?? "",
        reason: rule.because?.words { "${\($0.text)}" } ?? "")
    }
  }

  package mutating func add(_ conformance: PlanConformance, _ catalogue: Catalogue) {
    manifests += 1
    release = conformance.host.release
    let files = conformance.plan.schemaFiles(in: catalogue)
    for (i, entry) in conformance.entries.enumerated() {
      let name = files[i]?.name ?? "other devices"
      let reasons = entry.predicted?.reasons ?? []
      /// `vcpu.tsc.offset`, however the step names the attribute.
      var attribute: String {
        let found = entry.step.operation.attributeCall.flatMap { files[i]?.attribute(group: $0.group, attr: $0.attr) }
        return [name, entry.step.attribute ?? found?.attribute.path].compactMap(\.self).joined(separator: ".")
      }
      switch entry.agreement {
      case .agrees:
        subjects[name, default: Counts()].agreed += 1
        if let place = reasons.first?.rule?.place { fired[place, default: 0] += 1 }
      case .open:
        subjects[name, default: Counts()].open += 1
        open["\(entry.step.operation.name) \(attribute)", default: 0] += 1
      case .undecided:
        subjects[name, default: Counts()].undecided += 1
        let matching = reasons.filter { $0.errno.map(Outcome.refused) == entry.actual.outcome }
        if matching.count == 1, let place = matching[0].rule?.place { fired[place, default: 0] += 1 }
        undecided[
          "\(entry.step.operation.name) \(attribute): \(entry.predicted?.outcome.words ?? "")", default: 0] += 1
      case .skipped: subjects[name, default: Counts()].skipped += 1
      case .outcomeDiffers, .valueDiffers:
        if let quirk = entry.quirk {
          subjects[name, default: Counts()].quirks += 1
          quirks["\(entry.step.operation.name) \(attribute): \(quirk.reason)", default: 0] += 1
        } else {
          subjects[name, default: Counts()].differed += 1
          differences.append(Difference(entry, step: i + 1, of: conformance.plan))
        }
      }
    }
  }
}

extension Tally.OrderCounts {
  /// Adds the kernel's answers to a manifest in random order.
  package mutating func add(_ conformance: PlanConformance) {
    manifests += 1
    for entry in conformance.entries {
      calls += 1
      if entry.step.moved != nil { moved += 1 }
      if entry.actual.outcome != .ok {
        refused.append(
          Refused(
            manifest: conformance.plan.name, call: entry.step.words,
            answer: "the kernel answered \(entry.actual.outcome.words)"))
      }
    }
  }
}

extension Tally.Difference {
  package init(_ entry: PlanConformance.Entry, step: Int, of plan: Plan) {
    let isValue = entry.agreement == .valueDiffers
    manifest = plan.name
    self.step = step
    call = entry.step.words
    kernel = isValue ? "read \(entry.actual.value.map(hexadecimal) ?? "")" : entry.actual.outcome.words
    predicted =
      isValue ? "read \(entry.predicted?.value.map(hexadecimal) ?? "")" : entry.predicted?.outcome.words ?? ""
    rule = entry.predicted?.reasons.first?.rule?.place
  }
}

extension Tally {
  /// The sum of two runs of one kernel on one machine, with different seeds.
  package static func + (a: Tally, b: Tally) -> Tally {
    var sum = a
    sum.seeds += b.seeds
    sum.manifests += b.manifests
    sum.subjects.merge(b.subjects) { $0 + $1 }
    sum.fired.merge(b.fired) { $0 + $1 }
    sum.undecided.merge(b.undecided) { $0 + $1 }
    sum.open.merge(b.open) { $0 + $1 }
    sum.quirks.merge(b.quirks) { $0 + $1 }
    sum.differences += b.differences
    sum.crashes += b.crashes
    sum.order = a.order + b.order
    return sum
  }
}

extension SourceRange {
  /// File and line.
  package var place: String { "\(file.path):\(start.line)" }
}
