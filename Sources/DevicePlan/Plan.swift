import Diagnostics
import Vocabulary

/// The ordered calls that configure one VM: a compiled manifest.
///
/// A plan is a value. The kernel host makes its calls, the model host predicts their answers, and reports name its
/// steps, all from the same plan.
package struct Plan: Hashable, Sendable {
  /// The name of the manifest.
  package var name: String
  /// The file that the manifest was read from, as the user named it.
  package var manifest: String
  package var architecture: Architecture
  /// The files whose descriptors payloads use; opened once, before the first call.
  package var files: [PlanFile]
  /// The values that payloads use and that are known only when the plan is loaded.
  package var parameters: [PlanParameter]
  /// The index of the parameter that is the number of vCPUs; nil if the plan creates each vCPU in a separate step.
  package var vcpuCount: Int?
  package var steps: [Step]

  package init(
    name: String, manifest: String, architecture: Architecture, files: [PlanFile] = [],
    parameters: [PlanParameter] = [], steps: [Step] = []
  ) {
    self.name = name
    self.manifest = manifest
    self.architecture = architecture
    self.files = files
    self.parameters = parameters
    self.steps = steps
  }
}

extension Plan {
  /// The ids of the vCPUs, by slot, and where the manifest declares them.
  package var vcpus: [(id: UInt64, at: SourceRange)] {
    steps.compactMap { step in
      if case .createVCPU(let id) = step.operation { (id, step.at) } else { nil }
    }
  }

  /// The plan with a run of each vCPU after its last step.
  package var withRuns: Plan {
    var plan = self
    plan.steps += vcpus.enumerated().map { slot, vcpu in
      Step(.runVCPU(slot), target: .vcpu(vcpu.id), at: vcpu.at)
    }
    return plan
  }
}

/// A file that a payload names, such as a VFIO group.
package struct PlanFile: Hashable, Sendable {
  /// The path of a file that the loader makes: a new eventfd.
  package static let eventPath = "eventfd"

  package var name: String
  package var path: String
  package var at: SourceRange

  package init(name: String, path: String, at: SourceRange) {
    self.name = name
    self.path = path
    self.at = at
  }
}

/// A value that is known only when the plan is loaded, such as an address that a monitor decides.
package struct PlanParameter: Hashable, Sendable {
  package var name: String
  /// The size in bytes: 1, 2, 4 or 8.
  package var size: Int
  package var isSigned: Bool
  /// The value if none is given when the plan is loaded; nil if one must be given.
  package var initial: Int128?
  /// Whether a step of the plan reads the value, which is then not given when the plan is loaded.
  package var isRead = false
  package var at: SourceRange

  package init(
    name: String, size: Int, isSigned: Bool, initial: Int128? = nil, isRead: Bool = false, at: SourceRange
  ) {
    self.isRead = isRead
    self.name = name
    self.size = size
    self.isSigned = isSigned
    self.initial = initial
    self.at = at
  }
}

