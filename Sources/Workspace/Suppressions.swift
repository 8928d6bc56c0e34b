import Diagnostics

/// The comments that turn diagnostics off: `# kvmconf: ignore ID because REASON`, on the line of the diagnostic or in the
/// comment above it. Several ids are separated by commas or blanks.
///
/// Diagnostics that are always errors stay.
struct IgnoreComments {
  /// The ids that have turned a diagnostic off, with the line of their comment.
  private var used: Set<Use> = []

  private struct Use: Hashable {
    var file: SourceFile
    var line: Int
    var id: String
  }

  mutating func isIgnored(_ diagnostic: Diagnostic) -> Bool {
    guard let range = diagnostic.range, !ConfigurationFile.fixed.contains(diagnostic.id) else { return false }
    let id = diagnostic.id.description
    guard let line = range.file.lineOfComment(thatIgnores: id, atLine: range.start.line) else { return false }
    used.insert(Use(file: range.file, line: line, id: id))
    return true
  }

  /// A warning for each id in a file's comments that has turned nothing off.
  func unused(in file: SourceFile) -> [Diagnostic] {
    if file.isCompiledPlan { return [] }
    return file.linesWithIgnoreComments.flatMap { line in
      file.ignoredIDs(inLine: line).filter { !used.contains(Use(file: file, line: line, id: $0.value)) }.map {
        .warning("unused-ignore", "no diagnostic '\($0.value)' is reported here", at: $0.range)
      }
    }
  }
}

extension SourceFile {
  private static let marker = "# kvmconf: ignore "

  /// The line of the comment that turns an id off on a line; nil if there is none.
  fileprivate func lineOfComment(thatIgnores id: String, atLine line: Int) -> Int? {
    func ignores(_ line: Int) -> Bool { ignoredIDs(inLine: line).contains { $0.value == id } }
    if ignores(line) { return line }
    var above = line - 1
    while above > 0, text(ofLine: above).drop(while: { $0 == " " }).first == "#" {
      if ignores(above) { return above }
      above -= 1
    }
    return nil
  }

  /// The ids in the comment of a line, with their places.
  fileprivate func ignoredIDs(inLine line: Int) -> [Located] {
    let text = text(ofLine: line)
    guard let start = text.firstRange(of: Self.marker) else { return [] }
    var ids: [Located] = []
    for word in text[start.upperBound...].split(whereSeparator: { $0 == " " || $0 == "," }) {
      if word == "because" { break }
      let column = text.unicodeScalars.distance(from: text.startIndex, to: word.startIndex) + 1
      let end = Position(line: line, column: column + word.unicodeScalars.count)
      ids.append(
        Located(String(word), at: SourceRange(file: self, start: Position(line: line, column: column), end: end)))
    }
    return ids
  }

  fileprivate var linesWithIgnoreComments: [Int] {
    let marker = Array(Self.marker.utf8)
    var lines: [Int] = []
    for i in bytes.indices where bytes[i] == marker[0] && bytes[i...].starts(with: marker) {
      let line = position(ofByte: i).line
      if lines.last != line { lines.append(line) }
    }
    return lines
  }
}
