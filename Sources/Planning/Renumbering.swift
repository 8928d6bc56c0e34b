import DevicePlan

extension Draft {
  /// An operation with the slots that its devices have in the plan.
  func renumbered(_ operation: DevicePlan.Operation) -> DevicePlan.Operation {
    switch operation {
    case .setAttribute(let call): .setAttribute(renumbered(call))
    case .getAttribute(let call): .getAttribute(renumbered(call))
    case .hasAttribute(let call): .hasAttribute(renumbered(call))
    case .closeDevice(let slot): .closeDevice(finalSlot[slot])
    case .enableCapability(let number, let target, let flags, let arguments):
      .enableCapability(
        number, on: target, flags: flags,
        arguments: arguments.map { argument in
          if case .device(let slot) = argument, finalSlot.indices.contains(slot) {
            .device(finalSlot[slot])
          } else {
            argument
          }
        })
    case .createVM, .addMemory, .createIRQChip, .createVCPU, .initVCPU, .createDevice, .testDevice, .runVCPU: operation
    }
  }

  private func renumbered(_ call: AttributeCall) -> AttributeCall {
    guard case .device(let slot) = call.target else { return call }
    var call = call
    call.target = .device(finalSlot[slot])
    return call
  }
}
