import Synchronization

/// A text that diagnostics refer to: a manifest, a schema, or standard input.
package final class SourceFile: Sendable {
  /// The name that reports print: a path as the user wrote it, or `<stdin>`.
  package let path: String
  /// The text, in UTF-8.
  package let bytes: [UInt8]
  /// The folder of the file, where the files that the text names are looked for; nil if the text is not from a file.
  package let folder: String?
  /// The identity of the file in the system; nil if the text is not from a file.
  package let identity: FileIdentity?

  /// Whether the text is part of the program, and `path` is not a file on disk.
  package let isBuiltIn: Bool

  private let lineTable = Mutex<LineTable?>(nil)

  package init(
    path: String, bytes: [UInt8], folder: String? = nil, identity: FileIdentity? = nil, isBuiltIn: Bool = false
  ) {
    self.path = path
    self.bytes = bytes
    self.folder = folder
    self.identity = identity
    self.isBuiltIn = isBuiltIn
  }
}

/// The identity of a file in the system, independent of the path to it.
package struct FileIdentity: Hashable, Sendable {
  package var device: UInt64
  package var number: UInt64

  package init(device: UInt64, number: UInt64) {
    self.device = device
    self.number = number
  }
}

extension SourceFile: Hashable {
  package static func == (a: SourceFile, b: SourceFile) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension SourceFile {
  /// The text of a line, without its line break.
  ///
  /// - Parameter line: the number of the line, from 1.
  package func text(ofLine line: Int) -> String {
    bytes(ofLine: line).map { String(decoding: bytes[$0], as: UTF8.self) } ?? ""
  }

  /// The bytes of a line, without its line break; nil if there is no such line.
  ///
  /// - Parameter line: the number of the line, from 1.
  package func bytes(ofLine line: Int) -> Range<Int>? {
    let starts = lines.starts
    guard line >= 1, line <= starts.count else { return nil }
    var end = line < starts.count ? starts[line] : bytes.count
    if line < starts.count { end -= LineBreak.length(endingAt: end, in: bytes) }
    return starts[line - 1]..<end
  }

  /// The byte offset of a place.
  package func byteOffset(of position: Position) -> Int {
    let lines = self.lines
    guard position.line >= 1, position.line <= lines.starts.count else { return bytes.count }
    let start = lines.starts[position.line - 1]
    if lines.isASCII { return min(start + max(position.column - 1, 0), bytes.count) }
    return lines.offset(ofCharacter: lines.character(at: start, in: bytes) + max(position.column - 1, 0), in: bytes)
  }

  /// The place of a byte; for a byte inside a character, the place of that character.
  package func position(ofByte offset: Int) -> Position {
    let lines = self.lines
    var (low, high) = (0, lines.starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lines.starts[middle] <= offset { low = middle } else { high = middle }
    }
    let start = lines.starts[low]
    let end = min(max(offset, start), bytes.count)
    if lines.isASCII { return Position(line: low + 1, column: end - start + 1) }
    let column = lines.character(at: end, in: bytes) - lines.character(at: start, in: bytes) + 1
    return Position(line: low + 1, column: column)
  }

  /// The one character that the byte belongs to, as a range.
  package func character(atByte offset: Int) -> SourceRange {
    let start = position(ofByte: offset)
    return SourceRange(file: self, start: start, end: Position(line: start.line, column: start.column + 1))
  }

  private var lines: LineTable {
    lineTable.withLock { cached in
      if let cached { return cached }
      let computed = LineTable(bytes)
      cached = computed
      return computed
    }
  }
}

/// The starts of the lines of a text.
private struct LineTable: Sendable {
  /// The offset of the first byte of every line. A byte order mark at the start of a text is not part of any line.
  var starts: [Int]
  /// Whether every character is one byte.
  var isASCII = true
  /// The number of characters that begin before every `stride` bytes of the text, so that a place in a long line is
  /// found without a walk along the line. Empty if every character is one byte.
  private var charactersBefore: [Int] = []
  private static let stride = 256

  init(_ bytes: [UInt8]) {
    var i = LineBreak.byteOrderMarkLength(of: bytes)
    starts = [i]
    while i < bytes.count {
      let byte = bytes[i]
      if byte > 0x0D, byte < 0x80 {
        i += 1
        continue
      }
      if byte >= 0x80 { isASCII = false }
      let length = LineBreak.length(at: i, in: bytes)
      i += max(length, 1)
      if length > 0 { starts.append(i) }
    }
    if isASCII { return }
    var count = 0
    for start in Swift.stride(from: 0, to: bytes.count, by: Self.stride) {
      charactersBefore.append(count)
      count += bytes[start..<min(start + Self.stride, bytes.count)].count { !$0.isInsideCharacter }
    }
  }

