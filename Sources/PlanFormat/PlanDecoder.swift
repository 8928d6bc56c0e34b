import DevicePlan
import Diagnostics
import Vocabulary
import kvmload

/// Why bytes are not a plan that can be used.
package struct PlanFault: Error, Hashable {
  /// In words, for people.
  package var message: String
}

extension Plan {
  /// Whether bytes begin as a compiled plan does.
  package static func isCompiled(_ bytes: [UInt8]) -> Bool { bytes.starts(with: Layout.magic) }

  /// Reads a compiled plan. kvmload checks all of it first.
  ///
  /// - Parameter path: the plan's own file: what a stripped plan's steps are said to come from.
  package init(compiled bytes: [UInt8], path: String) throws(PlanFault) {
    var plan = unsafe kvmload_plan()
    // SAFETY: the check reads inside the bytes, which outlive it; `plan` is not used afterwards.
    let fault = unsafe bytes.withUnsafeBytes { unsafe kvmload_check(&plan, $0.baseAddress, $0.count) }
    // SAFETY: a constant text of kvmload's.
    guard fault == 0 else { throw PlanFault(message: unsafe String(cString: kvmload_fault_text(fault))) }
    guard let architecture = Architecture(numberInPlans: unsafe plan.architecture),
      architecture.isBigEndian == (unsafe plan.big_endian == 1)
    else { throw PlanFault(message: "the byte order of the plan's payloads is not its architecture's") }
    var decoder = PlanDecoder(bytes, path)
    self = decoder.plan(architecture)
  }
}

/// Reads the records of a plan that has been checked.
private struct PlanDecoder {
  private let bytes: [UInt8]
  private let path: String
  private let starts: [Int]
  private let counts: [Int]
  /// The files that steps come from.
  private var sources: [UInt32: SourceFile] = [:]
  private var deviceNames: [String] = []
  private var vcpuNames: [String] = []

  init(_ bytes: [UInt8], _ path: String) {
    self.bytes = bytes
    self.path = path
    let entries = Layout.Section.allCases.map { Layout.Header.sections + $0.rawValue * 8 }
    starts = entries.map { Int(bytes.le32($0)) }
    counts = entries.map { Int(bytes.le32($0 + 4)) }
  }

  mutating func plan(_ architecture: Architecture) -> Plan {
    var plan = Plan(
      name: string(at: Layout.Header.name) ?? "", manifest: string(at: Layout.Header.manifest) ?? "",
      architecture: architecture)
    plan.files = indices(of: .files).map { i in
      let p = record(.files, i)
      return PlanFile(name: string(at: p) ?? "", path: string(at: p + 4) ?? "", at: place(p + 8))
    }
    plan.parameters = indices(of: .parameters).map { i in
      let p = record(.parameters, i)
      let bits = bytes.le64(p + 8)
      let isSigned = bytes[p + 5] == 1
      return PlanParameter(
        name: string(at: p) ?? "", size: Int(bytes[p + 4]), isSigned: isSigned,
        initial: bytes[p + 6] == 0 ? nil : isSigned ? Int128(Int64(bitPattern: bits)) : Int128(bits),
        at: place(p + 16))
    }
    let vcpuCount = Int(bytes.le32(Layout.Header.vcpuCount))
    plan.vcpuCount = vcpuCount == 0 ? nil : vcpuCount - 1
    /// The block that the steps before this one belong to.
    var block = (number: 0, end: 0)
    for i in indices(of: .steps) {
      plan.steps.append(step(i))
      let length = Int(bytes.le32(record(.steps, i) + 72))
      if length > 0 { block = (block.number + 1, i + length) }
      if i < block.end { plan.steps[i].block = block.number }
    }
    return plan
  }

  // MARK: Pieces

  private func indices(of section: Layout.Section) -> Range<Int> { 0..<counts[section.rawValue] }

  private func record(_ section: Layout.Section, _ index: Int) -> Int {
    starts[section.rawValue] + index * section.recordSize
  }

  /// The records of the range that stands at an offset.
  private func records(_ section: Layout.Section, at offset: Int) -> [Int] {
    let first = Int(bytes.le32(offset))
    return (first..<first + Int(bytes.le32(offset + 4))).map { record(section, $0) }
  }

  private func string(at offset: Int) -> String? {
    let start = Int(bytes.le32(offset))
    if start == 0 { return nil }
    let text = starts[Layout.Section.strings.rawValue] + start
    return String(decoding: bytes[text + 4..<text + 4 + Int(bytes.le32(text))], as: UTF8.self)
  }

  private func data(at offset: Int, count: Int) -> [UInt8] {
    let start = starts[Layout.Section.data.rawValue] + Int(bytes.le32(offset))
    return Array(bytes[start..<start + count])
  }

  private mutating func place(_ offset: Int) -> SourceRange {
    let name = bytes.le32(offset)
    let file = sources[name] ?? SourceFile(path: string(at: offset) ?? "", bytes: [])
    sources[name] = file
    return range(file, line: Int(bytes.le32(offset + 4)), column: Int(bytes.le32(offset + 8)))
  }

  private func range(_ file: SourceFile, line: Int, column: Int) -> SourceRange {
    let start = Position(line: line, column: column)
    return SourceRange(file: file, start: start, end: start)
  }

  // MARK: Steps

