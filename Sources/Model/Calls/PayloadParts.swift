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
    let end = try end(of: program.parts[Int(id)], in: value)
    if let end, end > call.payloadSize ?? 0 { try refuse(.cannotRead) }
    if end == nil, !assume() { try refuse(.cannotRead) }
    call.value = value
  }

  /// The end of a part of the payload, in bytes from the start; nil if an index, or the case of a union, is unknown.
  private mutating func end(of path: [PartCode], in payload: Cell) throws(Stop) -> Int? {
    var (type, value) = (call.payloadType, payload)
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
        value = value.tag == .list && number < value.count ? load(value.start + Address(number)) : .unknown
      case (.field(let name), .structure(let structure)):
        guard let layout = structure.layout,
          let i = structure.fields.firstIndex(where: { $0.name.identifier == name })
        else { return nil }
        offset += Int128(layout.offsets[i])
        (type, count) = (structure.fields[i].type, structure.fields[i].count)
        if case .union(let union) = type {
          // The kernel copies the case that the value has.
          guard let tag = program.pool.integer(of: member(union.tag.identifier, of: value)) else { return nil }
          type = union.type(for: tag) ?? .none
        }
        value = member(name, of: value)
      // Bit fields are copied with the integer around them.
      case (.field, _): break
      }
    }
    return Int(clamping: offset + Int128(type.fixedSize ?? 0) * Int128(count ?? 1))
  }

  /// A field of a part of the payload; unknown if the part is.
  private mutating func member(_ name: String, of record: Cell) -> Cell {
    guard record.tag == .record, let place = program.shapes.place(of: program.shapes.name(name), in: shape(of: record))
    else { return .unknown }
    return load(record.address + 1 + place)
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
