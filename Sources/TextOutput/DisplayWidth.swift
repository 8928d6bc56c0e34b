import Vocabulary

extension Unicode.Scalar {
  /// The number of terminal columns that this takes: 0, 1 or 2.
  ///
  /// The blocks that Unicode's annex 11 calls wide or fullwidth are distinguished only coarsely: a caret may be one
  /// column off under characters that do not occur in manifests.
  package var displayWidth: Int {
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide ? 2 : 1
    }
  }

  private var isWide: Bool {
    switch value {
    case 0x1100...0x115F,  // Hangul Jamo, initial consonants
      0x231A...0x231B, 0x23E9...0x23EC, 0x2614...0x2615, 0x26A1, 0x2705, 0x274C, 0x2753...0x2755, 0x2757,  // emoji
      0x2E80...0x303E,  // CJK radicals and punctuation
      0x3041...0xA4CF,  // kana, bopomofo, CJK ideographs, Yi
      0xA960...0xA97C,  // Hangul Jamo, extended A
      0xAC00...0xD7A3,  // Hangul syllables
      0xF900...0xFAFF,  // CJK compatibility ideographs
      0xFE30...0xFE6F,  // CJK compatibility and small forms
      0xFF00...0xFF60, 0xFFE0...0xFFE6,  // fullwidth forms
      0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF,  // emoji
      0x20000...0x3FFFD:  // CJK ideographs, extensions
      true
    default: false
    }
  }

  /// Whether a terminal would not simply show this: control characters, and characters that change the direction of
  /// writing, which can make a text look like another one.
  package var isHazardous: Bool {
    switch value {
    case 0x00..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

extension StringProtocol {
  /// The number of columns that this takes in a terminal.
  package var displayWidth: Int {
    var width = 0
    for scalar in unicodeScalars { width += scalar.displayWidth }
    return width
  }

  /// This in at most so many terminal columns, with an ellipsis if it is longer.
  package func shortened(to width: Int) -> String {
    if displayWidth <= width { return String(self) }
    var result = ""
    var rest = width - 1
    for character in self {
      rest -= character.unicodeScalars.reduce(0) { $0 + $1.displayWidth }
      if rest < 0 { break }
      result.append(character)
    }
    return result + (width > 0 ? "…" : "")
  }
}

extension String {
  /// This text with some characters replaced by others.
  ///
  /// - Parameter replacement: nil for characters that stay.
  package func escaped(_ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    for scalar in unicodeScalars {
      if let text = replacement(scalar) { result += text } else { result.unicodeScalars.append(scalar) }
    }
    return result
  }

  /// This with every character that a terminal would not simply show written as an escape, all in one line.
  package var printable: String {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
    return escaped { scalar in
      switch scalar {
      case "\n": "\\n"
      case "\t": "\\t"
      default: scalar.isHazardous ? "\\u{" + hexadecimalDigits(scalar.value, width: 0) + "}" : nil
      }
    }
  }
}
