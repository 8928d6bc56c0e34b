import DevicePlan
import Diagnostics
import Vocabulary
import Workspace

/// A manifest of the corpus, with its plan.
package struct Case: Sendable {
  package var plan: Plan
  /// The manifest as steps, if it can be shrunk.
  package var manifest: StepManifest?
  /// The file, if kvmconf itself applies it on the machine instead of the loader.
  package var applied: SourceFile?

  package init(plan: Plan, manifest: StepManifest? = nil, applied: SourceFile? = nil) {
    self.plan = plan
    self.manifest = manifest
    self.applied = applied
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
        for manifest in load(try SourceFile(reading: path)).manifests {
          let plan = manifest.plan.withDefaults
          guard plan.architecture == architecture, plan.obstacles.isEmpty, files.isSuperset(of: plan.files.map(\.path))
          else { continue }
          guard try hazards(of: plan).isEmpty else { continue }
          cases.append(Case(plan: plan))
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
        cases.append(Case(plan: plan, applied: file))
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
      return manifest.mended(self).map { Case(plan: $0.plan, manifest: $0.manifest) }
    }
  }

  /// The tests of the schemas, except those that are about another host.
  package func schemaCases(for architecture: Architecture) throws -> [Case] {
    let catalogue = catalogue(for: architecture)
    var cases: [Case] = []
    for file in catalogue.files where file.lifetime.mayInclude(catalogue.release) {
      for (i, test) in file.tests.enumerated()
      where test.host == nil && test.lifetime.includes(catalogue.release) == true {
        let lines =
          ["kvmconf: 1\narch: \(architecture.rawValue)\n"]
          + test.manifest.map { "\($0.key.value): \($0.value.yaml)\n" }
        let text = SourceFile(path: "test-\(file.name)-\(i + 1).yaml", bytes: Array(lines.joined().utf8))
        for manifest in load(text).manifests {
          let plan = manifest.plan.withDefaults
          guard plan.files.isEmpty, plan.obstacles.isEmpty, plan.canMapItsMemory, try hazards(of: plan).isEmpty
          else { continue }
          cases.append(Case(plan: plan))
        }
      }
    }
    return cases
  }

  /// Cases that try the numbers of the schemas' rules, one by one.
  package func boundCases(for architecture: Architecture) -> [Case] {
    Bounds(self, architecture).manifests().compactMap { manifest in
      manifest.mended(self).map { Case(plan: $0.plan, manifest: $0.manifest) }
    }
  }

  package func randomCases(
    _ count: Int, for architecture: Architecture, seed: UInt64, files: [(name: String, path: String)] = []
  ) -> [Case] {
    let plans = RandomPlans(self, architecture, seed: seed, files: files)
    return (0..<count).map { _ in
      let (manifest, plan) = plans.next()
      return Case(plan: plan, manifest: manifest)
    }
  }
}

extension Plan {
  /// Whether a process can map the memory that the plan gives its VM. Otherwise the call is not made.
  fileprivate var canMapItsMemory: Bool {
    steps.allSatisfy { step in
      if case .addMemory(_, _, let size) = step.operation { size <= 1 << 45 } else { true }
    }
  }
}
