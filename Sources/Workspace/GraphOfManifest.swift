import DevicePlan
import Planning

extension ManifestWorkspace {
  /// What waits for what among the calls of a manifest.
  package func graph(of manifest: PlannedManifest) -> PlanGraph {
    guard let source = manifest.source else { return PlanGraph(of: manifest.plan) }
    return PlanGraph(
      of: source.manifest, planningKnowledge(of: catalogue(for: manifest.plan.architecture)), manifest.plan)
  }
}
