import Vocabulary

extension AttributeAccess {
  /// The call's name in the kernel's headers.
  package var ioctl: String {
    switch self {
    case .set: "KVM_SET_DEVICE_ATTR"
    case .get: "KVM_GET_DEVICE_ATTR"
    case .has: "KVM_HAS_DEVICE_ATTR"
    }
  }

  /// The verb for the call in sentences.
  package var verb: String {
    switch self {
    case .set: "set"
    case .get: "read"
    case .has: "test"
    }
  }
}

extension DescriptorCall {
  /// The call's name in the kernel's headers, or a description.
  package func title(on subject: SchemaSubject) -> String {
    switch (self, subject) {
    case (.test, _): "KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST"
    case (.create, .vm): "KVM_CREATE_VM"
    case (.create, .vcpu): "KVM_CREATE_VCPU"
    case (.create, _): "KVM_CREATE_DEVICE"
    case (.every, _): "every call"
    case (.initialise, _): "the call that initialises a vCPU"
    case (.finalize, _): "the call that finalises a vCPU"
    case (.run, _): "KVM_RUN"
    case (.enter, _): "KVM_RUN without immediate_exit"
    case (.addMemory, _): "KVM_SET_USER_MEMORY_REGION"
    case (.createIRQChip, _): "KVM_CREATE_IRQCHIP"
    case (.enableCapability, _): "KVM_ENABLE_CAP"
    case (.close, _): "close() of the descriptor"
    case (.missing, _): "a call that the kernel does not have"
    }
  }

  /// The names of all these calls in the kernel's headers.
  package static let ioctls = allCases.flatMap { call in [.vm, .vcpu, .common("")].map(call.title) }.filter {
    $0.hasPrefix("KVM_") && !$0.contains(" ")
  }
}

extension SchemaFile {
  /// The descriptor in sentences.
  package var words: String {
    switch subject {
    case .device(let name): "a device of type '\(name)'"
    case .common: "a device of any other type"
    case .vm: "the VM"
    case .vcpu: "a vCPU"
    case .system: "/dev/kvm"
    }
  }

  /// The descriptor in messages: "device type 'arm-vgic-v3'", "the VM".
  package var description: String {
    switch subject {
    case .device(let name): "device type '\(name)'"
    case .common(let name): "'\(name)'"
    case .vm, .vcpu, .system: words
    }
  }
}
