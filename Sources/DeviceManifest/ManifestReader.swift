import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads one document as a manifest: looks names up in the catalogue and turns values into bytes.
package struct ManifestReader {
  package let node: Node
  let context: ReadingContext
  private var findings: Findings { context.findings }
  private let defaultName: () -> String
  /// The number of diagnostics before the manifest was read.
  private let diagnosticsBefore: Int

  package static let keys = [
    "kvmconf", "extends", "arch", "name", "parameters", "files", "vm", "memory", "vcpus", "devices", "steps",
    "ready",
  ]

  /// The architecture that a document is for, or probably meant. It is read first because it decides which schemas are
  /// needed. If there is none, that is reported, and the result is nil.
  ///
  /// - Parameter isFirst: whether the document is the first one of its file.
  package static func architecture(of node: Node, isFirst: Bool = true, _ findings: Findings) -> Architecture? {
    guard node.entries != nil else {
      findings.wrongKind(
        node, of: "a manifest", wanted: "a mapping",
        notes: isFirst ? [] : [Note("the '---' above it ends the manifest before it")])
      return nil
    }
    if node[key: "kernel"]?.scalar != nil, node[key: "arch"] != nil,
      node[key: "kvmconf"] == nil, node[key: "extends"] == nil
    {
      findings.error(
        "not-a-manifest",
        "these are facts of a host, and no manifest; give the file to --host-facts, and name it NAME.facts.yaml",
        at: node.range.firstLine)
      return nil
    }
    let names = Architecture.names
    let written = node[key: "arch"]
    guard let arch = written, let text = arch.scalar, !arch.isEmpty else {
      // Unknown keys are reported first: one of them may be meant as 'arch'.
      let reader = MappingReader(node, of: "the manifest", keys: keys, findings)
      if reader["extends"] != nil {
        // The key is misspelt, which has been reported: the extended manifest probably has 'arch'.
      } else if written == nil {
        _ = reader.required("arch", names.joined(separator: ", "), mayBeUnknown: false)
      } else if let written, written.scalar == nil, !written.isEmpty {
        findings.wrongKind(written, of: "'arch'", wanted: "one of \(names.listed("or"))")
      } else {
        findings.error(
          "missing-key", "the manifest needs 'arch': \(names.joined(separator: ", "))", at: node.range.firstLine)
      }
      return nil
    }
    guard let architecture = Architecture(rawValue: text) else {
      let aliases = Architecture.meant(by: text.lowercased()).map(\.rawValue)
      if aliases.count > 1 {
        let words = aliases.map { "'\($0)'" }.listed("or")
        findings.error(
          "unknown-architecture", "there is no architecture '\(text)'; did you mean \(words)?", at: arch.range)
        return nil
      }
      guard let right = aliases.first ?? names.nearest(to: text) else {
        findings.unknown("unknown-architecture", "there is no architecture", text, among: names, at: arch.range)
        return nil
      }
      findings.error(
        "unknown-architecture", "there is no architecture '\(text)'; did you mean '\(right)'?", at: arch.range,
        fixIts: [FixIt(replace: arch.range, with: right)])
      return Architecture(rawValue: right)
    }
    return architecture
  }

  /// - Parameters:
  ///   - defaultName: the name of a manifest without a name.
  ///   - readFile: reads the files that byte strings name.
  package init(
    _ node: Node, catalogue: Catalogue, defaultName: @escaping @autoclosure () -> String, _ findings: Findings,
    readFile: @escaping ReadFile = noFiles
  ) {
    self.node = node
    self.defaultName = defaultName
    diagnosticsBefore = findings.diagnostics.count
    context = ReadingContext(catalogue: catalogue, findings: findings, readFile: readFile)
  }

  /// - Parameter settings: the values of parameters from the command line.
  package func manifest(settings: [String: String]) -> Manifest {
    let reader = MappingReader(
      node, of: "the manifest", keys: Self.keys, findings,
      collections: ["parameters", "files", "vm", "memory", "vcpus", "devices", "steps"], home: home(of:),
      meant: { [node] in $0.value.scalar == "1" && node[key: "kvmconf"] == nil ? "kvmconf" : nil })
    checkVersion(reader)
    context.parameters.read(reader["parameters"], settings: settings)
    // The key that is unknown may have the names.
    if reader["parameters"] == nil, reader.isExplained(missing: "parameters") {
      context.parameters.declareUnknown(nil)
    }
    var manifest = Manifest(
      name: reader.text("name") ?? defaultName(), file: node.range.file, architecture: context.catalogue.architecture)
    context.payloads.parameters = context.parameters.loaded
    context.payloads.meantExpression = context.parameters.expression(meantBy:hasVCPU:)
    manifest.parameters = context.parameters.loaded.all
    readFiles(reader["files"])
    manifest.files = context.payloads.files
    let isDeclarative = ["vm", "memory", "vcpus", "devices"].contains { reader[$0] != nil }
    var names = StepNames()
    if isDeclarative {
      let machine = machine(reader)
      manifest.machine = machine
      if reader["steps"] != nil { names = StepNames(machine) }
    } else if reader["steps"] == nil, reader.entries.allSatisfy({ Self.keys.contains($0.key.value) }) {
      findings.error(
        "missing-key", "the manifest declares nothing; give it 'vm', 'memory', 'vcpus', 'devices' or 'steps'",
        at: node.range.firstLine)
    }
    let errorsBeforeSteps = context.errorCount
    if let steps = reader["steps"], context.vcpuCount != nil {
      findings.error(
        "load-parameter", "the number of vCPUs is supplied at load time, so no steps can follow",
        at: reader.keyRange("steps") ?? steps.range.firstLine)
    } else if let steps = reader["steps"] {
      manifest.steps = StepReader(context: context, names: names).steps(
        steps, behindMachine: isDeclarative)
      manifest.parameters = context.parameters.loaded.all
    }
    // Steps are mostly the test of a sequence, in which calls fail.
    manifest.isReady =
      reader.bool("ready", { context.parameters.expand($0) }) ?? (isDeclarative && reader["steps"] == nil)
    context.reportUnknownDevices()
    context.reportForeignNames(hasOwnNames: manifest.hasNames, node[key: "arch"])
    manifest.errorsInSteps = findings.errorCount - errorsBeforeSteps
    let isRead = !hasUnreadPart
    let mentioned = isRead && findings.hasErrors ? node.words : []
    context.parameters.reportUnused(in: node.range.file) { !isRead || mentioned.contains($0) }
    return manifest
  }

  /// The key of a manifest below which a key belongs that is written beside it.
  private func home(of key: String) -> String? {
    let arguments = context.catalogue.vm?.createArguments.map(\.name) ?? []
    if (arguments + ["capabilities", "irqchip"]).contains(key) { return "vm" }
    if key == "attributes" { return homeOfAttributes }
    return VCPUReader.keys.contains(key) && key != "attributes" && key != "raw" ? "vcpus" : nil
  }

  /// The key below which `attributes` belongs, by the names of its groups; nil if that is not certain.
  private var homeOfAttributes: String? {
    let groups = node[key: "attributes"]?.entries?.map(\.key.value) ?? []
    let homes = [("vm", context.catalogue.vm), ("vcpus", context.catalogue.vcpu)].filter { _, file in
      !groups.isEmpty && groups.allSatisfy { file?.group(named: $0) != nil }
    }
    return homes.count == 1 ? homes[0].0 : nil
  }

  /// Whether a value that has not been read may use a file.
  package func mayUse(_ file: PlanFile) -> Bool {
    context.payloads.meantFiles.contains(file.name) || node.mayMention(file.name) || hasUnreadPart
  }

  /// Whether a part of the manifest was not read, or is missing, which has been reported: a parameter or a file may be
  /// meant to be used there.
  private var hasUnreadPart: Bool {
    let reasons: [DiagnosticID] = ["unknown-key", "missing-key", "unknown-step"]
    return findings.diagnostics[diagnosticsBefore...].contains { reasons.contains($0.id) }
  }

  /// Whether some text led to no step, which has been reported: what is missing on the model may be there.
  package var lacksSteps: Bool {
    let reasons: [DiagnosticID] = [
      "unknown-key", "missing-key", "unknown-group", "unknown-attribute", "unknown-capability", "wrong-kind",
    ]
    return context.lacksSteps || findings.diagnostics[diagnosticsBefore...].contains { reasons.contains($0.id) }
  }

  private func checkVersion(_ reader: MappingReader) {
    guard
      let node = reader.required(
        "kvmconf", "the version of the language, 1", mayBeUnknown: false)
    else { return }
    if node.scalar != "1" {
      findings.error(
        "unknown-version", "this kvmconf reads version 1 of the language, not '\(node.flowText)'", at: node.range)
    }
  }

  private func readFiles(_ node: Node?) {
    guard let node else { return }
    let files = context.parameters.expand(node)
    context.payloads.hasUnreadFiles = files.entries == nil && !files.isEmpty
    for entry in MappingReader(files, of: "'files'", keys: nil, findings).entries {
      guard let path = entry.value.scalar, !entry.value.isEmpty else {
        findings.wrongKind(entry.value, of: "file '\(entry.key.value)'", wanted: "a path")
        // Its uses are not reported.
        context.payloads.unknownDescriptors.insert(entry.key.value)
        continue
      }
      context.payloads.files.append(PlanFile(name: entry.key.value, path: path, at: entry.value.range))
    }
  }

  // MARK: The declarative part

  private func machine(_ reader: MappingReader) -> Machine {
    var machine = Machine(at: (reader.keyRange("vm") ?? reader.keyRange("arch") ?? node.range).firstLine)
    let attributes = AttributeReader(context: context)
    let vcpus = VCPUReader(context: context)
    machine.memory = memory(reader)
    // The vCPUs come first, since list entries of devices can be repeated for each of them.
    machine.vcpus = vcpus.declarations(reader["vcpus"])
    machine.vcpuCount = context.vcpuCount
    // Capabilities can name devices.
    machine.devices = DeviceReader(context: context).declarations(reader["devices"])
    let devices = machine.devices.map(\.name)
    func device(_ node: Node) -> String? { context.device(node, among: devices) { devices.contains($0) } }
    if let vm = reader["vm"], let schema = context.catalogue.vm {
      let arguments = schema.createArguments.map(\.name)
      let own = MappingReader(
        vm, of: "'vm'", keys: arguments + ["capabilities", "irqchip", "attributes", "raw"], findings,
        lists: ["capabilities"], collections: ["capabilities", "attributes", "raw"],
        home: { schema.group(named: $0) == nil ? nil : "attributes" })
      let (type, places) = MachineTypeReader(context: context).type(own, schema)
      (machine.type, machine.typePlaces, machine.isTypeIncomplete) = (type ?? 0, places, type == nil)
      let capabilities = own.items("capabilities", "names")
      findings.warnOfRepetitions(ofCapabilities: capabilities)
      machine.capabilities = capabilities.compactMap {
        CapabilityReader(context: context, device: device).call(context.parameters.expand($0), onVCPU: nil)
      }
      // A value that is neither is reported, and is not meant as false.
      if own.bool("irqchip", { context.parameters.expand($0) }) ?? true {
        machine.irqchip = own.valueRange("irqchip")
      } else {
        machine.noIRQChip = own.valueRange("irqchip")
      }
      machine.attributes = attributes.settings(own["attributes"], of: schema) + attributes.raw(own["raw"])
    }
    vcpus.readAttributes(reader["vcpus"], into: &machine.vcpus, device: device)
    return machine
  }

  private func memory(_ reader: MappingReader) -> [MemoryRegion] {
    let regions = reader.items("memory", "{at, size}").enumerated().map { i, item in
      MemoryReader(context: context, isStep: false).region(context.parameters.expand(item), slot: UInt32(i))
    }
    guard let node = reader["memory"], !node.isEmpty, node.items == nil else { return regions }
    // It is not a list, which has been reported: it is unknown what memory there is.
    var region = MemoryRegion(slot: 0, address: 0, size: 0, at: node.range.firstLine)
    region.makeIncomplete()
    return [region]
  }
}

