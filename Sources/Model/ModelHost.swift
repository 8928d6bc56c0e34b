import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The model of a kernel, which computes answers from the schemas alone.
package struct ModelHost: Host {
  /// The state that the model continues with after an answer.
  package enum Course: Hashable, Sendable {
    /// The state after the expected answer.
    case expected
    /// The state in which one mistake is reported once: that after the expected answer, in which the value that a refused
    /// call passes is unknown, or that after the predicted answer, if the call is expected to be refused and that is the
    /// first mistake. All reasons of a refusal are found.
    case corrected
    /// The state after the predicted answer, as in the kernel.
    case predicted
  }

  package let description: HostDescription
  private let course: Course
  private let schemas: CompiledSchemas
  private var machine: Machine
  /// The records that the plan's `create` steps created, by slot; nil if refused, skipped or closed.
  private(set) var vcpus: [Cell?] = []
  private(set) var devices: [ModelDevice?] = []
  /// The known values that steps have read for later ones, by the parameter that has them.
  private var kept: [Int: (name: String, value: Int128)] = [:]
  /// What the calls so far have put on the map.
  private var occupations: [Occupation] = []
  /// The number of steps so far.
  private var steps = 0
  /// Whether the type with which the VM is created is not known.
  package var hasUnknownType = false
  /// Whether a refused call has been taken to succeed with an unknown value, on which later answers may depend.
  private var hasCorrected = false

  /// - Parameter facts: the known facts of the host. For all others, the assumptions of the schemas apply.
  /// - Parameter trace: records which rules the calls reach.
  package init(
    _ schemas: CompiledSchemas, facts: [String: Value] = [:], course: Course, trace: RuleTrace? = nil
  ) {
    self.course = course
    self.schemas = schemas
    let catalogue = schemas.catalogue
    machine = Machine(catalogue, trace: trace)
    machine.corrects = course == .corrected
    description = HostDescription(
      kind: .model, architecture: catalogue.architecture, release: catalogue.release.description)
    if facts.isEmpty { return }
    schemas.exchange(&machine.program)
    machine.give(facts)
    schemas.exchange(&machine.program)
  }

  var catalogue: Catalogue { schemas.catalogue }
  var hasVM: Bool { machine.hasVM }

  package mutating func skip(_ step: Step) {
    steps += 1
    pass(over: step)
  }

  private mutating func pass(over step: Step) {
    switch step.operation {
    case .createVCPU: vcpus.append(nil)
    default: if step.operation.fillsDeviceSlot { devices.append(nil) }
    }
  }

  package mutating func perform(_ step: Step) -> StepResult {
    defer { steps += 1 }
    if kept.isEmpty { return perform(step, step.operation) }
    var operation = step.operation
    let unfit = operation.fill(bigEndian: catalogue.architecture.isBigEndian) { kept[$0]?.value }
    if let first = unfit.first {
      pass(over: step)
      return StepResult(.unfit(first.slot.misfit(first.value, of: kept[first.parameter]?.name ?? "")))
    }
    return perform(step, operation)
  }

  /// - Parameter operation: that of the step, with the values that earlier steps have read.
  private mutating func perform(_ step: Step, _ operation: DevicePlan.Operation) -> StepResult {
    switch preparation(of: operation, path: step.attribute) {
    case .call(let call):
      let (result, way) = perform(call, expected: step.expected)
      if let stored = step.stored { kept[stored.parameter] = value(stored, in: result).map { (stored.name, $0) } }
      bind(step.operation, isMade: way != .failure)
      if way != .failure { record(step.operation, isForced: way == .forced) }
      return result
    case .answer(let outcome):
      if step.operation.fillsDeviceSlot, case .undecided = outcome {
        devices.append(ModelDevice(object: .unknown, file: nil))
      } else {
        pass(over: step)
      }
      return StepResult(outcome)
    }
  }

  /// A value that a step reads for later ones; nil if it is not known in full.
  private func value(_ stored: StoredValue, in result: StepResult) -> Int128? {
    guard let bytes = result.value?.dropFirst(stored.offset), !bytes.isEmpty,
      result.valueMask?.dropFirst(stored.offset).allSatisfy({ $0 == 0xFF }) ?? true
    else { return nil }
    let ordered = catalogue.architecture.isBigEndian ? Array(bytes) : bytes.reversed()
    let value = ordered.reduce(0 as Int128) { $0 << 8 | Int128($1) }
    let bits = Int128(8 * bytes.count)
    return stored.isSigned && value >> (bits - 1) == 1 ? value - 1 << bits : value
  }

  /// Runs a vCPU, and lets it enter the guest: what KVM_RUN answers without `immediate_exit`, unless the guest runs.
  ///
  /// - Parameter slot: the slot of the vCPU.
  package mutating func enter(_ slot: Int) -> StepResult {
    var run = perform(.run, slot)
    var entry = perform(.enter, slot)
    if run.outcome == .ok {
      if !run.warnings.isEmpty { entry.warnings = run.warnings + entry.warnings }
      return entry
    }
    if case .refused = entry.outcome { run.further += entry.reasons + entry.further }
    if !entry.warnings.isEmpty { run.warnings += entry.warnings }
    return run
  }

  private mutating func perform(_ call: DescriptorCall, _ slot: Int) -> StepResult {
    switch preparation(of: call, slot) {
    case .call(let call): perform(call, expected: [.ok]).result
    case .answer(let outcome): StepResult(outcome)
    }
  }

  /// The way in which a run continues after a call.
  private enum Way {
    case failure, success
    /// The call is refused, and is only taken to succeed.
    case forced
  }

  private mutating func perform(_ call: PreparedCall, expected: [Answer]) -> (result: StepResult, way: Way) {
    schemas.exchange(&machine.program)
    let branches = machine.branches(call)
    var certain: [Reason] = []
    let mayRestOnCorrection = hasCorrected
    let isMade = settle(branches, expected: expected, call, &certain)
    machine.memory.finish()
    schemas.exchange(&machine.program)
    var result = StepResult(branches: branches)
    result.prefer(certain, alone: mayRestOnCorrection)
    if mayRestOnCorrection, certain.isEmpty, case .undecided = result.outcome { result.dependsOnRefused = true }
    if let first = result.reasons.first {
      let further = certain.furtherReasons(after: first, of: call)
      if !further.isEmpty { result.further = further }
    }
    if !isMade { return (result, .failure) }
    return (result, branches.contains { $0.answer == .ok } ? .success : .forced)
  }

  /// The calls that `save` or `restore` makes for the device in a slot, in the present state of the VM.
  ///
  /// - Throws: the fault of an expression, or that its value is not known.
  package mutating func steps(of list: StateList, slot: Int) throws(DiagnosticsError) -> [StateStep] {
    guard slot < devices.count, let device = devices[slot], let file = device.file else { return [] }
    schemas.exchange(&machine.program)
    defer { schemas.exchange(&machine.program) }
    return try machine.steps(of: list, device: device.object, file)
  }

  /// Chooses the state to continue with. Returns whether the call is assumed to have succeeded.
  ///
  /// - Parameter certain: gets all certain reasons of a refusal.
  private mutating func settle(
    _ branches: [Branch], expected: [Answer], _ call: PreparedCall, _ certain: inout [Reason]
  ) -> Bool {
    let followsKernel = course == .predicted || course == .corrected && !hasCorrected && !expected.contains(.ok)
    if branches.count == 1, branches[0].course == nil {
      if followsKernel || branches[0].answer.map(expected.contains) ?? false {
        return branches[0].answer == .ok
      }
      machine.takeBack()
      if course == .corrected, expected == [.ok] { certain = machine.refusals(of: call) }
      return force(call, expected, certain.first)
    }
    let wanted = branches.filter { branch in branch.answer.map(expected.contains) ?? false }
    var kept = wanted.isEmpty && followsKernel ? branches : wanted
    // A call that may have succeeded is assumed to have succeeded.
    if kept.contains(where: { $0.answer == .ok }) { kept = kept.filter { $0.answer == .ok } }
    if let first = kept.first {
      if let course = first.course { (machine.call, machine.occupied) = (course.call, course.occupied) }
      machine.join(kept.compactMap(\.course?.changes))
      return first.answer == .ok
    }
    if course == .corrected, expected == [.ok], branches.allSatisfy({ $0.answer != nil }) {
      certain = machine.refusals(of: call)
    }
    return force(call, expected, certain.first)
  }

  /// Continues as if an expected answer had been given, because no branch has one.
  ///
  /// - Parameter reason: why the call is refused, if that is certain.
  private mutating func force(_ call: PreparedCall, _ expected: [Answer], _ reason: Reason?) -> Bool {
    guard expected.contains(.ok) else { return false }
    if course == .corrected { hasCorrected = true }
    machine.force(course == .corrected ? call.withUnknownValue(refusedFor: reason?.keyFields ?? []) : call)
    return true
  }

  private mutating func bind(_ operation: DevicePlan.Operation, isMade: Bool) {
    let call = machine.call
    switch operation {
    case .createVCPU: vcpus.append(isMade && call.vcpu != .null ? call.vcpu : nil)
    case .createDevice(let type, _):
      let file = catalogue.device(numbered: type)
      devices.append(isMade && call.device != .null ? ModelDevice(object: call.device, file: file) : nil)
    case .closeDevice(let slot):
      // Without a release function the kernel keeps the device.
      if isMade, devices[slot]?.file?.rules(of: .close) != nil {
        occupations.append(Occupation(kind: .closed(device: slot), first: 0, count: 0, step: steps))
      }
      devices[slot] = nil
    case .request(let call) where call.makesDescriptor:
      devices.append(isMade ? ModelDevice(object: .unknown, file: nil) : nil)
    default: break
    }
  }
}

