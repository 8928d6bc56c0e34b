import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// All schemas of one architecture for one kernel release. Its files share their names, like one program.
///
/// Files and their parts are read on first use. Their errors are collected in `faults`. A catalogue belongs to one
/// thread.
package final class Catalogue {
  package let architecture: Architecture
  package let release: Release
  package let faults: Findings
  package private(set) var files: [SchemaFile] = []
  package private(set) lazy var vm = files.first { $0.subject == .vm }
  package private(set) lazy var vcpu = files.first { $0.subject == .vcpu }
  package private(set) lazy var system = files.first { $0.subject == .system }

  /// The definitions of shared names, by section and name.
  private var definitions: [String: [String: Definition]] = [:]
  private struct Definition {
    var file: SchemaFile
    var entry: SchemaEntry

    /// Whether a function is a list of rules, and not an expression.
    var isRules: Bool { entry.value.items != nil }

    /// `[addr, size]` of the function `check(addr, size)`.
    var parameters: [String] {
      let list = entry.key.value.utf8.drop { $0 != UInt8(ascii: "(") }
      return list.split { "(), ".utf8.contains($0) }.map { String(Substring($0)) }
    }
  }

  private var functions: [String: Function] = [:]
  private var compilingFunctions: Set<String> = []
  private var ruleFunctions: [String: RuleFunction] = [:]
  private var tables: [String: (value: Value, type: Type)] = [:]
  /// The rows that the release lacks, by table and name, as far as they were asked for.
  private var absentRows: [String: [String: Lifetime]] = [:]
  private var facts: [String: Fact] = [:]
  private var hooks: [String: [(file: SchemaFile, rules: RuleFrame)]] = [:]
  private var ownTypes: [String: RecordType] = [:]
  private var states: [String: [StateVariable]] = [:]
  /// The names of the bits of variables, as far as they were asked for.
  private var variableBits: [String: NamedBits?] = [:]
  let sources: [SchemaSource]
  private let namesRelease: Bool
  /// The element types of lists and maps in the state. They are known only during `check`.
  let elements: ElementTypes
  /// The names of all device types of all architectures, in any release, by their number.
  private lazy var allTypes = Dictionary(
    sources.flatMap { $0.text(Findings()).deviceTypes(inFile: $0.path) }, uniquingKeysWith: { first, _ in first })

  /// The tables of all architectures.
  private lazy var allTables = readTables()

  /// What a call on a group or an attribute that does not exist answers, unless its file says otherwise.
  private(set) lazy var commonOtherwise: CallRules = {
    let file =
      kvm
      ?? SchemaFile(
        subject: .common("kvm"), text: SchemaSource.builtIn("common/kvm.yaml").text(faults), catalogue: self)
    return file.otherwise ?? CallRules()
  }()
  /// The answers of KVM_HAS_DEVICE_ATTR by which kernels say that they lack an attribute.
  package private(set) lazy var missingAttribute: [Errno] =
    (common("missing-attribute")?.items ?? []).compactMap { $0.errno(faults) }

  private(set) lazy var featureBits = NamedBits(
    Dictionary(
      (self.vcpu?.features ?? []).map { ($0.name.identifier.replacing(".", with: "_"), $0.bit) },
      uniquingKeysWith: { first, _ in first }))

  /// The names of the calls that steps can make, with the files that describe them.
  package private(set) lazy var requestNames: [(file: SchemaFile, name: String)] =
    files.filter { !$0.isFurtherType }.flatMap { file in file.requestNames.map { (file, $0) } }

  /// The calls that steps can make by their names, with the files that describe them.
  package var requests: [(file: SchemaFile, call: RequestSchema)] { requestNames.compactMap(request) }

  /// The call with this name, or nil.
  package func request(named name: String) -> (file: SchemaFile, call: RequestSchema)? {
    requestNames.first { $0.name == name }.flatMap(request)
  }

  private func request(_ place: (file: SchemaFile, name: String)) -> (file: SchemaFile, call: RequestSchema)? {
    place.file.request(named: place.name).map { (place.file, $0) }
  }

  /// The flags of memory regions, from `arg` of the VM's `add-memory`.
  package private(set) lazy var memoryFlags: IntegerDescription = {
    guard let node = vm?.text.part("calls", "add-memory")?.value[key: "arg"]?[key: "flags"]?.node else {
      return IntegerDescription()
    }
    return PayloadReader(faults: faults, scope: scope(of: files[0], .constant)).description(
      KeyReader(node, keys: ["type", "flags", "doc"], of: "'flags'", faults))
  }()

  /// The memory that a call makes and memory regions can use; nil if the architecture has none. Its name alone is
  /// `descriptorMemoryName`.
  package private(set) lazy var descriptorMemory: DescriptorMemory? = readDescriptorMemory()

  /// The releases that the schemas describe, and the one that is assumed if none is named.
  private(set) lazy var described = ["describes", "assumes"].map { common($0)?.releaseBound(faults) }

  /// The last release of each major number after which another has begun.
  private(set) lazy var lastOfMajor = common("last-of-major")?.releases(named: "last-of-major", faults)

  /// - Parameter namesRelease: whether messages about releases name this one.
  package convenience init(
    architecture: Architecture, release: Release, sources: [SchemaSource], namesRelease: Bool = true
  ) {
    self.init(
      architecture: architecture, release: release, sources: sources, namesRelease: namesRelease,
      elements: ElementTypes(), faults: Findings())
  }

  init(
    architecture: Architecture, release: Release, sources: [SchemaSource], namesRelease: Bool = true,
    elements: ElementTypes, faults: Findings
  ) {
    self.architecture = architecture
    self.namesRelease = namesRelease
    self.faults = faults
    self.elements = elements
    self.release = release
    self.sources = sources
    for source in sources {
      guard let (subject, text) = subject(of: source) else { continue }
      let types =
        if case .device = subject { text.severalTypes } else { [(name: String, constants: [Located])]() }
      if types.isEmpty { files.append(SchemaFile(subject: subject, text: text, catalogue: self)) }
      for (i, type) in types.enumerated() {
        files.append(
          SchemaFile(
            subject: .device(type.name), text: text, catalogue: self, constants: type.constants,
            firstType: i > 0 ? types[0].name : nil))
      }
    }
    for section in Self.sharedSections { index(section) }
  }

  private static let sharedSections = ["functions", "structs", "tables", "facts", "units"]

  /// The subject of a file, from its path, and its text; nil if it belongs to another architecture.
  private func subject(of source: SchemaSource) -> (SchemaSubject, SchemaText)? {
    guard let (folder, file) = source.place else { return nil }
    let isCommon = folder == "common"
    guard isCommon || folder == architecture.rawValue else { return nil }
    let name = String(file)
    let text = source.text(faults)
    if !source.file.isBuiltIn, let version = text.top("schema"), version.scalar == "1" {
      let message =
        "version 1 of the schema language is no longer read; write the schema in version 2, as docs/schema-language.md describes it"
      faults.error("schema-version", message, at: version.range)
      return nil
    }
    if isCommon {
      guard let architectures = text.top("arch")?.strings(named: "arch", faults) else {
        faults.error(
          "schema-type", "a common file needs its architectures: 'arch: [arm64, ...]'", at: text.start)
        return nil
      }
      guard architectures.contains(architecture.rawValue) else { return nil }
      return (text.isDevice ? .device(name) : .common(name), text)
    }
    switch name {
    case "vm": return (.vm, text)
    case "vcpu": return (.vcpu, text)
    case "system": return (.system, text)
    default: return (.device(name), text)
    }
  }

  private func index(_ section: String) {
    var found: [String: Definition] = [:]
    for file in files where !file.isFurtherType {
      for entry in file.text.entries(under: section) {
        let name = Self.bareName(entry.key.value)
        if found.updateValue(Definition(file: file, entry: entry), forKey: name) != nil {
          faults.error("schema-duplicate-name", "'\(name)' is defined twice in \(section)", at: entry.key.range)
        }
      }
    }
    definitions[section] = found
  }

  /// The file of what is the same on all architectures, if the schemas have it.
  private var kvm: SchemaFile? { files.first { $0.subject == .common("kvm") } }

  /// A key of `common/kvm.yaml`; of the built-in one, if the schemas have none.
  private func common(_ key: String) -> Node? {
    kvm?.text.top(key) ?? SchemaSource.builtIn("common/kvm.yaml").text(faults).top(key)
  }

  /// `is_ppi` of `is_ppi(i)`.
  private static func bareName(_ key: String) -> String {
    guard let parenthesis = key.utf8.firstIndex(of: UInt8(ascii: "(")) else { return key }
    return String(key[..<parenthesis])
  }
}

