import DevicePlan
import DeviceSchema
import Vocabulary

extension Plan {
  /// The schema of each step's object: that of the VM, of vCPUs, of `/dev/kvm` or of a device type; nil if there is no
  /// schema.
  package func schemaFiles(in catalogue: Catalogue) -> [SchemaFile?] {
    var devices: [SchemaFile?] = []
    func file(_ target: Target) -> SchemaFile? { catalogue.file(of: target, devices: devices) }
    return steps.map { step in
      switch step.operation {
      case .createVM, .addMemory, .createIRQChip, .checkExtension: return catalogue.vm
      case .createVCPU, .initVCPU, .runVCPU: return catalogue.vcpu
      case .enableCapability(_, let target, _, _): return file(target)
      case .createDevice(let type, _):
        devices.append(catalogue.device(numbered: type))
        return devices.last ?? nil
      case .testDevice(let type, _): return catalogue.device(numbered: type)
      case .closeDevice(let slot): return file(.device(slot))
      case .request(let call):
        if call.makesDescriptor { devices.append(nil) }
        return catalogue.request(numbered: call.request, on: file(call.target), named: step.attribute)?.file
          ?? file(call.target)
      case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): return file(call.target)
      }
    }
  }
}
