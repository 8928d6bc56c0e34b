/// A mistake in the way in which names are written, which makes an unknown name of them.
struct Slip {
  /// What is right.
  var right: String
  /// The rule, for a message.
  var why: String

  /// Nil if the name is another mistake.
  init?(_ name: Located, among known: [String]) {
    for start in ["//", ";"] where name.value.hasPrefix(start) {
      right = "# " + name.value.dropFirst(start.count).drop { $0 == " " }
      why = "a comment begins with '#'; "
      return
    }
    let parts = name.value.split { " ,|+;".contains($0) }.map(String.init)
    guard parts.count > 1, parts.allSatisfy(known.contains), let place = ListPlace(name.range) else { return nil }
    right = parts.joined(separator: ", ")
    if place == .value { right = "[\(right)]" }
    why = "names in a list are separated by commas; "
  }
}

/// The place of a text that can become a list.
private enum ListPlace {
  /// The value of a key.
  case value
  /// An item between brackets.
  case item

  init?(_ range: SourceRange) {
    let bytes = range.file.bytes
    func isBlank(_ i: Int) -> Bool { bytes[i] == UInt8(ascii: " ") }
    var before = range.bytes.lowerBound - 1
    while before >= 0, isBlank(before) { before -= 1 }
    var behind = range.bytes.upperBound
    while behind < bytes.count, isBlank(behind) { behind += 1 }
    // A key cannot become a list.
    if before < 0 || behind < bytes.count && bytes[behind] == UInt8(ascii: ":") { return nil }
    switch bytes[before] {
    case UInt8(ascii: ":"): self = .value
    case UInt8(ascii: "["), UInt8(ascii: ","): self = .item
    default: return nil
    }
  }
}
