import DevicePlan
import Diagnostics
import Vocabulary
import kvmload

extension Plan {
  /// Whether bytes begin like a compiled plan.
  package static func isCompiled(_ bytes: [UInt8]) -> Bool { bytes.starts(with: KVMLOAD_MAGIC.utf8) }

  /// Reads a compiled plan. kvmload checks all of it first.
  ///
  /// - Parameter path: the plan's file, which is the place of a stripped plan's steps.
  package init(compiled bytes: [UInt8], path: String) throws(DiagnosticsError) {
    var plan = unsafe kvmload_plan()
    // SAFETY: the check reads inside the bytes, which outlive it; `plan` is not used afterwards.
    let fault = unsafe bytes.withUnsafeBytes { unsafe kvmload_check(&plan, $0.baseAddress, $0.count) }
    // SAFETY: a constant string of kvmload.
    guard fault == 0 else { throw .badPlan(path, unsafe String(cString: kvmload_fault_text(fault))) }
    guard let architecture = Architecture(number: unsafe plan.architecture),
      architecture.isBigEndian == (unsafe plan.big_endian == 1)
    else { throw .badPlan(path, "the byte order of the plan's payloads is not its architecture's") }
    var decoder = PlanDecoder(bytes, path)
    self = decoder.plan(architecture)
  }
}

extension DiagnosticsError {
  fileprivate static func badPlan(_ path: String, _ reason: String) -> Self {
    .invalid(.error("bad-plan", "\(path) cannot be used: \(reason)", at: nil))
  }
}

/// Reads the records of a plan that has been checked.
private struct PlanDecoder {
  private let bytes: [UInt8]
  /// The plan's file.
  private let file: SourceFile
  /// The manifests that steps come from, by the offsets of their paths.
  private var sources: [UInt32: SourceFile] = [:]
  /// The ids of vCPUs, by slot.
  private var parameters: [PlanParameter] = []
  private var vcpuIDs: [UInt64] = []
  private var deviceSlots = 0

  init(_ bytes: [UInt8], _ path: String) {
    self.bytes = bytes
    file = SourceFile(path: path, bytes: [])
  }

  mutating func plan(_ architecture: Architecture) -> Plan {
    var plan = Plan(
      name: string(at: KVMLOAD_HEADER_NAME) ?? "", manifest: string(at: KVMLOAD_HEADER_MANIFEST) ?? "",
      architecture: architecture)
    plan.files = indices(of: KVMLOAD_SECTION_FILES).map { i in
      let p = record(KVMLOAD_SECTION_FILES, i)
      return PlanFile(
        name: string(at: p + KVMLOAD_FILE_NAME) ?? "", path: string(at: p + KVMLOAD_FILE_PATH) ?? "",
        at: place(p + KVMLOAD_FILE_PLACE))
    }
    parameters = indices(of: KVMLOAD_SECTION_PARAMETERS).map { parameter($0) }
    plan.parameters = parameters
    let vcpuCount = Int(bytes.le32(KVMLOAD_HEADER_VCPU_COUNT))
    plan.vcpuCount = vcpuCount == 0 ? nil : vcpuCount - 1
    /// The current block.
    var block = (number: 0, end: 0)
    let operations = indices(of: KVMLOAD_SECTION_STEPS).map { operation(record(KVMLOAD_SECTION_STEPS, $0)) }
    vcpuIDs = operations.compactMap { if case .createVCPU(let id) = $0 { id } else { nil } }
    for (i, operation) in operations.enumerated() {
      let length = Int(bytes.le32(record(KVMLOAD_SECTION_STEPS, i) + KVMLOAD_STEP_BLOCK))
      if length > 0 { block = (block.number + 1, i + length) }
      plan.steps.append(step(i, operation, block: i < block.end ? block.number : nil))
    }
    return plan
  }