extension Catalogue {
  /// The names of the device types that exist in this release.
  package var deviceTypes: [String] { files.filter { $0.lifetime.mayInclude(release) }.compactMap(\.deviceType) }

  package func device(named name: String) -> SchemaFile? { files.first { $0.subject == .device(name) } }

  /// The device type with a number, in this release.
  package func device(numbered number: UInt32) -> SchemaFile? {
    files.first { $0.deviceType != nil && $0.number == number && $0.lifetime.mayInclude(release) }
  }

  /// The schema of a call's object; nil if there is none.
  ///
  /// - Parameter devices: the schemas of the plan's devices, by slot.
  package func file(of target: Target, devices: [SchemaFile?]) -> SchemaFile? {
    switch target {
    case .system: system
    case .vm: vm
    case .vcpu: vcpu
    case .device(let slot): devices.indices.contains(slot) ? devices[slot] : nil
    }
  }

  /// The names of all device types, in any release.
  package var allDeviceTypes: [String] { files.compactMap(\.deviceType) }

  /// The architectures whose files describe a call with the number of its request.
  package func architectures(ofRequest name: String) -> [Architecture] {
    if DescriptorCall.allCases.contains(where: { $0.key == name }) { return [] }
    return architectures(having: name, under: "calls") { _ in true }
  }

