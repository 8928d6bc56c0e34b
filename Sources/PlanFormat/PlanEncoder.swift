import DevicePlan
import Diagnostics
import Vocabulary

/// What an errno means as the answer to one step.
package struct ErrnoReason: Hashable, Sendable {
  package var errno: Errno
  package var text: String

  package init(_ errno: Errno, _ text: String) {
    self.errno = errno
    self.text = text
  }
}

extension Plan {
  /// The plan as the bytes of a file that kvmload reads in place; the same plan gives the same bytes on every machine.
  ///
  /// - Parameters:
  ///   - isStripped: whether names, places and reasons are left out: all that only reports need.
  ///   - reasons: what each errno means as the answer to a step, by the step's index.
  package func compiled(isStripped: Bool = false, reasons: (Int) -> [ErrnoReason] = { _ in [] }) -> [UInt8] {
    var encoder = PlanEncoder(isStripped: isStripped)
    let blocks = Dictionary(uniqueKeysWithValues: blocks.map { ($0.lowerBound, $0.count) })
    for (i, step) in steps.enumerated() { encoder.add(step, block: blocks[i] ?? 0, isStripped ? [] : reasons(i)) }
    return encoder.file(self)
  }
}

private struct PlanEncoder {
  typealias Section = Layout.Section

  private let isStripped: Bool
  private var tables = Dictionary(uniqueKeysWithValues: Section.allCases.map { ($0, [UInt8]()) })
  /// Where a run of records that is already there begins: steps share them.
  private var known: [Section: [[UInt8]: UInt32]] = [:]
  private var offsets: [String: UInt32] = [:]

  private var vcpuSlots: UInt32 = 0
  private var deviceSlots: UInt32 = 0
  private var mappings: UInt32 = 0
  private var scratch = 0

  init(isStripped: Bool) {
    self.isStripped = isStripped
    // Offset 0 is no string.
    tables[.strings] = Array(repeating: 0, count: 8)
  }

  // MARK: Pieces

  /// The offset of a text: its length, its bytes, and a NUL.
  private mutating func string(_ text: String) -> UInt32 {
    if let offset = offsets[text] { return offset }
    var record: [UInt8] = []
    record.append(le: UInt32(text.utf8.count))
    record += text.utf8
    record.append(0)
    let offset = UInt32(tables[.strings, default: []].count)
    tables[.strings, default: []] += record
    offsets[text] = offset
    return offset
  }

  private mutating func string(_ text: String?) -> UInt32 { text.map { string($0) } ?? 0 }

  /// The index of the first of some records.
  private mutating func first(_ records: [UInt8], in section: Section) -> UInt32 {
    if records.isEmpty { return 0 }
    if let index = known[section, default: [:]][records] { return index }
    let index = UInt32(tables[section, default: []].count / section.recordSize)
    tables[section, default: []] += records
    known[section, default: [:]][records] = index
    return index
  }

  // MARK: Steps

  /// - Parameter block: how many steps from this one on are made for each vCPU in one go; 0 where none begins here.
  mutating func add(_ step: Step, block: Int, _ reasons: [ErrnoReason]) {
    let call = Call(step.operation, vcpuSlots: &vcpuSlots, deviceSlots: &deviceSlots)
    if call.operation == .addMemory { mappings += 1 }
    scratch = max(scratch, call.payload.count)
    var record: [UInt8] = [call.operation.rawValue, call.target.rawValue, call.data.rawValue, call.argumentDevices]
    record.append(le: call.slot)
    record.append(le: call.flags)
    record.append(le: call.number)
    record.append(le: call.value)
    record.append(le: call.size)
    record.append(le: first(call.payload, in: .data))
    record.append(le: UInt32(call.payload.count))
    let comparison = step.comparison ?? Comparison(bytes: [], mask: [])
    record.append(le: first(comparison.bytes + comparison.mask, in: .data))
    record.append(le: UInt32(comparison.bytes.count))
    record += answers(step.expected)
    record += guards(step.guardedBy)
    record += patches(call.slots)
    record.append(le: UInt32(block))
    record.append(le: 0 as UInt32)
    tables[.steps, default: []] += record
    if !isStripped { label(step, reasons) }
  }

