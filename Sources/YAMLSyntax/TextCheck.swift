import Diagnostics
import Vocabulary

/// Checks a piece of a text before it is parsed as YAML: whether libyaml can read it at all.
struct TextCheck {
  /// Whether every character is one byte.
  var isASCII = true
  /// Why the text cannot be read.
  var refusal: Diagnostic?

  /// Checks for UTF-8, for the characters that YAML allows (YAML 1.2, 5.1) and for the limits.
  init(_ file: SourceFile, in range: Range<Int>, limits: Limits) {
    let bytes = file.bytes
    if range.count > limits.bytes {
      refusal = .tooLarge(file, limits)
    } else if bytes[range].isUTF16 {
      refusal = .utf16(file)
    } else {
      var directives = 0
      var i = range.lowerBound
      while i < range.upperBound {
        let end = min(i + 256, range.upperBound)
        if Self.isPlain(bytes, i, end) {
          i = end
          continue
        }
        while i < end {
          let byte = bytes[i]
          if byte == UInt8(ascii: "%") {
            if i == range.lowerBound || bytes[i - 1].endsLineBreak { directives += 1 }
            if directives > limits.directives {
              refusal = .tooManyDirectives(file, at: i, limits)
              return
            }
            i += 1
          } else if byte < 0x80 {
            if !byte.isAllowedASCII {
              refusal = .controlCharacter(UInt32(byte), file, at: i)
              return
            }
            i += 1
          } else {
            isASCII = false
            guard let (length, value) = decodeUTF8(bytes, at: i, end: range.upperBound) else {
              refusal = .notUTF8(file, at: i)
              return
            }
            if !isAllowed(value) {
              refusal = .controlCharacter(value, file, at: i)
              return
            }
            i += length
          }
        }
      }
    }
  }

  /// Whether these bytes are ASCII that needs no second check.
  @inline(__always)
  private static func isPlain(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
    precondition(start >= 0 && start <= end && end <= bytes.count)
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      var plain: UInt8 = 1
      for i in start..<end {
        // SAFETY: within the array, as checked above.
        let byte = unsafe buffer[i]
        // Without `||` and `&&`, which are branches.
        let isVisible: UInt8 = byte &- 0x20 < 0x5F ? 1 : 0
        let isLineFeed: UInt8 = byte == 0x0A ? 1 : 0
        let isPercent: UInt8 = byte == UInt8(ascii: "%") ? 1 : 0
        plain &= (isVisible | isLineFeed) & ~isPercent
      }
      return plain == 1
    }
  }
}

/// The length and the value of the character at `i`, or nil if the bytes are not UTF-8.
func decodeUTF8(_ bytes: [UInt8], at i: Int, end: Int) -> (length: Int, value: UInt32)? {
  let lead = bytes[i]
  let (length, least, bits): (Int, UInt32, UInt32)
  switch lead {
  case 0x00..<0x80: return (1, UInt32(lead))
  case 0xC2..<0xE0: (length, least, bits) = (2, 0x80, UInt32(lead & 0x1F))
  case 0xE0..<0xF0: (length, least, bits) = (3, 0x800, UInt32(lead & 0x0F))
  case 0xF0..<0xF5: (length, least, bits) = (4, 0x1_0000, UInt32(lead & 0x07))
  default: return nil
  }
  guard i + length <= end else { return nil }
  var value = bits
  for j in i + 1..<i + length {
    guard bytes[j] & 0xC0 == 0x80 else { return nil }
    value = value << 6 | UInt32(bytes[j] & 0x3F)
  }
  let isSurrogate = 0xD800..<0xE000 ~= value
  return value >= least && value <= 0x10_FFFF && !isSurrogate ? (length, value) : nil
}

private func isAllowed(_ value: UInt32) -> Bool {
  value == 0x85 || value >= 0xA0 && value != 0xFEFF && value != 0xFFFE && value != 0xFFFF
}

extension UInt8 {
  fileprivate var isAllowedASCII: Bool {
    0x20..<0x7F ~= self || self == 0x09 || self == 0x0A || self == 0x0D
  }

  /// Whether this is the last byte of a line break, or could be.
  fileprivate var endsLineBreak: Bool {
    self == 0x0A || self == 0x0D || self == 0x85 || self == 0xA8 || self == 0xA9
  }
}

extension ArraySlice<UInt8> {
  /// Whether this begins with UTF-16's byte order mark, or as ASCII text does in UTF-16.
  fileprivate var isUTF16: Bool {
    guard count >= 2 else { return false }
    let pair = (self[startIndex], self[startIndex + 1])
    return pair == (0xFF, 0xFE) || pair == (0xFE, 0xFF) || (pair.0 == 0) != (pair.1 == 0)
  }
}

extension Diagnostic {
  fileprivate static func tooLarge(_ file: SourceFile, _ limits: Limits) -> Diagnostic {
    .error(
      "too-large", "the file has more than \(limits.bytes) bytes, the limit",
      at: SourceRange(file: file, start: .start, end: .start))
  }

  fileprivate static func utf16(_ file: SourceFile) -> Diagnostic {
    .error(
      "not-utf-8", "the file is written in UTF-16; save it as UTF-8",
      at: SourceRange(file: file, start: .start, end: .start))
  }

  fileprivate static func notUTF8(_ file: SourceFile, at offset: Int) -> Diagnostic {
    .error(
      "not-utf-8",
      "the file is not written in UTF-8: the byte 0x\(hexadecimalDigits(file.bytes[offset], width: 2)) is not part of a character",
      at: file.character(atByte: offset), notes: [Note("save the file as UTF-8")])
  }

  static func controlCharacter(_ value: UInt32, _ file: SourceFile, at offset: Int) -> Diagnostic {
    let digits = hexadecimalDigits(value, width: 4)
    return .error(
      "yaml-syntax", "the control character U+\(digits) is not allowed in YAML", at: file.character(atByte: offset),
      notes: [Note("in double quotes, write it as \\u\(digits)")])
  }

  fileprivate static func tooManyDirectives(_ file: SourceFile, at offset: Int, _ limits: Limits) -> Diagnostic {
    .error(
      "too-large", "more than \(limits.directives) lines of this file begin with '%'",
      at: file.character(atByte: offset))
  }
}
