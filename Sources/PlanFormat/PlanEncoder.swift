import DevicePlan
import Diagnostics
import Vocabulary
import kvmload

/// The meaning of an errno as the answer to one step.
package struct ErrnoReason: Hashable, Sendable {
  package var errno: Errno
  package var text: String

  package init(_ errno: Errno, _ text: String) {
    self.errno = errno
    self.text = text
  }
}

extension Plan {
  /// The plan as the bytes of a file that kvmload reads in place. The same plan gives the same bytes on every machine.
  ///
  /// - Parameters:
  ///   - isStripped: whether to leave out names, places and reasons, which only reports need.
  ///   - reasons: the meaning of each errno as the answer to a step, by the step's index.
  package func compiled(isStripped: Bool = false, reasons: (Int) -> [ErrnoReason] = { _ in [] }) -> [UInt8] {
    var encoder = PlanEncoder(isStripped: isStripped)
    let blocks = Dictionary(uniqueKeysWithValues: blocks.map { ($0.lowerBound, $0.count) })
    for (i, step) in steps.enumerated() { encoder.add(step, block: blocks[i] ?? 0, isStripped ? [] : reasons(i)) }
    return encoder.file(self)
  }
}

private struct PlanEncoder {
  private let isStripped: Bool
  private var tables = Dictionary(uniqueKeysWithValues: kvmload_section.all.map { ($0, [UInt8]()) })
  /// The index of each run of records that is already in a table: steps share them.
  private var known: [kvmload_section: [[UInt8]: UInt32]] = [:]
  private var offsets: [String: UInt32] = [:]

  private var vcpuSlots: UInt32 = 0
  private var deviceSlots: UInt32 = 0
  private var mappings: UInt32 = 0
  private var scratch = 0

  init(isStripped: Bool) {
    self.isStripped = isStripped
    // Offset 0 means no string.
    tables[KVMLOAD_SECTION_STRINGS] = Array(repeating: 0, count: KVMLOAD_FIRST_STRING)
  }

  // MARK: Pieces

  /// The offset of a text: its length, its bytes, and a NUL.
  private mutating func string(_ text: String) -> UInt32 {
    if let offset = offsets[text] { return offset }
    let offset = UInt32(tables[KVMLOAD_SECTION_STRINGS, default: []].count)
    var record: [UInt8] = []
    record.append(le: UInt32(text.utf8.count))
    add(record + text.utf8 + [0], to: KVMLOAD_SECTION_STRINGS)
    offsets[text] = offset
    return offset
  }

  private mutating func string(_ text: String?) -> UInt32 { text.map { string($0) } ?? 0 }

  private mutating func add(_ record: [UInt8], to section: kvmload_section) { tables[section, default: []] += record }

  /// The range of some records in a section. Adds the records unless the section already has them.
  private mutating func range(_ records: [UInt8], in section: kvmload_section) -> [UInt8] {
    var range = [UInt8](record: KVMLOAD_SIZEOF_RANGE)
    range.store(first(records, in: section), at: KVMLOAD_RANGE_FIRST)
    range.store(UInt32(records.count / section.recordSize), at: KVMLOAD_RANGE_COUNT)
    return range
  }

  /// The range of the records of some items.
  ///
  /// - Parameter fill: sets the fields of an item's record, which are 0 before.
  private mutating func range<Item>(
    _ items: [Item], in section: kvmload_section, _ fill: (inout Self, inout [UInt8], Item) -> Void
  ) -> [UInt8] {
    var records: [UInt8] = []
    for item in items {
      var record = [UInt8](record: section.recordSize)
      fill(&self, &record, item)
      records += record
    }
    return range(records, in: section)
  }

  private mutating func first(_ records: [UInt8], in section: kvmload_section) -> UInt32 {
    if records.isEmpty { return 0 }
    if let index = known[section, default: [:]][records] { return index }
    let index = UInt32(tables[section, default: []].count / section.recordSize)
    add(records, to: section)
    known[section, default: [:]][records] = index
    return index
  }

  private mutating func place(_ range: SourceRange) -> [UInt8] {
    var record = [UInt8](record: KVMLOAD_SIZEOF_PLACE)
    record.store(string(range.file.path), at: KVMLOAD_PLACE_FILE)
    record.store(UInt32(range.start.line), at: KVMLOAD_PLACE_LINE)
    record.store(UInt32(range.start.column), at: KVMLOAD_PLACE_COLUMN)
    return record
  }

  // MARK: Steps

