import Diagnostics
import Glibc
import Vocabulary

/// Splits lines into the entries of a block mapping or the items of a block sequence; see `Outline`.
enum OutlineScanner {
  /// The entries, or nil if a line shows that they cannot be split reliably.
  ///
  /// - Parameter dash: the offset of a dash that counts as a space: the dash of the item that is the mapping.
  static func parts(
    of bytes: [UInt8], lines: Range<Int>, firstLine: Int, indent: Int, dash: Int?
  ) -> [Outline.Part]? {
    var parts: [Outline.Part] = []
    /// The keys of the parts, once there are too many for a linear search.
    var keys: Set<String> = []
    let isSplit = split(bytes, lines, firstLine, indent, dash) { line, piece in
      guard let (key, isOpen) = line.key else { return false }
      if parts.count < 16 {
        if parts.contains(where: { $0.key == key }) { return false }
      } else {
        if parts.count == 16 { keys = Set(parts.map(\.key)) }
        if !keys.insert(key).inserted { return false }
      }
      parts.append(
        Outline.Part(
          key: key, bytes: piece.bytes, firstLine: piece.firstLine, indent: indent, lineCount: piece.lineCount,
          isOpen: isOpen))
      return true
    } end: { piece in
      parts[parts.count - 1].bytes = piece.bytes
      parts[parts.count - 1].lineCount = piece.lineCount
    }
    return isSplit && !parts.isEmpty ? parts : nil
  }

  /// The items, or nil if a line shows that they cannot be split reliably.
  static func items(of bytes: [UInt8], lines: Range<Int>, firstLine: Int, indent: Int) -> [Outline.Item]? {
    var items: [Outline.Item] = []
    let isSplit = split(bytes, lines, firstLine, indent, nil) { line, _ in
      line.isItem
    } end: { piece in
      items.append(
        Outline.Item(bytes: piece.bytes, firstLine: piece.firstLine, indent: indent, lineCount: piece.lineCount))
    }
    return isSplit && !items.isEmpty ? items : nil
  }

  /// Lines that belong together.
  private struct Piece {
    var bytes: Range<Int>
    var firstLine: Int
    var lineCount = 0
  }

  /// Calls `begin` for each line at the indentation and `end` for each piece. `begin` returns whether a piece can begin
  /// with the line. Returns false if the lines cannot be split reliably.
  @inline(__always)
  private static func split(
    _ bytes: [UInt8], _ lines: Range<Int>, _ firstLine: Int, _ indent: Int, _ dash: Int?,
    begin: (Line, Piece) -> Bool, end: (Piece) -> Void
  ) -> Bool {
    // Pieces of a file were checked with the whole file.
    if lines.count == bytes.count, hasOtherLineBreaks(bytes, in: lines) { return false }
    var line = Line(bytes, start: lines.lowerBound, end: lines.upperBound, dash: dash)
    var number = firstLine
    /// The last line with text before this line.
    var lastText = lines.lowerBound..<lines.lowerBound
    var piece: Piece?
    /// Where comments begin that belong to the piece only if more of it follows.
    var comments: (start: Int, number: Int)?
    func finish(_ piece: Piece) {
      let (stop, behind) = comments ?? (line.start, number)
      end(Piece(bytes: piece.bytes.lowerBound..<stop, firstLine: piece.firstLine, lineCount: behind - piece.firstLine))
    }
    while line.start < lines.upperBound {
      if line.isText {
        if line.indent < indent || line.indent == indent && line.continues(lastText) {
          return false
        }
        if line.indent == indent {
          if let piece { finish(piece) }
          let next = Piece(bytes: line.start..<lines.upperBound, firstLine: number)
          guard begin(line, next) else { return false }
          piece = next
        } else if piece == nil || line.hasTab {
          return false
        }
        comments = nil
        lastText = line.start..<line.end
      } else if comments == nil, line.isComment, line.indent <= indent {
        comments = (line.start, number)
      }
      line.advance()
      number += 1
    }
    if let piece { finish(piece) }
    return true
  }

  /// Whether there is a line break other than LF: CR, NEL, LS or PS. A byte order mark also counts as one.
  private static func hasOtherLineBreaks(_ bytes: [UInt8], in lines: Range<Int>) -> Bool {
    if lines.lowerBound == 0, LineBreak.byteOrderMarkLength(of: bytes) > 0 { return true }
    // SAFETY: the slice lies within the array.
    let isSuspect = unsafe bytes[lines].withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return false }
      return [0x0D, 0xC2, 0xE2].contains { unsafe memchr(base, $0, buffer.count) != nil }
    }
    if !isSuspect { return false }
    for i in lines where bytes[i] == 0x0D || bytes[i] >= 0xC2 && LineBreak.length(at: i, in: bytes) > 0 { return true }
    return false
  }
}

