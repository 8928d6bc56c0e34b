import ArgumentParser
import Reference
import Vocabulary
import Workspace

/// The completions of arguments. They are computed only when a shell requests them.
extension CompletionKind {
  /// Manifests and compiled plans.
  static var manifest: CompletionKind { .file(extensions: ["yaml", "yml", "kvmplan"]) }

  static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }

  static var architecture: CompletionKind { .list(Architecture.names) }

  /// The long-term kernel releases, and those in which the schemas record a change.
  static var release: CompletionKind {
    .custom { _, _, prefix in
      let longTerm = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18"].compactMap { Release($0) }
      return Set(longTerm + explainer.releases).sorted().map(\.description).filter { $0.hasPrefix(prefix) }
    }
  }

  static var deviceType: CompletionKind {
    .custom { _, _, prefix in explainer.types.filter { $0.hasPrefix(prefix) } }
  }

  /// The names that `explain` has a page for.
  static var explainedName: CompletionKind {
    .custom { words, index, prefix in
      // Bash splits words at colons, and expects only the part after the colon.
      let head = CompletionShell.requesting == .bash ? textBeforeColon(words, index) : ""
      let rest = prefix == ":" && !head.isEmpty ? "" : prefix
      let names = explainer.completions(of: head + rest).filter { $0.hasPrefix(head) }
      // In zsh, a description follows a colon.
      if CompletionShell.requesting == .zsh { return names.map { $0.replacing(":", with: "\\:") } }
      return names.map { String($0.dropFirst(head.count)) }
    }
  }

  /// The parameters of the manifests on the command line, as `NAME=`.
  static var parameter: CompletionKind {
    .custom { words, _, prefix in
      let files = words.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
      return Set(files.flatMap(parameterNames(inFile:))).map { $0 + "=" }.filter { $0.hasPrefix(prefix) }.sorted()
    }
  }

  private static var explainer: Explainer {
    Explainer(ManifestWorkspace(Settings()).allCatalogues, diagnostics: .manifests)
  }

  /// The text up to a colon, such as `arm-vgic-v3.addr.dist:`, if the word at an index is the colon or follows it;
  /// otherwise empty.
  private static func textBeforeColon(_ words: [String], _ index: Int) -> String {
    for colon in [index, index - 1] where colon > 0 && words.indices.contains(colon) && words[colon] == ":" {
      return words[colon - 1] + ":"
    }
    return ""
  }
}
