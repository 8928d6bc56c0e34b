import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// What a host's kernel supports, of what the schemas of its architecture know.
package struct HostProbe {
  package var architecture: Architecture
  /// The kernel's release, as `uname -r` prints it.
  package var release: String
  package var devices: [Device] = []
  package var attributes: [Attribute] = []
  package var features: [Feature] = []
  package var capabilities: [Capability] = []
  package var facts: [FoundFact] = []
  /// What is wrong with the schemas that were asked by.
  package var schemaFaults: [Diagnostic] = []

  /// A device type, by KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST.
  package struct Device {
    package var type: String
    package var number: UInt32
    package var lifetime: Lifetime
    package var isSupported: Bool
    package var answer: Outcome
    package var why: String?
  }

  /// An attribute, by KVM_HAS_DEVICE_ATTR where that tells anything.
  package struct Attribute {
    /// A device type, `vm`, `vcpu` or `system`.
    package var target: String
    /// Such as `addr.dist`.
    package var path: String
    package var group: UInt32
    /// Of the key that was asked for, where the number is structured; nil where nothing was asked.
    package var attr: UInt64?
    package var lifetime: Lifetime
    package var isSupported: Bool
    /// What KVM_HAS_DEVICE_ATTR answered; nil where it was not asked.
    package var answer: Outcome?
    /// The call that showed it: has, get or set.
    package var evidence: AttributeAccess
    /// Where it is so, or why the answer is not what it seems.
    package var note: String?
    /// Why it is not supported.
    package var why: String?
    /// What an attribute of `/dev/kvm` reads.
    package var value: [UInt8]?
  }

  /// A feature of vCPUs, by the initialisation of one that has it.
  package struct Feature {
    package var name: String
    package var bit: Int
    package var lifetime: Lifetime
    package var isSupported: Bool
    package var note: String?
    package var why: String?
  }

  /// A capability, by KVM_CHECK_EXTENSION.
  package struct Capability {
    package var constant: String
    package var number: UInt32
    /// 0 where the kernel does not have it; 1, or a limit.
    package var value: UInt32
  }

  /// A fact of the host that answers depend on.
  package struct FoundFact {
    package var name: String
    package var doc: String?
    /// Nil where it was not found.
    package var value: Value?
    /// How it was found, or what found nothing.
    package var how: String
    /// How a person finds it.
    package var manual: String?
    /// What `validate` takes for it when nobody says otherwise, as its schema writes it.
    package var assumed: String?
  }
}

extension HostProbe {
  /// The types of the devices that there are.
  package var deviceTypes: [String] { devices.filter(\.isSupported).map(\.type) }
}

extension Lifetime {
  /// `6.10`, or `-` where every release has it.
  package var sinceText: String { since?.description ?? "-" }

  /// Why a release does not have it; nil where it does, as far as is known.
  func absence(from release: Release) -> String? {
    if let since, release < since { return "new in Linux \(since)" }
    if let until, release >= until { return "gone since Linux \(until)" }
    return nil
  }

  /// What all of these have in common.
  init(_ lifetimes: [Lifetime]) {
    self.init(since: lifetimes.compactMap(\.since).max(), until: lifetimes.compactMap(\.until).min())
  }
}
