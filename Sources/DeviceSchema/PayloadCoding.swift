import Expressions

/// The bytes of a payload, with a mask of the known bits.
package struct PayloadBytes: Hashable, Sendable {
  package var bytes: [UInt8]
  package var mask: [UInt8]

  /// Creates zeros, with no known bits.
  package init(size: Int) {
    bytes = Self.zeros(size)
    mask = Self.zeros(size)
  }

  /// Does the work of `Array(repeating:count:)`, which looks up the type of the array each time.
  private static func zeros(_ count: Int) -> [UInt8] {
    var zeros: [UInt8] = []
    zeros.reserveCapacity(count)
    zeros += repeatElement(0, count: count)
    return zeros
  }

  /// Writes known bytes. The payload grows if they reach past its end.
  package mutating func put(_ known: [UInt8], at offset: Int) {
    let missing = Array<UInt8>(repeating: 0, count: max(offset + known.count - bytes.count, 0))
    bytes += missing
    mask += missing
    bytes.replaceSubrange(offset..<offset + known.count, with: known)
    mask.replaceSubrange(offset..<offset + known.count, with: Array(repeating: 0xFF, count: known.count))
  }

  /// Adds a payload at the end.
  package mutating func append(_ other: PayloadBytes) {
    bytes += other.bytes
    mask += other.mask
  }

  /// Writes an integer with a mask of its known bits.
  package mutating func put(_ value: Int128, mask known: Int128, at offset: Int, size: Int, bigEndian: Bool) {
    for i in 0..<size {
      let shift = Int128(8 * (bigEndian ? size - 1 - i : i))
      bytes[offset + i] = UInt8(truncatingIfNeeded: value >> shift)
      mask[offset + i] = UInt8(truncatingIfNeeded: known >> shift)
    }
  }
}

