import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads types: `payload:`, the members of `structs`, bit fields and arguments.
struct PayloadReader {
  let faults: Findings
  let scope: RuleScope

  private static let descriptionKeys = ["unit", "align", "values", "names", "flags", "default", "reserved", "doc"]
  private static let typeKeys = ["type", "fields"] + descriptionKeys

  /// Reads the type of a payload, or `{switch, cases}`, of which the first case that holds is used. Empty if a type has
  /// faults: rules may then read any field of it.
  func alternatives(_ node: Node) -> [(when: Expression?, type: PayloadType)] {
    guard let value = node[key: "switch"] else { return type(node).map { [(nil, $0)] } ?? [] }
    guard let arms = Switch(value, node[key: "cases"], faults)?.arms else { return [] }
    let good = arms.compactMap { arm -> (when: Expression?, type: PayloadType)? in
      let when = arm.test.map { $0.compiled(in: scope, as: .bool, at: arm.key.range, faults) }
      return type(arm.value).map { (when ?? nil, $0) }
    }
    return good.count == arms.count ? good : []
  }

  /// Reads a type; nil if it or a part of it has faults.
  private func type(_ node: Node) -> PayloadType? {
    guard let text = node[key: "type"] ?? (node.scalar == nil ? nil : node) else {
      faults.error("schema-payload", "a type must be text or a mapping with 'type'", at: node.range)
      return nil
    }
    let reader = KeyReader(
      node.scalar == nil ? node : Node(.mapping([]), at: node.range), keys: Self.typeKeys, of: "a type", faults)
    guard let type = type(named: text, reader) else { return nil }
    if let fields = reader["fields"] {
      guard case .integer(let integer) = type, !integer.isSigned else {
        faults.error("schema-payload", "only unsigned integers have bit fields", at: fields.range)
        return nil
      }
      return .bits(BitsType(size: integer.size, fields: bitFields(fields)))
    }
    return type
  }