extension Node {
  /// Whether a value in this node is a text, or may become it by a parameter.
  fileprivate func mayMention(_ word: String) -> Bool {
    switch content {
    case .scalar(let text, _): text == word || text.contains("$")
    case .sequence(let items): items.contains { $0.mayMention(word) }
    case .mapping(let entries): entries.contains { $0.value.mayMention(word) }
    }
  }

  /// The words in the values of this node, without those of parameters.
  fileprivate var words: Set<String> {
    switch content {
    case .scalar(let text, _): Set(text.words)
    case .sequence(let items): items.reduce(into: []) { $0.formUnion($1.words) }
    case .mapping(let entries):
      entries.reduce(into: []) { if $1.key.value != "parameters" { $0.formUnion($1.value.words) } }
    }
  }
}

extension String {
  /// The pieces of letters, digits and `_`.
  var words: [String] { utf8.split { !$0.isWord }.map { String(decoding: $0, as: UTF8.self) } }
}

/// The machine-type argument of KVM_CREATE_VM, from the arguments that its schema names; nil after an error, which is
/// reported.
struct MachineTypeReader {
  let context: ReadingContext

  func type(_ reader: MappingReader, _ schema: SchemaFile) -> (type: UInt64?, places: KeyPlaces) {
    let expanded = reader.entries.map { Entry(key: $0.key, value: context.parameters.expand($0.value)) }
    let own = MappingReader(
      Node(
        .mapping(expanded.filter { entry in schema.createArguments.contains { $0.name == entry.key.value } }),
        at: reader.node.range),
      of: reader.what(), keys: nil, context.findings)
    let encoder = context.encoder(isStep: true)
    let type = encoder.fields(schema.createArguments, own, "vm").map { UInt64(truncatingIfNeeded: $0.value) }
    let names = schema.createArguments.map(\.name)
    return (type, KeyPlaces(names: names.map(\.identifier)) { reader.valueRange(names[$0]) })
  }
}

