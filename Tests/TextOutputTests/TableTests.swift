import Testing
import TextOutput

@Suite struct TableTests {
  /// Columns are aligned by what a terminal shows, not by the number of characters.
  @Test func wideCharacters() {
    let rows = [["中文", "a", "x"], ["e\u{301}", "bb", ""], ["long", "c", "z"]]
    #expect(Columns(rows, rightAligned: [1]).lines() == ["中文   a  x", "e\u{301}     bb", "long   c  z"])
    #expect(Columns(rows, widest: 3).lines() == ["中文  a  x", "e\u{301}  bb", "long  c  z"])
    var page = PageText()
    page.table(rows, indent: 1)
    #expect(page.lines == [" 中文  a   x", " e\u{301}     bb", " long  c   z"])
  }

  /// A cell that is longer than its column takes the room of empty cells after it, and moves others as little as it can.
  @Test func longCells() {
    let rows = [
      ["short", "a", "", "x"], ["too long", "", "", "y"], ["too long", "b", "", "z"], ["much too long", "", "c", "z"],
    ]
    #expect(
      Columns(rows, widest: 7, rightAligned: [1]).lines()
        == ["short  a     x", "too long     y", "too long  b  z", "much too long  c  z"])
  }

  /// An ellipsis is in the width, and half of a wide character is not shown.
  @Test(
    arguments: [
      ("long", 4, "long"), ("long", 3, "lo…"), ("long", 1, "…"), ("long", 0, ""), ("", 0, ""), ("中文字", 6, "中文字"),
      ("中文字", 5, "中文…"), ("中文字", 4, "中…"), ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ] as [(String, Int, String)])
  func longTextsAreShortened(_ text: String, _ width: Int, _ result: String) {
    #expect(text.shortened(to: width) == result)
  }

  @Test func textsAreFilledToAWidth() {
    let lines = PageText.fill("one two three a-word-that-is-too-long end", first: 1, rest: 3, width: 12)
    #expect(lines == [" one two", "   three", "   a-word-that-is-too-long", "   end"])
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
