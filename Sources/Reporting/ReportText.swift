import DevicePlan
import TextOutput
import Vocabulary

extension Report {
  /// The report for people: one line per step, with the problems of a step below it, and a summary line. The steps after
  /// an interruption share one line.
  ///
  /// - Parameter color: whether to colour it with terminal escape sequences.
  package func text(color: Bool = false) -> String {
    var columns = Columns(rightAligned: [1, 4])
    let run = entries.prefix(interruption ?? entries.count)
    for (index, entry) in run.enumerated() {
      columns.append([
        entry.verdict.mark, "\(index + 1)", entry.step.words, entry.outcomeWords(on: host), entry.time,
      ])
    }

    var text = "\(manifest.printable): \(name.printable), \(host.words)\n"
    let renderer = TextRenderer(color: color)
    for (line, entry) in zip(columns.lines(), run) {
      text += (color ? entry.verdict.coloured(line) : line) + "\n"
      for diagnostic in entry.diagnostics(on: host) { renderer.render(diagnostic, into: &text) }
    }
    for choice in choices where !choice.leftOut.isEmpty { text += words(of: choice) + "\n" }
    if let interruption {
      let left = entries.count - interruption
      text += "the run was interrupted: \(counted(left, "step")) \(left == 1 ? "was" : "were") not run\n"
    }
    return text + summary.words + "\n"
  }

  /// A test and what it left out, such as `test gic (arm-vgic-v3): ENODEV; left out: create gic (arm-vgic-v3)`.
  private func words(of choice: Choice) -> String {
    var left = choice.leftOut.prefix(3).map { entries[$0].step.words }.joined(separator: ", ")
    if choice.leftOut.count > 3 { left += " and \(choice.leftOut.count - 3) more" }
    return "\(entries[choice.test].step.words): \(entries[choice.test].result.outcome.words); left out: \(left)"
  }
}

extension Report.Summary {
  /// `9 steps: 5 passed, 1 failed, 3 skipped, 0 undecided`
  package var words: String {
    counted(steps, "step") + ": "
      + "\(passed) passed, \(failed) failed, \(skipped) skipped, \(undecided) undecided"
  }
}

extension HostDescription {
  /// `kernel 7.2.13, arm64`
  var words: String { "\(kind.rawValue) \(release.printable), \(architecture.rawValue)" }
}

extension Report.Entry {
  /// The outcome with details: `skipped: an earlier step failed`, `EEXIST, as expected`, `ok: 1`.
  fileprivate func outcomeWords(on host: HostDescription) -> String {
    switch result.outcome {
    case .skipped(let reason): "skipped: \(reason.printable)"
    case .refused where verdict == .passed: "\(result.outcome.words), as expected"
    case .ok:
      result.words(numbered: result.number != 0)
        + (result.readWords(of: step, on: host.architecture).map { ": \($0)" } ?? "")
    case .refused, .unfit, .undecided, .hazard: result.outcome.words
    }
  }

  /// The time in microseconds; empty if there was no call.
  fileprivate var time: String {
    guard let nanoseconds = result.nanoseconds else { return "" }
    let tenths = (nanoseconds + 50) / 100
    return "\(tenths / 10).\(tenths % 10) µs"
  }
}

extension StepResult {
  /// What a get read: a number if it has the size of one, else its first bytes; nil if the host does not know all of
  /// it.
  func readWords(of step: Step, on architecture: Architecture) -> String? {
    guard let value, valueMask?.allSatisfy({ $0 == 0xFF }) != false else { return nil }
    return readable(step.shown(value), on: architecture)
  }
}

extension Verdict {
  fileprivate var mark: String {
    switch self {
    case .passed: "✓"
    case .failed: "✗"
    case .skipped: "-"
    case .undecided: "?"
    }
  }

  /// A line in the verdict's colour. If the step passed, only the mark is green.
  fileprivate func coloured(_ line: String) -> String {
    switch self {
    case .passed: mark.styled("32") + line.dropFirst(mark.count)
    case .failed: line.styled("1;31")
    case .skipped: line.styled("2")
    case .undecided: line.styled("33")
    }
  }
}
