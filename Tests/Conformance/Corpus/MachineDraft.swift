import DeviceSchema
import Vocabulary
import YAMLSyntax

/// A declarative manifest under construction.
struct MachineDraft {
  /// What an attribute belongs to.
  private enum Owner: Hashable {
    case vm
    case vcpu(String)
    case device(String)
  }

  /// One call on an attribute.
  private struct Setting {
    var owner: Owner
    var group: String
    var attribute: String?
    /// The fields of the key, as text.
    var key: String
    /// The value, or the entry of a list.
    var text: String
    var isList: Bool
  }

  private let catalogue: Catalogue
  private let present: Set<String>
  private var arguments: [String: String] = [:]
  private var capabilities: [String] = []
  private var memory: [String] = []
  private var vcpus: [String] = []
  private var features: [String] = []
  private var devices: [String] = []
  private var settings: [Setting] = []

  /// A draft of some examples, with its keys in random order; nil if they cannot be declared.
  init?(_ catalogue: Catalogue, _ subjects: [Subject], _ random: inout Seeded) {
    self.catalogue = catalogue
    let usable = subjects.filter { $0.isPresent && !$0.successes(in: catalogue).isEmpty && $0.name != "system" }
    present = Set(usable.filter { $0.file.deviceType != nil }.map(\.name))
    // Mostly a device; else any of them, the more often the more examples it has: the attributes of the VM and of vCPUs
    // have an order as well.
    let types = random.percent(60) ? usable.filter { $0.file.deviceType != nil } : []
    let weighted = usable.flatMap { Array(repeating: $0, count: $0.successes(in: catalogue).count) }
    guard let focus = random.pick(types) ?? random.pick(weighted) else { return nil }
    var chosen = [focus]
    for _ in 0..<(3 + random.below(24)) {
      if random.percent(20), let other = random.pick(usable) { chosen.append(other) } else { chosen.append(focus) }
    }
    for subject in chosen {
      guard let example = random.pick(subject.successes(in: catalogue)) else { continue }
      add(subject.setup + example.given + [example.call], &random)
    }
    for id in 0..<random.below(4) where !vcpus.contains("\(id)") { vcpus.append("\(id)") }
    if random.percent(50) { vcpus.sort() } else { vcpus.shuffle(using: &random) }
    devices.shuffle(using: &random)
    shuffleSettings(&random)
    if settings.isEmpty { return nil }
  }

  /// Groups in any order, their attributes in any order, and the calls on one attribute in the order of their choice.
  private mutating func shuffleSettings(_ random: inout Seeded) {
    var groups = Array(Set(settings.map(\.group))).sorted()
    var attributes = Array(Set(settings.map { $0.attribute ?? "" })).sorted()
    groups.shuffle(using: &random)
    attributes.shuffle(using: &random)
    settings = groups.flatMap { group in
      attributes.flatMap { attribute in
        settings.filter { $0.group == group && ($0.attribute ?? "") == attribute }
      }
    }
  }

  mutating func remove(_ indices: Set<Int>) {
    settings = settings.indices.filter { !indices.contains($0) }.map { settings[$0] }
  }

  // MARK: Steps as declarations

  /// Adds steps, unless one of them cannot be declared.
  private mutating func add(_ steps: [Node], _ random: inout Seeded) {
    var copy = self
    var names: [String: String] = [:]
    for step in steps where !copy.add(step, &names, &random) { return }
    self = copy
  }

  /// Returns whether the step could be added.
  private mutating func add(_ step: Node, _ names: inout [String: String], _ random: inout Seeded) -> Bool {
    if let path = step[key: "set"]?.scalar { return add(path, step, names, &random) }
    if let created = step[key: "create-vm"] {
      for entry in created.entries ?? [] { arguments[entry.key.value] = entry.value.yaml }
    } else if let region = step[key: "add-memory"]?.yaml {
      if !memory.contains(region) { memory.append(region) }
    } else if let id = step[key: "create-vcpu"]?.scalar {
      if !vcpus.contains(id) { vcpus.append(id) }
    } else if step[key: "init-vcpu"] != nil {
      for feature in step[key: "features"]?.items?.compactMap(\.scalar) ?? [] where !features.contains(feature) {
        features.append(feature)
      }
    } else if let type = step[key: "create"]?.scalar {
      names[step[key: "as"]?.scalar ?? type] = type
      // The host may lack a device that the examples of a vCPU use.
      if present.contains(type), !devices.contains(type) { devices.append(type) }
    } else if let name = step[key: "enable-capability"]?.scalar {
      // The planner enables those that connect a device to a vCPU.
      if step[key: "on"] != nil || step[key: "device"] != nil { return true }
      let entries = (step.entries ?? []).filter { !["enable-capability", "expect"].contains($0.key.value) }
      let parameters = "{" + entries.map { "\($0.key.value): \($0.value.yaml)" }.joined(separator: ", ") + "}"
      let text = entries.isEmpty ? name : "{\(name): \(parameters)}"
      if !capabilities.contains(text) { capabilities.append(text) }
    } else {
      return false
    }
    return true
  }

