import Diagnostics
import Expressions
import Vocabulary

/// The data that `addr` of a `struct kvm_device_attr` points to, as a schema describes it.
package indirect enum PayloadType {
  /// No payload; `addr` is null.
  case none
  case integer(IntegerType)
  case bits(BitsType)
  case structure(StructureType)
  /// One of several types, as another member of the struct around it says.
  case union(UnionType)
  /// Without a count, as many elements as a manifest lists.
  case array(of: PayloadType, count: Expression?)
  case bytes(size: Expression?)
  case bitmap(BitmapType)
  /// An address in the caller's memory, at which there is a value of this type.
  case pointer(to: PayloadType)
  /// A file descriptor, as a 32-bit integer.
  case descriptor(DescriptorType)
}

extension PayloadType {
  /// Whether a value, or a part of one, is the descriptor of a file.
  package var hasDescriptor: Bool {
    switch self {
    case .descriptor: true
    case .structure(let type): type.fields.contains { $0.type.hasDescriptor }
    case .union(let type): type.cases.contains { $0.type.hasDescriptor }
    case .array(let element, _): element.hasDescriptor
    case .pointer(let target): target.hasDescriptor
    case .none, .integer, .bits, .bytes, .bitmap: false
    }
  }
}

/// An integer of 8 to 64 bits.
package struct IntegerType {
  /// In bytes: 1, 2, 4 or 8.
  package var size: Int
  package var isSigned: Bool
  package var description: IntegerDescription

  package init(size: Int, isSigned: Bool, description: IntegerDescription = IntegerDescription()) {
    self.size = size
    self.isSigned = isSigned
    self.description = description
  }

  package var range: ClosedRange<Int128> {
    let bits = Int128(size * 8)
    return isSigned ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
  }

  /// `u32`.
  package var name: String { integerTypeName(size: size, isSigned: isSigned) }
}

/// The description of an integer for manifests, maps and documentation. It does not refuse values; rules do.
///
/// Types share it, so that they are quick to copy.
package final class IntegerDescription {
  /// `address`, `bytes`, or a unit that a schema declares.
  package internal(set) var unit: String?
  package internal(set) var notation: Notation?
  /// The value is a multiple of this. For an address, it is in bytes.
  package internal(set) var align: Int128?
  package internal(set) var range: (lowerBound: Int128, upperBound: Int128)?
  package internal(set) var values: [Int128] = []
  /// Names of values.
  package internal(set) var names = ValueNames()
  /// The column of the table that the names come from, if they do.
  package internal(set) var column: String?
  /// The kernel's constants of the values that have names.
  package internal(set) var constants: [String] = []
  /// Names of bits, counted from 0.
  package internal(set) var flags: [(name: String, bit: Int)] = []
  /// Whether the kernel accepts any value, despite this description.
  package internal(set) var isUnchecked = false
  package internal(set) var doc: String?

  package init() {}
}

extension IntegerDescription {
  /// The static type of the integer in expressions.
  var valueType: Type {
    if flags.isEmpty, names.isEmpty { return .integer }
    let (flags, names) = (flags, names)
    return .flags(
      NamedBits(
        Dictionary(flags.map { ($0.name.identifier, $0.bit) }, uniquingKeysWith: { a, _ in a }),
        values: Dictionary(names.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })))
  }
}

/// Bit fields packed in one integer.
package struct BitsType {
  /// In bytes.
  package var size: Int
  package var fields: [BitField]

  /// The integer without its fields.
  package var integer: IntegerType { IntegerType(size: size, isSigned: false) }
  package var name: String { integer.name }
}

/// Bits `high` to `low` of an integer.
package struct BitField {
  package let name: String
  package let high: Int
  package let low: Int
  /// The bits of the integer that belong to the field.
  package let mask: Int128
  package var initial: Int128?
  /// Whether a field of a key that is left out is the length of the payload, in bytes.
  package var isPayloadLength = false
  /// Whether it is padding.
  package var isReserved = false
  /// Whether the field keeps its position: its value is the masked integer, not shifted down.
  package let isInPlace: Bool
  package let description: IntegerDescription

  init(name: String, high: Int, low: Int, isInPlace: Bool, description: IntegerDescription) {
    self.name = name
    self.high = high
    self.low = low
    mask = ((1 << Int128(high - low + 1)) - 1) << Int128(low)
    self.isInPlace = isInPlace
    self.description = description
  }

  /// The range of values that the field can hold. In a field in place, the low bits must be zero as well.
  package var range: ClosedRange<Int128> { 0...(isInPlace ? mask : mask >> Int128(low)) }

  package func extract(from raw: Int128) -> Int128 { isInPlace ? raw & mask : (raw & mask) >> Int128(low) }

  /// The bits of a value at the position of the field; nil if the field cannot hold it.
  package func place(_ value: Int128) -> Int128? {
    let placed = isInPlace ? value : value >= 0 && value <= mask >> Int128(low) ? value << Int128(low) : -1
    return placed >= 0 && placed & ~mask == 0 ? placed : nil
  }
}