extension PayloadType {
  /// Decodes a payload's bytes to the value that rules see.
  ///
  /// Too few bytes decode to unknown, because the kernel would read on in memory outside the manifest.
  package func decode(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> Value {
    switch self {
    case .none: return .null
    case .integer(let type): return integer(bytes, type.size, signed: type.isSigned, bigEndian)
    case .descriptor: return integer(bytes, 4, signed: true, bigEndian)
    case .bits(let type):
      guard case .integer(let raw) = integer(bytes, type.size, signed: false, bigEndian) else { return .unknown }
      return .record(
        Fields(type.fields.map { ($0.name.identifier, .integer($0.extract(from: raw))) } + [("raw", .integer(raw))]))
    case .structure(let type): return decode(type, bytes, bigEndian)
    // Only the struct around a union can decode it.
    case .union: return .unknown
    case .array(let element, _):
      guard let size = element.fixedSize, size > 0 else { return .unknown }
      // Elements may be cut off at the end; they are known in part.
      let count = (bytes.count + size - 1) / size
      return .list((0..<count).map { element.decode(bytes.dropFirst($0 * size).prefix(size), bigEndian: bigEndian) })
    case .bytes: return .list(bytes.map { Value($0) })
    case .pointer: return .unknown
    case .bitmap(let type):
      guard bytes.count >= type.size else { return .unknown }
      return .list(type.bits(in: bytes, bigEndian: bigEndian).map { Value($0) })
    }
  }

  private func integer(_ bytes: ArraySlice<UInt8>, _ size: Int, signed: Bool, _ bigEndian: Bool) -> Value {
    guard bytes.count >= size else { return .unknown }
    var value: Int128 = 0
    let own = bytes.prefix(size)
    for byte in bigEndian ? Array(own) : own.reversed() { value = value << 8 | Int128(byte) }
    if signed, value >> Int128(size * 8 - 1) == 1 { value -= 1 << Int128(size * 8) }
    return .integer(value)
  }

  private func decode(_ type: StructureType, _ bytes: ArraySlice<UInt8>, _ bigEndian: Bool) -> Value {
    guard let layout = type.layout else { return .unknown }
    var values: [(String, Value)] = []
    for (field, offset) in zip(type.fields, layout.offsets) {
      let size = field.type.openElement == nil ? field.type.fixedSize ?? 0 : bytes.count
      guard let type = field.type(after: { name in values.first { $0.0 == name.identifier }?.1.integer }) else {
        values.append((field.name.identifier, .null))
        continue
      }
      let elements = (0..<(field.count ?? 1)).map {
        type.decode(bytes.dropFirst(offset + $0 * size).prefix(size), bigEndian: bigEndian)
      }
      values.append((field.name.identifier, field.count == nil ? elements[0] : .list(elements)))
    }
    return .record(Fields(values))
  }

  /// Encodes a value that rules computed, with a mask for its unknown parts. Returns nil if the value has another shape,
  /// or does not fit.
  package func encode(_ value: Value, bigEndian: Bool) -> PayloadBytes? {
    guard let size = size(of: value) else { return nil }
    var payload = PayloadBytes(size: size)
    return encode(value, into: &payload, at: 0, bigEndian) ? payload : nil
  }

  /// The number of bytes that the kernel writes. Of an array, it writes the elements that it has.
  package func size(written value: Value) -> Int {
    if case .array(let element, _) = self, let size = element.fixedSize, let list = value.list {
      return size * list.count
    }
    return size(of: value) ?? 0
  }

  /// The size of a value, which may end with any number of elements.
  private func size(of value: Value) -> Int? {
    if let (offset, element) = openEnd, let size = element.fixedSize, case .structure(let type) = self,
      case .record(let record) = value, let list = type.fields.last.flatMap({ record[$0.name.identifier]?.list })
    {
      return max(fixedSize ?? 0, offset + size * list.count)
    }
    if let fixedSize { return fixedSize }
    guard let count = value.list.map({ Int128($0.count) }) else { return nil }
    return counted(count).fixedSize
  }

  private func encode(_ value: Value, into payload: inout PayloadBytes, at offset: Int, _ bigEndian: Bool) -> Bool {
    if case .unknown = value { return true }
    switch (self, value) {
    // What the kernel writes through a pointer is not a part of the struct.
    case (.none, _), (.pointer, _): return true
    case (.integer(let type), .integer(let integer)):
      payload.put(integer, mask: -1, at: offset, size: type.size, bigEndian: bigEndian)
    case (.descriptor, .integer(let integer)):
      payload.put(integer, mask: -1, at: offset, size: 4, bigEndian: bigEndian)
    case (.bits(let type), .integer(let integer)):
      payload.put(integer, mask: -1, at: offset, size: type.size, bigEndian: bigEndian)
    case (.bits(let type), .record(let record)):
      var raw: Int128 = 0
      var mask: Int128 = 0
      for field in type.fields {
        guard case .integer(let part)? = record[field.name.identifier], let placed = field.place(part) else { continue }
        raw |= placed
        mask |= field.mask
      }
      payload.put(raw, mask: mask, at: offset, size: type.size, bigEndian: bigEndian)
    case (.structure(let type), .record(let record)):
      guard let layout = type.layout else { return false }
      for (field, start) in zip(type.fields, layout.offsets) {
        let type = field.type(after: { record[$0.identifier]?.integer })
        guard let type, let part = record[field.name.identifier] else { continue }
        let elements = field.count == nil ? [part] : part.list ?? []
        for (i, element) in elements.prefix(field.count ?? 1).enumerated() {
          let place = offset + start + i * (field.type.fixedSize ?? 0)
          guard type.encode(element, into: &payload, at: place, bigEndian) else { return false }
        }
        // The kernel copies the whole struct out, and has cleared what a case does not fill.
        if case .union = field.type, part != .unknown, let size = type.fixedSize {
          let rest = max(0, (field.type.fixedSize ?? 0) - size)
          payload.put([UInt8](repeating: 0, count: rest), at: offset + start + size)
        }
      }
    case (.bytes(let size), .list(let values)):
      if let most = size?.constant?.integer, values.count > most { return false }
      for (i, value) in values.enumerated() {
        guard case .integer(let byte) = value else { continue }
        payload.put(byte, mask: -1, at: offset + i, size: 1, bigEndian: bigEndian)
      }
    case (.bitmap(let type), .list(let values)):
      // An unknown element may be any bit.
      if values.contains(.unknown) { return true }
      let bits = values.compactMap { $0.integer.flatMap { type.range.contains($0) ? Int($0) : nil } }
      guard bits.count == values.count else { return false }
      payload.put(type.bytes(of: bits, bigEndian: bigEndian), at: offset)
    case (.array(let element, let count), .list(let values)):
      if let most = count?.constant?.integer, values.count > most { return false }
      for (i, value) in values.enumerated() {
        guard element.encode(value, into: &payload, at: offset + i * (element.fixedSize ?? 0), bigEndian) else {
          return false
        }
      }
    default: return false
    }
    return true
  }
}
