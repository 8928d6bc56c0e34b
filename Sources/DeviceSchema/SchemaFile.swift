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

  /// The first type, if the file describes several and this is another one. What does not belong to one type is read
  /// with the first, and examples are written for it.
  private let firstType: String?
  /// Whether the file describes several types, and this is not the first.
  package var isFurtherType: Bool { firstType != nil }
  /// The constants of this type, if the file describes several.
  private let ownConstants: [Located]?

  init(
    subject: SchemaSubject, text: SchemaText, catalogue: Catalogue, constants: [Located]? = nil,
    firstType: String? = nil
  ) {
    self.subject = subject
    ownConstants = constants
    self.firstType = firstType
    self.text = text
    self.catalogue = catalogue
  }

  /// All top-level keys of the language.
  static let keys = [
    "schema", "arch", "doc", "number", "sources", "since", "until", "if", "documented", "calls", "set", "get", "has",
    "capabilities", "features", "groups", "state", "functions", "structs", "tables", "units", "messages", "renamed",
    "hooks",
    "facts", "needs", "save", "restore", "setup", "tests",
  ]

  /// The keys that only `common/kvm.yaml` may have.
  static let kvmKeys = ["describes", "assumes", "last-of-major", "missing-attribute"]

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
  /// The constants of the device type's number, the usual one first.
  private(set) lazy var constants = ownConstants ?? text.topKeys.filter { $0.value.isConstant }
  package var constant: String? { constants.first?.value }
  package private(set) lazy var references: [String] =
    text.top("sources")?.strings(named: "sources", catalogue.faults) ?? []
  /// Whether a separate call initialises the vCPUs of the architecture.
  package var hasVCPUInit: Bool { catalogue.vcpu?.rules(of: .initialise) != nil }
  package var needs: Node? { text.top("needs") }
  package var source: SourceRange { text.start }

  /// The steps before examples, by name.
  private lazy var setups: [String: Setup] = Dictionary(
    (text.top("setup")?.entries ?? []).map { ($0.key.value, Setup($0, catalogue.faults)) },
    uniquingKeysWith: { first, _ in first })

  /// The steps before every example; nil if the file does not say.
  package var exampleSetup: [Node]? { setups["always"].map { own($0.steps) } }
  /// The files that the steps of examples name.
  package var exampleFiles: Node? { setups["always"]?.files }

  /// Steps of examples, with this type in place of the first.
  func own(_ steps: [Node]) -> [Node] {
    guard let firstType else { return steps }
    return steps.map { $0.replacing(firstType, by: name) }
  }

  /// The steps that `given` of an example names.
  func setup(named name: Located) -> [Node] {
    if name.value != "always", let setup = setups[name.value] { return own(setup.steps) }
    let hint = setups.keys.filter { $0 != "always" }.sorted().suggestion(for: name.value)
    catalogue.faults.error("schema-unknown-name", "there is no setup '\(name.value)'\(hint)", at: name.range)
    return []
  }

  /// Manifests that show more than an example of one attribute can.
  package private(set) lazy var tests: [SchemaTest] = {
    guard let node = text.top("tests") else { return [] }
    if node.items == nil { catalogue.faults.error("schema-type", "'tests' must be a list", at: node.range) }
    return (node.items ?? []).map { SchemaTest($0, catalogue.faults) }
  }()

  /// What reads the state of the device; nil if the schema does not say.
  package private(set) lazy var save: StateList? = stateList("save")
  /// What writes the state; if nil, the sets follow the gets of `save`.
  package private(set) lazy var restore: StateList? = stateList("restore")

  private func stateList(_ key: String) -> StateList? {
    guard let node = text.top(key) else { return nil }
    if deviceType == nil {
      catalogue.faults.error("schema-unknown-key", "'\(key)' belongs in the file of a device", at: node.range)
      return nil
    }
    return SavedStateReader(file: self, catalogue: catalogue, isSave: key == "save").list(node)
  }

  /// The device type's number.
  package private(set) lazy var number: UInt32? =
    (constants.first.flatMap { text.top($0.value) } ?? text.top("number"))?
    .integer(named: "number", catalogue.faults).flatMap { UInt32(exactly: $0) }

  package private(set) lazy var lifetime = Lifetime(
    since: text.top("since")?.releaseBound(catalogue.faults), until: text.top("until")?.releaseBound(catalogue.faults))

  /// Whether the host has this device type; if nil, the list of the host's types decides.
  package private(set) lazy var registered: Expression? = text.top("if").flatMap {
    $0.expression(in: catalogue.scope(of: self, .constant), as: .bool, catalogue.faults)
  }

  /// The rules for the three calls on attributes, before the group is looked up.
  package private(set) lazy var calls = CallRules(
    set: rules("set"), get: rules("get"), has: rules("has"))

  /// The rules for calls on a group that does not exist; nil for the common ones.
  package private(set) lazy var otherwise: CallRules? = GroupReader(file: self, catalogue: catalogue)
    .otherwise(text.part("groups", "else"))

  private func rules(_ key: String) -> RuleFrame? {
    guard let node = text.child(key) else { return nil }
    return catalogue.ruleReader(catalogue.scope(of: self, .attribute(value: .any, key: .any))).frame(node)
  }

  /// The errno that answers every such call; nil if the descriptor has the call.
  package func lacks(_ access: AttributeAccess) -> Errno? {
    calls[access]?.list.errno
  }

  /// The calls that were asked for: a few, which a search finds sooner than a dictionary.
  private var callFrames: [(call: DescriptorCall, frame: RuleFrame?)] = []

  /// The rules of a call in `calls`; nil if the file does not describe it.
  func ownRules(of call: DescriptorCall) -> RuleFrame? {
    if let found = callFrames.first(where: { $0.call == call }) { return found.frame }
    let frame = text.part("calls", call.key).map { entry in
      let reader = catalogue.ruleReader(catalogue.scope(of: self, .call(call)))
      if entry.value.entries == nil { return reader.frame(entry.value) }
      let keys = KeyReader(
        entry.value, keys: ["do", "arg", "after", "before", "doc"], of: "'\(entry.key.value)'", catalogue.faults)
      return reader.frame(keys.child("do"))
    }
    callFrames.append((call, frame))
    return frame
  }

  /// The names of the calls that have the number of their request.
  package private(set) lazy var requestNames: [String] = {
    let known = DescriptorCall.allCases.map(\.key)
    return text.keys(under: "calls").map(\.value).filter { !known.contains($0) }
  }()

  /// The calls that have the number of their request.
  package var requests: [RequestSchema] { requestNames.compactMap(request(named:)) }

  private var requestCache: [String: RequestSchema?] = [:]

  /// A call that has the number of its request. Each is read when it is first asked for.
  package func request(named name: String) -> RequestSchema? {
    if let found = requestCache[name] { return found }
    let call = text.part("calls", name).flatMap { entry -> RequestSchema? in
      if let constant = entry.value.entries?.first(where: { $0.key.value.isConstant }) {
        return RequestSchema(entry, constant, in: self, catalogue)
      }
      catalogue.faults.error(
        "schema-unknown-key",
        "there is no call '\(name)'\(DescriptorCall.allCases.map(\.key).suggestion(for: name)); "
          + "any other call needs its macro, such as 'KVM_X: _IOW(KVMIO, 0x61, struct x)'", at: entry.key.range)
      return nil
    }
    requestCache[name] = .some(call)
    return call
  }

  /// The rules that run before each call on the descriptor.
  package var every: RuleFrame? { ownRules(of: .every) }

  /// The words of `after:` or `before:` in `create:`.
  package func createOrder(_ key: String) -> [Located] {
    guard let node = text.part("calls", "create")?.value[key: key]?.node else { return [] }
    return (node.items ?? [node]).compactMap { item in item.scalar.map { Located($0, at: item.range) } }
  }

  /// The arguments of KVM_CREATE_VM.
  package private(set) lazy var createArguments: [BitField] = PayloadReader(
    faults: catalogue.faults, scope: catalogue.scope(of: self, .constant)
  ).bitFields(text.part("calls", "create")?.value[key: "arg"]?.node)

  package private(set) lazy var features: [Feature] = (text.child("features")?.entries ?? []).compactMap { entry in
    let reader = KeyReader(
      entry.value, keys: ["number", "doc", "since", "until", "needs"], of: "a feature", catalogue.faults)
    let constant = reader.constants.first { !$0.key.value.hasPrefix("KVM_CAP_") }
    let capability = reader.constants.first { $0.key.value.hasPrefix("KVM_CAP_") }
    let number = (constant?.value.node ?? reader["number"])?.integer(named: "number", catalogue.faults)
    guard let bit = number, (0..<64).contains(bit) else {
      catalogue.faults.error(
        "schema-type", "a feature needs the constant of its bit, from 0 to 63, such as 'KVM_ARM_VCPU_SVE: 4'",
        at: entry.key.range)
      return nil
    }
    let needs = reader["needs"]?.items ?? []
    for need in needs where need[key: "finalize"] == nil {
      catalogue.faults.error("schema-type", "the need of a feature must be {finalize: NUMBER}", at: need.range)
    }
    return Feature(
      name: entry.key.value, bit: Int(bit), constant: constant?.key.value,
      capability: capability?.value.node.integer(named: "the capability", catalogue.faults).map {
        UInt32(clamping: $0)
      },
      doc: reader.string("doc"), lifetime: reader.lifetime(),
      finalize: needs.first?[key: "finalize"]?.integer(named: "finalize", catalogue.faults).map { Int32(clamping: $0) },
      source: entry.key.range)
  }

  package private(set) lazy var capabilities: [Capability] = text.keys(under: "capabilities").compactMap { key in
    text.part("capabilities", key.value).map { capability($0) }
  }

  private func capability(_ entry: SchemaEntry) -> Capability {
    let reader = KeyReader(
      entry.value, keys: ["number", "arg", "do", "doc", "since", "until", "documented"], of: "a capability",
      catalogue.faults)
    let number = (reader.constants.first?.value.node ?? reader["number"])?.integer(named: "number", catalogue.faults)
    if number == nil {
      catalogue.faults.error(
        "schema-type", "capability '\(entry.key.value)' needs the constant of its number, such as 'KVM_CAP_X: 1'",
        at: entry.key.range)
    }
    let parameters = (reader["arg"]?.entries ?? []).map { CapabilityParameter($0, catalogue.faults) }
    let record = RecordType(name: "arg")
    for parameter in parameters { record.add(parameter.name.identifier, parameter.type) }
    record.add("flags", .integer)
    let scope = catalogue.scope(of: self, .capability(.record(record)))
    return Capability(
      name: entry.key.value, number: UInt32(clamping: number ?? -1),
      constant: reader.constants.first?.key.value, doc: reader.string("doc"), lifetime: reader.lifetime(),
      isOnVCPU: subject == .vcpu, parameters: parameters,
      rules: reader.child("do").map { catalogue.ruleReader(scope).frame($0) }, source: entry.key.range)
  }

  /// The names of the groups, in the order of the file.
  package var groupNames: [String] { text.keys(under: "groups").map(\.value).filter { $0 != "else" } }

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
  /// The capability by which a host says that it has the feature.
  package var capability: UInt32?
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
  package var flags: [(name: String, bit: Int)]
  /// The type in expressions.
  fileprivate var type: Type

  /// Reads `size: u64` or `size: {type: u64, …}`.
  fileprivate init(_ entry: Entry, _ faults: Findings) {
    name = entry.key.value
    var text = entry.value.scalar
    var flags: [Entry] = []
    if text == nil {
      let reader = KeyReader(
        entry.value, keys: ["type", "doc", "default", "names", "flags"], of: "an argument", faults)
      text = reader.string("type")
      initial = reader.integer("default")
      doc = reader.string("doc")
      flags = reader["flags"]?.entries ?? []
    }
    if !["u64", "u32", "device", "fd"].contains(text ?? "") {
      faults.error("schema-type", "an argument must be u32, u64, fd or device", at: entry.value.range)
    }
    (isDevice, isDescriptor) = (text == "device", text == "fd")
    self.flags = flags.compactMap { flag in
      flag.value.integer(named: flag.key.value, faults).map { (flag.key.value, Int(clamping: $0)) }
    }
    let bits = self.flags.map { ($0.name.identifier, $0.bit) }
    type =
      isDevice
      ? .any
      : bits.isEmpty ? .integer : .flags(NamedBits(Dictionary(bits, uniquingKeysWith: { first, _ in first })))
  }
}

/// Steps that come before examples, and the files that they name.
private struct Setup {
  var steps: [Node]
  var files: Node?

  /// Reads a list of steps, or `{files, steps}`.
  init(_ entry: Entry, _ faults: Findings) {
    if let items = entry.value.items {
      steps = items
      return
    }
    let reader = KeyReader(entry.value, keys: ["files", "steps"], of: "setup '\(entry.key.value)'", faults)
    steps = reader["steps"]?.items ?? []
    files = reader["files"]
  }
}

/// The place of a rule list, which determines the roots that it sees.
enum RulePlace {
  /// No call, as for the `if` of a file or the default of a fact.
  case constant
  /// The statements of `save` and `restore`.
  case state
  case key(Type)
  case attribute(value: Type, key: Type)
  case call(DescriptorCall)
  case capability(Type)
  /// A call with a struct.
  case request(Type, makesDescriptor: Bool)
  /// Functions, hooks and the state, which calls share.
  case shared
}