  private mutating func answers(_ expected: [Answer]) -> [UInt8] {
    var records: [UInt8] = []
    for answer in expected {
      switch answer {
      case .ok: records.append(le: 0 as UInt32)
      case .refused(let errno): records.append(le: UInt32(bitPattern: errno.rawValue))
      }
    }
    return range(records, in: .answers)
  }

  private mutating func guards(_ guards: [Guard]) -> [UInt8] {
    var records: [UInt8] = []
    for condition in guards {
      records.append(le: UInt32(condition.step))
      records.append(le: condition.ok ? 1 : 0 as UInt32)
    }
    return range(records, in: .guards)
  }

  private mutating func patches(_ slots: [PayloadSlot]) -> [UInt8] {
    var records: [UInt8] = []
    for slot in slots {
      let (kind, index) =
        switch slot.content {
        case .file(let index): (PatchNumber.file, index)
        case .parameter(let index): (PatchNumber.parameter, index)
        case .vcpuIndex: (PatchNumber.vcpuIndex, 0)
        }
      records.append(le: UInt32(slot.offset))
      records += [kind.rawValue, UInt8(slot.width), UInt8(slot.shift), UInt8(slot.bits)]
      records.append(le: UInt32(index))
      records.append(le: UInt32(slot.dropped))
    }
    return range(records, in: .patches)
  }

  /// The first record and how many there are.
  private mutating func range(_ records: [UInt8], in section: Section) -> [UInt8] {
    var range: [UInt8] = []
    range.append(le: first(records, in: section))
    range.append(le: UInt32(records.count / section.recordSize))
    return range
  }

  private mutating func label(_ step: Step, _ reasons: [ErrnoReason]) {
    var record: [UInt8] = []
    record.append(le: string(step.target))
    record.append(le: string(step.attribute))
    record.append(le: string(step.value))
    record.append(le: string(step.moved))
    record += place(step.at)
    var notes: [UInt8] = []
    for hint in step.hints { notes.append(le: string(hint)) }
    record += range(notes, in: .notes)
    var meanings: [UInt8] = []
    for reason in reasons {
      meanings.append(le: UInt32(bitPattern: reason.errno.rawValue))
      meanings.append(le: string(reason.text))
    }
    record += range(meanings, in: .reasons)
    record.append(le: 0 as UInt32)
    tables[.labels, default: []] += record
  }

  private mutating func place(_ range: SourceRange) -> [UInt8] {
    var record: [UInt8] = []
    record.append(le: string(range.file.path))
    record.append(le: UInt32(range.start.line))
    record.append(le: UInt32(range.start.column))
    return record
  }

  // MARK: The file

  mutating func file(_ plan: Plan) -> [UInt8] {
    for file in plan.files {
      var record: [UInt8] = []
      record.append(le: string(file.name))
      record.append(le: string(file.path))
      record += place(file.at)
      record.append(le: 0 as UInt32)
      tables[.files, default: []] += record
    }
    for parameter in plan.parameters {
      var record: [UInt8] = []
      record.append(le: string(parameter.name))
      record += [UInt8(parameter.size), parameter.isSigned ? 1 : 0, parameter.initial == nil ? 0 : 1, 0]
      record.append(le: UInt64(truncatingIfNeeded: parameter.initial ?? 0))
      record += place(parameter.at)
      record.append(le: 0 as UInt32)
      tables[.parameters, default: []] += record
    }
    let (name, manifest) = (string(plan.name), string(plan.manifest))

    var body: [UInt8] = []
    var directory: [UInt8] = []
    for section in Section.allCases {
      let table = tables[section, default: []]
      directory.append(le: UInt32(Layout.headerSize + body.count))
      directory.append(le: UInt32(table.count / section.recordSize))
      body += table
      body.pad(to: 8)
    }

    var file = Layout.magic
    file.append(le: Layout.version)
    file.append(le: UInt32(Layout.headerSize))
    file.append(le: 0 as UInt64)
    file.append(le: UInt32(Layout.headerSize + body.count))
    file += [plan.architecture.numberInPlans, plan.architecture.isBigEndian ? 1 : 0, 0, 0]
    for count in [vcpuSlots, deviceSlots, mappings, UInt32(scratch), name, manifest] { file.append(le: count) }
    file.append(le: plan.vcpuCount.map { UInt32($0 + 1) } ?? 0)
    file.append(le: 0 as UInt32)
    file += directory + body
    var checksum: [UInt8] = []
    checksum.append(le: Layout.checksum(of: file))
    file.replaceSubrange(Layout.Header.checksum..<Layout.Header.checksum + 8, with: checksum)
    return file
  }
}

