import DevicePlan
import Diagnostics
import Kernel
import Model
import Reference
import Vocabulary

extension Release {
  /// The release of the running kernel; nil if its name has another form.
  package static var running: Release? { Release(kernelRelease()) }
}

extension ManifestWorkspace {
  /// Runs a plan on this machine's kernel. The model follows the kernel's answers and supplies their reasons.
  ///
  /// - Parameter path: the path to open instead of `/dev/kvm`.
  /// - Throws: an error if the kernel cannot run the plan. No call of the plan has been made in that case.
  package func runOnKernel(
    _ plan: Plan, with runner: Runner, path: String = "/dev/kvm"
  ) throws(DiagnosticsError) -> Report {
    let companion = try? model(plan.architecture, course: .expected)
    let meanings = StepReasons(plan, catalogue(for: plan.architecture))
    var host = ExplainedKernel(kernel: try KernelHost(plan, path: path), model: companion, meanings: meanings)
    return runner.run(plan, on: &host)
  }

  /// Checks that plans can be run: their parameters have values and, on this machine's kernel, no call is predicted to
  /// crash or hang it.
  ///
  /// - Parameter withRuns: whether each vCPU is run after the last step.
  /// - Throws: the errors of all plans, as the kind `invalid`.
  package func requireRunnable(
    _ plans: [Plan], onKernel: Bool, withRuns: Bool = false
  ) throws(DiagnosticsError) {
    var faults = plans.flatMap(\.obstacles)
    if faults.isEmpty, onKernel {
      for plan in plans where plan.architecture == .host {
        faults += try hazards(of: withRuns ? plan.withDefaults.withRuns : plan.withDefaults)
      }
    }
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
  }

  /// An error for each step that, according to the model, would crash or hang the kernel.
  package func hazards(of plan: Plan) throws(DiagnosticsError) -> [Diagnostic] {
    var host = try model(plan.architecture, course: .predicted)
    let report = Runner(keepGoing: true).run(plan, on: &host)
    return report.entries.filter { $0.verdict == .failed(.hazard) }.flatMap { $0.diagnostics(on: report.host) }
  }
}

/// The kernel as a host, with the model's reasons added to its answers.
private struct ExplainedKernel: Host, ~Copyable {
  var kernel: KernelHost
  var model: ModelHost?
  /// What each errno can mean as the answer to a step.
  var meanings: StepReasons

  var description: HostDescription { kernel.description }

  mutating func perform(_ step: Step) -> StepResult {
    var result = kernel.perform(step)
    guard let answer = result.outcome.answer else {
      model?.skip(step)
      return result
    }
    // The model continues from the kernel's answer, even if it predicts a different one.
    var told = step
    told.expected = [answer]
    guard let predicted = model?.perform(told) else { return result }
    if case .refused(let errno) = answer {
      result.reasons = predicted.reasons.filter { $0.errno == errno }
      if result.reasons.isEmpty, predicted.schemaFault == nil, !step.expected.contains(answer) {
        result.unpredicted = remark(errno, on: step, predicted.outcome)
      }
    }
    if answer == .ok { result.warnings = predicted.warnings }
    return result
  }

  /// What the schemas say of an errno for which the model knows no reason.
  private mutating func remark(_ errno: Errno, on step: Step, _ predicted: Outcome) -> String {
    let meaning = meanings.reasons(for: step).first { $0.errno == errno }?.text
    let prediction = predicted == .undecided([]) ? "no answer was predicted" : "the prediction was \(predicted.words)"
    let remark = meaning.map { "\(errno) can mean: \($0)" } ?? "the schemas have no reason for \(errno) here"
    return "\(prediction); \(remark)"
  }

  mutating func skip(_ step: Step) {
    kernel.skip(step)
    model?.skip(step)
  }
}
