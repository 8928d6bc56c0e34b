import Diagnostics
import Vocabulary

extension PlanParameter {
  /// The range of values that it can have.
  package var range: ClosedRange<Int128> {
    let bits = Int128(size * 8)
    return isSigned ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
  }
}

extension Plan {
  /// Puts values into the payloads that use them. The parameters stay; slots of parameters with a value are removed.
  ///
  /// - Parameters:
  ///   - values: the values, by the parameter's index.
  ///   - withDefaults: whether a parameter without a value here gets its default, if it has one.
  /// - Returns: an error for each value that does not fit its slot, and for a number of vCPUs that is out of range.
  package mutating func fill(_ values: [Int: Int128], withDefaults: Bool = false) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    if let index = vcpuCount, let count = values[index] ?? (withDefaults ? parameters[index].initial : nil) {
      if (0...Int128(Self.mostVCPUs)).contains(count) {
        makeBlocks(vcpus: Int(count))
      } else {
        let problem =
          count < 0
          ? "the number of vCPUs cannot be negative, found \(count)"
          : "\(count) vCPUs are more than any kernel supports; the limit is \(Self.mostVCPUs)"
        diagnostics.append(.error("value-out-of-range", problem, at: parameters[index].at))
        // The rest of the plan is checked with one vCPU, without further errors about the number.
        makeBlocks(vcpus: 1)
      }
    }
    for i in steps.indices {
      let unfit = steps[i].operation.fill(bigEndian: architecture.isBigEndian) { [parameters] index in
        values[index] ?? (withDefaults ? parameters[index].initial : nil)
      }
      diagnostics += unfit.map { slot, index, value in
        .error(
          "value-out-of-range",
          "\(value) does not fit here: parameter '\(parameters[index].name)' fills \(slot.room)", at: steps[i].at)
      }
    }
    return diagnostics
  }

  /// The plan with the default values of its parameters, as a host runs it if no other values are given.
  package var withDefaults: Plan {
    var plan = self
    if !parameters.isEmpty { _ = plan.fill([:], withDefaults: true) }
    return plan
  }

  /// A warning for each file that no payload uses.
  ///
  /// - Parameter isUsed: whether a file is used by a value that has not been read.
  package func unusedFiles(_ isUsed: (PlanFile) -> Bool) -> [Diagnostic] {
    if files.isEmpty { return [] }
    var used: Set<Int> = []
    for step in steps {
      guard case .bytes(_, let slots)? = step.operation.data else { continue }
      for case .file(let index) in slots.map(\.content) { used.insert(index) }
    }
    return files.indices.filter { !used.contains($0) && !isUsed(files[$0]) }.map { index in
      .warning("unused-file", "file '\(files[index].name)' is not used, although it is opened", at: files[index].at)
    }
  }

  /// Errors for default values that do not fit their slots.
  package var faultsOfDefaults: [Diagnostic] {
    var plan = self
    return parameters.isEmpty ? [] : plan.fill([:], withDefaults: true)
  }

  /// Whether a value of a call is supplied by the program that loads the plan.
  package func hasValueOfLoadTime(_ step: Int) -> Bool {
    (steps[step].operation.data?.parameters ?? []).contains { !parameters[$0].isRead }
  }

  /// The indices of the parameters that the plan uses and that have no default.
  package var missingParameters: [Int] {
    let named = Set(
      steps.flatMap { $0.operation.data?.parameters ?? [] } + [vcpuCount].compactMap(\.self))
    return parameters.indices.filter { named.contains($0) && parameters[$0].initial == nil && !parameters[$0].isRead }
  }

  /// Errors that keep the plan from being run here: parameters without a value.
  package var obstacles: [Diagnostic] {
    missingParameters.map { index in
      let parameter = parameters[index]
      return .error(
        "missing-parameter",
        "parameter '\(parameter.name)' is supplied at load time; to run the plan here, give it with "
          + "--set \(parameter.name)=VALUE", at: parameter.at)
    }
  }
}

extension Operation {
  /// Puts values into the payload. Slots of parameters with a value are removed.
  ///
  /// - Parameter value: the value of a parameter, by its index.
  /// - Returns: the slots that cannot hold their value.
  package mutating func fill(
    bigEndian: Bool, _ value: (Int) -> Int128?
  ) -> [(slot: PayloadSlot, parameter: Int, value: Int128)] {
    var unfit: [(PayloadSlot, Int, Int128)] = []
    self = mappingData { data in
      guard case .bytes(var bytes, let slots) = data, !slots.isEmpty else { return }
      var left: [PayloadSlot] = []
      for slot in slots {
        guard case .parameter(let index) = slot.content, let value = value(index) else {
          left.append(slot)
          continue
        }
        if slot.holds(value) {
          slot.put(value, into: &bytes, bigEndian: bigEndian)
        } else {
          unfit.append((slot, index, value))
        }
      }
      data = .bytes(bytes, slots: left)
    }
    return unfit
  }
}

extension AttributeData {
  /// The indices of the parameters that fill slots.
  fileprivate var parameters: [Int] {
    guard case .bytes(_, let slots) = self else { return [] }
    return slots.compactMap { if case .parameter(let index) = $0.content { index } else { nil } }
  }
}

extension PayloadSlot {
  /// Whether a value fits the slot: no bit that is left out is set, and the rest fits, in two's complement if it is
  /// negative.
  package func holds(_ value: Int128) -> Bool {
    let kept = value >> Int128(dropped)
    return kept << Int128(dropped) == value && (kept >= 0 ? kept < 1 << Int128(bits) : kept >= -(1 << Int128(bits - 1)))
  }

  /// The room for a value: `12 bits`, `40 bits of a multiple of 4096`.
  package var room: String { counted(bits, "bit") + (dropped > 0 ? " of a multiple of \(1 << dropped)" : "") }

  /// The reason why a value that an earlier step read cannot be put here.
  package func misfit(_ value: Int128, of name: String) -> String {
    "the value of '\(name)' is \(value), which does not fit into \(room)"
  }

  func put(_ value: Int128, into bytes: inout [UInt8], bigEndian: Bool) {
    let mask: Int128 = ((1 << Int128(bits)) - 1) << Int128(shift)
    let placed = (value >> Int128(dropped)) << Int128(shift) & mask
    for i in 0..<width {
      let place = Int128(8 * (bigEndian ? width - 1 - i : i))
      let own = UInt8(truncatingIfNeeded: mask >> place)
      bytes[offset + i] = bytes[offset + i] & ~own | UInt8(truncatingIfNeeded: placed >> place)
    }
  }
}