/// A C struct with the layout of the architecture's ABI: the offset of every field is a multiple of its alignment.
package struct StructureType {
  /// The name in the kernel's headers.
  package let name: String
  package let fields: [StructureField]
  /// Nil if it depends on the value or the key, or the struct exceeds the maximum size.
  package let layout: StructureLayout?
  /// In bytes.
  package let alignment: Int

  init(name: String, fields: [StructureField]) {
    self.name = name
    self.fields = fields
    alignment = fields.map(\.alignment).max() ?? 1
    layout = StructureLayout(fields, alignment: alignment)
  }
}

package struct StructureField {
  package var name: String
  package var type: PayloadType
  /// The number of elements of a C array; nil for a single one.
  package var count: Int?
  package var alignment: Int { type.alignment }
  /// Padding, which may be left out and is then zero.
  package var isReserved: Bool
  package var doc: String?
  /// The value of an integer that is left out; nil for 0.
  package var initial: Int128?
  /// The name of the array whose number of elements this is, unless a manifest gives another number.
  package var counts: String?
}

/// A member of a struct whose type depends on the value of an earlier member. It is as large as its largest case.
package struct UnionType {
  /// The name of the member that decides.
  package let tag: String
  /// In the order of the schema; the first that holds the value is used.
  package let cases: [UnionCase]
  /// In bytes; nil if no case has a fixed size.
  package let size: Int?
  /// In bytes.
  package let alignment: Int

  init(tag: String, cases: [UnionCase]) {
    self.tag = tag
    self.cases = cases
    alignment = cases.map(\.type.alignment).max() ?? 1
    size = cases.compactMap(\.type.fixedSize).max()?.roundedUp(to: alignment)
  }

  /// The type that a value of the deciding member chooses; nil if no case has the value.
  package func type(for value: Int128) -> PayloadType? {
    cases.first { one in one.isElse || one.values.contains { $0.contains(value) } }?.type
  }
}

/// One case of a union.
package struct UnionCase {
  /// As the schema writes it: `small`, `0..7, 9` or `else`.
  package var name: String
  package var values: [ClosedRange<Int128>]
  package var type: PayloadType

  package var isElse: Bool { name == "else" }
}

extension StructureField {
  /// The name of the member that decides which case of a union this member is; nil if it is no union.
  package var unionTag: String? {
    if case .union(let union) = type { union.tag } else { nil }
  }

  /// The type; of a union, the one that the earlier members choose, nil if none of the cases is chosen.
  ///
  /// - Parameter member: the value of an earlier member.
  package func type(after member: (String) -> Int128?) -> PayloadType? {
    guard case .union(let union) = type else { return type }
    return member(union.tag).flatMap(union.type)
  }
}

/// An array of bits in whole words, as the kernel's DECLARE_BITMAP. Its value is the list of the bits that are set.
package struct BitmapType {
  /// The number of bits.
  package var count: Int
  /// Whether bit 0 is the highest bit of the first byte. Otherwise it is the lowest bit of the first word.
  package var isMSB0: Bool
  /// The size of a word in bytes.
  package var wordSize: Int
  /// Has the names of the bits.
  package var description: IntegerDescription

  /// In bytes.
  package var size: Int { (count + 8 * wordSize - 1) / (8 * wordSize) * wordSize }
  package var range: ClosedRange<Int128> { 0...Int128(count - 1) }

  /// The byte of a bit, and the bit in that byte.
  package func place(of bit: Int, bigEndian: Bool) -> (byte: Int, mask: UInt8) {
    if isMSB0 { return (bit / 8, 0x80 >> UInt8(bit % 8)) }
    let byte = bit / 8
    let last = wordSize - 1
    return (bigEndian ? byte / wordSize * wordSize + last - byte % wordSize : byte, 1 << UInt8(bit % 8))
  }

  /// The bits that are set, in order.
  package func bits(in bytes: ArraySlice<UInt8>, bigEndian: Bool) -> [Int] {
    (0..<count).filter { bit in
      let place = place(of: bit, bigEndian: bigEndian)
      return bytes[bytes.startIndex + place.byte] & place.mask != 0
    }
  }

  /// The bytes of a bitmap with these bits.
  package func bytes(of bits: [Int], bigEndian: Bool) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    for bit in bits {
      let place = place(of: bit, bigEndian: bigEndian)
      bytes[place.byte] |= place.mask
    }
    return bytes
  }
}

package struct DescriptorType {
  /// The files that may be named: a pattern with `*`.
  package var pattern: String?

  package init(pattern: String?) { self.pattern = pattern }
}

extension PayloadType {
  package var isNone: Bool {
    if case .none = self { true } else { false }
  }

  /// The elements, if this is an array of any number of them.
  package var openElement: PayloadType? {
    if case .array(let element, nil) = self { element } else { nil }
  }

