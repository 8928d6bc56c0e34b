import Diagnostics

extension SourceFile {
  /// Whether the text has content, but none of the keys with which a manifest begins. A file that was found in a folder is
  /// then something else, such as the configuration of another program.
  package var isForeign: Bool {
    let keys = ["kvmconf", "extends", "arch"].map { Array($0.utf8) }
    if isCompiledPlan { return false }
    var hasContent = false
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.endIndex
      // Quotes and the brace of a flow mapping may be before the key.
      let line = bytes[start..<end].drop { [0x22, 0x27, 0x7B, 0x20].contains($0) }
      for (i, key) in keys.enumerated() where line.starts(with: key) {
        // Other programs have the other two as keys of nested mappings.
        if i > 0, bytes[start] == 0x20 { continue }
        let rest = line.dropFirst(key.count).drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }
        if rest.first == 0x3A { return false }
      }
      if let first = line.first, first != 0x23, !line.elementsEqual("---".utf8) { hasContent = true }
      start = end + 1
    }
    return hasContent
  }

  /// The note that a foreign file is not looked at.
  package var foreignNote: Diagnostic {
    Diagnostic(
      .note, "not-a-manifest", "\(path) is skipped: it has none of the keys 'kvmconf', 'arch' and 'extends'", at: nil)
  }
}
