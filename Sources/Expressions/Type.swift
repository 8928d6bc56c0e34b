/// The static type of an expression, as far as schemas declare it.
package indirect enum Type {
  /// An unknown type. Every use is allowed, and checked when the expression is evaluated.
  case any
  case null
  case bool
  case integer
  /// An integer whose bits or values have names: `value.level_sensitive` is a boolean, and `value == "mask"` compares it
  /// with a named value.
  case flags(NamedBits)
  case string
  /// A kernel release. A string literal that is compared with it is read as a release.
  case release
  case list(Type)
  case map(Type)
  case record(RecordType)
}

/// The fields of a record. The type is shared, so that fields added later are visible to all its users.
package final class RecordType {
  /// The name in messages.
  package let name: String
  package private(set) var fields: [String: Type]

  package init(name: String, fields: [String: Type] = [:]) {
    self.name = name
    self.fields = fields
  }

  /// Adds a field. The type of an existing field is joined with the new one.
  package func add(_ field: String, _ type: Type) {
    fields[field] = fields[field].map { $0.joined(with: type) } ?? type
  }
}

/// The names of an integer's bits and of its values.
package final class NamedBits {
  /// Each name with its bit, counted from 0.
  package private(set) lazy var bits = readBits()
  /// Each name with its value.
  package private(set) lazy var values = readValues()
  private let readBits: () -> [String: Int]
  private let readValues: () -> [String: Int128]

  package init(
    _ bits: @autoclosure @escaping () -> [String: Int], values: @autoclosure @escaping () -> [String: Int128] = [:]
  ) {
    (readBits, readValues) = (bits, values)
  }
}

extension Type {
  /// The type of a value that has either type. Any value may be null.
  package func joined(with other: Type) -> Type {
    switch (self, other) {
    case (.null, let t), (let t, .null): t
    case (.bool, .bool), (.integer, .integer), (.string, .string), (.release, .release): self
    case (.flags(let a), .flags(let b)): a === b ? self : .integer
    // A number without names, such as 0, is a value of the same kind.
    case (.flags, .integer): self
    case (.integer, .flags): other
    case (.list(let a), .list(let b)): .list(a.joined(with: b))
    case (.map(let a), .map(let b)): .map(a.joined(with: b))
    case (.record(let a), .record(let b)) where a === b: self
    default: .any
    }
  }

  /// Whether a value of this type is valid where the other type is expected.
  package func fits(_ wanted: Type) -> Bool {
    switch (self, wanted) {
    case (.any, _), (_, .any), (.null, _), (_, .null): true
    case (.bool, .bool), (.string, .string), (.release, .release): true
    case (.integer, .integer), (.integer, .flags), (.flags, .integer), (.flags, .flags): true
    case (.list(let a), .list(let b)), (.map(let a), .map(let b)): a.fits(b)
    case (.record, .record): true
    default: false
    }
  }

  /// The name in messages.
  package var name: String {
    switch self {
    case .any: "anything"
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .flags: "an integer"
    case .string: "a string"
    case .release: "a kernel release"
    case .list: "a list"
    case .map: "a map"
    case .record(let record): "a record (\(record.name))"
    }
  }
}