/// One line, as far as its start shows.
private struct Line {
  private let bytes: [UInt8]
  private let limit: Int
  private let dash: Int
  private(set) var start: Int
  /// The offset of the line break, or of the end of the input.
  private(set) var end = 0
  /// The number of spaces at its start.
  private(set) var indent = 0

  /// - Parameter dash: the offset of a dash that counts as a space.
  init(_ bytes: [UInt8], start: Int, end limit: Int, dash: Int?) {
    self.bytes = bytes
    self.limit = limit
    self.dash = dash ?? -1
    self.start = start
    measure()
  }

  mutating func advance() {
    start = min(end + 1, limit)
    measure()
  }

  private mutating func measure() {
    var i = start
    while i < limit, bytes[i] == UInt8(ascii: " ") || i == dash { i += 1 }
    indent = i - start
    // SAFETY: i..<limit lies within the array, as `limit` is one of its offsets and `i` is no larger.
    end = unsafe bytes.withUnsafeBytes { buffer in
      guard i < limit, let base = buffer.baseAddress, let newline = unsafe memchr(base + i, 0x0A, limit - i) else {
        return limit
      }
      return unsafe UnsafeRawPointer(newline) - base
    }
  }

  private subscript(offset: Int) -> UInt8 { offset < end ? bytes[offset] : 0x0A }

  private var first: UInt8 { self[start + indent] }

  /// Whether there is more than white space and a comment.
  var isText: Bool { first != 0x0A && first != UInt8(ascii: "#") }

  var isComment: Bool { first == UInt8(ascii: "#") }

  /// Whether an item of a sequence begins here, with text on this line.
  var isItem: Bool { first == UInt8(ascii: "-") && self[start + indent + 1] == UInt8(ascii: " ") }

  /// Whether there is a tab where the indentation ends.
  var hasTab: Bool { first == UInt8(ascii: "\t") }

  /// The unquoted key at the start of the line, and whether its value is on the lines below; nil if the line is not
  /// that simple.
  var key: (String, isOpen: Bool)? {
    var i = start + indent
    guard first.isLetterOrDigit || first == UInt8(ascii: "_") else { return nil }
    while self[i].isInKey { i += 1 }
    guard self[i] == UInt8(ascii: ":"), self[i - 1] != UInt8(ascii: " "),
      self[i + 1] == UInt8(ascii: " ") || i + 1 >= end
    else { return nil }
    let key = String(decoding: bytes[start + indent..<i], as: UTF8.self)
    i += 1
    while self[i] == UInt8(ascii: " ") { i += 1 }
    switch self[i] {
    case 0x0A, UInt8(ascii: "#"): return (key, true)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return isClosedQuote(at: i) ? (key, false) : nil
    case UInt8(ascii: "\t"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"): return nil
    default: return (key, false)
    }
  }

  /// Whether the quotes that open here are closed, and every line between that has text is indented deeper than this
  /// one.
  private func isClosedQuote(at open: Int) -> Bool {
    let quote = bytes[open]
    var i = open + 1
    while i < limit {
      switch bytes[i] {
      case quote: return true
      case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""): i += 2
      case 0x0A:
        let next = i + 1
        i = next
        while i < limit, bytes[i] == UInt8(ascii: " ") { i += 1 }
        if i < limit, bytes[i] != 0x0A, i - next <= indent { return false }
      default: i += 1
      }
    }
    return false
  }

  /// Whether the text of the line before may leave a `[` or `{` open that this line continues.
  func continues(_ text: Range<Int>) -> Bool {
    var i = text.upperBound
    while i > text.lowerBound, bytes[i - 1] == UInt8(ascii: " ") { i -= 1 }
    guard i > text.lowerBound else { return false }
    if leavesOpen(i - 1) { return true }
    // Text before a comment counts too.
    // SAFETY: the slice lies within the array.
    let hasComment = unsafe bytes[text].withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return false }
      return unsafe memchr(base, 0x23, buffer.count) != nil
    }
    guard hasComment else { return false }
    for j in text.dropFirst() where bytes[j] == UInt8(ascii: "#") && bytes[j - 1] == UInt8(ascii: " ") {
      var k = j - 1
      while k > text.lowerBound, bytes[k] == UInt8(ascii: " ") { k -= 1 }
      if leavesOpen(k) { return true }
    }
    return false
  }

  private func leavesOpen(_ i: Int) -> Bool {
    switch bytes[i] {
    case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): true
    case UInt8(ascii: "?"): i == 0 || " ,[{".utf8.contains(bytes[i - 1])
    default: false
    }
  }
}

extension UInt8 {
  /// Whether an unquoted key of an outline can have this byte after its first one.
  fileprivate var isInKey: Bool {
    switch self {
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "+"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: " "):
      true
    default: isLetterOrDigit
    }
  }
}
