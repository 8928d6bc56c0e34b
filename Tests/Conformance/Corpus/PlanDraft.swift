import DeviceSchema
import Expressions
import Vocabulary
import YAMLSyntax

/// One random plan under construction.
struct PlanDraft {
  private let material: PlanMaterial
  var random: Seeded
  private(set) var steps: [String] = []

  private var vcpus: [String] = []
  /// The names of devices, with their types.
  private var devices: [(name: String, subject: Subject)] = []
  /// Numbers that the plan has used: addresses overlap only if they are near each other.
  private var recent: [Int128] = []
  private var memories: [(at: Int128, size: Int128)] = []
  /// The features with which most vCPUs are initialised.
  private var features = ""
  /// The subject of most steps.
  private var focus: Subject?

  init(_ material: PlanMaterial, _ random: Seeded) {
    self.material = material
    self.random = random
  }

  private var catalogue: Catalogue { material.catalogue }
  private var facts: [String: Value] { material.facts }
  private var subjects: [Subject] { material.subjects }
  private func subject(named name: String) -> Subject? { subjects.first { $0.name == name } }
  private var types: [Subject] { subjects.filter { $0.file.deviceType != nil } }
  private var hasInitialisation: Bool { catalogue.vcpu?.hasVCPUInit == true }

  // MARK: A whole plan

  mutating func make() {
    // Mostly devices; a descriptor without attributes has few calls to try.
    let worthwhile = subjects.filter { !$0.attributes.isEmpty && ($0.isPresent || random.percent(5)) }
    let devices = worthwhile.filter { $0.file.deviceType != nil }
    focus = random.percent(65) ? random.pick(devices) ?? random.pick(worthwhile) : random.pick(worthwhile)
    features = someFeatures()
    steps.append(creation())
    if random.percent(15), let test = random.pick(material.tests) {
      // A part of a test leads far into the life of a device.
      add(test.prefix(1 + random.below(test.count)).filter { $0[key: "create-vm"] == nil })
    } else if let focus, random.percent(60) {
      add(focus.setup.filter { $0[key: "create-vm"] == nil })
    } else {
      prepare()
    }
    for _ in 0..<(6 + random.below(36)) { act() }
  }

  /// Continues after existing steps.
  mutating func resume(_ old: [String]) {
    steps = old
    for step in old {
      let words = step.split(whereSeparator: { " {},:".contains($0) }).map(String.init)
      guard words.count > 1 else { continue }
      switch words[0] {
      case "create-vcpu": vcpus.append(words[1])
      case "create":
        let name = words.firstIndex(of: "as").map { words[$0 + 1] } ?? words[1]
        if let subject = subject(named: words[1]) { devices.append((name, subject)) }
      default: break
      }
    }
    features = someFeatures()
    focus = random.pick(devices)?.subject ?? random.pick(subjects.filter { !$0.attributes.isEmpty })
  }

  private mutating func creation() -> String {
    guard let vm = subject(named: "vm"), !vm.file.createArguments.isEmpty, random.percent(15) else {
      return "{create-vm: {}}"
    }
    var arguments: [String] = []
    for field in vm.file.createArguments where random.percent(60) {
      let value = random.percent(90) ? vm.creation.near(&random) : number(bits: 64)
      arguments.append("\(field.name): \(fit(value, field))")
    }
    return "{create-vm: {\(arguments.joined(separator: ", "))}}"
  }

  /// Adds vCPUs and devices in any order, mostly correctly.
  private mutating func prepare() {
    var additions = Array(repeating: "vcpu", count: [0, 1, 1, 2, 2, 3, 4, 6][random.below(8)])
    if let type = focus?.file.deviceType { additions.append(type) }
    for type in types where random.percent(20) { additions.append(type.name) }
    additions.shuffle(using: &random)
    for one in additions {
      if one == "vcpu" { addVCPU() } else if let type = subject(named: one) { addDevice(type) }
    }
    if hasInitialisation {
      for vcpu in vcpus where random.percent(70) { steps.append(initialisation(vcpu)) }
    }
  }

  // MARK: Steps

