/// Converts libyaml's character indices to byte offsets.
///
/// It moves from the last requested place to the next, forwards or backwards. Requests in the order of the text
/// together cost one pass over it, however long its lines are.
struct ByteCursor {
  private let bytes: [UInt8]
  private let range: Range<Int>
  private let isASCII: Bool
  private var index = 0
  private var offset: Int

  init(_ bytes: [UInt8], in range: Range<Int>, isASCII: Bool) {
    self.bytes = bytes
    self.range = range
    self.isASCII = isASCII
    offset = range.lowerBound
  }

  /// The byte offset of the character with this index.
  mutating func offset(of target: Int) -> Int {
    if isASCII { return min(range.lowerBound + target, range.upperBound) }
    while index < target, offset < range.upperBound {
      repeat { offset += 1 } while offset < range.upperBound && bytes[offset].isContinuation
      index += 1
    }
    while index > target, offset > range.lowerBound {
      repeat { offset -= 1 } while offset > range.lowerBound && bytes[offset].isContinuation
      index -= 1
    }
    return offset
  }
}

extension UInt8 {
  /// Whether this is a byte of a UTF-8 character after its first.
  var isContinuation: Bool { self & 0xC0 == 0x80 }
}
