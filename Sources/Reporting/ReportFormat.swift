import Diagnostics
import Reference
import Vocabulary
import Workspace

/// The format of the results of validating and applying manifests.
package enum ReportFormat: String, CaseIterable, Sendable {
  case text, markdown, json, sarif, junit, github, gcc

  /// Whether a report is one document about all manifests. Otherwise each manifest has its own part, and problems
  /// outside of manifests are written as text.
  package var isOneDocument: Bool { self != .text && self != .json }

  /// A report that contains only diagnostics.
  ///
  /// - Parameter settings: the settings of the files; their schemas explain the ids.
  package func text(of diagnostics: [Diagnostic], _ settings: [Settings] = []) -> String {
    var output = ""
    switch self {
    case .text, .json: TextRenderer().render(diagnostics, into: &output)
    case .junit:
      let name = diagnostics.first?.range?.file.path ?? "kvmconf"
      JUnitRenderer().render(
        [.init(name: name, cases: [.init(name: name, failures: diagnostics, isError: true)])], into: &output)
    case .markdown: output = diagnostics.withoutRepeats.map(\.markdown).joined()
    case .sarif: return Self.sarif(diagnostics.withoutRepeats, settings)
    case .github: GitHubRenderer().render(diagnostics.withoutRepeats, into: &output)
    case .gcc: GCCRenderer().render(diagnostics.withoutRepeats, into: &output)
    }
    return output
  }

  /// - Parameter hosts: the names of the hosts for which a diagnostic was reported; empty if there is only one.
  static func sarif(
    _ diagnostics: [Diagnostic], _ settings: [Settings], hosts: @escaping (Diagnostic) -> [String] = { _ in [] }
  ) -> String {
    var output = ""
    let help = diagnostics.isEmpty ? [:] : help(on: Set(diagnostics.map(\.id)), settings)
    SARIFRenderer(version: kvmconfVersion, help: { help[$0] }, hosts: hosts).render(diagnostics, into: &output)
    return output
  }

  private static func help(on ids: Set<DiagnosticID>, _ settings: [Settings]) -> [DiagnosticID: RuleHelp] {
    var help: [DiagnosticID: RuleHelp] = [:]
    for settings in settings.isEmpty ? [Settings()] : settings {
      let rest = ids.filter { help[$0] == nil }
      if rest.isEmpty { break }
      let explainer = Explainer(ManifestWorkspace(settings).allCatalogues, diagnostics: .manifests)
      help.merge(explainer.help(on: rest)) { first, _ in first }
    }
    return help
  }
}

extension Diagnostic {
  /// An item of a list in Markdown.
  fileprivate var markdown: String {
    let place = range.map { "`\($0.file.path.printable):\($0.start)`: " } ?? ""
    var text = "- \(place)**\(severity.rawValue)**: \(message.printable.markdown) (`\(id.description.printable)`)\n"
    for note in notes {
      let place = note.range.map { "`\($0.file.path.printable):\($0.start)`: " } ?? ""
      text += "  - \(place)\(note.message.printable.markdown)\n"
    }
    return text
  }
}

extension [Diagnostic] {
  /// The diagnostics without duplicates: a file that several manifests share, such as a file of facts, may be read for
  /// each of them.
  fileprivate var withoutRepeats: [Diagnostic] {
    var seen: Set<[String]> = []
    return filter { seen.insert([$0.range?.description ?? "", $0.id.description, $0.message]).inserted }
  }
}
