import Diagnostics

/// Formats YAML text in one style, without changing its meaning.
///
/// Lines stay lines and comments stay where they are. There are two blanks per level, one blank after `:`, `-` and `,`,
/// and none within brackets and braces. There are no blanks at the ends of lines and at most one empty line in a row.
/// Line breaks are LF, with one at the end.
package struct Formatter {
  private let file: SourceFile
  private let tokens: [Token]
  private let blocks: [Block]
  /// For each token, the index of the next one that is not a comment.
  private var behindComments: [Int]

  private var lines: [OutputLine] = []
  /// The line that is being written.
  private var current: OutputLine?
  /// The indices of the blocks around the token, outermost first; and the next block to begin.
  private var around: [Int] = []
  private var nextBlock = 0
  private var flows: [Flow] = []

  /// An open bracket or brace.
  private struct Flow {
    /// The column in which lines inside it begin.
    var content: Int
    /// The column in which a line that closes it begins.
    var close: Int
  }

  /// The formatted text; nil if the text is not readable YAML, or if formatting would change its meaning.
  package static func format(_ file: SourceFile) -> String? {
    let before = SourceTree(parsing: file)
    guard before.diagnostics.allSatisfy({ $0.severity != .error }) else { return nil }
    let events = events(of: file)
    guard let tokens = Tokenizer.tokens(of: file, events) else { return nil }
    var formatter = Formatter(file, events, tokens)
    let text = formatter.text()
    return formatter.says(text, before) ? text : nil
  }

  private static func events(of file: SourceFile) -> [Event] {
    let start = LineBreak.byteOrderMarkLength(of: file.bytes)
    return EventReader.read(file.bytes, in: start..<file.bytes.count, scalarLimit: .max) { reader in
      var events: [Event] = []
      while let event = reader.next() {
        if case .streamEnd = event.kind { break }
        events.append(event)
      }
      return events
    }
  }

  private init(_ file: SourceFile, _ events: [Event], _ tokens: [Token]) {
    self.file = file
    self.tokens = tokens
    blocks = [Block](events, in: file, tokens)
    behindComments = Array(repeating: tokens.count, count: tokens.count)
    for i in tokens.indices.dropLast().reversed() {
      behindComments[i] = tokens[i + 1].kind == .comment ? behindComments[i + 1] : i + 1
    }
  }

  /// Whether a text has the same nodes and the same comments as the file.
  private func says(_ text: String, _ before: SourceTree) -> Bool {
    let other = SourceFile(path: file.path, bytes: Array(text.utf8))
    let after = SourceTree(parsing: other)
    func comments(_ file: SourceFile, _ tokens: [Token]) -> [ArraySlice<UInt8>] {
      tokens.filter { $0.kind == .comment }.map { file.bytes[$0.range] }
    }
    guard after.diagnostics.allSatisfy({ $0.severity != .error }), after.documents.count == before.documents.count,
      zip(after.documents, before.documents).allSatisfy({ $0.says($1) })
    else { return false }
    return Tokenizer.tokens(of: other, Self.events(of: other)).map { comments(other, $0) } == comments(file, tokens)
  }

  // MARK: Lines

  private mutating func text() -> String {
    for (i, token) in tokens.enumerated() {
      let previous = i > 0 ? tokens[i - 1] : nil
      advance(to: token)
      if token.kind == .blockBody {
        body(i)
        continue
      }
      let isFirst = previous.map { $0.endLine < token.line || $0.kind == .blockBody } ?? true
      if isFirst {
        endLine()
        if let previous, emptyLines(between: previous, token) > 0 { lines.append(OutputLine(text: "")) }
        current = OutputLine(text: String(repeating: " ", count: indent(of: i)))
      } else if token.kind == .comment {
        let comment = text(of: token)
        current?.comment = comment
        current?.commentColumn = token.column
        continue
      } else if let previous {
        let separator = separator(previous, token)
        current?.append(separator)
      }
      append(i)
    }
    endLine()
    let text = lines.joined()
    return endsInBody ? String(text.dropLast()) : text
  }

  /// Whether the text ends within a block scalar, whose value a line break at the end would change.
  private var endsInBody: Bool {
    guard let last = tokens.last, last.kind == .blockBody, let header = tokens.last(where: { $0.kind == .blockHeader })
    else { return false }
    return LineBreak.length(endingAt: file.bytes.count, in: file.bytes) == 0 && !text(of: header).contains("-")
  }

  private mutating func endLine() {
    if let line = current { lines.append(line) }
    current = nil
  }

  private func text(of token: Token) -> String { String(decoding: file.bytes[token.range], as: UTF8.self) }

  private func emptyLines(between a: Token, _ b: Token) -> Int {
    // A body that keeps its end has already written its empty lines; any other body includes them in its range.
    guard a.kind == .blockBody else { return b.line - a.endLine - 1 }
    return a.keepsEnd ? 0 : trailingLines(of: a) + b.line - a.endLine
  }

  private func separator(_ a: Token, _ b: Token) -> String {
    if a.kind == .open { return "" }
    switch b.kind {
    case .comma, .close: return a.kind == .colon ? " " : ""
    case .colon: return a.kind == .scalar ? "" : " "
    default: return " "
    }
  }

  private mutating func append(_ i: Int) {
    let token = tokens[i]
    var parts = rawLines(token.range)
    let first = parts.removeFirst()
    current?.append(first)
    func leading(_ part: String) -> Int { part.prefix { $0 == " " || $0 == "\t" }.count }
    // The lines of a scalar keep their indentation relative to each other.
    let least = parts.filter { leading($0) < $0.count }.map(leading).min() ?? 0
    for (j, part) in parts.enumerated() {
      let isLast = j == parts.count - 1
      endLine()
      let text = part.drop { $0 == " " || $0 == "\t" }
      let margin = continuation + max(leading(part) - least, 0)
      current = OutputLine(text: text.isEmpty && !isLast ? "" : String(repeating: " ", count: margin) + text)
    }
    switch token.kind {
    case .open: open(i)
    case .close: _ = flows.popLast()
    default: break
    }
  }

  /// The lines of a scalar, without the blanks at their ends.
  private func rawLines(_ range: Range<Int>) -> [String] {
    var lines: [String] = []
    var start = range.lowerBound
    var i = start
    func line(_ end: Int) -> String {
      var end = end
      func isBlank(_ i: Int) -> Bool { file.bytes[i] == 0x20 || file.bytes[i] == 0x09 }
      // A blank after a backslash is text.
      while end > start, isBlank(end - 1), end - 2 < start || file.bytes[end - 2] != UInt8(ascii: "\\") { end -= 1 }
      return String(decoding: file.bytes[start..<end], as: UTF8.self)
    }
    while i < range.upperBound {
      let lineBreak = LineBreak.length(at: i, in: file.bytes)
      if lineBreak > 0 {
        lines.append(line(i))
        start = i + lineBreak
      }
      i += max(lineBreak, 1)
    }
    return lines + [String(decoding: file.bytes[start..<range.upperBound], as: UTF8.self)]
  }
}

