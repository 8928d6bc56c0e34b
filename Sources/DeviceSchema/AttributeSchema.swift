import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// An optional errno for each of the three calls on an attribute.
package struct AccessErrnos: Sendable {
  private var set, get, has: Errno?

  init(_ all: Errno?) { (set, get, has) = (all, all, all) }

  package subscript(access: AttributeAccess) -> Errno? {
    get {
      switch access {
      case .set: set
      case .get: get
      case .has: has
      }
    }
    set {
      switch access {
      case .set: set = newValue
      case .get: get = newValue
      case .has: has = newValue
      }
    }
  }
}

/// The description of one of the three calls on a group or an attribute.
package struct CallSchema {
  /// Nil if the schema has no rules for the call.
  package var rules: RuleFrame?
  /// Whether the call reads the payload even if it is not a set.
  package var takesInput = false
  /// The value that a get writes.
  package var value: CallValue?
  /// For the planner: the parts of the manifest that come before this call, and after it.
  package var after: [OrderWord] = []
  package var before: [OrderWord] = []
  /// The answers that only a running guest causes. No plan gets them.
  package var guest: [GuestAnswer] = []
}

/// An answer that a call gives once a guest runs or has run.
package struct GuestAnswer {
  package var errno: Errno
  package var because: String
  package var lifetime: Lifetime
  package var source: SourceRange
}

/// One word of `after:` or `before:`.
package struct OrderWord {
  /// An attribute of the same device (`ctrl.init`), `TYPE.group.attribute`, a device type, `vcpus`, `memory`, `create`.
  package var path: Located<String>
  /// The word applies only to values or keys for which this holds.
  package var when: Expression?
}

package enum CallValue {
  case expression(Expression)
  case fields([(String, Expression)])
}

/// The 64-bit numbers of an attribute.
package enum AttributeNumber {
  case exactly(UInt64)
  /// A number made of bit fields, plus a bias.
  case keys([BitField], bias: UInt64)
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
  package final private(set) lazy var set = readCall(self, .set)
  package final private(set) lazy var get = readCall(self, .get)
  package final private(set) lazy var has = readCall(self, .has)
  private final let readCall: (AttributeDescription, AttributeAccess) -> CallSchema
  package final let source: SourceRange

  init(
    _ reader: KeyReader, when: Expression?,
    payloads readPayloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls readCall: @escaping (AttributeDescription, AttributeAccess) -> CallSchema, source: SourceRange
  ) {
    self.reader = reader
    lifetime = reader.lifetime()
    self.when = when
    self.readPayloads = readPayloads
    self.readCall = readCall
    self.source = source
  }

  package final var constant: String? { reader.string("constant") }
  /// Other uapi constants with the same number.
  package final var aliases: [String] { reader.strings("aliases") }
  /// The constant and its aliases.
  package final var constants: [String] { [constant].compactMap(\.self) + aliases }
  package final var doc: String? { reader.string("doc") }

  /// Whether some kernels lack it.
  package final var isConditional: Bool { lifetime != Lifetime() || when != nil }

  package final func call(_ access: AttributeAccess) -> CallSchema {
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
  package let access: [AttributeAccess]
  /// Whether a manifest gives a list of values.
  package let repeats: Bool
  package private(set) lazy var examples = (reader["examples"]?.items ?? []).map {
    Example($0, of: self, reader.faults)
  }
  /// The location of the examples, or else of the attribute.
  var examplesRange: SourceRange { reader["examples"]?.range ?? source }

  init(
    name: String?, path: String, _ reader: KeyReader, number: AttributeNumber, when: Expression?,
    access: [AttributeAccess], repeats: Bool, payloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls: @escaping (AttributeDescription, AttributeAccess) -> CallSchema, source: SourceRange
  ) {
    self.name = name
    self.path = path
    self.number = number
    self.access = access
    self.repeats = repeats
    super.init(reader, when: when, payloads: payloads, calls: calls, source: source)
  }

  /// The key fields of a structured number, empty otherwise.
  package var keyFields: [BitField] {
    if case .keys(let fields, _) = number { fields } else { [] }
  }

  /// The key that a number encodes; nil if the number does not belong to this attribute.
  package func key(of attr: UInt64) -> Fields? {
    switch number {
    case .any: return Fields()
    case .exactly(let own): return attr == own ? Fields() : nil
    case .keys(let fields, let bias):
      guard attr >= bias else { return nil }
      let raw = Int128(attr - bias)
      let mask = fields.reduce(0) { $0 | $1.mask }
      guard raw & ~mask == 0 else { return nil }
      return Fields(fields.map { ($0.name.identifier, .integer($0.extract(from: raw))) })
    }
  }
}

/// A group of attributes.
package final class GroupSchema: AttributeDescription {
  package let name: String
  package let number: UInt32
  package let attributes: [AttributeSchema]
  /// The answers to calls on an attribute that does not exist or does not have this access.
  package let unknownAttribute: AccessErrnos

  init(
    name: String, number: UInt32, _ reader: KeyReader, when: Expression?,
    payloads: @escaping () -> [(when: Expression?, type: PayloadType)],
    calls: @escaping (AttributeDescription, AttributeAccess) -> CallSchema, source: SourceRange,
    attributes: [AttributeSchema],
    unknownAttribute: AccessErrnos
  ) {
    self.name = name
    self.number = number
    self.attributes = attributes
    self.unknownAttribute = unknownAttribute
    super.init(reader, when: when, payloads: payloads, calls: calls, source: source)
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
    of attribute: AttributeSchema, _ key: [(name: String, value: Int128)], _ attr: UInt64
  ) -> PayloadType {
    payloads(of: attribute).first { KeyCondition.holds($0.when, key, attr) }?.type ?? .none
  }
}
