import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Turns bytes that the kernel reads into the values of a manifest: the inverse of `PayloadEncoder`.
struct PayloadWriter {
  let isBigEndian: Bool
  let files: [PlanFile]
  let parameters: [PlanParameter]
  /// The names of devices and of other descriptors, by slot.
  var devices: [String] = []

  /// Bytes, the bits of them to write, and the slots that are filled later.
  struct Payload {
    var bytes: [UInt8]
    /// The bits to write; nil if all are.
    var mask: [UInt8]?
    var slots: [PayloadSlot] = []
  }

  /// The value; nil if the type cannot express the bytes.
  func node(_ payload: Payload, as type: PayloadType) -> Node? {
    guard payload.bytes.count == payload.mask?.count ?? payload.bytes.count else { return nil }
    return node(payload, type, at: 0)
  }

  private func node(_ payload: Payload, _ type: PayloadType, at offset: Int) -> Node? {
    switch type {
    case .none: return nil
    case .integer(let type):
      if let later = later(payload, at: offset) { return later }
      return integer(payload.bytes, offset, type.size, type.isSigned).map { number($0, type.description, type.size) }
    case .bits(let type): return bits(payload, type, at: offset)
    case .structure(let type): return structure(payload, type, at: offset)
    case .union: return nil
    case .array(let element, _):
      guard let size = element.fixedSize, size > 0 else { return nil }
      // What pointers point to follows.
      let end = payload.slots.firstTarget.map { $0 > offset ? $0 : payload.bytes.count } ?? payload.bytes.count
      return list(payload, element, size, count: (end - offset) / size, at: offset)
    case .bytes:
      let count = type.fixedSize ?? payload.bytes.count - offset
      guard offset + count <= payload.bytes.count else { return nil }
      return .mapping([("hex", .text(hexadecimal(Array(payload.bytes[offset..<offset + count]))))])
    case .pointer(let target):
      guard let start = self.target(of: payload, at: offset) else { return nil }
      var inner = payload
      let others = payload.slots.compactMap { if case .payload(let other) = $0.content { other } else { Int?.none } }
      let end = others.filter { $0 > start }.min() ?? payload.bytes.count
      inner.bytes = Array(payload.bytes[..<end])
      inner.mask = payload.mask.map { Array($0[..<end]) }
      return node(inner, target, at: start)
    case .bitmap(let type):
      guard offset + type.size <= payload.bytes.count else { return nil }
      let bits = type.bits(in: payload.bytes[offset..<offset + type.size], bigEndian: isBigEndian)
      return .list(bits.map { number(Int128($0), type.description, 4) })
    case .descriptor:
      switch payload.slots.first(where: { $0.offset == offset })?.content {
      case .file(let index): return .text(files[index].name)
      case .device(let slot): return .text(devices[slot])
      default: break
      }
      return integer(payload.bytes, offset, 4, true).map { .mapping([("fd", .number($0))]) }
    }
  }

  /// The offset of what a pointer points to; nil if the plan does not fill it.
  private func target(of payload: Payload, at offset: Int) -> Int? {
    guard case .payload(let target)? = payload.slots.first(where: { $0.offset == offset })?.content else { return nil }
    return target
  }

  /// The parameter that fills a whole integer, or some bits of it, when the plan is loaded.
  private func later(_ payload: Payload, at offset: Int, bits: ClosedRange<Int>? = nil) -> Node? {
    let slot = payload.slots.first {
      $0.offset == offset && $0.shift == (bits?.lowerBound ?? 0) && $0.bits == (bits?.count ?? $0.width * 8)
    }
    guard case .parameter(let index) = slot?.content else { return nil }
    return .text("${\(parameters[index].name)}")
  }

  private func integer(_ bytes: [UInt8], _ offset: Int, _ size: Int, _ isSigned: Bool) -> Int128? {
    guard offset + size <= bytes.count else { return nil }
    let type = PayloadType.integer(IntegerType(size: size, isSigned: isSigned))
    return type.decode(bytes[offset..<offset + size], bigEndian: isBigEndian).integer
  }

  // MARK: Numbers