  /// Adds one step, or a few that belong together.
  mutating func act() {
    switch random.below(100) {
    case 0..<43: attributeCall()
    case 43..<48: request()
    case 48..<66: example()
    case 66..<70: repetition()
    case 70..<75: addVCPU()
    case 75..<79: if let vcpu = random.pick(vcpus), hasInitialisation { steps.append(initialisation(vcpu)) }
    case 79..<84:
      if let type = random.percent(50) ? focus : random.pick(types), type.isPresent || random.percent(20) {
        addDevice(type)
      }
    case 84..<86: test()
    case 86..<90: if let vcpu = random.pick(vcpus) { steps.append("{run: \(vcpu)}") }
    case 90: if let device = random.pick(devices) { steps.append("{close: \(device.name)}") }
    case 91..<95: capability()
    case 95: steps.append("{create-irqchip: {}}")
    case 96, 97: memory()
    default: strangeCall()
    }
  }

  private mutating func addVCPU() {
    var id = "\(vcpus.count)"
    let vcpu = subject(named: "vcpu")
    switch random.below(10) {
    case 0: if let old = random.pick(vcpus) { id = old }
    case 1: id = "\(vcpu?.creation.near(&random).magnitude ?? 0)"
    case 2: id = "\(random.below(20))"
    default: break
    }
    steps.append("{create-vcpu: \(id)}")
    vcpus.append(id)
    if hasInitialisation, random.percent(60) { steps.append(initialisation(id)) }
  }

  private mutating func initialisation(_ vcpu: String) -> String {
    let features = random.percent(85) ? features : someFeatures()
    return "{init-vcpu: \(vcpu)\(features.isEmpty ? "" : ", features: [\(features)]")}"
  }

  private mutating func someFeatures() -> String {
    let all = (catalogue.vcpu?.features ?? []).filter { $0.lifetime.mayInclude(catalogue.release) }.map(\.name)
    // The features of the examples are the ones that most attributes need.
    let usual = subjects.flatMap(\.setup).compactMap { $0[key: "features"]?.items?.compactMap(\.scalar) }
    if random.percent(70), let usual = random.pick(usual) { return usual.joined(separator: ", ") }
    return all.filter { _ in random.percent(20) }.joined(separator: ", ")
  }

  private mutating func addDevice(_ subject: Subject) {
    guard let type = subject.file.deviceType else { return }
    let isSecond = devices.contains { $0.name == type }
    let name = isSecond ? "d\(devices.count)" : type
    steps.append("{create: \(type)\(isSecond ? ", as: \(name)" : "")\(flags(3))}")
    // A second device of a type is mostly refused.
    if !isSecond || random.percent(30) { devices.append((name, subject)) }
  }

  private mutating func test() {
    if random.percent(30) {
      steps.append("{test: {number: \(random.below(24))}\(flags(10))}")
    } else if let type = random.pick(types) {
      steps.append("{test: \(type.name)\(flags(10))}")
    }
  }

  private mutating func flags(_ chance: Int) -> String {
    random.percent(chance) ? ", flags: \([1, 2, 0x8000_0000][random.below(3)])" : ""
  }

  private mutating func capability() {
    let all = catalogue.files.flatMap(\.capabilities).filter { $0.lifetime.mayInclude(catalogue.release) }
    // Some capabilities can be enabled only once, so repeat one at times.
    let old = steps.filter { $0.hasPrefix("{enable-capability") }
    let again = random.percent(35) ? random.pick(old)?.split(whereSeparator: { " ,}".contains($0) }) : nil
    let repeated = again.flatMap { words in all.first { words.contains(Substring($0.name)) } }
    guard let capability = repeated ?? random.pick(all) else { return }
    var text = "{enable-capability: \(capability.name)"
    if capability.isOnVCPU {
      guard let vcpu = random.pick(vcpus) else { return }
      text += ", on: vcpu.\(vcpu)"
    }
    for parameter in capability.parameters {
      if parameter.isDevice {
        guard let device = random.percent(85) ? devices.last : random.pick(devices) else { return }
        text += ", \(parameter.name): \(device.name)"
      } else if parameter.initial == nil || random.percent(30) {
        let numbers = Numbers(of: capability.rules, catalogue, facts)
        let value =
          switch random.below(10) {
          case 0..<4: Int128(random.below(5))
          case 4..<9: numbers.near(&random)
          default: number(bits: 64)
          }
        text += ", \(parameter.name): \(wrapped(value, bits: 64, isSigned: false))"
      }
    }
    steps.append(text + "}")
  }

