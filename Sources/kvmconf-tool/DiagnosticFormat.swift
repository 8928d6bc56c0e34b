import DeviceSchema
import Diagnostics
import Reference
import Reporting
import Vocabulary
import Workspace

/// How diagnostics are written for other programs than ours.
enum DiagnosticFormat: String {
  case sarif, github, gcc

  /// The report of a whole run.
  ///
  /// - Parameter settings: of the files; their schemas explain the ids.
  func text(_ diagnostics: [Diagnostic], _ settings: [Settings]) -> String {
    // What several manifests share, such as a file of facts, may have been read for each of them.
    var seen: Set<[String]> = []
    let diagnostics = diagnostics.filter {
      seen.insert([$0.range?.description ?? "", $0.id.description, $0.message]).inserted
    }
    var output = ""
    switch self {
    case .sarif:
      let help = diagnostics.isEmpty ? [:] : Self.help(on: Set(diagnostics.map(\.id)), settings)
      SARIFRenderer(version: KVMConfCommand.version) { help[$0] }.render(diagnostics, into: &output)
    case .github: GitHubRenderer().render(diagnostics, into: &output)
    case .gcc: GCCRenderer().render(diagnostics, into: &output)
    }
    return output
  }

  private static func help(on ids: Set<DiagnosticID>, _ settings: [Settings]) -> [DiagnosticID: RuleHelp] {
    var help: [DiagnosticID: RuleHelp] = [:]
    for settings in settings.isEmpty ? [Settings()] : settings {
      let rest = ids.filter { help[$0] == nil }
      if rest.isEmpty { break }
      let workspace = ManifestWorkspace(settings)
      let catalogues = Architecture.allCases.map(workspace.catalogue).filter { $0.vm != nil }
      help.merge(Explainer(catalogues, diagnostics: .manifests).help(on: rest)) { first, _ in first }
    }
    return help
  }
}
