import DeviceManifest
import DevicePlan
import Diagnostics
import Model
import YAMLSyntax

/// How a manifest is written out.
package enum RenderingStyle: Hashable, Sendable {
  /// What the VM is, as the manifest says it.
  case declared
  /// The calls, one by one.
  case steps
}

/// A manifest, written out.
package struct RenderedManifest {
  /// The document, without `---`.
  package var text: String
  /// The plan that the text stands for.
  package var plan: Plan
  /// Steps that the host which the model plays does not make, as it answers the questions before them.
  package var leftOut: [Step] = []
}

extension ManifestWorkspace {
  /// Writes a manifest out; nil where only a compiled plan is known of it, which has no declarative part.
  ///
  /// - Throws: what cannot be written in this style.
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

  /// The steps that the host which the model plays leaves out, because of what it answers to the questions before them.
  private func stepsNotMade(of plan: Plan) throws(DiagnosticsError) -> [Int] {
    if plan.steps.allSatisfy(\.guardedBy.isEmpty) { return [] }
    var host = try model(plan.architecture, course: .expected)
    let report = Runner(keepGoing: true).run(plan, on: &host)
    return report.entries.indices.filter { report.entries[$0].verdict == .skipped }
  }

  /// Whether a text stands for these plans.
  ///
  /// - Parameter file: beside which the text will be, or is as good as.
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
