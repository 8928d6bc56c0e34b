import Diagnostics

/// A text with places marked by `1️⃣` to `9️⃣`, so that an expectation is next to the source that causes it.
package struct MarkedText {
  /// The text without the marks.
  package let file: SourceFile
  /// The places, by mark.
  package let places: [Character: Position]

  package init(_ marked: String, path: String = "test.yaml") {
    var bytes: [UInt8] = []
    var offsets: [Character: Int] = [:]
    for character in marked {
      if character.isMark { offsets[character] = bytes.count } else { bytes += Array(character.utf8) }
    }
    let file = SourceFile(path: path, bytes: bytes)
    self.file = file
    places = offsets.mapValues { file.position(ofByte: $0) }
  }

  /// The mark at a place, or the place in numbers, for failed expectations.
  package func name(of place: Position) -> String {
    places.first { $0.value == place }.map { String($0.key) } ?? "\(place.line):\(place.column)"
  }
}

extension Character {
  /// A digit as a keycap: the digit, VARIATION SELECTOR-16, COMBINING ENCLOSING KEYCAP.
  fileprivate var isMark: Bool { unicodeScalars.last == "\u{20E3}" }
}
