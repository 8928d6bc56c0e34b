import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Vocabulary

/// The model as a plain interpreter of the rules, which the compiled one is compared with.
package struct ReferenceHost: Host {
  package let description: HostDescription
  private let course: ModelHost.Course
  private let interpreter: Interpreter
  /// The records that the plan's `create` steps created, by slot; nil if refused, skipped or closed.
  private var vcpus: [Value?] = []
  private var devices: [ModelDevice?] = []

  /// - Parameter facts: the known facts of the host. For all others, the assumptions of the schemas apply.
  /// - Parameter trace: records which rules the calls reach.
  package init(_ catalogue: Catalogue, facts: [String: Value] = [:], course: ModelHost.Course, trace: RuleTrace? = nil)
  {
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
      }
      return StepResult(outcome)
    }
    let start = interpreter.heap.nextID
    let branches = interpreter.branches(body)
    let isMade = settle(branches, expected: step.expected, body, from: start)
    bind(step.operation, isMade: isMade)
    return StepResult(branches: branches)
  }

  /// Chooses the state to continue with. Returns whether the call is assumed to have succeeded.
  private func settle(
    _ branches: [Branch], expected: [Answer], _ body: CallModel.Body, from start: ObjectID
  ) -> Bool {
    let stands = branches.count == 1 && branches[0].delta == nil
    let wanted = branches.filter { branch in branch.answer.map(expected.contains) ?? false }
    var kept = wanted.isEmpty && course == .predicted ? branches : wanted
    // A call that may have succeeded is assumed to have succeeded.
    if kept.contains(where: { $0.answer == .ok }) { kept = kept.filter { $0.answer == .ok } }
    if let call = kept.first?.call {
      interpreter.call = call
      if !stands { interpreter.heap.join(kept.compactMap(\.delta)) }
      return kept[0].answer == .ok
    }
    // No branch has an expected answer: continue as if one had been given.
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

/// A device of the plan. A device without a schema is not modelled.
struct ModelDevice {
  var object: Value
  var file: SchemaFile?
}

extension StepResult {
  /// Combines all branches of a call.
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
    // A value of which no bit is known is not predicted.
    if joined.mask.allSatisfy({ $0 == 0 }), !joined.mask.isEmpty { return }
    value = joined.bytes
    valueMask = joined.mask
  }
}
