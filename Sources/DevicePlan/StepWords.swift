import Diagnostics
import TextOutput
import Vocabulary

extension Operation {
  /// The name of the operation in reports.
  package var name: String {
    switch self {
    case .createVM: "create-vm"
    case .addMemory: "add-memory"
    case .enableCapability: "enable-capability"
    case .createIRQChip: "create-irqchip"
    case .checkExtension: "check-extension"
    case .createVCPU: "create-vcpu"
    case .initVCPU: "init-vcpu"
    case .createDevice: "create-device"
    case .testDevice: "test-device"
    case .closeDevice: "close-device"
    case .setAttribute: "set-attribute"
    case .getAttribute: "get-attribute"
    case .hasAttribute: "has-attribute"
    case .runVCPU: "run-vcpu"
    case .request: "call"
    }
  }

  /// The attribute call, if this is a set, get or has.
  package var attributeCall: AttributeCall? {
    switch self {
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): call
    default: nil
    }
  }

  /// Whether the call fills the next device slot: with a device, or with another new descriptor.
  package var fillsDeviceSlot: Bool {
    switch self {
    case .createDevice: true
    case .request(let call): call.makesDescriptor
    default: false
    }
  }

  /// What the pointer of the call points to, if it has one.
  package var data: AttributeData? {
    if case .request(let call) = self { call.data } else { attributeCall?.data }
  }

  /// The operation with other data.
  func mappingData(_ change: (inout AttributeData) -> Void) -> Operation {
    guard case .request(var call) = self else { return mappingCall { change(&$0.data) } }
    change(&call.data)
    return .request(call)
  }

  /// The operation with a changed attribute call, if this is a set, get or has.
  func mappingCall(_ change: (inout AttributeCall) -> Void) -> Operation {
    guard var call = attributeCall else { return self }
    change(&call)
    switch self {
    case .setAttribute: return .setAttribute(call)
    case .getAttribute: return .getAttribute(call)
    default: return .hasAttribute(call)
    }
  }
}

extension Step {
  /// The step in a user's words, such as `set gic.addr.dist = 0x0800_0000`.
  package var words: String { words(on: name) }

  /// - Parameter name: the name of the call's object.
  package func words(on name: String) -> String {
    switch operation {
    case .createVM: "create vm" + detail
    case .addMemory(_, let address, let size, _, _):
      "add memory at \(grouped(address)), \(sizeInBytes(Int128(size), separator: ""))" + detail
    case .enableCapability(let number, _, _, _): "enable \(value?.printable ?? "capability \(number)") on \(name)"
    case .createIRQChip: "create irqchip"
    case .checkExtension(let number): "check capability \(number)" + detail
    case .createVCPU: "create \(name)"
    case .initVCPU: "init \(name)" + detail
    case .createDevice: "create \(name)" + detail
    case .testDevice: "test \(name)" + detail
    case .closeDevice: "close \(name)"
    case .setAttribute(let call): "set \(path(of: call, on: name))" + assigned(" = ", call)
    case .getAttribute(let call): "get \(path(of: call, on: name))" + assigned(" == ", call)
    case .hasAttribute(let call): "has \(path(of: call, on: name))"
    case .runVCPU: "run \(name)"
    case .request(let call):
      "\(attribute?.printable ?? "call \(hexadecimal(call.request))") \(call.makesDescriptor ? "makes" : "on") \(name)"
        + (call.data == .invalid ? " (invalid pointer)" : value.map { ": \($0.printable)" } ?? "")
    }
  }

  /// The name of the call's object, fit to be printed.
  package var name: String { target.description.printable }

  private var detail: String { value.map { " (\($0.printable))" } ?? "" }

  private func path(of call: AttributeCall, on name: String) -> String {
    if let attribute {
      "\(name).\(attribute.printable)" + (key.map { "[\($0.printable)]" } ?? "")
    } else {
      "\(name) group \(call.group) attr \(call.attr)"
    }
  }

  private func assigned(_ sign: String, _ call: AttributeCall) -> String {
    if call.data == .invalid { " (invalid pointer)" } else { value.map { sign + $0.printable } ?? "" }
  }
}

extension Step {
  /// Whether the call is one that the schemas describe by its name.
  var isNamedCall: Bool { if case .request = operation { attribute != nil } else { false } }

  /// The part of a written payload to show: if the payload has pointers, what they point to.
  package func shown(_ payload: [UInt8]) -> [UInt8] {
    guard case .bytes(_, let slots)? = operation.data, let first = slots.firstTarget, first < payload.count else {
      return payload
    }
    return Array(payload[first...])
  }
}

extension Outcome {
  /// The outcome in words: `EINVAL`, `ok or ENXIO`.
  package var words: String {
    switch self {
    case .ok: "ok"
    case .refused(let errno): errno.description
    case .skipped: "skipped"
    case .unfit: "unfit"
    case .undecided(let candidates): candidates.words
    case .hazard: "hazard"
    }
  }
}

extension Outcome {
  /// `ok`, an errno's name, `skipped`, `hazard` or `undecided`.
  package var name: String {
    if case .undecided = self { "undecided" } else { words }
  }
}

extension Step {
  /// The expected answers: `ok`, `3`, `EINVAL`.
  package var expectedWords: [String] {
    expected.map { $0 == .ok ? expectedNumber.map(String.init) ?? "ok" : $0.description }
  }

  /// `ok`, `ok or ENXIO`, `3 or EINVAL`.
  package var expectedText: String { expectedWords.isEmpty ? "nothing" : expectedWords.listed("or") }

  /// Whether the call is expected to succeed, with any number.
  package var expectsAnySuccess: Bool { expected == [.ok] && expectedNumber == nil }
}

extension StepResult {
  /// The outcome in words.
  ///
  /// - Parameter numbered: whether a success is its number.
  package func words(numbered: Bool) -> String {
    if numbered, outcome == .ok, let number { "\(number)" } else { outcome.words }
  }
}

extension [Answer] {
  /// `ok`, `ok or ENXIO`, `ok, EBUSY or ENXIO`.
  package var words: String { isEmpty ? "nothing" : map(\.description).listed("or") }
}

extension PlanParameter {
  /// `u64`, `i32`.
  package var typeName: String { integerTypeName(size: size, isSigned: isSigned) }
}

extension Plan {
  /// The name of the value that fills a slot.
  package func name(of slot: PayloadSlot) -> String {
    switch slot.content {
    case .file(let index): files[index].name.printable
    case .device(let slot): name(ofDevice: slot)
    case .parameter(let index): parameters[index].name.printable
    case .vcpuIndex: "vcpu.index"
    case .payload(let offset): "address of byte \(offset)"
    }
  }

  /// The names of the devices and the new descriptors in the plan, by slot.
  package var deviceNames: [String] {
    steps.compactMap { $0.operation.fillsDeviceSlot ? $0.target.description : nil }
  }

  func name(ofDevice slot: Int) -> String {
    let names = deviceNames
    return names.indices.contains(slot) ? names[slot].printable : "device \(slot)"
  }

  /// The names of the vCPUs in the plan, by slot.
  package var vcpuNames: [String] {
    steps.compactMap { if case .createVCPU = $0.operation { $0.target.description } else { nil } }
  }
}

extension Operation {
  /// The flags of the call's struct; 0 if it has none.
  package var flags: UInt32 {
    switch self {
    case .enableCapability(_, _, let flags, _), .createDevice(_, let flags), .testDevice(_, let flags): flags
    case .addMemory(_, _, _, let flags, _): flags
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): call.flags
    default: 0
    }
  }
}
