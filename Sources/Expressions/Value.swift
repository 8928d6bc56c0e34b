/// The value of an expression.
package enum Value: Hashable, Sendable {
  /// "Not set".
  case null
  /// One of several values; it is not known which.
  case unknown
  case bool(Bool)
  /// A mathematical integer; more than 128 bits is an error.
  case integer(Int128)
  case string(String)
  case list([Value])
  /// A list whose elements are the rows of a table.
  case table(Table)
  /// A record that never changes: a payload, a key, a row of a table.
  case record(Fields)
  /// A record with an identity, which effects can change. The world holds its fields.
  case object(ObjectID)
  case map([Value: Value])
}

/// The identity of a record in the state of a world.
package struct ObjectID: Hashable, Sendable {
  package var rawValue: Int

  package init(rawValue: Int) { self.rawValue = rawValue }
}

/// A few named values, in the order of their declaration.
package struct Fields: Hashable, Sendable {
  package private(set) var names: [String]
  package private(set) var values: [Value]

  package init(_ fields: [(String, Value)] = []) {
    names = fields.map(\.0)
    values = fields.map(\.1)
  }

  /// - Parameter values: one for each name.
  package init(names: [String], values: [Value]) {
    precondition(names.count == values.count)
    (self.names, self.values) = (names, values)
  }

  /// The value of a field; nil if there is no such field. A new field is added at the end.
  package subscript(name: String) -> Value? {
    get { names.firstIndex(of: name).map { values[$0] } }
    set {
      guard let newValue else { return }
      if let i = names.firstIndex(of: name) {
        values[i] = newValue
      } else {
        names.append(name)
        values.append(newValue)
      }
    }
  }
}

extension Value {
  @inlinable package init(_ value: some BinaryInteger) { self = .integer(Int128(value)) }

  package var integer: Int128? {
    if case .integer(let i) = self { i } else { nil }
  }

  /// The elements of a list or of a table.
  package var list: [Value]? {
    switch self {
    case .list(let elements): elements
    case .table(let table): table.rows
    default: nil
    }
  }

  /// The kind of value, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .unknown: "an unknown value"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .string: "a string"
    case .list, .table: "a list"
    case .record, .object: "a record"
    case .map: "a map"
    }
  }

  /// Whether two values are equal; nil if that depends on an unknown part.
  ///
  /// Records with an identity are equal only if they are the same record.
  package func equals(_ other: Value) -> Bool? {
    switch (self, other) {
    case (.unknown, _), (_, .unknown): return nil
    case (.table(let table), .list): return Value.list(table.rows).equals(other)
    case (.list, .table(let table)): return equals(.list(table.rows))
    case (.list(let a), .list(let b)):
      return a.count == b.count ? Value.allEqual(a, b) : false
    case (.record(let a), .record(let b)):
      return a.names == b.names ? Value.allEqual(a.values, b.values) : false
    default: return self == other
    }
  }

  private static func allEqual(_ a: [Value], _ b: [Value]) -> Bool? {
    var result: Bool? = true
    for (x, y) in zip(a, b) {
      switch x.equals(y) {
      case true: continue
      case nil: result = nil
      default: return false
      }
    }
    return result
  }
}
