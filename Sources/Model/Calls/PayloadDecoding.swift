import DevicePlan
import DeviceSchema
import Vocabulary

// From the bytes of a payload to the value that rules see.
extension Machine {
  /// The payload of a call on an attribute of this type.
  mutating func payload(_ data: AttributeData, _ type: PayloadType) -> CallState.Payload {
    switch data {
    case .none: return .none
    case .invalid: return .invalid
    case .bytes(var bytes, let slots):
      // The kernel would run past the payload, into a page that cannot be accessed.
      let isWhole = bytes.count >= type.fixedSize ?? 0
      var pointers: [(offset: Int, target: Int)] = []
      var unknown: [Range<Int>] = []
      for slot in slots where slot.offset + slot.width <= bytes.count {
        if case .payload(let target) = slot.content {
          pointers.append((slot.offset, target))
          continue
        }
        // The number of the descriptor is in the bytes.
        if case .device = slot.content { continue }
        // The values of parameters and the indexes of vCPUs are known only at load time.
        guard case .file(let file) = slot.content else {
          unknown.append(slot.offset..<slot.offset + slot.width)
          continue
        }
        // Each open file has a distinct number. Nothing else is known about it.
        var payload = PayloadBytes(size: slot.width)
        payload.put(Int128(1000 + file), mask: -1, at: 0, size: slot.width, bigEndian: isBigEndian)
        bytes.replaceSubrange(slot.offset..<slot.offset + slot.width, with: payload.bytes)
      }
      let whole = PayloadSlice(bytes, ownDescriptors: slots.map(\.offset), pointers, unknown: unknown)
      return .value(decode(type, whole), isWhole: isWhole)
    }
  }

  private var isBigEndian: Bool { catalogue.architecture.isBigEndian }

  /// Decodes a part of a payload. Too few bytes decode to unknown, because the kernel would read on in memory outside
  /// the manifest.
  private mutating func decode(_ type: PayloadType, _ part: PayloadSlice) -> Cell {
    switch type {
    case .none: return .null
    case .integer(let type): return integer(part, type.size, isSigned: type.isSigned)
    case .descriptor:
      let number = integer(part, 4, isSigned: true)
      // A number that is not the plan's may be open or not: the plan does not know the process's other descriptors.
      guard let own = part.ownDescriptors, number.tag == .integer, number.bits >= 0 else { return number }
      return own.contains(part.range.lowerBound) ? number : .unknown
    case .bits(let type):
      let raw = integer(part, type.size, isSigned: false)
      guard let number = program.pool.integer(of: raw) else { return .unknown }
      return record(
        type.fields.map { ($0.name.identifier, program.pool.integer($0.extract(from: number))) } + [("raw", raw)])
    case .structure(let type): return decode(type, part)
    // Only the struct around a union can decode it.
    case .union: return .unknown
    case .array(let element, _):
      guard let size = element.fixedSize, size > 0 else { return .unknown }
      // An element may be cut off at the end; it is known in part.
      return elements(element, size, count: (part.range.count + size - 1) / size, part.withoutDescriptors)
    case .pointer(let target):
      // A value that is supplied at load time is there, whatever it is.
      if let value = part.target.map({ decode(target, $0) }) { return value.tag == .unknown ? .present : value }
      // A pointer that is not the plan's may point to anything.
      let number = integer(part, PayloadType.pointerSize, isSigned: false)
      return number == .integer(0) ? .null : .unknown
    case .bitmap(let type):
      guard part.range.count >= type.size, part.isKnown(type.size) else { return .unknown }
      let bits = type.bits(in: part.bytes[part.range], bigEndian: isBigEndian)
      let start = memory.allocateList(bits.count)
      for (i, bit) in bits.enumerated() { memory.write(.integer(Int64(bit)), to: start + Address(i)) }
      return .list(start: start, count: bits.count)
    case .bytes: return elements(.integer(IntegerType(size: 1, isSigned: false)), 1, count: part.range.count, part)
    }
  }

