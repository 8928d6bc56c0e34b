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
    package var skipped = 0
    /// Steps with a known difference of this host, which has a reason.
    package var quirks = 0
    /// Steps that the kernel answered.
    package var steps: Int { agreed + differed + undecided + quirks }

    package static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        agreed: a.agreed + b.agreed, differed: a.differed + b.differed, undecided: a.undecided + b.undecided,
        skipped: a.skipped + b.skipped, quirks: a.quirks + b.quirks)
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
  /// The requested release, `7.2`, and the kernel's own, `7.2.13+deb14-arm64`.
  package var kernel: String
  package var release: String
  package var seed: UInt64
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
  /// Manifests that crashed the kernel.
  package var crashes: [String] = []

  package var total: Counts { subjects.values.reduce(Counts(), +) }

  package init(machine: String, architecture: Architecture, kernel: String, seed: UInt64, _ catalogue: Catalogue) {
    self.machine = machine
    self.architecture = architecture.rawValue
    self.kernel = kernel
    release = ""
    self.seed = seed
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
      switch entry.agreement {
      case .agrees:
        subjects[name, default: Counts()].agreed += 1
        if let place = reasons.first?.rule?.place { fired[place, default: 0] += 1 }
      case .undecided:
        subjects[name, default: Counts()].undecided += 1
        let matching = reasons.filter { $0.errno.map(Outcome.refused) == entry.actual.outcome }
        if matching.count == 1, let place = matching[0].rule?.place { fired[place, default: 0] += 1 }
        undecided[
          "\(entry.step.operation.name) \(name).\(entry.step.attribute ?? ""): \(entry.predicted?.outcome.words ?? "")",
          default: 0] += 1
      case .skipped: subjects[name, default: Counts()].skipped += 1
      case .outcomeDiffers where entry.quirk != nil, .valueDiffers where entry.quirk != nil:
        subjects[name, default: Counts()].quirks += 1
      case .outcomeDiffers, .valueDiffers:
        subjects[name, default: Counts()].differed += 1
        let isValue = entry.agreement == .valueDiffers
        differences.append(
          Difference(
            manifest: conformance.plan.name, step: i + 1, call: entry.step.words,
            kernel: isValue ? "read \(entry.actual.value.map(hexadecimal) ?? "")" : entry.actual.outcome.words,
            predicted: isValue
              ? "read \(entry.predicted?.value.map(hexadecimal) ?? "")" : entry.predicted?.outcome.words ?? "",
            rule: reasons.first?.rule?.place))
      }
    }
  }
}

extension SourceRange {
  /// File and line.
  package var place: String { "\(file.path):\(start.line)" }
}
