/// A line of formatted text.
struct OutputLine {
  /// The text without the comment at its end.
  private(set) var text: String
  /// The length of the text in characters.
  private(set) var width: Int
  /// The comment after the text.
  var comment: String?
  /// The column of the comment in the original text, from 0.
  var commentColumn = 0

  init(text: String) {
    self.text = text
    width = text.unicodeScalars.count
  }

  mutating func append(_ more: String) {
    text += more
    width += more.unicodeScalars.count
  }
}

extension [OutputLine] {
  /// Joins the lines with their comments. A comment keeps its column if that leaves two blanks before it. Comments in
  /// the same column on neighbouring lines move together.
  func joined() -> String {
    var result = ""
    var i = startIndex
    while i < endIndex {
      guard self[i].comment != nil else {
        result += self[i].text + "\n"
        i += 1
        continue
      }
      var end = i
      while end < endIndex, self[end].comment != nil, self[end].commentColumn == self[i].commentColumn { end += 1 }
      let column = Swift.max(self[i].commentColumn, (self[i..<end].map(\.width).max() ?? 0) + 2)
      for line in self[i..<end] {
        result += line.text + String(repeating: " ", count: column - line.width) + (line.comment ?? "") + "\n"
      }
      i = end
    }
    return result
  }
}
