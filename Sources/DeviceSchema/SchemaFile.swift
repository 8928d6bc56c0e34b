import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The subject of a schema file.
package enum SchemaSubject: Hashable, Sendable {
  case device(String)
  case vm, vcpu, system
  case common(String)
}

/// One file of the catalogue. Its parts are read on first use.
package final class SchemaFile {
  package let subject: SchemaSubject
  package let text: SchemaText
  private unowned let catalogue: Catalogue
  private var groupCache: [String: GroupSchema] = [:]
  /// The roots that rules of any call see.
  private(set) lazy var sharedRoots = catalogue.roots(of: self, .shared)

  init(subject: SchemaSubject, text: SchemaText, catalogue: Catalogue) {
    self.subject = subject
    self.text = text
    self.catalogue = catalogue
  }

  /// All top-level keys of the language.
  static let keys = [
    "schema", "type", "scope", "common", "arch", "doc", "constant", "aliases", "number", "reference", "since", "until",
    "registered", "create", "release", "every", "init", "run", "create-irqchip", "add-memory", "capabilities",
    "enable-capability", "unknown-device", "no-accessor", "unknown-group", "features", "groups", "state", "derived",
    "functions", "fragments", "tables", "units", "messages", "hooks", "facts", "needs", "example-setup",
    "example-files", "cases",
    "documented",
  ]

  /// The keys that only `common/kvm.yaml` may have.
  static let kvmKeys = ["describes", "unknown-attribute", "missing-attribute"]

  /// The name that ids and messages begin with: the device type, `vm`, `vcpu` or `system`.
  package var name: String {
    switch subject {
    case .device(let name), .common(let name): name
    case .vm: "vm"
    case .vcpu: "vcpu"
    case .system: "system"
    }
  }

  package var deviceType: String? {
    if case .device(let name) = subject { name } else { nil }
  }

  /// Whether the file only holds parts that several descriptors share.
  package var isCommon: Bool {
    if case .common = subject { true } else { false }
  }

  package var architecture: Architecture { catalogue.architecture }
  package var doc: String? { text.top("doc")?.scalar }
  package var constant: String? { text.top("constant")?.scalar }
  package var references: [String] { text.top("reference")?.strings(named: "reference", catalogue.faults) ?? [] }
  /// Whether a separate call initialises the vCPUs of the architecture.
  package var hasVCPUInit: Bool { catalogue.vcpu?.initialise != nil }
  package var exampleSetup: [Node]? { text.top("example-setup").map { $0.items ?? [] } }
  package var exampleFiles: Node? { text.top("example-files") }
  package var needs: Node? { text.top("needs") }
  package var source: SourceRange { text.start }

  /// Manifests that show more than an example of one attribute can.
  package private(set) lazy var cases: [SchemaCase] = {
    guard let node = text.top("cases") else { return [] }
    if node.items == nil { catalogue.faults.error("schema-type", "'cases' must be a list", at: node.range) }
    return (node.items ?? []).map { SchemaCase($0, catalogue.faults) }
  }()

  /// The device type's number.
  package private(set) lazy var number: UInt32? = text.top("number")?.integer(named: "number", catalogue.faults)
    .flatMap { UInt32(exactly: $0) }

  package private(set) lazy var lifetime = Lifetime(
    since: text.top("since")?.release(named: "since", catalogue.faults).map(ReleaseBound.init),
    until: text.top("until")?.release(named: "until", catalogue.faults).map(ReleaseBound.init))

  /// Whether the host has this device type; if nil, the list of the host's types decides.
  package private(set) lazy var registered: Expression? = text.top("registered").flatMap {
    $0.expression(in: catalogue.scope(of: self, .constant), as: .bool, catalogue.faults)
  }

  /// The answers to calls that this descriptor does not have. They come before the lookup of the group.
  package private(set) lazy var noAccessor: AccessErrnos = GroupReader(file: self, catalogue: catalogue)
    .errnos(text.top("no-accessor"), default: nil)

  /// The answers to calls on a group that does not exist.
  package private(set) lazy var unknownGroup: AccessErrnos = GroupReader(file: self, catalogue: catalogue)
    .errnos(text.top("unknown-group"), default: catalogue.unknownGroup)

  package private(set) lazy var every: RuleFrame? = frame("every", .every, bare: true)
  package private(set) lazy var create: RuleFrame? = frame("create", .create)
  package private(set) lazy var release: RuleFrame? = frame("release", .release)
  package private(set) lazy var initialise: RuleFrame? = frame("init", .initialise)
  package private(set) lazy var run: RuleFrame? = frame("run", .run)
  package private(set) lazy var createIRQChip: RuleFrame? = frame("create-irqchip", .createIRQChip)
  package private(set) lazy var addMemory: RuleFrame? = frame("add-memory", .addMemory)
  /// The rules for a device type that no schema describes.
  package private(set) lazy var unknownDevice: RuleFrame? = frame("unknown-device", .unknownDevice)

  /// `enable-capability: {after: {rules}}`: the rules that run after any capability takes effect.
  package private(set) lazy var afterCapability: RuleFrame? = {
    guard let rules = text.child("enable-capability")?[key: "after"]?[key: "rules"] else { return nil }
    return catalogue.ruleReader(catalogue.scope(of: self, .capability(.any))).frame(rules)
  }()

  private func frame(_ key: String, _ place: RulePlace, bare: Bool = false) -> RuleFrame? {
    guard let node = text.child(key) else { return nil }
    let reader = catalogue.ruleReader(catalogue.scope(of: self, place))
    if node.entries == nil {
      if node.node.isEmpty { return .empty }
      if bare, node.items != nil { return reader.frame(node) }
    }
    _ = KeyReader(node, keys: ["rules", "after", "before", "arguments"], of: "'\(key)'", catalogue.faults)
    return reader.frame(node[key: "rules"])
  }

  /// The words of `after:` or `before:` in `create:`.
  package func createOrder(_ key: String) -> [Located<String>] {
    guard let node = text.child("create")?[key: key]?.node else { return [] }
    return (node.items ?? [node]).compactMap { item in item.scalar.map { Located($0, at: item.range) } }
  }

  /// The arguments of KVM_CREATE_VM.
  package private(set) lazy var createArguments: [BitField] = {
    guard let node = text.child("create")?[key: "arguments"]?.node else { return [] }
    return PayloadReader(faults: catalogue.faults, scope: catalogue.scope(of: self, .constant))
      .bitFields(node, extra: ["type"])
  }()

  package private(set) lazy var features: [Feature] = (text.child("features")?.entries ?? []).compactMap { entry in
    let reader = KeyReader(
      entry.value, keys: ["bit", "constant", "doc", "since", "until", "finalize", "when"], of: "a feature",
      catalogue.faults)
    guard let bit = reader.integer("bit"), (0..<64).contains(bit) else {
      catalogue.faults.error("schema-type", "a feature needs a 'bit', from 0 to 63", at: entry.key.range)
      return nil
    }
    return Feature(
      name: entry.key.value, bit: Int(bit), constant: reader.string("constant"),
      doc: reader.string("doc"), lifetime: reader.lifetime(),
      finalize: reader.integer("finalize").map { Int32(clamping: $0) }, source: entry.key.range)
  }

  package private(set) lazy var capabilities: [Capability] = text.keys(under: "capabilities").compactMap { key in
    text.entry("capabilities", key.value).map { capability($0) }
  }

  private func capability(_ entry: Entry) -> Capability {
    let reader = KeyReader(
      entry.value,
      keys: ["constant", "number", "on", "arguments", "rules", "doc", "since", "until", "flags", "documented"],
      of: "a capability", catalogue.faults)
    let arguments = (reader["arguments"]?.items ?? []).map { item in
      let own = KeyReader(
        item, keys: ["name", "type", "doc", "default", "enum", "flags"], of: "an argument", catalogue.faults)
      return CapabilityParameter(
        name: own.string("name") ?? "", isDevice: own.string("type") == "device",
        isDescriptor: own.string("type") == "fd", initial: own.integer("default"), doc: own.string("doc"))
    }
    let record = RecordType(name: "arg")
    for argument in arguments { record.add(argument.name.identifier, argument.isDevice ? .any : .integer) }
    record.add("flags", .integer)
    let scope = catalogue.scope(of: self, .capability(.record(record)))
    return Capability(
      name: entry.key.value, number: UInt32(clamping: reader.integer("number") ?? -1),
      constant: reader.string("constant"), doc: reader.string("doc"), lifetime: reader.lifetime(),
      isOnVCPU: reader.string("on") == "vcpu", parameters: arguments,
      rules: reader.child("rules").map { catalogue.ruleReader(scope).frame($0) }, source: entry.key.range)
  }

  /// The names of the groups, in the order of the file.
  package var groupNames: [String] { text.keys(under: "groups").map(\.value) }

  package func group(named name: String) -> GroupSchema? {
    if let group = groupCache[name] { return group }
    guard let entry = text.part("groups", name) else { return nil }
    let group = GroupReader(file: self, catalogue: catalogue).group(entry)
    groupCache[name] = group
    return group
  }

  /// The groups in the order of the file. Each is read when the sequence reaches it.
  package var groups: some Sequence<GroupSchema> { groupNames.lazy.compactMap { self.group(named: $0) } }

  /// The attribute at a path, such as `addr.dist` or `nr-irqs`.
  package func attribute(at path: String) -> (group: GroupSchema, attribute: AttributeSchema)? {
    let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
    guard let group = parts.first.flatMap(group(named:)) else { return nil }
    return group.attribute(named: parts.count > 1 ? parts[1] : nil).map { (group, $0) }
  }

  /// The attribute with these numbers of a group and of an attribute, and the fields of its key.
  ///
  /// - Parameter release: the release whose groups and attributes are searched; nil for all releases.
  package func attribute(
    group number: UInt32, attr: UInt64, in release: Release? = nil
  ) -> (group: GroupSchema, attribute: AttributeSchema, key: Fields)? {
    func exists(_ lifetime: Lifetime) -> Bool { release.map(lifetime.mayInclude) ?? true }
    for group in groups where group.number == number && exists(group.lifetime) {
      for attribute in group.attributes where exists(attribute.lifetime) {
        if let key = attribute.key(of: attr) { return (group, attribute, key) }
      }
    }
    return nil
  }
}

