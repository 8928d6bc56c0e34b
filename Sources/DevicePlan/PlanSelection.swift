extension Plan {
  /// The plan without some of its steps, and without guards: all steps that remain are made.
  ///
  /// - Parameter left: the indices of the steps to leave out.
  package func without(_ left: Set<Int>) -> Plan {
    var plan = self
    plan.steps = []
    /// The new slots of devices, by their old slots.
    var slots: [Int?] = []
    var next = 0
    for (i, step) in steps.enumerated() {
      if step.operation.fillsDeviceSlot {
        slots.append(left.contains(i) ? nil : next)
        if !left.contains(i) { next += 1 }
      }
      if left.contains(i) { continue }
      var step = step
      step.operation = step.operation.mappingDevices { $0 < slots.count ? slots[$0] ?? $0 : $0 }
      step.guardedBy = []
      plan.steps.append(step)
    }
    return plan
  }
}

extension Operation {
  /// The operation with its device slots replaced.
  package func mappingDevices(_ slot: (Int) -> Int) -> Operation {
    switch self {
    case .setAttribute, .getAttribute, .hasAttribute:
      mappingCall { call in
        if case .device(let device) = call.target { call.target = .device(slot(device)) }
        call.data.mapDevices(slot)
      }
    case .closeDevice(let device): .closeDevice(slot(device))
    case .request(let call): .request(call.mappingDevices(slot))
    case .addMemory(let number, let address, let size, let flags, let memory):
      .addMemory(
        slot: number, address: address, size: size, flags: flags,
        private: memory.map { PrivateMemory(device: slot($0.device), offset: $0.offset) })
    case .enableCapability(let number, let target, let flags, let arguments):
      .enableCapability(
        number, on: target, flags: flags,
        arguments: arguments.map { if case .device(let device) = $0 { .device(slot(device)) } else { $0 } })
    case .createVM, .createIRQChip, .checkExtension, .createVCPU, .initVCPU, .createDevice, .testDevice, .runVCPU: self
    }
  }
}

extension RequestCall {
  fileprivate func mappingDevices(_ slot: (Int) -> Int) -> RequestCall {
    var call = self
    if case .device(let device) = target { call.target = .device(slot(device)) }
    call.data.mapDevices(slot)
    return call
  }
}

extension AttributeData {
  fileprivate mutating func mapDevices(_ new: (Int) -> Int) {
    guard case .bytes(let bytes, var slots) = self, !slots.isEmpty else { return }
    for i in slots.indices {
      if case .device(let device) = slots[i].content { slots[i].content = .device(new(device)) }
    }
    self = .bytes(bytes, slots: slots)
  }
}
