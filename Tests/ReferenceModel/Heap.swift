import Expressions

/// The state of a VM on the model: records with identities, and a journal of the changes that one call makes.
///
/// A call whose answer depends on something unknown is evaluated once per possibility. The journal undoes all changes
/// in between.
struct Heap {
  /// The kind of a record, which determines its derived variables.
  enum Kind: Hashable {
    case vm, vcpu
    case device(String)
    case plain
  }

  private(set) var kinds: [Kind] = []
  private var fields: [Fields] = []
  private var journal: [Change] = []

  private enum Change {
    case assigned(ObjectID, Int, old: Value)
    case appended(ObjectID, Int)
    case stored(ObjectID, Int, key: Value, old: Value?)
  }

  /// The changes of one branch of a call.
  struct Delta {
    /// The new values of fields of records that existed before.
    var changes: [Slot: Value] = [:]
    /// The records that the branch created, in the order of their identities.
    var made: [(kind: Kind, fields: Fields)] = []
  }

  struct Slot: Hashable {
    var object: ObjectID
    var field: Int
  }

  /// The identity of the next record.
  var nextID: ObjectID { ObjectID(rawValue: fields.count) }

  mutating func allocate(_ kind: Kind, _ initial: Fields = Fields()) -> ObjectID {
    kinds.append(kind)
    fields.append(initial)
    return ObjectID(rawValue: fields.count - 1)
  }

  /// Adds a field to a new record.
  mutating func declare(_ name: String, _ value: Value, in object: ObjectID) { fields[object.rawValue][name] = value }

  func kind(of object: ObjectID) -> Kind { kinds[object.rawValue] }

  subscript(object: ObjectID, name: String) -> Value? { fields[object.rawValue][name] }

  /// Replaces the value of a field. Returns false if the record has no such field.
  mutating func assign(_ value: Value, to name: String, of object: ObjectID) -> Bool {
    guard let i = fields[object.rawValue].index(of: name) else { return false }
    journal.append(.assigned(object, i, old: fields[object.rawValue].values[i]))
    fields[object.rawValue].set(i, to: value)
    return true
  }

  /// Appends to the list in a field. Returns false if there is no list. An unknown list stays unknown.
  mutating func append(_ value: Value, to name: String, of object: ObjectID) -> Bool {
    guard let i = fields[object.rawValue].index(of: name) else { return false }
    switch fields[object.rawValue].values[i] {
    case .unknown: return true
    case .list:
      fields[object.rawValue].modify(i) { value_ in
        guard case .list(var list) = value_ else { return }
        value_ = .null
        list.append(value)
        value_ = .list(list)
      }
      journal.append(.appended(object, i))
      return true
    default: return false
    }
  }

  /// Stores a value in the map in a field. Returns false if there is no map. An unknown map stays unknown.
  mutating func store(_ value: Value, under key: Value, in name: String, of object: ObjectID) -> Bool {
    guard let i = fields[object.rawValue].index(of: name) else { return false }
    switch fields[object.rawValue].values[i] {
    case .unknown: return true
    case .map(let map):
      journal.append(.stored(object, i, key: key, old: map[key]))
      setMap(i, of: object, key, value)
      return true
    default: return false
    }
  }

  private mutating func setMap(_ i: Int, of object: ObjectID, _ key: Value, _ value: Value?) {
    fields[object.rawValue].modify(i) { value_ in
      guard case .map(var map) = value_ else { return }
      value_ = .null
      map[key] = value
      value_ = .map(map)
    }
  }
}

extension Heap {
  /// Begins a call. Later changes can be undone by `rewind`.
  mutating func begin() -> ObjectID {
    journal.removeAll(keepingCapacity: true)
    return nextID
  }

  /// Undoes all changes since `begin` and returns them.
  mutating func rewind(to start: ObjectID) -> Delta {
    let count = start.rawValue
    var delta = Delta()
    for change in journal {
      let slot: Slot =
        switch change {
        case .assigned(let object, let i, _), .appended(let object, let i), .stored(let object, let i, _, _):
          Slot(object: object, field: i)
        }
      if slot.object.rawValue < count { delta.changes[slot] = fields[slot.object.rawValue].values[slot.field] }
    }
    for i in count..<fields.count { delta.made.append((kinds[i], fields[i])) }
    for change in journal.reversed() { undo(change) }
    kinds.removeLast(kinds.count - count)
    fields.removeLast(fields.count - count)
    journal.removeAll(keepingCapacity: true)
    return delta
  }

  private mutating func undo(_ change: Change) {
    switch change {
    case .assigned(let object, let i, let old): fields[object.rawValue].set(i, to: old)
    case .appended(let object, let i):
      fields[object.rawValue].modify(i) { value in
        guard case .list(var list) = value else { return }
        value = .null
        list.removeLast()
        value = .list(list)
      }
    case .stored(let object, let i, let key, let old): setMap(i, of: object, key, old)
    }
  }

  /// Applies the changes of all branches. A value that differs between branches becomes unknown.
  mutating func join(_ branches: [Delta]) {
    guard let first = branches.first else { return }
    let slots = Set(branches.flatMap(\.changes.keys))
    for slot in slots {
      let base = fields[slot.object.rawValue].values[slot.field]
      var value = first.changes[slot] ?? base
      for other in branches.dropFirst() { value = value.joined(with: other.changes[slot] ?? base) }
      fields[slot.object.rawValue].set(slot.field, to: value)
    }
    let longest = branches.map(\.made.count).max() ?? 0
    for i in 0..<longest {
      let made = branches.compactMap { i < $0.made.count ? $0.made[i] : nil }
      var fields = made[0].fields
      for other in made.dropFirst() {
        for (j, name) in fields.names.enumerated() {
          fields.set(j, to: other.fields[name].map { fields.values[j].joined(with: $0) } ?? .unknown)
        }
      }
      kinds.append(made[0].kind)
      self.fields.append(fields)
    }
  }
}

extension Value {
  /// The value if both are equal, otherwise unknown. Maps with the same keys are joined key by key.
  func joined(with other: Value) -> Value {
    if self == other { return self }
    if case .map(let a) = self, case .map(let b) = other, a.count == b.count, a.keys.allSatisfy({ b[$0] != nil }) {
      return .map(a.merging(b) { $0.joined(with: $1) })
    }
    return .unknown
  }
}