/// The call of a step, in the fields of its record.
private struct Call {
  var operation: OperationNumber
  var target = TargetNumber.system
  var data = DataNumber.none
  var argumentDevices: UInt8 = 0
  var slot: UInt32 = 0
  var number: UInt32 = 0
  var flags: UInt32 = 0
  var value: UInt64 = 0
  var size: UInt64 = 0
  var payload: [UInt8] = []
  var slots: [PayloadSlot] = []

  /// - Parameters:
  ///   - vcpuSlots: how many vCPU slots the steps before fill.
  ///   - deviceSlots: how many device slots the steps before fill.
  init(_ step: DevicePlan.Operation, vcpuSlots: inout UInt32, deviceSlots: inout UInt32) {
    switch step {
    case .createVM(let type):
      operation = .createVM
      value = type
    case .addMemory(let slot, let address, let bytes):
      operation = .addMemory
      (number, value, size) = (slot, address, bytes)
    case .enableCapability(let capability, let target, let flags, let arguments):
      operation = .enableCapability
      (number, self.flags) = (capability, flags)
      set(target)
      set(arguments)
    case .createIRQChip: operation = .createIRQChip
    case .createVCPU(let id):
      operation = .createVCPU
      (value, slot) = (id, vcpuSlots)
      vcpuSlots += 1
    case .initVCPU(let vcpu, let features, let finalize):
      operation = .initVCPU
      (slot, value) = (UInt32(vcpu), features)
      for feature in finalize { payload.append(le: feature) }
    case .createDevice(let type, let flags):
      operation = .createDevice
      (number, self.flags, slot) = (type, flags, deviceSlots)
      deviceSlots += 1
    case .testDevice(let type, let flags):
      operation = .testDevice
      (number, self.flags) = (type, flags)
    case .closeDevice(let device):
      operation = .closeDevice
      slot = UInt32(device)
    case .setAttribute(let call):
      operation = .setAttribute
      set(call)
    case .getAttribute(let call):
      operation = .getAttribute
      set(call)
    case .hasAttribute(let call):
      operation = .hasAttribute
      set(call)
    case .runVCPU(let vcpu):
      operation = .runVCPU
      slot = UInt32(vcpu)
    }
  }

  private mutating func set(_ target: Target) {
    switch target {
    case .system: self.target = .system
    case .vm: self.target = .vm
    case .vcpu(let slot): (self.target, self.slot) = (.vcpu, UInt32(slot))
    case .device(let slot): (self.target, self.slot) = (.device, UInt32(slot))
    }
  }

  private mutating func set(_ call: AttributeCall) {
    set(call.target)
    (number, value, flags) = (call.group, call.attr, call.flags)
    switch call.data {
    case .none: data = .none
    case .invalid: data = .invalid
    case .bytes(let bytes, let slots): (data, payload, self.slots) = (.bytes, bytes, slots)
    }
  }

  private mutating func set(_ arguments: [CapabilityArgument]) {
    precondition(arguments.count <= 4, "struct kvm_enable_cap has four arguments")
    for (i, argument) in arguments.enumerated() {
      switch argument {
      case .value(let value): payload.append(le: value)
      case .device(let slot):
        payload.append(le: UInt64(slot))
        argumentDevices |= 1 << i
      }
    }
  }
}
