import DevicePlan
import TextOutput
import Vocabulary

extension Plan {
  /// The plan for programs: everything that a host gets, with each step's place in the manifest.
  package var json: JSON {
    var members: [(String, JSON)] = [
      ("version", 1),
      ("manifest", .string(manifest)),
      ("name", .string(name)),
      ("arch", .string(architecture.rawValue)),
      ("files", .array(files.map(\.json))),
    ]
    if !parameters.isEmpty { members.append(("parameters", .array(parameters.map(\.json)))) }
    if let vcpuCount { members.append(("vcpus", .string(parameters[vcpuCount].name))) }
    let devices = deviceNames
    members.append(("steps", .elements(count: steps.count) { steps[$0].json(index: $0 + 1, in: self, devices) }))
    return .object(members)
  }
}

extension PlanFile {
  fileprivate var json: JSON {
    .object([("name", .string(name)), ("path", .string(path)), ("at", at.json)])
  }
}

extension PlanParameter {
  fileprivate var json: JSON {
    .object(
      [
        ("name", .string(name)), ("type", .string(typeName)), ("default", initial.map { .integer($0) } ?? .null),
      ] + (isRead ? [("read", .bool(true))] : []) + [("at", at.json)])
  }
}

extension Step {
  /// - Parameters:
  ///   - index: the number of the step, from 1.
  ///   - devices: the names of the plan's devices, by slot.
  package func json(index: Int, in plan: Plan, _ devices: [String]) -> JSON {
    var members: [(String, JSON)] = [("index", JSON(index))]
    members += jsonOfCall
    members += operation.jsonOfArguments(in: plan, devices)
    if let value { members.append(("value", .string(value))) }
    members.append(("expected", jsonOfExpected))
    if let comparison { members.append(("comparison", comparison.json)) }
    if let stored { members.append(("stored", .string(plan.parameters[stored.parameter].name))) }
    if !guardedBy.isEmpty { members.append(("guards", .array(guardedBy.map(\.json)))) }
    if let block { members.append(("block", JSON(block))) }
    if let moved { members.append(("moved", .string(moved))) }
    return .object(members)
  }
}

extension Comparison {
  fileprivate var json: JSON {
    .object([("bytes", .string(hexadecimal(bytes))), ("mask", .string(hexadecimal(mask)))])
  }
}

extension Guard {
  fileprivate var json: JSON { .object([("step", JSON(step + 1)), ("ok", .bool(ok))]) }
}

extension Operation {
  /// The arguments of the call, apart from the attribute's numbers and bytes.
  fileprivate func jsonOfArguments(in plan: Plan, _ devices: [String]) -> [(String, JSON)] {
    switch self {
    case .createVM(let type): [("type", JSON(type))]
    case .addMemory(let slot, let address, let size, let flags, let memory):
      [("slot", JSON(slot)), ("address", JSON(address)), ("size", JSON(size))]
        + (flags == 0 ? [] : [("flags", JSON(flags))])
        + (memory.map { [("private", .string(devices[$0.device])), ("offset", JSON($0.offset))] } ?? [])
    case .enableCapability(let capability, _, _, let arguments):
      [("capability", JSON(capability)), ("arguments", .array(arguments.map { $0.json(devices) }))]
    case .createVCPU(let id): [("id", JSON(id))]
    case .initVCPU(_, let features, let finalize):
      [("features", JSON(features)), ("finalize", .array(finalize.map { JSON($0) }))]
    case .createDevice(let type, _), .testDevice(let type, _): [("type", JSON(type))]
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): call.data.jsonOfSlots(in: plan)
    case .request(let call): [("request", JSON(call.request))] + call.data.jsonOfSlots(in: plan)
    case .checkExtension(let number): [("capability", JSON(number))]
    case .createIRQChip, .closeDevice, .runVCPU: []
    }
  }
}

extension AttributeData {
  /// The places of file descriptors, parameter values, vCPU indices and pointers in the bytes.
  fileprivate func jsonOfSlots(in plan: Plan) -> [(String, JSON)] {
    guard case .bytes(_, let slots) = self else { return [] }
    var descriptors: [JSON] = []
    var values: [JSON] = []
    var pointers: [JSON] = []
    for slot in slots {
      switch slot.content {
      case .file(let index):
        descriptors.append(.object([("offset", JSON(slot.offset)), ("file", .string(plan.files[index].name))]))
      case .device:
        descriptors.append(.object([("offset", JSON(slot.offset)), ("device", .string(plan.name(of: slot)))]))
      case .parameter(let index):
        values.append(
          .object([
            ("offset", JSON(slot.offset)), ("width", JSON(slot.width)), ("shift", JSON(slot.shift)),
            ("bits", JSON(slot.bits)), ("dropped", JSON(slot.dropped)),
            ("parameter", .string(plan.parameters[index].name)),
          ]))
      case .payload(let target):
        pointers.append(.object([("offset", JSON(slot.offset)), ("target", JSON(target))]))
      case .vcpuIndex:
        values.append(
          .object([
            ("offset", JSON(slot.offset)), ("width", JSON(slot.width)), ("shift", JSON(slot.shift)),
            ("bits", JSON(slot.bits)), ("dropped", JSON(slot.dropped)), ("vcpu", "index"),
          ]))
      }
    }
    return [("descriptors", descriptors), ("values", values), ("pointers", pointers)].compactMap { name, slots in
      slots.isEmpty ? nil : (name, .array(slots))
    }
  }
}

extension CapabilityArgument {
  /// A number, or the device whose descriptor is passed.
  fileprivate func json(_ devices: [String]) -> JSON {
    switch self {
    case .value(let value): JSON(value)
    case .device(let slot): .object([("device", .string(devices[slot]))])
    }
  }
}
