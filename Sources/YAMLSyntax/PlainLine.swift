import Diagnostics
import Vocabulary

extension Outline {
  /// The entry of a part that is one line with a simple value, read without libyaml; nil if only YAML can decide.
  ///
  /// Most lines of a schema are like that, and a parser for each would cost more than the line.
  func simpleEntry(_ part: Part) -> Entry? {
    guard part.lineCount == 1, !part.isOpen else { return nil }
    let line = file.bytes[part.bytes]
    var start = line.startIndex + part.indent + part.key.utf8.count + 1
    while start < line.endIndex, line[start] == 0x20 { start += 1 }
    var end = line.endIndex
    while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x0A { end -= 1 }
    guard start < end, let (text, style) = Self.simpleValue(line[start..<end]) else { return nil }
    let column = start - line.startIndex + 1
    let range = SourceRange(
      file: file, start: Position(line: part.firstLine, column: column),
      end: Position(line: part.firstLine, column: column + end - start))
    return Entry(key: key(of: part), value: Node(.scalar(text, style), at: range))
  }

  private static func simpleValue(_ bytes: ArraySlice<UInt8>) -> (String, ScalarStyle)? {
    let quote = UInt8(ascii: "'")
    if bytes.first == quote {
      let inner = bytes.dropFirst().dropLast()
      guard bytes.count >= 2, bytes.last == quote, inner.allSatisfy({ $0 != quote && $0 >= 0x20 && $0 < 0x7F }) else {
        return nil
      }
      return (String(decoding: inner, as: UTF8.self), .quoted)
    }
    guard let first = bytes.first, first.isLetterOrDigit, bytes.allSatisfy({ $0.isLetterOrDigit || isHarmless($0) })
    else { return nil }
    return (String(decoding: bytes, as: UTF8.self), .plain)
  }

  /// What has no meaning for YAML inside of a plain text.
  private static func isHarmless(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ","),
      UInt8(ascii: "/"), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="):
      true
    default: false
    }
  }
}
