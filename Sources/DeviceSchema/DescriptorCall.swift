import Expressions
import Vocabulary

/// A call that is neither on an attribute nor KVM_ENABLE_CAP.
package enum DescriptorCall: String, CaseIterable, Sendable {
  case test, create
  case initialise = "init"
  case run
  case addMemory = "add-memory"
  case createIRQChip = "create-irqchip"
  case close
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
    case .test: unknownDevice
    case .create: create ?? unknownDevice
    case .initialise: initialise
    case .run: run
    case .addMemory: addMemory
    case .createIRQChip: createIRQChip
    case .close: release
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

  /// Whether the VM's `every` rules are the first stage of the call: it is made on the VM or on one of its parts.
  package func isOnVM(_ call: DescriptorCall) -> Bool { call != .close && !(call == .create && subject == .vm) }

  /// The rules of all calls on the descriptor, its capabilities, its groups and its attributes.
  ///
  /// - Parameter exists: whether to include a capability, a group or an attribute, by its lifetime and its `when`.
  func rulesOfCalls(where exists: (Lifetime, Expression?) -> Bool = { _, _ in true }) -> [RuleFrame] {
    var rules = [every] + DescriptorCall.allCases.map { self.rules(of: $0) } + [afterCapability]
    rules += capabilities.filter { exists($0.lifetime, nil) }.map(\.rules)
    for group in groups where exists(group.lifetime, group.when) {
      rules += AttributeAccess.allCases.map { group.call($0).rules }
      for attribute in group.attributes where exists(attribute.lifetime, attribute.when) {
        rules += AttributeAccess.allCases.map { attribute.call($0).rules }
      }
    }
    return rules.compactMap { $0 }
  }

  /// The calls that this descriptor supports on an attribute.
  package func calls(on attribute: AttributeSchema) -> [AttributeAccess] {
    AttributeAccess.allCases.filter { attribute.access.contains($0) && noAccessor[$0] == nil }
  }
}

extension Catalogue {
  /// The rules that run after a capability takes effect.
  package func rulesAfter(_ capability: Capability) -> RuleFrame? {
    (capability.isOnVCPU ? vcpu : vm)?.afterCapability
  }
}
