import DevicePlan
import Diagnostics
import Maps
import Model

extension ManifestWorkspace {
  /// The map of a manifest's VM, without what is wrong in the manifest.
  package func map(of manifest: PlannedManifest) throws(DiagnosticsError) -> MachineMap {
    let plan = manifest.planToRehearse
    var host = try model(plan.architecture, course: .corrected)
    _ = rehearse(manifest, plan, on: &host)
    return MachineMap(try host.occupied(), of: plan, without: manifest.incomplete)
  }

  /// Warnings about what overlaps in the VM and what no call refuses.
  ///
  /// - Parameters:
  ///   - plan: the plan that has run.
  ///   - host: the model after the run.
  ///   - others: the other diagnostics of the run.
  func mapProblems(
    of manifest: PlannedManifest, _ plan: Plan, _ host: inout ModelHost, besides others: [Diagnostic]
  ) throws(DiagnosticsError) -> [Diagnostic] {
    MachineMap.warnings(try host.occupied(), of: plan, without: manifest.incomplete, besides: others)
  }
}