  private mutating func memory() {
    let places = subjects.flatMap { $0.setup + $0.examples.flatMap(\.given) }.filter { $0[key: "add-memory"] != nil }
    if random.percent(40), let place = random.pick(places) {
      steps.append(place.yaml)
      return
    }
    let rules = Numbers(of: catalogue.vm?.rules(of: .addMemory), catalogue, facts)
    var size: Int128 = 0x1000 << Int128(random.below(8))
    if random.percent(25) { size = random.percent(50) ? number(bits: 64) : rules.near(&random) }
    // If a process cannot map the memory, the call is not made.
    size &= 1 << 45 - 1
    var at = (random.pick(recent) ?? 0x4000_0000) & ~0xFFFF
    switch random.below(10) {
    case 0: at = number(bits: 64)
    case 1: at = rules.near(&random)
    // Memory that ends at the end of all addresses, or of the guest's addresses.
    case 2: at = (random.pick(rules.all.filter { $0 >= 1 << 30 && $0 & ($0 - 1) == 0 }) ?? 1 << 64) - size
    // Directly after other memory, or directly before it.
    case 3..<7:
      if let other = random.pick(memories) { at = random.percent(50) ? other.at + other.size : other.at - size }
    default: break
    }
    at = wrapped(at, bits: 64, isSigned: false)
    memories.append((at, size))
    recent.append(at)
    var text = "{add-memory: {at: \(at), size: \(random.percent(5) ? 0 : size)"
    // A slot that is used again: memory that is moved, changed or, with size 0, removed.
    if random.percent(25) {
      let slot = random.percent(80) ? Int128(random.below(4)) : rules.near(&random)
      text += ", slot: \(wrapped(slot, bits: 16, isSigned: false))"
    }
    if random.percent(15) {
      let flags = random.percent(50) ? Int128(random.below(8)) : number(bits: 32)
      text += ", flags: \(wrapped(flags, bits: 32, isSigned: false))"
    }
    steps.append(text + "}}")
  }

  private mutating func repetition() {
    guard let old = random.pick(steps.dropFirst()) else { return }
    steps.append(old)
  }

  // MARK: Examples

  /// Adds steps of a schema, applied to the vCPUs and devices of this plan.
  private mutating func add(_ nodes: [Node]) {
    for node in nodes {
      if let number = node[key: "value"]?.scalar.flatMap(IntegerLiteral.parse), number > 0 { recent.append(number) }
      if let id = node[key: "create-vcpu"]?.scalar {
        if vcpus.contains(id), random.percent(90) { continue }
        vcpus.append(id)
      }
      if let type = node[key: "create"]?.scalar, let subject = subject(named: type) {
        // The device is named after its type here, whatever its name in the example.
        if devices.contains(where: { $0.name == type }), random.percent(90) { continue }
        devices.append((type, subject))
      }
      steps.append((random.percent(18) ? altered(renamed(node)) : renamed(node)).yaml)
    }
  }

  /// The step with the names of devices replaced by the names of their types, as in this plan.
  private func renamed(_ node: Node) -> Node {
    guard case .mapping(let entries) = node.content else { return node }
    var result: [Entry] = []
    for var entry in entries where entry.key.value != "expect" {
      if entry.key.value == "as", node[key: "create"] != nil { continue }
      if ["set", "get", "has", "close"].contains(entry.key.value), let path = entry.value.scalar {
        let parts = path.split(separator: ".", maxSplits: 1)
        let name = String(parts.first ?? "")
        if let type = aliases[name] {
          let rest = parts.count > 1 ? ".\(parts[1])" : ""
          entry.value = Node(.scalar(type + rest, .plain), at: entry.value.range)
        }
      }
      if entry.key.value != "create", let name = entry.value.scalar, let type = aliases[name] {
        entry.value = Node(.scalar(type, .plain), at: entry.value.range)
      }
      result.append(entry)
    }
    return Node(.mapping(result), at: node.range)
  }

