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

  /// The definitions of shared names, by section and name.
  private var definitions: [String: [String: Definition]] = [:]
  private struct Definition {
    var file: SchemaFile
    var entry: SchemaEntry
  }

  private var functions: [String: Function] = [:]
  private var compilingFunctions: Set<String> = []
  private var fragments: [String: Fragment] = [:]
  private var tables: [String: (value: Value, type: Type)] = [:]
  private var facts: [String: Fact] = [:]
  private var hooks: [String: [(file: SchemaFile, rules: RuleFrame)]] = [:]
  private var ownTypes: [String: RecordType] = [:]
  private var states: [String: [StateVariable]] = [:]
  let sources: [SchemaSource]
  /// The element types of lists and maps in the state. They are known only during `check`.
  private let elements: ElementTypes
  /// The numbers of all device types of all architectures, in any release.
  private lazy var allNumbers: Set<Int128> = Set(
    sources.compactMap { $0.text(Findings()).top("number")?.scalar.flatMap(IntegerLiteral.parse) })

  /// What a call on a group that does not exist answers, unless the descriptor's file says otherwise.
  private(set) lazy var unknownGroup: Errno? = common("unknown-group")?.errno(faults)
  /// What a call on an attribute that does not exist answers, unless its group says otherwise.
  private(set) lazy var unknownAttribute: Errno? = common("unknown-attribute")?.errno(faults)
  /// The answers of KVM_HAS_DEVICE_ATTR by which kernels say that they lack an attribute.
  package private(set) lazy var missingAttribute: [Errno] =
    (common("missing-attribute")?.items ?? []).compactMap { $0.errno(faults) }

  /// The newest release that the schemas describe.
  private(set) lazy var newestRelease: Release? = common("describes")?.release(named: "describes", faults)

  package convenience init(architecture: Architecture, release: Release, sources: [SchemaSource]) {
    self.init(
      architecture: architecture, release: release, sources: sources, elements: ElementTypes(),
      faults: Findings())
  }

  init(
    architecture: Architecture, release: Release, sources: [SchemaSource], elements: ElementTypes, faults: Findings
  ) {
    self.architecture = architecture
    self.faults = faults
    self.elements = elements
    self.release = release
    self.sources = sources
    for source in sources {
      if let (subject, text) = subject(of: source) {
        files.append(SchemaFile(subject: subject, text: text, catalogue: self))
      }
    }
    for section in Self.sharedSections { index(section) }
  }

  private static let sharedSections = ["functions", "fragments", "tables", "facts", "units"]

  /// The subject of a file, from its path, and its text; nil if it belongs to another architecture.
  private func subject(of source: SchemaSource) -> (SchemaSubject, SchemaText)? {
    let parts = source.path.split(separator: "/")
    guard parts.count == 2, parts[1].hasSuffix(".yaml") else { return nil }
    let isCommon = parts[0] == "common"
    guard isCommon || parts[0] == architecture.rawValue else { return nil }
    let name = String(parts[1].dropLast(5))
    let text = source.text(faults)
    if isCommon {
      guard let architectures = text.top("arch")?.strings(named: "arch", faults) else {
        faults.error(
          "schema-type", "a common file needs its architectures: 'arch: [arm64, ...]'", at: text.start)
        return nil
      }
      guard architectures.contains(architecture.rawValue) else { return nil }
      return (text.child("type") == nil ? .common(name) : .device(name), text)
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
    for file in files {
      for entry in file.text.entries(under: section) {
        let name = Self.bareName(entry.key.value)
        if found.updateValue(Definition(file: file, entry: entry), forKey: name) != nil {
          faults.error("schema-duplicate-name", "'\(name)' is defined twice in \(section)", at: entry.key.range)
        }
      }
    }
    definitions[section] = found
  }

  /// A key of `common/kvm.yaml`; of the built-in one, if the schemas have none.
  private func common(_ key: String) -> Node? {
    files.first { $0.subject == .common("kvm") }?.text.top(key)
      ?? SchemaSource.builtIn("common/kvm.yaml").text(faults).top(key)
  }

  /// `is_ppi` of `is_ppi(i)`.
  private static func bareName(_ key: String) -> String {
    guard let parenthesis = key.utf8.firstIndex(of: UInt8(ascii: "(")) else { return key }
    return String(key[..<parenthesis])
  }
}

extension Catalogue {
  package var vm: SchemaFile? { files.first { $0.subject == .vm } }
  package var vcpu: SchemaFile? { files.first { $0.subject == .vcpu } }
  package var system: SchemaFile? { files.first { $0.subject == .system } }

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

