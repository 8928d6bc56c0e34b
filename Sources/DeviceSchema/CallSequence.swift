import Vocabulary

/// The stages of a KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR or KVM_HAS_DEVICE_ATTR. The first errno is the answer.
///
/// This is the one description of how such a call is answered: the model runs the stages, `explain` prints them.
package struct CallSequence {
  /// In the order in which a call goes through them, with their names in the documentation of the schema language.
  package enum Stage: String, CaseIterable, Sendable {
    case vmRules = "The VM's `every` rules"
    case fileRules = "The `every` rules of the descriptor's own file"
    case accessor = "`no-accessor`"
    case group = "The lookup of the group"
    case payload = "The copy of the payload"
    case groupRules = "The group's rules for this call"
    case attribute = "The lookup of the attribute"
    case attributeRules = "The attribute's rules for this call"
    case value = "The value of a `get`"

    package static let inOrder = allCases
  }

  /// The action at a stage.
  package enum Action {
    case rules(RuleFrame)
    /// The call ends.
    case refuse(GenericRefusal)
    /// The payload is copied in, unless the pointer is bad: `GenericRefusal.cannotRead`.
    case copyIn
    /// The value is copied out, unless the pointer is bad: `GenericRefusal.cannotWrite`.
    case copyOut
  }

  private let catalogue: Catalogue
  /// The descriptor's file.
  package let file: SchemaFile
  private let access: AttributeAccess
  private let groupNumber: UInt32?
  private let attr: UInt64?
  private var group: GroupSchema?
  private var attribute: AttributeSchema?
  /// What the schema says of the call on the group, and on the attribute.
  private var calls = (group: CallSchema(), attribute: CallSchema())
  private var hasPayload = false

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
  package mutating func find(_ group: GroupSchema, _ attribute: AttributeSchema?, hasPayload: Bool) {
    (self.group, self.attribute, self.hasPayload) = (group, attribute, hasPayload)
    calls.group = group.call(access)
    if let attribute { calls.attribute = attribute.call(access) }
  }

  /// The action at a stage; nil if there is none.
  package func action(at stage: Stage) -> Action? {
    switch stage {
    case .vmRules: file.subject == .system ? nil : catalogue.vm?.every.map(Action.rules)
    case .fileRules: file.subject == .vm ? nil : file.every.map(Action.rules)
    case .accessor: file.noAccessor[access].map { .refuse(refusal($0, "\(file.words) has no \(access.ioctl)")) }
    case .group: group == nil ? .refuse(unknownGroup) : nil
    case .payload: hasPayload && hasAccess && takesInput && !rulesRead ? .copyIn : nil
    case .groupRules: calls.group.rules.map(Action.rules)
    case .attribute: hasAccess ? nil : unknownAttribute.map(Action.refuse)
    case .attributeRules: calls.attribute.rules.map(Action.rules)
    case .value: access == .get && hasPayload ? .copyOut : nil
    }
  }

  /// The refusal if the kernel lacks the group.
  package var unknownGroup: GenericRefusal {
    refusal(file.unknownGroup[access], "\(file.words) has no \(name("group", groupNumber))")
  }

  /// The refusal if the kernel lacks the attribute, or if the attribute does not have the call; nil without a group.
  package var unknownAttribute: GenericRefusal? {
    guard let group else { return nil }
    let isWithout = attribute?.access.contains(access) == false
    let what = isWithout ? "does not \(access.verb) this attribute" : "has no \(name("attribute", attr))"
    return refusal(group.unknownAttribute[access], "group '\(group.name)' of \(file.words) \(what)")
  }

  /// `group 3`, or `such group` for any number.
  private func name(_ noun: String, _ number: (some BinaryInteger)?) -> String {
    number.map { "\(noun) \($0)" } ?? "such \(noun)"
  }

  private func refusal(_ errno: Errno?, _ reason: String) -> GenericRefusal {
    GenericRefusal(errno ?? .invalid, reason)
  }

  private var hasAccess: Bool { attribute?.access.contains(access) == true }

  private var takesInput: Bool { access == .set || calls.group.takesInput || calls.attribute.takesInput }

  /// Whether rules say when the payload is copied in. Otherwise this happens before the first of them.
  package var rulesRead: Bool {
    calls.group.rules?.readsValue == true || calls.attribute.rules?.readsValue == true
  }

  /// The value that a get writes.
  package var value: CallValue? { calls.attribute.value ?? calls.group.value }

  /// The answers that only a running guest causes.
  package var guestAnswers: [GuestAnswer] { calls.group.guest + calls.attribute.guest }
}

/// A refusal by the kernel's common code, which no rule describes.
package struct GenericRefusal {
  package let errno: Errno
  /// The reason, for users.
  package let reason: String

  init(_ errno: Errno, _ reason: String) { (self.errno, self.reason) = (errno, reason) }

  package static var cannotRead: Self { Self(.badAddress, "the kernel cannot read the value at this address") }
  package static var cannotWrite: Self { Self(.badAddress, "the kernel cannot write the value to this address") }
  package static func noDeviceType(_ name: String) -> Self {
    Self(.noDevice, "this host's KVM has no device type '\(name)'")
  }
  package static func foreignDeviceType(_ number: UInt32?) -> Self {
    let type = number.map { "device type \($0)" } ?? "the device type"
    return Self(.noDevice, "\(type) belongs to another architecture or another release")
  }
}

extension SchemaFile {
  /// The id of a refusal or a warning of a call on the descriptor: the rule's own, or `arm-vgic-v3.addr.dist:EINVAL`.
  ///
  /// - Parameters:
  ///   - path: the path of the attribute or call; empty if the group is unknown.
  ///   - suffix: an errno, or the name of a warning, which may be a full id.
  package func id(of rule: Rule? = nil, _ path: String, _ suffix: String) -> String {
    if let id = rule?.id { return id }
    if suffix.utf8.contains(UInt8(ascii: ":")) { return suffix }
    return path.isEmpty ? "\(name):\(suffix)" : "\(name).\(path):\(suffix)"
  }
}

extension Errno {
  fileprivate static let badAddress = Errno(name: "EFAULT")!
  static let invalid = Errno(name: "EINVAL")!
  static let notTypewriter = Errno(name: "ENOTTY")!
  package static let noDevice = Errno(name: "ENODEV")!
}
