import Diagnostics
import TextOutput

/// The shown part of the line in which a range begins, and the position of the carets.
struct Excerpt {
  /// The line, or the part of a long one around the range, as a terminal shows it.
  private(set) var text = ""
  /// The number of display columns before the first caret.
  private(set) var indent = 0
  /// The number of carets.
  private(set) var length = 0

  /// The number of bytes of a long line that are shown before and after the start of the range.
  private static let reach = (before: 80, behind: 120)
  private static let tabStop = 8

  /// Nil if the file has no such line.
  init?(of range: SourceRange) {
    guard let line = range.file.bytes(ofLine: range.start.line) else { return nil }
    let bytes = range.file.bytes
    let start = min(max(range.file.byteOffset(of: range.start), line.lowerBound), line.upperBound)
    let isOneLine = range.end.line == range.start.line
    let end = isOneLine ? min(max(range.file.byteOffset(of: range.end), start), line.upperBound) : line.upperBound
    let shown = Self.window(on: line, around: start, bytes)

    if shown.lowerBound > line.lowerBound { append("…") }
    append(bytes[shown.lowerBound..<start])
    indent = width
    append(bytes[start..<min(max(end, start), shown.upperBound)])
    length = max(width - indent, 1)
    append(bytes[min(max(end, start), shown.upperBound)..<shown.upperBound])
    if shown.upperBound < line.upperBound { append("…") }
  }

  /// The number of display columns of the text so far.
  private var width = 0

  private static func window(on line: Range<Int>, around start: Int, _ bytes: [UInt8]) -> Range<Int> {
    if line.count <= reach.before + reach.behind { return line }
    var first = max(line.lowerBound, start - reach.before)
    var last = min(line.upperBound, start + reach.behind)
    while first > line.lowerBound, bytes[first] & 0xC0 == 0x80 { first -= 1 }
    while last < line.upperBound, bytes[last] & 0xC0 == 0x80 { last += 1 }
    return first..<last
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>) {
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { append(scalar) }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if scalar == "\t" {
      let count = Self.tabStop - width % Self.tabStop
      text += String(repeating: " ", count: count)
      width += count
    } else if scalar.isHazardous {
      text += "\u{FFFD}"
      width += 1
    } else {
      text.unicodeScalars.append(scalar)
      width += scalar.displayWidth
    }
  }
}
