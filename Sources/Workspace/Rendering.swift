import DeviceManifest
import DevicePlan
import Diagnostics
import Model
import YAMLSyntax

/// The form in which a manifest is written.
package enum RenderingStyle: Hashable, Sendable {
  /// The declarative form: the VM, its vCPUs and its devices.
  case declared
  /// The calls, as explicit steps.
  case steps
}

/// The text of a manifest, and its plan.
package struct RenderedManifest {
  /// The document, without `---`.
  package var text: String
  /// The plan of the text.
  package var plan: Plan
  /// The steps that are left out because of the simulated host's answers to earlier tests.
  package var leftOut: [Step] = []
}

extension ManifestWorkspace {
  /// Writes a manifest in a style; nil for the declarative style of a compiled plan, which contains only calls.
  ///
  /// - Throws: an error for each call that cannot be written in this style.
  package func rendered(
    _ manifest: PlannedManifest, _ style: RenderingStyle
  ) throws(DiagnosticsError) -> RenderedManifest? {
    switch style {
    case .declared:
      guard let (reader, read) = manifest.source else { return nil }
      return RenderedManifest(text: YAMLWriter.document(reader.rendered(read)), plan: manifest.plan)
    case .steps: return try renderedSteps(manifest.plan)
    }
  }

  private func renderedSteps(_ plan: Plan) throws(DiagnosticsError) -> RenderedManifest {
    if let index = plan.vcpuCount {
      let parameter = plan.parameters[index]
      throw .invalid(
        .error(
          "load-parameter",
          "the number of vCPUs is supplied at load time, but steps are written for each vCPU; give it with --set "
            + "\(parameter.name)=N", at: parameter.at))
    }
    let left = try stepsNotMade(of: plan)
    let made = plan.without(Set(left))
    var writer = StepWriter(made, catalogue(for: plan.architecture))
    let (node, unsayable) = writer.manifest()
    if !unsayable.isEmpty {
      throw DiagnosticsError(
        .invalid,
        unsayable.map { .error("unsayable-step", "no explicit step can express this: \($0.words)", at: $0.at) })
    }
    return RenderedManifest(text: YAMLWriter.document(node), plan: writer.plan, leftOut: left.map { plan.steps[$0] })
  }

  /// The indices of the steps that a run on the model skips because of the answers to earlier tests.
  private func stepsNotMade(of plan: Plan) throws(DiagnosticsError) -> [Int] {
    if plan.steps.allSatisfy(\.guardedBy.isEmpty) { return [] }
    var host = try model(plan.architecture, course: .expected)
    let report = Runner(keepGoing: true).run(plan, on: &host)
    return report.entries.indices.filter { report.entries[$0].verdict == .skipped }
  }

  /// Whether a text compiles to these plans, apart from descriptions such as places and reasons.
  ///
  /// - Parameter file: the file whose folder the paths in the text are relative to.
  package func stands(_ text: String, for plans: [Plan], beside file: SourceFile) -> Bool {
    let again = ManifestWorkspace(settings.withoutParameters).load(
      SourceFile(path: "<rendered>", bytes: Array(text.utf8), folder: file.folder))
    return !again.hasErrors && again.manifests.map(\.plan.core) == plans.map(\.core)
  }
}

extension Settings {
  fileprivate var withoutParameters: Settings {
    var settings = self
    settings.parameters = [:]
    return settings
  }
}
