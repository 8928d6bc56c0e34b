import Diagnostics
import Testing

@Suite struct SourceFileTests {
  private func file(_ text: String) -> SourceFile { SourceFile(path: "f", bytes: Array(text.utf8)) }

  @Test func linesEndWhereYAMLEndsThem() {
    let file = file("a\nb\r\nc\rd\u{85}e\u{2028}f\u{2029}\n")
    #expect((1...9).map { file.text(ofLine: $0) } == ["a", "b", "c", "d", "e", "f", "", "", ""])
    #expect(file.text(ofLine: 0) == "")
  }

  @Test(arguments: ["", "a", "ab\ncd\n", "é漢😀x\n\ny", "\u{FEFF}a: é\nb"])
  func positionsAndByteOffsetsAreInverse(_ text: String) {
    let file = file(text)
    let start = text.hasPrefix("\u{FEFF}") ? 3 : 0
    for offset in start...file.bytes.count {
      if offset < file.bytes.count, file.bytes[offset] & 0xC0 == 0x80 { continue }
      #expect(file.byteOffset(of: file.position(ofByte: offset)) == offset)
    }
  }

  @Test func columnsCountCharacters() {
    let file = file("é漢😀x")
    #expect(file.byteOffset(of: Position(line: 1, column: 4)) == 9)
    #expect(file.position(ofByte: 9) == Position(line: 1, column: 4))
    #expect(file.position(ofByte: 7) == Position(line: 1, column: 3))
  }

  @Test func byteOrderMarkIsNotPartOfALine() {
    let file = file("\u{FEFF}a: 1\n")
    #expect(file.text(ofLine: 1) == "a: 1")
    #expect(file.byteOffset(of: .start) == 3)
  }

  @Test func rangeGivesItsTextBytesAndSubranges() {
    let range = SourceRange(
      file: file("a: é漢\nb"), start: Position(line: 1, column: 4), end: Position(line: 1, column: 6))
    #expect(range.text == "é漢")
    #expect(range.bytes == 3..<8)
    #expect(range.subrange(offset: 1, length: 1).text == "漢")
  }
}