  private mutating func step(_ index: Int) -> Step {
    let p = record(.steps, index)
    let operation = operation(p)
    var step = Step(operation, target: "", at: range(SourceFile(path: path, bytes: []), line: index + 1, column: 1))
    step.expected = records(.answers, at: p + 48).map { answer in
      let errno = Int32(bitPattern: bytes.le32(answer))
      return errno == 0 ? .ok : .refused(Errno(rawValue: errno))
    }
    step.guardedBy = records(.guards, at: p + 56).map {
      Guard(step: Int(bytes.le32($0)), ok: bytes.le32($0 + 4) == 1)
    }
    let compared = Int(bytes.le32(p + 44))
    if compared > 0 {
      let both = data(at: p + 40, count: compared * 2)
      step.comparison = Comparison(bytes: Array(both[..<compared]), mask: Array(both[compared...]))
    }
    if indices(of: .labels).isEmpty {
      step.target = numberedTarget(of: operation)
    } else {
      label(&step, record(.labels, index))
    }
    switch operation {
    case .createVCPU: vcpuNames.append(step.target)
    case .createDevice: deviceNames.append(step.target)
    default: break
    }
    return step
  }

  private mutating func label(_ step: inout Step, _ p: Int) {
    step.target = string(at: p) ?? ""
    step.attribute = string(at: p + 4)
    step.value = string(at: p + 8)
    step.moved = string(at: p + 12)
    step.at = place(p + 16)
    step.hints = records(.notes, at: p + 28).compactMap { string(at: $0) }
  }

  /// What the target of a stripped plan's step is called: after its slot.
  private func numberedTarget(of operation: DevicePlan.Operation) -> String {
    func name(_ target: Target) -> String {
      switch target {
      case .system: "system"
      case .vm: "vm"
      case .vcpu(let slot): slot < vcpuNames.count ? vcpuNames[slot] : "vcpu"
      case .device(let slot): "device\(slot)"
      }
    }
    switch operation {
    case .createVM, .addMemory, .createIRQChip: return "vm"
    case .enableCapability(_, let target, _, _): return name(target)
    case .createVCPU(let id): return "vcpu.\(id)"
    case .initVCPU(let vcpu, _, _), .runVCPU(let vcpu): return name(.vcpu(vcpu))
    case .createDevice: return "device\(deviceNames.count)"
    case .testDevice(let type, _): return "type \(type)"
    case .closeDevice(let device): return name(.device(device))
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): return name(call.target)
    }
  }

  private func operation(_ p: Int) -> DevicePlan.Operation {
    let slot = Int(bytes.le32(p + 4))
    let flags = bytes.le32(p + 8)
    let number = bytes.le32(p + 12)
    let value = bytes.le64(p + 16)
    guard let operation = OperationNumber(rawValue: bytes[p]) else { preconditionFailure("the plan was checked") }
    switch operation {
    case .createVM: return .createVM(type: value)
    case .addMemory: return .addMemory(slot: number, address: value, size: bytes.le64(p + 24))
    case .enableCapability:
      return .enableCapability(number, on: target(p), flags: flags, arguments: arguments(p))
    case .createIRQChip: return .createIRQChip
    case .createVCPU: return .createVCPU(id: value)
    case .initVCPU:
      let payload = data(at: p + 32, count: Int(bytes.le32(p + 36)))
      let finalize = stride(from: 0, to: payload.count, by: 4).map { Int32(bitPattern: payload.le32($0)) }
      return .initVCPU(slot, features: value, finalize: finalize)
    case .createDevice: return .createDevice(type: number, flags: flags)
    case .testDevice: return .testDevice(type: number, flags: flags)
    case .closeDevice: return .closeDevice(slot)
    case .setAttribute: return .setAttribute(attributeCall(p))
    case .getAttribute: return .getAttribute(attributeCall(p))
    case .hasAttribute: return .hasAttribute(attributeCall(p))
    case .runVCPU: return .runVCPU(slot)
    }
  }

  private func target(_ p: Int) -> Target {
    let slot = Int(bytes.le32(p + 4))
    switch TargetNumber(rawValue: bytes[p + 1]) {
    case .system: return .system
    case .vm: return .vm
    case .vcpu: return .vcpu(slot)
    case .device: return .device(slot)
    case nil: preconditionFailure("the plan was checked")
    }
  }

  private func arguments(_ p: Int) -> [CapabilityArgument] {
    let payload = data(at: p + 32, count: Int(bytes.le32(p + 36)))
    return (0..<payload.count / 8).map { i in
      let value = payload.le64(i * 8)
      return bytes[p + 3] >> UInt8(i) & 1 == 1 ? .device(Int(value)) : .value(value)
    }
  }

  private func attributeCall(_ p: Int) -> AttributeCall {
    let data: AttributeData
    switch DataNumber(rawValue: bytes[p + 2]) {
    case .bytes:
      data = .bytes(self.data(at: p + 32, count: Int(bytes.le32(p + 36))), slots: slots(p))
    case .invalid: data = .invalid
    case .some(.none): data = .none
    case nil: preconditionFailure("the plan was checked")
    }
    return AttributeCall(
      target: target(p), group: bytes.le32(p + 12), attr: bytes.le64(p + 16), flags: bytes.le32(p + 8), data: data)
  }

  private func slots(_ p: Int) -> [PayloadSlot] {
    records(.patches, at: p + 64).map { patch in
      let index = Int(bytes.le32(patch + 8))
      let content: PayloadSlot.Content =
        switch PatchNumber(rawValue: bytes[patch + 4]) {
        case .file: .file(index)
        case .parameter: .parameter(index)
        case .vcpuIndex: .vcpuIndex
        case nil: preconditionFailure("the plan was checked")
        }
      return PayloadSlot(
        content,
        offset: Int(bytes.le32(patch)), width: Int(bytes[patch + 5]), shift: Int(bytes[patch + 6]),
        bits: Int(bytes[patch + 7]), dropped: Int(bytes.le32(patch + 12)))
    }
  }
}
