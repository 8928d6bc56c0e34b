/// The descriptor that a call is made on, by slot.
///
/// vCPUs and devices are counted by the `create` steps of the plan, from 0, whether or not they succeed: the second
/// `create-device` step fills slot 1.
package enum Target: Hashable, Sendable {
  case system, vm
  case vcpu(Int)
  case device(Int)
}

/// The object of a call, as manifests and reports name it.
package enum TargetName: Hashable, Sendable {
  case system, vm
  /// By id.
  case vcpu(UInt64)
  /// Each vCPU of a VM whose number of vCPUs is known only when the plan is loaded.
  case eachVCPU
  /// A device or a device type, by name.
  case device(String)
}

extension TargetName: CustomStringConvertible {
  /// `system`, `vm`, `vcpu.3`, `vcpu.*` or the device's name.
  package var description: String {
    switch self {
    case .system: "system"
    case .vm: "vm"
    case .vcpu(let id): "vcpu.\(id)"
    case .eachVCPU: "vcpu.*"
    case .device(let name): name
    }
  }
}