  /// The last member of a struct, if it is an array of any number of elements, with its offset.
  package var openEnd: (offset: Int, element: PayloadType)? {
    guard case .structure(let type) = self, let element = type.fields.last?.type.openElement,
      let offset = type.layout?.offsets.last
    else { return nil }
    return (offset, element)
  }

  /// The size of a pointer in bytes, on every architecture with KVM.
  package static let pointerSize = 8

  /// The maximum size of a payload in bytes.
  static let mostBytes = 1 << 20

  /// The size of several elements in bytes; nil if it is not a possible size of a payload.
  static func size(of element: Int, times count: Int128) -> Int? {
    guard (0...Int128(mostBytes)).contains(count), element * Int(count) <= mostBytes else { return nil }
    return element * Int(count)
  }

  /// The size in bytes; nil if it depends on the value or the key, or exceeds the maximum. An array of any number of
  /// elements at the end of a struct does not count.
  package var fixedSize: Int? {
    switch self {
    case .none: 0
    case .integer(let type): type.size
    case .bits(let type): type.size
    case .structure(let type): type.layout?.size
    case .union(let type): type.size
    case .array(let element, let count):
      if let n = count?.constant?.integer, let size = element.fixedSize { Self.size(of: size, times: n) } else { nil }
    case .bytes(let size): size?.constant?.integer.flatMap { Self.size(of: 1, times: $0) }
    case .bitmap(let type): type.size
    case .pointer: Self.pointerSize
    case .descriptor: 4
    }
  }

  /// The alignment of the C type in bytes.
  package var alignment: Int {
    switch self {
    case .none, .bytes: 1
    case .integer(let type): type.size
    case .bits(let type): type.size
    case .structure(let type): type.alignment
    case .union(let type): type.alignment
    case .array(let element, _): element.alignment
    case .bitmap(let type): type.wordSize
    case .pointer: Self.pointerSize
    case .descriptor: 4
    }
  }

  /// The static type of `value` in the rules of an attribute with this payload.
  package func valueType(name: String) -> Type {
    switch self {
    case .none: return .null
    case .integer(let type):
      return type.description.valueType
    case .descriptor: return .integer
    case .bits(let type):
      let record = RecordType(name: name)
      for field in type.fields { record.add(field.name.identifier, field.description.valueType) }
      record.add("raw", .integer)
      return .record(record)
    case .structure(let type):
      let record = RecordType(name: name)
      for field in type.fields {
        let element = field.type.valueType(name: "\(name).\(field.name.identifier)")
        record.add(field.name.identifier, field.count == nil ? element : .list(element))
      }
      return .record(record)
    case .union(let type):
      // A field of any of the cases, if all of them have fields.
      let record = RecordType(name: name)
      for one in type.cases {
        guard case .record(let fields) = one.type.valueType(name: name) else { return .any }
        for (field, type) in fields.fields { record.add(field, type) }
      }
      return .record(record)
    case .array(let element, _): return .list(element.valueType(name: name))
    case .bytes, .bitmap: return .list(.integer)
    case .pointer(let target): return target.valueType(name: name)
    }
  }
}

extension PayloadType {
  /// The expression over the key that gives the number of elements; nil if the number is constant or free.
  package var variableCount: Expression? {
    switch self {
    case .array(_, let count), .bytes(let count): count?.constant == nil ? count : nil
    default: nil
    }
  }

  /// An array with this number of elements.
  package func counted(_ number: Int128) -> PayloadType {
    let count = Expression(constant: .integer(number), text: String(number))
    switch self {
    case .array(let element, _): return .array(of: element, count: count)
    case .bytes: return .bytes(size: count)
    default: return self
    }
  }
}

/// The offsets of the fields of a C struct, and its size.
package struct StructureLayout {
  /// In bytes from the start, in the order of the fields.
  package var offsets: [Int] = []
  package var size = 0

  /// Computes the layout; nil if a field has no fixed size, or the struct exceeds the maximum size of a payload. The
  /// last field can be an array of any number of elements, which has the size 0.
  init?(_ fields: [StructureField], alignment: Int) {
    for (i, field) in fields.enumerated() {
      let isOpen = i == fields.count - 1 && field.type.openElement?.fixedSize != nil
      guard let element = isOpen ? 0 : field.type.fixedSize else { return nil }
      size = size.roundedUp(to: field.alignment)
      offsets.append(size)
      guard let own = PayloadType.size(of: element, times: Int128(field.count ?? 1)) else { return nil }
      size += own
      if size > PayloadType.mostBytes { return nil }
    }
    size = size.roundedUp(to: alignment)
  }
}

extension Int {
  /// The least multiple of a size that is not smaller.
  fileprivate func roundedUp(to size: Int) -> Int { (self + size - 1) / size * size }
}

extension String {
  /// The name as expressions write it, with `_` for `-`, which is a minus there.
  package var identifier: String {
    utf8.contains(UInt8(ascii: "-")) ? String(decoding: utf8.map { $0 == 0x2D ? 0x5F : $0 }, as: UTF8.self) : self
  }
}
