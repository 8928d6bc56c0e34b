import DevicePlan
import Diagnostics
import Vocabulary
import Workspace

/// A manifest of the corpus, with its plan.
package struct Case: Sendable {
  package var plan: Plan
  /// The file with the manifest, and which of its manifests it is.
  package var source: SourceFile
  package var index: Int
  /// The manifest as steps, if it can be shrunk.
  package var manifest: StepManifest?
  /// The file, if kvmconf itself applies it on the machine instead of the loader.
  package var applied: SourceFile?

  package init(plan: Plan, source: SourceFile, index: Int = 0, applied: SourceFile? = nil) {
    self.plan = plan
    self.source = source
    self.index = index
    self.applied = applied
  }

  package init(_ manifest: StepManifest, _ plan: Plan) {
    self.init(plan: plan, source: manifest.file)
    self.manifest = manifest
  }
}

extension ManifestWorkspace {
  /// The manifests of an architecture in some folders, except those that name a file which the machine lacks.
  ///
  /// - Parameter files: the paths of the files that the machine has.
  package func cases(in folders: [String], for architecture: Architecture, files: Set<String> = []) throws -> [Case] {
    var cases: [Case] = []
    for folder in folders {
      for path in try ManifestPath.all(folder) {
        let file = try SourceFile(reading: path)
        for (index, manifest) in load(file).manifests.enumerated() {
          let plan = manifest.plan.withDefaults
          guard plan.architecture == architecture, plan.obstacles.isEmpty, files.isSuperset(of: plan.files.map(\.path))
          else { continue }
          guard try hazards(of: plan).isEmpty else { continue }
          cases.append(Case(plan: plan, source: file, index: index))
        }
      }
    }
    return cases
  }

  /// The same for files with one manifest, applied by kvmconf itself.
  package func appliedCases(in folders: [String], for architecture: Architecture) throws -> [Case] {
    var cases: [Case] = []
    for folder in folders {
      for path in try ManifestPath.all(folder) {
        let file = try SourceFile(reading: path)
        let loaded = load(file).manifests
        guard loaded.count == 1, let plan = loaded.first?.plan.withDefaults, plan.architecture == architecture,
          plan.obstacles.isEmpty, plan.files.isEmpty, try hazards(of: plan).isEmpty
        else { continue }
        cases.append(Case(plan: plan, source: file, applied: file))
      }
    }
    return cases
  }

  /// The examples of the schemas, each in a separate VM.
  ///
  /// - Parameter files: the files of the machine, as a manifest's `files`.
  package func exampleCases(for architecture: Architecture, files: String? = nil) -> [Case] {
    catalogue(for: architecture).exampleManifests().compactMap { manifest in
      var manifest = manifest
      manifest.files = files
      return manifest.mended(self).map { Case($0.manifest, $0.plan) }
    }
  }

  /// The tests of the schemas, except those that are about another host.
  ///
  /// - Parameter files: the paths of the files that the machine has.
  package func schemaCases(for architecture: Architecture, files: Set<String> = []) throws -> [Case] {
    let catalogue = catalogue(for: architecture)
    var cases: [Case] = []
    for file in catalogue.files where file.lifetime.mayInclude(catalogue.release) {
      for (i, test) in file.tests.enumerated()
      where test.host == nil && test.lifetime.includes(catalogue.release) == true {
        let lines =
          ["kvmconf: 1\narch: \(architecture.rawValue)\n"]
          + test.manifest.map { "\($0.key.value): \($0.value.yaml)\n" }
        let text = SourceFile(path: "test-\(file.name)-\(i + 1).yaml", bytes: Array(lines.joined().utf8))
        for (index, manifest) in load(text).manifests.enumerated() {
          let plan = manifest.plan.withDefaults
          guard files.isSuperset(of: plan.files.map(\.path)), plan.obstacles.isEmpty, plan.canMapItsMemory,
            try hazards(of: plan).isEmpty
          else { continue }
          cases.append(Case(plan: plan, source: text, index: index))
        }
      }
    }
    return cases
  }

  /// Cases that try the numbers of the schemas' rules, one by one.
  ///
  /// - Parameter files: the files of the machine, as a manifest's `files`.
  package func boundCases(for architecture: Architecture, files: String? = nil) -> [Case] {
    Bounds(self, architecture, files: files).manifests().compactMap { manifest in
      manifest.mended(self).map { Case($0.manifest, $0.plan) }
    }
  }

  /// Declarative manifests in random order, and those that the planner brings into a wrong order.
  package func orderCases(
    _ count: Int, for architecture: Architecture, seed: UInt64
  ) -> (cases: [Case], refused: [Tally.OrderCounts.Refused]) {
    let machines = RandomMachines(self, architecture, seed: seed)
    var cases: [Case] = []
    var refused: [Tally.OrderCounts.Refused] = []
    for _ in 0..<count {
      guard let planned = machines.next() else { break }
      if let wrong = planned.refused {
        refused.append(
          Tally.OrderCounts.Refused(
            manifest: planned.plan.name, call: wrong.call,
            answer: "the model answers \(wrong.answer), and accepts all calls in another order"))
      }
      cases.append(Case(plan: planned.plan, source: planned.manifest))
    }
    return (cases, refused)
  }

  package func randomCases(
    _ count: Int, for architecture: Architecture, seed: UInt64, files: [(name: String, path: String)] = []
  ) -> [Case] {
    let plans = RandomPlans(self, architecture, seed: seed, files: files)
    return (0..<count).map { _ in
      let (manifest, plan) = plans.next()
      return Case(manifest, plan)
    }
  }
}

extension Plan {
  /// Whether a process can map the memory that the plan gives its VM. Otherwise the call is not made.
  var canMapItsMemory: Bool {
    steps.allSatisfy { step in
      if case .addMemory(_, _, let size, _, _) = step.operation { size <= 1 << 45 } else { true }
    }
  }
}
