import DevicePlan
import DeviceSchema
import Workspace
import YAMLSyntax

extension Catalogue {
  /// Every example of this release for the attributes of a file that exist in this release.
  func examples(of file: SchemaFile) -> [ExampleSteps] {
    var found: [ExampleSteps] = []
    for group in file.groups where group.lifetime.mayInclude(release) {
      for attribute in group.attributes where attribute.lifetime.mayInclude(release) {
        for example in attribute.examples where example.lifetime.mayInclude(release) {
          found.append(file.steps(of: example, path: attribute.path))
        }
      }
    }
    return found
  }

  /// Every example of the architecture's schemas, each as one manifest.
  package func exampleManifests() -> [StepManifest] {
    files.flatMap { file in
      examples(of: file).enumerated().map { i, example in
        StepManifest(
          name: "example-\(file.name)-\(i + 1)", architecture: architecture, files: file.exampleFiles?.yaml,
          steps: example.all.map(\.yaml))
      }
    }
  }
}
