import Diagnostics

extension SourceFile {
  /// Whether the text has content, but none of the keys with which a manifest begins, or is one of host facts. A file
  /// that was found in a folder is then something else, such as the configuration of another program.
  package var isForeign: Bool {
    if isCompiledPlan { return false }
    let found = firstKeys
    if found.keys.contains("kvmconf") || found.keys.contains("extends") { return false }
    return found.hasContent && (!found.keys.contains("arch") || found.keys.contains("kernel"))
  }

  /// Those of the keys with which manifests and host facts begin that the text has, and whether it has any content.
  private var firstKeys: (keys: Set<String>, hasContent: Bool) {
    let wanted = ["kvmconf", "extends", "arch", "kernel"]
    var keys: Set<String> = []
    var hasContent = false
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.endIndex
      // Quotes and the brace of a flow mapping may be before the key.
      let line = bytes[start..<end].drop { [0x22, 0x27, 0x7B, 0x20].contains($0) }
      for key in wanted where line.starts(with: key.utf8) {
        // Other programs have the others as keys of nested mappings.
        if key != "kvmconf", bytes[start] == 0x20 { continue }
        let rest = line.dropFirst(key.utf8.count).drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }
        if rest.first == 0x3A { keys.insert(key) }
      }
      if keys.contains("kvmconf") { break }
      if let first = line.first, first != 0x23, !line.elementsEqual("---".utf8) { hasContent = true }
      start = end + 1
    }
    return (keys, hasContent)
  }

  /// The note that a foreign file is not looked at.
  package var foreignNote: Diagnostic {
    let reason =
      firstKeys.keys.isSuperset(of: ["arch", "kernel"])
      ? "it has facts of a host; name it NAME.facts.yaml" : "it has none of the keys 'kvmconf', 'arch' and 'extends'"
    return Diagnostic(.note, "not-a-manifest", "\(path) is skipped: \(reason)", at: nil)
  }
}
