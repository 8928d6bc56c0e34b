import DevicePlan
import DeviceSchema
import Vocabulary

extension Plan {
  /// The schemas of the plan's devices, by slot. A device without a schema has nil.
  func deviceFiles(in catalogue: Catalogue) -> [SchemaFile?] {
    steps.indices.compactMap { i -> SchemaFile?? in
      switch steps[i].operation {
      case .createDevice(let type, _): .some(catalogue.device(numbered: type))
      case .request(let call) where call.makesDescriptor: .some(nil)
      default: nil
      }
    }
  }

  /// The schema of each step's object: that of the VM, of vCPUs, of `/dev/kvm` or of a device type; nil if there is no
  /// schema.
  package func schemaFiles(in catalogue: Catalogue) -> [SchemaFile?] {
    let devices = deviceFiles(in: catalogue)
    func file(_ target: Target) -> SchemaFile? { catalogue.file(of: target, devices: devices) }
    return steps.indices.map { i in
      switch steps[i].operation {
      case .createVM, .addMemory, .createIRQChip, .checkExtension: catalogue.vm
      case .createVCPU, .initVCPU, .runVCPU: catalogue.vcpu
      case .enableCapability(_, let target, _, _): file(target)
      case .createDevice(let type, _), .testDevice(let type, _): catalogue.device(numbered: type)
      case .closeDevice(let slot): file(.device(slot))
      case .request(let call):
        catalogue.request(numbered: call.request, on: file(call.target), named: steps[i].attribute)?.file
          ?? file(call.target)
      case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): file(call.target)
      }
    }
  }
}