extension Findings {
  /// Warns of capabilities that are enabled twice, with the same arguments.
  func warnOfRepetitions(ofCapabilities items: [Node]) {
    if items.count < 2 { return }
    warnOfRepetitions(
      items.map { item in
        let name = item.scalar ?? item.entries?.first?.key.value ?? ""
        return (key: item.flowText, words: "capability '\(name)'", at: item.range)
      })
  }
}

extension MemoryRegion {
  /// Forgets what is known of a region with an error.
  fileprivate mutating func makeIncomplete() { (size, source, isIncomplete) = (0, nil, true) }
}

struct MemoryReader {
  let context: ReadingContext
  let isStep: Bool

  func region(_ node: Node, slot: UInt32) -> MemoryRegion {
    let own = context.catalogue.descriptorMemoryName
    var keys = ["at", "size", "slot", "flags"]
    if let own { keys += isStep ? [own, DescriptorMemory.offsetName(own)] : [own] }
    let reader = MappingReader(node, of: "a memory region", keys: keys, context.findings, lists: ["flags"])
    let address = reader.required("at", "its guest physical address").flatMap { context.u64($0, "at") }
    let size = reader.required("size", "its size in bytes").flatMap { context.u64($0, "size") }
    let slot = reader["slot"].flatMap { context.u32($0, "slot") } ?? slot
    let flags = reader["flags"].flatMap(flags)
    let places = KeyPlaces(names: keys.map(\.identifier)) { reader.valueRange(keys[$0]) }
    var region = MemoryRegion(
      slot: slot, address: address ?? 0, size: size ?? 0, flags: flags ?? 0, places: places, at: node.range.firstLine)
    if address == nil || size == nil || reader.hasUnreadKey { region.makeIncomplete() }
    guard let own, let node = reader[own], let memory = context.catalogue.descriptorMemory else { return region }
    if isStep {
      let descriptors = context.payloads.descriptors
      let found = context.device(
        node, "no step above makes a descriptor", among: descriptors.keys.sorted()
      ) { descriptors[$0] != nil }
      guard let name = found else {
        region.makeIncomplete()
        return region
      }
      let offset = reader[memory.offsetName].flatMap { context.u64($0, memory.offsetName) } ?? 0
      region.source = .descriptor(name, offset: offset)
    } else {
      guard let setting = creation(of: memory, node, size: reader["size"] ?? node) else { return region }
      region.source = .new("\(memory.name)-\(slot)", memory.call, setting)
    }
    region.flags |= 1 << UInt32(memory.flag)
    return region
  }