  /// The number of a device type on an architecture; nil if there is no such type.
  package func number(ofType name: String, of architecture: Architecture) -> UInt32? {
    for source in sources
    where source.path == "\(architecture.rawValue)/\(name).yaml" || source.path == "common/\(name).yaml" {
      let text = source.text(Findings())
      if source.path.hasPrefix("common/"),
        text.top("arch")?.items?.contains(where: { $0.scalar == architecture.rawValue }) != true
      {
        continue
      }
      if let number = text.top("number")?.scalar.flatMap(IntegerLiteral.parse) { return UInt32(exactly: number) }
    }
    return nil
  }

  /// Whether a number belongs to a device type that this architecture does not have in this release.
  package func isForeign(type number: UInt32) -> Bool {
    device(numbered: number) == nil && allNumbers.contains(Int128(number))
  }

  /// The capability with a number, in this release, and the file that describes it.
  package func capability(numbered number: UInt32, onVCPU: Bool) -> (file: SchemaFile, capability: Capability)? {
    for file in files {
      for capability in file.capabilities where capability.number == number && capability.isOnVCPU == onVCPU {
        if capability.lifetime.mayInclude(release) { return (file, capability) }
      }
    }
    return nil
  }

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
    let found = files.flatMap { state(of: owner, in: $0) }
    states[owner] = found
    return found
  }

  package func state(of owner: String, in file: SchemaFile) -> [StateVariable] {
    guard let entry = file.text.entry("state", owner) else { return [] }
    // An initial value may read the call's arguments and the variables declared before it.
    let reader = StateReader(faults: faults, scope: scope(of: file, .shared))
    return reader.variables(entry.value)
  }

  package func derived(of owner: String) -> [(name: String, value: Expression)] {
    files.flatMap { derived(of: owner, in: $0) }
  }

  package func derived(of owner: String, in file: SchemaFile) -> [(name: String, value: Expression)] {
    guard let entry = file.text.entry("derived", owner) else { return [] }
    return (entry.value.entries ?? []).compactMap { variable in
      let scope = scope(of: file, .shared)
      return variable.value.expression(in: scope, faults).map { (variable.key.value, $0) }
    }
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
    case .key(let key):
      seeOwner()
      roots[.key] = key
      roots[.attr] = .integer
    case .attribute(let value, let key):
      seeOwner()
      roots[.value] = value
      roots[.key] = key
      for root in [Root.attr, .group, .flags] { roots[root] = .integer }
    case .every: seeVM()
    case .create, .initialise, .addMemory, .createIRQChip, .run, .release, .unknownDevice:
      seeOwner()
      if let arguments = arguments(of: file, place) { roots[.arg] = .record(arguments) }
    case .capability(let arguments):
      seeOwner()
      roots[.arg] = arguments
    case .shared:
      seeVM()
      for root in Root.allCases where roots[root] == nil { roots[root] = .any }
      roots[.vcpu] = vcpu
      if case .device(let name) = file.subject { roots[.self] = .record(ownType(name)) }
      for root in [Root.attr, .group, .flags] { roots[root] = .integer }
    }
    return roots
  }

  private func arguments(of file: SchemaFile, _ place: RulePlace) -> RecordType? {
    let record = RecordType(name: "arg")
    switch (place, file.subject) {
    case (.create, .vm):
      for argument in file.createArguments { record.add(argument.name.identifier, .integer) }
      record.add("type", .integer)
    case (.create, .vcpu): record.add("id", .integer)
    case (.create, .device): record.add("flags", .integer)
    case (.initialise, _):
      record.add("features", .integer)
      record.add("finalize", .list(.integer))
    case (.unknownDevice, _): for name in ["type", "flags"] { record.add(name, .integer) }
    case (.addMemory, _): for name in ["slot", "at", "size"] { record.add(name, .integer) }
    default: return nil
    }
    return record
  }

  /// The record type of the state of the VM, a vCPU or a device type.
  func ownType(_ owner: String) -> RecordType {
    if let type = ownTypes[owner] { return type }
    let type = RecordType(name: owner)
    ownTypes[owner] = type
    if let file = device(named: owner) {
      type.add("type", .string)
      type.add(file.text.entry("state", "device")?.value.entries ?? [], elements)
      for name in derivedNames("device", in: file) { type.add(name, .any) }
    } else {
      if owner == "vcpu" {
        type.add("id", .integer)
        type.add("index", .integer)
      }
      for file in files {
        for name in derivedNames(owner, in: file) { type.add(name, .any) }
        type.add(file.text.entry("state", owner)?.value.entries ?? [], elements)
      }
    }
    return type
  }

  private func derivedNames(_ owner: String, in file: SchemaFile) -> [String] {
    file.text.entry("derived", owner)?.value.entries?.map(\.key.value) ?? []
  }
}