  private mutating func elements(_ type: PayloadType, _ size: Int, count: Int, _ part: PayloadSlice) -> Cell {
    let start = memory.allocateList(count)
    for i in 0..<count {
      memory.write(decode(type, part.part(at: i * size, size)), to: start + Address(i))
    }
    return .list(start: start, count: count)
  }

  private mutating func decode(_ type: StructureType, _ part: PayloadSlice) -> Cell {
    guard let layout = type.layout else { return .unknown }
    var values: [(String, Cell)] = []
    for (field, offset) in zip(type.fields, layout.offsets) {
      let size = field.type.fixedSize ?? 0
      let value: Cell
      if field.type.openElement != nil {
        value = decode(field.type, part.from(offset))
      } else if let count = field.count {
        value = elements(field.type, size, count: count, part.withoutDescriptors.from(offset))
      } else if case .union(let union) = field.type {
        let tag = values.first { $0.0 == union.tag.identifier }?.1 ?? .unknown
        value =
          tag.tag == .unknown
          ? .unknown
          : program.pool.integer(of: tag).flatMap(union.type).map {
            decode($0, part.part(at: offset, $0.fixedSize ?? 0).withoutDescriptors)
          } ?? .null
      } else {
        value = decode(field.type, part.part(at: offset, size))
      }
      values.append((field.name.identifier, value))
    }
    return record(values)
  }

  private mutating func integer(_ part: PayloadSlice, _ size: Int, isSigned: Bool) -> Cell {
    guard part.range.count >= size, part.isKnown(size) else { return .unknown }
    var value: UInt64 = 0
    for i in 0..<size {
      let byte = part.bytes[part.range.lowerBound + (isBigEndian ? i : size - 1 - i)]
      value = value << 8 | UInt64(byte)
    }
    guard isSigned else { return program.pool.integer(value) }
    let unused = Int64(64 - size * 8)
    return .integer((Int64(bitPattern: value) << unused) >> unused)
  }
}

/// A part of a payload's bytes.
private struct PayloadSlice {
  var bytes: [UInt8]
  var range: Range<Int>
  /// The offsets of the plan's own descriptors; nil where numbers of descriptors are taken as they are.
  var ownDescriptors: [Int]?
  /// The places of pointers, and those that they point to.
  private var pointers: [(offset: Int, target: Int)]
  /// The bytes that are known only at load time, or when an earlier step has read them.
  private var unknown: [Range<Int>]

  init(
    _ bytes: [UInt8], ownDescriptors: [Int]?, _ pointers: [(offset: Int, target: Int)], unknown: [Range<Int>]
  ) {
    self.bytes = bytes
    self.unknown = unknown
    range = 0..<(pointers.map(\.target).min() ?? bytes.count)
    self.ownDescriptors = ownDescriptors
    self.pointers = pointers
  }

  /// The bytes that the pointer at the start of this part points to; nil if no pointer is there.
  var target: PayloadSlice? {
    guard let start = pointers.first(where: { $0.offset == range.lowerBound })?.target else { return nil }
    var part = self
    part.range = start..<(pointers.map(\.target).filter { $0 > start }.min() ?? bytes.count)
    return part
  }

  /// Whether the first bytes are known.
  func isKnown(_ size: Int) -> Bool {
    unknown.isEmpty || !unknown.contains { $0.overlaps(range.prefix(size)) }
  }

  /// The bytes from an offset on, at most so many.
  func part(at offset: Int, _ size: Int) -> PayloadSlice {
    var part = from(offset)
    part.range = part.range.prefix(size)
    return part
  }

  func from(_ offset: Int) -> PayloadSlice {
    var part = self
    part.range = range.dropFirst(offset)
    return part
  }

  var withoutDescriptors: PayloadSlice {
    var part = self
    part.ownDescriptors = nil
    return part
  }
}
