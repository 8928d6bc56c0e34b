import Vocabulary

/// The stages of a KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR or KVM_HAS_DEVICE_ATTR. The first errno is the answer.
///
/// This is the one description of how such a call is answered: the model runs the stages, `explain` prints them.
package struct CallSequence {
  /// In the order in which a call goes through them, with their names in the documentation of the schema language.
  package enum Stage: String, CaseIterable, Sendable {
    case vmRules = "The VM's `every` rules"
    case fileRules = "The `every` rules of the descriptor's own file"
    case descriptorRules = "The file's rules for this call"
    case group = "The lookup of the group"
    case groupRules = "The group's rules for this call"
    case attribute = "The lookup of the attribute"
    case attributeRules = "The attribute's rules for this call"

    package static let inOrder = allCases
  }

  /// The action at a stage.
  package enum Action {
    case rules(RuleFrame)
    /// The rules of the nearest `else`, which end the call.
    case otherwise(RuleFrame)
  }

  private let catalogue: Catalogue
  /// The descriptor's file.
  package let file: SchemaFile
  private let access: AttributeAccess
  private let groupNumber: UInt32?
  private let attr: UInt64?
  private var group: GroupSchema?
  private var attribute: AttributeSchema?

  /// Creates a call whose group and attribute are not looked up yet. A number that is nil can be any.
  package init(
    _ catalogue: Catalogue, _ file: SchemaFile, _ access: AttributeAccess, group: UInt32? = nil, attr: UInt64? = nil
  ) {
    (self.catalogue, self.file, self.access) = (catalogue, file, access)
    (groupNumber, self.attr) = (group, attr)
  }

  /// Records the result of the lookup.
  ///
  /// - Parameter attribute: nil if no attribute has the number.
  package mutating func find(_ group: GroupSchema, _ attribute: AttributeSchema?) {
    (self.group, self.attribute) = (group, attribute)
  }

  /// The action at a stage; nil if there is none.
  package func action(at stage: Stage) -> Action? {
    switch stage {
    case .vmRules: file.subject == .system ? nil : catalogue.vm?.every.map(Action.rules)
    case .fileRules: file.subject == .vm ? nil : file.every.map(Action.rules)
    case .descriptorRules: file.calls[access].map(Action.rules)
    case .group: group == nil ? .otherwise(unknownGroup) : nil
    case .groupRules: group?.rules(of: access).map(Action.rules)
    case .attribute: hasAccess ? nil : .otherwise(unknownAttribute)
    case .attributeRules: attribute?.rules(of: access).map(Action.rules)
    }
  }

  /// What the lookup at a stage does not find: `the VM has no group 3`.
  package func missing(at stage: Stage) -> String {
    guard let group, stage != .group else {
      return absentGroup ?? "\(file.words) has no \(name("group", groupNumber))"
    }
    let isWithout = attribute?.access.contains(access) == false
    if !isWithout, let absentAttribute { return absentAttribute }
    let place = "group '\(group.name)' of \(file.words)"
    if isWithout, access == .set, attribute?.access.contains(.get) == true {
      return "this attribute of \(place) can be read, and cannot be set"
    }
    if isWithout { return "this attribute of \(place) cannot be \(access == .has ? "tested" : access.verb)" }
    return "\(place) has no \(name("attribute", attr))"
  }

  /// The words for a group that exists in other releases.
  private var absentGroup: String? {
    guard let groupNumber else { return nil }
    return file.groups.lazy.filter { $0.number == groupNumber }
      .compactMap { catalogue.absence("group '\($0.name)' of \(file.words)", $0.lifetime) }.first
  }

  /// The words for an attribute that exists in other releases.
  private var absentAttribute: String? {
    guard let group, let attr else { return nil }
    return group.attributes.lazy.filter { $0.key(of: attr) != nil }
      .compactMap { catalogue.absence("attribute '\($0.path)' of \(file.words)", $0.lifetime) }.first
  }

  /// `group 3`, or `such group` for any number.
  private func name(_ noun: String, _ number: (some BinaryInteger)?) -> String {
    number.map { "\(noun) \($0)" } ?? "such \(noun)"
  }

  private var hasAccess: Bool { attribute?.access.contains(access) == true }

  /// The rules for calls on a group that the kernel lacks.
  package var unknownGroup: RuleFrame { catalogue.otherwise(of: file)[access] ?? .empty }

  /// The rules for calls on an attribute that the kernel lacks, or that does not have the call.
  package var unknownAttribute: RuleFrame {
    group?.otherwise?[access] ?? unknownGroup
  }
}

