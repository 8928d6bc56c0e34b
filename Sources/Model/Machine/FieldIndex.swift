import Expressions

/// The elements of a list by the value of one of their fields.
///
/// It is valid while the field of no record has changed. When the list has grown, the new elements are
/// added.
struct FieldIndex {
  var list: Address
  var field: NameID
  /// The number of changes of the field when the index was made.
  var stamp: Int64
  /// The number of elements that are in the index.
  var count = 0
  /// The position of the first element with a value.
  var positions: [Cell: Int] = [:]
  /// The position of the first element whose value is unknown.
  var firstUnknown = Int.max
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

  /// The number of the index of a list by a field, which is empty if there was none with this stamp.
  mutating func number(of list: Address, by field: NameID, stamp: Int64) -> Int {
    let empty = FieldIndex(list: list, field: field, stamp: stamp)
    if let known = all.firstIndex(where: { $0.list == list && $0.field == field }) {
      if all[known].stamp != stamp { all[known] = empty }
      return known
    }
    if all.count < Self.most {
      all.append(empty)
      return all.count - 1
    }
    oldest = (oldest + 1) % Self.most
    all[oldest] = empty
    return oldest
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

  /// The first element with `element.FIELD == KEY`, or whether there is one; nil if the elements have to be looked at
  /// one by one.
  mutating func find(
    _ search: (field: NameID, key: CodeID), _ kind: Comprehension, in list: Cell
  ) throws(Fault) -> Cell? {
    // A list of the running call may be gone after it.
    guard list.count >= Self.shortestList, list.start > 0, list.start < memory.start else { return nil }
    let key = try evaluate(search.key)
    guard key.isScalar, let number = index(of: list, by: search.field) else { return nil }
    let known = indexes[number].positions[key] ?? .max
    let unknown = indexes[number].firstUnknown
    let position = known < list.count ? known : Int.max
    let mayBeUnknown = unknown < list.count
    if kind == .exists { return position != .max ? .bool(true) : mayBeUnknown ? .unknown : .bool(false) }
    if mayBeUnknown, unknown < position { return .unknown }
    return position == .max ? .null : load(list.start + Address(position))
  }

  /// An up-to-date index of a list; nil if there can be none.
  private mutating func index(of list: Cell, by field: NameID) -> Int? {
    let number = indexes.number(of: list.start, by: field, stamp: stamp(of: field))
    while indexes[number].count < list.count {
      let i = indexes[number].count
      let element = load(list.start + Address(i))
      guard element.tag == .object || element.tag == .record, let value = try? self.field(field, of: element, 0) else {
        // The search itself then finds the fault, or an unknown element, in its turn.
        return nil
      }
      if value.tag == .unknown {
        indexes[number].firstUnknown = min(indexes[number].firstUnknown, i)
      } else if value.isScalar, indexes[number].positions[value] == nil {
        indexes[number].positions[value] = i
      }
      indexes[number].count += 1
    }
    return number
  }

  /// The number of changes of a field, and of anything else.
  private func stamp(of field: NameID) -> Int64 {
    epoch + (Int(field) < versions.count ? versions[Int(field)] : 0)
  }
}
