/// A text with `${EXPRESSION}` placeholders, in pieces.
package struct Interpolation {
  package enum Piece {
    case text(String)
    /// The text between the braces, and its offset in bytes.
    case expression(String, offset: Int)
  }

  package private(set) var pieces: [Piece] = []
  /// Whether a `${` has no closing `}`. Such a `${` is plain text.
  package private(set) var isUnclosed = false

  package init(_ text: String) {
    guard Self.isNeeded(for: text) else {
      pieces = [.text(text)]
      return
    }
    let bytes = Array(text.utf8)
    func piece(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    var start = 0
    while let open = Self.opening(in: bytes[start...]) {
      guard let close = bytes[open...].firstIndex(of: UInt8(ascii: "}")) else {
        isUnclosed = true
        break
      }
      pieces.append(.text(piece(start..<open - 2)))
      pieces.append(.expression(piece(open..<close), offset: open))
      start = close + 1
    }
    pieces.append(.text(piece(start..<bytes.count)))
  }

  /// Whether a text has a `${`.
  package static func isNeeded(for text: String) -> Bool { opening(in: text.utf8) != nil }

  /// The index after the first `${`.
  private static func opening<Bytes: Collection<UInt8>>(in bytes: Bytes) -> Bytes.Index? {
    var isAfterDollar = false
    for i in bytes.indices {
      if isAfterDollar, bytes[i] == UInt8(ascii: "{") { return bytes.index(after: i) }
      isAfterDollar = bytes[i] == UInt8(ascii: "$")
    }
    return nil
  }
}
