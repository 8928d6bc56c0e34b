import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// Turns the values of a manifest into the bytes that the kernel reads.
///
/// A value that a payload cannot hold (a wrong type, a number that is too wide, an unknown name, a missing field)
/// cannot be sent and is reported. Whether the kernel accepts what can be sent is decided only by the schema's rules.
struct PayloadEncoder {
  /// What the values of one manifest can refer to.
  final class Surroundings {
    let findings: Findings
    let byteStrings: ByteStringReader
    let isBigEndian: Bool
    /// The manifest's files, in the order of the plan's.
    var files: [PlanFile]
    var parameters: LoadedParameters
    /// The device slots of the devices and descriptors that steps have made so far, by name.
    var descriptors: [String: Int] = [:]
    /// The names of devices and descriptors that steps with errors would have made.
    var unknownDescriptors: Set<String> = []
    /// The expression, in quotes, that a text without `${` is meant as; nil for another text.
    var meantExpression: (String, _ hasVCPU: Bool) -> String? = { _, _ in nil }
    /// The names of files that a value cannot take, which has been reported.
    var refusedFiles: Set<String> = []
    /// The names of files that values with errors probably mean.
    var meantFiles: Set<String> = []
    /// Says which other architecture has a row of this name in a table with this column; nil if none has, or this one.
    var otherHome: (_ name: String, _ column: String) -> String? = { _, _ in nil }
    /// Where steps have closed devices and descriptors, by name.
    var closings: [String: SourceRange] = [:]
    /// The names that the manifest's steps give.
    var namesInSteps = NamesInSteps([])
    /// Whether `files` could not be read, which has been reported.
    var hasUnreadFiles = false

    init(
      findings: Findings, byteStrings: ByteStringReader, isBigEndian: Bool, files: [PlanFile] = [],
      parameters: LoadedParameters = LoadedParameters()
    ) {
      self.findings = findings
      self.byteStrings = byteStrings
      self.isBigEndian = isBigEndian
      self.files = files
      self.parameters = parameters
    }
  }

  let surroundings: Surroundings
  private var findings: Findings { surroundings.findings }
  private var byteStrings: ByteStringReader { surroundings.byteStrings }
  private var isBigEndian: Bool { surroundings.isBigEndian }
  private var files: [PlanFile] { surroundings.files }
  private var parameters: LoadedParameters { surroundings.parameters }
  /// Whether the value is in an explicit step, which may have `{fd: -1}` and leave fields out.
  var isStep = false
  /// Whether the kernel writes what pointers point to: a pointer that is left out then points to zeros.
  var fillsPointers = false

  struct Encoded {
    var payload: PayloadBytes
    var slots: [PayloadSlot] = []
  }

  /// The bytes of a value, with a mask of the bits that it gives; nil after an error, which is reported.
  func encode(_ node: Node, as type: PayloadType, name: String) -> Encoded? {
    if node.isUnexpanded, loaded(node) == nil { return nil }
    var encoded = Encoded(payload: PayloadBytes(size: size(of: type, node)))
    return encode(node, type, name, into: &encoded, at: 0) ? encoded : nil
  }

  private func size(of type: PayloadType, _ node: Node) -> Int {
    switch type {
    case .array(let element, _): return (node.items?.count ?? 0) * (element.fixedSize ?? 0)
    case .structure(let structure):
      let own = type.fixedSize ?? 0
      guard let (offset, element) = type.openEnd, let list = structure.fields.last.flatMap({ node[key: $0.name] })
      else { return own }
      return max(own, offset + (list.items?.count ?? 0) * (element.fixedSize ?? 0))
    default: return type.fixedSize ?? 0
    }
  }