extension ModelHost {
  /// Adds what a call that succeeds, or may have succeeded, puts on the map.
  ///
  /// - Parameter isForced: whether the call is refused, and is only taken to succeed.
  private mutating func record(_ operation: DevicePlan.Operation, isForced: Bool) {
    if case .addMemory(let slot, let address, let size, _, _) = operation, !isForced {
      occupations.append(
        Occupation(kind: .memory(slot: slot), first: Int128(address), count: Int128(size), step: steps))
    }
    for one in machine.occupied { occupations.append(Occupation(one, step: steps)) }
  }

  /// What the VM has at its addresses and interrupt numbers at this point, in the order of the steps. An attribute that was
  /// set again, a memory slot that was given again and a device that was closed are still in it.
  ///
  /// - Throws: a fault of the schemas.
  package mutating func occupied() throws(DiagnosticsError) -> [Occupation] {
    schemas.exchange(&machine.program)
    defer { schemas.exchange(&machine.program) }
    return occupations
      + (try machine.map()).map { one in
        Occupation(one, step: nil, device: devices.firstIndex { $0?.object == one.device && one.device != .null })
      }
  }
}

extension PreparedCall {
  /// The call with an unknown value; the same call if it passes none, or if later calls depend little on it.
  ///
  /// - Parameter wrong: the arguments that are wrong.
  fileprivate func withUnknownValue(refusedFor wrong: [String]) -> PreparedCall {
    switch self {
    case .createVM: return .createVM(type: nil)
    case .descriptor(var code):
      // Memory with an error in the text has the size 0. Its slot is known, and the region is somewhere.
      let isMemory = code.path == DescriptorCall.addMemory.rawValue
      let isUnread =
        isMemory && code.arguments.contains { if case ("size", .number(0)) = $0 { true } else { false } }
      let isInitialisation = if case .initialise = code.action { true } else { false }
      guard isInitialisation || isMemory else { return self }
      let unknown = isUnread ? ["at", "size"] : wrong.filter { ["at", "size"].contains($0) }
      code.arguments = code.arguments.map {
        isInitialisation || unknown.contains($0.name) ? ($0.name, .unknown) : $0
      }
      return .descriptor(code)
    case .attribute(var call, let access, let subject) where call.data != .none:
      call.data = .bytes([])
      return .attribute(call, access, subject)
    case .request(let schema, .bytes, let subject, let newDescriptor):
      return .request(schema, .bytes([]), subject, newDescriptor: newDescriptor)
    default: return self
    }
  }

