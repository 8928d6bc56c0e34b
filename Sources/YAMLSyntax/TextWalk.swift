import Diagnostics

/// A place in a text that moves forward by characters and knows its line and column.
struct TextWalk {
  private let bytes: [UInt8]
  private let end: Int
  private(set) var offset: Int
  private(set) var position: Position

  init(_ bytes: [UInt8], offset: Int, end: Int, position: Position) {
    self.bytes = bytes
    self.end = end
    self.offset = offset
    self.position = position
  }

  /// The first byte of the character here; nil at the end.
  var byte: UInt8? { offset < end ? bytes[offset] : nil }

  mutating func advance() {
    guard offset < end else { return }
    let lineBreak = LineBreak.length(at: offset, in: bytes)
    if lineBreak > 0 {
      offset += lineBreak
      position = Position(line: position.line + 1, column: 1)
      return
    }
    repeat { offset += 1 } while offset < end && bytes[offset].isContinuation
    position.column += 1
  }

  /// Moves to the end of the line.
  mutating func skipLine() {
    while offset < end, LineBreak.length(at: offset, in: bytes) == 0 { advance() }
  }

  /// Moves past an anchor or a tag.
  mutating func skipProperty() {
    let isVerbatim = offset + 1 < end && bytes[offset + 1] == UInt8(ascii: "<")
    while let byte, !" \t\r\n".utf8.contains(byte), isVerbatim || !",[]{}".utf8.contains(byte) { advance() }
  }
}