  private mutating func parameter(_ index: Int) -> PlanParameter {
    let p = record(KVMLOAD_SECTION_PARAMETERS, index)
    let bits = bytes.le64(p + KVMLOAD_PARAMETER_DEFAULT)
    let isSigned = bytes[p + KVMLOAD_PARAMETER_SIGNED] == 1
    let value = isSigned ? Int128(Int64(bitPattern: bits)) : Int128(bits)
    return PlanParameter(
      name: string(at: p + KVMLOAD_PARAMETER_NAME) ?? "", size: Int(bytes[p + KVMLOAD_PARAMETER_SIZE]),
      isSigned: isSigned, initial: bytes[p + KVMLOAD_PARAMETER_HAS_DEFAULT] == 1 ? value : nil,
      isRead: bytes[p + KVMLOAD_PARAMETER_READ] == 1,
      at: place(p + KVMLOAD_PARAMETER_PLACE))
  }

  // MARK: Pieces

  private func indices(of section: kvmload_section) -> Range<Int> {
    0..<Int(bytes.le32(section.entry + KVMLOAD_ENTRY_COUNT))
  }

  /// The offset of a record in the file.
  private func record(_ section: kvmload_section, _ index: Int) -> Int {
    Int(bytes.le32(section.entry + KVMLOAD_ENTRY_OFFSET)) + index * section.recordSize
  }

  /// The indices in the range at an offset.
  private func range(at offset: Int) -> Range<Int> {
    let first = Int(bytes.le32(offset + KVMLOAD_RANGE_FIRST))
    return first..<first + Int(bytes.le32(offset + KVMLOAD_RANGE_COUNT))
  }

  /// The records of the range at an offset.
  private func records(_ section: kvmload_section, at offset: Int) -> [Int] {
    range(at: offset).map { record(section, $0) }
  }

  private func string(at offset: Int) -> String? {
    let string = Int(bytes.le32(offset))
    if string == 0 { return nil }
    let start = record(KVMLOAD_SECTION_STRINGS, string)
    let text = start + KVMLOAD_STRING_TEXT
    return String(decoding: bytes[text..<text + Int(bytes.le32(start + KVMLOAD_STRING_LENGTH))], as: UTF8.self)
  }

  private func data(_ range: Range<Int>) -> [UInt8] {
    Array(bytes[record(KVMLOAD_SECTION_DATA, range.lowerBound)..<record(KVMLOAD_SECTION_DATA, range.upperBound)])
  }

  private func payload(_ step: Int) -> [UInt8] { data(range(at: step + KVMLOAD_STEP_PAYLOAD)) }

  private mutating func place(_ offset: Int) -> SourceRange {
    let name = bytes.le32(offset + KVMLOAD_PLACE_FILE)
    let file = sources[name] ?? SourceFile(path: string(at: offset + KVMLOAD_PLACE_FILE) ?? "", bytes: [])
    sources[name] = file
    return range(
      file, line: Int(bytes.le32(offset + KVMLOAD_PLACE_LINE)), column: Int(bytes.le32(offset + KVMLOAD_PLACE_COLUMN)))
  }

  private func range(_ file: SourceFile, line: Int, column: Int) -> SourceRange {
    let start = Position(line: line, column: column)
    return SourceRange(file: file, start: start, end: start)
  }

  // MARK: Steps

  private mutating func step(_ index: Int, _ operation: DevicePlan.Operation, block: Int?) -> Step {
    let p = record(KVMLOAD_SECTION_STEPS, index)
    let label = indices(of: KVMLOAD_SECTION_LABELS).isEmpty ? nil : record(KVMLOAD_SECTION_LABELS, index)
    let name = label.flatMap { string(at: $0 + KVMLOAD_LABEL_TARGET) }
    var step = Step(
      operation, target: target(of: operation, name, isForEachVCPU: block != nil),
      at: range(file, line: index + 1, column: 1))
    step.block = block
    step.expected = records(KVMLOAD_SECTION_ANSWERS, at: p + KVMLOAD_STEP_ANSWERS).map { answer in
      let errno = Int32(bitPattern: bytes.le32(answer + KVMLOAD_ANSWER_ERRNO))
      return errno == 0 ? .ok : .refused(Errno(rawValue: errno))
    }
    let result = bytes.le32(p + KVMLOAD_STEP_RESULT)
    if result > 0 { step.expectedNumber = result - 1 }
    let stored = bytes.le64(p + KVMLOAD_STEP_SIZE)
    if stored > 0, operation.data != nil {
      let index = Int(stored & 0xFFFF_FFFF) - 1
      step.stored = StoredValue(parameter: index, parameters[index], offset: Int(stored >> 32))
    }
    step.guardedBy = records(KVMLOAD_SECTION_GUARDS, at: p + KVMLOAD_STEP_GUARDS).map {
      Guard(step: Int(bytes.le32($0 + KVMLOAD_GUARD_STEP)), ok: bytes.le32($0 + KVMLOAD_GUARD_SUCCEEDED) == 1)
    }
    let compared = range(at: p + KVMLOAD_STEP_COMPARISON)
    if !compared.isEmpty {
      let mask = compared.upperBound..<compared.upperBound + compared.count
      step.comparison = Comparison(bytes: data(compared), mask: data(mask))
    }
    if let label { self.label(&step, label) }
    if operation.fillsDeviceSlot { deviceSlots += 1 }
    return step
  }

