import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The rules for each of the three calls on an attribute.
package struct CallRules {
  package var set, get, has: RuleFrame?

  package subscript(access: AttributeAccess) -> RuleFrame? {
    switch access {
    case .set: set
    case .get: get
    case .has: has
    }
  }
}

/// One word of `after:` or `before:`: `ctrl.init`, or `ctrl.init: CONDITION`.
package struct OrderWord {
  /// An attribute of the same device (`ctrl.init`), `TYPE.group.attribute`, a device type, `vcpus`, `memory`, `create`.
  package var path: Located
  /// The word applies only to values or keys for which this holds.
  package var when: Expression?
}

/// A value that a call writes.
package enum CallValue {
  case expression(Expression)
  case fields([(String, Expression)])
}

/// The 64-bit numbers of an attribute.
package enum AttributeNumber {
  case exactly(UInt64)
  /// A number made of bit fields, on top of a base.
  case keys([BitField], base: UInt64)
  /// Any number, as the kernel ignores it.
  case any
}

/// The common parts of groups and attributes. They are read on first use.
package class AttributeDescription {
  final let reader: KeyReader
  package final let lifetime: Lifetime
  package final let when: Expression?
  /// The payloads; the first whose condition holds is used. An attribute without payloads uses those of its group.
  package final private(set) lazy var payloads = readPayloads()
  private final let readPayloads: () -> [(when: Expression?, type: PayloadType)]
  private final lazy var set = readCall(self, .set)
  private final lazy var get = readCall(self, .get)
  private final lazy var has = readCall(self, .has)
  private final let readCall: (AttributeDescription, AttributeAccess) -> RuleFrame?
  /// For the planner: the parts of the manifest that come before the set, and after it.
  package final private(set) lazy var after = readOrder("after")
  package final private(set) lazy var before = readOrder("before")
  private final let readOrder: (String) -> [OrderWord]
  package final let source: SourceRange

  init(
    _ reader: KeyReader, hasConstants: Bool = true, when: Expression?,
    payloads readPayloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls readCall: @escaping (AttributeDescription, AttributeAccess) -> RuleFrame?,
    order readOrder: @escaping (String) -> [OrderWord], source: SourceRange
  ) {
    self.reader = reader
    self.hasConstants = hasConstants
    lifetime = reader.lifetime()
    self.when = when
    self.readPayloads = readPayloads
    self.readCall = readCall
    self.readOrder = readOrder
    self.source = source
  }

  /// The uapi constants of the number, the usual one first.
  package final private(set) lazy var constants = hasConstants ? reader.constants.map(\.key.value) : []
  /// Whether the constants are its own: those of a group that is its own attribute are the group's.
  private final let hasConstants: Bool
  package final var constant: String? { constants.first }
  package final var doc: String? { reader.string("doc") }

  /// The location of the key of a call.
  final func keyRange(of access: AttributeAccess) -> SourceRange? { reader.keyRange(access.rawValue) }

  /// Whether some kernels lack it.
  package final var isConditional: Bool { lifetime != Lifetime() || when != nil }

  /// The rules of a call; nil if the schema has no rules for it.
  package final func rules(of access: AttributeAccess) -> RuleFrame? {
    switch access {
    case .set: set
    case .get: get
    case .has: has
    }
  }
}

