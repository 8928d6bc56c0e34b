import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

// Bit fields and structs.
extension PayloadEncoder {
  func bits(
    _ node: Node, _ type: BitsType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    guard node.entries != nil else {
      if let content = loaded(node) {
        encoded.slots.append(PayloadSlot(content, offset: offset, width: type.size))
        return true
      }
      let integer = type.integer
      guard let value = self.integer(node, IntegerDescription(), range: integer.range, words: integer.name, name)
      else {
        return false
      }
      encoded.payload.put(value, mask: -1, at: offset, size: type.size, bigEndian: isBigEndian)
      return true
    }
    let reader = MappingReader(
      node, of: "'\(name)'", keys: type.fields.map(\.name), findings,
      unoffered: type.fields.filter(\.isReserved).map(\.name),
      lists: type.fields.filter { !$0.description.flags.isEmpty }.map(\.name))
    guard let (value, mask, loaded) = fields(type.fields, reader, name, canBeLoaded: true) else { return false }
    for (field, content) in loaded {
      encoded.slots.append(
        PayloadSlot(
          content, offset: offset, width: type.size, shift: field.low, bits: field.high - field.low + 1,
          dropped: field.isInPlace ? field.low : 0))
    }
    encoded.payload.put(value, mask: mask, at: offset, size: type.size, bigEndian: isBigEndian)
    return true
  }

  /// The integer that the bit fields of a mapping give, and the bits that the mapping names; nil if a field is wrong.
  ///
  /// - Parameter canBeLoaded: whether the value of a field can be a parameter that is supplied at load time.
  /// - Returns: also the fields with such values.
  func fields(
    _ fields: [BitField], _ reader: MappingReader, _ name: String, canBeLoaded: Bool = false
  ) -> (value: Int128, mask: Int128, loaded: [(BitField, PayloadSlot.Content)])? {
    var loaded: [(BitField, PayloadSlot.Content)] = []
    var value: Int128 = 0
    var mask: Int128 = 0
    let hasUnknownKey = reader.entries.contains { entry in
      !fields.contains { $0.name == entry.key.value } && isField(entry)
    }
    var good = !hasUnknownKey
    for field in fields {
      guard let node = reader[field.name] else {
        if let initial = field.initial, let placed = field.place(initial) {
          value |= placed
        } else if !isStep {
          // A key with another name is reported already, and is probably this one.
          if hasUnknownKey { continue }
          let doc = field.description.doc.map { ": \($0)" } ?? ""
          findings.error(
            "missing-key", "'\(name)' needs '\(field.name)'\(doc)", at: reader.node.range.firstLine)
          good = false
        }
        continue
      }
      if canBeLoaded, let content = self.loaded(node) {
        loaded.append((field, content))
        mask |= field.mask
        continue
      }
      guard let placed = place(node, field, name) else {
        good = false
        continue
      }
      value |= placed
      mask |= field.mask
    }
    return good ? (value, mask, loaded) : nil
  }

  /// Whether an entry is meant as a field; `value` and similar keys are allowed beside the fields of a key.
  private func isField(_ entry: Entry) -> Bool {
    !["value", "optional", "flags", "for-each"].contains(entry.key.value)
  }

  /// The bits of a field's value, moved to their place.
  private func place(_ node: Node, _ field: BitField, _ name: String) -> Int128? {
    guard
      let value = integer(
        node, field.description, range: field.range,
        words: "field of " + counted(field.high - field.low + 1, "bit"), "\(name).\(field.name)")
    else { return nil }
    if let placed = field.place(value) { return placed }
    findings.error(
      "value-out-of-range",
      "\(node.scalar ?? "") does not fit '\(name).\(field.name)': it holds multiples of \(hexadecimal(Int128(1) << Int128(field.low), from: 0x1_0000)) up to \(hexadecimal(field.mask, from: 0x1_0000))",
      at: node.range)
    return nil
  }

  func structure(
    _ node: Node, _ structure: StructureType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    let fields = structure.fields
    guard node.entries != nil else {
      // Numbers of elements are filled in.
      let names = fields.filter { $0.counts == nil }.map(\.name)
      findings.wrongKind(node, of: "'\(name)'", wanted: "a mapping with \(names.joined(separator: ", "))")
      return false
    }
    let reader = MappingReader(
      node, of: "'\(name)'", keys: fields.map(\.name), findings,
      unoffered: fields.filter(\.isReserved).map(\.name),
      lists: fields.filter { $0.count != nil || $0.type.takesList }.map(\.name), home: { fields.home(ofMember: $0) })
    guard let layout = structure.layout else { return false }
    var good = !reader.entries.contains { entry in !fields.contains { $0.name == entry.key.value } }
    var wrong: Set<String> = []
    for (field, start) in zip(fields, layout.offsets) {
      guard let value = reader[field.name] else {
        if let list = field.counts, let size = field.type.fixedSize {
          let count = reader[list]?.items?.count ?? 0
          encoded.payload.put(Int128(count), mask: -1, at: offset + start, size: size, bigEndian: isBigEndian)
        }
        // A value that is read is not compared with it.
        if let initial = field.initial, let size = field.type.fixedSize {
          encoded.payload.put(initial, mask: 0, at: offset + start, size: size, bigEndian: isBigEndian)
        }
        // Descriptor 0 is the standard input.
        if case .descriptor = field.type {
          encoded.payload.put(-1, mask: 0, at: offset + start, size: 4, bigEndian: isBigEndian)
        }
        if fillsPointers, reader[field.unionTag ?? ""] != nil || field.unionTag == nil,
          case .pointer(let target)? = type(of: field, reader, fields, layout, name, encoded, at: offset)
        {
          let place = encoded.payload.bytes.count
          encoded.payload.append(PayloadBytes(size: target.fixedSize ?? 0))
          encoded.slots.append(PayloadSlot(.payload(place), offset: offset + start, width: PayloadType.pointerSize))
        }
        continue
      }
      let path = "\(name).\(field.name)"
      if let count = field.count {
        guard let items = value.items, items.count <= count else {
          findings.error(
            "wrong-kind", "'\(path)' is a list of at most \(count) elements", at: value.range)
          good = false
          continue
        }
        if !elements(items, field.type, path, into: &encoded, at: offset + start) { good = false }
      } else if let tag = field.unionTag, wrong.contains(tag) {
        // Its type is unknown.
        continue
      } else {
        guard let type = self.type(of: field, reader, fields, layout, name, encoded, at: offset),
          !refuseMembers(of: value, field, type, fields, reader, path),
          encode(value, type, path, into: &encoded, at: offset + start)
        else {
          good = false
          wrong.insert(field.name)
          continue
        }
      }
    }
    return good
  }

