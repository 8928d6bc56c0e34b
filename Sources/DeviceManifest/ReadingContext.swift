import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// A name that no device has.
private struct UnknownDevice {
  /// The beginning of the message, such as "there is no device".
  var what: String
  /// Where it is used first.
  var place: SourceRange
  /// The device that it is read as.
  var meant: String?
  /// The devices at the first use.
  var names: [String]
  /// Where it is used.
  var places: Set<SourceRange>
}

/// A name that only other architectures have.
private struct ForeignName {
  var error: Diagnostic
  var owners: [Architecture]
}

/// The state that all readers of one manifest share.
final class ReadingContext {
  let catalogue: Catalogue
  let findings: Findings
  let parameters: Parameters
  let payloads: PayloadEncoder.Surroundings
  /// The declared vCPUs, for `for-each: vcpu`.
  var vcpus: [VCPUContext] = []
  /// The index of the parameter that is the number of vCPUs, if that is supplied at load time.
  var vcpuCount: Int?
  /// Whether the number of vCPUs has an error, which is reported. `vcpus` then has the others, or one that is assumed.
  var hasUnknownVCPUs = false
  /// Whether a device, or a step, was not read because of an error.
  var lacksSteps = false
  /// The steps that each repeated entry of `steps` stands for, by its index.
  var repeatedSteps: [Int: [Node]] = [:]
  /// The number of searches among all schemas that may still be made.
  private var searchesLeft = 200
  /// The names of the devices that steps make without `as`: they are called like their types.
  var unnamedDevices: Set<String> = []
  /// The names that no device has.
  private var unknownDevices: [String: UnknownDevice] = [:]
  /// The errors about names of other architectures.
  private var foreignNames: [ForeignName] = []
  /// The number of errors so far, with those that are reported only after the last step.
  var errorCount: Int { findings.errorCount + unknownDevices.count + unknownVCPUCount + foreignNames.count }
  /// The number of vCPUs that steps use and no step has created. They are reported after the last step.
  var unknownVCPUCount = 0
  /// The number of attributes that may still be read. One that is written once can apply to every vCPU.
  private var budget = 1_000_000

  init(catalogue: Catalogue, findings: Findings, readFile: @escaping ReadFile) {
    self.catalogue = catalogue
    self.findings = findings
    parameters = Parameters(findings)
    payloads = PayloadEncoder.Surroundings(
      findings: findings, byteStrings: ByteStringReader(findings, readFile: readFile),
      isBigEndian: catalogue.architecture.isBigEndian)
    payloads.otherHome = { [unowned self] name, column in
      let owners = architectures { $0.architectures(ofRow: name, withColumn: column) }
      return owners.isEmpty
        ? nil
        : "it belongs to \(owners.map(\.rawValue).listed()), but this manifest is for \(catalogue.architecture.rawValue)"
    }
  }

  func encoder(isStep: Bool) -> PayloadEncoder { PayloadEncoder(surroundings: payloads, isStep: isStep) }

  /// The bytes of a file from which a byte string was read; nil if none was.
  func bytes(ofFile path: String, namedIn manifest: SourceFile) -> [UInt8]? {
    payloads.byteStrings.bytes(ofFile: path, namedIn: manifest)
  }

  /// Whether one more attribute may be read. Reports the first one over the limit.
  func mayRead(_ path: String, at range: SourceRange) -> Bool {
    budget -= 1
    if budget == -1 {
      findings.error(
        "too-large", "the manifest expands to more than a million attributes; '\(path)' is one too many",
        at: range)
    }
    return budget >= 0
  }

  func u32(_ node: Node, _ name: String) -> UInt32? {
    let type = IntegerType(size: 4, isSigned: false)
    return encoder(isStep: true).integer(node, IntegerDescription(), range: type.range, words: type.name, name)
      .map { UInt32($0) }
  }

  func u64(_ node: Node, _ name: String) -> UInt64? {
    let type = IntegerType(size: 8, isSigned: false)
    return encoder(isStep: true).integer(node, IntegerDescription(), range: type.range, words: type.name, name)
      .map { UInt64($0) }
  }

