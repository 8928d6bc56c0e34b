import Diagnostics

/// Splits valid YAML text into tokens.
///
/// libyaml gives the places of the scalars. Between them there can only be white space, comments and YAML's indicators,
/// so nothing has to be guessed.
struct Tokenizer {
  private let file: SourceFile
  private let bytes: [UInt8]
  private let leaves: [Leaf]
  private var nextLeaf = 0
  private var offset: Int
  private var line = 1
  private var lineStart: Int
  /// A place of this line, and its column in characters, from 0.
  private var counted: (offset: Int, column: Int)
  private(set) var tokens: [Token] = []

  /// A scalar or an alias.
  private struct Leaf {
    var kind: Token.Kind
    var start: Int
    var end: Int
    var hasAnchor: Bool
    /// The text of a block scalar.
    var text = ""
  }

  init(_ file: SourceFile, _ events: [Event]) {
    self.file = file
    bytes = file.bytes
    offset = LineBreak.byteOrderMarkLength(of: bytes)
    lineStart = offset
    counted = (offset, 0)
    leaves = events.compactMap { Self.leaf($0, file) }
  }

  private static func leaf(_ event: Event, _ file: SourceFile) -> Leaf? {
    let (start, end) = (file.offset(of: event.start), file.offset(of: event.end))
    switch event.kind {
    case .alias: return Leaf(kind: .alias, start: start, end: end, hasAnchor: false)
    case .scalar(let style):
      if start == end { return nil }
      return Leaf(
        kind: style == .block ? .blockHeader : .scalar, start: start, end: end, hasAnchor: event.anchor != nil,
        text: style == .block ? event.text : "")
    default: return nil
    }
  }

  /// All tokens, or nil if there is anything else between them.
  static func tokens(of file: SourceFile, _ events: [Event]) -> [Token]? {
    var tokenizer = Tokenizer(file, events)
    while tokenizer.offset < tokenizer.bytes.count {
      if !tokenizer.step() { return nil }
    }
    return tokenizer.tokens
  }

  private var byte: UInt8 { bytes[offset] }

  /// Whether there is white space or the end of the text this many bytes ahead.
  private func isBlank(ahead count: Int) -> Bool {
    let place = offset + count
    return place >= bytes.count || bytes[place] == 0x20 || bytes[place] == 0x09
      || LineBreak.length(at: place, in: bytes) > 0
  }

  private mutating func step() -> Bool {
    let lineBreak = LineBreak.length(at: offset, in: bytes)
    if lineBreak > 0 {
      offset += lineBreak
      line += 1
      lineStart = offset
      return true
    }
    if byte == 0x20 || byte == 0x09 {
      offset += 1
      return true
    }
    if byte == UInt8(ascii: "#") { return take(.comment, upTo: endOfLine) }
    if nextLeaf < leaves.count, offset >= leaves[nextLeaf].start, byte != UInt8(ascii: "&") {
      let leaf = leaves[nextLeaf]
      nextLeaf += 1
      // An anchor may have no value after it.
      if offset < leaf.end { return take(leaf) }
    }
    return indicator()
  }

  private mutating func indicator() -> Bool {
    if offset == lineStart {
      for (text, kind) in [("---", Token.Kind.documentStart), ("...", .documentEnd)] {
        if bytes[offset...].starts(with: text.utf8), isBlank(ahead: 3) { return take(kind, upTo: offset + 3) }
      }
      if byte == UInt8(ascii: "%") { return take(.directive, upTo: endOfLine) }
    }
    switch byte {
    case UInt8(ascii: "-"): return take(.dash, upTo: offset + 1)
    case UInt8(ascii: "?"): return take(.question, upTo: offset + 1)
    case UInt8(ascii: ":"): return take(.colon, upTo: offset + 1)
    case UInt8(ascii: ","): return take(.comma, upTo: offset + 1)
    case UInt8(ascii: "["), UInt8(ascii: "{"): return take(.open, upTo: offset + 1)
    case UInt8(ascii: "]"), UInt8(ascii: "}"): return take(.close, upTo: offset + 1)
    case UInt8(ascii: "&"):
      var end = offset + 1
      while end < bytes.count, !" \t\r\n,[]{}".utf8.contains(bytes[end]) { end += 1 }
      return take(.anchor, upTo: end)
    default: return false
    }
  }

  /// The end of the text of the line, without white space.
  private var endOfLine: Int {
    var end = offset
    while end < bytes.count, LineBreak.length(at: end, in: bytes) == 0 { end += 1 }
    while end > offset, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return end
  }

  private mutating func take(_ leaf: Leaf) -> Bool {
    guard leaf.kind == .blockHeader else { return take(leaf.kind, upTo: leaf.end) }
    var end = offset + 1
    while end < leaf.end, "+-0123456789".utf8.contains(bytes[end]) { end += 1 }
    let keepsEnd = bytes[offset..<end].contains(UInt8(ascii: "+"))
    _ = take(.blockHeader, upTo: end)
    // A header can be the last thing in a text, without a line break.
    while offset < bytes.count, byte == 0x20 || byte == 0x09 { offset += 1 }
    if offset == bytes.count { return true }
    if byte == UInt8(ascii: "#") { _ = take(.comment, upTo: endOfLine) }
    while offset < leaf.end, LineBreak.length(at: offset, in: bytes) == 0 { offset += 1 }
    if offset < leaf.end { _ = step() }
    if offset >= leaf.end { return true }
    _ = take(.blockBody, upTo: leaf.end)
    tokens[tokens.count - 1].keepsEnd = keepsEnd
    tokens[tokens.count - 1].textColumn = textColumn(of: tokens[tokens.count - 1].range, leaf.text)
    return true
  }

  /// The column in which the text of a block scalar begins, found from its first line with text.
  private func textColumn(of range: Range<Int>, _ text: String) -> Int {
    func leading(_ line: Substring.UTF8View) -> Int { line.prefix { $0 == 0x20 }.count }
    let raw = String(decoding: bytes[range], as: UTF8.self)
    guard
      let first = raw.utf8.split(separator: 0x0A).first(where: { line in line.contains { $0 != 0x20 && $0 != 0x0D } }),
      let value = text.utf8.split(separator: 0x0A).first(where: { line in line.contains { $0 != 0x20 } })
    else { return 0 }
    return leading(first) - leading(value)
  }

  private mutating func take(_ kind: Token.Kind, upTo end: Int) -> Bool {
    var token = Token(kind: kind, range: offset..<end, line: line, endLine: line, column: column())
    while offset < end {
      let lineBreak = LineBreak.length(at: offset, in: bytes)
      offset += max(lineBreak, 1)
      if lineBreak > 0 {
        line += 1
        lineStart = offset
      }
    }
    token.endLine = line
    tokens.append(token)
    return true
  }

  /// The current column in characters, from 0. Counts from the last place that was asked for: lines can be long.
  private mutating func column() -> Int {
    if counted.offset < lineStart { counted = (lineStart, 0) }
    counted.column += bytes[counted.offset..<offset].count { !$0.isContinuation }
    counted.offset = offset
    return counted.column
  }
}

extension SourceFile {
  /// The byte offset of a place that libyaml reports.
  func offset(of mark: Mark) -> Int { byteOffset(of: Position(line: mark.line + 1, column: mark.column + 1)) }
}
