extension Plan {
  /// The largest number of vCPUs that is accepted, the same as the loader's KVMLOAD_MAX_VCPUS. No kernel supports more
  /// (CONFIG_KVM_MAX_NR_VCPUS of x86), and a typing error must not exhaust the memory.
  package static let mostVCPUs = 4096

  /// The blocks of steps that are made once for each vCPU, as ranges of steps, in order.
  package var blocks: [Range<Int>] {
    var blocks: [Range<Int>] = []
    for i in steps.indices where steps[i].block != nil {
      if let last = blocks.last, last.upperBound == i, steps[last.lowerBound].block == steps[i].block {
        blocks[blocks.count - 1] = last.lowerBound..<i + 1
      } else {
        blocks.append(i..<i + 1)
      }
    }
    return blocks
  }

  /// Numbers the blocks from 1, so that plans with the same calls are equal.
  package mutating func numberBlocks() {
    for (i, block) in blocks.enumerated() {
      for j in block { steps[j].block = i + 1 }
    }
  }

  /// Writes out every block once for each vCPU, so that the plan has no blocks any more. With one vCPU, all steps stay
  /// where they are.
  package mutating func makeBlocks(vcpus count: Int) {
    guard vcpuCount != nil else { return }
    var starts: [Int: Range<Int>] = [:]
    for block in blocks { starts[block.lowerBound] = block }
    var made: [Step] = []
    /// The new index of each step; for a step of a block, that of the last vCPU.
    var places: [Int: Int] = [:]
    var i = 0
    while i < steps.count {
      let block = starts[i] ?? i..<i + 1
      for vcpu in 0..<(starts[i] == nil ? 1 : count) {
        for j in block {
          places[j] = made.count
          made.append(steps[j].made(for: starts[i] == nil ? nil : vcpu, places, bigEndian: architecture.isBigEndian))
        }
      }
      i = block.upperBound
    }
    steps = made
    vcpuCount = nil
  }
}

extension Step {
  /// - Parameters:
  ///   - vcpu: the index of the vCPU; nil for a step outside of blocks.
  ///   - places: the new indices of earlier steps.
  fileprivate func made(for vcpu: Int?, _ places: [Int: Int], bigEndian: Bool) -> Step {
    var step = self
    step.guardedBy = guardedBy.compactMap { condition in
      places[condition.step].map { Guard(step: $0, ok: condition.ok) }
    }
    guard let vcpu else { return step }
    step.block = nil
    if step.target == .eachVCPU { step.target = .vcpu(UInt64(vcpu)) }
    step.operation = operation.made(for: vcpu, bigEndian: bigEndian)
    return step
  }
}

extension Operation {
  fileprivate func made(for vcpu: Int, bigEndian: Bool) -> Operation {
    switch self {
    case .createVCPU: .createVCPU(id: UInt64(vcpu))
    case .initVCPU(_, let features, let finalize): .initVCPU(vcpu, features: features, finalize: finalize)
    case .runVCPU: .runVCPU(vcpu)
    default: mappingCall { $0.fill(for: vcpu, bigEndian: bigEndian) }
    }
  }
}

extension AttributeCall {
  fileprivate mutating func fill(for vcpu: Int, bigEndian: Bool) {
    if case .vcpu = target { target = .vcpu(vcpu) }
    guard case .bytes(var bytes, let slots) = data else { return }
    for slot in slots where slot.content == .vcpuIndex {
      slot.put(Int128(vcpu), into: &bytes, bigEndian: bigEndian)
    }
    data = .bytes(bytes, slots: slots.filter { $0.content != .vcpuIndex })
  }
}