// MARK: - Where lines begin

extension Formatter {
  /// The indentation of the innermost block around the token; -2 outside of all blocks.
  private var blockIndent: Int { around.last.map { blocks[$0].indent } ?? -2 }

  /// The column in which the next line of a scalar begins.
  private var continuation: Int { flows.last.map { $0.content } ?? blockIndent + 2 }

  private mutating func advance(to token: Token) {
    if token.kind == .comment { return }
    let offset = token.range.lowerBound
    while nextBlock < blocks.count, blocks[nextBlock].range.lowerBound <= offset {
      around.append(nextBlock)
      nextBlock += 1
    }
    around.removeAll { blocks[$0].range.upperBound <= offset }
  }

  private func indent(of i: Int) -> Int {
    let token = tokens[i]
    if let flow = flows.last { return token.kind == .close ? flow.close : flow.content }
    switch token.kind {
    case .documentStart, .documentEnd, .directive: return 0
    case .comment: return indent(ofComment: i)
    default: break
    }
    let own = around.last { index in
      blocks[index].column == token.column && blocks[index].isSequence == (token.kind == .dash)
    }
    return own.map { blocks[$0].indent } ?? blockIndent + 2
  }

  /// A comment is indented like the next token, unless both the comment and a block around it are further in than that.
  /// Then it belongs to the deepest block around it that begins no further in than the comment.
  private func indent(ofComment i: Int) -> Int {
    let next = behindComments[i]
    let column = tokens[i].column
    // If a mapping and a list begin in the same column, the mapping encloses the list.
    let level = around.filter { blocks[$0].column <= column }.map { blocks[$0].column }.max() ?? -1
    if next < tokens.count, column <= tokens[next].column || level <= tokens[next].column {
      var later = self
      later.advance(to: tokens[next])
      return later.indent(of: next)
    }
    return around.first { blocks[$0].column == level }.map { blocks[$0].indent } ?? 0
  }

