import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads `payload:` and the descriptions of integers in it.
struct PayloadReader {
  let faults: Findings
  let scope: RuleScope

  private static let descriptionKeys = [
    "unit", "align", "region", "range", "values", "reserved", "enum", "flags", "names", "doc", "constant", "unchecked",
  ]

  private static let typeNames = [
    "none", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bits", "struct", "array", "union", "bytes", "fd",
  ]

  /// Reads one type, or a list of alternatives, of which the first match is used. Empty if a type has faults: rules may
  /// then read any field of it.
  func alternatives(_ node: Node) -> [(when: Expression?, type: PayloadType)] {
    let items = node.items ?? [node]
    let good = items.compactMap { item -> (when: Expression?, type: PayloadType)? in
      let when = node.items == nil ? nil : item[key: "when"]
      let condition = when.flatMap { $0.expression(in: scope, as: .bool, faults) }
      return type(item).map { (condition, $0) }
    }
    return good.count == items.count ? good : []
  }

  /// Reads a type; nil if it or a part of it has faults.
  private func type(_ node: Node) -> PayloadType? {
    let name = node[key: "type"]?.scalar ?? node.scalar ?? ""
    guard Self.typeNames.contains(name) else {
      let hint = Self.typeNames.suggestion(for: name)
      faults.error("schema-payload", "there is no payload type '\(name)'\(hint)", at: (node[key: "type"] ?? node).range)
      return nil
    }
    let own: [String] =
      switch name {
      case "bits": ["width", "fields"]
      case "struct": ["fields"]
      case "array": ["of", "count"]
      case "union": ["on", "cases", "fields"]
      case "bytes": ["size"]
      case "fd": ["open"]
      default: []
      }
    let reader = KeyReader(
      node.scalar == nil ? node : Node(.mapping([]), at: node.range),
      keys: ["type", "when"] + own + Self.descriptionKeys, of: "a payload", faults)
    if let integer = integer(named: name, reader) { return .integer(integer) }
    switch name {
    case "bits": return .bits(bits(reader))
    case "struct": return fields(reader["fields"]).map { .structure(StructureType(fields: $0)) }
    case "array":
      guard let of = reader["of"], let count = reader["count"]?.expression(in: scope, as: .integer, faults) else {
        faults.error("schema-payload", "an array needs 'of' and 'count'", at: node.range)
        return nil
      }
      guard let element = type(of) else { return nil }
      let array = PayloadType.array(of: element, count: count)
      let isKnown = count.constant?.integer != nil && element.fixedSize != nil
      return isKnown && array.fixedSize == nil ? tooLarge("array", node) : array
    case "union": return union(reader)
    case "bytes":
      let size = reader["size"]?.expression(in: scope, as: .integer, faults)
      let bytes = PayloadType.bytes(size: size)
      return size?.constant?.integer != nil && bytes.fixedSize == nil ? tooLarge("byte string", node) : bytes
    case "fd": return .descriptor(DescriptorType(pattern: reader.string("open")))
    default: return PayloadType.none
    }
  }

  /// Reports a size that a payload cannot have. Returns nil, as for every payload with faults.
  private func tooLarge<Part>(_ what: String, _ node: Node) -> Part? {
    faults.error(
      "schema-payload",
      "the size of this \(what) is negative or more than the \(PayloadType.mostBytes) bytes of a payload",
      at: node.range)
    return nil
  }

  private func integer(named name: String, _ reader: KeyReader) -> IntegerType? {
    let sizes = ["8": 1, "16": 2, "32": 4, "64": 8]
    guard let first = name.first, first == "u" || first == "i", let size = sizes[String(name.dropFirst())] else {
      return nil
    }
    return IntegerType(size: size, isSigned: first == "i", description: description(reader))
  }

  /// Reads the keys that describe an integer in a payload or a key.
  ///
  /// - Parameter name: the integer's name, if it has one, which is the column in a table of `names`.
  func description(_ reader: KeyReader, named name: String? = nil) -> IntegerDescription {
    var result = IntegerDescription()
    result.unit = reader.string("unit")
    result.notation = result.unit.flatMap(scope.notation)
    result.align = reader.integer("align")
    result.region = reader.integer("region")
    result.doc = reader.string("doc")
    if let node = reader["range"] {
      if let items = node.items, items.count == 2, let low = items[0].integer(named: "range", faults),
        let high = items[1].integer(named: "range", faults), low <= high
      {
        result.range = (low, high)
      } else {
        faults.error("schema-type", "'range' must be [lowest, highest]", at: node.range)
      }
    }
    result.values = reader["values"]?.items?.compactMap { $0.integer(named: "values", faults) } ?? []
    for entry in reader["enum"]?.entries ?? [] {
      if let value = entry.value.integer(named: entry.key.value, faults) {
        result.names.append((entry.key.value, value))
      }
    }
    if let table = reader["names"] { result.names += names(from: table, column: name?.identifier ?? "value") }
    result.isUnchecked = reader.bool("unchecked")
    for entry in reader["flags"]?.entries ?? [] {
      if let bit = entry.value.integer(named: entry.key.value, faults), (0..<64).contains(bit) {
        result.flags.append((entry.key.value, Int(bit)))
      }
    }
    return result
  }

