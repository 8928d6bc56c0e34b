import Diagnostics
import SourceTree

/// The text of a schema file, parsed piece by piece.
///
/// Start-up has a few milliseconds, and a run needs a small part of a catalogue: keys are found by their indentation,
/// and only what is asked for is parsed. A file that is not in plain block style is parsed as a whole.
package final class SchemaText {
  package let file: SourceFile
  private let faults: SchemaFaults?
  private var wholeCache: [Entry]?
  private var topCache: [String: Entry?] = [:]

  init(file: SourceFile, faults: SchemaFaults? = nil) {
    self.file = file
    self.faults = faults
  }

  package var start: SourceRange {
    SourceRange(file: file, start: Position(line: 1, column: 1), end: Position(line: 1, column: 1))
  }

  private var whole: [Entry] {
    if let wholeCache { return wholeCache }
    let tree = SourceTree(parsing: file)
    for diagnostic in tree.diagnostics { faults?.report(diagnostic) }
    let entries = tree.documents.first?.entries ?? []
    wholeCache = entries
    return entries
  }

  /// The keys of the file.
  package var topKeys: [Located<String>] { whole.map(\.key) }

  /// The value of a key of the file.
  package func top(_ key: String) -> Node? { whole.first { $0.key.value == key }?.value }

  /// The keys of the mapping under a key of the file.
  package func keys(under top: String) -> [Located<String>] { self.top(top)?.entries?.map(\.key) ?? [] }

  /// One entry of the mapping under a key of the file.
  package func entry(_ top: String, _ key: String) -> Entry? { self.top(top)?.entries?.first { $0.key.value == key } }
}
