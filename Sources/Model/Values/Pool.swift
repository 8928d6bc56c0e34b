import Expressions

/// Strings, wide integers and the lists that are keys of maps, each stored once. They are valid for as long as the
/// program is.
struct Pool {
  private(set) var strings: [String] = []
  private var stringNumbers: [String: Int64] = [:]
  private(set) var wides: [Int128] = []
  /// The number of each wide integer, at a place that its bits decide; -1 where there is none. A dictionary would make
  /// the runtime search all conformances for its type of key.
  private var widePlaces: [Int32] = []

  private(set) var composites: [Value] = []
  private var compositeNumbers: [Value: Int64] = [:]

  mutating func string(_ text: String) -> Cell {
    let next = Int64(strings.count)
    // With one search of the dictionary
    let number = { (number: inout Int64) in
      if number < 0 { number = next }
      return number
    }(&stringNumbers[text, default: -1])
    if number == next { strings.append(text) }
    return Cell(.string, number)
  }

  mutating func integer(_ value: Int128) -> Cell {
    if let narrow = Int64(exactly: value) { return .integer(narrow) }
    if wides.count * 2 >= widePlaces.count { widen() }
    let place = place(of: value)
    if widePlaces[place] < 0 {
      widePlaces[place] = Int32(wides.count)
      wides.append(value)
    }
    return Cell(.wide, Int64(widePlaces[place]))
  }

  /// The place of a wide integer, or the free one where it belongs.
  private func place(of value: Int128) -> Int {
    let mask = widePlaces.count - 1
    let mixed = (UInt64(truncatingIfNeeded: value) ^ UInt64(truncatingIfNeeded: value >> 64)) &* 0x9E37_79B9_7F4A_7C15
    var place = Int(mixed >> 33) & mask
    while widePlaces[place] >= 0, wides[Int(widePlaces[place])] != value { place = (place + 1) & mask }
    return place
  }

  private mutating func widen() {
    widePlaces = Array(repeating: -1, count: max(16, widePlaces.count * 2))
    for (number, value) in wides.enumerated() { widePlaces[place(of: value)] = Int32(number) }
  }

  mutating func integer(_ value: UInt64) -> Cell {
    if let narrow = Int64(exactly: value) { return .integer(narrow) }
    return integer(Int128(value))
  }

  /// A list or a record as the key of a map.
  mutating func composite(_ value: Value) -> Cell {
    if let number = compositeNumbers[value] { return Cell(.composite, number) }
    let number = Int64(composites.count)
    composites.append(value)
    compositeNumbers[value] = number
    return Cell(.composite, number)
  }

  /// The value of an integer; nil for any other cell.
  func integer(of cell: Cell) -> Int128? {
    switch cell.tag {
    case .integer: Int128(cell.bits)
    case .wide: wides[Int(cell.bits)]
    default: nil
    }
  }

  func string(of cell: Cell) -> String { strings[Int(cell.bits)] }
}