  private mutating func label(_ step: inout Step, _ p: Int) {
    step.attribute = string(at: p + KVMLOAD_LABEL_ATTRIBUTE)
    step.key = string(at: p + KVMLOAD_LABEL_KEY)
    step.value = string(at: p + KVMLOAD_LABEL_VALUE)
    step.moved = string(at: p + KVMLOAD_LABEL_MOVED)
    step.at = place(p + KVMLOAD_LABEL_PLACE)
    step.hints = records(KVMLOAD_SECTION_NOTES, at: p + KVMLOAD_LABEL_NOTES).compactMap {
      string(at: $0 + KVMLOAD_NOTE_TEXT)
    }
  }

  /// The object of a step's call.
  ///
  /// - Parameter name: the name that the plan gives it; nil in a stripped plan, where a device is named by its slot.
  private func target(
    of operation: DevicePlan.Operation, _ name: String?, isForEachVCPU: Bool
  ) -> TargetName {
    func named(_ target: Target) -> TargetName {
      switch target {
      case .system: .system
      case .vm: .vm
      case .vcpu(let slot): isForEachVCPU ? .eachVCPU : .vcpu(vcpuIDs[slot])
      case .device(let slot): .device(name ?? "device\(slot)")
      }
    }
    switch operation {
    case .createVM, .addMemory, .createIRQChip, .checkExtension: return .vm
    case .enableCapability(_, let target, _, _): return named(target)
    case .createVCPU(let id): return isForEachVCPU ? .eachVCPU : .vcpu(id)
    case .initVCPU(let vcpu, _, _), .runVCPU(let vcpu): return named(.vcpu(vcpu))
    case .createDevice: return named(.device(deviceSlots))
    case .testDevice(let type, _): return .device(name ?? "type \(type)")
    case .closeDevice(let device): return named(.device(device))
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): return named(call.target)
    case .request(let call): return named(call.makesDescriptor ? .device(deviceSlots) : call.target)
    }
  }

  private func operation(_ p: Int) -> DevicePlan.Operation {
    let slot = Int(bytes.le32(p + KVMLOAD_STEP_SLOT))
    let flags = bytes.le32(p + KVMLOAD_STEP_FLAGS)
    let number = bytes.le32(p + KVMLOAD_STEP_NUMBER)
    let value = bytes.le64(p + KVMLOAD_STEP_VALUE)
    switch kvmload_operation(UInt32(bytes[p + KVMLOAD_STEP_OPERATION])) {
    case KVMLOAD_CREATE_VM: return .createVM(type: value)
    case KVMLOAD_ADD_MEMORY:
      let memory = payload(p)
      return .addMemory(
        slot: number, address: value, size: bytes.le64(p + KVMLOAD_STEP_SIZE), flags: flags,
        private: memory.isEmpty ? nil : PrivateMemory(device: slot, offset: memory.le64(0)))
    case KVMLOAD_ENABLE_CAPABILITY:
      return .enableCapability(number, on: target(p), flags: flags, arguments: arguments(p))
    case KVMLOAD_CREATE_IRQCHIP: return .createIRQChip
    case KVMLOAD_CHECK_EXTENSION: return .checkExtension(number)
    case KVMLOAD_CREATE_VCPU: return .createVCPU(id: value)
    case KVMLOAD_INIT_VCPU:
      let payload = payload(p)
      let finalize = stride(from: 0, to: payload.count, by: 4).map { Int32(bitPattern: payload.le32($0)) }
      return .initVCPU(slot, features: value, finalize: finalize)
    case KVMLOAD_CREATE_DEVICE: return .createDevice(type: number, flags: flags)
    case KVMLOAD_TEST_DEVICE: return .testDevice(type: number, flags: flags)
    case KVMLOAD_CLOSE_DEVICE: return .closeDevice(slot)
    case KVMLOAD_SET_ATTRIBUTE: return .setAttribute(attributeCall(p))
    case KVMLOAD_GET_ATTRIBUTE: return .getAttribute(attributeCall(p))
    case KVMLOAD_HAS_ATTRIBUTE: return .hasAttribute(attributeCall(p))
    case KVMLOAD_RUN_VCPU: return .runVCPU(slot)
    case KVMLOAD_CALL:
      return .request(
        RequestCall(
          target: target(p), request: number, data: callData(p),
          isWritten: flags & KVMLOAD_WRITES_PAYLOAD.rawValue != 0,
          makesDescriptor: flags & KVMLOAD_MAKES_DESCRIPTOR.rawValue != 0))
    default: preconditionFailure("the plan was checked")
    }
  }

  private func target(_ p: Int) -> Target {
    let slot = Int(bytes.le32(p + KVMLOAD_STEP_SLOT))
    switch kvmload_target(UInt32(bytes[p + KVMLOAD_STEP_TARGET])) {
    case KVMLOAD_SYSTEM: return .system
    case KVMLOAD_VM: return .vm
    case KVMLOAD_VCPU: return .vcpu(slot)
    case KVMLOAD_DEVICE: return .device(slot)
    default: preconditionFailure("the plan was checked")
    }
  }

  private func arguments(_ p: Int) -> [CapabilityArgument] {
    let payload = payload(p)
    return (0..<payload.count / 8).map { i in
      let value = payload.le64(i * 8)
      return bytes[p + KVMLOAD_STEP_ARGUMENT_DEVICES] >> UInt8(i) & 1 == 1 ? .device(Int(value)) : .value(value)
    }
  }

  private func attributeCall(_ p: Int) -> AttributeCall {
    AttributeCall(
      target: target(p), group: bytes.le32(p + KVMLOAD_STEP_NUMBER), attr: bytes.le64(p + KVMLOAD_STEP_VALUE),
      flags: bytes.le32(p + KVMLOAD_STEP_FLAGS), data: callData(p))
  }

  private func callData(_ p: Int) -> AttributeData {
    switch kvmload_data(UInt32(bytes[p + KVMLOAD_STEP_DATA])) {
    case KVMLOAD_BYTES: .bytes(payload(p), slots: slots(p))
    case KVMLOAD_INVALID_POINTER: .invalid
    case KVMLOAD_NO_DATA: .none
    default: preconditionFailure("the plan was checked")
    }
  }

  private func slots(_ p: Int) -> [PayloadSlot] {
    records(KVMLOAD_SECTION_PATCHES, at: p + KVMLOAD_STEP_PATCHES).map { patch in
      let index = Int(bytes.le32(patch + KVMLOAD_PATCH_INDEX))
      let content: PayloadSlot.Content =
        switch kvmload_source(UInt32(bytes[patch + KVMLOAD_PATCH_SOURCE])) {
        case KVMLOAD_FROM_FILE: .file(index)
        case KVMLOAD_FROM_DEVICE: .device(index)
        case KVMLOAD_FROM_PARAMETER: .parameter(index)
        case KVMLOAD_FROM_VCPU_INDEX: .vcpuIndex
        case KVMLOAD_FROM_PAYLOAD: .payload(index)
        default: preconditionFailure("the plan was checked")
        }
      return PayloadSlot(
        content, offset: Int(bytes.le32(patch + KVMLOAD_PATCH_OFFSET)), width: Int(bytes[patch + KVMLOAD_PATCH_WIDTH]),
        shift: Int(bytes[patch + KVMLOAD_PATCH_SHIFT]), bits: Int(bytes[patch + KVMLOAD_PATCH_BITS]),
        dropped: Int(bytes.le32(patch + KVMLOAD_PATCH_DROPPED)))
    }
  }
}
