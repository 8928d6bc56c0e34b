import Testing
import Vocabulary

/// Literals and their values.
@Suite struct LiteralTests {
  @Test(arguments: [
    ("0", "0"), ("42", "42"), ("0x1F", "31"), ("0xff", "255"), ("0o17", "15"), ("0b1010", "10"), ("017", "17"),
    ("1_000", "1000"), ("0x0800_0000", "134217728"), ("0b1111_0000", "240"),
    ("1KiB", "1024"), ("64KiB", "65536"), ("1MiB", "1048576"), ("2GiB", "2147483648"), ("1TiB", "1099511627776"),
    ("0x10KiB", "16384"), ("1_0KiB", "10240"),
    ("0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff", "170141183460469231731687303715884105727"),
    ("-1", "-1"), ("-0x10", "-16"), ("--1", "1"), ("true", "true"), ("false", "false"), ("null", "null"),
    ("unknown", "unknown"), ("\"a b\"", "\"a b\""), ("\"\"", "\"\""), ("[]", "[]"),
    ("[1, \"a\", null]", "[1, \"a\", null]"),
    ("[[1], []]", "[[1], []]"), ("[1, 2,]", "[1, 2]"), (" \t1\n", "1"),
  ])
  func literalsHaveTheirValues(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  @Test(arguments: [
    "1k", "64K", "64KB", "64kib", "1KiBs", "1_", "1__0", "0x", "0x_1", "0b2", "0o8", "1e3", "0xg", "1_KiB",
    "0x8000_0000_0000_0000_0000_0000_0000_0000", "170141183460469231731687303715884105728",
    "0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffffKiB",
  ])
  func malformedIntegerIsReported(_ text: String) {
    #expect(
      result(text)
        == "error 0-\(text.utf8.count): '\(text)' is not an integer: write decimal, 0x, 0o or 0b, '_' between digits, and "
        + "KiB, MiB, GiB or TiB at the end")
    #expect(IntegerLiteral.parse(text) == nil)
  }

  @Test(
    arguments: [
      ("-5", -5), ("-0x8000_0000_0000_0000", Int128(Int64.min)), ("7", 7),
      ("-0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff", -Int128.max),
    ] as [(String, Int128)])
  func manifestIntegersAreParsed(_ text: String, _ value: Int128) {
    #expect(IntegerLiteral.parse(text) == value)
  }

  @Test(arguments: ["", "-", "+5", " 5", "5 ", "--5", "0x", "on", "1,000", "1 000", "½", "٣"])
  func malformedManifestIntegersAreRejected(_ text: String) {
    #expect(IntegerLiteral.parse(text) == nil)
  }

  @Test func unclosedStringIsReported() {
    #expect(result("\"abc") == "error 0-4: the string has no closing quote")
    #expect(result("\"") == "error 0-1: the string has no closing quote")
    #expect(result("'abc'") == "error 0-1: unexpected character '''")
  }

  @Test func unexpectedCharacterIsReported() {
    #expect(result("1 # 2") == "error 2-3: unexpected character '#'")
    #expect(result("é") == "error 0-2: unexpected character 'é'")
    #expect(result("1 = 2") == "error 2-3: unexpected character '='")
    #expect(result("{}") == "error 0-1: unexpected character '{'")
  }
}