  /// The architectures whose files of this name, such as `vcpu.yaml`, describe a group of attributes.
  package func architectures(ofGroup name: String, inFile file: String) -> [Architecture] {
    architectures(having: name, under: "groups") { $0.hasSuffix("/\(file)") }
  }

  /// The architectures whose vCPUs have a feature.
  package func architectures(ofFeature name: String) -> [Architecture] {
    architectures(having: name, under: "features") { _ in true }
  }

  private func architectures(having name: String, under top: String, _ isWanted: (String) -> Bool) -> [Architecture] {
    architectures(
      of: sources.filter { source in
        isWanted(source.path) && source.text(Findings()).keys(under: top).contains { $0.value == name }
      })
  }

  /// The architectures with a table in which a row has this name, and this column.
  package func architectures(ofRow name: String, withColumn column: String) -> [Architecture] {
    architectures(
      of: allTables.filter { _, table in
        guard let names = table.columns.firstIndex(of: "name"), table.columns.contains(column) else { return false }
        return table.row(with: name, in: names) != nil
      }.map(\.source))
  }

  private func readTables() -> [(source: SchemaSource, table: Table)] {
    let reader = TableReader(faults: Findings(), release: release)
    return sources.flatMap { source in
      let text = source.text(Findings())
      return text.keys(under: "tables").compactMap { text.entry("tables", $0.value) }
        .map { (source, reader.table($0).value) }
    }
  }

  private func architectures(of owners: [SchemaSource]) -> [Architecture] {
    // The files in `common` name their architectures.
    Architecture.allCases.filter { architecture in
      owners.contains { owner in
        owner.path.hasPrefix("\(architecture.rawValue)/")
          || owner.text(Findings()).top("arch")?.items?.contains { $0.scalar == architecture.rawValue } == true
      }
    }
  }

  /// The number of a device type on an architecture; nil if there is no such type.
  package func number(ofType name: String, of architecture: Architecture) -> UInt32? {
    types(of: architecture).first { $0.name == name }.flatMap { UInt32(exactly: $0.number) }
  }

  /// The device types of an architecture.
  package func deviceTypes(of architecture: Architecture) -> [String] { types(of: architecture).map(\.name) }

  private func types(of architecture: Architecture) -> [(number: Int128, name: String)] {
    sources.flatMap { source -> [(number: Int128, name: String)] in
      let isCommon = source.path.hasPrefix("common/")
      guard isCommon || source.path.hasPrefix("\(architecture.rawValue)/") else { return [] }
      let text = source.text(Findings())
      let isShared = text.top("arch")?.items?.contains { $0.scalar == architecture.rawValue } == true
      return isCommon && !isShared ? [] : text.deviceTypes(inFile: source.path).map { (number: $0.0, name: $0.1) }
    }
  }

