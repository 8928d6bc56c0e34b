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

extension SchemaFile {
  /// The descriptor in sentences.
  package var words: String {
    switch subject {
    case .device(let name), .common(let name): "a device of type '\(name)'"
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
    case .vm: "the VM"
    case .vcpu: "a vCPU"
    case .system: "/dev/kvm"
    }
  }
}
