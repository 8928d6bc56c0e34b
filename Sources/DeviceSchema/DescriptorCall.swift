import Expressions
import Vocabulary

/// A call that is not on an attribute, by its name in ids.
package enum DescriptorCall: String, CaseIterable, Sendable {
  /// The rules before each call.
  case every
  case test, create
  case initialise = "init"
  case finalize, run
  /// What follows in KVM_RUN if `immediate_exit` is not set.
  case enter
  case addMemory = "add-memory"
  case createIRQChip = "create-irqchip"
  case enableCapability = "enable-capability"
  case close
  /// A call that the release does not have.
  case missing = "else"

  /// The name in `calls:`.
  var key: String { self == .close ? "release" : rawValue }
}

extension DescriptorCall {
  /// The refusal if no rules describe the call; nil if the call then succeeds.
  package var refusalWithoutRules: GenericRefusal? {
    switch self {
    case .initialise: GenericRefusal(.invalid, "this architecture has no call that initialises vCPUs")
    case .createIRQChip: GenericRefusal(.notTypewriter, "this architecture has no KVM_CREATE_IRQCHIP")
    default: nil
    }
  }
}

extension SchemaFile {
  /// The rules of a call; nil if the file does not describe it.
  package func rules(of call: DescriptorCall) -> RuleFrame? {
    switch call {
    // `create` in a shared file is for device types without a schema.
    case .test: isCommon ? ownRules(of: .create) : nil
    default: ownRules(of: call)
    }
  }

  /// Whether the descriptor has the call. Some calls exist without rules.
  package func has(_ call: DescriptorCall) -> Bool {
    switch (call, subject) {
    case (.create, .vm), (.create, .vcpu), (.create, .device), (.test, .device): true
    case (.initialise, .vcpu), (.createIRQChip, .vm): true
    default: rules(of: call) != nil
    }
  }

  /// Whether the VM's `every` rules are the first stage of the call: it is made on the VM or on one of its parts. `enter`
  /// is the end of a call.
  package func isOnVM(_ call: DescriptorCall) -> Bool {
    ![.close, .enter].contains(call) && !(call == .create && subject == .vm)
  }

  /// The rules of all calls on the descriptor, its capabilities, its groups and its attributes.
  ///
  /// - Parameter exists: whether to include a capability, a group or an attribute, by its lifetime and its `if`.
  func rulesOfCalls(where exists: (Lifetime, Expression?) -> Bool = { _, _ in true }) -> [RuleFrame] {
    var rules = DescriptorCall.allCases.map { self.rules(of: $0) }
    // The common `else` belongs to files that have none of their own.
    rules += AttributeAccess.allCases.flatMap { [calls[$0], isCommon ? nil : otherwise?[$0]] }
    rules += capabilities.filter { exists($0.lifetime, nil) }.map(\.rules)
    rules += requests.filter { exists($0.lifetime, nil) }.map(\.rules)
    for group in groups where exists(group.lifetime, group.when) {
      rules += AttributeAccess.allCases.flatMap { [group.rules(of: $0), group.otherwise?[$0]] }
      for attribute in group.attributes where exists(attribute.lifetime, attribute.when) {
        rules += AttributeAccess.allCases.map { attribute.rules(of: $0) }
      }
    }
    return rules.compactMap { $0 }
  }

  /// The calls that this descriptor supports on an attribute.
  package func calls(on attribute: AttributeSchema) -> [AttributeAccess] {
    AttributeAccess.allCases.filter { attribute.access.contains($0) && lacks($0) == nil }
  }
}