  /// The refusal of a device type that this architecture does not have in this release; nil for an unknown number.
  package func refusal(ofType number: UInt32) -> GenericRefusal? {
    if let file = files.first(where: { $0.deviceType != nil && $0.number == number }) {
      return .absentDeviceType(file, self)
    }
    return allTypes[Int128(number)].map { .foreignDeviceType($0) }
  }

  /// `group 'x' is new in Linux 6.19; you validate for Linux 6.12`; nil if this release has it.
  func absence(_ words: String, _ lifetime: Lifetime) -> String? {
    lifetime.possibleAbsence(from: release).map { "\(words) is \($0)\(releaseWords)" }
  }

  /// `; you validate for Linux 6.12`, the end of a message about releases.
  package var releaseWords: String { namesRelease ? "; you validate for Linux \(release)" : "" }

  /// The capability with a number, and the file that describes it: that of this release, or else of another.
  package func capability(numbered number: UInt32, onVCPU: Bool) -> (file: SchemaFile, capability: Capability)? {
    let found = files.flatMap { file in
      file.capabilities.filter { $0.number == number && $0.isOnVCPU == onVCPU }.map { (file: file, capability: $0) }
    }
    return found.first { $0.capability.lifetime.mayInclude(release) } ?? found.first
  }

  /// The hook whose rules describe the map of a VM after a plan.
  package static let mapHook = "map"

  /// The rules that all files contribute to a hook, in the order of the files.
  package func contributions(to hook: String) -> [(file: SchemaFile, rules: RuleFrame)] {
    if let found = hooks[hook] { return found }
    let result = files.compactMap { file -> (file: SchemaFile, rules: RuleFrame)? in
      guard let part = file.text.part("hooks", hook) else { return nil }
      return (file, ruleReader(scope(of: file, .shared)).frame(part.value))
    }
    hooks[hook] = result
    return result
  }

  /// The variables that files declare for the VM, or for each vCPU.
  package func state(of owner: String) -> [StateVariable] {
    if let found = states[owner] { return found }
    let found = files.filter { !$0.isFurtherType }.flatMap { state(of: owner, in: $0) }
    states[owner] = found
    return found
  }

  package func state(of owner: String, in file: SchemaFile) -> [StateVariable] {
    guard let entry = file.text.entry("state", owner) else { return [] }
    // An initial value may read the call's arguments and the variables declared before it.
    let reader = StateReader(faults: faults, scope: scope(of: file, .shared))
    return reader.variables(entry.value)
  }
}

/// The roots that are visible to rules, by place.
extension Catalogue {
  func ruleReader(_ scope: RuleScope) -> RuleReader { RuleReader(scope: scope, shared: self, faults: faults) }

  func scope(of file: SchemaFile, _ place: RulePlace, parameters: [String] = []) -> RuleScope {
    if case .shared = place { return RuleScope(shared: self, roots: file.sharedRoots, parameters: parameters) }
    return RuleScope(shared: self, roots: roots(of: file, place), parameters: parameters)
  }

  func roots(of file: SchemaFile, _ place: RulePlace) -> RootTypes {
    var roots = RootTypes()
    let vm = Type.record(ownType("vm"))
    let vcpu = Type.record(ownType("vcpu"))
    func seeVM() {
      roots[.vm] = vm
      roots[.vcpus] = .list(vcpu)
      roots[.devices] = .list(.any)
    }
    func seeOwner() {
      seeVM()
      switch file.subject {
      case .vcpu: roots[.vcpu] = vcpu
      case .device(let name): roots[.self] = .record(ownType(name))
      case .system:
        roots[.vm] = nil
        roots[.vcpus] = nil
        roots[.devices] = nil
      case .vm, .common: break
      }
    }
    switch place {
    case .constant: break
    case .state: seeOwner()
    case .key(let key):
      seeOwner()
      roots[.key] = key
      roots[.attr] = .integer
    case .attribute(let value, let key):
      seeOwner()
      roots[.value] = value
      roots[.key] = key
      for root in [Root.attr, .group, .flags] { roots[root] = .integer }
      roots[.missing] = .string
    case .call(.every): seeVM()
    case .call(let call):
      seeOwner()
      if call == .missing { roots[.missing] = .string }
      if let arguments = arguments(of: file, call) { roots[.arg] = arguments }
    case .capability(let arguments):
      seeOwner()
      roots[.arg] = arguments
    case .request(let arguments, let makesDescriptor):
      seeOwner()
      roots[.arg] = arguments
      if makesDescriptor { roots[.newDescriptor] = .integer }
    case .shared:
      seeVM()
      for root in Root.allCases where roots[root] == nil { roots[root] = .any }
      roots[.vcpu] = vcpu
      if case .device(let name) = file.subject { roots[.self] = .record(ownType(name)) }
      for root in [Root.attr, .group, .flags] { roots[root] = .integer }
    }
    return roots
  }