  /// Whether a mapping has only members of other cases of a union than the chosen one, which are reported.
  private func refuseMembers(
    of value: Node, _ field: StructureField, _ type: PayloadType, _ fields: [StructureField],
    _ reader: MappingReader, _ name: String
  ) -> Bool {
    guard case .union(let union) = field.type, let entries = value.entries, !entries.isEmpty,
      !entries.contains(where: { type.hasMember($0.key.value) })
    else { return false }
    let owners = union.cases.filter { one in
      let members = one.type.members ?? []
      return entries.allSatisfy { entry in members.contains { $0.name == entry.key.value } }
    }
    if owners.isEmpty { return false }
    let tag = reader[union.tag]
    let names: ValueNames? =
      if case .integer(let integer)? = fields.first(where: { $0.name == union.tag })?.type {
        integer.description.names
      } else { nil }
    let words = owners.map { one in one.values.first.flatMap { names?.name(of: $0.lowerBound) } ?? one.name }
    let (what, belong) = ("'\(name)' of \(tag?.scalar ?? union.tag)", "these members belong to \(words.listed("or"))")
    if type.members == nil {
      findings.error("wrong-kind", "\(what) is no mapping; \(belong)", at: value.range)
    } else {
      findings.error(
        "unknown-key", "\(entries.map(\.key.value).named("\(what) has no key")); \(belong)", at: entries[0].key.range,
        notes: tag.map { [Note("'\(union.tag)' is here", at: $0.range)] } ?? [])
    }
    return true
  }

  /// The type of a member; of a union, the one that the members before it choose. Nil after an error, which is reported.
  private func type(
    of field: StructureField, _ reader: MappingReader, _ fields: [StructureField], _ layout: StructureLayout,
    _ name: String, _ encoded: Encoded, at offset: Int
  ) -> PayloadType? {
    guard case .union(let union) = field.type else { return field.type }
    guard let node = reader[union.tag], let i = fields.firstIndex(where: { $0.name == union.tag }) else {
      findings.error(
        "missing-key", "'\(name)' needs '\(union.tag)': \(union.cases.map(\.name).joined(separator: ", "))",
        at: reader.node.range.firstLine)
      return nil
    }
    let place = offset + layout.offsets[i]
    let bytes = encoded.payload.bytes[place..<place + (fields[i].type.fixedSize ?? 0)]
    if loaded(node) != nil {
      refuseLoaded(node) { "\(name).\(union.tag)" }
      return nil
    }
    guard case .integer(let value) = fields[i].type.decode(bytes, bigEndian: isBigEndian) else { return nil }
    if let type = union.type(for: value) { return type }
    findings.unknown(
      "unknown-name", "'\(name)' has no case", node.scalar ?? node.kind, among: union.cases.map(\.name), at: node.range)
    return nil
  }
}

extension [StructureField] {
  /// The only member whose own members, in one case at least, have this name.
  fileprivate func home(ofMember name: String) -> String? {
    let homes = filter { $0.type.hasMember(name) }
    return homes.count == 1 ? homes[0].name : nil
  }
}

extension PayloadType {
  /// The members of a struct, or of one that a pointer points to; nil for another type.
  fileprivate var members: [StructureField]? {
    switch self {
    case .structure(let type): type.fields
    case .pointer(let target): target.members
    default: nil
    }
  }

  /// Whether a value can be a mapping with this key.
  func hasMember(_ name: String) -> Bool {
    switch self {
    case .structure(let type): type.fields.contains { $0.name == name }
    case .bits(let type): type.fields.contains { $0.name == name }
    case .union(let type): type.cases.contains { $0.type.hasMember(name) }
    case .pointer(let target): target.hasMember(name)
    default: false
    }
  }

  /// Whether a value can be a list.
  var takesList: Bool {
    switch self {
    case .array, .bytes, .bitmap: true
    case .integer(let type): !type.description.flags.isEmpty
    case .union(let type): type.cases.contains { $0.type.takesList }
    case .pointer(let target): target.takesList
    case .none, .bits, .structure, .descriptor: false
    }
  }
}