/// One attribute of a group.
package final class AttributeSchema: AttributeDescription {
  /// Nil for the nameless attribute of a group.
  package let name: String?
  /// `addr.dist`, or `nr-irqs` for the nameless attribute.
  package let path: String
  package let number: AttributeNumber
  /// The calls that the attribute has: `has`, and those that are written.
  package private(set) lazy var access: [AttributeAccess] = AttributeAccess.allCases.filter {
    $0 == .has || reader.has($0.rawValue)
  }
  /// Whether a manifest gives a list of values; with a key, whether some keys may be set several times.
  package let repeats: Bool
  /// The condition for a key to be set several times; nil if that is the same for all keys.
  private lazy var repeatedKeys = readRepeatedKeys()
  private let readRepeatedKeys: () -> Expression?
  package private(set) lazy var examples = (reader["examples"]?.items ?? []).map {
    Example($0, of: self, reader.faults)
  }
  /// The location of the examples, or else of the attribute.
  var examplesRange: SourceRange { reader["examples"]?.range ?? source }

  init(
    name: String?, path: String, _ reader: KeyReader, number: AttributeNumber, when: Expression?,
    repeats: Bool, repeatedKeys: @escaping () -> Expression?,
    payloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls: @escaping (AttributeDescription, AttributeAccess) -> RuleFrame?,
    order: @escaping (String) -> [OrderWord], source: SourceRange
  ) {
    self.name = name
    self.path = path
    self.number = number
    self.repeats = repeats
    readRepeatedKeys = repeatedKeys
    super.init(
      reader, hasConstants: name != nil, when: when, payloads: payloads, calls: calls, order: order, source: source)
  }

  /// The key fields of a structured number, empty otherwise.
  package var keyFields: [BitField] {
    if case .keys(let fields, _) = number { fields } else { [] }
  }

  /// Whether only some keys may be set several times.
  package var repeatsSomeKeys: Bool { repeatedKeys != nil }

  /// Whether a second set of the attribute with this number leaves what the first one did.
  package func mayRepeat(_ attr: UInt64) -> Bool {
    guard repeats, let condition = repeatedKeys else { return repeats }
    // The condition often searches a table, and is often asked about the same registers of many vCPUs.
    let read = attr & repeatedBits
    if let known = repeatedNumbers[read] { return known }
    let holds = KeyCondition.holds(condition, key(of: attr) ?? Fields(), attr)
    repeatedNumbers[read] = holds
    return holds
  }
  /// Whether numbers may be set several times, as far as it was asked; by the bits that the condition reads.
  private var repeatedNumbers: [UInt64: Bool] = [:]
  private lazy var repeatedBits = repeatedKeys.map(bits(readBy:)) ?? 0

  /// The keys of an entry in a manifest that is more than a value.
  package private(set) lazy var entryKeys = keyFields.map(\.name) + ["value", "optional", "flags"]

  /// The names of these fields in rules.
  package private(set) lazy var keyNames = keyFields.map(\.name.identifier)

  /// The number for a key. A field that is left out has its default.
  ///
  /// - Returns: nil if a field is missing, or cannot hold its value.
  package func number(of key: [(name: String, value: Int128)]) -> UInt64? {
    switch number {
    case .any: return 0
    case .exactly(let own): return own
    case .keys(let fields, let base):
      var raw: Int128 = 0
      for field in fields {
        guard let value = key.first(where: { $0.name == field.name })?.value ?? field.initial,
          let placed = field.place(value)
        else { return nil }
        raw |= placed
      }
      return UInt64(exactly: raw + Int128(base))
    }
  }

  /// The bits of the number that the value of an expression over the key depends on.
  package func bits(readBy expression: Expression) -> UInt64 {
    guard case .keys(let fields, base: 0) = number, !expression.readsWholeKey else { return .max }
    let names = expression.keyFields
    return fields.reduce(0) { bits, field in
      names.contains(field.name.identifier) ? bits | UInt64(truncatingIfNeeded: field.mask) : bits
    }
  }

  /// The key that a number encodes; nil if the number does not belong to this attribute.
  package func key(of attr: UInt64) -> Fields? {
    switch number {
    case .any: return Fields()
    case .exactly(let own): return attr == own ? Fields() : nil
    case .keys(let fields, let base):
      guard attr >= base else { return nil }
      let raw = Int128(attr - base)
      let mask = fields.reduce(0) { $0 | $1.mask }
      guard raw & ~mask == 0 else { return nil }
      return Fields(names: keyNames, values: fields.map { .integer($0.extract(from: raw)) })
    }
  }
}

/// A group of attributes.
package final class GroupSchema: AttributeDescription {
  package let name: String
  package let number: UInt32
  package let attributes: [AttributeSchema]
  /// The rules for calls on an attribute that does not exist or does not have the call; nil for those of the file.
  package let otherwise: CallRules?

  init(
    name: String, number: UInt32, _ reader: KeyReader, when: Expression?,
    payloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls: @escaping (AttributeDescription, AttributeAccess) -> RuleFrame?,
    order: @escaping (String) -> [OrderWord], source: SourceRange, attributes: [AttributeSchema],
    otherwise: CallRules?
  ) {
    self.name = name
    self.number = number
    self.attributes = attributes
    self.otherwise = otherwise
    super.init(reader, when: when, payloads: payloads, calls: calls, order: order, source: source)
  }

  /// The attribute with a name; nil finds the nameless one.
  package func attribute(named name: String?) -> AttributeSchema? { attributes.first { $0.name == name } }

  /// Whether the group has one attribute without a name.
  package var isNameless: Bool { attributes.contains { $0.name == nil } }

  /// Whether every number is that of an attribute.
  package var hasEveryAttribute: Bool {
    attributes.contains { if case .any = $0.number { !$0.isConditional } else { false } }
  }

  /// The payloads of an attribute: its own, or else the group's.
  package func payloads(of attribute: AttributeSchema) -> [(when: Expression?, type: PayloadType)] {
    attribute.payloads.isEmpty ? payloads : attribute.payloads
  }

  /// The payload of an attribute with this key, as far as that is known without a host.
  package func payload(
    of attribute: AttributeSchema, _ key: @autoclosure () -> Fields, _ attr: UInt64
  ) -> PayloadType {
    let type = payloads(of: attribute).first { KeyCondition.holds($0.when, key(), attr) }?.type ?? .none
    guard let count = type.variableCount, let number = KeyCondition.value(of: count, key(), attr)?.integer else {
      return type
    }
    return type.counted(number)
  }
}
