import Diagnostics

/// The entries of a block mapping, found from the starts of lines only. With an outline, only the needed parts of a
/// large file are parsed.
///
/// It works for plain files. Entries begin with an unquoted key at one indentation, and everything that belongs to them
/// is on lines indented deeper. If a line shows anything else, there is no outline. One case cannot be seen from the
/// starts of lines: quoted text that continues over several lines, at the indentation of the keys or left of it, and
/// looks like a key. Parse a file that may contain such text as a whole.
package struct Outline: Sendable {
  /// One entry: from the line of its key up to the line of the next key, without the comments before that.
  package struct Part: Sendable {
    package var key: String
    /// Whole lines, as byte offsets into the file.
    package var bytes: Range<Int>
    /// The line of the key, from 1.
    package var firstLine: Int
    /// The number of spaces before the key.
    package var indent: Int
    /// The number of its lines.
    package var lineCount: Int
    /// Whether there is nothing but a comment after the key's colon, on its line.
    package var isOpen: Bool
  }

  /// One item of a block sequence: from the line of its dash up to the line of the next dash.
  package struct Item: Sendable {
    /// Whole lines, as byte offsets into the file.
    package var bytes: Range<Int>
    /// The line of the dash, from 1.
    package var firstLine: Int
    /// The number of spaces before the dash.
    package var indent: Int
    /// The number of its lines.
    package var lineCount: Int
  }

  package let file: SourceFile
  package let entries: [Part]

  /// The outline of a file that is one block mapping, or nil if it cannot be split reliably.
  package init?(of file: SourceFile) {
    self.init(of: file, lines: 0..<file.bytes.count, firstLine: 1, indent: 0)
  }

  /// The outline of an entry's value; nil if the value is not a mapping or cannot be split reliably.
  package func outline(of part: Part) -> Outline? {
    guard part.isOpen else { return nil }
    return Outline(of: file, lines: linesBelow(part), firstLine: part.firstLine + 1, indent: part.indent + 2)
  }

  /// The items of an entry's value; nil if the value is not a sequence or cannot be split reliably.
  package func items(of part: Part) -> [Item]? {
    guard part.isOpen else { return nil }
    return OutlineScanner.items(
      of: file.bytes, lines: linesBelow(part), firstLine: part.firstLine + 1, indent: part.indent + 2)
  }

  /// The outline of an item; nil if the item is not a mapping or cannot be split reliably.
  package func outline(of item: Item) -> Outline? {
    Outline(
      of: file, lines: item.bytes, firstLine: item.firstLine, indent: item.indent + 2,
      dash: item.bytes.lowerBound + item.indent)
  }

  private func linesBelow(_ part: Part) -> Range<Int> {
    var start = part.bytes.lowerBound
    while start < part.bytes.upperBound, file.bytes[start] != 0x0A { start += 1 }
    return min(start + 1, part.bytes.upperBound)..<part.bytes.upperBound
  }

  private init?(of file: SourceFile, lines: Range<Int>, firstLine: Int, indent: Int, dash: Int? = nil) {
    guard
      let entries = OutlineScanner.parts(
        of: file.bytes, lines: lines, firstLine: firstLine, indent: indent, dash: dash)
    else { return nil }
    self.file = file
    self.entries = entries
  }

  /// The part with this key.
  package subscript(key: String) -> Part? { entries.first { $0.key == key } }
}

// MARK: - Parsing

extension Outline {
  /// Parses one part. The entry, its places and the diagnostics are those that a parse of the whole file gives.
  package func parse(_ part: Part, limits: Limits = .manifest) -> (entry: Entry?, diagnostics: [Diagnostic]) {
    if let entry = simpleEntry(part) { return (entry, []) }
    let tree = SourceTree(parsing: file, in: part.bytes, firstLine: part.firstLine, limits: limits)
    let root = tree.documents.first
    // The first entry of an item is parsed with the dash before it.
    let entries = root?.entries ?? root?.items?.first?.entries ?? []
    if tree.diagnostics.isEmpty, tree.documents.count == 1, entries.count == 1 { return (entries[0], []) }
    // Something is wrong, or less plain than it looked (an alias whose anchor is elsewhere): parse the whole file.
    let whole = SourceTree(parsing: file, limits: limits)
    let start = part.keyStart
    if let entry = whole.documents.lazy.compactMap({ $0.entry(at: start) }).first {
      return (entry, whole.diagnostics.filter { part.contains($0.range?.start.line) })
    }
    let own = whole.diagnostics.filter { part.contains($0.range?.start.line) }
    return (entries.first, own.isEmpty ? tree.diagnostics : own)
  }

  /// Parses one item. The node, its places and the diagnostics are those that a parse of the whole file gives.
  package func parse(_ item: Item, limits: Limits = .manifest) -> (node: Node?, diagnostics: [Diagnostic]) {
    let tree = SourceTree(parsing: file, in: item.bytes, firstLine: item.firstLine, limits: limits)
    let items = tree.documents.first?.items ?? []
    if tree.diagnostics.isEmpty, tree.documents.count == 1, items.count == 1 { return (items[0], []) }
    let whole = SourceTree(parsing: file, limits: limits)
    let lines = item.firstLine..<item.firstLine + item.lineCount
    let own = whole.diagnostics.filter { $0.range.map { lines.contains($0.start.line) } ?? false }
    let node = whole.documents.lazy.compactMap { $0.item(in: lines) }.first
    return (node ?? items.first, own.isEmpty && node == nil ? tree.diagnostics : own)
  }

  /// The key of a part, with its place.
  package func key(of part: Part) -> Located {
    let end = Position(line: part.firstLine, column: part.indent + 1 + part.key.utf8.count)
    return Located(part.key, at: SourceRange(file: file, start: part.keyStart, end: end))
  }
}

extension Outline.Part {
  fileprivate var keyStart: Position { Position(line: firstLine, column: indent + 1) }

  /// Whether a line belongs to this part.
  fileprivate func contains(_ line: Int?) -> Bool {
    guard let line else { return false }
    return firstLine..<firstLine + lineCount ~= line
  }
}

extension Node {
  /// The outermost sequence item that begins on one of these lines.
  fileprivate func item(in lines: Range<Int>) -> Node? {
    for item in items ?? [] {
      if lines.contains(item.range.start.line) { return item }
      if let inner = item.item(in: lines) { return inner }
    }
    for entry in entries ?? [] {
      if let inner = entry.value.item(in: lines) { return inner }
    }
    return nil
  }

  /// The entry whose key begins here, in this mapping or in a mapping that is one of its values, at any depth.
  fileprivate func entry(at start: Position) -> Entry? {
    for entry in entries ?? [] {
      if entry.key.range.start == start { return entry }
      if entry.value.range.start <= start, start <= entry.value.range.end, let inner = entry.value.entry(at: start) {
        return inner
      }
    }
    return nil
  }
}
