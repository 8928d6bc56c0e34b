import DeviceSchema
import Expressions
import Vocabulary

/// The attribute calls on a descriptor, as far as they have been made.
struct FileCalls {
  let file: SchemaFile
  /// The stages before the lookup of the group, by call.
  var openings: [[CallStage]?] = [nil, nil, nil]
  /// The groups with a number, in order, up to the first that always exists.
  var groups: [(number: UInt32, groups: [GroupID])] = []
  /// The rules for calls on a group that does not exist, by call.
  var unknownGroups: [BlockID?] = [nil, nil, nil]
}

typealias GroupID = Int32
typealias AttributeCallID = Int32

struct GroupCalls {
  let schema: GroupSchema
  /// Whether it may be missing from this release.
  var isUncertain: Bool
  var when: ExpressionID?
  /// The group's attributes that may exist in this release.
  var attributes: Range<AttributeCallID>
  /// The calls on numbers that no attribute has.
  var unknown: AttributeCallID
}

/// The calls on an attribute, as far as they have been made.
struct AttributeCalls {
  /// Nil for the calls on numbers that no attribute of the group has.
  let schema: AttributeSchema?
  /// Whether it may be missing from this release.
  var isUncertain = false
  var when: ExpressionID?
  /// The payloads, once they are compiled; the first whose condition holds is used.
  var payloads: [PayloadCode]?
  /// The stages after the lookup, by call.
  var courses: [[CallStage]?] = [nil, nil, nil]
}

/// One of the types that a payload can have.
struct PayloadCode {
  var when: ExpressionID?
  var type: PayloadType
  /// The number of elements, if the key decides it.
  var count: ExpressionID?
}

/// The numbers of an attribute, and what its key is made of.
struct AttributeNumberCode {
  enum Test {
    case any
    case exactly(UInt64)
    /// A number of these bits, on top of a base.
    case bits(UInt64, base: UInt64)
  }

  var test: Test
  var shape: ShapeID
  var fields: [KeyField]

  /// The number without its base; nil if it does not belong to the attribute.
  func raw(_ number: UInt64) -> UInt64? {
    switch test {
    case .any: return 0
    case .exactly(let own): return number == own ? 0 : nil
    case .bits(let mask, let base):
      guard number >= base, (number - base) & ~mask == 0 else { return nil }
      return number - base
    }
  }
}

/// A field of a key.
struct KeyField {
  var mask: UInt64
  var shift: UInt64
}

/// A stage of a call on an attribute, compiled.
enum CallStage {
  case rules(BlockID)
  /// The rules for what the lookup at a stage does not find. They end the call.
  case otherwise(BlockID, CallSequence.Stage)
}

/// A value that a call writes.
enum CallValueCode {
  case expression(ExpressionID)
  case fields([(name: String, value: ExpressionID)])
}

extension AttributeAccess {
  var index: Int {
    switch self {
    case .set: 0
    case .get: 1
    case .has: 2
    }
  }
}

// MARK: Compilation

extension Program {
  mutating func number(of file: SchemaFile) -> FileID {
    if let known = files.firstIndex(where: { $0.file === file }) { return FileID(known) }
    let number = FileID(files.count)
    files.append(FileCalls(file: file))
    return number
  }

  /// The stages of a call before the lookup of the group.
  mutating func opening(_ number: FileID, _ access: AttributeAccess) -> [CallStage] {
    if let known = files[Int(number)].openings[access.index] { return known }
    let sequence = CallSequence(catalogue, files[Int(number)].file, access)
    let stages = stages(sequence, [.vmRules, .fileRules, .descriptorRules])
    files[Int(number)].openings[access.index] = stages
    return stages
  }

