import DeviceSchema
import Vocabulary

// Payloads that the kernel copies in piece by piece.
extension Machine {
  /// The place where the kernel copies a part of the payload in. The rules then see all of the payload that the caller
  /// supplies.
  mutating func read(_ id: PartID) throws(Stop) {
    guard case .value(let value, _) = call.payload else {
      try refuse(.cannotRead)
      call.value = .unknown
      return
    }
    let end = try end(of: program.parts[Int(id)])
    if let end, end > call.payloadSize ?? 0 { try refuse(.cannotRead) }
    if end == nil, !assume() { try refuse(.cannotRead) }
    call.value = value
  }

  /// The end of a part of the payload, in bytes from the start; nil if an index is unknown.
  private mutating func end(of path: [PartCode]) throws(Stop) -> Int? {
    var type = call.payloadType
    /// The number of elements, within an array that is a member of a struct.
    var count: Int?
    var offset: Int128 = 0
    for step in path {
      switch (step, type) {
      case (.element(let id), _):
        let index = try self.value(of: id)
        if index.tag == .unknown { return nil }
        guard let number = program.pool.integer(of: index), number >= 0 else {
          throw faulty("the payload has no element \(self.value(of: index).words)", in: id)
        }
        if count == nil { type = type.element }
        count = nil
        offset += number * Int128(type.fixedSize ?? 0)
      case (.field(let name), .structure(let structure)):
        guard let layout = StructureLayout(structure.fields),
          let i = structure.fields.firstIndex(where: { $0.name.identifier == name })
        else { return nil }
        offset += Int128(layout.offsets[i])
        (type, count) = (structure.fields[i].type, structure.fields[i].count)
      // Bit fields are copied with the integer around them, and the cases of a union with the whole union.
      case (.field, _): break
      }
    }
    return Int(clamping: offset + Int128(type.fixedSize ?? 0) * Int128(count ?? 1))
  }
}

extension PayloadType {
  /// The type of the elements of an array.
  fileprivate var element: PayloadType {
    switch self {
    case .array(let element, _): element
    case .bytes: .integer(IntegerType(size: 1, isSigned: false))
    default: self
    }
  }
}
