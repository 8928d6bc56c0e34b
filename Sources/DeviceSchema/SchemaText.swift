import Diagnostics
import SourceTree

/// The text of a schema file, parsed piece by piece.
///
/// Start-up has a few milliseconds, and a run needs a small part of a catalogue: keys are found by their indentation,
/// and only what is asked for is parsed. A file that has no outline is parsed as a whole.
package final class SchemaText {
  package let file: SourceFile
  private let faults: SchemaFaults?
  private let outline: Outline?
  /// What was parsed, by the offset of its first line.
  private var parsed: [Int: Entry?] = [:]
  /// The entries of the file, and of the mappings under its keys.
  private lazy var entries: [SchemaEntry] = {
    if let outline {
      return outline.entries.map { SchemaEntry(key: outline.key(of: $0), value: SchemaNode($0, of: outline, in: self)) }
    }
    let tree = SourceTree(parsing: file)
    report(tree.diagnostics)
    let entries = tree.documents.first?.entries ?? []
    return entries.map { SchemaEntry(key: $0.key, value: SchemaNode($0.value)) }
  }()
  private var inner: [String: [SchemaEntry]] = [:]

  /// - Parameter isPlain: whether the file is known to be in the style that an outline shows truly.
  init(file: SourceFile, isPlain: Bool, faults: SchemaFaults? = nil) {
    self.file = file
    self.faults = faults
    outline = isPlain ? Outline(of: file) : nil
  }

  package var start: SourceRange {
    SourceRange(file: file, start: Position(line: 1, column: 1), end: Position(line: 1, column: 1))
  }

  /// The keys of the file.
  package var topKeys: [Located<String>] { entries.map(\.key) }

  /// The value of a key of the file.
  package func top(_ key: String) -> Node? { entries.first { $0.key.value == key }?.value.node }

  /// The keys of the mapping under a key of the file.
  package func keys(under top: String) -> [Located<String>] { entries(under: top).map(\.key) }

  /// One entry of the mapping under a key of the file.
  package func entry(_ top: String, _ key: String) -> Entry? {
    part(top, key).map { Entry(key: $0.key, value: $0.value.node) }
  }

  /// One entry of the mapping under a key of the file, not parsed yet.
  func part(_ top: String, _ key: String) -> SchemaEntry? { entries(under: top).first { $0.key.value == key } }

  private func entries(under top: String) -> [SchemaEntry] {
    if let found = inner[top] { return found }
    let found = entries.first { $0.key.value == top }?.value.entries ?? []
    inner[top] = found
    return found
  }

  /// Parses a part once.
  func parse(_ part: Outline.Part, of outline: Outline) -> Entry? {
    if let found = parsed[part.bytes.lowerBound] { return found }
    let (entry, diagnostics) = outline.parse(part)
    report(diagnostics)
    parsed[part.bytes.lowerBound] = .some(entry)
    return entry
  }

  private func report(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { faults?.report(diagnostic) }
  }
}
