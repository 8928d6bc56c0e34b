import Diagnostics

extension PlanParameter {
  /// The values that it can have.
  package var range: ClosedRange<Int128> {
    let bits = Int128(size * 8)
    return isSigned ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
  }
}

extension Plan {
  /// Puts values into the payloads that name them. The parameters stay, and no slot leads to those with a value.
  ///
  /// - Parameter values: by the parameter's index; one without a value here has its own, if there is one.
  /// - Returns: what is wrong with them: a value that does not fit the bits that it belongs to.
  package mutating func fill(_ values: [Int: Int128]) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    for i in steps.indices {
      steps[i].operation = steps[i].operation.mappingData { data in
        guard case .bytes(var bytes, let slots) = data else { return data }
        var left: [PayloadSlot] = []
        for slot in slots {
          guard case .parameter(let index) = slot.content, let value = values[index] ?? parameters[index].initial else {
            left.append(slot)
            continue
          }
          if slot.holds(value) {
            slot.put(value, into: &bytes, bigEndian: architecture == .s390x)
          } else {
            diagnostics.append(
              .error(
                "value-out-of-range",
                "\(value) does not fit here: parameter '\(parameters[index].name)' fills \(slot.bits) bits",
                at: steps[i].at))
          }
        }
        return .bytes(bytes, slots: left)
      }
    }
    return diagnostics
  }

  /// The parameters that payloads name and that have no value, by index.
  package var missingParameters: [Int] {
    let named = steps.flatMap { $0.operation.attributeCall?.data.parameters ?? [] }
    return parameters.indices.filter { named.contains($0) && parameters[$0].initial == nil }
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
  /// Whether a value has no more bits than the slot: as they are, or as the two's complement of a negative one.
  package func holds(_ value: Int128) -> Bool {
    value >= 0 ? value < 1 << Int128(bits) : value >= -(1 << Int128(bits - 1))
  }

  fileprivate func put(_ value: Int128, into bytes: inout [UInt8], bigEndian: Bool) {
    let mask: Int128 = ((1 << Int128(bits)) - 1) << Int128(shift)
    let placed = value << Int128(shift) & mask
    for i in 0..<width {
      let place = Int128(8 * (bigEndian ? width - 1 - i : i))
      let own = UInt8(truncatingIfNeeded: mask >> place)
      bytes[offset + i] = bytes[offset + i] & ~own | UInt8(truncatingIfNeeded: placed >> place)
    }
  }
}

extension Operation {
  /// The operation with other data where it is a call on an attribute.
  fileprivate func mappingData(_ transform: (AttributeData) -> AttributeData) -> Operation {
    guard var call = attributeCall else { return self }
    call.data = transform(call.data)
    switch self {
    case .setAttribute: return .setAttribute(call)
    case .getAttribute: return .getAttribute(call)
    case .hasAttribute: return .hasAttribute(call)
    default: return self
    }
  }
}
