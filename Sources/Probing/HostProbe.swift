import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The part of what the schemas of an architecture describe that a host's kernel supports.
package struct HostProbe {
  package var architecture: Architecture
  /// The kernel's release, as `uname -r` prints it.
  package var release: String
  package var devices: [Device] = []
  package var attributes: [Attribute] = []
  package var features: [Feature] = []
  package var capabilities: [Capability] = []
  package var facts: [FoundFact] = []
  /// Faults in the schemas that were used.
  package var schemaFaults: [Diagnostic] = []

  /// A device type, found by KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST.
  package struct Device {
    package var type: String
    package var number: UInt32
    package var lifetime: Lifetime
    package var isSupported: Bool
    package var answer: Outcome
    package var why: String?
  }

  /// An attribute, found by KVM_HAS_DEVICE_ATTR where its answer means something.
  package struct Attribute {
    /// A device type, `vm`, `vcpu` or `system`.
    package var target: String
    /// The path, such as `addr.dist`.
    package var path: String
    package var group: UInt32
    /// The number that was asked for, with the key if the number is structured; nil if nothing was asked.
    package var attr: UInt64?
    package var lifetime: Lifetime
    package var isSupported: Bool
    /// The answer of KVM_HAS_DEVICE_ATTR; nil if it was not called.
    package var answer: Outcome?
    /// The call that decided: has, get or set.
    package var evidence: AttributeAccess
    /// Where the attribute is supported, or why the answer is misleading.
    package var note: String?
    /// The reason why it is not supported.
    package var why: String?
    /// The value that was read, for an attribute of `/dev/kvm`.
    package var value: [UInt8]?
    /// Whether the value names a file. No fact says what kind of file that is, so answers may stay undecided.
    package var namesFile = false
  }

  /// A vCPU feature, found by initialising a vCPU with it.
  package struct Feature {
    package var name: String
    package var bit: Int
    package var lifetime: Lifetime
    package var isSupported: Bool
    package var note: String?
    package var why: String?
  }

  /// A capability, found by KVM_CHECK_EXTENSION.
  package struct Capability {
    package var constant: String
    package var number: UInt32
    /// 0 if the kernel does not have it, else 1 or a limit.
    package var value: UInt32
  }

  /// A fact of the host on which answers depend.
  package struct FoundFact {
    package var name: String
    package var doc: String?
    /// The value; nil if it was not found.
    package var value: Value?
    /// How it was found, or what was tried.
    package var how: String
    /// How to find it by hand.
    package var manual: String?
    /// The value that `validate` assumes if none is given, as its schema writes it.
    package var assumed: String?
  }
}

extension HostProbe {
  /// The device types that the host has.
  package var deviceTypes: [String] { devices.filter(\.isSupported).map(\.type) }

  /// The supported attributes whose values name files.
  package var attributesThatNameFiles: [String] {
    attributes.filter { $0.isSupported && $0.namesFile }.map { "\($0.target).\($0.path)" }
  }
}

extension Lifetime {
  /// `6.10`, or `-` if every release has it.
  package var sinceText: String { since?.description ?? "-" }
}