  /// - Parameter block: the number of steps in the block that begins here; 0 if none does.
  mutating func add(_ step: Step, block: Int, _ reasons: [ErrnoReason]) {
    let call = Call(step.operation, vcpuSlots: &vcpuSlots, deviceSlots: &deviceSlots)
    if call.operation == KVMLOAD_ADD_MEMORY { mappings += 1 }
    scratch = max(scratch, call.payload.count)
    var record = call.record
    record.store(range(call.payload, in: KVMLOAD_SECTION_DATA), at: KVMLOAD_STEP_PAYLOAD)
    if let comparison = step.comparison {
      record.store(range(comparison), at: KVMLOAD_STEP_COMPARISON)
    }
    let answers = range(step.expected, in: KVMLOAD_SECTION_ANSWERS) { _, record, answer in
      if case .refused(let errno) = answer { record.store(errno.rawValue, at: KVMLOAD_ANSWER_ERRNO) }
    }
    record.store(answers, at: KVMLOAD_STEP_ANSWERS)
    if let number = step.expectedNumber { record.store(number + 1, at: KVMLOAD_STEP_RESULT) }
    if let stored = step.stored {
      record.store(UInt64(stored.offset) << 32 | UInt64(stored.parameter + 1), at: KVMLOAD_STEP_SIZE)
    }
    let guards = range(step.guardedBy, in: KVMLOAD_SECTION_GUARDS) { _, record, condition in
      record.store(UInt32(condition.step), at: KVMLOAD_GUARD_STEP)
      record.store(condition.ok ? 1 : 0 as UInt32, at: KVMLOAD_GUARD_SUCCEEDED)
    }
    record.store(guards, at: KVMLOAD_STEP_GUARDS)
    let patches = range(call.slots, in: KVMLOAD_SECTION_PATCHES) { $1.store($2) }
    record.store(patches, at: KVMLOAD_STEP_PATCHES)
    record.store(UInt32(block), at: KVMLOAD_STEP_BLOCK)
    add(record, to: KVMLOAD_SECTION_STEPS)
    if !isStripped { label(step, reasons) }
  }

  /// The range of the compared bytes, which the mask follows.
  private mutating func range(_ comparison: Comparison) -> [UInt8] {
    var range = range(comparison.bytes + comparison.mask, in: KVMLOAD_SECTION_DATA)
    range.store(UInt32(comparison.bytes.count), at: KVMLOAD_RANGE_COUNT)
    return range
  }

  private mutating func label(_ step: Step, _ reasons: [ErrnoReason]) {
    var record = [UInt8](record: KVMLOAD_SIZEOF_LABEL)
    record.store(string(step.target.description), at: KVMLOAD_LABEL_TARGET)
    record.store(string(step.attribute), at: KVMLOAD_LABEL_ATTRIBUTE)
    record.store(string(step.key), at: KVMLOAD_LABEL_KEY)
    record.store(string(step.value), at: KVMLOAD_LABEL_VALUE)
    record.store(string(step.moved), at: KVMLOAD_LABEL_MOVED)
    record.store(place(step.at), at: KVMLOAD_LABEL_PLACE)
    let notes = range(step.hints, in: KVMLOAD_SECTION_NOTES) { encoder, record, hint in
      record.store(encoder.string(hint), at: KVMLOAD_NOTE_TEXT)
    }
    record.store(notes, at: KVMLOAD_LABEL_NOTES)
    let meanings = range(reasons, in: KVMLOAD_SECTION_REASONS) { encoder, record, reason in
      record.store(reason.errno.rawValue, at: KVMLOAD_REASON_ERRNO)
      record.store(encoder.string(reason.text), at: KVMLOAD_REASON_TEXT)
    }
    record.store(meanings, at: KVMLOAD_LABEL_REASONS)
    add(record, to: KVMLOAD_SECTION_LABELS)
  }

  // MARK: The file

  mutating func file(_ plan: Plan) -> [UInt8] {
    for file in plan.files { add(file) }
    for parameter in plan.parameters { add(parameter) }
    var file = header(plan)
    for section in kvmload_section.all {
      let table = tables[section, default: []]
      file.store(UInt32(file.count), at: section.entry + KVMLOAD_ENTRY_OFFSET)
      file.store(UInt32(table.count / section.recordSize), at: section.entry + KVMLOAD_ENTRY_COUNT)
      file += table
      file.pad(to: KVMLOAD_ALIGNMENT)
    }
    file.store(UInt32(file.count), at: KVMLOAD_HEADER_FILE_SIZE)
    file.store(file.planChecksum, at: KVMLOAD_HEADER_CHECKSUM)
    return file
  }

  private mutating func add(_ file: PlanFile) {
    var record = [UInt8](record: KVMLOAD_SIZEOF_FILE)
    record.store(string(file.name), at: KVMLOAD_FILE_NAME)
    record.store(string(file.path), at: KVMLOAD_FILE_PATH)
    record.store(place(file.at), at: KVMLOAD_FILE_PLACE)
    add(record, to: KVMLOAD_SECTION_FILES)
  }