  /// Whether the call passes nothing to the kernel, so that all its refusals are about the state.
  fileprivate var isBare: Bool {
    switch self {
    case .attribute(let call, .set, _): call.data == .none
    case .descriptor(let code): [DescriptorCall.run.rawValue, DescriptorCall.enter.rawValue].contains(code.path)
    default: false
    }
  }
}

extension [Reason] {
  /// The reasons after the first one that are mistakes of their own.
  ///
  /// Each refusal of a call without a value is about another missing part of the state. A call with a value may have a
  /// wrong one besides a state that refuses every value, or two wrong parts. If something is missing in the state, a
  /// value is wrong only if that can be said without the state.
  fileprivate func furtherReasons(after first: Reason, of call: PreparedCall) -> [Reason] {
    guard let index = firstIndex(where: { $0.rule == first.rule && $0.rule != nil }) else { return [] }
    let others = self[(index + 1)...]
    if !call.isBare, first.isAboutPart { return others.aboutOtherParts(than: first) }
    let isAttribute = if case .attribute = call { true } else { false }
    var known: Set<SourceRange?> = [first.rule]
    var missing = Set(first.missing)
    let further = others.filter { reason in
      defer { missing.formUnion(reason.missing) }
      // Behind a missing attribute, a rule about a value may read the one that nobody has set.
      let readsMissing = isAttribute && call.isBare && !missing.isEmpty && reason.missing.isEmpty
      return known.insert(reason.rule).inserted && missing.isDisjoint(with: reason.missing) && !readsMissing
    }
    if call.isBare { return further }
    return further.filter { $0.isAboutValue && (first.missing.isEmpty || !$0.isAboutState) }
  }
}

