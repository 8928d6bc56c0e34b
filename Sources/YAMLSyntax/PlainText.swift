import Diagnostics
import TextOutput

/// Searches the text around a place where YAML failed, for the piece that its author meant as a whole.
///
/// Works on byte offsets, and searches only the line of the place.
struct PlainText {
  let file: SourceFile
  /// The range that was parsed; offsets stay within it.
  let input: Range<Int>

  private var bytes: [UInt8] { file.bytes }

  /// The byte at an offset; 0 outside of the text.
  subscript(offset: Int) -> UInt8 { input.contains(offset) ? bytes[offset] : 0 }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func place(_ range: Range<Int>) -> SourceRange {
    SourceRange(
      file: file, start: file.position(ofByte: range.lowerBound), end: file.position(ofByte: range.upperBound))
  }

  func isBlank(_ offset: Int) -> Bool { self[offset] == UInt8(ascii: " ") || self[offset] == UInt8(ascii: "\t") }

  func isLineEnd(_ offset: Int) -> Bool { !input.contains(offset) || LineBreak.length(at: offset, in: bytes) > 0 }

  func lineStart(of offset: Int) -> Int {
    var i = min(offset, input.upperBound)
    while i > input.lowerBound, LineBreak.length(endingAt: i, in: bytes) == 0 { i -= 1 }
    return i
  }

  /// The offset of the first character of the line that is not blank.
  func textStart(ofLineWith offset: Int) -> Int {
    var i = lineStart(of: offset)
    while isBlank(i) { i += 1 }
    return i
  }

  /// The end of the text, without the white space at its end.
  var lastTextEnd: Int {
    var i = input.upperBound
    while i > input.lowerBound, isBlank(i - 1) || LineBreak.length(endingAt: i, in: bytes) > 0 { i -= 1 }
    return i
  }

  /// The end of the unquoted text that continues at `offset`. It ends at a comment or at the end of the line, and
  /// within `[]` and `{}` also at the next comma or closing bracket that does not belong to the text. With `isKey` it
  /// also ends at the `: ` after a key.
  func end(ofTextAt offset: Int, isFlow: Bool, isKey: Bool = false) -> Int {
    var depth = 0
    var i = offset
    loop: while !isLineEnd(i) {
      switch self[i] {
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if isFlow, depth <= 0 { break loop }
        depth -= 1
      case UInt8(ascii: ",") where isFlow && depth <= 0: break loop
      case UInt8(ascii: "#") where isBlank(i - 1): break loop
      case UInt8(ascii: ":") where isKey && depth <= 0 && (isBlank(i + 1) || isLineEnd(i + 1)): break loop
      default: break
      }
      i += 1
    }
    while i > offset, isBlank(i - 1) { i -= 1 }
    return i
  }

  /// The start of the value that contains `offset`: after `: ` or `- `, and within `[]` and `{}` also after a comma or
  /// an opening bracket.
  func start(ofTextAt offset: Int, isFlow: Bool) -> Int {
    let first = textStart(ofLineWith: offset)
    var i = offset
    while i > first {
      let before = self[i - 1]
      if isFlow, before == UInt8(ascii: ",") || before == UInt8(ascii: "[") || before == UInt8(ascii: "{") { break }
      if isBlank(i - 1), self[i - 2] == UInt8(ascii: ":") { break }
      if isBlank(i - 1), self[i - 2] == UInt8(ascii: "-"), i - 2 == first { break }
      i -= 1
    }
    while i < offset, isBlank(i) { i += 1 }
    return i
  }

  /// The offset of the unquoted `${` at which, or because of which, YAML failed; nil if it failed for another reason.
  ///
  /// Within `[]` and `{}` that is the first one in the line: libyaml looks ahead, so it may have found something else
  /// first. Outside of them YAML reads `${` as text, and only the text between the braces can be wrong.
  func bareExpression(before offset: Int, openFlow: Position?) -> Int? {
    var found: Int?
    scanLine(upTo: offset + 1, openFlow: openFlow) { dollar, isFlow, end in
      if found == nil, isFlow || end > offset { found = dollar }
    }
    return found
  }

  /// Whether a place in a line is within `[]` or `{}`.
  func isFlow(at offset: Int, openFlow: Position?) -> Bool {
    scanLine(upTo: offset, openFlow: openFlow) { _, _, _ in }
  }

