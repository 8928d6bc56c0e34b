import DevicePlan
import Diagnostics
import Reporting
import TextOutput
import Workspace

/// The result of validating a text: its problems, and the predicted answers.
public struct ManifestValidation: Sendable {
  /// All problems, with the severities of the `.kvmconf.yaml`: those of the settings, such as a release that the schemas
  /// do not describe, then those of the text, in its order.
  public let problems: [Problem]
  /// The predicted run of each manifest, in the order of the text.
  public let reports: [RunReport]

  private let file: ValidatedFile
  private let remarks: SettingsRemarks

  /// Whether the text has no errors, and no findings that ``ManifestOptions/failOn`` or the `.kvmconf.yaml` counts as
  /// errors.
  public var isValid: Bool { file.failure == nil && !remarks.fail }

  /// The formats of `kvmconf validate --format`.
  public enum Format: String, Hashable, Sendable { case text, json, sarif, junit, github, gcc }

  /// The text that `kvmconf validate --format` writes to standard output for the file.
  public func report(as format: Format) -> String {
    let format: ReportFormat =
      switch format {
      case .text: .text
      case .json: .json
      case .sarif: .sarif
      case .junit: .junit
      case .github: .github
      case .gcc: .gcc
      }
    return [file].report(as: format)
  }

  /// - Parameter file: was validated without an error.
  init(_ file: ValidatedFile, _ remarks: SettingsRemarks) {
    problems = (remarks.diagnostics + file.diagnostics + [file].schemaFaults).map(Problem.init)
    reports = file.validation?.reports.map(RunReport.init) ?? []
    self.file = file
    self.remarks = remarks
  }
}

/// The run of a manifest on a host, with the outcome of each call.
public struct RunReport: Sendable {
  /// The manifest's name.
  public let name: String
  /// One report per call, in the order of the plan.
  public let steps: [StepReport]
  /// The report as one JSON document, as `kvmconf apply --format json` prints it. Its format is stable and versioned.
  public let json: String
  /// The report as text, as `kvmconf apply` prints it, without colours.
  public let text: String

  /// Whether no step failed. Undecided steps do not count as failed.
  public var isSuccess: Bool { !steps.contains { $0.verdict == .failed } }

  init(_ report: Report) {
    name = report.name
    steps = report.entries.map(StepReport.init)
    json = report.json.text()
    text = report.text()
  }
}

/// One call, its outcome, and whether the outcome was expected.
public struct StepReport: Hashable, Sendable {
  /// The result of comparing an outcome with the expected ones.
  public enum Verdict: String, Hashable, Sendable { case passed, failed, skipped, undecided }

  /// The call as a person would write it: `set gic.addr.dist = 0x0800_0000`.
  public let call: String
  /// The kind of call, such as `create-device` or `set-attribute`.
  public let operation: String
  /// The object of the call: a device's name, `vm`, `system` or `vcpu.ID`.
  public let target: String
  /// The attribute, such as `addr.dist`; nil if the call is not on an attribute, or names it only by number.
  public let attribute: String?
  /// The outcome: `ok`, the name of an errno, `skipped`, `unfit`, `hazard` or `undecided`.
  public let outcome: String
  /// Whether the outcome was expected.
  public let verdict: Verdict
  /// The reason for the outcome, from the schemas; nil if they do not have one. It explains a refusal, or the first
  /// possible refusal of an undecided call.
  public let reason: String?
  /// The bytes that a get call read; nil for other calls.
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
  /// The architecture, such as `arm64` or `x86_64`.
  public let architecture: String
  /// The calls in a readable form, in order, such as `set gic.addr.dist = 0x0800_0000`.
  public let calls: [String]
  /// The plan as one JSON document, as `kvmconf plan --format json` prints it.
  public let json: String

  init(_ plan: Plan) {
    name = plan.name
    architecture = plan.architecture.rawValue
    calls = plan.steps.map(\.words)
    json = plan.json.text()
  }
}