  private func type(named node: Node, _ reader: KeyReader) -> PayloadType? {
    let text = node.scalar ?? ""
    if !text.hasPrefix("pointer to "), let (element, count) = text.arraySuffix {
      return array(of: Node(.scalar(element, .plain), at: node.range), count, node, reader)
    }
    if let integer = integer(named: text, reader) { return .integer(integer) }
    let words = text.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("none", 1): return PayloadType.none
    case ("fd", 1): return .descriptor(DescriptorType(pattern: nil))
    case ("fd", 3) where words[1] == "of": return .descriptor(DescriptorType(pattern: words[2]))
    case ("pointer", 3...) where words[1] == "to":
      let target = Node(.scalar(words.dropFirst(2).joined(separator: " "), .plain), at: node.range)
      return type(named: target, reader).map { .pointer(to: $0) }
    case ("struct", 2): return structure(named: words[1], at: node.range)
    default:
      let known =
        ["none", "fd", "long", "ulong"] + Self.bitmaps.map { "\($0)[N]" } + Self.integerNames
        + scope.structureNames.map { "struct \($0)" }
      let close = words.count == 2 ? "struct \(words[1])" : text
      faults.error(
        "schema-payload", "there is no payload type '\(text)'\(known.suggestion(for: close))", at: node.range)
      return nil
    }
  }

  /// `u8[8]` and `u8[]` are byte strings, other arrays have elements.
  private func array(of node: Node, _ count: String, _ whole: Node, _ reader: KeyReader) -> PayloadType? {
    if let word = node.scalar, Self.bitmaps.contains(word) { return bitmap(word, count, whole, reader) }
    guard let element = type(named: node, reader) else { return nil }
    var size: Expression?
    if !count.isEmpty {
      size = Node(.scalar(count, .plain), at: whole.range).expression(in: scope, as: .integer, faults)
      if size == nil { return nil }
    }
    let array: PayloadType
    if case .integer(let integer) = element, integer.size == 1, !integer.isSigned {
      array = .bytes(size: size)
    } else {
      array = .array(of: element, count: size)
    }
    let isKnown = size?.constant?.integer != nil && element.fixedSize != nil
    return isKnown && array.fixedSize == nil ? tooLarge("array", whole) : array
  }

  private static let bitmaps = ["bitmap", "bitmap-msb0"]

  private func bitmap(_ word: String, _ count: String, _ node: Node, _ reader: KeyReader) -> PayloadType? {
    guard let bits = IntegerLiteral.parse(count), bits > 0, bits <= Int128(8 * PayloadType.mostBytes) else {
      faults.error("schema-payload", "a bitmap needs its number of bits: '\(word)[64]'", at: node.range)
      return nil
    }
    return .bitmap(
      BitmapType(
        count: Int(bits), isMSB0: word == "bitmap-msb0", wordSize: scope.wordSize, description: description(reader)))
  }

  /// Reports a size that a payload cannot have. Returns nil, as for every payload with faults.
  private func tooLarge<Part>(_ what: String, _ node: Node) -> Part? {
    faults.error(
      "schema-payload",
      "the size of this \(what) is negative or more than the \(PayloadType.mostBytes) bytes of a payload",
      at: node.range)
    return nil
  }

  private static let integerNames = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"]

  private func integer(named name: String, _ reader: KeyReader) -> IntegerType? {
    let width: Int
    switch name {
    case "long", "ulong": width = scope.wordSize
    default:
      guard Self.integerNames.contains(name), let bits = Int(name.dropFirst()) else { return nil }
      width = bits / 8
    }
    let isSigned = name.hasPrefix("i") || name == "long"
    return IntegerType(size: width, isSigned: isSigned, description: description(reader))
  }

  /// Reads the keys that describe an integer in a payload, a key or an argument.
  func description(_ reader: KeyReader) -> IntegerDescription {
    let result = IntegerDescription()
    result.unit = reader.string("unit")
    result.notation = result.unit.flatMap(scope.notation)
    if faults.isThorough, let unit = result.unit { check(unit, at: reader["unit"]?.range) }
    result.align = reader.integer("align")
    result.doc = reader.string("doc")
    if let node = reader["values"] {
      if let items = node.items {
        result.values = items.compactMap { $0.integer(named: "values", faults) }
      } else if let range = node.scalar?.integerRange, range.first <= range.last {
        result.range = (range.first, range.last)
      } else {
        faults.error("schema-type", "'values' must be LOWEST..HIGHEST or a list", at: node.range)
      }
    }
    if let node = reader["names"] {
      result.names = names(node)
      result.column = node.scalar?.split(separator: ".").last.map(String.init)
      result.constants = (node.entries ?? []).flatMap { $0.value.entries ?? [] }.map(\.key.value).filter(\.isConstant)
    }
    if let reserved = reader.string("reserved") {
      result.isUnchecked = reserved == "ignored"
      if !["zero", "ignored"].contains(reserved) {
        faults.error("schema-type", "'reserved' must be zero or ignored", at: reader["reserved"]?.range)
      }
    }
    for entry in reader["flags"]?.entries ?? [] {
      if let bit = entry.value.integer(named: entry.key.value, faults), (0..<64).contains(bit) {
        result.flags.append((entry.key.value, Int(bit)))
      }
    }
    return result
  }

  /// The units that need no declaration.
  private static let units = ["address", "bytes", "intid", "spi", "ppi", "gsi"]

  private func check(_ unit: String, at range: SourceRange?) {
    let known = Self.units + scope.unitNames
    if known.contains(unit) { return }
    let hint = known.suggestion(for: unit)
    faults.error(
      "schema-unknown-name", "there is no unit '\(unit)'" + (hint.isEmpty ? "; declare it under 'units'" : hint),
      at: range)
  }

  /// Reads names of values: a mapping, or the column of a table, `v3_distributor.offset`.
  private func names(_ node: Node) -> ValueNames {
    if let text = node.scalar { return names(fromColumn: text, at: node.range) }
    let entries = node.entries ?? []
    func reader(_ entry: Entry, _ faults: Findings) -> KeyReader {
      KeyReader(entry.value, keys: ["number", "since", "until", "doc"], of: "a name", faults)
    }
    let names = entries.compactMap { entry -> ValueNames.Element? in
      guard entry.value.entries != nil else {
        return entry.value.integer(named: entry.key.value, faults).map { (entry.key.value, $0) }
      }
      let reader = reader(entry, faults)
      if let release = scope.release, !reader.lifetime().mayInclude(release) { return nil }
      let number = reader.constants.first?.value.node ?? reader["number"]
      return number?.integer(named: "number", faults).map { (entry.key.value, $0) }
    }
    return ValueNames(
      names,
      absence: { [scope] name in
        entries.first { $0.key.value == name && $0.value.entries != nil }
          .flatMap { scope.absence("'\(name)'", reader($0, Findings()).lifetime()) }
      })
  }

  private func names(fromColumn text: String, at range: SourceRange) -> ValueNames {
    let parts = text.split(separator: ".").map(String.init)
    guard parts.count == 2, case .constant(.table(let table), _) = scope.meaning(of: parts[0]) else {
      faults.error("schema-unknown-name", "'names' must be a mapping or a column, TABLE.COLUMN", at: range)
      return ValueNames()
    }
    let names = ValueNames(
      table, column: parts[1], absence: { [scope] in scope.absence(ofRow: $0, inTable: parts[0]) })
    if names == nil {
      faults.error("schema-type", "the rows of table '\(parts[0])' need 'name' and '\(parts[1])'", at: range)
    }
    return names ?? ValueNames()
  }

  /// Reads the bit fields of an integer, of a key or of an argument.
  func bitFields(_ node: Node?, isKey: Bool = false) -> [BitField] {
    var used: Int128 = 0
    return (node?.entries ?? []).compactMap { entry in
      let reader = KeyReader(entry.value, keys: ["bits"] + Self.descriptionKeys, of: "a bit field", faults)
      guard let bits = reader["bits"] ?? reader.constants.first?.value.node, let (high, low) = bits.bitRange(faults)
      else {
        if reader["bits"] == nil, reader.constants.isEmpty {
          faults.error("schema-type", "bit field '\(entry.key.value)' needs 'bits'", at: entry.key.range)
        }
        return nil
      }
      let description = description(reader)
      var field = BitField(
        name: entry.key.value, high: high, low: low, isInPlace: description.unit == "address",
        description: description)
      if isKey, reader["default"]?.scalar == "bytes(value)" {
        (field.initial, field.isPayloadLength) = (0, true)
      } else {
        field.initial = reader.integer("default")
      }
      field.isReserved = reader.has("reserved")
      if used & field.mask != 0 {
        faults.error("schema-overlap", "bit field '\(field.name)' overlaps an earlier one", at: bits.range)
      }
      used |= field.mask
      return field
    }
  }
}

