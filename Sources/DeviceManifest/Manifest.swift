import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// One VM as a manifest declares it, with all names looked up and all values in bytes.
package struct Manifest {
  package var name: String
  package var file: SourceFile
  package var architecture: Architecture
  package var files: [PlanFile] = []
  /// The parameters whose values are supplied at load time.
  package var parameters: [PlanParameter] = []
  /// Nil if the manifest has only explicit steps.
  package var machine: Machine?
  /// The explicit steps, from `steps:`.
  package var steps: [ExplicitStep] = []
  /// The number of errors in the text of the explicit steps.
  package var errorsInSteps = 0
  /// Whether every vCPU is to run once all calls have been made.
  package var isReady = true
}

extension Manifest {
  /// Whether it has something that the schemas of an architecture name.
  var hasNames: Bool { machine?.hasNames == true || steps.contains(where: \.action.hasName) }
}

extension Machine {
  fileprivate var hasNames: Bool {
    !devices.isEmpty || !capabilities.isEmpty || !attributes.isEmpty || irqchip != nil
      || vcpus.contains { !$0.features.names.isEmpty || !$0.capabilities.isEmpty || !$0.attributes.isEmpty }
  }
}

extension ExplicitStep.Action {
  fileprivate var hasName: Bool {
    switch self {
    case .createVM, .addMemory, .checkExtension, .createVCPU, .closeDevice, .runVCPU: false
    case .initVCPU(_, let features): !features.names.isEmpty
    case .enableCapability, .createIRQChip, .testDevice, .createDevice, .attribute, .request: true
    }
  }
}

/// The declarative part of a manifest.
package struct Machine {
  /// The machine-type argument of KVM_CREATE_VM.
  package var type: UInt64 = 0
  /// Whether the type has an error, and is not known.
  package var isTypeIncomplete = false
  /// The places of its parts in the text.
  package var typePlaces = KeyPlaces()
  package var capabilities: [CapabilityCall] = []
  /// The place of `irqchip: true`; nil if the VM gets no interrupt controllers by KVM_CREATE_IRQCHIP.
  package var irqchip: SourceRange?
  /// The place of `irqchip: false`; nil if the manifest does not say so.
  package var noIRQChip: SourceRange?
  package var attributes: [AttributeSetting] = []
  package var memory: [MemoryRegion] = []
  package var vcpus: [VCPUDeclaration] = []
  /// The index of the parameter that is the number of vCPUs, if that is supplied at load time. `vcpus` then has one
  /// element, which represents each of them.
  package var vcpuCount: Int?
  package var devices: [DeviceDeclaration] = []
  package var at: SourceRange
}

package struct MemoryRegion {
  package var slot: UInt32
  /// Whether the text has an error, which is reported, so that the region is unknown. Its size is then 0.
  package var isIncomplete = false
  package var address: UInt64
  package var size: UInt64
  package var flags: UInt32 = 0
  /// The memory of the region; nil if it is new and has no descriptor.
  package var source: MemorySource?
  package var places = KeyPlaces()
  package var at: SourceRange
}

/// Memory that has a descriptor.
package enum MemorySource {
  /// The memory of a descriptor that a step made, from an offset on.
  case descriptor(String, offset: UInt64)
  /// The memory of a new descriptor, with the call that makes it.
  case new(String, RequestSchema, AttributeSetting)
}

package struct CapabilityCall {
  package var name: String
  package var number: UInt32
  /// The vCPU's id; nil for the VM.
  package var vcpu: UInt64?
  package var flags: UInt32 = 0
  package var arguments: [ArgumentValue] = []
  package var places = KeyPlaces()
  package var at: SourceRange
  /// Whether an argument may be missing because of an error, which is reported.
  package var isIncomplete = false
}

/// An argument of a capability: a number, or a device by name.
package enum ArgumentValue {
  case number(UInt64)
  case device(String)
}

package struct VCPUDeclaration {
  package var id: UInt64
  package var features: VCPUFeatures
  package var capabilities: [CapabilityCall] = []
  package var attributes: [AttributeSetting] = []
  /// Whether the number of vCPUs has an error, which is reported. This one is only kept so that its settings can be
  /// checked.
  package var isAssumed = false
  package var at: SourceRange
}

package struct VCPUFeatures: Hashable {
  /// The bit mask.
  package var mask: UInt64 = 0
  package var finalize: [Int32] = []
  /// The names as written, for display.
  package var names: [String] = []
  /// The features that are left out where the host does not have them.
  package var optional: [OptionalFeature] = []
  /// The places of the list and of its elements.
  package var places = KeyPlaces()
  /// Whether the list has an error, which is reported, so that the features are unknown.
  package var isIncomplete = false

  /// These features with some of the optional ones.
  package func with(_ chosen: [OptionalFeature]) -> VCPUFeatures {
    var all = self
    all.optional = []
    for feature in chosen { all.add(feature.name, bit: feature.bit, feature.finalize) }
    return all
  }

  mutating func add(_ name: String, bit: Int, _ finalize: Int32?) {
    mask |= 1 << UInt64(bit)
    if let finalize { self.finalize.append(finalize) }
    names.append(name)
  }
}

