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
      if case .createDevice = step.operation {
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
      mappingCall { if case .device(let device) = $0.target { $0.target = .device(slot(device)) } }
    case .closeDevice(let device): .closeDevice(slot(device))
    case .request(let call): .request(call.mappingDevice(slot))
    case .enableCapability(let number, let target, let flags, let arguments):
      .enableCapability(
        number, on: target, flags: flags,
        arguments: arguments.map { if case .device(let device) = $0 { .device(slot(device)) } else { $0 } })
    case .createVM, .addMemory, .createIRQChip, .createVCPU, .initVCPU, .createDevice, .testDevice, .runVCPU: self
    }
  }
}

extension RequestCall {
  fileprivate func mappingDevice(_ slot: (Int) -> Int) -> RequestCall {
    guard case .device(let device) = target else { return self }
    var call = self
    call.target = .device(slot(device))
    return call
  }
}
