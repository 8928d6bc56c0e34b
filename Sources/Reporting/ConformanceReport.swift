import Conformance
import Diagnostics
import Model
import TextOutput
import Vocabulary

extension PlanConformance {
  /// `vm.yaml: name, kernel 7.2.13, arm64: 18 agree, 1 differ, 0 quirks, 1 undecided, 0 open, 2 skipped`
  package var summary: String {
    "\(plan.manifest.printable): \(plan.name.printable), kernel \(host.release.printable), \(host.architecture.rawValue): "
      + "\(count(.agrees)) agree, \(differences) differ, \(quirks) quirks, \(count(.undecided)) undecided, "
      + "\(count(.open)) open, \(count(.skipped)) skipped"
  }

  /// The comparison as JSON.
  package var json: JSON {
    .object([
      ("version", 1),
      ("manifest", .string(plan.manifest)),
      ("name", .string(plan.name)),
      ("host", .object([("arch", .string(host.architecture.rawValue)), ("release", .string(host.release))])),
      (
        "summary",
        .object([
          ("agreed", JSON(count(.agrees))), ("differed", JSON(differences)), ("quirks", JSON(quirks)),
          ("undecided", JSON(count(.undecided))), ("open", JSON(count(.open))),
          ("skipped", JSON(count(.skipped))),
        ])
      ),
      (
        "differences",
        .array(
          entries.enumerated().filter { [.outcomeDiffers, .valueDiffers].contains($1.agreement) }
            .map { $1.json(index: $0 + 1) })
      ),
    ])
  }
}

extension [PlanConformance] {
  /// `1 manifest: 18 steps agree, 1 differ, 0 quirks, 1 undecided, 0 open, 2 skipped`
  package var summary: String {
    func total(_ number: (PlanConformance) -> Int) -> Int { reduce(0) { $0 + number($1) } }
    return "\(counted(count, "manifest")): \(total { $0.count(.agrees) }) steps agree, "
      + "\(total { $0.differences }) differ, \(total { $0.quirks }) quirks, "
      + "\(total { $0.count(.undecided) }) undecided, \(total { $0.count(.open) }) open, "
      + "\(total { $0.count(.skipped) }) skipped"
  }
}

extension PlanConformance.Entry {
  fileprivate func json(index: Int) -> JSON {
    var members: [(String, JSON)] = [
      ("index", JSON(index)), ("call", .string(step.words)),
      ("kind", agreement == .valueDiffers ? "value" : "outcome"),
      ("kernel", .string(actual.outcome.name)), ("predicted", .string(predicted?.outcome.words ?? "")),
    ]
    if agreement == .valueDiffers {
      members += [
        ("kernelValue", .string(actual.value.map(hexadecimal) ?? "")),
        ("predictedValue", .string(predicted?.value.map(hexadecimal) ?? "")),
      ]
    }
    if let reason = predicted?.reasons.first {
      members += [("id", .string(reason.id.description)), ("reason", .string(reason.message))]
      if let rule = reason.rule { members.append(("rule", .string("\(rule)"))) }
    }
    if let quirk { members.append(("quirk", .string(quirk.reason))) }
    return .object(members)
  }
}