package struct OptionalFeature: Hashable {
  package var name: String
  package var bit: Int
  package var finalize: Int32?
  /// The capability by which a host says that it has the feature.
  package var capability: UInt32
  package var at: SourceRange
}

package struct DeviceDeclaration {
  package var name: String
  /// The alternatives in order; the first one that the host has is created.
  package var alternatives: [DeviceAlternative]
  package var isOptional: Bool
  package var at: SourceRange
}

package struct DeviceAlternative {
  package var type: DeviceTypeReference
  package var attributes: [AttributeSetting] = []
}

/// A device type: one with a schema, or a bare number.
package struct DeviceTypeReference {
  package var name: String
  package var number: UInt32
  package var schema: SchemaFile?
  package var at: SourceRange
}

/// One attribute with its value: a setting, or the subject of an explicit step.
package struct AttributeSetting {
  package var call: AttributeNumbers
  /// The group and the attribute in the schema; nil for raw numbers.
  package var schema: (group: GroupSchema, attribute: AttributeSchema)?
  /// The file that describes its descriptor; nil for raw numbers.
  package var owner: SchemaFile?
  /// `addr.dist`; nil for raw numbers.
  package var path: String?
  /// Whether the number of a structured attribute is known: not if a field of its key is missing or wrong.
  package var hasNumber = true
  /// The places of the fields of its key in the text.
  package var keyPlaces = KeyPlaces()
  package var data: AttributeData
  /// The value as a person would write it.
  package var value: String?
  package var isOptional = false
  /// Whether it represents one setting per vCPU, with the number of vCPUs supplied at load time.
  package var isForEachVCPU = false
  /// Whether the text has an expression, which may mean something else on another vCPU.
  var hasExpression = false
  /// Whether the text has an error, which is reported. The step is only kept so that the steps after it can be checked.
  package var isIncomplete = false
  package var at: SourceRange
}

extension AttributeSetting {
  // In an extension, so that there is the memberwise initializer: an initializer that sets one property after another
  // copies the whole setting.
  init(
    call: AttributeNumbers, schema: (group: GroupSchema, attribute: AttributeSchema)? = nil, owner: SchemaFile? = nil,
    path: String? = nil, at: SourceRange
  ) {
    self.init(call: call, schema: schema, owner: owner, path: path, data: .none, at: at)
  }

  /// The key of a structured number, with the names that rules have for its fields; empty if it is not known.
  package var key: Fields { (hasNumber ? schema?.attribute.key(of: call.attr) : nil) ?? Fields() }

  /// The value as rules read it; nil if its bytes are not known yet.
  package var ruleValue: Value? {
    guard let (group, attribute) = schema, let owner, case .bytes(let bytes, let slots) = data, slots.isEmpty else {
      return nil
    }
    let type = group.payload(of: attribute, key, call.attr)
    return type.decode(bytes[...], bigEndian: owner.architecture.isBigEndian)
  }
}

/// Group, number and flags of a `struct kvm_device_attr`.
package struct AttributeNumbers {
  package var group: UInt32
  package var attr: UInt64
  package var flags: UInt32 = 0
}

/// One entry of `steps:`.
package struct ExplicitStep {
  package var action: Action
  package var expected: [Answer]
  /// Where the expected answers are written; nil if they are not.
  package var expectedAt: SourceRange?
  /// The number that a call must answer if it succeeds; nil if any number will do.
  package var expectedNumber: UInt32?
  package var isIncomplete = false
  /// Whether its text, or that of a step above it, has an error.
  package var followsError = false
  /// Where a value that the call reads is stored.
  package var stored: StoredValue?
  package var at: SourceRange

  package enum Action {
    case createVM(type: UInt64, KeyPlaces, isIncomplete: Bool)
    case addMemory(MemoryRegion)
    case enableCapability(CapabilityCall)
    case createIRQChip
    case checkExtension(UInt32)
    case createVCPU(UInt64)
    case initVCPU(UInt64, VCPUFeatures)
    case testDevice(DeviceTypeReference, flags: UInt32)
    case createDevice(DeviceTypeReference, name: String, flags: UInt32)
    case closeDevice(String)
    case attribute(AttributeAccess, on: TargetName, AttributeSetting, Comparison?)
    case runVCPU(UInt64)
    case request(RequestSchema, on: TargetName, AttributeSetting, Comparison?, as: String?)

    /// The places of the call's arguments; nil for a call without any, or on an attribute.
    package var places: KeyPlaces? {
      switch self {
      case .createVM(_, let places, _): places
      case .addMemory(let region): region.places
      case .enableCapability(let call): call.places
      case .initVCPU(_, let features): features.places
      default: nil
      }
    }
  }
}