  private func encode(
    _ node: Node, _ type: PayloadType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    switch type {
    case .none:
      if node.isEmpty { return true }
      findings.error(
        "unexpected-value",
        "'\(name)' takes no value; " + (isStep ? "leave out 'value'" : "write '\(name.lastWord):'"), at: node.range)
      return false
    case .integer(let type):
      if let content = loaded(node) {
        encoded.slots.append(PayloadSlot(content, offset: offset, width: type.size))
        return true
      }
      guard let value = integer(node, type.description, range: type.range, words: type.name, isModular: true, name)
      else {
        return false
      }
      encoded.payload.put(value, mask: -1, at: offset, size: type.size, bigEndian: isBigEndian)
      return true
    case .bits(let type): return bits(node, type, name, into: &encoded, at: offset)
    case .structure(let type): return structure(node, type, name, into: &encoded, at: offset)
    case .union: preconditionFailure("the struct around a union chooses its type")
    case .array(let element, _):
      guard let items = node.items else {
        findings.wrongKind(node, of: "'\(name)'", wanted: "a list")
        return false
      }
      return elements(items, element, name, into: &encoded, at: offset)
    case .bytes:
      guard let bytes = byteStrings.bytes(node, size: type.fixedSize, name: name) else { return false }
      encoded.payload.put(bytes, at: offset)
      return true
    case .pointer(let target):
      // What the pointer points to follows the payload.
      let start = encoded.payload.bytes.count
      guard let inner = encode(node, as: target, name: name) else { return false }
      encoded.payload.append(inner.payload)
      encoded.slots += inner.slots.map { $0.moved(by: start) }
      encoded.slots.append(PayloadSlot(.payload(start), offset: offset, width: PayloadType.pointerSize))
      return true
    case .bitmap(let type):
      guard let items = node.items else {
        findings.wrongKind(node, of: "'\(name)'", wanted: "a list of bits")
        return false
      }
      let bits = items.compactMap { integer($0, type.description, range: type.range, words: "bit", name) }
      if bits.count == items.count, Set(bits).count != bits.count {
        findings.warnOfRepetitions(zip(items, bits).map { (key: $1, words: "bit \($1) of '\(name)'", at: $0.range) })
      }
      encoded.payload.put(type.bytes(of: bits.map { Int($0) }, bigEndian: isBigEndian), at: offset)
      return bits.count == items.count
    case .descriptor(let type): return descriptor(node, type, name, into: &encoded, at: offset)
    }
  }

  private func elements(
    _ items: [Node], _ element: PayloadType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    var good = true
    for (i, item) in items.enumerated() {
      let place = offset + i * (element.fixedSize ?? 0)
      if !encode(item, element, name, into: &encoded, at: place) { good = false }
    }
    return good
  }
}

extension PayloadSlot {
  /// The slot of a payload that is a part of another one.
  fileprivate func moved(by distance: Int) -> PayloadSlot {
    var slot = self
    slot.offset += distance
    if case .payload(let target) = content { slot.content = .payload(target + distance) }
    return slot
  }
}

extension String {
  /// `dist` of `addr.dist`.
  var lastWord: String { split(separator: ".").last.map(String.init) ?? self }
}

extension PayloadEncoder {
  /// The content of a value that is supplied at load time as a whole; nil for other values.
  fileprivate func loaded(_ node: Node) -> PayloadSlot.Content? {
    guard surroundings.parameters.hasAny, let text = node.scalar else { return nil }
    if text == Parameters.vcpuIndex { return .vcpuIndex }
    return parameters.index(of: text).map { .parameter($0) }
  }

  private func origin(_ content: PayloadSlot.Content) -> String {
    if case .parameter(let index) = content {
      parameters.origin(index)
    } else {
      "the vCPU's index is supplied at load time"
    }
  }

  /// Reports a value that is supplied at load time in a place where it cannot be.
  fileprivate func refuseLoaded(_ node: Node, _ name: () -> String) {
    guard let content = loaded(node) else { return }
    findings.error(
      "load-parameter",
      "\(origin(content)), but '\(name())' is needed earlier; "
        + "only values of attributes can use it", at: node.range)
  }
}

