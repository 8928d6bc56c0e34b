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

  /// A warning for each comment of a file that is not written as one that turns diagnostics off, and for each id in the
  /// others that has turned nothing off.
  ///
  /// - Parameter isJudged: whether the whole file has been judged, so that it is known what is turned off.
  func useless(in file: SourceFile, isJudged: Bool) -> [Diagnostic] {
    if file.isCompiledPlan { return [] }
    return file.linesWithOwnComments.flatMap { line -> [Diagnostic] in
      let ids = file.ignoredIDs(inLine: line)
      if ids.isEmpty { return file.misspeltComment(inLine: line).map { [$0] } ?? [] }
      return ids.filter { isJudged && !used.contains(Use(file: file, line: line, id: $0.value)) }.map {
        .warning("unused-ignore", "no diagnostic '\($0.value)' is reported here", at: $0.range)
      }
    }
  }
}

extension SourceFile {
  private static let marker = "# kvmconf: ignore "
  /// The name with which a comment for this program begins.
  private static let name = "kvmconf"

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
    guard text.utf8.contains(UInt8(ascii: "#")), let start = text.firstRange(of: Self.marker) else { return [] }
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

  /// A warning about the comment of a line that is meant to turn something off, and is not written so; nil for another.
  fileprivate func misspeltComment(inLine line: Int) -> Diagnostic? {
    let text = text(ofLine: line)
    guard let name = text.firstRange(of: Self.name), let start = text[..<name.lowerBound].lastIndex(of: "#") else {
      return nil
    }
    let rest = text[name.upperBound...]
    let word = rest.drop { $0 == ":" || $0 == " " }.prefix { $0.isLetter }.lowercased()
    // Without a colon it may be a sentence about this program.
    guard rest.hasPrefix(":") ? !word.isEmpty : ["ignore", "disable"].contains(word) else { return nil }
    let columns = [start, text.endIndex].map { text.unicodeScalars.distance(from: text.startIndex, to: $0) + 1 }
    return .warning(
      "unused-ignore", "this comment turns nothing off; write '\(Self.marker)ID because REASON'",
      at: SourceRange(
        file: self, start: Position(line: line, column: columns[0]), end: Position(line: line, column: columns[1])))
  }

  /// The lines with a comment that begins with the name of this program.
  fileprivate var linesWithOwnComments: [Int] {
    let name = Array(Self.name.utf8)
    var lines: [Int] = []
    for i in bytes.indices where bytes[i] == UInt8(ascii: "#") {
      guard bytes[(i + 1)...].drop(while: { $0 == UInt8(ascii: " ") }).starts(with: name) else { continue }
      let line = position(ofByte: i).line
      if lines.last != line { lines.append(line) }
    }
    return lines
  }
}