  /// The step with another value, if it sets a number, so that later steps meet another state.
  private mutating func altered(_ node: Node) -> Node {
    guard case .mapping(let entries) = node.content, let path = node[key: "set"]?.scalar,
      let old = node[key: "value"]?.scalar, IntegerLiteral.parse(old) != nil
    else { return node }
    let isOnVCPU = path.hasPrefix("vcpu.")
    let parts = path.split(separator: ".", maxSplits: isOnVCPU ? 2 : 1)
    guard parts.count == (isOnVCPU ? 3 : 2), let subject = subject(named: String(parts[0])),
      let choice = subject.attributes.first(where: { $0.attribute.path == parts[parts.count - 1] }),
      let type = choice.group.payloads(of: choice.attribute).first?.type,
      let value = value(of: type, "value", choice.numbers)
    else { return node }
    let changed = entries.map { entry in
      entry.key.value == "value"
        ? Entry(key: entry.key, value: Node(.scalar(value, .plain), at: entry.value.range)) : entry
    }
    return Node(.mapping(changed), at: node.range)
  }

  /// The types of devices by their names in examples.
  private var aliases: [String: String] {
    var found: [String: String] = [:]
    for node in subjects.flatMap({ subject in subject.setup + subject.examples.flatMap(\.given) }) {
      if let type = node[key: "create"]?.scalar, let name = node[key: "as"]?.scalar { found[name] = type }
    }
    return found
  }

  private mutating func example() {
    let subject = random.percent(75) ? focus : random.pick(subjects)
    guard let example = random.pick(subject?.examples ?? []) else { return attributeCall() }
    add(example.given)
    add([example.call])
  }

  // MARK: Attributes

  private mutating func attributeCall() {
    guard let (target, subject) = target(), let choice = random.pick(subject.attributes) else { return }
    let access = access(choice.attribute)
    var text = "{\(access): \(target).\(choice.attribute.path)"
    for field in choice.attribute.keyFields where field.initial == nil || random.percent(50) {
      text += ", \(field.name): \(keyValue(field, choice.numbers))"
    }
    let type = choice.group.payloads(of: choice.attribute)
    let payload = random.pick(type)?.type ?? .none
    if random.percent(4) {
      text += ", address: invalid"
    } else if access == .set {
      guard let value = value(of: payload, "value", choice.numbers) else { return }
      if !value.isEmpty { text += ", value: \(value)" }
    } else if access == .get,
      [choice.attribute, choice.group].contains(where: { $0.rules(of: .get)?.list.reads == true })
    {
      guard let value = value(of: payload, "input", choice.numbers) else { return }
      if !value.isEmpty { text += ", input: \(value)" }
    }
    steps.append(text + flags(2) + "}")
    if access == .set, choice.attribute.isReadBack, random.percent(25) { steps.append("\(text)}".readingBack) }
  }

  /// A target for a call, mostly the focus of the plan.
  private mutating func target() -> (String, Subject)? {
    if let focus, random.percent(70) {
      if focus.file.deviceType != nil {
        let own = devices.filter { $0.subject.name == focus.name }
        if let device = random.pick(own) { return (device.name, device.subject) }
      } else if focus.name == "vcpu" {
        if let vcpu = random.pick(vcpus) { return ("vcpu.\(vcpu)", focus) }
      } else {
        return (focus.name, focus)
      }
    }
    var choices: [(String, Subject)] = devices.map { ($0.name, $0.subject) }
    if let vcpu = random.pick(vcpus), let subject = subject(named: "vcpu") { choices.append(("vcpu.\(vcpu)", subject)) }
    for name in ["vm", "system"] {
      if let subject = subject(named: name), !subject.attributes.isEmpty { choices.append((name, subject)) }
    }
    return random.pick(choices)
  }

