import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// A manifest with an attribute or a call, made from the first example of the schemas that succeeds.
struct ManifestSnippet {
  private let architecture: Architecture
  private var files: [(name: String, path: String)] = []
  private var memory: [Node] = []
  private var hasVCPUs = false
  private var features: [String] = []
  private var vm: [Assignment] = []
  private var vcpu: [Assignment] = []
  private var devices: [(type: String, attributes: [Assignment])] = []
  private var steps: [String] = []
  /// The types of the devices that steps named, by name.
  private var aliases: [String: String] = [:]

  /// A value of an attribute.
  private struct Assignment {
    var group: String
    /// Nil for the nameless attribute of a group.
    var attribute: String?
    /// The entry of a list, or the value; nil if there is none.
    var value: Node?
    var isList: Bool
  }

  /// - Returns: nil if no example succeeds.
  init?(_ attribute: AttributeSchema, of group: GroupSchema, in file: SchemaFile, _ catalogue: Catalogue) {
    architecture = catalogue.architecture
    guard let call = file.calls(on: attribute).first,
      let example = attribute.examples.first(where: { $0.works && $0.call == call })
    else { return nil }
    let needsMemory = (group.after + attribute.after).contains { $0.path.value == "memory" }
    for step in file.exampleSetup ?? [] where needsMemory || step[key: "add-memory"] == nil {
      add(step, file, catalogue)
    }
    for step in file.given(of: example) { add(step, file, catalogue) }
    if file.exampleSetup == nil, file.subject != .system, file.subject != .vm { hasVCPUs = true }
    if file.subject == .vcpu { hasVCPUs = true }
    for entry in file.exampleFiles?.entries ?? [] {
      if let path = entry.value.scalar,
        (file.given(of: example) + example.entries.map(\.value)).contains(where: { $0.names(entry.key.value) })
      {
        files.append((entry.key.value, path))
      }
    }
    if let type = file.deviceType { _ = index(of: type) }
    if call == .set, file.subject != .system {
      assign(example.entries, attribute, group, file)
    } else {
      let key = example.key.map { ", \($0.key.value): \($0.value.flow)" }
      steps = ["{\(call.rawValue): \(file.exampleTarget).\(attribute.path)\(key.joined())}"]
    }
  }

  /// A manifest with a call that only steps make: the shortest test of the schemas up to the call.
  ///
  /// - Returns: nil if it succeeds in no test of steps alone.
  init?(_ request: RequestSchema, _ catalogue: Catalogue) {
    architecture = catalogue.architecture
    var shortest: (test: SchemaTest, steps: [Node])?
    for test in catalogue.files.lazy.flatMap(\.tests) {
      guard test.host == nil, test.lifetime.includes(catalogue.release) == true,
        test.manifest.allSatisfy({ ["files", "steps"].contains($0.key.value) }),
        let call = test.steps.firstIndex(where: { $0.makes(request.name) })
      else { continue }
      let steps = test.steps[...call].filter { $0[key: "expect"] == nil }
      if steps.count < shortest?.steps.count ?? .max { shortest = (test, steps) }
    }
    guard let shortest else { return nil }
    for entry in shortest.test.manifest.first(where: { $0.key.value == "files" })?.value.entries ?? [] {
      if let path = entry.value.scalar, shortest.steps.contains(where: { $0.names(entry.key.value) }) {
        files.append((entry.key.value, path))
      }
    }
    steps = shortest.steps.map(\.flow)
  }

  /// The lines of the manifest.
  var lines: [String] {
    var lines = ["kvmconf: 1", "arch: \(architecture.rawValue)"]
    if !files.isEmpty { lines += ["files:"] + files.map { "  \($0.name): \($0.path)" } }
    if !vm.isEmpty { lines += ["vm:", "  attributes:"] + Self.attributes(vm, indent: 4) }
    if !memory.isEmpty { lines += ["memory:"] + memory.map { "  - \($0.flow)" } }
    if hasVCPUs {
      lines += ["vcpus:", "  count: 1"]
      if !features.isEmpty { lines.append("  features: [\(features.joined(separator: ", "))]") }
      if !vcpu.isEmpty { lines += ["  attributes:"] + Self.attributes(vcpu, indent: 4) }
    }
    if !devices.isEmpty { lines.append("devices:") }
    for device in devices {
      lines.append("  - type: \(device.type)")
      if !device.attributes.isEmpty { lines += ["    attributes:"] + Self.attributes(device.attributes, indent: 6) }
    }
    if !steps.isEmpty {
      lines.append("steps:")
      // Without declarative parts, the steps must create the VM.
      if lines.count == 3, !steps[0].hasPrefix("{create-vm") { lines.append("  - {create-vm: {}}") }
      lines += steps.map { "  - \($0)" }
    }
    return lines
  }