  /// The type of a call's arguments; nil if it has none.
  private func arguments(of file: SchemaFile, _ call: DescriptorCall) -> Type? {
    let record = RecordType(name: "arg")
    switch (call, file.subject) {
    case (.create, .vm):
      for argument in file.createArguments { record.add(argument.name.identifier, argument.description.valueType) }
      record.add("type", .integer)
    case (.create, .vcpu): record.add("id", .integer)
    case (.create, .common): for name in ["type", "flags"] { record.add(name, .integer) }
    case (.create, _): record.add("flags", .integer)
    case (.initialise, _):
      record.add("features", .flags(featureBits))
      record.add("finalize", .list(.integer))
    case (.finalize, _): record.add("feature", .integer)
    case (.addMemory, _):
      if faults.isThorough { _ = descriptorMemory }  // Its faults are reported with those of the call.
      for name in ["slot", "at", "size"] + namesOfDescriptorMemory { record.add(name, .integer) }
      record.add("flags", memoryFlags.valueType)
    case (.enableCapability, _): return .any
    default: return nil
    }
    return .record(record)
  }

  /// The record type of the state of the VM, a vCPU or a device type.
  func ownType(_ owner: String) -> RecordType {
    if let type = ownTypes[owner] { return type }
    let type = RecordType(name: owner)
    ownTypes[owner] = type
    if let file = device(named: owner) {
      type.add("type", .string)
      type.add(file.text.entry("state", "self")?.value.entries ?? [], self)
    } else {
      if owner == "vcpu" {
        type.add("id", .integer)
        type.add("index", .integer)
      }
      for file in files {
        type.add(file.text.entry("state", owner)?.value.entries ?? [], self)
      }
    }
    return type
  }
}

extension Catalogue: SharedNames {
  func constant(_ name: String) -> (value: Value, type: Type)? {
    switch name {
    case "arch": return (.string(architecture.rawValue), .string)
    // No plan runs a guest. Rules name the check for the pages of `explain`.
    case "guest_has_run": return (.bool(false), .bool)
    default: break
    }
    if let table = tables[name] { return table }
    guard let entry = definitions["tables"]?[name]?.entry else { return nil }
    let (table, type) = TableReader(faults: faults, release: release).table(
      Entry(key: entry.key, value: entry.value.node))
    tables[name] = (.table(table), type)
    return (.table(table), type)
  }

  func absence(ofRow name: String, inTable table: String) -> String? {
    absentRows(ofTable: table)[name].flatMap { absence("'\(name)'", $0) }
  }

  private func absentRows(ofTable table: String) -> [String: Lifetime] {
    if let known = absentRows[table] { return known }
    let entry = definitions["tables"]?[table]?.entry
    let rows = entry.map {
      TableReader(faults: Findings(), release: release).absentRows(Entry(key: $0.key, value: $0.value.node))
    }
    absentRows[table] = rows ?? [:]
    return rows ?? [:]
  }

  func function(_ name: String) throws(ExpressionError) -> Function? {
    if compilingFunctions.contains(name) {
      throw ExpressionError("function '\(name)' calls itself", at: Span(start: 0, length: 0))
    }
    if let function = functions[name] { return function }
    guard let definition = definitions["functions"]?[name] else { return nil }
    if definition.isRules {
      throw ExpressionError("'\(name)' is a function of rules; run it with 'use'", at: Span(start: 0, length: 0))
    }
    let function = Function(name: name, parameters: definition.parameters)
    compilingFunctions.insert(name)
    let scope = scope(of: definition.file, .shared, parameters: function.parameters)
    function.body = definition.entry.value.node.expression(in: scope, faults)
    compilingFunctions.remove(name)
    functions[name] = function
    return function
  }