  private mutating func add(_ parameter: PlanParameter) {
    var record = [UInt8](record: KVMLOAD_SIZEOF_PARAMETER)
    record.store(string(parameter.name), at: KVMLOAD_PARAMETER_NAME)
    record.store(UInt8(parameter.size), at: KVMLOAD_PARAMETER_SIZE)
    record.store(parameter.isSigned ? 1 : 0 as UInt8, at: KVMLOAD_PARAMETER_SIGNED)
    record.store(parameter.isRead ? 1 : 0 as UInt8, at: KVMLOAD_PARAMETER_READ)
    if let initial = parameter.initial {
      record.store(1 as UInt8, at: KVMLOAD_PARAMETER_HAS_DEFAULT)
      record.store(UInt64(truncatingIfNeeded: initial), at: KVMLOAD_PARAMETER_DEFAULT)
    }
    record.store(place(parameter.at), at: KVMLOAD_PARAMETER_PLACE)
    add(record, to: KVMLOAD_SECTION_PARAMETERS)
  }

  /// The header, without the fields that depend on the sections.
  private mutating func header(_ plan: Plan) -> [UInt8] {
    var header = [UInt8](record: KVMLOAD_SIZEOF_HEADER)
    header.store(Array(KVMLOAD_MAGIC.utf8), at: KVMLOAD_HEADER_MAGIC)
    header.store(UInt32(KVMLOAD_VERSION), at: KVMLOAD_HEADER_VERSION)
    header.store(UInt32(KVMLOAD_SIZEOF_HEADER), at: KVMLOAD_HEADER_SIZE)
    header.store(UInt8(plan.architecture.number.rawValue), at: KVMLOAD_HEADER_ARCHITECTURE)
    header.store(plan.architecture.isBigEndian ? 1 : 0 as UInt8, at: KVMLOAD_HEADER_BIG_ENDIAN)
    header.store(vcpuSlots, at: KVMLOAD_HEADER_VCPU_SLOTS)
    header.store(deviceSlots, at: KVMLOAD_HEADER_DEVICE_SLOTS)
    header.store(mappings, at: KVMLOAD_HEADER_MAPPING_SLOTS)
    header.store(UInt32(scratch), at: KVMLOAD_HEADER_SCRATCH_SIZE)
    header.store(string(plan.name), at: KVMLOAD_HEADER_NAME)
    header.store(string(plan.manifest), at: KVMLOAD_HEADER_MANIFEST)
    if let index = plan.vcpuCount { header.store(UInt32(index + 1), at: KVMLOAD_HEADER_VCPU_COUNT) }
    return header
  }
}

extension [UInt8] {
  /// Sets the fields of a patch's record.
  fileprivate mutating func store(_ slot: PayloadSlot) {
    let (source, index) =
      switch slot.content {
      case .file(let index): (KVMLOAD_FROM_FILE, index)
      case .device(let slot): (KVMLOAD_FROM_DEVICE, slot)
      case .parameter(let index): (KVMLOAD_FROM_PARAMETER, index)
      case .vcpuIndex: (KVMLOAD_FROM_VCPU_INDEX, 0)
      case .payload(let offset): (KVMLOAD_FROM_PAYLOAD, offset)
      }
    store(UInt32(slot.offset), at: KVMLOAD_PATCH_OFFSET)
    store(UInt8(source.rawValue), at: KVMLOAD_PATCH_SOURCE)
    store(UInt8(slot.width), at: KVMLOAD_PATCH_WIDTH)
    store(UInt8(slot.shift), at: KVMLOAD_PATCH_SHIFT)
    store(UInt8(slot.bits), at: KVMLOAD_PATCH_BITS)
    store(UInt32(index), at: KVMLOAD_PATCH_INDEX)
    store(UInt32(slot.dropped), at: KVMLOAD_PATCH_DROPPED)
  }
}

/// The call of a step, in the fields of its record.
private struct Call {
  var operation: kvmload_operation
  var target = KVMLOAD_SYSTEM
  var data = KVMLOAD_NO_DATA
  var argumentDevices: UInt8 = 0
  var slot: UInt32 = 0
  var number: UInt32 = 0
  var flags: UInt32 = 0
  var value: UInt64 = 0
  var size: UInt64 = 0
  var payload: [UInt8] = []
  var slots: [PayloadSlot] = []