// MARK: Integers

extension PayloadEncoder {
  /// The value of a number, a name or a list of flags.
  ///
  /// - Parameters:
  ///   - words: the type for messages, such as `u32`.
  ///   - isModular: whether the value may be an offset, which is a number modulo 2^64.
  ///   - name: the name of the value for messages.
  func integer(
    _ node: Node, _ description: IntegerDescription, range: ClosedRange<Int128>,
    words: @autoclosure () -> String, isModular: Bool = false, _ name: @autoclosure () -> String
  ) -> Int128? {
    refuseLoaded(node, name)
    if node.isUnexpanded { return nil }
    if let items = node.items, !description.flags.isEmpty {
      var value: Int128 = 0
      for item in items {
        guard let bit = flag(item, description, name()) else { return nil }
        value |= bit
      }
      return value
    }
    guard let text = node.scalar else {
      // `{a + b}` is a mapping.
      let key = node.entries.flatMap { $0.count == 1 && $0[0].value.isEmpty ? $0[0].key.value : nil }
      let meant = key.flatMap { surroundings.meantExpression("{\($0)}", !isStep) }
      findings.wrongKind(
        node, of: "'\(name())'", wanted: description.names.isEmpty ? "an integer" : "an integer or a name",
        notes: meant.map { [Note("did you mean \($0)?")] } ?? [],
        fixIts: meant.map { [FixIt(replace: node.range, with: $0)] } ?? [])
      return nil
    }
    if node.isEmpty {
      findings.error("missing-value", "'\(name())' needs a value: \(words().article) \(words())", at: node.range)
      return nil
    }
    guard let value = IntegerLiteral.parse(text) ?? description.notation?.parse(text) else {
      if let named = description.names.value(of: text) { return named }
      if let bit = description.flags.first(where: { $0.name == text }) { return 1 << Int128(bit.bit) }
      let meant = notAnInteger(text, description, node.range)
      // Only another case is certainly the same name.
      return meant.flatMap { $0.lowercased() == text.lowercased() ? description.names.value(of: $0) : nil }
    }
    guard range.contains(value) else {
      let wrapped =
        isModular && value < 0 && range == 0...Int128(UInt64.max) ? UInt64(truncatingIfNeeded: value) : nil
      findings.error(
        "value-out-of-range",
        "\(text) does not fit '\(name())', \(words().article) \(words()): it holds \(hexadecimal(range.lowerBound, from: 0x1_0000)) to \(hexadecimal(range.upperBound, from: 0x1_0000))",
        at: node.range, notes: wrapped.map { [Note("modulo 2^64 it is \(hexadecimal($0))")] } ?? [])
      return nil
    }
    return value
  }

  private func flag(_ node: Node, _ description: IntegerDescription, _ name: String) -> Int128? {
    if let text = node.scalar, let flag = description.flags.first(where: { $0.name == text }) {
      return 1 << Int128(flag.bit)
    }
    findings.unknown(
      "unknown-name", "'\(name)' has no flag", node.scalar ?? node.kind, among: description.flags.map(\.name),
      at: node.range)
    return nil
  }

  /// Reports a text that is not an integer. Returns the known name that it probably means; nil if no name is near.
  private func notAnInteger(_ text: String, _ description: IntegerDescription, _ range: SourceRange) -> String? {
    if let absence = description.names.absence(of: text) {
      findings.error("unknown-name", absence, at: range)
      return nil
    }
    let hasNames = !description.names.isEmpty || !description.flags.isEmpty
    let expression = surroundings.meantExpression(text, !isStep)
    if expression == nil, let first = text.utf8.first, hasNames, !first.isDigit, first != 0x2D {
      return findings.unknown(
        "unknown-name", "unknown name", text, among: description.names.map(\.name) + description.flags.map(\.name),
        elsewhere: { name in description.column.flatMap { surroundings.otherHome(name, $0) } }, at: range)?.name
    }
    var notes: [Note] = []
    var fixIts: [FixIt] = []
    if let mended = expression ?? Self.mended(text) ?? Self.withoutMark(text, isAtLineEnd: range.isAtLineEnd) {
      notes.append(Note("did you mean \(mended)?"))
      fixIts.append(FixIt(replace: range, with: mended))
    }
    let form =
      description.notation.map { "a valid \($0.unit): write \($0.form), as in \($0.example), or an integer" }
      ?? "an integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB at the end"
    findings.error(
      "bad-integer", "'\(text)' is not \(form)",
      at: range, notes: notes, fixIts: fixIts)
    return nil
  }

