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
  /// The outlines of the mappings under top-level keys; nil inside where there is none.
  private var outlines: [String: Outline?] = [:]
  private var tops: [String: Entry?] = [:]
  private var entries: [String: [String: Entry?]] = [:]
  private lazy var whole: [Entry] = {
    let tree = SourceTree(parsing: file)
    report(tree.diagnostics)
    return tree.documents.first?.entries ?? []
  }()

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
  package var topKeys: [Located<String>] { outline.map { o in o.entries.map(o.key) } ?? whole.map(\.key) }

  /// The value of a key of the file.
  package func top(_ key: String) -> Node? {
    guard let outline else { return whole.first { $0.key.value == key }?.value }
    if let found = tops[key] { return found?.value }
    let entry = outline[key].flatMap { parse($0, of: outline) }
    tops[key] = .some(entry)
    return entry?.value
  }

  /// The keys of the mapping under a key of the file.
  package func keys(under top: String) -> [Located<String>] {
    if let outline = outline(under: top) { return outline.entries.map(outline.key) }
    return self.top(top)?.entries?.map(\.key) ?? []
  }

  /// One entry of the mapping under a key of the file.
  package func entry(_ top: String, _ key: String) -> Entry? {
    guard let outline = outline(under: top) else { return self.top(top)?.entries?.first { $0.key.value == key } }
    if let found = entries[top]?[key] { return found }
    let entry = outline[key].flatMap { parse($0, of: outline) }
    entries[top, default: [:]][key] = .some(entry)
    return entry
  }

  private func outline(under top: String) -> Outline? {
    if let found = outlines[top] { return found }
    let inner = outline.flatMap { outline in outline[top].flatMap(outline.outline(of:)) }
    outlines[top] = .some(inner)
    return inner
  }

  private func parse(_ part: Outline.Part, of outline: Outline) -> Entry? {
    let (entry, diagnostics) = outline.parse(part)
    report(diagnostics)
    return entry
  }

  private func report(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { faults?.report(diagnostic) }
  }
}