  /// The device that a node names; if the name is misspelt, the one that is probably meant. Nil after an error, which is
  /// reported.
  ///
  /// - Parameters:
  ///   - what: the beginning of the message.
  ///   - names: the names of the devices; called only for a message.
  func device(
    _ node: Node, _ what: String = "there is no device", among names: @autoclosure () -> [String],
    isKnown: (String) -> Bool
  ) -> String? {
    guard let name = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "a device", wanted: "its name")
      return nil
    }
    if isKnown(name) { return name }
    if node.isUnexpanded || payloads.refuseMissing(name, at: node.range) { return nil }
    if var known = unknownDevices[name] {
      known.places.insert(node.range)
      unknownDevices[name] = known
      return known.meant
    }
    // Each search takes time, and the names of a hostile text can be many.
    let names = unknownDevices.count < 100 ? names() : []
    let meant = names.certain(for: name) ?? names.nearest(to: name).flatMap { unnamedDevices.contains($0) ? $0 : nil }
    let unknown = UnknownDevice(what: what, place: node.range, meant: meant, names: names, places: [node.range])
    unknownDevices[name] = unknown
    return unknown.meant
  }

  /// Keeps the error about a name that only other architectures have until the whole manifest is read.
  func foreignName(
    _ id: DiagnosticID, _ message: String, of owners: [Architecture], at range: SourceRange, notes: [Note] = []
  ) {
    foreignNames.append(ForeignName(error: .error(id, message, at: range, notes: notes), owners: owners))
  }

  /// Reports the names that only other architectures have. If the manifest has no names of its own, and one architecture has
  /// several of these, it is probably meant.
  func reportForeignNames(hasOwnNames: Bool, _ written: Node?) {
    let owners = foreignNames.reduce(Set(Architecture.allCases)) { $0.intersection($1.owners) }
    guard foreignNames.count > 1, !hasOwnNames, owners.count == 1, let meant = owners.first?.rawValue, let written
    else {
      return findings.report(foreignNames.map(\.error))
    }
    findings.error(
      "wrong-architecture", "the names in this manifest belong to \(meant), not to \(catalogue.architecture.rawValue)",
      at: written.range, notes: [Note("the first one is here", at: foreignNames[0].error.range)],
      fixIts: [FixIt(replace: written.range, with: meant)])
  }

  /// The architectures that have a call which this one does not have.
  func architectures(ofRequest name: String) -> [Architecture] { architectures { $0.architectures(ofRequest: name) } }

  /// The architectures whose vCPUs have a feature which those of this one do not have.
  func architectures(ofFeature name: String) -> [Architecture] { architectures { $0.architectures(ofFeature: name) } }

  /// The architectures whose vCPUs or VMs have a group of attributes which those of this one do not have.
  func architectures(ofGroup name: String, of schema: SchemaFile) -> [Architecture] {
    schema.deviceType == nil ? architectures { $0.architectures(ofGroup: name, inFile: "\(schema.name).yaml") } : []
  }

  /// The name that a text certainly means, or nil. After many searches it is always nil.
  func certain(_ name: String, among names: @autoclosure () -> [String]) -> String? {
    searchesLeft -= 1
    return searchesLeft >= 0 ? names().certain(for: name) : nil
  }

  private func architectures(_ search: (Catalogue) -> [Architecture]) -> [Architecture] {
    // Each search takes time, and the names of a hostile text can be many.
    searchesLeft -= 1
    guard searchesLeft >= 0 else { return [] }
    let found = search(catalogue)
    return found.contains(catalogue.architecture) ? [] : found
  }

  /// Another device type for which a condition holds, for a message about a type for which it does not.
  func otherType(than schema: SchemaFile, having isWanted: (SchemaFile) -> Bool) -> SchemaFile? {
    // Each search takes time, and the names of a hostile text can be many.
    searchesLeft -= 1
    guard searchesLeft >= 0, schema.deviceType != nil else { return nil }
    return catalogue.deviceTypes.lazy.compactMap { self.catalogue.device(named: $0) }
      .first { $0 !== schema && isWanted($0) }
  }

  /// Reports each name that no device has once, with the number of its further uses.
  func reportUnknownDevices() {
    for (name, device) in unknownDevices.sorted(by: { $0.key < $1.key }) {
      let more = device.places.count - 1
      findings.unknown(
        "unknown-device", device.what, name, among: device.names, at: device.place,
        notes: more > 0 ? [Note("the name is used \(counted(more, "more time"))")] : [])
    }
  }

  /// Encodes the struct of a call.
  func encode(_ value: Node, for call: RequestSchema, into setting: inout AttributeSetting) {
    if case .structure(let type) = call.type {
      setting.keyPlaces = KeyPlaces(names: type.fields.map(\.name.identifier)) {
        value[key: type.fields[$0].name]?.range
      }
      addPlaces(ofMembersIn: value, to: &setting.keyPlaces)
    }
    var encoder = encoder(isStep: true)
    encoder.fillsPointers = call.isWritten
    guard let encoded = encoder.encode(value, as: call.type, name: call.name) else {
      setting.isIncomplete = true
      setting.data = .bytes([])
      return
    }
    setting.data = .bytes(encoded.payload.bytes, slots: encoded.slots)
    setting.value = value.flowText
  }

  /// The 64-bit number of an attribute, built from its key fields if it is structured; nil if they are wrong.
  func number(
    of attribute: AttributeSchema, named path: String, _ reader: MappingReader?
  ) -> UInt64? {
    switch attribute.number {
    case .exactly(let number): return number
    case .any: return 0
    case .keys(let fields, let base):
      guard let reader else { return nil }
      var good = true
      for field in fields where field.initial == nil && !reader.has(field.name) {
        good = false
        // A key with another name is reported already, and is probably this one.
        if reader.entries.contains(where: { !attribute.entryKeys.contains($0.key.value) }) { continue }
        let doc = field.description.doc.map { ": \($0)" } ?? ""
        findings.error(
          "missing-key", "\(reader.what()) needs '\(field.name)'\(doc)", at: reader.node.range.firstLine)
      }
      guard good, let (value, _, _) = encoder(isStep: true).fields(fields, reader, path) else { return nil }
      if let number = UInt64(exactly: value + Int128(base)) { return number }
      let name = fields[0].name
      findings.error(
        "value-out-of-range",
        "\(value) does not fit '\(path).\(name)': the number of the attribute is \(base) more, and has 64 bits",
        at: reader.valueRange(name) ?? reader.node.range)
      return nil
    }
  }

  /// Sets the fields of the key that are the length of the payload, unless the manifest gives them.
  func fillLengths(of attribute: AttributeSchema, _ reader: MappingReader?, in setting: inout AttributeSetting) {
    for field in attribute.keyFields where field.isPayloadLength && reader?.has(field.name) != true {
      guard setting.hasNumber, case .bytes(let bytes, let slots) = setting.data,
        case let length = Int128(slots.firstTarget ?? bytes.count), let placed = field.place(length)
      else { continue }
      setting.call.attr += UInt64(placed)
    }
  }

  /// The places of the fields of an attribute's key, by their names in rules.
  func keyPlaces(of attribute: AttributeSchema, _ reader: MappingReader?) -> KeyPlaces {
    guard let reader, case .keys(let fields, _) = attribute.number else { return KeyPlaces() }
    return KeyPlaces(names: attribute.keyNames) { reader.valueRange(fields[$0].name) }
  }

  /// Adds the places of the members of a value, and of the elements of its only list.
  func addPlaces(ofMembersIn node: Node, to places: inout KeyPlaces) {
    guard let entries = node.entries else { return }
    add(entries, of: "value", to: &places)
    let lists = entries.compactMap(\.value.items)
    guard lists.count == 1 else { return }
    for (i, element) in lists[0].enumerated() {
      places.append("[\(i)]", element.range)
      if let members = element.entries { add(members, of: "[\(i)]", to: &places) }
    }
  }

  private func add(_ entries: [Entry], of owner: String, to places: inout KeyPlaces) {
    for entry in entries {
      let name = "\(owner).\(entry.key.value.identifier)"
      places.append(name, entry.value.range)
      for inner in entry.value.entries ?? [] {
        places.append("\(name).\(inner.key.value.identifier)", inner.value.range)
      }
    }
  }

  /// Group, attr and flags of a call by raw numbers.
  func rawNumbers(_ reader: MappingReader, group: UInt32? = nil) -> AttributeNumbers? {
    var number = group
    if number == nil { number = reader.required("group", "the group's number").flatMap { u32($0, "group") } }
    let attr = reader.required("attr", "the attribute's number").flatMap { u64($0, "attr") }
    guard let number, let attr else { return nil }
    return AttributeNumbers(group: number, attr: attr, flags: reader["flags"].flatMap { u32($0, "flags") } ?? 0)
  }

  /// `{u32: 5}`, `{hex: …}`, `{base64: …}`, `{file: …}` or `{fd: …}`.
  func rawPayload(_ node: Node, _ encoder: PayloadEncoder) -> AttributeData? {
    let integers = ["u8": 1, "u16": 2, "u32": 4, "u64": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8]
    let forms = integers.keys.sorted() + ByteStringReader.forms + ["fd"]
    guard let entries = node.entries, entries.count == 1, let form = entries.first else {
      findings.wrongKind(
        node, of: "a raw payload", wanted: "one of {u32: 5}, {hex: \"00ff\"}, {base64: ...}, {file: ...} or {fd: ...}")
      return nil
    }
    let type: PayloadType
    var value = form.value
    switch form.key.value {
    case let name where ByteStringReader.forms.contains(name):
      return payloads.byteStrings.bytes(node, size: nil, name: form.key.value).map { .bytes($0) }
    case "fd":
      type = .descriptor(DescriptorType(pattern: nil))
      if form.value.scalar.flatMap(IntegerLiteral.parse) != nil { value = node }
    case let name where integers[name] != nil:
      type = .integer(IntegerType(size: integers[name] ?? 4, isSigned: name.hasPrefix("i")))
    default:
      findings.unknown("unknown-key", "there is no raw payload", form.key.value, among: forms, at: form.key.range)
      return nil
    }
    return encoder.encode(value, as: type, name: form.key.value)
      .map { .bytes($0.payload.bytes, slots: $0.slots) }
  }
}
