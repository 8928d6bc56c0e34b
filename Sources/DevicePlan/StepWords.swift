import Diagnostics
import TextOutput
import Vocabulary

extension Operation {
  /// The name of the operation in reports.
  package var name: String {
    switch self {
    case .createVM: "create-vm"
    case .addMemory: "add-memory"
    case .enableCapability: "enable-capability"
    case .createIRQChip: "create-irqchip"
    case .createVCPU: "create-vcpu"
    case .initVCPU: "init-vcpu"
    case .createDevice: "create-device"
    case .testDevice: "test-device"
    case .closeDevice: "close-device"
    case .setAttribute: "set-attribute"
    case .getAttribute: "get-attribute"
    case .hasAttribute: "has-attribute"
    case .runVCPU: "run-vcpu"
    }
  }

  /// The attribute call, if this is a set, get or has.
  package var attributeCall: AttributeCall? {
    switch self {
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): call
    default: nil
    }
  }
}

extension Step {
  /// The step in a user's words, such as `set gic.addr.dist = 0x0800_0000`.
  package var words: String {
    switch operation {
    case .createVM: "create vm" + detail
    case .addMemory(_, let address, let size): "add memory at \(grouped(address)), \(byteCount(size))"
    case .enableCapability(let number, _, _, _): "enable \(value?.printable ?? "capability \(number)") on \(name)"
    case .createIRQChip: "create irqchip"
    case .createVCPU: "create \(name)"
    case .initVCPU: "init \(name)" + detail
    case .createDevice: "create \(name)" + detail
    case .testDevice: "test \(name)" + detail
    case .closeDevice: "close \(name)"
    case .setAttribute(let call): "set \(path(of: call))" + assigned(" = ", call)
    case .getAttribute(let call): "get \(path(of: call))" + assigned(" == ", call)
    case .hasAttribute(let call): "has \(path(of: call))"
    case .runVCPU: "run \(name)"
    }
  }

  private var name: String { target.printable }

  private var detail: String { value.map { " (\($0.printable))" } ?? "" }

  private func path(of call: AttributeCall) -> String {
    if let attribute { "\(name).\(attribute.printable)" } else { "\(name) group \(call.group) attr \(call.attr)" }
  }

  private func assigned(_ sign: String, _ call: AttributeCall) -> String {
    if call.data == .invalid { " (invalid pointer)" } else { value.map { sign + $0.printable } ?? "" }
  }
}

extension Outcome {
  /// The outcome in words: `EINVAL`, `ok or ENXIO`.
  package var words: String {
    switch self {
    case .ok: "ok"
    case .refused(let errno): errno.description
    case .skipped: "skipped"
    case .undecided(let candidates): candidates.words
    case .hazard: "hazard"
    }
  }
}

extension Outcome {
  /// `ok`, an errno's name, `skipped`, `hazard` or `undecided`.
  package var name: String {
    if case .undecided = self { "undecided" } else { words }
  }
}

extension [Answer] {
  /// `ok`, `ok or ENXIO`, `ok, EBUSY or ENXIO`.
  package var words: String { map(\.description).joinedWithOr }
}

extension [String] {
  fileprivate var joinedWithOr: String {
    count < 2 ? first ?? "nothing" : dropLast().joined(separator: ", ") + " or " + last!
  }
}

/// A size in the largest unit that divides it.
private func byteCount(_ size: UInt64) -> String {
  for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)]
  where size != 0 && size & (1 << shift - 1) == 0 {
    return "\(size >> shift)\(unit)"
  }
  return "\(size) bytes"
}

extension PlanParameter {
  /// `u64`, `i32`.
  package var typeName: String { (isSigned ? "i" : "u") + "\(size * 8)" }
}

extension Plan {
  /// The name of the value that fills a slot.
  package func name(of slot: PayloadSlot) -> String {
    switch slot.content {
    case .file(let index): files[index].name.printable
    case .parameter(let index): parameters[index].name.printable
    case .vcpuIndex: "vcpu.index"
    }
  }

  /// The names of the devices in the plan, by slot.
  package var deviceNames: [String] {
    steps.compactMap { if case .createDevice = $0.operation { $0.target } else { nil } }
  }

  /// The names of the vCPUs in the plan, by slot.
  package var vcpuNames: [String] {
    steps.compactMap { if case .createVCPU = $0.operation { $0.target } else { nil } }
  }
}

extension Operation {
  /// The flags of the call's struct; 0 if it has none.
  package var flags: UInt32 {
    switch self {
    case .enableCapability(_, _, let flags, _), .createDevice(_, let flags), .testDevice(_, let flags): flags
    case .setAttribute(let call), .getAttribute(let call), .hasAttribute(let call): call.flags
    default: 0
    }
  }
}
