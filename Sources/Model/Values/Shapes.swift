/// The names of fields, as small numbers.
typealias NameID = Int16
typealias ShapeID = Int32

/// The kind of a record.
enum RecordKind: Equatable {
  case vm, vcpu
  case device(String)
  /// Another record with an identity.
  case plain
  /// A record that never changes: a payload, a key, a row of a table.
  case value
}

/// The layouts of all records: which fields they have, and where.
struct Shapes {
  private(set) var names: [String] = []
  private var numbers: [String: NameID] = [:]

  private struct Shape {
    var kind: RecordKind
    var names: [NameID]
  }
  private var shapes: [Shape] = []
  /// A row for each shape, with a column for each name: the place of the field, -1 if there is none.
  private var places: [Int16] = []
  private var columns = 128

  mutating func name(_ text: String) -> NameID {
    if let number = numbers[text] { return number }
    let number = NameID(names.count)
    names.append(text)
    numbers[text] = number
    if names.count > columns { widen() }
    return number
  }

  /// Doubles the number of columns.
  private mutating func widen() {
    var wider = [Int16](repeating: -1, count: places.count * 2)
    for row in shapes.indices {
      for column in 0..<columns { wider[row * columns * 2 + column] = places[row * columns + column] }
    }
    places = wider
    columns *= 2
  }

  /// The shape with these fields.
  mutating func shape(_ kind: RecordKind, _ names: [NameID]) -> ShapeID {
    // There are a few dozen.
    if let known = shapes.firstIndex(where: { $0.names == names && $0.kind == kind }) { return ShapeID(known) }
    shapes.append(Shape(kind: kind, names: names))
    let row = places.count
    places.append(contentsOf: repeatElement(-1, count: columns))
    for (i, name) in names.enumerated() where places[row + Int(name)] == -1 { places[row + Int(name)] = Int16(i) }
    return ShapeID(shapes.count - 1)
  }

  /// The distance of a field from the first; nil if there is no such field.
  func place(of name: NameID, in shape: ShapeID) -> Int32? {
    let place = places[Int(shape) * columns + Int(name)]
    return place >= 0 ? Int32(place) : nil
  }

  func kind(of shape: ShapeID) -> RecordKind { shapes[Int(shape)].kind }
  func names(of shape: ShapeID) -> [NameID] { shapes[Int(shape)].names }
}
