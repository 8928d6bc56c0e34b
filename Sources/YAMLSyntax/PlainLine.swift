import Diagnostics
import Vocabulary

extension Outline {
  /// The entry of a part that is one line with a simple value, read without libyaml; nil if only YAML can decide.
  ///
  /// Most lines of a schema are like that, and a parser for each would cost more than the line.
  func simpleEntry(_ part: Part) -> Entry? {
    if part.isOpen { return nil }
    let value = file.bytes[part.bytes].dropFirst(part.indent + part.key.utf8.count + 1)
    let line = PlainLine(file: file, number: part.firstLine, start: part.bytes.lowerBound)
    return line.node(value).map { Entry(key: key(of: part), value: $0) }
  }
}

/// A line whose value has only one meaning.
private struct PlainLine {
  let file: SourceFile
  let number: Int
  /// The offset of the line in the file.
  let start: Int

  /// The node of a text, with blanks and line breaks around it; nil if it is not simple.
  func node(_ text: ArraySlice<UInt8>) -> Node? {
    let text = text.trimmed
    guard let content = content(text) else { return nil }
    func position(_ offset: Int) -> Position { Position(line: number, column: offset - start + 1) }
    return Node(
      content, at: SourceRange(file: file, start: position(text.startIndex), end: position(text.endIndex)))
  }

  private func content(_ text: ArraySlice<UInt8>) -> Node.Content? {
    guard let first = text.first, let last = text.last, text.allSatisfy(\.isPrintable) else { return nil }
    let inner = text.dropFirst().dropLast()
    switch (first, last) {
    case (UInt8(ascii: "'"), UInt8(ascii: "'")):
      guard text.count >= 2, !inner.contains(first) else { return nil }
      return .scalar(String(decoding: inner, as: UTF8.self), .quoted)
    case (UInt8(ascii: "["), UInt8(ascii: "]")):
      let words = inner.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(\.trimmed)
      guard words.allSatisfy(\.isName) else { return nil }
      return .sequence(words.compactMap(node))
    default:
      guard first.isLetterOrDigit || first == UInt8(ascii: "("), !text.contains(where: \.isSyntax) else { return nil }
      return .scalar(String(decoding: text, as: UTF8.self), .plain)
    }
  }
}

extension ArraySlice<UInt8> {
  /// The text without the blanks and line breaks around it.
  fileprivate var trimmed: ArraySlice<UInt8> {
    var text = drop { $0 == 0x20 }
    while let last = text.last, last == 0x20 || last == 0x0A { text.removeLast() }
    return text
  }

  /// Whether the text is a name, which has the same meaning within brackets.
  fileprivate var isName: Bool {
    guard let first, first.isLetterOrDigit else { return false }
    return allSatisfy { $0.isWord || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
  }
}

extension UInt8 {
  fileprivate var isPrintable: Bool { (0x20..<0x7F).contains(self) }

  /// Whether this byte can end a plain text that is outside of brackets.
  fileprivate var isSyntax: Bool { self == UInt8(ascii: ":") || self == UInt8(ascii: "#") }
}
