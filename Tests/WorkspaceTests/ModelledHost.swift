import DevicePlan
import Diagnostics
import Kernel
import Probing
import Vocabulary
import Workspace

/// A host to probe whose kernel is the model, with these facts, capabilities and files.
struct ModelledHost: ProbedHost {
  let architecture: Architecture
  var release = "7.2.13-test"
  /// Facts, as YAML.
  var facts = "{}"
  var capabilities: [UInt32: UInt32] = [:]
  var files: [String: String] = [:]

  private func workspace() throws -> ManifestWorkspace {
    var settings = Settings()
    settings.facts = try HostFacts(SourceFile(path: "facts.yaml", bytes: Array(facts.utf8)))
    settings.release = Release(release)
    return ManifestWorkspace(settings)
  }

  func run(_ plan: Plan, _ workspace: ManifestWorkspace) throws(DiagnosticsError) -> Report {
    do {
      var model = try self.workspace().model(architecture, course: .predicted)
      return Runner(keepGoing: true).run(plan, on: &model)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  func extensions(_ numbers: [UInt32], _ plan: Plan) -> [UInt32: UInt32] {
    capabilities.filter { numbers.contains($0.key) }
  }

  func text(ofFile path: String) -> String? { files[path] }

  func names(inFolder path: String) -> [String] {
    let inside = files.keys.filter { $0.hasPrefix(path + "/") }.map { $0.dropFirst(path.count + 1) }
    return Set(inside.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
  }

  func exists(_ path: String) -> Bool { files.keys.contains { $0 == path || $0.hasPrefix(path + "/") } }
}
