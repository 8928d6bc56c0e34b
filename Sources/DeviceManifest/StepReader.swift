import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The names from the declarative part and the steps so far: devices with their types, and vCPUs.
struct StepNames {
  /// The schema of each device's type, by the device's name; the inner nil is for a type without a schema.
  var devices: [String: SchemaFile?] = [:]
  /// Devices with alternative types, whose attributes cannot be looked up in one schema.
  var ambiguous: Set<String> = []
  var vcpus: Set<UInt64> = []
  /// The vCPUs in the order of their creation.
  var vcpusInOrder: [UInt64] = []
  var nextSlot: UInt32 = 0
  /// The number of device slots taken.
  var deviceSlots = 0

  init() {}

  init(_ machine: Machine) {
    for device in machine.devices {
      if device.alternatives.count > 1 { ambiguous.insert(device.name) }
      devices[device.name] = .some(device.alternatives.first?.type.schema)
    }
    vcpusInOrder = machine.vcpus.map(\.id)
    vcpus = Set(vcpusInOrder)
    nextSlot = UInt32(machine.memory.count)
    let newMemory = machine.memory.count { if case .new? = $0.source { true } else { false } }
    deviceSlots = machine.devices.reduce(newMemory) { $0 + $1.alternatives.count }
  }
}

/// Reads the explicit steps of `steps:`.
package final class StepReader {
  private let context: ReadingContext
  private var names: StepNames
  private var placesOfUnknownVCPUs: Set<SourceRange> = []
  /// Where each vCPU that no step above has created is used first, and how often, by its id.
  private var unknownVCPUs: [UInt64: (first: SourceRange, uses: Int)] = [:]
  /// The number of steps with an unknown verb.
  private var unknownSteps = 0
  /// The number of steps with an unknown device type.
  private var unknownTypes = 0
  /// Whether this step has two calls, which has been reported: what is missing may belong to the other one.
  private var hasTwoCalls = false
  /// The steps as written.
  private var written: [Node] = []
  private var findings: Findings { context.findings }
  private var encoder: PayloadEncoder { context.encoder(isStep: true) }

  /// The words that make a mapping a step, with the further keys that each takes.
  package static let verbs: [(verb: String, keys: [String])] = [
    ("create-vm", []), ("add-memory", []), ("enable-capability", ["on"]), ("create-irqchip", []),
    ("check-extension", []),
    ("create-vcpu", []),
    ("init-vcpu", ["features"]), ("test", ["flags"]), ("create", ["as", "flags"]), ("close", []),
    ("set", []), ("get", []), ("has", []), ("run", []),
  ]

  init(context: ReadingContext, names: StepNames) {
    self.context = context
    self.names = names
  }

  /// - Parameter behindMachine: whether a declarative part has created the VM.
  func steps(_ node: Node, behindMachine: Bool) -> [ExplicitStep] {
    guard let items = node.items else {
      if !node.isEmpty { findings.wrongKind(node, of: "'steps'", wanted: "a list of steps") }
      return []
    }
    written = items
    var steps: [ExplicitStep] = []
    /// Whether the first step needs a VM that a later one may create.
    var isWithoutVM = false
    let namesInSteps = NamesInSteps(items)
    context.payloads.namesInSteps = namesInSteps
    context.parameters.namesInSteps = namesInSteps
    context.parameters.lists = list
    context.parameters.listNames = ["vcpus"] + context.catalogue.tableNames
    defer { context.parameters.lists = { _ in nil } }
    let errors = context.errorCount
    // The vCPUs that a repeated step is for are those of the steps before.
    for (i, item) in items.enumerated().lazy.flatMap(repeated).enumerated() {
      guard let entries = item.entries else {
        let fixIts = item.scalar.flatMap { known.contains($0) ? FixIt(replace: item.range, with: "\($0):") : nil }
        findings.wrongKind(
          item, of: "a step", wanted: "a mapping such as {create-vcpu: 0}", fixIts: fixIts.map { [$0] } ?? [])
        continue
      }
      guard let (verb, item) = verb(entries, item) else {
        declareUnknown(item)
        continue
      }
      if verb == "create-vm", isWithoutVM {
        // It comes too late, which has been reported at the first step.
        isWithoutVM = false
        continue
      }
      if verb == "create-vm", i > 0 || behindMachine {
        let why = behindMachine ? "the declarative part has already created it" : "'create-vm' must be the first step"
        findings.error("misplaced-step", "a plan creates one VM, and \(why)", at: item.range.firstLine)
        continue
      }
      if i == 0, !behindMachine, !["create-vm", "has", "get", "set"].contains(verb) {
        findings.error(
          "misplaced-step", "there is no VM yet; begin with 'create-vm: {}'", at: item.range.firstLine)
        isWithoutVM = true
      }
      if var step = step(verb, item) {
        step.expectedAt = item[key: "expect"]?.range
        step.followsError = context.errorCount > errors
        steps.append(step)
      } else {
        declareUnknown(item)
      }
    }
    reportUnknownVCPUs()
    return steps
  }

  /// Declares what a step with an error would have named, so that its uses are not reported.
  private func declareUnknown(_ item: Node) {
    context.lacksSteps = true
    let inner = item.entries?.lazy.compactMap { $0.value[key: "as"] }.first
    guard let node = item[key: "as"] ?? inner else {
      // A device without a name is called like its type.
      if let type = item[key: "create"]?.scalar, names.devices[type] == nil {
        context.payloads.unknownDescriptors.insert(type)
      }
      return
    }
    let name = node.scalar.map { Located($0, at: node.range) }
    context.parameters.declareUnknown(name?.value.isValueName == true ? name : nil)
    if let name, names.devices[name.value] == nil {
      // A name with a dot may be used without what follows it.
      context.payloads.unknownDescriptors.formUnion([name.value, String(name.value.prefix { $0 != "." })])
    }
  }

  /// A step for each element of its list. What earlier steps have read can be used in it.
  private func repeated(_ index: Int, _ item: Node) -> [Node] {
    context.parameters.loopVariable = nil
    guard let loop = item.entries?.first(where: { $0.key.value.mayMeanLoop })?.key else {
      return [context.parameters.expand(item)]
    }
    if loop.value != "for" {
      if ["for-each"].certain(for: loop.value) == nil { return [context.parameters.expand(item)] }
      findings.error(
        "unknown-key", "a step has no key '\(loop.value)'; did you mean 'for: cpu in vcpus'?", at: loop.range)
      declareUnknown(item)
      if item[key: "create-vcpu"] != nil { context.hasUnknownVCPUs = true }
      return []
    }
    guard let steps = context.parameters.repeated(item, mayBeEmpty: context.hasUnknownVCPUs) else {
      declareUnknown(item)
      // They may be created by this step.
      if item[key: "create-vcpu"] != nil { context.hasUnknownVCPUs = true }
      return []
    }
    context.repeatedSteps[index] = steps
    return steps
  }

  /// Keeps what a step reads for later steps, if it has `as`.
  ///
  /// - Parameter type: the type of what is read; nil if it is not known.
  private func store(
    _ reader: MappingReader, _ type: PayloadType?, of data: AttributeData, at offset: Int
  ) -> StoredValue? {
    guard let node = reader["as"] else { return nil }
    if case .invalid = data {
      declareUnknown(reader.node)
      findings.error("bad-name", "'as' cannot keep this value: nothing is read at an invalid address", at: node.range)
      return nil
    }
    guard case .integer(let integer)? = type, let name = node.scalar, name.isValueName else {
      declareUnknown(reader.node)
      let why =
        node.scalar?.isValueName == true ? "only an integer can be kept" : "a name has letters, digits and hyphens"
      findings.error("bad-name", "'as' cannot keep this value: \(why)", at: node.range)
      return nil
    }
    let index = context.parameters.declareRead(
      Located(name, at: node.range), size: integer.size, isSigned: integer.isSigned)
    context.payloads.parameters = context.parameters.loaded
    return index.map { StoredValue(parameter: $0, context.parameters.loaded.all[$0], offset: offset) }
  }

  /// The vCPUs in the order of their creation, or the rows of a table.
  private func list(_ name: String) -> Value? {
    if name == "vcpus" {
      return .list(
        names.vcpusInOrder.enumerated().map { .record(Fields([("id", Value($1)), ("index", Value($0))])) })
    }
    return context.catalogue.table(name)
  }

  /// The verbs of all steps.
  private lazy var known = Self.verbs.map(\.verb) + context.catalogue.requestNames.map(\.name)

  /// The verb of a step, and the step. A misspelt verb is reported, and replaced by the one that is meant.
  private func verb(_ entries: [Entry], _ item: Node) -> (String, Node)? {
    hasTwoCalls = false
    let found = entries.filter { known.contains($0.key.value) }
    if let verb = found.first?.key.value {
      if found.count > 1 {
        findings.error(
          "conflicting-keys", "a step makes one call: '\(verb)' or '\(found[1].key.value)'", at: found[1].key.range)
        // The step is read as the first call.
        hasTwoCalls = true
        let others = Set(found.dropFirst().map(\.key.value))
        return (verb, Node(.mapping(entries.filter { !others.contains($0.key.value) }), at: item.range))
      }
      return (verb, item)
    }
    let others = ["expect", "value", "input", "address"] + Self.verbs.flatMap(\.keys)
    guard let i = entries.firstIndex(where: { !others.contains($0.key.value) }) ?? entries.indices.first else {
      findings.error("unknown-step", "an empty step", at: item.range)
      return nil
    }
    let key = entries[i].key
    let owners = context.architectures(ofRequest: key.value)
    if !owners.isEmpty {
      context.foreignName(
        "unknown-step",
        "the step '\(key.value)' belongs to \(owners.map(\.rawValue).listed()), but this manifest is for "
          + context.catalogue.architecture.rawValue, of: owners, at: key.range)
      return nil
    }
    if let path = path(ofAttribute: key.value, entries[i].value) {
      findings.error(
        "unknown-step", "there is no step '\(key.value)'; did you mean '{set: \(path)}'?", at: key.range,
        fixIts: item.range.text.hasPrefix("{") && entries.count == 1
          ? [FixIt(replace: item.range, with: "{set: \(path)}")] : [])
      return nil
    }
    // The search for the verb that is meant takes time.
    unknownSteps += 1
    let isAlien = unknownSteps <= 100 && known.nearest(to: key.value) == nil
    let verbs = "the steps are \(Self.verbs.map(\.verb).listed()), and the calls of the schemas, such as 'irqfd'"
    let guess = findings.unknown(
      "unknown-step", "there is no step", key.value, among: known, at: key.range, notes: isAlien ? [Note(verbs)] : [])
    guard let meant = guess?.certain else { return nil }
    var entries = entries
    entries[i].key.value = meant
    return (meant, Node(.mapping(entries), at: item.range))
  }

  /// The attribute without a value that a step with a wrong verb means: `gic.ctrl.init` of `init: gic`.
  private func path(ofAttribute name: String, _ subject: Node) -> String? {
    guard let device = subject.scalar, let schema = names.devices[device],
      let (group, attribute) = schema?.home(ofAttribute: name),
      group.payloads(of: attribute).allSatisfy(\.type.isNone)
    else { return nil }
    return "\(device).\(group.name).\(name)"
  }

  /// A step with the keys that it may have. Others are reported, and replaced by those that are certainly meant.
  ///
  /// - Parameters:
  ///   - lists: the keys whose values are lists.
  ///   - home: returns the key under which an unknown key belongs, or nil if there is no such key.
  /// - Returns: the step, and whether the value of a key is not read.
  private func checked(
    _ step: MappingReader, _ what: String, keys: [String], lists: [String] = ["expect"],
    home: (String) -> String? = { _ in nil }
  ) -> (reader: MappingReader, hasUnreadKey: Bool) {
    var entries = step.entries
    if entries.allSatisfy({ keys.contains($0.key.value) }) { return (step, false) }
    var hasUnreadKey = false
    if keys.contains("as"), let i = entries.firstIndex(where: { $0.key.value == "name" }) {
      findings.misnamed("\(what) has no key", entries[i].key, "as")
      if step["as"] == nil {
        entries[i].key.value = "as"
      } else {
        entries.remove(at: i)
        hasUnreadKey = true
      }
    }
    if keys.contains("payload"), let i = entries.firstIndex(where: { $0.key.value == "value" }) {
      findings.error(
        "unknown-key",
        "\(what) has no key 'value'; for a group by its number, write 'payload: {u64: \(entries[i].value.flow)}'",
        at: entries.remove(at: i).key.range)
      hasUnreadKey = true
    }
    let reader = MappingReader(
      Node(.mapping(entries), at: step.node.range), of: what, keys: keys, findings, lists: lists, home: home)
    return (reader, hasUnreadKey || reader.hasUnreadKey)
  }

  /// A step whose keys are inside the value of its verb, with these keys beside the verb; this is reported.
  private func hoisted(_ verb: String, _ keys: [String], _ item: Node) -> Node? {
    guard let subject = item[key: verb], let inner = subject.entries else { return nil }
    let (outer, rest) = (inner.filter { keys.contains($0.key.value) }, inner.filter { !keys.contains($0.key.value) })
    guard let value = rest.first?.value, rest.count == 1, !outer.isEmpty else { return nil }
    let others = (item.entries ?? []).filter { entry in
      entry.key.value != verb && !outer.contains { $0.key.value == entry.key.value }
    }
    let verbKey = (item.entries ?? []).first { $0.key.value == verb }?.key ?? Located(verb, at: subject.range)
    let mended = Node(.mapping([Entry(key: verbKey, value: value)] + outer + others), at: item.range)
    findings.error(
      "wrong-kind", "'\(verb)' takes one value, not a mapping: write '\(mended.flow)'", at: subject.range,
      fixIts: item.range.text.hasPrefix("{") ? [FixIt(replace: item.range, with: mended.flow)] : [])
    return mended
  }

  private func step(_ verb: String, _ item: Node) -> ExplicitStep? {
    let fixed = Self.verbs.first { $0.verb == verb }
    let mayHoist = fixed.map { !$0.keys.isEmpty && verb != "enable-capability" } ?? false
    let item = mayHoist ? hoisted(verb, fixed?.keys ?? [], item) ?? item : item
    var reader = MappingReader(item, of: "a step", keys: nil, findings)
    guard let subject = reader[verb] else { return nil }
    var hasUnreadKey = false
    if let fixed, !["set", "get", "has", "enable-capability"].contains(verb) {
      (reader, hasUnreadKey) = checked(
        reader, "'\(verb)'", keys: [verb, "expect"] + fixed.keys, lists: ["expect", "features"])
    }
    let at = subject.isEmpty ? (reader.keyRange(verb) ?? item.range).firstLine : subject.range.firstLine
    let written = reader["expect"] ?? reader.entries.first { $0.key.value.isTypo(of: "expect") }?.value
    let (expected, number, isReadable) = expected(written, by: verb)
    func made(_ action: ExplicitStep.Action?) -> ExplicitStep? {
      guard let action else { return nil }
      var step = ExplicitStep(action: action, expected: expected, at: at)
      if case .addMemory(let region) = action { step.isIncomplete = region.isIncomplete }
      if case .createVM(_, _, let isIncomplete) = action { step.isIncomplete = isIncomplete }
      if case .enableCapability(let call) = action { step.isIncomplete = call.isIncomplete }
      if case .initVCPU(_, let features) = action { step.isIncomplete = features.isIncomplete }
      if !isReadable || hasUnreadKey { step.isIncomplete = true }
      return step
    }
    let succeeds = expected.contains(.ok)
    switch verb {
    case "create-vm": return made(createVM(subject))
    case "add-memory":
      defer { names.nextSlot += 1 }
      return made(.addMemory(MemoryReader(context: context, isStep: true).region(subject, slot: names.nextSlot)))
    case "enable-capability": return made(capability(subject, item, reader))
    case "create-irqchip": return made(.createIRQChip)
    case "check-extension": return made(context.u32(subject, "check-extension").map { .checkExtension($0) })
    case "create-vcpu":
      guard let id = context.u64(subject, verb) else {
        context.hasUnknownVCPUs = true
        return nil
      }
      if succeeds, names.vcpus.insert(id).inserted { names.vcpusInOrder.append(id) }
      return made(.createVCPU(id))
    case "init-vcpu":
      guard context.catalogue.vcpu?.hasVCPUInit == true else {
        findings.error(
          "no-initialisation",
          "vCPUs on \(context.catalogue.architecture.rawValue) need no initialisation, and have no call for it",
          at: reader.keyRange(verb) ?? at)
        return nil
      }
      let features = VCPUReader(context: context).features(reader["features"], mayBeOptional: false)
      return made(vcpu(subject, verb).map { .initVCPU($0, features) })
    case "run": return made(vcpu(subject, verb).map { .runVCPU($0) })
    case "test":
      return made(type(subject, as: nil).map { .testDevice($0, flags: flags(reader)) })
    case "create": return made(create(subject, reader, succeeds: succeeds))
    case "close":
      guard let name = device(subject) else { return nil }
      if succeeds {
        names.devices[name] = nil
        context.payloads.descriptors[name] = nil
        context.payloads.closings[name] = at
      }
      return made(.closeDevice(name))
    default:
      let found = context.catalogue.request(named: verb)
      var step =
        found.map { request($0.call, of: $0.file, subject, reader, expected, at) }
        ?? attribute(verb, subject, reader, expected, at)
      step?.expectedNumber = number
      if !isReadable { step?.isIncomplete = true }
      return step
    }
  }

  /// A call with a struct: `{irq-line: {irq: {type: spi, num: 40}, level: 1}}`.
  private func request(
    _ call: RequestSchema, of file: SchemaFile, _ subject: Node, _ reader: MappingReader, _ expected: [Answer],
    _ at: SourceRange
  ) -> ExplicitStep? {
    let allowed =
      [call.name, "expect", "on", "address"] + (call.isWritten ? ["value"] : [])
      + (call.makesDescriptor || call.isWritten ? ["as"] : [])
    var reader = reader
    var subject = subject
    var hasUnreadKey = false
    let isStructure = if case .structure = call.type { true } else { false }
    // The keys of a struct without its mapping are no further mistakes.
    if !isStructure || subject.isEmpty || subject.entries != nil {
      (reader, hasUnreadKey) = checked(reader, "this step", keys: allowed) {
        call.type.hasMember($0) ? call.name : nil
      }
      subject = reader[call.name] ?? subject
    }
    guard let target = target(of: call, file, reader, at) else { return nil }
    var setting = AttributeSetting(
      call: AttributeNumbers(group: 0, attr: 0), owner: file, path: call.name, at: subject.isEmpty ? at : subject.range)
    var comparison: Comparison?
    if let address = reader["address"] {
      if address.scalar != "invalid" {
        findings.error(
          "unknown-name", "'address' can only be 'invalid'; leave it out for a valid one", at: address.range)
      }
      setting.data = .invalid
    } else if !call.type.isNone {
      comparison = data(of: call, subject, reader["value"], into: &setting)
    }
    var name: String?
    if call.makesDescriptor {
      name = newName(
        reader, otherwise: call.name, at: reader.keyRange(call.name) ?? at, nil, succeeds: expected.contains(.ok))
      if name == nil { return nil }
    }
    var step = ExplicitStep(
      action: .request(call, on: target, setting, comparison, as: name), expected: expected, at: setting.at)
    step.isIncomplete = setting.isIncomplete || hasUnreadKey
    if !call.makesDescriptor {
      var (start, size) = (0, 0)
      if case .bytes(let bytes, let slots) = setting.data {
        // What a pointer points to, or the whole payload.
        start = slots.firstTarget ?? 0
        size = bytes.count - start
      }
      let type = PayloadType.integer(IntegerType(size: size, isSigned: false))
      step.stored = store(reader, [1, 2, 4, 8].contains(size) ? type : nil, of: setting.data, at: start)
    }
    return step
  }

  /// Encodes the struct of a call. Returns what the kernel must write.
  private func data(
    of call: RequestSchema, _ subject: Node, _ written: Node?, into setting: inout AttributeSetting
  ) -> Comparison? {
    var value = subject
    if subject.isEmpty {
      let isStructure = if case .structure = call.type { true } else { false }
      value = Node(isStructure ? .mapping([]) : .scalar("0", .plain), at: subject.range)
    }
    context.encode(value, for: call, into: &setting)
    if subject.isEmpty { setting.value = nil }
    guard let written, !setting.isIncomplete else { return nil }
    let expected = written.completed(by: subject, for: call.type)
    guard let wanted = encoder.encode(expected, as: call.type, name: "value") else { return nil }
    setting.keyPlaces.append(KeyPlaces.wanted, written.range)
    return Comparison(bytes: wanted.payload.bytes, mask: wanted.payload.mask)
  }

  /// The descriptor that a call with a struct is made on.
  private func target(
    of call: RequestSchema, _ file: SchemaFile, _ reader: MappingReader, _ at: SourceRange
  ) -> TargetName? {
    if let on = reader["on"] {
      guard let path = target(on) else { return nil }
      let isRight = path.schema === file || (file.isRequestedOnVM && path.target == .vm)
      if isRight, path.rest.isEmpty { return path.target }
      findings.error("unknown-target", "'\(call.name)' is made on \(file.requestWords)", at: on.range)
      return nil
    }
    if file.isRequestedOnVM { return .vm }
    if file.subject == .system { return .system }
    if let place = reader[call.name]?.keyRange("on"), !call.type.hasMember("on") {
      findings.error(
        "unknown-key", "'\(call.name)' has no key 'on'; it belongs beside '\(call.name)'", at: place)
      return nil
    }
    findings.error(
      "missing-key", "'\(call.name)' needs 'on': it is made on \(file.requestWords)", at: at)
    return nil
  }

  private func flags(_ reader: MappingReader) -> UInt32 { reader["flags"].flatMap { context.u32($0, "flags") } ?? 0 }

  /// One expected answer, or a list of them: `ok`, errnos, and a number.
  private func expected(
    _ node: Node?, by verb: String
  ) -> (answers: [Answer], number: UInt32?, isReadable: Bool) {
    guard let node else { return ([.ok], nil, true) }
    var number: UInt32?
    var isReadable = true
    let answers = (node.items ?? [node]).compactMap { item -> Answer? in
      if let answer = item.scalar.flatMap(Answer.init) { return answer }
      if let value = item.scalar.flatMap(IntegerLiteral.parse) {
        if self.number(value, item, by: verb, &number) { return .ok }
        isReadable = false
        return nil
      }
      isReadable = false
      let meant = findings.unknown(
        "unknown-errno", "there is no answer", item.scalar ?? item.kind, among: ["ok"] + Errno.allNames, at: item.range)
      return meant?.certain.flatMap(Answer.init)
    }
    // `ok` is a success with any number.
    if answers.count(where: { $0 == .ok }) > 1 { number = nil }
    return (answers.isEmpty ? [.ok] : answers, number, isReadable)
  }

  /// Reads a number as an expected answer. Returns false after an error.
  private func number(_ value: Int128, _ item: Node, by verb: String, _ number: inout UInt32?) -> Bool {
    let known = ["set", "get", "has"] + context.catalogue.requestNames.map(\.name)
    guard known.contains(verb) else {
      findings.error("unknown-errno", "only set, get and has answer a number; write ok", at: item.range)
      return false
    }
    guard number == nil else {
      findings.error("unknown-errno", "a step expects one number, or ok for any", at: item.range)
      return false
    }
    guard (0...Int128(Int32.max)).contains(value) else {
      findings.error("value-out-of-range", "an answer is a number from 0 to \(Int32.max)", at: item.range)
      return false
    }
    number = UInt32(value)
    return true
  }

  // MARK: Calls without attributes

  private func createVM(_ node: Node) -> ExplicitStep.Action? {
    guard let schema = context.catalogue.vm else { return nil }
    var node = node
    /// The arguments that have a value with this name.
    let owners = schema.createArguments.filter { argument in
      node.scalar.map { argument.description.names.value(of: $0) != nil } ?? false
    }
    if let name = node.scalar, owners.count == 1 {
      let argument = owners[0].name
      findings.error(
        "wrong-kind", "'create-vm' must be a mapping; did you mean '{\(argument): \(name)}'?", at: node.range,
        fixIts: [FixIt(replace: node.range, with: "{\(argument): \(name)}")])
      node = Node(.mapping([Entry(key: Located(argument, at: node.range), value: node)]), at: node.range)
    }
    let reader = MappingReader(node, of: "'create-vm'", keys: schema.createArguments.map(\.name), findings)
    let (type, places) = MachineTypeReader(context: context).type(reader, schema)
    return .createVM(type: type ?? 0, places, isIncomplete: type == nil || node.entries == nil && !node.isEmpty)
  }

  private func capability(_ subject: Node, _ item: Node, _ reader: MappingReader) -> ExplicitStep.Action? {
    guard let name = subject.scalar else {
      let example = subject.capability.map { ", as in \($0)" } ?? ""
      findings.wrongKind(subject, of: "'enable-capability'", wanted: "a name\(example)")
      return nil
    }
    var vcpu: UInt64?
    var isTargetKnown = true
    if let on = reader["on"] {
      switch target(on)?.target {
      case .vcpu(let id)?: vcpu = id
      case let other:
        if other != nil {
          findings.error(
            "unknown-target", "a capability is enabled on the VM (without 'on') or on 'vcpu.ID'", at: on.range)
        }
        // The rest is read as that of the owner that has the capability.
        isTargetKnown = false
        vcpu = context.catalogue.files.flatMap(\.capabilities).contains { $0.name == name && !$0.isOnVCPU } ? nil : 0
      }
    }
    let call = CapabilityReader(context: context, device: device).call(
      Located(name, at: subject.range), item, arguments: item, others: ["enable-capability", "on", "expect"],
      onVCPU: vcpu)
    return isTargetKnown ? call.map { .enableCapability($0) } : nil
  }

  private func vcpu(_ node: Node, _ verb: String) -> UInt64? {
    if node.isEmpty {
      findings.error("missing-value", "'\(verb)' needs the id of a vCPU", at: node.range)
      return nil
    }
    guard let id = context.u64(node, verb) else { return nil }
    if names.vcpus.contains(id) { return id }
    reportUnknownVCPU(id, at: node.range)
    return nil
  }

  /// Reports a vCPU that does not exist; only the first one of a repeated step.
  private func reportUnknownVCPU(_ id: UInt64, at range: SourceRange) {
    if context.hasUnknownVCPUs || !placesOfUnknownVCPUs.insert(range).inserted { return }
    unknownVCPUs[id, default: (range, 0)].uses += 1
    context.unknownVCPUCount = unknownVCPUs.count
  }

  /// Reports each vCPU that does not exist once, with the number of its further uses.
  private func reportUnknownVCPUs() {
    for (id, vcpu) in unknownVCPUs.sorted(by: { $0.key < $1.key }) {
      let more = vcpu.uses > 1 ? [Note("the vCPU is used \(counted(vcpu.uses - 1, "more time"))")] : []
      findings.error("unknown-vcpu", "no step above creates vCPU \(id)", at: vcpu.first, notes: more)
    }
  }

  private func type(_ node: Node, as name: String?) -> DeviceTypeReference? {
    DeviceTypeReader(context: context).reference(node) {
      unknownTypes += 1
      return unknownTypes <= 100 ? name.map(paths(ofDevice:)) ?? [] : []
    }
  }

  /// The attributes that the steps use of a device, and do not expect to be refused.
  private func paths(ofDevice name: String) -> [AttributePath] {
    written.filter { $0[key: "expect"] == nil }.compactMap { step in
      let path = AttributeAccess.allCases.compactMap { step[key: $0.rawValue]?.scalar }.first
      let words = path?.split(separator: ".").map(String.init) ?? []
      guard words.count > 1, words[0] == name else { return nil }
      return AttributePath(group: words[1], attribute: words.count > 2 ? words[2...].joined(separator: ".") : nil)
    }
  }

  private func create(_ subject: Node, _ reader: MappingReader, succeeds: Bool) -> ExplicitStep.Action? {
    guard let type = type(subject, as: reader["as"]?.scalar ?? subject.scalar),
      let name = newName(reader, otherwise: type.name, at: subject.range, type.schema, succeeds: succeeds)
    else { return nil }
    return .createDevice(type, name: name, flags: flags(reader))
  }

  /// The name of a device or descriptor that a step makes, which later steps can use if the step succeeds.
  private func newName(
    _ reader: MappingReader, otherwise own: String, at range: SourceRange, _ schema: SchemaFile?, succeeds: Bool
  ) -> String? {
    let name = reader.text("as") ?? own
    if reader["as"] == nil { context.unnamedDevices.insert(name) }
    if DeviceReader.reservedNames.contains(name) || name.contains(".") || name.isEmpty {
      findings.error("bad-name", name.whyNoDevice, at: reader["as"]?.range)
      return nil
    }
    if succeeds {
      if names.devices[name] != nil {
        findings.error(
          "duplicate-name", "there is already a device '\(name)'; give this one another name with 'as'",
          at: reader["as"]?.range ?? range)
      }
      if let file = context.payloads.files.first(where: { $0.name == name }) {
        findings.error(
          "duplicate-name", "there is already a file '\(name)'; give the device another name with 'as'",
          at: reader["as"]?.range ?? range, notes: [Note("the file is here", at: file.at)])
      }
      names.devices[name] = .some(schema)
      context.payloads.descriptors[name] = names.deviceSlots
      context.payloads.closings[name] = nil
    }
    names.deviceSlots += 1
    return name
  }

  private func device(_ node: Node) -> String? {
    context.device(node, among: names.devices.keys.sorted()) { names.devices[$0] != nil }
  }

  // MARK: Attributes

  private struct Path {
    var target: TargetName
    var schema: SchemaFile?
    /// What follows the target: `addr`, `dist`.
    var rest: [Substring]
  }

  /// `DEVICE…`, `vm…`, `system…` or `vcpu.ID…`.
  private func target(_ node: Node) -> Path? {
    guard let text = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "a path", wanted: "DEVICE.GROUP.ATTRIBUTE, vm.…, vcpu.ID.… or system.…")
      return nil
    }
    if node.isUnexpanded, context.parameters.loaded.index(of: text) == nil { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    switch parts[0] {
    case "vm": return Path(target: .vm, schema: context.catalogue.vm, rest: Array(parts.dropFirst()))
    case "system": return Path(target: .system, schema: context.catalogue.system, rest: Array(parts.dropFirst()))
    case "vcpu":
      guard parts.count > 1, let id = UInt64(parts[1]) else {
        findings.error("unknown-target", "a vCPU is named by its id, as in 'vcpu.0'", at: node.range)
        return nil
      }
      guard names.vcpus.contains(id) else {
        reportUnknownVCPU(
          id, at: node.range(of: Span(start: 0, length: "vcpu.".utf8.count + parts[1].utf8.count)))
        return nil
      }
      return Path(target: .vcpu(id), schema: context.catalogue.vcpu, rest: Array(parts.dropFirst(2)))
    default:
      let name = String(parts[0])
      if let id = name.vcpuID, names.vcpus.contains(id), names.devices[name] == nil {
        let place = node.range(of: Span(start: 0, length: name.utf8.count))
        findings.error(
          "unknown-device", "there is no device '\(name)'; did you mean 'vcpu.\(id)'?", at: place,
          fixIts: [FixIt(replace: place, with: "vcpu.\(id)")])
        return Path(target: .vcpu(id), schema: context.catalogue.vcpu, rest: Array(parts.dropFirst()))
      }
      let word = Node(.scalar(name, .plain), at: node.range(of: Span(start: 0, length: name.utf8.count)))
      let found = context.device(word, among: names.devices.keys.sorted() + DeviceReader.reservedNames) {
        names.devices[$0] != nil
      }
      guard let name = found, let schema = names.devices[name] else { return nil }
      if names.ambiguous.contains(name) {
        findings.error(
          "ambiguous-device", "the type of '\(name)' is known only on the host; steps need a device with one type",
          at: node.range)
        return nil
      }
      return Path(target: .device(name), schema: schema, rest: Array(parts.dropFirst()))
    }
  }

  private func attribute(
    _ verb: String, _ subject: Node, _ reader: MappingReader, _ expected: [Answer], _ at: SourceRange
  ) -> ExplicitStep? {
    guard let access = AttributeAccess(rawValue: verb), let path = target(subject) else { return nil }
    if reader["attr"] != nil || reader["group"] != nil { return raw(access, path, subject, reader, expected, at) }
    guard let (group, attribute) = find(path, subject) else { return nil }
    let name = attribute.path
    var allowed = [verb, "expect", "flags"] + attribute.keyFields.map(\.name)
    switch access {
    case .set: allowed += ["value", "address"]
    case .get: allowed += ["value", "input", "address", "as"]
    case .has: allowed += ["address"]
    }
    let reader = MappingReader(
      reader.node, of: "this step", keys: allowed, findings,
      lists: ["expect"] + (group.payloads(of: attribute).contains { $0.type.takesList } ? ["value"] : []))
    var setting = AttributeSetting(
      call: AttributeNumbers(group: group.number, attr: 0, flags: flags(reader)), schema: (group, attribute),
      owner: path.schema, path: name, at: at)
    let others = allowed.filter { name in !attribute.keyFields.contains { $0.name == name } }
    let keys = MappingReader(
      Node(.mapping(reader.entries.filter { !others.contains($0.key.value) }), at: reader.node.range),
      of: "this step", keys: nil, findings)
    guard let number = context.number(of: attribute, named: name, keys) else { return nil }
    setting.call.attr = number
    setting.keyPlaces = context.keyPlaces(of: attribute, keys)
    if let value = reader["value"] { context.addPlaces(ofMembersIn: value, to: &setting.keyPlaces) }
    let type = group.payload(of: attribute, setting.key, number)
    let comparison = payload(access, type, name, reader, into: &setting)
    if comparison != nil, let place = reader.valueRange("value") { setting.keyPlaces.append(KeyPlaces.wanted, place) }
    context.fillLengths(of: attribute, keys, in: &setting)
    var step = ExplicitStep(
      action: .attribute(access, on: path.target, setting, comparison), expected: expected, at: setting.at)
    step.isIncomplete = setting.isIncomplete
    if access == .get { step.stored = store(reader, type.asInteger, of: setting.data, at: 0) }
    return step
  }

  private func find(_ path: Path, _ node: Node) -> (GroupSchema, AttributeSchema)? {
    guard let schema = path.schema else {
      findings.error(
        "unknown-attribute",
        "there is no schema: write the group and the attribute as numbers, {\(node.scalar ?? ""), group: 0, attr: 0}",
        at: node.range)
      return nil
    }
    guard let first = path.rest.first else {
      findings.error(
        "unknown-group", "the path needs a group: \(schema.groupNames.joined(separator: ", "))", at: node.range)
      return nil
    }
    let text = node.scalar ?? ""
    let groupStart = text.utf8.count - path.rest.map(\.utf8.count).reduce(path.rest.count - 1, +)
    let groupRange = node.range(of: Span(start: groupStart, length: first.utf8.count))
    guard
      let group = schema.group(named: String(first))
        ?? context.meantGroup(String(first), of: schema, at: groupRange)
    else {
      // An attribute without its group is read as if it were in it.
      return path.rest.count == 1 ? schema.home(ofAttribute: String(first)) : nil
    }
    let name = path.rest.count > 1 ? path.rest.dropFirst().joined(separator: ".") : nil
    if let attribute = group.attribute(named: name) { return (group, attribute) }
    let known = group.attributes.compactMap(\.name)
    guard let name else {
      findings.error(
        "unknown-attribute", "the path needs an attribute of group '\(group.name)': \(known.joined(separator: ", "))",
        at: node.range)
      return nil
    }
    let start = groupStart + first.utf8.count + 1
    if known.isEmpty {
      findings.error(
        "unknown-attribute", "group '\(group.name)' has a single attribute without a name; end the path at the group",
        at: node.range(of: Span(start: start, length: name.utf8.count)))
      return nil
    }
    // The value is read as that of the attribute that is meant.
    return context.meantAttribute(
      name, in: group, of: schema, at: node.range(of: Span(start: start, length: name.utf8.count))
    ).map { (group, $0) }
  }

  /// Fills in the data that the call's pointer refers to. Returns what a get must read.
  private func payload(
    _ access: AttributeAccess, _ type: PayloadType, _ name: String, _ reader: MappingReader,
    into setting: inout AttributeSetting
  ) -> Comparison? {
    if let address = reader["address"] {
      if address.scalar != "invalid" {
        findings.error(
          "unknown-name", "'address' can only be 'invalid'; leave it out for a valid one", at: address.range)
      }
      setting.data = .invalid
      return nil
    }
    switch access {
    case .has: return nil
    case .set:
      guard let value = reader["value"], !value.isEmpty else {
        if type.isNone { return nil }
        if !reader.isExplained(missing: "value"), !hasTwoCalls {
          findings.error("missing-key", "'set' needs a 'value': '\(name)' is \(type.words)", at: setting.at)
        }
        setting.isIncomplete = true
        setting.data = .bytes([])
        return nil
      }
      guard let encoded = encoder.encode(value, as: type, name: name) else {
        setting.isIncomplete = true
        setting.data = .bytes([])
        return nil
      }
      setting.data = type.isNone ? .none : .bytes(encoded.payload.bytes, slots: encoded.slots)
      setting.value = value.flowText
      setting.at = value.range
      return nil
    case .get: return buffer(type, name, reader, into: &setting)
    }
  }

  private func buffer(
    _ type: PayloadType, _ name: String, _ reader: MappingReader, into setting: inout AttributeSetting
  ) -> Comparison? {
    if type.isNone { return nil }
    if let input = reader["input"] {
      if let encoded = encoder.encode(input, as: type, name: name) {
        setting.data = .bytes(encoded.payload.bytes, slots: encoded.slots)
      } else {
        setting.isIncomplete = true
        setting.data = .bytes([])
      }
    } else {
      setting.data = .bytes(Array(repeating: 0, count: type.fixedSize ?? 8))
    }
    guard let value = reader["value"], !value.isEmpty else { return nil }
    guard let encoded = encoder.encode(value, as: type, name: name) else {
      setting.isIncomplete = true
      return nil
    }
    setting.value = value.flowText
    return Comparison(bytes: encoded.payload.bytes, mask: encoded.payload.mask)
  }

  /// A call by raw numbers: `{set: gic, group: 99, attr: 0, payload: {u64: 0}}`.
  private func raw(
    _ access: AttributeAccess, _ path: Path, _ subject: Node, _ reader: MappingReader, _ expected: [Answer],
    _ at: SourceRange
  ) -> ExplicitStep? {
    let hasValue = reader["value"] != nil
    let (reader, _) = checked(
      reader, "this step", keys: [access.rawValue, "expect", "flags", "group", "attr", "payload", "address"])
    var group: UInt32?
    if let name = path.rest.first {
      guard let found = path.schema?.group(named: String(name)) else {
        findings.unknown(
          "unknown-group", "\(path.schema?.description ?? "the device") has no group", String(name),
          among: path.schema?.groupNames ?? [], at: subject.range)
        return nil
      }
      group = found.number
    }
    guard let numbers = context.rawNumbers(reader, group: group) else { return nil }
    var setting = AttributeSetting(call: numbers, at: at)
    setting.isIncomplete = reader["payload"] == nil && hasValue
    if let address = reader["address"] {
      if address.scalar != "invalid" {
        findings.error(
          "unknown-name", "'address' can only be 'invalid'; leave it out for a valid one", at: address.range)
      }
      setting.data = .invalid
    } else if let payload = reader["payload"] {
      let data = context.rawPayload(payload, encoder)
      setting.isIncomplete = data == nil
      setting.data = data ?? .none
      if access == .set { setting.value = payload.flowText }
      setting.keyPlaces.append("payload", payload.range)
    }
    if setting.isIncomplete { setting.data = .bytes([]) }
    var step = ExplicitStep(
      action: .attribute(access, on: path.target, setting, nil), expected: expected, at: at)
    step.isIncomplete = setting.isIncomplete
    return step
  }
}