  /// A number by its name in the schema, or in digits: addresses and large numbers in hexadecimal.
  ///
  /// - Parameter size: the size of its type, in bytes.
  func number(_ value: Int128, _ description: IntegerDescription, _ size: Int) -> Node {
    if let name = description.names.name(of: value) { return .text(name) }
    let flags = description.flags.filter { value >> Int128($0.bit) & 1 == 1 }
    if value > 0, !flags.isEmpty, flags.reduce(0, { $0 | 1 << Int128($1.bit) }) == value {
      return flags.count == 1 ? .text(flags[0].name) : .list(flags.map { .text($0.name) })
    }
    guard value > 0xFFFF || (value > 0 && description.unit == "address") else { return .number(value) }
    return .text(grouped(UInt64(truncatingIfNeeded: value)))
  }

  private func bits(_ payload: Payload, _ type: BitsType, at offset: Int) -> Node? {
    if let later = later(payload, at: offset) { return later }
    guard let raw = integer(payload.bytes, offset, type.size, false) else { return nil }
    let all: Int128 = (1 << Int128(type.size * 8)) - 1
    let mask = payload.mask.flatMap { integer($0, offset, type.size, false) } ?? all
    let fields = type.fields.reduce(0 as Int128) { $0 | $1.mask }
    if raw & mask & ~fields != 0 || (payload.mask != nil && mask == all) {
      return .number(raw)
    }
    let written = type.fields.filter { $0.mask & mask == $0.mask }
    return .mapping(
      written.map { field in
        let later = later(payload, at: offset, bits: field.low...field.high)
        return (field.name, later ?? number(field.extract(from: raw), field.description, type.size))
      })
  }

  // MARK: Structs

  private func structure(_ payload: Payload, _ structure: StructureType, at offset: Int) -> Node? {
    guard let layout = structure.layout else { return nil }
    let fields = structure.fields
    var entries: [(String, Node)] = []
    for (field, start) in zip(fields, layout.offsets) {
      if let element = field.type.openElement {
        guard let list = node(payload, field.type, at: offset + start) else { return nil }
        let isEmpty = list.items?.isEmpty != false || element.isNone
        if !isEmpty { entries.append((field.name, list)) }
        // The number of elements goes without saying.
        entries.removeAll { name, value in
          fields.contains { $0.counts == field.name && $0.name == name }
            && value.scalar == String(list.items?.count ?? 0)
        }
        continue
      }
      guard let size = field.type.fixedSize else { return nil }
      let place = offset + start..<offset + start + size * (field.count ?? 1)
      guard place.upperBound <= payload.bytes.count else { return nil }
      if field.isReserved, field.initial ?? 0 == 0, payload.bytes[place].allSatisfy({ $0 == 0 }), payload.mask == nil {
        continue
      }
      if let mask = payload.mask, mask[place].allSatisfy({ $0 == 0 }), target(of: payload, at: place.lowerBound) == nil
      {
        continue
      }
      let type = field.type(after: { member(payload, $0, fields, layout, at: offset) })
      guard let type else {
        // No case of the union holds the bytes.
        if payload.bytes[place].contains(where: { $0 != 0 }) { return nil }
        continue
      }
      // A pointer to nothing.
      if case .pointer = type, target(of: payload, at: place.lowerBound) == nil,
        payload.bytes[place].allSatisfy({ $0 == 0 })
      {
        continue
      }
      let value =
        field.count.map { list(payload, type, size, count: $0, at: place.lowerBound) }
        ?? node(payload, type, at: place.lowerBound)
      guard let value else { return nil }
      entries.append((field.name, value))
    }
    return .mapping(entries)
  }

  /// The value of an integer in a struct.
  private func member(
    _ payload: Payload, _ name: String, _ fields: [StructureField], _ layout: StructureLayout, at offset: Int
  ) -> Int128? {
    guard let i = fields.firstIndex(where: { $0.name == name }), case .integer(let type) = fields[i].type else {
      return nil
    }
    return integer(payload.bytes, offset + layout.offsets[i], type.size, type.isSigned)
  }

  private func list(_ payload: Payload, _ element: PayloadType, _ size: Int, count: Int, at offset: Int) -> Node? {
    var items: [Node] = []
    for i in 0..<count {
      guard let item = node(payload, element, at: offset + i * size) else { return nil }
      items.append(item)
    }
    return .list(items)
  }
}
