import DeviceSchema
import Diagnostics
import Vocabulary

/// One call that a message may be about.
struct Candidate {
  var file: SchemaFile
  var catalogue: Catalogue
  /// The architectures that share the file.
  var architectures: [Architecture]
  /// Nil for a call that is not on an attribute.
  var attribute: (group: GroupSchema, attribute: AttributeSchema)?
  /// The possible calls, with all their refusals.
  var calls: [RefusableCall]

  /// `arm-vgic-v3.addr.dist`, `vfio.create`.
  var name: String { calls.first?.subject ?? file.name }

  /// What the attribute is, or what the call does.
  var doc: String? {
    if let attribute { return attribute.attribute.doc ?? attribute.group.doc }
    switch calls.first?.kind {
    case .descriptor(.create) where file.deviceType != nil: return file.doc
    case .descriptor(let call): return call.doc(on: file)
    case .capability(let capability): return capability.doc
    case .request(let request): return request.doc
    case .attribute, nil: return file.doc
    }
  }

  /// The group of the attribute, or the object of the call: `arm-vgic-v3.addr`, `vcpu`.
  var groupName: String {
    if let attribute { return "\(file.name).\(attribute.group.name)" }
    if case .capability = calls.first?.kind { return file.name }
    return name
  }

  var groupDoc: String? {
    if let attribute { return attribute.group.doc ?? attribute.attribute.doc }
    if case .capability = calls.first?.kind { return file.doc }
    return doc
  }

  /// The integers with named values in the key of the attribute or in the argument of the call.
  var namedFields: [NamedField] {
    attribute?.attribute.namedFields ?? calls.first?.namedFields ?? []
  }

  /// The names of values, such as those of registers.
  var valueNames: [String] { namedFields.flatMap { $0.description.names.map(\.name) } }

  /// Whether a path is the beginning of the name, or goes on with a value of the argument: `vm.sev` and `vm.sev.init2`.
  func isAbout(_ path: String) -> Bool {
    name.hasPrefix(path) || path.hasPrefix(name + ".") && valueNames.contains { path == "\(name).\($0)" }
  }

  /// The constants of the kernel's headers that are the call, what it is on, or values of its argument.
  var constants: [String] {
    if let (group, attribute) = attribute {
      let own = group.constants + attribute.constants
      return typeConstants + own + own.compactMap(Self.short)
    }
    switch calls.first?.kind {
    case .descriptor(.create): return typeConstants
    case .descriptor(.initialise): return file.features.compactMap(\.constant)
    case .capability(let capability): return [capability.constant].compactMap(\.self)
    case .request(let request): return [request.constant] + namedFields.flatMap(\.description.constants)
    case .descriptor, .attribute, nil: return []
    }
  }

  /// The short form of a constant: KVM_LOONGARCH_EXTIOI_INIT_NUM_CPU of KVM_DEV_LOONGARCH_EXTIOI_CTRL_INIT_NUM_CPU.
  private static func short(_ constant: String) -> String? {
    let prefix = "KVM_DEV_"
    guard constant.hasPrefix(prefix) else { return nil }
    return "KVM_" + constant.dropFirst(prefix.count).replacing("_CTRL_", with: "_", maxReplacements: 1)
  }

  /// The constant of the device type, and its short form: KVM_LOONGARCH_PCHPIC of KVM_DEV_TYPE_LOONGARCH_PCHPIC.
  private var typeConstants: [String] {
    guard let constant = file.constant else { return [] }
    let prefix = "KVM_DEV_TYPE_"
    return [constant] + (constant.hasPrefix(prefix) ? ["KVM_" + constant.dropFirst(prefix.count)] : [])
  }

  /// All refusals of the calls with an errno, or with any if it is nil.
  func refusals(_ errno: Errno?) -> [Refusal] {
    calls.flatMap(\.refusals).filter { errno == nil || $0.answer == errno?.description }
  }
}

/// An integer whose values have names: a field of a key, or a member of a struct.
struct NamedField {
  var name: String
  var description: IntegerDescription

  /// Nil if no value has a name.
  init?(_ name: String, _ description: IntegerDescription) {
    if description.names.isEmpty { return nil }
    (self.name, self.description) = (name, description)
  }
}

extension AttributeSchema {
  /// The fields of the key whose values have names.
  var namedFields: [NamedField] { keyFields.compactMap { NamedField($0.name, $0.description) } }
}

extension RefusableCall {
  /// The members of the argument whose values have names.
  var namedFields: [NamedField] {
    guard case .request(let request) = kind, case .structure(let type) = request.type else { return [] }
    return type.fields.compactMap { field in
      if case .integer(let integer) = field.type { NamedField(field.name, integer.description) } else { nil }
    }
  }
}