  /// Walks over a line as YAML reads it, and calls `expression` for each `${` outside of quotes: with its offset,
  /// whether that is within `[]` or `{}`, and where its braces close. Returns whether the end is within `[]` or `{}`.
  @discardableResult
  private func scanLine(
    upTo end: Int, openFlow: Position?, _ expression: (_ dollar: Int, _ isFlow: Bool, _ end: Int) -> Void
  ) -> Bool {
    var i = textStart(ofLineWith: end - 1)
    let isOpenAbove = openFlow.map { $0.line < file.position(ofByte: i).line } ?? false
    var depth = isOpenAbove ? 1 : 0
    /// Whether a quote or a bracket here would be YAML syntax and not part of a text.
    var isStart = true
    while i < end {
      let byte = self[i]
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"): break
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if isStart { depth += 1 }
      case UInt8(ascii: ","): isStart = depth > 0
      case UInt8(ascii: ":"): isStart = isBlank(i + 1)
      case UInt8(ascii: "-"): isStart = isStart && isBlank(i + 1)
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if isStart { i = closingQuote(of: i, end: end) }
        isStart = false
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth = max(depth - 1, 0)
        isStart = false
      case UInt8(ascii: "$") where self[i + 1] == UInt8(ascii: "{"):
        let close = closingBrace(of: i + 1)
        expression(i, depth > 0, close)
        i = min(close, end)
        isStart = false
      default: isStart = false
      }
      i += 1
    }
    return depth > 0
  }

  /// The `(` before a place in a line that opens a word, if the text there ends with `)`: a mapping in parentheses.
  func openParenthesis(before offset: Int) -> Int? {
    let first = textStart(ofLineWith: offset)
    var i = offset
    while i > first, self[i] != UInt8(ascii: "(") || !isBlank(i - 1) { i -= 1 }
    guard self[i] == UInt8(ascii: "("), i < offset else { return nil }
    let end = end(ofTextAt: i, isFlow: false)
    return self[end - 1] == UInt8(ascii: ")") ? i : nil
  }

  private func closingQuote(of open: Int, end: Int) -> Int {
    var i = open + 1
    while i < end, self[i] != self[open] {
      i += self[i] == UInt8(ascii: "\\") && self[open] != UInt8(ascii: "'") ? 2 : 1
    }
    return i
  }

  /// Where the brace that opens here closes, or the end of the line.
  private func closingBrace(of open: Int) -> Int {
    var depth = 0
    var i = open
    while !isLineEnd(i) {
      if self[i] == UInt8(ascii: "{") { depth += 1 }
      if self[i] == UInt8(ascii: "}") { depth -= 1 }
      if depth == 0 { return i }
      i += 1
    }
    return i
  }
}

extension SourceFile {
  /// The unquoted value around a place of a line, as its author meant it, and the same text in single quotes.
  package func unquotedValue(at place: Position) -> (text: String, quoted: String, range: SourceRange) {
    let line = PlainText(file: self, input: 0..<bytes.count)
    let offset = byteOffset(of: place)
    let isFlow = line.isFlow(at: offset, openFlow: nil)
    let start = line.start(ofTextAt: offset, isFlow: isFlow)
    let range = start..<max(line.end(ofTextAt: start, isFlow: isFlow), start)
    let text = line.text(range)
    return (text, singleQuoted(text), line.place(range))
  }

  /// Whether the word before a value is a tag, which begins with `!`.
  package func hasTag(before place: Position) -> Bool {
    let line = PlainText(file: self, input: 0..<bytes.count)
    var i = byteOffset(of: place)
    while line.isBlank(i - 1) { i -= 1 }
    while i > 0, !line.isBlank(i - 1), !line.isLineEnd(i - 1), !"[{,".utf8.contains(line[i - 1]) { i -= 1 }
    return line[i] == UInt8(ascii: "!")
  }
}

/// Quotes a text so that YAML reads it as a scalar: in double quotes if that needs no escapes, else in single quotes.
package func quoted(_ text: String) -> String {
  if !text.utf8.contains(UInt8(ascii: "\"")), !text.utf8.contains(UInt8(ascii: "\\")) { return "\"\(text)\"" }
  return singleQuoted(text)
}

/// The text in single quotes, within which YAML knows no escapes.
func singleQuoted(_ text: String) -> String { "'" + text.escaped { $0 == "'" ? "''" : nil } + "'" }
