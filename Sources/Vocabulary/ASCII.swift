extension UInt8 {
  @inlinable package var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }

  @inlinable package var isLetter: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self
  }

  @inlinable package var isLetterOrDigit: Bool { isLetter || isDigit }

  /// Whether this byte belongs to a word: a letter, a digit or `_`.
  @inlinable package var isWord: Bool { isLetterOrDigit || self == UInt8(ascii: "_") }

  /// The value of a hexadecimal digit of either case; nil for other bytes.
  package var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension String {
  /// This text with `_` for every byte that is neither a letter nor a digit nor one of `others`.
  package func replacingSpecialCharacters(except others: String = "") -> String {
    let others = Array(others.utf8)
    return String(
      decoding: utf8.map { $0.isLetterOrDigit || others.contains($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
  }
}
