import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The model of a kernel: it works answers out from the schemas, with no kernel.
package struct ModelHost: Host {
  /// With which state the model goes on behind an answer.
  package enum Course: Hashable, Sendable {
    /// As if the expected answer had come, so that one mistake shows once.
    case expected
    /// With what the model predicts, as the kernel would.
    case predicted
  }

  package let description: HostDescription
  private let course: Course
  private let interpreter: Interpreter
  /// The records that the plan's `create` steps made, by slot; nil where they were refused, skipped or closed.
  private var vcpus: [Value?] = []
  private var devices: [ModelDevice?] = []

  /// - Parameter facts: what is known of the host; the rest is as its schemas assume.
  /// - Parameter trace: is told which rules the calls come to.
  package init(_ catalogue: Catalogue, facts: [String: Value] = [:], course: Course, trace: RuleTrace? = nil) {
    self.course = course
    interpreter = Interpreter(catalogue: catalogue, facts: facts, trace: trace)
    description = HostDescription(
      kind: .model, architecture: catalogue.architecture, release: catalogue.release.description)
  }

  package mutating func skip(_ step: Step) {
    switch step.operation {
    case .createVCPU: vcpus.append(nil)
    case .createDevice: devices.append(nil)
    default: break
    }
  }

  package mutating func perform(_ step: Step) -> StepResult {
    let model = CallModel(interpreter: interpreter, vcpus: vcpus, devices: devices)
    let body: CallModel.Body
    switch model.preparation(of: step.operation, path: step.attribute) {
    case .call(let call): body = call
    case .answer(let outcome):
      if case .createDevice = step.operation, case .undecided = outcome {
        devices.append(ModelDevice(object: .unknown, file: nil))
      } else {
        skip(step)
        // A device without a schema is gone, too.
        if case .closeDevice(let slot) = step.operation, outcome == .ok { devices[slot] = nil }
      }
      return StepResult(outcome)
    }
    let start = interpreter.heap.nextID
    let branches = interpreter.branches(body)
    let isMade = settle(branches, expected: step.expected, body, from: start)
    bind(step.operation, isMade: isMade)
    return StepResult(branches: branches)
  }

  /// Chooses the state to go on with. Returns whether the call is taken to have succeeded.
  private func settle(
    _ branches: [Branch], expected: [Answer], _ body: CallModel.Body, from start: ObjectID
  ) -> Bool {
    let stands = branches.count == 1 && branches[0].delta == nil
    let wanted = branches.filter { branch in branch.answer.map(expected.contains) ?? false }
    var kept = wanted.isEmpty && course == .predicted ? branches : wanted
    // Where it may have succeeded, it is taken to have.
    if kept.contains(where: { $0.answer == .ok }) { kept = kept.filter { $0.answer == .ok } }
    if let call = kept.first?.call {
      interpreter.call = call
      if !stands { interpreter.heap.join(kept.compactMap(\.delta)) }
      return kept[0].answer == .ok
    }
    // No answer is an expected one: go on as if one had come.
    if stands { interpreter.takeBack(to: start) }
    guard expected.contains(.ok) else { return false }
    interpreter.force(body)
    return true
  }

  private mutating func bind(_ operation: DevicePlan.Operation, isMade: Bool) {
    let call = interpreter.call
    switch operation {
    case .createVCPU: vcpus.append(isMade && call.vcpu != .null ? call.vcpu : nil)
    case .createDevice(let type, _):
      let file = interpreter.catalogue.device(numbered: type)
      devices.append(isMade && call.device != .null ? ModelDevice(object: call.device, file: file) : nil)
    case .closeDevice(let slot): devices[slot] = nil
    default: break
    }
  }
}

/// A device of the plan on the model; one without a schema is not modelled.
struct ModelDevice {
  var object: Value
  var file: SchemaFile?
}

extension StepResult {
  /// What the ways that a call can go have in common.
  init(branches: [Branch]) {
    self.init(.ok)
    var answers: [Answer] = []
    for branch in branches {
      switch branch.end {
      case .answer(let answer, let reason):
        if !answers.contains(answer) { answers.append(answer) }
        if let reason, !reasons.contains(reason) { reasons.append(reason) }
      case .hazard(let text, let reason):
        outcome = .hazard(text)
        reasons.append(reason)
      case .fault(let diagnostic):
        schemaFault = diagnostic
      }
      for warning in branch.warnings where !warnings.contains(warning) { warnings.append(warning) }
    }
    if case .hazard = outcome { return }
    outcome = answers.count == 1 ? Outcome(answers[0]) : .undecided(answers)
    readValue(branches)
  }

  private mutating func readValue(_ branches: [Branch]) {
    let read = branches.filter { $0.answer == .ok }.map(\.value)
    guard let first = read.first, var joined = first else { return }
    for other in read.dropFirst() {
      guard let other, other.bytes.count == joined.bytes.count else { return }
      for i in joined.bytes.indices { joined.mask[i] &= other.mask[i] & ~(joined.bytes[i] ^ other.bytes[i]) }
    }
    value = joined.bytes
    valueMask = joined.mask
  }
}