  /// `256` for `256;`, and `256 # lines` for `256# lines` and `256 // lines`; nil for another text.
  ///
  /// - Parameter isAtLineEnd: whether nothing follows, so that a comment is possible.
  private static func withoutMark(_ text: String, isAtLineEnd: Bool) -> String? {
    for mark in ["#", ";", "//"] {
      guard let range = text.firstRange(of: mark) else { continue }
      let number = text[..<range.lowerBound].filter { $0 != " " }
      let comment = text[range.upperBound...].drop { $0 == " " }
      if IntegerLiteral.parse(number) == nil || !comment.isEmpty && !isAtLineEnd { continue }
      return comment.isEmpty ? number : "\(number) # \(comment)"
    }
    return nil
  }

  /// `64MiB` for `64M`, `64MB`, `64mib` or `64 MiB`, and `0` for `vcpu.0`; nil if there is no such obvious reading.
  static func mended(_ text: String) -> String? {
    // The name of a vCPU in a path.
    if text.hasPrefix("vcpu.") {
      let id = String(text.dropFirst(5))
      if IntegerLiteral.parse(id) != nil { return id }
    }
    let lower = text.lowercased().filter { $0 != " " && $0 != "," }
    for unit in IntegerLiteral.units.map(\.name) {
      let letter = unit.prefix(1).lowercased()
      // A single letter behind hexadecimal digits is rather a wrong digit.
      let letters = lower.hasPrefix("0x") ? [] : [letter]
      for suffix in [letter + "ib", letter + "b"] + letters where lower.hasSuffix(suffix) {
        let number = String(lower.dropLast(suffix.count))
        if IntegerLiteral.parse(number) != nil { return number + unit }
      }
    }
    if IntegerLiteral.parse(lower) != nil { return lower }
    // The letters O, I and l for digits.
    let digits = String(text.map { "Oo".contains($0) ? "0" : "Il".contains($0) ? "1" : $0 })
    if IntegerLiteral.parse(digits) != nil { return digits }
    // A hexadecimal number without its prefix.
    let hexadecimal = "0x" + text
    return text.utf8.count > 5 && IntegerLiteral.parse(hexadecimal) != nil ? hexadecimal : nil
  }
}

extension String {
  /// "a" or "an".
  fileprivate var article: String { hasPrefix("i") ? "an" : "a" }
}

// MARK: Records

