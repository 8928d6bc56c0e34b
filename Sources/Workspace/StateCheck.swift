import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Vocabulary

/// Checks `save` and `restore` on the model: the state that a VM's devices have after a plan is saved, restored in a fresh
/// VM, and saved there again. Both must be equal.
struct StateCheck {
  let catalogue: Catalogue
  /// A model of the host in its first state.
  let model: () -> ModelHost

  /// What a get of `save` read.
  private struct SavedValue {
    var call: AttributeCall
    var path: String
    var bytes: [UInt8]
    /// The bits that the model knows.
    var mask: [UInt8]
    var isKnown: Bool { mask.contains { $0 != 0 } }
    /// Whether a statement of `restore` has written it.
    var isRestored = false
  }

  /// A device of the plan whose schema has `save`.
  private struct Device {
    var slot: Int
    var file: SchemaFile
    var save: StateList
  }

  private struct Problem: Error {
    var diagnostics: [Diagnostic]
  }

  /// The problems of a plan all of whose steps pass.
  func diagnostics(of plan: Plan) -> [Diagnostic] {
    let devices = devices(of: plan)
    // A guard counts the steps before it.
    if devices.isEmpty || plan.steps.contains(where: { !$0.guardedBy.isEmpty }) { return [] }
    do throws(Problem) {
      let saved = try state(of: devices, after: plan)
      var fresh = plan
      fresh.steps.removeAll { step in
        step.operation.changesState || devices.contains { step.operation.isAttribute(of: $0.slot) }
      }
      let first = fresh.steps.count
      for device in devices {
        fresh.steps += try restoringSteps(of: device, saved[device.slot] ?? [], after: plan)
      }
      _ = try run(fresh, from: first)
      let again = try state(of: devices, after: fresh)
      return devices.flatMap { differences($0, saved[$0.slot] ?? [], again[$0.slot] ?? []) }
    } catch {
      return error.diagnostics
    }
  }

  private func devices(of plan: Plan) -> [Device] {
    let types = plan.steps.filter(\.operation.fillsDeviceSlot).map { step -> UInt32? in
      if case .createDevice(let type, _) = step.operation { type } else { nil }
    }
    return types.enumerated().compactMap { slot, type in
      guard let file = type.flatMap({ catalogue.device(numbered: $0) }), let save = file.save else { return nil }
      return Device(slot: slot, file: file, save: save)
    }
  }

  // MARK: Save

  /// Makes the calls of `save` after a plan. Returns what they read, by the slot of the device.
  private func state(of devices: [Device], after plan: Plan) throws(Problem) -> [Int: [SavedValue]] {
    var plan = plan
    var saved: [Int: [SavedValue]] = [:]
    for device in devices {
      let calls = try calls(device.save, device, after: plan)
      let first = plan.steps.count
      plan.steps += calls.map(\.step)
      let results = try run(plan, from: first).entries
      for (i, call) in calls.enumerated() where call.statement.access == .get {
        let result = results[first + i].result
        guard case .getAttribute(let get) = call.step.operation, case .bytes(let buffer, _) = get.data else { continue }
        let bytes = result.value ?? buffer
        let mask = result.valueMask ?? Array(repeating: result.value == nil ? 0 : .max, count: bytes.count)
        saved[device.slot, default: []].append(
          SavedValue(call: get, path: call.statement.path, bytes: bytes, mask: mask))
      }
    }
    return saved
  }

  /// Runs a plan on a fresh model. Every step from `first` on must pass.
  private func run(_ plan: Plan, from first: Int) throws(Problem) -> Report {
    var host = model()
    let report = Runner(keepGoing: true).run(plan, on: &host)
    let problems = report.entries[first...].filter(\.verdict.isFailure).flatMap { $0.diagnostics(on: report.host) }
    if !problems.isEmpty { throw Problem(diagnostics: problems) }
    return report
  }

  /// The calls of a list, with their steps.
  private func calls(
    _ list: StateList, _ device: Device, after plan: Plan
  ) throws(Problem) -> [(statement: StateStep, step: Step)] {
    var host = model()
    _ = Runner(keepGoing: true).run(plan, on: &host)
    let statements: [StateStep]
    do throws(DiagnosticsError) {
      statements = try host.steps(of: list, slot: device.slot)
    } catch {
      throw Problem(diagnostics: error.diagnostics)
    }
    var calls: [(statement: StateStep, step: Step)] = []
    for statement in statements { calls.append((statement, try step(statement, device))) }
    return calls
  }