  /// The names of values in a table: `name` of each row for the value in the column.
  private func names(from node: Node, column: String) -> [(name: String, value: Int128)] {
    guard let name = node.scalar, case .constant(.list(let rows), _) = scope.meaning(of: name) else {
      faults.error("schema-unknown-name", "'names' must be the name of a table", at: node.range)
      return []
    }
    let found = rows.compactMap { row -> (name: String, value: Int128)? in
      guard case .record(let cells) = row, case .string(let name)? = cells["name"], let value = cells[column]?.integer
      else { return nil }
      return (name, value)
    }
    if found.isEmpty {
      faults.error("schema-type", "the rows of table '\(name)' need 'name' and '\(column)'", at: node.range)
    }
    return found
  }

  private func bits(_ reader: KeyReader) -> BitsType {
    var width = reader.integer("width") ?? 64
    if ![8, 16, 32, 64].contains(width) {
      width = 64
      faults.error("schema-payload", "the width of 'bits' must be 8, 16, 32 or 64", at: reader["width"]?.range)
    }
    return BitsType(size: Int(width) / 8, fields: bitFields(reader["fields"], extra: []))
  }

  /// Reads the fields of `bits` or of `keys`.
  func bitFields(_ node: Node?, extra: [String]) -> [BitField] {
    var used: Int128 = 0
    return (node?.entries ?? []).compactMap { entry in
      let reader = KeyReader(
        entry.value, keys: ["bits", "default", "in-place"] + extra + Self.descriptionKeys, of: "a bit field",
        faults)
      guard let bits = reader["bits"], let (high, low) = bits.bitRange(faults) else {
        if reader["bits"] == nil {
          faults.error("schema-type", "bit field '\(entry.key.value)' needs 'bits'", at: entry.key.range)
        }
        return nil
      }
      let field = BitField(
        name: entry.key.value, high: high, low: low, initial: reader.integer("default"),
        isInPlace: reader.bool("in-place"), description: description(reader, named: entry.key.value))
      if used & field.mask != 0 {
        faults.error("schema-overlap", "bit field '\(field.name)' overlaps an earlier one", at: bits.range)
      }
      used |= field.mask
      return field
    }
  }

  private func fields(_ node: Node?) -> [StructureField]? {
    guard let node else { return [] }
    guard let items = node.items else {
      faults.error("schema-type", "the fields of a struct must be a list", at: node.range)
      return nil
    }
    let fields = items.compactMap(field)
    guard fields.count == items.count else { return nil }
    let isKnown = fields.allSatisfy { $0.type.fixedSize != nil }
    return isKnown && StructureLayout(fields) == nil ? tooLarge("struct", items[0]) : fields
  }

  private func field(_ node: Node) -> StructureField? {
    guard let name = node[key: "name"]?.scalar, node[key: "type"] != nil else {
      faults.error("schema-type", "a field needs 'name' and 'type'", at: node.range)
      return nil
    }
    let count = node[key: "count"].flatMap { $0.integer(named: "count", faults) }.map { Int(clamping: $0) }
    let own = ["name", "count", "reserved"]
    let rest = (node.entries ?? []).filter {
      !own.contains($0.key.value) || ($0.key.value == "count" && node[key: "of"] != nil)
    }
    let reserved = node[key: "reserved"]?.scalar == "true"
    guard let type = type(Node(.mapping(rest), at: node.range)) else { return nil }
    return StructureField(
      name: name, type: type, count: node[key: "of"] == nil ? count : nil, isReserved: reserved,
      doc: node[key: "doc"]?.scalar)
  }

  private func union(_ reader: KeyReader) -> PayloadType? {
    guard let on = reader["on"] else {
      faults.error(
        "schema-payload", "a union's 'on' must be the field that selects a case: {name, type}", at: reader.node.range)
      return nil
    }
    guard let tag = field(on) else { return nil }
    let cases = (reader["cases"]?.entries ?? []).compactMap { entry -> (Int128, String, [StructureField])? in
      var value = IntegerLiteral.parse(entry.key.value)
      if value == nil, case .integer(let type) = tag.type {
        value = type.description.names.first { $0.name == entry.key.value }?.value
      }
      guard let value else {
        faults.error("schema-payload", "'\(entry.key.value)' is not a value of '\(tag.name)'", at: entry.key.range)
        return nil
      }
      return fields(entry.value).map { (value, entry.key.value, $0) }
    }
    return .union(UnionType(tag: tag, cases: cases.map { (value: $0.0, name: $0.1, fields: $0.2) }))
  }
}