extension ArraySlice<Reason> {
  /// The reasons that test other parts of what the call passes than the first one, and than each other.
  fileprivate func aboutOtherParts(than first: Reason) -> [Reason] {
    var known = first.testedParts
    return filter { reason in
      let parts = reason.testedParts
      guard reason.isAboutPart, !parts.isEmpty, parts.isDisjoint(with: known) else { return false }
      known.formUnion(parts)
      return true
    }
  }
}

extension Reason {
  /// The parts of what the call passes that the rule tests.
  fileprivate var testedParts: Set<String> {
    let element = element.map { "[\($0)]." } ?? ""
    return Set(keyFields + valueFields.map { "value.\(element)\($0)" })
  }
}

extension StepResult {
  /// Puts the certain reasons of a refusal before those that depend on something unknown.
  ///
  /// - Parameter isAlone: whether to leave out the others: what they depend on has been reported.
  fileprivate mutating func prefer(_ certain: [Reason], alone isAlone: Bool) {
    guard let first = certain.first, reasons.count > 1 else { return }
    if isAlone {
      // The answers stay: one of the others may depend on the host.
      reasons = [first]
    } else {
      reasons = reasons.filter(certain.contains) + reasons.filter { !certain.contains($0) }
    }
  }

  /// Combines all branches of a call.
  init(branches: [Branch]) {
    // Most calls have nothing to combine.
    if branches.count == 1, case .ok = branches[0].end, branches[0].value == nil, branches[0].warnings.isEmpty {
      self.init(.ok, number: branches[0].number)
      return
    }
    self.init(.ok)
    if let first = branches.first(where: { $0.answer == .ok }) {
      number = branches.allSatisfy { $0.answer != .ok || $0.number == first.number } ? first.number : nil
    }
    var answers: [Answer] = []
    for branch in branches {
      switch branch.end {
      case .ok: if !answers.contains(.ok) { answers.append(.ok) }
      case .refused(let errno, let reason):
        if !answers.contains(.refused(errno)) { answers.append(.refused(errno)) }
        // A rule may refuse several elements of a list, each in a branch.
        let isKnown = reasons.contains { known in
          var known = known
          known.element = reason.element
          return known == reason
        }
        if !isKnown { reasons.append(reason) }
      case .hazard(let text, let reason):
        outcome = .hazard(text)
        reasons.append(reason)
      case .fault(let diagnostic):
        schemaFault = diagnostic
      }
    }
    warnings = Self.certainWarnings(branches)
    if case .hazard = outcome {
      if !answers.isEmpty { mayBeHarmless = true }
      return
    }
    outcome = answers.count == 1 ? Outcome(answers[0]) : .undecided(answers)
    readValue(branches)
  }

  /// The warnings of every branch that succeeds; of every branch, if none does.
  private static func certainWarnings(_ branches: [Branch]) -> [Reason] {
    let succeeding = branches.filter { $0.answer == .ok }
    let counted = succeeding.isEmpty ? branches : succeeding
    var warnings: [Reason] = []
    for warning in counted.first?.warnings ?? [] where !warnings.contains(warning) {
      if counted.dropFirst().allSatisfy({ $0.warnings.contains(warning) }) { warnings.append(warning) }
    }
    return warnings
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
