import Testing
import TextOutput

@Suite struct JSONReaderTests {
  private func parsed(_ text: String) -> String? { JSON(parsing: Array(text.utf8))?.text() }

  @Test(
    arguments: [
      "null", "true", "false", "0", "-12", "170141183460469231731687303715884105727", #""""#, #""a\"\\\n\t""#, "[]",
      "{}", #"{"a":[1,[2,{"b":null}]],"c":"é😀"}"#,
    ])
  func valueIsWrittenAsItWasRead(_ text: String) {
    #expect(parsed(text) == text)
  }

  @Test func escapesAndSpaceAreRead() {
    #expect(parsed(" \n{ \"a\" :\t[ 1 ,\r2 ] } ") == #"{"a":[1,2]}"#)
    #expect(parsed(#""\u00e9\uD83D\ude00\/\b\f""#) == #""é😀/\u0008\u000c""#)
  }

  @Test(
    arguments: [
      "", " ", "nul", "truex", "1 2", "[1,]", "[1", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "\"a",
      "\"\\x\"",
      "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1.5", "1e3", "--1", "-",
      "999999999999999999999999999999999999999999",
    ])
  func damagedTextIsRefused(_ text: String) {
    #expect(parsed(text) == nil)
  }

  @Test func textThatIsNotUTF8IsRefused() {
    #expect(JSON(parsing: [0x22, 0xFF, 0x22]) == nil)
  }

  @Test func deepNestingIsRefused() {
    #expect(parsed(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)) != nil)
    #expect(parsed(String(repeating: "[", count: 100_000)) == nil)
  }
}
