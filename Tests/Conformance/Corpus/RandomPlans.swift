import DevicePlan
import DeviceSchema
import Expressions
import Model
import Vocabulary
import Workspace
import YAMLSyntax

/// Manifests of random steps, made from the schemas of devices: calls that succeed and calls that fail, with values at
/// every bound, in every order. A seed determines them all.
///
/// If a plan makes a rule fire for the first time, it is kept, and some later plans are variations of kept ones. This
/// reaches rules that apply only late in the life of a device.
package final class RandomPlans {
  private let workspace: ManifestWorkspace
  private let material: PlanMaterial
  private let seed: UInt64
  private var random: Seeded
  private var count = 0
  private var kept: [[String]] = []
  private var fired: Set<Place> = []

  private struct Place: Hashable {
    var file: String
    var line: Int
  }

  /// - Parameter files: files of the machine, for attributes that take a file.
  package init(
    _ workspace: ManifestWorkspace, _ architecture: Architecture, seed: UInt64,
    files: [(name: String, path: String)] = []
  ) {
    self.workspace = workspace
    self.seed = seed
    material = PlanMaterial(workspace, workspace.catalogue(for: architecture), files: files)
    random = Seeded(seed)
  }

  /// The next manifest, with its plan.
  package func next() -> (manifest: StepManifest, plan: Plan) {
    while true {
      count += 1
      var draft: [String]
      if !kept.isEmpty, random.percent(35) {
        draft = variation(of: random.pick(kept) ?? [])
      } else {
        draft = fresh()
      }
      draft = Array(draft.prefix(60))
      let manifest = StepManifest(
        name: "random-\(seed)-\(count)", architecture: material.catalogue.architecture,
        files: material.files.manifestText, steps: draft)
      guard let mended = manifest.mended(workspace), mended.manifest.steps.count > 2, mended.plan.canMapItsMemory else {
        continue
      }
      keepIfNew(mended.manifest.steps, mended.plan)
      return mended
    }
  }

  private func keepIfNew(_ steps: [String], _ plan: Plan) {
    guard var model = try? workspace.model(plan.architecture, course: .predicted) else { return }
    let report = Runner(keepGoing: true).run(plan, on: &model)
    var isNew = false
    for reason in report.entries.flatMap(\.result.reasons) {
      guard let rule = reason.rule else { continue }
      if fired.insert(Place(file: rule.file.path, line: rule.start.line)).inserted { isNew = true }
    }
    if isNew { kept.append(steps) }
  }

  private func fresh() -> [String] {
    var draft = PlanDraft(material, random)
    draft.make()
    random = draft.random
    return draft.steps
  }

  /// A plan with steps removed, repeated, moved or added.
  private func variation(of old: [String]) -> [String] {
    var steps = old
    for _ in 0...random.below(4) {
      let i = 1 + random.below(steps.count - 1)
      guard steps.indices.contains(i) else { break }
      switch random.below(6) {
      case 0: steps.remove(at: i)
      case 1: steps.insert(steps[i], at: random.below(steps.count - i) + i)
      case 2: steps.swapAt(i, 1 + random.below(steps.count - 1))
      case 3: steps += (random.pick(kept) ?? []).dropFirst()
      default:
        var draft = PlanDraft(material, random)
        draft.resume(steps)
        for _ in 0...random.below(6) { draft.act() }
        random = draft.random
        let own = draft.steps[steps.count...]
        let place = random.percent(50) ? steps.count : i + 1
        steps.insert(contentsOf: own, at: place)
      }
    }
    return steps
  }
}

extension [(name: String, path: String)] {
  /// The text of `files` in a manifest; nil if there are no files.
  package var manifestText: String? {
    isEmpty ? nil : "{" + map { "\($0.name): \($0.path)" }.joined(separator: ", ") + "}"
  }
}

/// A kind of descriptor, with the calls that can be made on it.
struct Subject {
  var file: SchemaFile
  var attributes: [(group: GroupSchema, attribute: AttributeSchema, numbers: Numbers)] = []
  var examples: [ExampleSteps]
  /// The numbers in the rules of its creation.
  var creation: Numbers
  var setup: [Node]
  /// Whether the host has it.
  var isPresent: Bool

  init(_ file: SchemaFile, _ catalogue: Catalogue, _ facts: [String: Value], isPresent: Bool) {
    self.isPresent = isPresent
    self.file = file
    examples = catalogue.examples(of: file)
    creation = Numbers(of: file.rules(of: .create), catalogue, facts)
    setup = file.stepsBeforeExamples
    for group in file.groups where group.lifetime.mayInclude(catalogue.release) {
      for attribute in group.attributes where attribute.lifetime.mayInclude(catalogue.release) {
        attributes.append((group, attribute, Numbers(of: attribute, in: group, catalogue, facts)))
      }
    }
  }

  /// Every kind of descriptor of a release.
  static func all(of catalogue: Catalogue, _ facts: [String: Value]) -> [Subject] {
    // Calls on a device that the host lacks show nothing but its absence.
    var present: [String]?
    if case .list(let types)? = facts["devices"] {
      present = types.compactMap { if case .string(let name) = $0 { name } else { nil } }
    }
    return catalogue.files.compactMap { file in
      if case .common = file.subject { return nil }
      if file.deviceType != nil, !file.lifetime.mayInclude(catalogue.release) { return nil }
      return Subject(file, catalogue, facts, isPresent: file.deviceType.map { present?.contains($0) ?? true } ?? true)
    }
  }

  /// The name in paths: the device type, `vm`, `system` or `vcpu`, to which the id of the vCPU is added.
  var name: String { file.name }
}