  /// The call that makes the memory of a region; nil if the region is to have none, or has an error.
  ///
  /// - Parameter node: `true`, or a mapping of what the call takes besides the size.
  private func creation(of memory: DescriptorMemory, _ node: Node, size: Node) -> AttributeSetting? {
    if node.scalar == "false" { return nil }
    guard node.scalar == "true" || node.entries != nil else {
      context.findings.wrongKind(node, of: "'\(memory.name)'", wanted: "true, or a mapping")
      return nil
    }
    let given = MappingReader(
      Node(.mapping(node.entries ?? []), at: node.range), of: "'\(memory.name)'",
      keys: memory.members.fields.map(\.name),
      context.findings)
    let value = Node(
      .mapping([Entry(key: Located(DescriptorMemory.size, at: size.range), value: size)] + given.entries),
      at: node.range)
    var setting = AttributeSetting(
      call: AttributeNumbers(group: 0, attr: 0), path: memory.call.name, at: node.range)
    context.encode(value, for: memory.call, into: &setting)
    return setting
  }

  private func flags(_ node: Node) -> UInt32? {
    let type = IntegerType(size: 4, isSigned: false)
    return context.encoder(isStep: true).integer(
      node, context.catalogue.memoryFlags, range: type.range, words: type.name, "flags"
    ).map { UInt32($0) }
  }
}

