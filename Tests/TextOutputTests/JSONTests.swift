import Diagnostics
import Reporting
import TestSupport
import Testing
import TextOutput

@Suite struct JSONTests {
  private let value: JSON = [
    "z": 1, "a": [true, false, nil], "empty": [:], "none": [], "big": .integer(Int128(UInt64.max) + 1), "n": -5,
    "text": "a\"b\\c\n\t\r\u{1}\u{1F}é漢\u{7F}/",
  ]

  @Test func keepsKeyOrderAndExactNumbers() {
    #expect(
      value.text() == #"{"z":1,"a":[true,false,null],"empty":{},"none":[],"big":18446744073709551616,"n":-5,"#
        + #""text":"a\"b\\c\n\t\r\u0001\u001fé漢"# + "\u{7F}" + #"/"}"#)
  }

  @Test func prettyPrintingIndentsByTwoSpaces() {
    let value: JSON = ["a": [1, ["b": nil]], "c": []]
    #expect(
      value.text(pretty: true) == """
        {
          "a": [
            1,
            {
              "b": null
            }
          ],
          "c": []
        }
        """)
  }

  @Test func diagnosticsHaveAStableShape() throws {
    let text = MarkedText("é: 1\nä: 1️⃣xy2️⃣\n", path: "vm.yaml")
    let range = SourceRange(
      file: text.file, start: try #require(text.places["1️⃣"]), end: try #require(text.places["2️⃣"]))
    let diagnostic = Diagnostic.error(
      "bad", "not \"so\"", at: range, notes: [Note("why")], fixIts: [FixIt(replace: range, with: "z")])
    var output = ""
    JSONRenderer().render([diagnostic], into: &output)
    let place = #""file":"vm.yaml","line":2,"column":4,"endLine":2,"endColumn":6,"offset":10,"endOffset":12"#
    let nowhere =
      #""file":null,"line":null,"column":null,"endLine":null,"endColumn":null,"offset":null,"endOffset":null"#
    #expect(
      output == #"[{"severity":"error","id":"bad","message":"not \"so\"","# + place + #","notes":[{"message":"why","#
        + nowhere + #"}],"fixIts":[{"# + place + #","replacement":"z"}]}]"# + "\n")
  }

  @Test func noDiagnosticsGiveAnEmptyArray() {
    var output = ""
    JSONRenderer(pretty: true).render([], into: &output)
    #expect(output == "[]\n")
  }
}
