import DevicePlan
import Diagnostics
import Reporting
import TextOutput
import Workspace

/// The result of validating a text.
public struct ManifestValidation: Sendable {
  /// Every problem, in the order of the text, with the severities of the `.kvmconf.yaml`.
  public let problems: [Problem]
  /// The predicted run of each manifest.
  public let reports: [RunReport]

  private let file: ValidatedFile

  /// Whether there is no error, and nothing that ``ManifestOptions/failOn`` or the `.kvmconf.yaml` counts like one.
  public var isValid: Bool { file.failure == nil }

  /// The formats of `kvmconf validate --format`.
  public enum Format: String, Hashable, Sendable { case text, json, sarif, junit, github, gcc }

  /// What `kvmconf validate --format` writes to standard output for the file.
  public func report(as format: Format) -> String {
    ReportFormat(rawValue: format.rawValue).map { [file].report(as: $0) } ?? ""
  }

  /// - Parameter file: was validated without an error.
  init(_ file: ValidatedFile) {
    problems = file.diagnostics.map(Problem.init)
    reports = file.validation?.reports.map(RunReport.init) ?? []
    self.file = file
  }
}

/// What became of a manifest on a host: one outcome for each of its calls, in order.
public struct RunReport: Sendable {
  /// The manifest's name.
  public let name: String
  /// The calls, in order.
  public let steps: [StepReport]
  /// The report as JSON, as the program prints it; its form is stable and versioned.
  public let json: String
  /// The report as people read it.
  public let text: String

  /// Whether no step failed.
  public var isSuccess: Bool { !steps.contains { $0.verdict == .failed } }

  init(_ report: Report) {
    name = report.name
    steps = report.entries.map(StepReport.init)
    json = report.json.text()
    text = report.text()
  }
}

/// One call, what was answered, and what that means.
public struct StepReport: Hashable, Sendable {
  /// What an outcome means, as against what was expected.
  public enum Verdict: String, Hashable, Sendable { case passed, failed, skipped, undecided }

  /// The call as a person would write it: `set gic.addr.dist = 0x0800_0000`.
  public let call: String
  /// `create-device`, `set-attribute`, …
  public let operation: String
  /// A device's name, `vm`, `system` or `vcpu.ID`.
  public let target: String
  /// `addr.dist`; nil for calls on no attribute, and for raw numbers.
  public let attribute: String?
  /// `ok`, the name of an errno, `skipped`, `hazard` or `undecided`.
  public let outcome: String
  /// Whether the outcome was an expected one.
  public let verdict: Verdict
  /// Why the call was refused, where a schema tells.
  public let reason: String?
  /// What a get read.
  public let value: [UInt8]?

  init(_ entry: Report.Entry) {
    call = entry.step.words
    operation = entry.step.operation.name
    target = entry.step.target.description
    attribute = entry.step.attribute
    outcome = entry.result.outcome.name
    reason = entry.result.reasons.first?.message
    value = entry.result.value
    switch entry.verdict {
    case .passed: verdict = .passed
    case .failed: verdict = .failed
    case .skipped: verdict = .skipped
    case .undecided: verdict = .undecided
    }
  }
}

/// The ordered calls of one manifest.
public struct DevicePlanSummary: Hashable, Sendable {
  /// The manifest's name.
  public let name: String
  /// `arm64`, `x86_64`, …
  public let architecture: String
  /// The calls as people would write them, in order.
  public let calls: [String]
  /// The plan as JSON, as the program prints it.
  public let json: String

  init(_ plan: Plan) {
    name = plan.name
    architecture = plan.architecture.rawValue
    calls = plan.steps.map(\.words)
    json = plan.json.text()
  }
}