extension PayloadEncoder {
  private func bits(
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

  private func structure(
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

  /// Whether a mapping is given to a case of a union that takes none. The cases that have its members are reported.
  private func refuseMembers(
    of value: Node, _ field: StructureField, _ type: PayloadType, _ fields: [StructureField],
    _ reader: MappingReader, _ name: String
  ) -> Bool {
    guard case .union(let union) = field.type, let entries = value.entries, !entries.isEmpty, type.members == nil else {
      return false
    }
    let owners = union.cases.filter { one in
      let members = one.type.members ?? []
      return entries.allSatisfy { entry in members.contains { $0.name == entry.key.value } }
    }
    if owners.isEmpty { return false }
    let tag = reader[union.tag]?.scalar ?? union.tag
    let names: ValueNames? =
      if case .integer(let integer)? = fields.first(where: { $0.name == union.tag })?.type {
        integer.description.names
      } else { nil }
    let words = owners.map { one in one.values.first.flatMap { names?.name(of: $0.lowerBound) } ?? one.name }
    findings.error(
      "wrong-kind", "'\(name)' of \(tag) is no mapping; these members belong to \(words.listed("or"))", at: value.range)
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

// MARK: Descriptors

extension PayloadEncoder.Surroundings {
  /// Whether the reason for a missing device or descriptor is known: a step has closed it, which is reported here, or an
  /// error in the step that would have made it.
  func refuseMissing(_ name: String, at range: SourceRange) -> Bool {
    if unknownDescriptors.contains(name) { return true }
    let closing = closings[name]
    let making = closing == nil ? namesInSteps.place(ofStepMaking: name, after: range) : nil
    guard closing != nil || making != nil else { return false }
    // Each is reported once.
    unknownDescriptors.insert(name)
    if let closing {
      let notes = [Note("it is closed here", at: closing)]
      findings.error("unknown-device", "a step above has closed '\(name)'", at: range, notes: notes)
    } else if let making {
      findings.error(
        "unknown-device", "a step below makes '\(name)', and only the steps after it can use it", at: range,
        notes: [Note("it is made here", at: making)])
    }
    return true
  }
}

extension PayloadEncoder {
  private func descriptor(
    _ node: Node, _ type: DescriptorType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    if let bare = node[key: "fd"], node.entries?.count == 1 {
      guard isStep else {
        findings.error(
          "bad-descriptor", "'fd' is allowed only in 'steps'; use the name of an entry in 'files'", at: node.range)
        return false
      }
      let type = IntegerType(size: 4, isSigned: true)
      guard let value = integer(bare, IntegerDescription(), range: type.range, words: type.name, name) else {
        return false
      }
      encoded.payload.put(value, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
      return true
    }
    guard let word = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "'\(name)'", wanted: "the name of an entry in 'files'")
      return false
    }
    guard let i = files.firstIndex(where: { $0.name == word }) else {
      if let file = files.first(where: { $0.path == word || $0.path.hasSuffix("/\(word)") }) {
        surroundings.meantFiles.insert(file.name)
        findings.error(
          "unknown-file", "there is no file '\(word)'; that is the path of '\(file.name)'", at: node.range,
          fixIts: [FixIt(replace: node.range, with: file.name)])
        return false
      }
      if isStep, IntegerLiteral.parse(word) != nil {
        findings.error(
          "unknown-file", "there is no file '\(word)'; did you mean '{fd: \(word)}'?", at: node.range,
          fixIts: [FixIt(replace: node.range, with: "{fd: \(word)}")])
        return false
      }
      if let slot = surroundings.descriptors[word] {
        encoded.payload.put(0, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
        encoded.slots.append(.device(slot, offset: offset))
        return true
      }
      if surroundings.hasUnreadFiles || surroundings.refuseMissing(word, at: node.range) { return false }
      let notes =
        files.isEmpty ? [Note("the manifest has no 'files'; add 'files: {\(word): PATH}' at its top level")] : []
      let meant = findings.unknown(
        "unknown-file", "there is no file", word, among: files.map(\.name), at: node.range, notes: notes)
      if let meant { surroundings.meantFiles.insert(meant.name) }
      return false
    }
    let path = files[i].path
    guard let pattern = type.pattern, FilePattern.matches(path, pattern), !path.split(separator: "/").contains("..")
    else {
      guard surroundings.refusedFiles.insert(word).inserted else { return false }
      let allowed = type.pattern.map { "only \($0) may be opened for it" } ?? "no file may be opened for it"
      findings.error(
        "file-not-allowed", "'\(name)' cannot take '\(path)': \(allowed)", at: files[i].at,
        notes: [Note("the file is used here", at: node.range)])
      return false
    }
    encoded.payload.put(0, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
    encoded.slots.append(.file(i, offset: offset))
    return true
  }
}