  /// Lines inside brackets align with the first token after the bracket if that is on the same line. Otherwise they are
  /// indented by two columns.
  private mutating func open(_ i: Int) {
    let width = current?.width ?? 0
    let next = i + 1 < tokens.count ? tokens[i + 1] : nil
    if let next, next.kind != .comment, next.line == tokens[i].line {
      flows.append(Flow(content: width, close: width - 1))
    } else if let outer = flows.last {
      flows.append(Flow(content: outer.content + 2, close: outer.content))
    } else {
      let isItem = around.last.map { blocks[$0].isSequence } ?? true
      flows.append(Flow(content: blockIndent + (isItem ? 4 : 2), close: blockIndent + 2))
    }
  }
}

// MARK: - Block scalars

extension Formatter {
  /// Writes the lines of a block scalar's text, all moved by the same distance.
  private mutating func body(_ i: Int) {
    endLine()
    let token = tokens[i]
    let header = tokens[..<i].last { $0.kind == .blockHeader }
    let digit = header.flatMap { text(of: $0).utf8.first { (0x31...0x39).contains($0) } }.map { Int($0) - 0x30 }
    let margin = max(blockIndent, 0) + (digit ?? 2)
    for line in bodyLines(token) {
      let text = line.count > token.textColumn || line.contains { $0 != " " } ? line.dropFirst(token.textColumn) : ""
      lines.append(OutputLine(text: text.isEmpty ? "" : String(repeating: " ", count: margin) + text))
    }
  }

  private func bodyLines(_ token: Token) -> [Substring] {
    let text = String(decoding: file.bytes[token.range], as: UTF8.self)
    var lines: [Substring] = []
    var line = text.unicodeScalars.startIndex
    var i = line
    let scalars = text.unicodeScalars
    while i < scalars.endIndex {
      let next = scalars.index(after: i)
      if scalars[i] == "\n" || scalars[i] == "\r" || scalars[i] == "\u{85}" {
        lines.append(Substring(scalars[line..<i]))
        line =
          scalars[i] == "\r" && next < scalars.endIndex && scalars[next] == "\n" ? scalars.index(after: next) : next
        i = line
      } else {
        i = next
      }
    }
    if line < scalars.endIndex { lines.append(Substring(scalars[line...])) }
    if !token.keepsEnd { while lines.last?.allSatisfy({ $0 == " " }) ?? false { lines.removeLast() } }
    return lines
  }

  /// The number of empty lines at the end of a body that are not part of its text.
  private func trailingLines(of token: Token) -> Int {
    var count = 0
    for line in String(decoding: file.bytes[token.range], as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).dropLast().reversed() {
      guard line.allSatisfy({ $0 == " " }) else { break }
      count += 1
    }
    return count
  }
}

extension Node {
  /// Whether another node has the same content, character for character.
  fileprivate func says(_ other: Node) -> Bool {
    switch (content, other.content) {
    case (.scalar(let a, let styleA), .scalar(let b, let styleB)): a == b && styleA == styleB
    case (.sequence(let a), .sequence(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.says($1) }
    case (.mapping(let a), .mapping(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key.value == $1.key.value && $0.value.says($1.value) }
    default: false
    }
  }
}