extension Node {
  /// The value with the members of another that decide the cases of unions.
  fileprivate func completed(by other: Node, for type: PayloadType) -> Node {
    guard case .structure(let type) = type, let entries else { return self }
    let tags = Set(type.fields.compactMap(\.unionTag)).sorted()
    let added = tags.filter { self[key: $0] == nil }.compactMap { tag in
      (other.entries ?? []).first { $0.key.value == tag }
    }
    return Node(.mapping(added + entries), at: range)
  }
}

extension Node {
  /// The step that enables the capability of `{NAME: {ARGUMENT: VALUE}}`; nil for another node.
  fileprivate var capability: String? {
    guard let entries, entries.count == 1, let entry = entries.first else { return nil }
    let arguments = (entry.value.entries ?? []).map { ", \($0.key.value): \($0.value.flow)" }.joined()
    return "{enable-capability: \(entry.key.value)\(arguments)}"
  }
}

extension String {
  /// The id of a vCPU from `0`, `cpu0` or `vcpu0`; nil for another text.
  fileprivate var vcpuID: UInt64? {
    for prefix in ["vcpu", "cpu", ""] where hasPrefix(prefix) { return UInt64(dropFirst(prefix.count)) }
    return nil
  }

  /// Whether later steps can call a value by this name.
  var isValueName: Bool {
    utf8.first.map { !$0.isDigit } == true && identifier.utf8.allSatisfy(\.isWord) && self != "vcpu" && self != "vcpus"
  }
}

extension PayloadType {
  /// The integer, without its bit fields.
  fileprivate var asInteger: PayloadType {
    if case .bits(let bits) = self { .integer(bits.integer) } else { self }
  }
}

extension SchemaFile {
  /// The descriptor of a call with a struct.
  fileprivate var requestWords: String { isCommon ? "the VM" : words }
}
