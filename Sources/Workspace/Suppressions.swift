import Diagnostics

extension [Diagnostic] {
  /// The diagnostics without those that a comment turns off: `# kvmconf: ignore ID because REASON`, on the line of the
  /// diagnostic or in the comment above it. Several ids are separated by commas or blanks.
  ///
  /// Diagnostics that are always errors stay.
  func withoutIgnored() -> [Diagnostic] {
    filter { diagnostic in
      guard let range = diagnostic.range, !ConfigurationFile.fixed.contains(diagnostic.id) else { return true }
      return !range.file.ignoredIDs(atLine: range.start.line).contains(diagnostic.id.description)
    }
  }
}

extension SourceFile {
  /// The ids that comments turn off on a line.
  fileprivate func ignoredIDs(atLine line: Int) -> Set<String> {
    var ids = Self.ignoredIDs(in: text(ofLine: line))
    var above = line - 1
    while above > 0, case let text = text(ofLine: above), text.drop(while: { $0 == " " }).first == "#" {
      ids.formUnion(Self.ignoredIDs(in: text))
      above -= 1
    }
    return ids
  }

  private static func ignoredIDs(in text: String) -> Set<String> {
    guard let start = text.firstRange(of: "# kvmconf: ignore ") else { return [] }
    let words = text[start.upperBound...].split { $0 == " " || $0 == "," }.map(String.init)
    return Set(words.prefix { $0 != "because" })
  }
}
