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
  let context: ReadingContext
  var names: StepNames
  var placesOfUnknownVCPUs: Set<SourceRange> = []
  /// Where each vCPU that no step above has created is used first, and how often, by its id.
  var unknownVCPUs: [UInt64: (first: SourceRange, uses: Int)] = [:]
  /// The number of steps with an unknown verb.
  var unknownSteps = 0
  /// The number of steps with an unknown device type.
  var unknownTypes = 0
  /// Whether this step has two calls, which has been reported: what is missing may belong to the other one.
  var hasTwoCalls = false
  /// The steps as written.
  var written: [Node] = []
  var findings: Findings { context.findings }
  var encoder: PayloadEncoder { context.encoder(isStep: true) }

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
  func store(
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
  lazy var known = Self.verbs.map(\.verb) + context.catalogue.requestNames.map(\.name)

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

  /// Whether a step passes an address that the kernel cannot access.
  func hasInvalidAddress(_ reader: MappingReader) -> Bool {
    guard let address = reader["address"] else { return false }
    if address.scalar != "invalid" {
      findings.error(
        "unknown-name", "'address' can only be 'invalid'; leave it out for a valid one", at: address.range)
    }
    return true
  }

  func flags(_ reader: MappingReader) -> UInt32 { reader["flags"].flatMap { context.u32($0, "flags") } ?? 0 }

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
}

extension String {
  /// Whether later steps can call a value by this name.
  var isValueName: Bool {
    utf8.first.map { !$0.isDigit } == true && identifier.utf8.allSatisfy(\.isWord) && self != "vcpu" && self != "vcpus"
  }
}