  func ruleFunction(_ name: String) -> RuleFunction? {
    if let function = ruleFunctions[name] { return function }
    guard let definition = definitions["functions"]?[name], definition.isRules else { return nil }
    let parameters = definition.parameters
    let rules = RuleFrame { [unowned self] in
      let scope = scope(of: definition.file, .shared, parameters: parameters)
      return (ruleReader(scope).list(definition.entry.value), scope.frameSize)
    }
    let function = RuleFunction(
      name: name, parameters: parameters, source: definition.entry.key.range, body: rules)
    ruleFunctions[name] = function
    if faults.isThorough { compile(function) }
    return function
  }

  func structure(_ name: String) -> SchemaEntry? { definitions["structs"]?[name]?.entry }

  /// The notation of a unit's integers; nil if they are plain numbers.
  func notation(ofUnit unit: String) -> Notation? {
    definitions["units"]?[unit].flatMap { Notation($0.entry, faults) }
  }

  func bits(ofVariable name: String) -> NamedBits? {
    if let known = variableBits[name] { return known }
    // A value that is computed of the variable itself has no names of its own.
    variableBits[name] = .some(nil)
    let found = files.lazy.compactMap { AssignedBits(variable: name, in: $0, self).names }.first
    variableBits[name] = .some(found)
    return found
  }

  func compile(_ function: RuleFunction) {
    if function.isCompiling { return }
    function.isCompiling = true
    _ = function.body.list
    function.isCompiling = false
  }

  /// A function whose body is an expression; nil if there is no such function.
  package func expressionFunction(_ name: String) -> Function? { (try? function(name)) ?? nil }

  /// The rows of a table; nil if there is no such table.
  package func table(_ name: String) -> Value? {
    definitions["tables"]?[name] == nil ? nil : constant(name)?.value
  }

  func factType(_ name: String) -> Type? { fact(named: name)?.type }

  package var tableNames: [String] { names("tables") }
  var constantNames: [String] { ["arch", "guest_has_run"] + tableNames }
  var functionNames: [String] { functionNames(ofRules: false) }
  var ruleFunctionNames: [String] { functionNames(ofRules: true) }
  var structureNames: [String] { names("structs") }
  package var factNames: [String] { (names("facts") + ["devices"]).sorted() }
  var unitNames: [String] { names("units") }

  private func functionNames(ofRules: Bool) -> [String] {
    (definitions["functions"] ?? [:]).filter { $0.value.isRules == ofRules }.keys.sorted()
  }

  private func names(_ section: String) -> [String] { (definitions[section] ?? [:]).keys.sorted() }

  /// The facts that schemas declare, in the order of the files.
  package var declaredFacts: [Fact] {
    files.filter { !$0.isFurtherType }.flatMap { file in
      file.text.keys(under: "facts").compactMap { fact(named: $0.value) }
    }
  }

  /// The name of the fact whose probe reads this capability, or nil.
  package func fact(foundBy capability: UInt32) -> String? {
    declaredFacts.first { fact in
      if case .checkExtension(_, capability)? = fact.probe?.method { true } else { false }
    }?.name
  }

  /// A fact of the host that a schema declares, or `devices`; nil for any other name.
  package func fact(named name: String) -> Fact? {
    if let fact = facts[name] { return fact }
    let fact: Fact
    if let definition = definitions["facts"]?[name] {
      fact = FactReader(
        faults: faults, scope: scope(of: definition.file, .constant),
        probeScope: scope(of: definition.file, .constant, parameters: FactProbe.names)
      ).fact(definition.entry)
    } else if name == "devices" {
      let types = deviceTypes.map(Value.string)
      fact = Fact(
        name: name, type: .list(.string), doc: "the device types that the kernel has registered",
        assumed: Expression(constant: .list(types), text: name))
    } else {
      return nil
    }
    facts[name] = fact
    return fact
  }
}