  private static func attributes(_ all: [Assignment], indent: Int) -> [String] {
    var lines: [String] = []
    var groups: [String] = []
    for one in all where !groups.contains(one.group) { groups.append(one.group) }
    let margin = String(repeating: " ", count: indent)
    for group in groups {
      let own = all.filter { $0.group == group }
      if own.contains(where: { $0.attribute == nil }) {
        lines += entry(group, own, indent: indent)
      } else {
        lines.append("\(margin)\(group):")
        var names: [String?] = []
        for one in own where !names.contains(one.attribute) { names.append(one.attribute) }
        for name in names { lines += entry(name ?? "", own.filter { $0.attribute == name }, indent: indent + 2) }
      }
    }
    return lines
  }

  private static func entry(_ name: String, _ values: [Assignment], indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    if values[0].isList {
      return ["\(margin)\(name):"] + values.compactMap(\.value).flatMap { $0.block(indent: indent + 2, prefix: "- ") }
    }
    guard let value = values.last?.value else { return ["\(margin)\(name):"] }
    if value.entries == nil || value.flow.count + name.count + indent < 80 {
      return ["\(margin)\(name): \(value.flow)"]
    }
    return ["\(margin)\(name):"] + value.block(indent: indent + 2, prefix: "")
  }

  private mutating func index(of type: String) -> Int {
    if let i = devices.firstIndex(where: { $0.type == type }) { return i }
    devices.append((type, []))
    return devices.count - 1
  }

  private mutating func assign(
    _ entries: [Entry], _ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile
  ) {
    let fields = attribute.keyFields
    let names = fields.map(\.name) + ["value"]
    let written = entries.filter { names.contains($0.key.value) }
    let value = fields.isEmpty ? written.first?.value : .mapping([], written)
    let assignment = Assignment(
      group: group.name, attribute: attribute.name, value: value, isList: !fields.isEmpty || attribute.repeats)
    switch file.subject {
    case .vm: vm.append(assignment)
    case .vcpu: vcpu.append(assignment)
    case .device(let type): devices[index(of: type)].attributes.append(assignment)
    case .system, .common: break
    }
  }

  /// Adds the declarative form of an explicit step of the setup.
  private mutating func add(_ step: Node, _ file: SchemaFile, _ catalogue: Catalogue) {
    if step[key: "create-vcpu"] != nil { hasVCPUs = true }
    if step[key: "init-vcpu"] != nil, let node = step[key: "features"] {
      for name in (node.items ?? [node]).compactMap(\.scalar) where !features.contains(name) { features.append(name) }
    }
    if let region = step[key: "add-memory"] { memory.append(region) }
    if let type = step[key: "create"]?.scalar {
      _ = index(of: type)
      if let name = step[key: "as"]?.scalar { aliases[name] = type }
    }
    guard let path = step[key: "set"]?.scalar, step[key: "expect"] == nil else { return }
    var parts = path.split(separator: ".").map(String.init)[...]
    let name = parts.popFirst().map { aliases[$0] ?? $0 }
    guard let target = catalogue.files.first(where: { $0.name == name }) else { return }
    if target.subject == .vcpu { _ = parts.popFirst() }
    guard let (group, attribute) = target.attribute(at: parts.joined(separator: ".")) else { return }
    assign(step.entries ?? [], attribute, group, target)
  }
}

extension Example {
  /// Whether the call can succeed on the assumed host.
  fileprivate var works: Bool { expected.first == .ok && host == nil }
}

extension Node {
  /// Whether the node is a step that makes this call with an argument, and succeeds.
  fileprivate func makes(_ call: String) -> Bool {
    self[key: "expect"] == nil && entries?.first?.key.value == call && entries?.first?.value.entries?.isEmpty == false
  }

  /// Whether a value in the node is this word.
  fileprivate func names(_ word: String) -> Bool {
    switch content {
    case .scalar(let text, _): text == word
    case .sequence(let items): items.contains { $0.names(word) }
    case .mapping(let entries): entries.contains { $0.value.names(word) }
    }
  }

  /// The node as YAML. A mapping that is too long for one line has one line per entry.
  fileprivate func block(indent: Int, prefix: String) -> [String] {
    let margin = String(repeating: " ", count: indent)
    if entries == nil || flow.count + indent < 84 { return [margin + prefix + flow] }
    let rest = String(repeating: " ", count: indent + prefix.count)
    return (entries ?? []).enumerated().map { i, entry in
      (i == 0 ? margin + prefix : rest) + "\(entry.key.value): \(entry.value.flow)"
    }
  }
}