extension Catalogue: SharedNames {
  func constant(_ name: String) -> (value: Value, type: Type)? {
    switch name {
    case "arch": return (.string(architecture.rawValue), .string)
    case "kernel": return (.integer(release.number), .release)
    // No plan runs a guest. Rules name the check for the pages of `explain`.
    case "guest_has_run": return (.bool(false), .bool)
    default: break
    }
    if let table = tables[name] { return table }
    guard let entry = definitions["tables"]?[name]?.entry else { return nil }
    let table = TableReader(faults: faults, release: release).table(Entry(key: entry.key, value: entry.value.node))
    tables[name] = table
    return table
  }

  func function(_ name: String) throws(ExpressionError) -> Function? {
    if compilingFunctions.contains(name) {
      throw ExpressionError("function '\(name)' calls itself", at: Span(start: 0, length: 0))
    }
    if let function = functions[name] { return function }
    guard let definition = definitions["functions"]?[name] else { return nil }
    let (file, entry) = (definition.file, definition.entry)
    let written = entry.key.value.dropFirst(name.count).filter { $0 != "(" && $0 != ")" && $0 != " " }
    let parameters = written.split(separator: ",").map(String.init)
    let function = Function(name: name, parameters: parameters)
    compilingFunctions.insert(name)
    function.body = entry.value.node.expression(in: scope(of: file, .shared, parameters: parameters), faults)
    compilingFunctions.remove(name)
    functions[name] = function
    return function
  }

  func fragment(_ name: String) -> Fragment? {
    if let fragment = fragments[name] { return fragment }
    guard let definition = definitions["fragments"]?[name] else { return nil }
    let (file, entry) = (definition.file, definition.entry)
    let reader = KeyReader(
      entry.value, keys: ["parameters", "rules", "doc"], of: "fragment '\(name)'", faults)
    let parameters = reader.strings("parameters")
    let source = reader.child("rules")
    let rules = RuleFrame(source, reads: readsValue) { [unowned self] in
      guard let source else { return (.empty, parameters.count) }
      let scope = scope(of: file, .shared, parameters: parameters)
      return (ruleReader(scope).list(source), scope.frameSize)
    }
    let fragment = Fragment(name: name, parameters: parameters, source: entry.key.range, body: rules)
    fragments[name] = fragment
    if faults.isThorough { compile(fragment) }
    return fragment
  }

  /// The notation of a unit's integers; nil if they are plain numbers.
  func notation(ofUnit unit: String) -> Notation? {
    definitions["units"]?[unit].flatMap { Notation($0.entry, faults) }
  }

  func compile(_ fragment: Fragment) {
    if fragment.isCompiling { return }
    fragment.isCompiling = true
    _ = fragment.body.list
    fragment.isCompiling = false
  }

  func readsValue(_ rules: SchemaNode) -> Bool {
    // Most lists do not, which a search of the text shows without parsing it.
    guard rules.mentions("read") || rules.mentions("use") else { return false }
    return (rules.items ?? []).contains { rule in
      guard rule.mentions("read") || rule.mentions("use") else { return false }
      return (rule.entries ?? []).contains { entry in
        switch entry.key.value {
        case "read": true
        case "rules", "else", "on-failure": readsValue(entry.value)
        case "use": entry.value.node.scalar.flatMap(fragment)?.body.readsValue ?? false
        default: false
        }
      }
    }
  }

  /// The body of a function; nil if there is no such function.
  package func functionBody(_ name: String) -> Expression? { (try? function(name))?.body }

  /// The rows of a table; nil if there is no such table.
  package func table(_ name: String) -> Value? {
    definitions["tables"]?[name] == nil ? nil : constant(name)?.value
  }

  func factType(_ name: String) -> Type? { fact(named: name)?.type }

  var constantNames: [String] { ["arch", "kernel", "guest_has_run"] + names("tables") }
  var functionNames: [String] { names("functions") }
  package var factNames: [String] { (names("facts") + ["devices"]).sorted() }
  var fragmentNames: [String] { names("fragments") }
  var unitNames: [String] { names("units") }
  private func names(_ section: String) -> [String] { (definitions[section] ?? [:]).keys.sorted() }

  /// The facts that schemas declare, in the order of the files.
  package var declaredFacts: [Fact] {
    files.flatMap { file in file.text.keys(under: "facts").compactMap { fact(named: $0.value) } }
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