  private func step(_ statement: StateStep, _ device: Device) throws(Problem) -> Step {
    // A set of all that was read with any key has none yet.
    guard let (group, attribute) = device.file.attribute(at: statement.path),
      let attr = attribute.number(of: statement.key) ?? (statement.key.isEmpty ? 0 : nil)
    else {
      let fields = statement.key.map { "\($0.name) \(hexadecimal($0.value))" }.joined(separator: ", ")
      throw Problem(diagnostics: [
        .error("schema-state", "'\(statement.path)' has no number for \(fields)", at: statement.source)
      ])
    }
    let type = group.payload(of: attribute, attribute.key(of: attr) ?? Fields(), attr)
    let isBigEndian = catalogue.architecture.isBigEndian
    var data = AttributeData.none
    if !type.isNone {
      let input: Value =
        switch statement.content {
        case .constant(let number): .integer(number)
        case .saved, .nothing: .record(Fields(statement.input.map { ($0.name.identifier, .integer($0.value)) }))
        }
      let zeros = Array(repeating: 0 as UInt8, count: type.fixedSize ?? 0)
      data = .bytes(type.encode(input, bigEndian: isBigEndian)?.bytes ?? zeros)
    }
    let call = AttributeCall(target: .device(device.slot), group: group.number, attr: attr, data: data)
    return Step(
      statement.access == .get ? .getAttribute(call) : .setAttribute(call), target: .device(device.file.name),
      attribute: statement.path, at: statement.source)
  }

  // MARK: Restore

  private func restoringSteps(
    of device: Device, _ saved: [SavedValue], after plan: Plan
  ) throws(Problem) -> [Step] {
    let statements = try calls(device.file.restore ?? device.save, device, after: plan)
    var saved = saved
    var steps: [Step] = []
    func write(_ i: Int, _ step: Step, _ call: AttributeCall) {
      saved[i].isRestored = true
      // A value of which the model knows nothing is not written.
      if !saved[i].isKnown { return }
      var (step, call) = (step, call)
      call.data = .bytes(saved[i].bytes)
      step.operation = .setAttribute(call)
      steps.append(step)
    }
    for (statement, step) in statements {
      switch (statement.access, statement.content) {
      case (.set, .constant), (.set, .nothing): steps.append(step)
      case (.set, .saved(let other?)):
        guard case .setAttribute(let call) = step.operation, let i = saved.firstIndex(where: { $0.path == other })
        else { continue }
        write(i, step, call)
      case (.set, .saved(nil)) where statement.key.isEmpty:
        for i in saved.indices where saved[i].path == statement.path && !saved[i].isRestored {
          write(i, step, saved[i].call)
        }
      default:
        // A get of `save`, or a set of what was read with this key.
        guard let call = step.operation.attributeCall,
          let i = saved.firstIndex(where: { $0.path == statement.path && $0.call.attr == call.attr && !$0.isRestored })
        else { continue }
        write(i, step, saved[i].call)
      }
    }
    return steps
  }

  private func differences(_ device: Device, _ saved: [SavedValue], _ again: [SavedValue]) -> [Diagnostic] {
    func name(_ value: SavedValue) -> String {
      "'\(device.file.name).\(value.path)'" + (value.call.attr == 0 ? "" : ", number \(hexadecimal(value.call.attr)),")
    }
    let text = { (bytes: [UInt8]) in readable(bytes, on: catalogue.architecture) }
    for (a, b) in zip(saved, again) {
      if a.path != b.path || a.call.attr != b.call.attr {
        return [error(device, "once the state is restored, 'save' reads \(name(b)) where it read \(name(a))")]
      }
      let differs = zip(zip(a.bytes, b.bytes), zip(a.mask, b.mask)).contains { ($0.0 ^ $0.1) & $1.0 & $1.1 != 0 }
      if differs || a.bytes.count != b.bytes.count {
        return [
          error(device, "\(name(a)) is \(text(a.bytes)) before it is saved and \(text(b.bytes)) once it is restored")
        ]
      }
    }
    if saved.count != again.count {
      return [error(device, "'save' reads \(saved.count) values, and \(again.count) once the state is restored")]
    }
    return []
  }

  private func error(_ device: Device, _ message: String) -> Diagnostic {
    .error("schema-state", message, at: (device.file.restore ?? device.save).source)
  }
}

extension Operation {
  /// Whether it reads or writes an attribute of the device in a slot.
  fileprivate func isAttribute(of slot: Int) -> Bool { attributeCall?.target == .device(slot) }

  /// Whether the call may change the state of any device, and creates nothing.
  fileprivate var changesState: Bool {
    switch self {
    case .runVCPU: true
    case .request(let call): !call.makesDescriptor
    default: false
    }
  }
}