/// One call and its expected answers.
package struct Step: Hashable, Sendable {
  package var operation: Operation
  package var target: TargetName
  /// `addr.dist`, or `nr-irqs` for a group's nameless attribute; nil for raw numbers and for other calls.
  package var attribute: String?
  /// The value as the manifest's author would write it, for display; nil if the call has none.
  package var value: String?
  /// The place in the manifest: that of the value if there is one, else that of the key.
  package var at: SourceRange
  /// The places in the manifest of the fields of the attribute's key; empty in a compiled plan.
  package var keyPlaces: KeyPlaces
  /// The answers that are not a failure.
  package var expected: [Answer]
  /// Hints for the user if the kernel refuses this call.
  package var hints: [String]

  /// The fields of the attribute's key, for display, such as `offset GICD_CTLR`; nil unless they were looked up.
  package var key: String? {
    get { storage.first?.key }
    set { details.key = newValue }
  }
  /// The number that a call must answer if it succeeds; nil if any number will do.
  package var expectedNumber: UInt32? {
    get { storage.first?.expectedNumber }
    set { details.expectedNumber = newValue }
  }
  /// What a get must read: the step fails if the bytes read differ in a bit of the mask.
  package var comparison: Comparison? {
    get { storage.first?.comparison }
    set { details.comparison = newValue }
  }
  /// Where a value that the call reads is stored for later steps; nil if it is not.
  package var stored: StoredValue? {
    get { storage.first?.stored }
    set { details.stored = newValue }
  }
  /// Conditions on earlier steps; the step is skipped unless all of them hold.
  package var guardedBy: [Guard] {
    get { storage.first?.guardedBy ?? [] }
    set { details.guardedBy = newValue }
  }
  /// The reason why the step comes later than in the base order; nil if it does not.
  package var moved: String? {
    get { storage.first?.moved }
    set { details.moved = newValue }
  }
  /// The block of a step that is made once for each vCPU, if the number of vCPUs is known only when the plan is loaded.
  /// Neighbours in the same block are made together, vCPU by vCPU. Slot 0 represents each of the vCPUs.
  package var block: Int? {
    get { storage.first?.block }
    set { details.block = newValue }
  }

  /// What few steps have.
  private struct Details: Hashable {
    var key: String?
    var expectedNumber: UInt32?
    var comparison: Comparison?
    var stored: StoredValue?
    var guardedBy: [Guard] = []
    var moved: String?
    var block: Int?
  }

  /// The details, if there are any: an array takes less room, and is quicker to copy.
  private var storage: [Details] = []
  private var details: Details {
    get { storage.first ?? Details() }
    set { storage = newValue == Details() ? [] : [newValue] }
  }
}

// In an extension, so that there is the memberwise initializer: an initializer that sets one property after another
// copies the whole step.
extension Step {
  package init(
    _ operation: Operation, target: TargetName, attribute: String? = nil, value: String? = nil, at: SourceRange,
    keyPlaces: KeyPlaces = KeyPlaces(), expected: [Answer] = [.ok], expectedNumber: UInt32? = nil,
    comparison: Comparison? = nil, guardedBy: [Guard] = [], moved: String? = nil, hints: [String] = []
  ) {
    var storage: [Details] = []
    if expectedNumber != nil || comparison != nil || !guardedBy.isEmpty || moved != nil {
      storage = [
        Details(expectedNumber: expectedNumber, comparison: comparison, guardedBy: guardedBy, moved: moved)
      ]
    }
    self.init(
      operation: operation, target: target, attribute: attribute, value: value, at: at, keyPlaces: keyPlaces,
      expected: expected, hints: hints, storage: storage)
  }
}

/// The places in a manifest of the fields of an attribute's key, by their names in rules; of its value and the members of
/// that, as `value` and `value.MEMBER`; and of the elements of the value's list, as `[0]`, with their members.
package struct KeyPlaces: Hashable, Sendable {
  /// The names of the fields in rules. The steps of an attribute share them.
  private var names: [String]
  /// The place of each field; `nowhere` if the manifest leaves it out.
  private var places: [SourceRange]

  /// The name of the value that a call must read.
  package static let wanted = "wanted value"
  /// The name of the answers that are expected.
  package static let expected = "expected answers"

  package init() { (names, places) = ([], []) }

  /// - Parameter place: returns the place of the field with this index; nil if the manifest leaves it out.
  package init(names: [String], place: (Int) -> SourceRange?) {
    self.names = names
    places = names.indices.map { place($0) ?? .nowhere }
  }

  package mutating func append(_ name: String, _ place: SourceRange) {
    names.append(name)
    places.append(place)
  }

  package subscript(field: String) -> SourceRange? {
    guard let i = names.firstIndex(of: field), places[i].file !== SourceRange.nowhere.file else { return nil }
    return places[i]
  }

  /// Whether a part has this place.
  package func contains(_ place: SourceRange?) -> Bool { place.map(places.contains) ?? false }

  /// The place of a field, or of a member such as `irq.num`; if the text does not give the member, the place of what
  /// contains it.
  package func place(ofPart path: String) -> SourceRange? {
    guard let dot = path.firstIndex(of: ".") else { return self[path] }
    return self["value." + path] ?? self[String(path[..<dot])]
  }
}

