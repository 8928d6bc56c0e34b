import DevicePlan
import DeviceSchema
import Expressions

extension Plan {
  /// The schema file of what each step is made on: that of the VM, of a vCPU, of `/dev/kvm` or of a device's type; nil where there is none.
  package func schemaFiles(in catalogue: Catalogue) -> [SchemaFile?] {
    var devices: [SchemaFile?] = []
    func file(_ target: Target) -> SchemaFile? {
      switch target {
      case .system: catalogue.system
      case .vm: catalogue.vm
      case .vcpu: catalogue.vcpu
      case .device(let slot): devices[slot]
      }
    }
    return steps.map { step in
      switch step.operation {
      case .createVM, .addMemory, .createIRQChip: return catalogue.vm
      case .createVCPU, .initVCPU, .runVCPU: return catalogue.vcpu
      case .enableCapability(_, let target, _, _): return file(target)
      case .createDevice(let type, _):
        devices.append(catalogue.device(numbered: type))
        return devices.last ?? nil
      case .testDevice(let type, _): return catalogue.device(numbered: type)
      case .closeDevice(let slot): return devices[slot]
      case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): return file(call.target)
      }
    }
  }
}

extension SchemaFile {
  /// The attribute that two numbers stand for, such as `addr.dist`.
  package func path(group number: UInt32, attr: UInt64) -> String? {
    attribute(group: number, attr: attr).map { $0.group.path(of: $0.attribute) }
  }

  /// The attribute that two numbers stand for, with the fields of its key.
  package func attribute(
    group number: UInt32, attr: UInt64
  ) -> (group: GroupSchema, attribute: AttributeSchema, key: Fields)? {
    for group in groups where group.number == number {
      for attribute in group.attributes {
        if let key = attribute.key(of: attr) { return (group, attribute, key) }
      }
    }
    return nil
  }
}
