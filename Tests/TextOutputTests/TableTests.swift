import Testing
import TextOutput

@Suite struct TableTests {
  /// Columns are aligned by what a terminal shows, not by the number of characters.
  @Test func wideCharacters() {
    let rows = [["中文", "a", "x"], ["e\u{301}", "bb", ""], ["long", "c", "z"]]
    #expect(Columns(rows, rightAligned: [1]).lines() == ["中文   a  x", "e\u{301}     bb", "long   c  z"])
    #expect(Columns(rows, widest: 3).lines() == ["中文  a   x", "e\u{301}  bb", "long  c   z"])
    var page = PageText()
    page.table(rows, indent: 1)
    #expect(page.lines == [" 中文  a   x", " e\u{301}     bb", " long  c   z"])
  }

  @Test func paragraphsAreFilled() {
    var page = PageText()
    page.paragraph(String(repeating: "word ", count: 20), indent: 2, hanging: 2)
    page.labelled("label", "text", column: 12)
    page.line("left", "right")
    #expect(page.lines.map(\.displayWidth) == [91, 13, 16, 92])
    #expect(page.lines[1] == "    word word")
    #expect(page.lines[2] == "  label     text")
  }
}
