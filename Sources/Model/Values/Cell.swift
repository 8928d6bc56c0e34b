/// A value as the machine stores it: 16 bytes without references, so that copying one costs nothing.
///
/// What does not fit is stored elsewhere, and the cell says where. Two cells of a scalar are equal only if the values
/// are, because strings and wide integers are stored once.
struct Cell: Hashable {
  enum Tag: UInt8 {
    case null, unknown, bool
    /// An integer of 64 bits.
    case integer
    /// Any other integer, by its number in the pool.
    case wide
    /// A string, by its number in the pool.
    case string
    /// Cells one after another: the address of the first, and their number.
    case list
    /// A record that never changes, by the address of its shape.
    case record
    /// A record with an identity, which effects can change.
    case object
    /// A map, by its number in the memory.
    case map

    // These are never the value of an expression.

    /// A list or a record as the key of a map, by its number in the pool.
    case composite

    /// A text of a table that was not needed before, by the number of its column and of its row.
    case text
    /// Nothing has been stored here yet.
    case absent
    /// The shape of the record whose fields follow.
    case shape
    /// The capacity and the used length of the list whose elements follow.
    case storage
  }

  let tag: Tag
  let bits: Int64

  init(_ tag: Tag, _ bits: Int64 = 0) {
    self.tag = tag
    self.bits = bits
  }

  static let null = Cell(.null)
  static let unknown = Cell(.unknown)
  /// An unknown value that is not null.
  static let present = Cell(.unknown, 1)
  static let absent = Cell(.absent)
  static let emptyList = Cell.list(start: 0, count: 0)

  static func bool(_ truth: Bool) -> Cell { Cell(.bool, truth ? 1 : 0) }
  static func integer(_ value: Int64) -> Cell { Cell(.integer, value) }
  static func object(_ address: Address) -> Cell { Cell(.object, Int64(address)) }
  static func record(_ address: Address) -> Cell { Cell(.record, Int64(address)) }
  static func list(start: Address, count: Int) -> Cell { Cell(.list, pack(start, count)) }
  static func storage(capacity: Int, used: Int) -> Cell { Cell(.storage, pack(Address(capacity), used)) }

  /// A truth value; nil is unknown.
  static func truth(_ truth: Bool?) -> Cell { truth.map(Cell.bool) ?? .unknown }

  private static func pack(_ high: Address, _ low: Int) -> Int64 { Int64(high) << 32 | Int64(low) }

  var isTrue: Bool { bits != 0 }
  /// The address of a record.
  var address: Address { Address(truncatingIfNeeded: bits) }
  /// The address of the first element of a list.
  var start: Address { Address(truncatingIfNeeded: bits >> 32) }
  /// The number of elements of a list, or of those in a storage that are in use.
  var count: Int { Int(bits & 0xFFFF_FFFF) }
  /// The length of a storage.
  var capacity: Int { Int(bits >> 32) }

  /// The kind of value, for messages.
  var kind: String {
    switch tag {
    case .null: "null"
    case .unknown: "an unknown value"
    case .bool: "a boolean"
    case .integer, .wide: "an integer"
    case .string: "a string"
    case .list: "a list"
    case .record, .object: "a record"
    case .map: "a map"
    case .composite, .text, .absent, .shape, .storage: preconditionFailure("\(tag) is not a value")
    }
  }

  /// Whether equal bits are all that equality means.
  var isScalar: Bool {
    switch tag {
    case .null, .bool, .integer, .wide, .string: true
    default: false
    }
  }

  /// Whether the value is in the memory of the run, so that the cell is valid only as long as that is.
  var refersToMemory: Bool {
    switch tag {
    case .list: start > 0
    case .record, .object: address >= 0
    case .map: true
    default: false
    }
  }
}

/// The index of a cell: in the memory of the run or, if it is negative, among the constants of the program.
typealias Address = Int32