  /// - Parameters:
  ///   - vcpuSlots: the number of vCPU slots that earlier steps fill.
  ///   - deviceSlots: the number of device slots that earlier steps fill.
  init(_ step: DevicePlan.Operation, vcpuSlots: inout UInt32, deviceSlots: inout UInt32) {
    switch step {
    case .createVM(let type):
      operation = KVMLOAD_CREATE_VM
      value = type
    case .addMemory(let slot, let address, let bytes, let flags, let memory):
      operation = KVMLOAD_ADD_MEMORY
      (number, value, size, self.flags) = (slot, address, bytes, flags)
      if let memory {
        set(.device(memory.device))
        payload.append(le: memory.offset)
      }
    case .enableCapability(let capability, let target, let flags, let arguments):
      operation = KVMLOAD_ENABLE_CAPABILITY
      (number, self.flags) = (capability, flags)
      set(target)
      set(arguments)
    case .createIRQChip: operation = KVMLOAD_CREATE_IRQCHIP
    case .checkExtension(let capability):
      operation = KVMLOAD_CHECK_EXTENSION
      number = capability
    case .createVCPU(let id):
      operation = KVMLOAD_CREATE_VCPU
      (value, slot) = (id, vcpuSlots)
      vcpuSlots += 1
    case .initVCPU(let vcpu, let features, let finalize):
      operation = KVMLOAD_INIT_VCPU
      (slot, value) = (UInt32(vcpu), features)
      for feature in finalize { payload.append(le: feature) }
    case .createDevice(let type, let flags):
      operation = KVMLOAD_CREATE_DEVICE
      (number, self.flags, slot) = (type, flags, deviceSlots)
      deviceSlots += 1
    case .testDevice(let type, let flags):
      operation = KVMLOAD_TEST_DEVICE
      (number, self.flags) = (type, flags)
    case .closeDevice(let device):
      operation = KVMLOAD_CLOSE_DEVICE
      slot = UInt32(device)
    case .setAttribute(let call):
      operation = KVMLOAD_SET_ATTRIBUTE
      set(call)
    case .getAttribute(let call):
      operation = KVMLOAD_GET_ATTRIBUTE
      set(call)
    case .hasAttribute(let call):
      operation = KVMLOAD_HAS_ATTRIBUTE
      set(call)
    case .runVCPU(let vcpu):
      operation = KVMLOAD_RUN_VCPU
      slot = UInt32(vcpu)
    case .request(let call):
      operation = KVMLOAD_CALL
      set(call.target)
      number = call.request
      set(call.data)
      if call.isWritten { flags |= KVMLOAD_WRITES_PAYLOAD.rawValue }
      if call.makesDescriptor {
        flags |= KVMLOAD_MAKES_DESCRIPTOR.rawValue
        value = UInt64(deviceSlots)
        deviceSlots += 1
      }
    }
  }

  /// The step's record, without the ranges in other sections and without the block.
  var record: [UInt8] {
    var record = [UInt8](record: KVMLOAD_SIZEOF_STEP)
    record.store(UInt8(operation.rawValue), at: KVMLOAD_STEP_OPERATION)
    record.store(UInt8(target.rawValue), at: KVMLOAD_STEP_TARGET)
    record.store(UInt8(data.rawValue), at: KVMLOAD_STEP_DATA)
    record.store(argumentDevices, at: KVMLOAD_STEP_ARGUMENT_DEVICES)
    record.store(slot, at: KVMLOAD_STEP_SLOT)
    record.store(flags, at: KVMLOAD_STEP_FLAGS)
    record.store(number, at: KVMLOAD_STEP_NUMBER)
    record.store(value, at: KVMLOAD_STEP_VALUE)
    record.store(size, at: KVMLOAD_STEP_SIZE)
    return record
  }

  private mutating func set(_ target: Target) {
    switch target {
    case .system: self.target = KVMLOAD_SYSTEM
    case .vm: self.target = KVMLOAD_VM
    case .vcpu(let slot): (self.target, self.slot) = (KVMLOAD_VCPU, UInt32(slot))
    case .device(let slot): (self.target, self.slot) = (KVMLOAD_DEVICE, UInt32(slot))
    }
  }

  private mutating func set(_ call: AttributeCall) {
    set(call.target)
    (number, value, flags) = (call.group, call.attr, call.flags)
    set(call.data)
  }

  private mutating func set(_ data: AttributeData) {
    switch data {
    case .none: self.data = KVMLOAD_NO_DATA
    case .invalid: self.data = KVMLOAD_INVALID_POINTER
    case .bytes(let bytes, let slots): (self.data, payload, self.slots) = (KVMLOAD_BYTES, bytes, slots)
    }
  }

  private mutating func set(_ arguments: [CapabilityArgument]) {
    precondition(arguments.count <= KVMLOAD_MAX_ARGUMENTS, "struct kvm_enable_cap has four arguments")
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
