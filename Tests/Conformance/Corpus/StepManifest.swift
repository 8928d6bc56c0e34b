import DevicePlan
import Diagnostics
import Model
import Vocabulary
import Workspace

/// A manifest of explicit steps, one per line, from which steps can be removed.
package struct StepManifest: Hashable, Sendable {
  package var name: String
  package var architecture: Architecture
  /// Entries of `files:`, as text.
  package var files: String?
  /// One step each, as YAML: `{set: gic.addr.dist, value: 0x0800_0000}`.
  package var steps: [String]

  package init(name: String, architecture: Architecture, files: String? = nil, steps: [String]) {
    self.name = name
    self.architecture = architecture
    self.files = files
    self.steps = steps
  }

  private var head: String {
    "kvmconf: 1\narch: \(architecture.rawValue)\nname: \(name)\n" + (files.map { "files: \($0)\n" } ?? "") + "steps:\n"
  }

  package var text: String { head + steps.map { "  - \($0)\n" }.joined() }

  /// The manifest without wrong and dangerous steps: an unknown name, a value that does not fit, a call that would crash
  /// the kernel.
  ///
  /// - Returns: the remaining manifest with its plan; nil if no step remains.
  package func mended(_ workspace: ManifestWorkspace) -> (manifest: StepManifest, plan: Plan)? {
    var manifest = self
    for _ in 0..<20 {
      if manifest.steps.isEmpty { return nil }
      let loaded = workspace.load(manifest.file)
      var wrong = manifest.indices(of: loaded.diagnostics.filter { $0.severity == .error })
      if wrong.isEmpty {
        if loaded.hasErrors { return nil }
        guard let plan = loaded.manifests.first?.plan else { return nil }
        wrong = manifest.indices(of: (try? workspace.hazards(of: plan)) ?? [])
        if wrong.isEmpty { return (manifest, plan) }
      }
      manifest.steps = manifest.steps.indices.filter { !wrong.contains($0) }.map { manifest.steps[$0] }
    }
    return nil
  }

  package var file: SourceFile { SourceFile(path: "\(name).yaml", bytes: Array(text.utf8)) }

  /// The steps that diagnostics point at.
  private func indices(of diagnostics: [Diagnostic]) -> Set<Int> {
    let first = head.utf8.count { $0 == UInt8(ascii: "\n") } + 1
    return Set(diagnostics.compactMap { $0.range.map { $0.start.line - first } }.filter { steps.indices.contains($0) })
  }
}