/// A feature of a vCPU, chosen when it is initialised.
package struct Feature {
  package var name: String
  package var bit: Int
  package var constant: String?
  package var doc: String?
  package var lifetime: Lifetime
  /// The argument for finalising the vCPU after its initialisation.
  package var finalize: Int32?
  package var source: SourceRange
}

/// A capability that KVM_ENABLE_CAP enables.
package struct Capability {
  package var name: String
  package var number: UInt32
  package var constant: String?
  package var doc: String?
  package var lifetime: Lifetime
  package var isOnVCPU: Bool
  package var parameters: [CapabilityParameter]
  package var rules: RuleFrame?
  package var source: SourceRange
}

package struct CapabilityParameter {
  package var name: String
  /// Whether the argument is a device of the plan, whose descriptor is passed.
  package var isDevice: Bool
  package var isDescriptor: Bool
  package var initial: Int128?
  package var doc: String?
}

/// The place of a rule list, which determines the roots that it sees.
enum RulePlace {
  /// No call, as for `registered` or the assumed value of a fact.
  case constant
  case key(Type)
  case attribute(value: Type, key: Type)
  case every, create, release, initialise, run, createIRQChip, addMemory, unknownDevice
  case capability(Type)
  /// Fragments, hooks, functions and the state, which calls share.
  case shared
}