  private mutating func access(_ attribute: AttributeSchema) -> AttributeAccess {
    if random.percent(6) { return random.pick(AttributeAccess.allCases) ?? .has }
    let weighted = attribute.access.flatMap { Array(repeating: $0, count: $0 == .set ? 5 : $0 == .get ? 3 : 1) }
    return random.pick(weighted) ?? .has
  }

  /// Adds a call with numbers that mostly have no name in a schema.
  private mutating func strangeCall() {
    guard let (target, subject) = target() else { return }
    let access = random.pick(AttributeAccess.allCases) ?? .has
    let known = random.pick(subject.attributes)
    let group = random.percent(50) ? UInt64(known?.group.number ?? 0) : UInt64(random.below(20))
    var attr = UInt64(random.below(12))
    if case .exactly(let number)? = known?.attribute.number, random.percent(40) { attr = number }
    if random.percent(20) { attr |= random.next() & random.next() }
    let payload = random.percent(50) ? "{u32: \(random.below(300))}" : "{u64: \(random.next() & random.next())}"
    steps.append("{\(access): \(target), group: \(group), attr: \(attr), payload: \(payload)\(flags(3))}")
  }

  // MARK: Calls with a struct

  /// Adds a call with a struct: one of a test, mostly with another number in it, or one with random members.
  private mutating func request() {
    guard let request = random.pick(material.requests) else { return attributeCall() }
    let name = request.call.name
    if random.percent(65), let step = random.pick(request.uses)?.step, let value = step[key: name] {
      var changed = value
      if random.percent(60) {
        let number = wrapped(some("value", request.numbers, bits: 32), bits: 32, isSigned: false)
        changed = random.pick(value.variants(number)) ?? value
      }
      steps.append(step.without(["expect", "value"]).replacing(name, with: changed).yaml)
    } else if let value = value(of: request.call.type, "value", request.numbers) {
      var text = "{\(name): \(value.isEmpty ? "{}" : value)"
      if request.file.subject == .vcpu { text += ", on: vcpu.\(random.pick(vcpus) ?? "0")" }
      if request.call.makesDescriptor { text += ", as: fd\(steps.count)" }
      steps.append(text + "}")
    }
  }

  // MARK: Values

  private mutating func keyValue(_ field: BitField, _ numbers: Numbers) -> String {
    // Most keys are small: a vCPU, an interrupt.
    let value: Int128
    if random.percent(25) {
      value = Int128(random.below(5))
    } else {
      value = some(field.name, numbers, bits: field.high - field.low + 1)
    }
    return fit(value, field)
  }

  /// A number, cut to fit a bit field.
  private func fit(_ value: Int128, _ field: BitField) -> String {
    let cut = field.isInPlace ? value & field.mask : value & (field.mask >> Int128(field.low))
    return "\(cut)"
  }

