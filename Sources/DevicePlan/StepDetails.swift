import TextOutput
import Vocabulary

/// A step's place and its contents. Two steps with the same place are two versions of one call.
package struct StepDetails: Hashable {
  /// The operation and its object: `set-attribute gic addr.dist`.
  var place: String
  /// The arguments of the call and its expected answers, by name. Spelling does not matter.
  package var parts: [Part]

  package struct Part: Hashable {
    package var name: String
    /// A text that is equal for equal calls.
    var exact: String
    /// A text for display; not compared.
    @Ignored package var shown: String
  }

  init(_ step: Step, in plan: Plan) {
    place = step.place
    parts = step.operation.parts(in: plan, step)
    if !step.expectsAnySuccess { add("expects", step.expectedText) }
    if let comparison = step.comparison {
      let exact = hexadecimal(comparison.bytes) + "/" + hexadecimal(comparison.mask)
      if let call = step.operation.requestCall {
        // Its value is what the call passes.
        let read = comparison.bytes.dropFirst(call.data.firstTarget ?? 0)
        parts.append(Part(name: "reads", exact: exact, shown: hexadecimal(Array(read))))
      } else {
        parts.append(Part(name: "value", exact: exact, shown: step.value?.printable ?? exact))
      }
    }
    if let stored = step.stored { add("stored as", plan.parameters[stored.parameter].name.printable) }
    let guards = step.guardedBy.map { "\(plan.steps[$0.step].words) is \($0.ok ? "" : "not ")ok" }
    if !guards.isEmpty { add("only if", guards.joined(separator: " and ")) }
    if step.block != nil { add("made", "for each vCPU") }
  }

  private mutating func add(_ name: String, _ text: String) { parts.append(Part(name: name, exact: text, shown: text)) }

  /// The parts in which two versions differ, with the old and the new text; nil if there was, or is, no such part.
  package func differences(from old: StepDetails) -> [(name: String, old: String?, new: String?)] {
    var names: [String] = []
    for part in old.parts + parts where !names.contains(part.name) { names.append(part.name) }
    return names.compactMap { name in
      let (a, b) = (old.parts.first { $0.name == name }, parts.first { $0.name == name })
      if a == b { return nil }
      // The shown texts are equal, but the bytes differ: show the bytes.
      if let a, let b, a.shown == b.shown { return (name, a.exact, b.exact) }
      return (name, a?.shown, b?.shown)
    }
  }
}

/// A value that is ignored in comparisons.
@propertyWrapper
package struct Ignored: Hashable {
  package var wrappedValue: String

  package init(wrappedValue: String) { self.wrappedValue = wrappedValue }

  package static func == (a: Ignored, b: Ignored) -> Bool { true }
  package func hash(into hasher: inout Hasher) {}
}

extension Step {
  /// The operation and its object, as names.
  fileprivate var place: String {
    var place = "\(operation.name) \(target)"
    switch operation {
    case .addMemory(let slot, _, _, _, _): place += " \(slot)"
    case .enableCapability(let number, _, _, _): place += " \(number)"
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call):
      place += " \(attribute ?? "") \(call.group) \(call.attr)"
    case .checkExtension(let number): place += " \(number)"
    // What has pointers, such as a register and its value, is found by what is beside them, as an attribute by its key.
    case .request(let call): place += " \(call.request) \(hexadecimal(call.data.bytesBeforeTargets))"
    default: break
    }
    return place
  }
}

extension Operation {
  /// The arguments of the call, apart from its object.
  fileprivate func parts(in plan: Plan, _ step: Step) -> [StepDetails.Part] {
    func part(_ name: String, _ text: String) -> StepDetails.Part { .init(name: name, exact: text, shown: text) }
    let flags = flags == 0 ? [] : [part("flags", hexadecimal(flags, from: 10))]
    switch self {
    case .createVM(let type): return type == 0 ? [] : [part("type", hexadecimal(type, from: 10))]
    case .addMemory(_, let address, let size, _, let memory):
      let backing = memory.map {
        part("private memory", "\(plan.name(ofDevice: $0.device)) from \(grouped($0.offset))")
      }
      return flags + [part("at", grouped(address)), part("size", grouped(size))] + [backing].compactMap(\.self)
    case .enableCapability(_, _, _, let arguments):
      let words = arguments.map { argument in
        switch argument {
        case .value(let value): hexadecimal(value, from: 10)
        case .device(let slot): plan.name(ofDevice: slot)
        }
      }
      return words.isEmpty ? flags : flags + [part("arguments", words.joined(separator: ", "))]
    case .createIRQChip, .closeDevice, .runVCPU, .checkExtension: return []
    case .createVCPU(let id): return [part("id", "\(id)")]
    case .initVCPU(_, let features, let finalize):
      let exact = hexadecimal(features, from: 10) + finalize.map { " finalize \($0)" }.joined()
      return [.init(name: "features", exact: exact, shown: step.value?.printable ?? exact)]
    case .createDevice(let type, _), .testDevice(let type, _): return flags + [part("device type", "\(type)")]
    case .setAttribute(let call), .hasAttribute(let call):
      return flags + call.data.parts(in: plan, "value", shown: step.value)
    case .request(let call): return call.data.parts(in: plan, "value", shown: step.value)
    case .getAttribute(let call): return flags + call.data.parts(in: plan, "buffer", shown: nil)
    }
  }
}

extension Operation {
  fileprivate var requestCall: RequestCall? { if case .request(let call) = self { call } else { nil } }
}

extension AttributeData {
  /// The offset of the first thing that a pointer points to; nil if there is no pointer.
  fileprivate var firstTarget: Int? { if case .bytes(_, let slots) = self { slots.firstTarget } else { nil } }

  /// A struct with pointers, without what they point to; empty if it has none.
  fileprivate var bytesBeforeTargets: [UInt8] {
    guard case .bytes(let bytes, _) = self else { return [] }
    return Array(bytes.prefix(firstTarget ?? 0))
  }

  fileprivate func parts(in plan: Plan, _ name: String, shown: String?) -> [StepDetails.Part] {
    switch self {
    case .none: return []
    case .invalid: return [.init(name: "pointer", exact: "invalid", shown: "invalid")]
    case .bytes(let bytes, let slots):
      let filled = slots.map {
        " \(plan.name(of: $0)) at \($0.offset), \($0.width) bytes, bits \($0.shift)+\($0.bits)-\($0.dropped)"
      }
      let exact = hexadecimal(bytes) + filled.joined()
      return [.init(name: name, exact: exact, shown: shown?.printable ?? exact)]
    }
  }
}
