import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary

/// The meaning of each errno as an answer to the steps of a plan, from the schemas.
package struct StepReasons {
  private let catalogue: Catalogue
  private let reference: CallReference
  /// The descriptions of the plan's devices, by slot; nil if there is no schema.
  private let devices: [SchemaFile?]
  private var known: [String: [(errno: Errno, text: String)]] = [:]

  package init(_ plan: Plan, _ catalogue: Catalogue) {
    self.catalogue = catalogue
    reference = CallReference(catalogue: catalogue)
    devices = plan.steps.filter(\.operation.fillsDeviceSlot).map { step in
      if case .createDevice(let type, _) = step.operation { catalogue.device(numbered: type) } else { nil }
    }
  }

  /// The errnos that a step can be refused with, each with all its reasons, in the order in which the kernel checks.
  package mutating func reasons(for step: Step) -> [(errno: Errno, text: String)] {
    guard let (subject, call) = call(of: step) else { return [] }
    if let reasons = known[subject] { return reasons }
    let reasons = Self.joined(call().refusals, catalogue.release)
    known[subject] = reasons
    return reasons
  }

  private static func joined(_ refusals: [Refusal], _ release: Release) -> [(errno: Errno, text: String)] {
    var texts: [(errno: Errno, texts: [String])] = []
    for refusal in refusals where refusal.lifetimes.allSatisfy({ $0.mayInclude(release) }) {
      guard let errno = Errno(name: refusal.answer) else { continue }
      if let i = texts.firstIndex(where: { $0.errno == errno }) {
        if !texts[i].texts.contains(refusal.reason) { texts[i].texts.append(refusal.reason) }
      } else {
        texts.append((errno, [refusal.reason]))
      }
    }
    return texts.map { ($0.errno, $0.texts.joined(separator: "; or ")) }
  }

  /// A name for all calls of this kind, and a function that returns the call with its refusals.
  private func call(of step: Step) -> (subject: String, call: () -> RefusableCall)? {
    switch step.operation {
    case .createVM: own(.create, of: catalogue.vm)
    case .addMemory: own(.addMemory, of: catalogue.vm)
    case .checkExtension: nil
    case .createIRQChip: own(.createIRQChip, of: catalogue.vm)
    case .createVCPU: own(.create, of: catalogue.vcpu)
    case .initVCPU: own(.initialise, of: catalogue.vcpu)
    case .runVCPU: own(.run, of: catalogue.vcpu)
    case .createDevice(let type, _): own(.create, of: catalogue.device(numbered: type))
    case .testDevice(let type, _): own(.test, of: catalogue.device(numbered: type))
    case .closeDevice(let slot): own(.close, of: devices[slot])
    case .enableCapability(let number, .vcpu, _, _): capability(number, onVCPU: true)
    case .enableCapability(let number, _, _, _): capability(number, onVCPU: false)
    case .setAttribute(let call): attribute(.set, call)
    case .getAttribute(let call): attribute(.get, call)
    case .hasAttribute(let call): attribute(.has, call)
    case .request(let call): request(call, step.attribute)
    }
  }

  private func own(_ call: DescriptorCall, of file: SchemaFile?) -> (String, () -> RefusableCall)? {
    guard let file, file.has(call) else { return nil }
    return ("\(file.name).\(call.rawValue)", { reference.call(call, of: file) })
  }

  private func capability(_ number: UInt32, onVCPU: Bool) -> (String, () -> RefusableCall)? {
    guard let (file, capability) = catalogue.capability(numbered: number, onVCPU: onVCPU) else { return nil }
    return ("\(file.name).\(capability.name)", { reference.call(capability, of: file) })
  }

  private func request(_ call: RequestCall, _ name: String?) -> (String, () -> RefusableCall)? {
    let descriptor = catalogue.file(of: call.target, devices: devices)
    guard let (file, schema) = catalogue.request(numbered: call.request, on: descriptor, named: name) else {
      return nil
    }
    return ("\(file.name).\(schema.name)", { reference.call(schema, of: file) })
  }

  private func attribute(_ access: AttributeAccess, _ call: AttributeCall) -> (String, () -> RefusableCall)? {
    guard let file = catalogue.file(of: call.target, devices: devices),
      let (group, attribute, _) = file.attribute(group: call.group, attr: call.attr, in: catalogue.release)
    else { return nil }
    return (
      "\(access.rawValue) \(file.name).\(attribute.path)",
      { reference.call(access, on: attribute, of: group, in: file) }
    )
  }
}