// MARK: Structs

extension PayloadReader {
  private func structure(named name: String, at range: SourceRange) -> PayloadType? {
    guard let entry = scope.structure(name) else {
      let hint = scope.structureNames.suggestion(for: name)
      faults.error("schema-unknown-name", "there is no struct '\(name)'\(hint)", at: range)
      return nil
    }
    guard let entries = entry.value.node.entries, !entries.isEmpty else {
      faults.error("schema-type", "struct '\(name)' must be a mapping from members to types", at: entry.key.range)
      return nil
    }
    var fields: [StructureField] = []
    for entry in entries {
      if let field = entry.value[key: "switch"].map({ union(entry, $0, after: fields, of: name) }) ?? member(entry) {
        fields.append(field)
      }
    }
    guard fields.count == entries.count else { return nil }
    for (field, entry) in zip(fields, entries) {
      if field.type.openElement != nil, field.name != fields.last?.name {
        faults.error("schema-payload", "an array of any length must be the last member", at: entry.value.range)
        return nil
      }
      if let list = field.counts, fields.last?.name != list || fields.last?.type.openElement == nil {
        faults.error(
          "schema-payload", "'size(\(list))' must name an array of any length at the end of the struct",
          at: entry.value.range)
        return nil
      }
    }
    let isKnown = fields.allSatisfy { $0.type.fixedSize != nil }
    let type = StructureType(name: name, fields: fields)
    return isKnown && type.layout == nil ? tooLarge("struct", entries[0].value) : .structure(type)
  }