  /// The groups that may have a number, in order.
  mutating func groups(numbered number: UInt32, of file: FileID) -> [GroupID] {
    if let known = files[Int(file)].groups.first(where: { $0.number == number }) { return known.groups }
    var found: [GroupID] = []
    for group in files[Int(file)].file.groups where group.number == number {
      let exists = group.lifetime.includes(catalogue.release)
      if exists == false { continue }
      found.append(compile(group, isUncertain: exists == nil))
      if exists == true, group.when == nil { break }
    }
    files[Int(file)].groups.append((number, found))
    return found
  }

  private mutating func compile(_ group: GroupSchema, isUncertain: Bool) -> GroupID {
    let first = AttributeCallID(attributes.count)
    for attribute in group.attributes {
      let exists = attribute.lifetime.includes(catalogue.release)
      if exists == false { continue }
      attributes.append(
        AttributeCalls(schema: attribute, isUncertain: exists == nil, when: attribute.when.map { compile($0) }))
      attributeNumbers.append(numbers(of: attribute))
    }
    let unknown = AttributeCallID(attributes.count)
    attributes.append(AttributeCalls(schema: nil))
    attributeNumbers.append(AttributeNumberCode(test: .any, shape: 0, fields: []))
    groups.append(
      GroupCalls(
        schema: group, isUncertain: isUncertain, when: group.when.map { compile($0) }, attributes: first..<unknown,
        unknown: unknown))
    return GroupID(groups.count - 1)
  }

  mutating func payloads(
    of id: AttributeCallID, in group: GroupID
  ) -> [PayloadCode] {
    if let known = attributes[Int(id)].payloads { return known }
    let group = groups[Int(group)].schema
    let payloads = (attributes[Int(id)].schema.map(group.payloads) ?? group.payloads)
      .map { when, type in
        PayloadCode(when: when.map { compile($0) }, type: type, count: type.variableCount.map { compile($0) })
      }
    attributes[Int(id)].payloads = payloads
    return payloads
  }

  private mutating func numbers(of attribute: AttributeSchema) -> AttributeNumberCode {
    let shape = shapes.shape(.value, attribute.keyFields.map { shapes.name($0.name.identifier) })
    switch attribute.number {
    case .any: return AttributeNumberCode(test: .any, shape: shape, fields: [])
    case .exactly(let own): return AttributeNumberCode(test: .exactly(own), shape: shape, fields: [])
    case .keys(let fields, let base):
      let codes = fields.map { field in
        KeyField(mask: UInt64(truncatingIfNeeded: field.mask), shift: field.isInPlace ? 0 : UInt64(field.low))
      }
      let mask = codes.reduce(0) { $0 | $1.mask }
      return AttributeNumberCode(test: .bits(mask, base: base), shape: shape, fields: codes)
    }
  }

  /// The rules for calls on a group that does not exist.
  mutating func unknownGroup(_ file: FileID, _ access: AttributeAccess) -> BlockID {
    if let known = files[Int(file)].unknownGroups[access.index] { return known }
    let block = block(of: CallSequence(catalogue, files[Int(file)].file, access).unknownGroup)
    files[Int(file)].unknownGroups[access.index] = block
    return block
  }

  /// The stages of a call after the lookup of the group.
  mutating func course(
    _ id: AttributeCallID, of group: GroupID, _ file: FileID, _ access: AttributeAccess
  ) -> [CallStage] {
    if let known = attributes[Int(id)].courses[access.index] { return known }
    var sequence = CallSequence(catalogue, files[Int(file)].file, access)
    sequence.find(groups[Int(group)].schema, attributes[Int(id)].schema)
    let course = stages(sequence, [.groupRules, .attribute, .attributeRules])
    attributes[Int(id)].courses[access.index] = course
    return course
  }

  private mutating func stages(_ sequence: CallSequence, _ stages: [CallSequence.Stage]) -> [CallStage] {
    stages.compactMap { stage in
      switch sequence.action(at: stage) {
      case nil: nil
      case .rules(let rules)?: .rules(block(of: rules))
      case .otherwise(let rules)?: .otherwise(block(of: rules), stage)
      }
    }
  }
}