/// An integer in what a call reads, for later steps.
package struct StoredValue: Hashable, Sendable {
  /// The index of the parameter that gets it, and has its size.
  package var parameter: Int
  /// The parameter's name and sign.
  package var name: String
  package var isSigned: Bool
  /// The offset of the integer in the payload, in bytes.
  package var offset: Int

  package init(parameter: Int, _ declaration: PlanParameter, offset: Int) {
    self.parameter = parameter
    (name, isSigned) = (declaration.name, declaration.isSigned)
    self.offset = offset
  }
}

/// Bytes that a get must read, under a mask of the same length.
package struct Comparison: Hashable, Sendable {
  package var bytes: [UInt8]
  package var mask: [UInt8]

  package init(bytes: [UInt8], mask: [UInt8]) {
    self.bytes = bytes
    self.mask = mask
  }
}

/// A condition on an earlier step: whether it ended ok.
package struct Guard: Hashable, Sendable {
  /// The index of the earlier step in the plan, from 0.
  package var step: Int
  package var ok: Bool

  package init(step: Int, ok: Bool) {
    self.step = step
    self.ok = ok
  }
}

extension Plan {
  /// The indices of the steps on whose answers others depend.
  package var questions: Set<Int> {
    var questions: Set<Int> = []
    for i in steps.indices {
      for condition in steps[i].guardedBy { questions.insert(condition.step) }
    }
    return questions
  }
}

/// One call, as numbers and bytes: all that either host needs to know of it.
package enum Operation: Hashable, Sendable {
  /// KVM_CREATE_VM with its machine-type argument.
  case createVM(type: UInt64)
  /// KVM_SET_USER_MEMORY_REGION of fresh anonymous memory; `address` and `size` in bytes. With the memory of a
  /// guest_memfd, KVM_SET_USER_MEMORY_REGION2.
  case addMemory(slot: UInt32, address: UInt64, size: UInt64, flags: UInt32 = 0, private: PrivateMemory? = nil)
  /// KVM_ENABLE_CAP on the VM or a vCPU.
  case enableCapability(UInt32, on: Target, flags: UInt32, arguments: [CapabilityArgument])
  /// KVM_CREATE_IRQCHIP.
  case createIRQChip
  /// KVM_CREATE_VCPU with the vCPU's id; fills the next vCPU slot.
  case createVCPU(id: UInt64)
  /// The architecture's initialisation of a vCPU (KVM_ARM_VCPU_INIT of the preferred target, then KVM_ARM_VCPU_FINALIZE
  /// for each of `finalize`).
  case initVCPU(Int, features: UInt64, finalize: [Int32])
  /// KVM_CREATE_DEVICE of a type, by number; fills the next device slot.
  case createDevice(type: UInt32, flags: UInt32)
  /// KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST and `flags`; creates nothing.
  case testDevice(type: UInt32, flags: UInt32)
  /// close() of a device's descriptor.
  case closeDevice(Int)
  /// KVM_SET_DEVICE_ATTR.
  case setAttribute(AttributeCall)
  /// KVM_GET_DEVICE_ATTR; the call's data is the content of the buffer before the call.
  case getAttribute(AttributeCall)
  /// KVM_HAS_DEVICE_ATTR.
  case hasAttribute(AttributeCall)
  /// KVM_CHECK_EXTENSION of a capability on the VM; 0 counts as ENXIO.
  case checkExtension(UInt32)
  /// KVM_RUN with `immediate_exit` set; EINTR counts as ok.
  case runVCPU(Int)
  /// Any other ioctl() of KVM with a struct.
  case request(RequestCall)
}

