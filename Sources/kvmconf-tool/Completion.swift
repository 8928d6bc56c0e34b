import ArgumentParser
import Reference
import Vocabulary
import Workspace

/// What shells offer for arguments. Shells ask this program; nothing here runs otherwise.
extension CompletionKind {
  /// Manifests and compiled plans.
  static var manifest: CompletionKind { .file(extensions: ["yaml", "yml", "kvmplan"]) }

  static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }

  static var architecture: CompletionKind { .list(Architecture.names) }

  /// What most hosts run, and the releases in which the schemas know something to have changed.
  static var release: CompletionKind {
    .custom { _, _, prefix in
      let longTerm = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18"].compactMap { Release($0) }
      return Set(longTerm + explainer.releases).sorted().map(\.description).filter { $0.hasPrefix(prefix) }
    }
  }

  static var deviceType: CompletionKind {
    .custom { _, _, prefix in explainer.types.filter { $0.hasPrefix(prefix) } }
  }

  /// Everything that `explain` has a page of.
  static var explainedName: CompletionKind {
    .custom { words, index, prefix in
      // Bash takes a colon for a word of its own, and wants to hear only what comes behind it.
      let head = CompletionShell.requesting == .bash ? textBeforeColon(words, index) : ""
      let rest = prefix == ":" && !head.isEmpty ? "" : prefix
      return explainer.completions(of: head + rest).filter { $0.hasPrefix(head) }.map {
        String($0.dropFirst(head.count))
      }
    }
  }

  private static var explainer: Explainer {
    Explainer(ManifestWorkspace(Settings()).allCatalogues, diagnostics: .manifests)
  }

  /// `arm-vgic-v3.addr.dist:` where the word at an index follows these two; the colon itself may be that word.
  private static func textBeforeColon(_ words: [String], _ index: Int) -> String {
    for colon in [index, index - 1] where colon > 0 && words.indices.contains(colon) && words[colon] == ":" {
      return words[colon - 1] + ":"
    }
    return ""
  }
}