struct CapabilityReader {
  let context: ReadingContext
  /// The device that an argument names; nil after an error, which is reported.
  let device: (Node) -> String?
  private var findings: Findings { context.findings }

  /// A capability by name, or `{NAME: {ARGUMENT: VALUE}}`.
  func call(_ node: Node, onVCPU vcpu: UInt64?) -> CapabilityCall? {
    if let name = node.scalar { return call(Located(name, at: node.range), node, arguments: nil, onVCPU: vcpu) }
    guard let entries = node.entries, entries.count == 1, let entry = entries.first else {
      findings.wrongKind(node, of: "a capability", wanted: "a name, or {NAME: {ARGUMENT: VALUE}}")
      return nil
    }
    return call(entry.key, node, arguments: entry.value, onVCPU: vcpu)
  }

  /// - Parameters:
  ///   - arguments: the mapping that holds the arguments.
  ///   - others: further keys of that mapping, which are not arguments.
  func call(
    _ name: Located, _ node: Node, arguments: Node?, others: [String] = [], onVCPU vcpu: UInt64?
  ) -> CapabilityCall? {
    let known = context.catalogue.files.flatMap(\.capabilities).filter { $0.isOnVCPU == (vcpu != nil) }
    var found = known.first { $0.name == name.value }
    if found == nil {
      let owner = vcpu == nil ? "the VM" : "a vCPU"
      let guess = findings.unknown(
        "unknown-capability", "\(owner) has no capability", name.value, among: known.map(\.name), at: name.range)
      // It is read as the one that is meant, so that the calls that need it are not refused.
      found = known.first { $0.name == guess?.certain }
    }
    guard let capability = found else { return nil }
    var call = CapabilityCall(name: capability.name, number: capability.number, vcpu: vcpu, at: name.range)
    let reader = MappingReader(
      arguments ?? Node(.mapping([]), at: node.range), of: "capability '\(name.value)'",
      keys: capability.parameters.map(\.name) + others, findings,
      example: capability.parameters.first.map { "{\($0.name): \(arguments?.scalar ?? "…")}" })
    call.places = KeyPlaces(names: capability.parameters.map(\.name.identifier)) {
      reader.valueRange(capability.parameters[$0].name)
    }
    var isGood = true
    for parameter in capability.parameters {
      guard let value = reader[parameter.name] else {
        if parameter.isDevice {
          findings.error(
            "missing-key", "capability '\(name.value)' needs '\(parameter.name)', the name of a device", at: name.range)
          isGood = false
        }
        if reader.isExplained(missing: parameter.name) { call.isIncomplete = true }
        call.arguments.append(.number(UInt64(truncatingIfNeeded: parameter.initial ?? 0)))
        continue
      }
      let argument: ArgumentValue? =
        parameter.isDevice ? device(value).map { .device($0) } : context.u64(value, parameter.name).map { .number($0) }
      if let argument { call.arguments.append(argument) } else { isGood = false }
    }
    return isGood ? call : nil
  }
}