/// The memory of a guest_memfd that backs a memory slot.
package struct PrivateMemory: Hashable, Sendable {
  /// The device slot of the guest_memfd.
  package var device: Int
  /// In bytes.
  package var offset: UInt64

  package init(device: Int, offset: UInt64) {
    self.device = device
    self.offset = offset
  }
}

/// A call that the schemas describe by the number of its request.
package struct RequestCall: Hashable, Sendable {
  package var target: Target
  /// The number, with the direction and the size of the struct.
  package var request: UInt32
  package var data: AttributeData
  /// Whether the kernel writes the data.
  package var isWritten: Bool
  /// Whether the call answers a new descriptor, which fills the next device slot.
  package var makesDescriptor: Bool

  package init(
    target: Target, request: UInt32, data: AttributeData, isWritten: Bool = false, makesDescriptor: Bool = false
  ) {
    self.target = target
    self.request = request
    self.data = data
    self.isWritten = isWritten
    self.makesDescriptor = makesDescriptor
  }
}

/// `struct kvm_device_attr`, and the descriptor that it is passed to.
package struct AttributeCall: Hashable, Sendable {
  package var target: Target
  package var group: UInt32
  package var attr: UInt64
  package var flags: UInt32
  package var data: AttributeData

  package init(target: Target, group: UInt32, attr: UInt64, flags: UInt32 = 0, data: AttributeData) {
    self.target = target
    self.group = group
    self.attr = attr
    self.flags = flags
    self.data = data
  }
}

/// What `addr` of a `struct kvm_device_attr` points to.
package enum AttributeData: Hashable, Sendable {
  /// A null pointer: the attribute has no payload.
  case none
  /// A pointer to these bytes, in the byte order of the architecture.
  case bytes([UInt8], slots: [PayloadSlot] = [])
  /// A pointer to an invalid address.
  case invalid
}

/// A place in a payload for a value that is known only when the plan is run: bits of an integer in the byte order of
/// the architecture.
package struct PayloadSlot: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    /// The descriptor of a file, by its index in the plan's files.
    case file(Int)
    /// The descriptor in a device slot.
    case device(Int)
    /// The value of a parameter, by its index in the plan's parameters.
    case parameter(Int)
    /// The index of the vCPU that the step is made for.
    case vcpuIndex
    /// The address of a byte of the same payload, by its offset. What pointers point to follows the payload itself.
    case payload(Int)
  }

  package var content: Content
  /// The offset of the integer, in bytes from the start of the payload.
  package var offset: Int
  /// The width of the integer, in bytes: 1, 2, 4 or 8.
  package var width: Int
  /// The lowest bit that is filled.
  package var shift: Int
  /// The number of bits that are filled.
  package var bits: Int
  /// The number of low bits of the value that are left out; they must be zero. For an address that keeps its place in
  /// the integer, it equals `shift`.
  package var dropped: Int

  package init(_ content: Content, offset: Int, width: Int, shift: Int = 0, bits: Int? = nil, dropped: Int = 0) {
    self.content = content
    self.offset = offset
    self.width = width
    self.shift = shift
    self.bits = bits ?? width * 8 - shift
    self.dropped = dropped
  }

  /// A file's descriptor, as a 32-bit integer.
  package static func file(_ index: Int, offset: Int) -> PayloadSlot { Self(.file(index), offset: offset, width: 4) }

  /// The descriptor in a device slot, as a 32-bit integer.
  package static func device(_ slot: Int, offset: Int) -> PayloadSlot { Self(.device(slot), offset: offset, width: 4) }
}

extension [PayloadSlot] {
  /// The offset of the first thing that a pointer points to, which is the length of the payload itself; nil if there is
  /// no pointer.
  package var firstTarget: Int? {
    compactMap { if case .payload(let target) = $0.content { target } else { nil } }.min()
  }
}

package enum CapabilityArgument: Hashable, Sendable {
  case value(UInt64)
  /// The descriptor of the device in this slot.
  case device(Int)
}
