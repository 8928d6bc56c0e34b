import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Vocabulary
import Workspace
import YAMLSyntax

/// Manifests that try every number in the rules of an attribute, and its neighbours, in every place of the call that
/// takes a number: the value or each of its fields, and the fields of the key. The same for the other calls.
package struct Bounds {
  private let workspace: ManifestWorkspace
  private let catalogue: Catalogue
  private let facts: [String: Value]
  /// The files of the machine, as a manifest's `files`.
  private let files: String?
  private static let mostNumbers = 160
  private static let mostSteps = 40

  package init(_ workspace: ManifestWorkspace, _ architecture: Architecture, files: String? = nil) {
    self.workspace = workspace
    self.files = files
    catalogue = workspace.catalogue(for: architecture)
    facts = (try? workspace.settings.facts?.values(for: catalogue)) ?? [:]
  }

  /// - Parameter isWanted: whether to make those of an attribute, by its path, or of another call, by its name.
  package func manifests(where isWanted: (String) -> Bool = { _ in true }) -> [StepManifest] {
    var found: [StepManifest] = []
    for file in catalogue.files where file.deviceType == nil || file.lifetime.mayInclude(catalogue.release) {
      for group in file.groups where group.lifetime.mayInclude(catalogue.release) {
        for attribute in group.attributes
        where attribute.lifetime.mayInclude(catalogue.release) && isWanted(file.name + "." + attribute.path) {
          let numbers = numbers(Numbers(of: attribute, in: group, catalogue, facts))
          for (i, template) in templates(attribute, group, file).enumerated() {
            let name = "bounds-\(file.name)-\(attribute.path.replacing(".", with: "-"))-\(i + 1)"
            // A set that succeeds changes the device.
            let isSet = template.call[key: "set"] != nil
            found += manifests(
              template.setup + template.given, template.call, numbers, name: name, isReadable: attribute.isReadBack,
              isAlone: isSet)
          }
        }
      }
    }
    return found + callManifests(where: isWanted) + requestManifests(where: isWanted)
  }

  /// The same for calls with a struct, after the steps of a test.
  private func requestManifests(where isWanted: (String) -> Bool) -> [StepManifest] {
    RequestCall.all(of: catalogue, facts).filter { isWanted($0.call.name) }.flatMap { request in
      request.usesOfEachShape.enumerated().flatMap { i, use in
        manifests(
          use.before, use.step, numbers(request.numbers), name: "bounds-\(request.call.name)-\(i + 1)",
          isReadable: false,
          isAlone: request.call.makesDescriptor)
      }
    }
  }

  /// The same for calls that are not on attributes: creations, memory, capabilities.
  private func callManifests(where isWanted: (String) -> Bool) -> [StepManifest] {
    var found: [StepManifest] = []
    func add(_ name: String, _ rules: RuleFrame?, before: [String], _ step: (Int128) -> String) {
      if !isWanted(name) { return }
      for number in numbers(Numbers(of: rules, catalogue, facts)) where number >= 0 {
        found.append(
          StepManifest(
            name: "bounds-\(name)-\(found.count + 1)", architecture: catalogue.architecture,
            steps: before + [step(number)]))
      }
    }
    let vm = "{create-vm: {}}"
    for argument in catalogue.vm?.createArguments ?? [] {
      add("create-vm", catalogue.vm?.rules(of: .create), before: []) { "{create-vm: {\(argument.name): \($0)}}" }
    }
    add("create-vcpu", catalogue.vcpu?.rules(of: .create), before: [vm]) { "{create-vcpu: \($0)}" }
    let other = "{add-memory: {at: 0x4000_0000, size: 64KiB}}"
    for (at, size): (Int128?, Int128?) in [(nil, 0x1_0000), (0x8000_0000, nil), (0x3FFF_0000, nil), (0, nil)] {
      add("add-memory", catalogue.vm?.rules(of: .addMemory), before: [vm, other]) { number in
        "{add-memory: {at: \(at ?? number), size: \(min(size ?? number, 1 << 45))}}"
      }
    }
    // Memory of this number of pages.
    add("add-memory", catalogue.vm?.rules(of: .addMemory), before: [vm]) {
      "{add-memory: {at: 0, size: \(min($0 << 12, 1 << 45))}}"
    }
    // Memory that ends at each number.
    add("add-memory", catalogue.vm?.rules(of: .addMemory), before: [vm]) {
      "{add-memory: {at: \(max($0 - 0x1_0000, 0)), size: 64KiB}}"
    }
    for file in catalogue.files {
      for capability in file.capabilities
      where capability.lifetime.mayInclude(catalogue.release) && !capability.parameters.contains(where: \.isDevice) {
        let before = capability.isOnVCPU ? [vm, "{create-vcpu: 0}"] : [vm]
        for parameter in capability.parameters {
          add(capability.name, capability.rules, before: before) { number in
            "{enable-capability: \(capability.name)\(capability.isOnVCPU ? ", on: vcpu.0" : ""), \(parameter.name): \(number)}"
          }
        }
      }
    }
    return found
  }

  private func numbers(_ found: Numbers) -> [Int128] {
    let all = Array(Set(found.all.flatMap { [$0 - 1, $0, $0 + 1] })).sorted()
    guard all.count > Self.mostNumbers else { return all }
    // Of too many numbers, a regular sample.
    return (0..<Self.mostNumbers).map { all[$0 * all.count / Self.mostNumbers] }
  }

  /// The first example that succeeds, for set and for get, and one that is refused after other calls have succeeded:
  /// then another rule may precede the rule with the number.
  private func templates(_ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile) -> [ExampleSteps] {
    let examples = attribute.examples.filter { $0.host == nil && $0.lifetime.mayInclude(catalogue.release) }
    let good = examples.filter { $0.expected == [.ok] }
    let late = examples.first { $0.expected != [.ok] && !$0.isFirstCall && $0.call == .set }
    let chosen = [good.first { $0.call == .set }, good.first { $0.call == .get }, late]
    return chosen.compactMap(\.self).map { file.steps(of: $0, path: attribute.path) }
  }

  /// - Parameter isAlone: whether a call that succeeds ends its manifest. Then it is read back if that is possible.
  private func manifests(
    _ before: [Node], _ call: Node, _ numbers: [Int128], name: String, isReadable: Bool, isAlone: Bool
  ) -> [StepManifest] {
    let before = before.map(\.yaml)
    var pending: [String] = []
    var found: [StepManifest] = []
    func add(_ steps: [String]) {
      found.append(
        StepManifest(
          name: "\(name)-\(found.count + 1)", architecture: catalogue.architecture, files: files,
          steps: before + steps))
    }
    for call in calls(call, numbers) {
      let probe = StepManifest(
        name: "probe", architecture: catalogue.architecture, files: files, steps: before + [call])
      guard let (mended, plan) = probe.mended(workspace), mended.steps.last == call else { continue }
      if isAlone, endsWell(plan) {
        add([call] + (isReadable ? [call.readingBack] : []))
      } else {
        pending.append(call)
      }
      if pending.count == Self.mostSteps {
        add(pending)
        pending = []
      }
    }
    if !pending.isEmpty { add(pending) }
    return found
  }

  private func endsWell(_ plan: Plan) -> Bool {
    guard var model = try? workspace.model(plan.architecture, course: .predicted) else { return true }
    let outcome = Runner(keepGoing: true).run(plan, on: &model).entries.last?.result.outcome
    if case .refused? = outcome { return false }
    return true
  }

  /// The call with each number in each place that has one.
  private func calls(_ call: Node, _ numbers: [Int128]) -> [String] {
    var found: [String] = []
    for entry in call.entries ?? [] where !["set", "get", "has", "expect", "on", "as"].contains(entry.key.value) {
      for number in numbers {
        for changed in entry.value.variants(number) {
          var entries = (call.entries ?? []).filter { $0.key.value != "expect" }
          if let place = entries.firstIndex(where: { $0.key.value == entry.key.value }) {
            entries[place].value = changed
          }
          // The value that a call reads is not compared.
          if call[key: "set"] == nil { entries.removeAll { $0.key.value == "value" } }
          let text = Node(.mapping(entries), at: call.range).yaml
          if !found.contains(text) { found.append(text) }
        }
      }
    }
    return found
  }
}

extension AttributeSchema {
  /// Whether what was set can be read by the same key, without an input.
  var isReadBack: Bool {
    access.contains(.set) && access.contains(.get) && rules(of: .get)?.list.reads != true
  }
}

extension String {
  /// The get of what a step sets: `{set: gic.nr-irqs, value: 64}` becomes `{get: gic.nr-irqs}`.
  var readingBack: String {
    guard hasPrefix("{set: ") else { return self }
    var text = "{get: " + dropFirst(6)
    // The value is the last entry.
    if let place = text.firstRange(of: ", value: ") { text = text[..<place.lowerBound] + "}" }
    return text
  }
}
