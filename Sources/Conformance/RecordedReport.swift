import DevicePlan
import Diagnostics
import Vocabulary
import YAMLSyntax

/// A kernel's report that `kvmconf apply --format json` or `kvmload --json` has written, here or on another machine.
package struct RecordedReport {
  package var name: String?
  /// The kernel's release, if the report has it.
  package var release: String?
  private var steps: [Node] = []
  private let start: SourceRange

  private init(at start: SourceRange) { self.start = start }

  /// Reads a file of reports, with one document per line. A report of kvmload has one line per step and a summary line.
  package static func read(_ file: SourceFile) throws(DiagnosticsError) -> [RecordedReport] {
    var reports: [RecordedReport] = []
    /// The steps of the report that is not complete yet, and the place where it begins.
    var steps: [Node] = []
    var start: SourceRange?
    var line = 0
    for text in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      if text.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
      let place = SourceRange(file: file, start: Position(line: line, column: 1), end: Position(line: line, column: 2))
      // JSON is also YAML.
      let tree = SourceTree(parsing: SourceFile(path: file.path, bytes: Array(text)), limits: .report)
      guard tree.diagnostics.isEmpty, let node = tree.documents.first, node.entries != nil else {
        throw .badReport("this line is not a JSON object of a report", at: place)
      }
      if let steps = node[key: "steps"]?.items {
        guard node[key: "host"]?[key: "kind"]?.scalar == "kernel" else {
          throw .badReport("this report is from the model, not from a kernel", at: place)
        }
        var report = RecordedReport(at: place)
        report.name = node[key: "name"]?.scalar
        report.release = node[key: "host"]?[key: "release"]?.scalar
        report.steps = steps
        reports.append(report)
      } else if node[key: "operation"] != nil {
        steps.append(node)
        start = start ?? place
      } else if node[key: "summary"] != nil, let first = start {
        var report = RecordedReport(at: first)
        report.steps = exchange(&steps, with: [])
        report.name = node[key: "name"]?.scalar
        report.release = node[key: "release"]?.scalar
        reports.append(report)
        start = nil
      } else {
        throw .badReport("this line is neither a report nor a step of one", at: place)
      }
    }
    if let start { throw .badReport("the report that begins here is incomplete", at: start) }
    return reports
  }

  /// The report as the answers to a plan.
  ///
  /// - Throws: if the report does not match the plan.
  package func answers(to plan: Plan, release: String) throws(DiagnosticsError) -> KernelAnswers {
    if let name, name != plan.name {
      throw .badReport("this is the report of '\(name)', not of '\(plan.name)'", at: start)
    }
    guard steps.count == plan.steps.count else {
      throw .badReport(
        "the report has \(steps.count) steps, but the plan of '\(plan.name)' has \(plan.steps.count)", at: start)
    }
    var results: [StepResult] = []
    for (i, (node, step)) in zip(steps, plan.steps).enumerated() {
      guard node[key: "operation"]?.scalar == step.operation.name else {
        throw .badReport(
          "step \(i + 1) of the report is not the plan's: \(step.words)", at: start)
      }
      guard let result = Self.result(node) else {
        throw .badReport("step \(i + 1) of the report has no outcome from a kernel", at: start)
      }
      results.append(result)
    }
    let host = HostDescription(kind: .kernel, architecture: plan.architecture, release: self.release ?? release)
    return KernelAnswers(host: host, results: results)
  }

  private static func result(_ node: Node) -> StepResult? {
    guard let outcome = node[key: "outcome"]?.scalar else { return nil }
    let value = node[key: "value"]?.scalar.flatMap { decodedHexadecimal(Array($0.utf8)) }
    if outcome == "skipped" { return StepResult(.skipped(node[key: "reason"]?.scalar ?? "")) }
    if outcome == "unfit" { return StepResult(.unfit(node[key: "reason"]?.scalar ?? "")) }
    let number = node[key: "number"]?.scalar.flatMap { UInt32($0) } ?? 0
    if let answer = Answer(outcome) { return StepResult(Outcome(answer), number: number, value: value) }
    guard outcome.hasPrefix("errno "), let number = Int32(outcome.dropFirst(6)) else { return nil }
    return StepResult(.refused(Errno(rawValue: number)))
  }
}

extension DiagnosticsError {
  fileprivate static func badReport(_ message: String, at range: SourceRange) -> Self {
    .invalid(.error("bad-report", message, at: range))
  }
}