  private func member(_ entry: Entry) -> StructureField? {
    var node = entry.value
    var count: Int?
    // The elements of an array are the member's values, and have its description.
    if let text = node[key: "type"] ?? (node.scalar == nil ? nil : node),
      let (element, size) = text.scalar?.arraySuffix, element != "u8", !Self.bitmaps.contains(element),
      !element.hasPrefix("pointer to "), !size.isEmpty
    {
      guard let number = IntegerLiteral.parse(size) else {
        faults.error("schema-payload", "the size of an array in a struct must be a number", at: text.range)
        return nil
      }
      count = Int(clamping: number)
      let type = Node(.scalar(element, .plain), at: text.range)
      node =
        node.scalar != nil
        ? type
        : Node(
          .mapping((node.entries ?? []).map { $0.key.value == "type" ? Entry(key: $0.key, value: type) : $0 }),
          at: node.range)
    }
    guard let type = type(node) else { return nil }
    if type.openEnd != nil {
      faults.error(
        "schema-payload", "a struct that ends with an array of any length cannot be a member", at: entry.value.range)
      return nil
    }
    var field = StructureField(
      name: entry.key.value, type: type, count: count, isReserved: node[key: "reserved"] != nil,
      doc: node[key: "doc"]?.scalar)
    if let value = node[key: "default"] {
      if let size = value.scalar, size.hasPrefix("size("), size.hasSuffix(")") {
        field.counts = String(size.dropFirst(5).dropLast())
      } else {
        field.initial = value.integer(named: "default", faults)
      }
    }
    return field
  }

  /// A member that depends on an earlier one: `{switch: MEMBER, cases}`.
  private func union(
    _ entry: Entry, _ subject: Node, after earlier: [StructureField], of name: String
  ) -> StructureField? {
    let reader = KeyReader(entry.value, keys: ["switch", "cases", "doc"], of: "a union", faults)
    guard let tag = earlier.first(where: { $0.name == subject.scalar && $0.count == nil }),
      case .integer(let integer) = tag.type
    else {
      faults.error(
        "schema-payload", "'switch' must name an earlier member of '\(name)' that is an integer", at: subject.range)
      return nil
    }
    let entries = reader["cases"]?.entries ?? []
    if entries.isEmpty {
      faults.error("schema-type", "'switch' needs 'cases', a mapping", at: reader["cases"]?.range ?? subject.range)
    }
    let cases = entries.compactMap { one -> UnionCase? in
      guard let type = type(one.value) else { return nil }
      if type.fixedSize == nil {
        faults.error("schema-payload", "the case of a union must have a fixed size", at: one.value.range)
        return nil
      }
      if one.key.value == "else" {
        if one.key.range != entries.last?.key.range {
          faults.error("schema-type", "'else' must be the last case", at: one.key.range)
        }
        return UnionCase(name: "else", values: [], type: type)
      }
      guard let values = values(of: one.key, integer.description, tag.name) else { return nil }
      return UnionCase(name: one.key.value, values: values, type: type)
    }
    guard !entries.isEmpty, cases.count == entries.count else { return nil }
    return StructureField(
      name: entry.key.value, type: .union(UnionType(tag: tag.name, cases: cases)), isReserved: false,
      doc: reader.string("doc"))
  }

  /// The values of a case such as `mask, 0..7`: names of values, numbers and ranges.
  private func values(
    of key: Located, _ description: IntegerDescription, _ tag: String
  ) -> [ClosedRange<Int128>]? {
    var values: [ClosedRange<Int128>] = []
    for piece in key.value.split(separator: ",") {
      let word = piece.trimmingBlanks
      if let value = description.names.value(of: word) {
        values.append(value...value)
      } else if let range = word.integerRange, range.first <= range.last {
        values.append(range.first...range.last)
      } else {
        let hint = description.names.map(\.name).suggestion(for: word)
        faults.error("schema-payload", "'\(word)' is not a value of '\(tag)'\(hint)", at: key.range)
        return nil
      }
    }
    return values
  }
}

extension String {
  /// The element and the count of `u8[40]`; nil if it is not an array.
  fileprivate var arraySuffix: (element: String, count: String)? {
    guard hasSuffix("]"), let open = lastIndex(of: "[") else { return nil }
    return (String(self[..<open]), String(self[index(after: open)...].dropLast()))
  }
}