  /// A value as written in a manifest; empty if the type has no value, nil if no value can be made.
  private mutating func value(of type: PayloadType, _ field: String, _ numbers: Numbers) -> String? {
    switch type {
    case .none: return ""
    case .integer(let type):
      let raw = some(field, numbers, bits: type.size * 8)
      let value = "\(wrapped(raw, bits: type.size * 8, isSigned: type.isSigned))"
      if !type.isSigned, raw > 0 { recent.append(raw) }
      return value
    case .bits(let type):
      var parts: [String] = []
      for part in type.fields where part.initial == nil || random.percent(30) {
        let value = fit(some(part.name, numbers, bits: part.high - part.low + 1), part)
        if part.description.unit == "address", let number = IntegerLiteral.parse(value) { recent.append(number) }
        parts.append("\(part.name): \(value)")
      }
      return "{\(parts.joined(separator: ", "))}"
    case .structure(let type): return structure(type.fields, numbers)
    // The struct around a union chooses its case.
    case .union: return nil
    case .array(let element, let count):
      guard let count = count?.constant?.integer ?? (random.percent(50) ? Int128(random.below(4)) : nil) else {
        return nil
      }
      var elements: [String] = []
      for _ in 0..<Int(min(count, 64)) {
        guard let one = value(of: element, field, numbers) else { return nil }
        elements.append(one)
      }
      return "[\(elements.joined(separator: ", "))]"
    case .bytes(let size):
      guard let size = size?.constant?.integer, size < 4096 else { return nil }
      return "\"" + (0..<Int(size)).map { _ in Self.hexadecimal(UInt8(random.below(256))) }.joined() + "\""
    case .pointer(let target): return value(of: target, field, numbers)
    case .bitmap(let type):
      return "[\((0..<random.below(4)).map { _ in "\(random.below(type.count))" }.joined(separator: ", "))]"
    case .descriptor(let type):
      let allowed = material.files.filter { file in type.pattern.map { FilePattern.matches(file.path, $0) } ?? true }
      return random.percent(20) ? "{fd: -1}" : random.pick(allowed)?.name ?? "{fd: -1}"
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  private mutating func structure(_ fields: [StructureField], _ numbers: Numbers) -> String? {
    var parts: [String] = []
    /// The cases of unions, and the values that choose them.
    var choices: [(tag: String, union: String, value: Int128, type: PayloadType)] = []
    for field in fields {
      guard case .union(let union) = field.type, let choice = random.pick(union.cases) else { continue }
      let value = random.pick(choice.values)?.lowerBound ?? numbers.near(&random) & 0xFF
      choices.append((union.tag, field.name, value, union.type(for: value) ?? choice.type))
    }
    for field in fields where !field.isReserved || random.percent(10) {
      if let choice = choices.first(where: { $0.tag == field.name }) {
        parts.append("\(field.name): \(choice.value)")
        continue
      }
      if let choice = choices.first(where: { $0.union == field.name }) {
        guard let one = value(of: choice.type, field.name, numbers) else { return nil }
        parts.append("\(field.name): \(one)")
        continue
      }
      if let count = field.count {
        var elements: [String] = []
        for _ in 0..<count {
          guard let one = value(of: field.type, field.name, numbers) else { return nil }
          elements.append(one)
        }
        parts.append("\(field.name): [\(elements.joined(separator: ", "))]")
      } else if let one = value(of: field.type, field.name, numbers) {
        parts.append("\(field.name): \(one)")
      } else {
        return nil
      }
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  /// A number that may make a difference.
  private mutating func some(_ field: String, _ numbers: Numbers, bits: Int) -> Int128 {
    switch random.below(100) {
    case 0..<36:
      if let example = random.pick(numbers.byField[field] ?? []) { return example }
      return numbers.near(&random)
    case 36..<62: return numbers.near(&random)
    case 62..<78:
      let latest = recent.suffix(random.percent(50) ? 3 : recent.count)
      guard let old = random.pick(latest) else { return numbers.near(&random) }
      let distances: [Int128] = old < 0x1000 ? [0, 0, 1] : [0, 0, 0x1000, 0x2000, 0x10000, 0x20000, 0x40000, 1]
      return old + (random.pick(distances) ?? 0) * (random.percent(50) ? 1 : -1)
    case 78..<90: return Int128(random.below(34))
    default: return number(bits: bits)
    }
  }

  /// A number at a bound of its width, or any number.
  private mutating func number(bits: Int) -> Int128 {
    let top: Int128 = 1 << Int128(min(bits, 64))
    switch random.below(6) {
    case 0: return top - 1
    case 1: return top - 2
    case 2: return top >> 1
    case 3: return 1 << Int128(random.below(bits))
    case 4: return Int128(random.next() & random.next()) & (top - 1)
    default: return Int128(random.next()) & (top - 1)
    }
  }

  private func wrapped(_ value: Int128, bits: Int, isSigned: Bool) -> Int128 {
    let top: Int128 = 1 << Int128(bits)
    let low = value & (top - 1)
    return isSigned && low >= top >> 1 ? low - top : low
  }
}

extension Numbers {
  /// One of the numbers, or a number next to one.
  func near(_ random: inout Seeded) -> Int128 {
    guard let number = random.pick(all) else { return Int128(random.below(4)) }
    switch random.below(10) {
    case 0, 1: return number + 1
    case 2, 3: return number - 1
    case 4: return number * 2
    default: return number
    }
  }
}