  /// The index of the character that a byte belongs to.
  func character(at offset: Int, in bytes: [UInt8]) -> Int {
    let block = min(offset / Self.stride, charactersBefore.count - 1)
    let end = min(offset + 1, bytes.count)
    let count = charactersBefore[block] + bytes[block * Self.stride..<end].count { !$0.isInsideCharacter }
    return end > offset ? count - 1 : count
  }

  /// The offset of the first byte of a character; that of the end of the text if there are not so many.
  func offset(ofCharacter index: Int, in bytes: [UInt8]) -> Int {
    var (low, high) = (0, charactersBefore.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if charactersBefore[middle] <= index { low = middle } else { high = middle }
    }
    var left = index - charactersBefore[low]
    for i in low * Self.stride..<bytes.count where !bytes[i].isInsideCharacter {
      if left == 0 { return i }
      left -= 1
    }
    return bytes.count
  }
}

extension UInt8 {
  /// Whether this is a byte of a UTF-8 character after its first.
  fileprivate var isInsideCharacter: Bool { self & 0xC0 == 0x80 }
}

/// The line breaks of YAML 1.1: LF, CR, CR LF, NEL, LS and PS.
package enum LineBreak {
  /// 3 if the text begins with UTF-8's byte order mark, else 0.
  package static func byteOrderMarkLength(of bytes: [UInt8]) -> Int {
    bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
  }

  /// The length of the line break that starts at `i`, or 0.
  package static func length(at i: Int, in bytes: [UInt8]) -> Int {
    switch bytes[i] {
    case 0x0A: 1
    case 0x0D: i + 1 < bytes.count && bytes[i + 1] == 0x0A ? 2 : 1
    case 0xC2: i + 1 < bytes.count && bytes[i + 1] == 0x85 ? 2 : 0
    case 0xE2:
      i + 2 < bytes.count && bytes[i + 1] == 0x80 && (bytes[i + 2] == 0xA8 || bytes[i + 2] == 0xA9) ? 3 : 0
    default: 0
    }
  }

  /// The length of the line break that ends before `end`, or 0.
  package static func length(endingAt end: Int, in bytes: [UInt8]) -> Int {
    for length in [3, 2, 1] where end >= length && self.length(at: end - length, in: bytes) == length { return length }
    return 0
  }
}

/// A place in a text: line and column, both counted from 1, the column in characters (Unicode scalars).
package struct Position: Hashable, Comparable, Sendable {
  // Trees hold many of these: 32 bits each are enough for every text that is read.
  @usableFromInline package var storedLine: UInt32
  @usableFromInline package var storedColumn: UInt32

  @inlinable package init(line: Int, column: Int) {
    storedLine = UInt32(clamping: line)
    storedColumn = UInt32(clamping: column)
  }

  @inlinable package var line: Int {
    get { Int(storedLine) }
    set { storedLine = UInt32(clamping: newValue) }
  }

  @inlinable package var column: Int {
    get { Int(storedColumn) }
    set { storedColumn = UInt32(clamping: newValue) }
  }

  /// The first character of a text.
  package static let start = Position(line: 1, column: 1)

  @inlinable package static func < (a: Position, b: Position) -> Bool {
    a.storedLine != b.storedLine ? a.storedLine < b.storedLine : a.storedColumn < b.storedColumn
  }
}

extension Position: CustomStringConvertible {
  /// `line:column`.
  package var description: String { "\(line):\(column)" }
}

/// A piece of a text, from its first character to just after its last.
package struct SourceRange: Hashable, Sendable {
  package var file: SourceFile
  package var start: Position
  package var end: Position

  @inlinable package init(file: SourceFile, start: Position, end: Position) {
    self.file = file
    self.start = start
    self.end = end
  }

  /// The place of what is in no text.
  package static let nowhere = SourceRange(file: SourceFile(path: "", bytes: []), start: .start, end: .start)

  /// The range as byte offsets into the file.
  package var bytes: Range<Int> {
    let lower = file.byteOffset(of: start)
    return lower..<max(lower, file.byteOffset(of: end))
  }

  /// The text in the range.
  package var text: String { String(decoding: file.bytes[bytes], as: UTF8.self) }

  /// The part of this range that starts after `offset` characters and is `length` characters long; for ranges of one
  /// line.
  package func subrange(offset: Int, length: Int) -> SourceRange {
    let from = Position(line: start.line, column: start.column + offset)
    return SourceRange(file: file, start: from, end: Position(line: from.line, column: from.column + length))
  }
}

extension SourceRange: CustomStringConvertible {
  /// `path:line:column`, of the start.
  package var description: String { "\(file.path):\(start)" }
}

/// A word, and its place in a text.
///
/// It is not generic, because the runtime copies and destroys generic members of arrays much more slowly.
package struct Located: Hashable, Sendable {
  package var value: String
  package var range: SourceRange

  @inlinable package init(_ value: String, at range: SourceRange) {
    self.value = value
    self.range = range
  }
}
