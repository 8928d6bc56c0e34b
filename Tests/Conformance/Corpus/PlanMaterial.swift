import DeviceSchema
import Expressions
import Workspace
import YAMLSyntax

/// What the random plans of a machine are made of.
struct PlanMaterial {
  let catalogue: Catalogue
  /// The facts about the host.
  let facts: [String: Value]
  /// The files of the machine, for payloads that take a file.
  let files: [(name: String, path: String)]
  let subjects: [Subject]
  let requests: [RequestCall]
  /// The steps of each test of the schemas.
  let tests: [[Node]]

  init(_ workspace: ManifestWorkspace, _ catalogue: Catalogue, files: [(name: String, path: String)]) {
    self.catalogue = catalogue
    self.files = files
    facts = (try? workspace.settings.facts?.values(for: catalogue)) ?? [:]
    subjects = Subject.all(of: catalogue, facts)
    requests = RequestCall.all(of: catalogue, facts)
    tests = catalogue.tests.map(\.steps).filter { !$0.isEmpty }
  }
}

extension Catalogue {
  /// The tests of the schemas for this release, or that may be.
  var tests: [SchemaTest] { files.flatMap(\.tests).filter { $0.lifetime.mayInclude(release) } }
}

extension SchemaTest {
  /// The single calls.
  var steps: [Node] { manifest.first { $0.key.value == "steps" }?.value.items ?? [] }
}