extension SchemaFile {
  /// The errno that answers every call on an attribute that the kernel lacks; nil if there is no such errno.
  ///
  /// - Parameter group: the group, which exists; nil for a group that the kernel lacks.
  package func errno(
    of access: AttributeAccess, onUnknownIn group: GroupSchema?, _ catalogue: Catalogue
  ) -> Errno? {
    var sequence = CallSequence(catalogue, self, access)
    if let group { sequence.find(group, nil) }
    return lacks(access) ?? (group == nil ? sequence.unknownGroup : sequence.unknownAttribute).list.errno
  }
}

extension RuleList {
  /// The errno of the list, if it refuses every call with the same one.
  var errno: Errno? { rules.first { $0.alwaysEnds }?.errno }

  /// Whether the list refuses every call.
  package var refuses: Bool { errno != nil }
}

extension Catalogue {
  /// The `else` of a file's groups: the file's own, or else that of `common/kvm.yaml`.
  package func otherwise(of file: SchemaFile) -> CallRules { file.otherwise ?? commonOtherwise }
}

/// A refusal by the kernel's common code, which no rule describes.
package struct GenericRefusal {
  package let errno: Errno
  /// The reason, for users.
  package let reason: String
  /// The part of a call by numbers that is wrong, or nil.
  package let part: String?

  init(_ errno: Errno, _ reason: String, part: String? = nil) {
    (self.errno, self.reason, self.part) = (errno, reason, part)
  }

  package static var cannotRead: Self { Self(.badAddress, "the kernel cannot read the value at this address") }
  package static func short(_ size: Int, of wanted: Int) -> Self {
    Self(.badAddress, "the call passes \(counted(size, "byte")), and the kernel reads \(wanted)", part: "payload")
  }
  package static var cannotWrite: Self { Self(.badAddress, "the kernel cannot write the value to this address") }
  package static var noCapability: Self { Self(.noDeviceOrAddress, "the host does not have this capability") }
  package static func noDeviceType(_ name: String) -> Self {
    Self(.noDevice, "this host's KVM has no device type '\(name)'")
  }
  package static var foreignDeviceType: Self {
    Self(.noDevice, "the device type belongs to another architecture or another release")
  }
  static func foreignDeviceType(_ name: String) -> Self {
    Self(.noDevice, "device type '\(name)' belongs to another architecture")
  }
  /// A device type of other releases.
  package static func absentDeviceType(_ file: SchemaFile, _ catalogue: Catalogue) -> Self {
    let type = "device type '\(file.deviceType ?? file.name)'"
    return Self(.noDevice, catalogue.absence(type, file.lifetime) ?? "\(type) is not in this release")
  }
  /// A capability of other releases.
  package static func absentCapability(_ capability: Capability, _ catalogue: Catalogue) -> Self {
    let words = "capability '\(capability.name)'"
    return Self(.invalid, catalogue.absence(words, capability.lifetime) ?? "\(words) is not in this release")
  }
  /// A call of other releases, on a descriptor whose file does not say what it answers to unknown calls.
  package static func absentRequest(_ call: RequestSchema, _ catalogue: Catalogue) -> Self {
    let words = "the call '\(call.name)'"
    return Self(.notTypewriter, catalogue.absence(words, call.lifetime) ?? "\(words) is not in this release")
  }
}

extension SchemaFile {
  /// The id of a refusal of a call on the descriptor: `arm-vgic-v3.addr.dist:EINVAL`.
  ///
  /// - Parameter path: the path of the attribute or call; empty if the group is unknown.
  package func id(_ path: String, _ errno: Errno) -> String { "\(subjectOfIDs(path)):\(errno)" }

  /// The id of what a rule does: `vcpu.init.sve:EINVAL`, or of a warning `riscv-aia.addr.imsic.same-hart`.
  package func id(of rule: Rule, _ path: String) -> String {
    let subject = subjectOfIDs(path) + (rule.tag.map { ".\($0)" } ?? "")
    return switch rule.action {
    case .refuse(let errno, _): "\(subject):\(errno)"
    case .warn(.hazard, _): "\(subject):hazard"
    default: subject
    }
  }

  private func subjectOfIDs(_ path: String) -> String { path.isEmpty ? name : "\(name).\(path)" }
}

extension Errno {
  fileprivate static let badAddress = Errno(name: "EFAULT")!
  static let invalid = Errno(name: "EINVAL")!
  static let notTypewriter = Errno(name: "ENOTTY")!
  package static let noDevice = Errno(name: "ENODEV")!
  package static let noDeviceOrAddress = Errno(name: "ENXIO")!
}
