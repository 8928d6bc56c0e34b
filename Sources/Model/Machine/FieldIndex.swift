import Expressions

/// The elements of a list by what an expression makes of each: a field, a column, a function.
///
/// It is valid while no field that the expression reads has changed. When the list has grown, the new elements are added.
struct FieldIndex {
  var list: Address
  var key: KeyID
  /// The number of changes of the fields when the index was made.
  var stamp: Int64
  /// The values of the elements, in order; absent where a value is unknown, or is not a plain one.
  private var values: [Cell] = []
  /// For each element, the position of the next one with the same value; -1 at the end.
  private var next: [Int32] = []
  /// The position of the first element with a value and that of the last, at a place that the value decides; -1 where
  /// there is none.
  private var places: [(first: Int32, last: Int32)] = []
  private var distinct = 0
  /// The position of the first element whose value is unknown.
  private(set) var firstUnknown = Int.max

  init(list: Address, key: KeyID, stamp: Int64) {
    (self.list, self.key, self.stamp) = (list, key, stamp)
  }

  /// The number of elements that are in the index.
  var count: Int { values.count }

  mutating func append(_ value: Cell) {
    let position = Int32(values.count)
    if value.tag == .unknown { firstUnknown = min(firstUnknown, values.count) }
    values.append(value.isScalar ? value : .absent)
    next.append(-1)
    if !value.isScalar { return }
    if distinct * 2 >= places.count { widen() }
    let place = place(of: value)
    if places[place].first < 0 {
      distinct += 1
      places[place] = (position, position)
    } else {
      next[Int(places[place].last)] = position
      places[place].last = position
    }
  }

  /// The position of the first element with a value.
  func first(_ value: Cell) -> Int? {
    if places.isEmpty { return nil }
    let first = places[place(of: value)].first
    return first < 0 ? nil : Int(first)
  }

  /// The position of the next element with the same value.
  func next(after position: Int) -> Int? { next[position] < 0 ? nil : Int(next[position]) }

  /// The place of a value, or the free one where it belongs.
  private func place(of value: Cell) -> Int {
    let mask = places.count - 1
    let mixed = (UInt64(bitPattern: value.bits) ^ UInt64(value.tag.rawValue)) &* 0x9E37_79B9_7F4A_7C15
    var place = Int(mixed >> 33) & mask
    while places[place].first >= 0, values[Int(places[place].first)] != value { place = (place + 1) & mask }
    return place
  }

  private mutating func widen() {
    let known = places.filter { $0.first >= 0 }
    places = Array(repeating: (-1, -1), count: max(16, places.count * 2))
    for chain in known { places[place(of: values[Int(chain.first)])] = chain }
  }
}

/// The latest indexes. A list that is often replaced by another leaves old ones behind.
struct FieldIndexes {
  private(set) var all: [FieldIndex] = []
  private var oldest = 0

  private static let most = 16

  subscript(number: Int) -> FieldIndex {
    get { all[number] }
    _modify { yield &all[number] }
  }

  /// The number of the index of a list by a key; nil if there was none with this stamp. An empty one then awaits the
  /// next search: where fields change between all searches, an index would be made for each.
  mutating func number(of list: Address, by key: KeyID, stamp: Int64) -> Int? {
    let empty = FieldIndex(list: list, key: key, stamp: stamp)
    if let known = all.firstIndex(where: { $0.list == list && $0.key == key }) {
      if all[known].stamp == stamp { return known }
      all[known] = empty
    } else if all.count < Self.most {
      all.append(empty)
    } else {
      oldest = (oldest + 1) % Self.most
      all[oldest] = empty
    }
    return nil
  }
}

extension Machine {
  /// Counts a change of a field.
  mutating func changed(_ name: NameID) {
    while versions.count <= Int(name) { versions.append(0) }
    versions[Int(name)] += 1
  }

  /// Shorter lists are searched element by element.
  private static let shortestList = 8

  /// The answer of a loop whose condition begins with a search; nil if the elements have to be looked at one by one.
  mutating func find(_ search: SearchCode, _ loop: LoopCode, in list: Cell, _ id: CodeID) throws(Fault) -> Cell? {
    // A list of the running call may be gone after it.
    guard list.count >= Self.shortestList, list.start < memory.start else { return nil }
    let wanted = try evaluate(search.wanted)
    // Each element may be the one.
    if search.isAll, wanted.tag == .unknown { return .unknown }
    guard wanted.isScalar, let index = index(of: list, search, loop.slot) else { return nil }
    let unknown = index.firstUnknown
    // An unknown value may be the wanted one. Whether the element then counts depends on the rest of the condition.
    if unknown < list.count, !search.isAll { return nil }
    var sawUnknown = false
    var position = index.first(wanted)
    while let found = position, found < list.count {
      let element = load(list.start + Address(found))
      locals[base + Int(loop.slot)] = element
      let test = search.isAll ? .bool(true) : try evaluate(loop.body)
      if test.tag == .unknown {
        sawUnknown = true
      } else if test.tag != .bool {
        return nil
      } else if test.isTrue {
        if loop.kind == .exists { return test }
        return sawUnknown || unknown < found ? .unknown : element
      }
      position = index.next(after: found)
    }
    if sawUnknown || unknown < list.count { return .unknown }
    return loop.kind == .exists ? .bool(false) : .null
  }

  /// An up-to-date index of a list; nil if there can be none. That of a table lasts as long as the program.
  private mutating func index(of list: Cell, _ search: SearchCode, _ slot: Slot) -> FieldIndex? {
    let isTable = list.start < 0
    let stamp = isTable ? 0 : stamp(of: search.key)
    let found =
      isTable
      ? program.tableIndexes.number(of: list.start, by: search.key, stamp: stamp)
      : indexes.number(of: list.start, by: search.key, stamp: stamp)
    guard let number = found else { return nil }
    while (isTable ? program.tableIndexes[number].count : indexes[number].count) < list.count {
      let i = isTable ? program.tableIndexes[number].count : indexes[number].count
      locals[base + Int(slot)] = load(list.start + Address(i))
      // If there is a fault, the search itself finds it in its turn.
      guard let value = try? evaluate(search.value) else { return nil }
      if isTable { program.tableIndexes[number].append(value) } else { indexes[number].append(value) }
    }
    return isTable ? program.tableIndexes[number] : indexes[number]
  }

  /// The number of changes of the fields that a key reads, and of anything else.
  private func stamp(of key: KeyID) -> Int64 {
    var stamp = epoch
    for name in program.keys[Int(key)].fields where Int(name) < versions.count { stamp += versions[Int(name)] }
    return stamp
  }
}