  private mutating func add(
    _ path: String, _ step: Node, _ names: [String: String], _ random: inout Seeded
  ) -> Bool {
    let parts = path.split(separator: ".").map(String.init)
    let owner: Owner
    let file: SchemaFile?
    var rest = Array(parts.dropFirst())
    switch parts.first {
    case "vm": (owner, file) = (.vm, catalogue.vm)
    case "vcpu":
      guard var id = rest.first else { return false }
      rest.removeFirst()
      if random.percent(40) { id = "\(random.below(4))" }
      if !vcpus.contains(id) { vcpus.append(id) }
      (owner, file) = (.vcpu(id), catalogue.vcpu)
    default:
      guard let type = names[parts.first ?? ""] else { return false }
      if !present.contains(type) { return true }
      (owner, file) = (.device(type), catalogue.device(named: type))
    }
    let wanted = rest.joined(separator: ".")
    guard let file else { return false }
    for group in file.groups where group.lifetime.mayInclude(catalogue.release) {
      for attribute in group.attributes where attribute.path == wanted {
        let known = attribute.keyFields.map(\.name)
        let entries = (step.entries ?? []).filter { !["set", "expect"].contains($0.key.value) }
        guard entries.allSatisfy({ $0.key.value == "value" || known.contains($0.key.value) }) else { return false }
        var fields: [String] = []
        for entry in entries where entry.key.value != "value" {
          var text = entry.value.yaml
          // Another interrupt, register or priority.
          if random.percent(20), let number = IntegerLiteral.parse(text) {
            text = "\(number + Int128(random.below(4)))"
          }
          fields.append("\(entry.key.value): \(text)")
        }
        let value = step[key: "value"]?.yaml
        let item = "{" + (fields + (value.map { ["value: \($0)"] } ?? [])).joined(separator: ", ") + "}"
        let setting = Setting(
          owner: owner, group: group.name, attribute: attribute.name, key: fields.joined(separator: ", "),
          text: known.isEmpty ? value ?? "" : item, isList: attribute.repeats || !known.isEmpty)
        add(setting)
        return true
      }
    }
    return false
  }

  private mutating func add(_ setting: Setting) {
    let isKnown = settings.contains { old in
      old.owner == setting.owner && old.group == setting.group && old.attribute == setting.attribute
        && (!setting.isList || (old.key == setting.key && (!setting.key.isEmpty || old.text == setting.text)))
    }
    if !isKnown { settings.append(setting) }
  }

  // MARK: Text

  /// The manifest, and the setting that each of its lines has, by the line's number from 1.
  func text(name: String) -> (text: String, lines: [Int: Int]) {
    var writer = Writer()
    writer.add("kvmconf: 1\narch: \(catalogue.architecture.rawValue)\nname: \(name)")
    if !devices.isEmpty { writer.add("devices:") }
    for device in devices {
      writer.add("  - type: \(device)")
      write(.device(device), indent: "    ", to: &writer)
    }
    if !vcpus.isEmpty {
      writer.add("vcpus:\n  ids: [\(vcpus.joined(separator: ", "))]")
      if !features.isEmpty { writer.add("  features: [\(features.joined(separator: ", "))]") }
      let own = vcpus.filter { id in settings.contains { $0.owner == .vcpu(id) } }
      if !own.isEmpty { writer.add("  each:") }
      for id in own {
        writer.add("    - vcpu: \(id)")
        write(.vcpu(id), indent: "      ", to: &writer)
      }
    }
    if !memory.isEmpty { writer.add("memory: [\(memory.joined(separator: ", "))]") }
    if !arguments.isEmpty || !capabilities.isEmpty || settings.contains(where: { $0.owner == .vm }) {
      writer.add("vm:")
      for (name, value) in arguments.sorted(by: { $0.key < $1.key }) { writer.add("  \(name): \(value)") }
      if !capabilities.isEmpty { writer.add("  capabilities: [\(capabilities.joined(separator: ", "))]") }
      write(.vm, indent: "  ", to: &writer)
    }
    return (writer.lines.joined(separator: "\n") + "\n", writer.settings)
  }

  private func write(_ owner: Owner, indent: String, to writer: inout Writer) {
    let own = settings.indices.filter { settings[$0].owner == owner }
    if own.isEmpty { return }
    writer.add(indent + "attributes:")
    var group: String?
    var path: String?
    for i in own {
      let setting = settings[i]
      var inner = indent + "  "
      if group != setting.group {
        group = setting.group
        path = nil
        if setting.attribute != nil { writer.add("\(inner)\(setting.group):") }
      }
      if setting.attribute != nil { inner += "  " }
      let name = setting.attribute ?? setting.group
      if setting.isList {
        if path != name { writer.add("\(inner)\(name):") }
        writer.add("\(inner)  - \(setting.text)", setting: i)
      } else {
        writer.add("\(inner)\(name): \(setting.text)", setting: i)
      }
      path = name
    }
  }

  private struct Writer {
    var lines: [String] = []
    var settings: [Int: Int] = [:]

    mutating func add(_ text: String, setting: Int? = nil) {
      lines += text.split(separator: "\n").map(String.init)
      if let setting { settings[lines.count] = setting }
    }
  }
}

extension Subject {
  /// The examples of sets that succeed, whatever the host.
  fileprivate func successes(in catalogue: Catalogue) -> [ExampleSteps] {
    examples.filter { example in
      example.call[key: "set"] != nil && example.call[key: "expect"].map { $0.scalar == "ok" } ?? true
    }
  }
}
