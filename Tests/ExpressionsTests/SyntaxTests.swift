import Expressions
import Testing

/// Precedence, associativity and syntax errors.
@Suite struct SyntaxTests {
  /// Every pair of neighbouring operators whose result would differ if they bound the other way, or as in C.
  @Test(arguments: [
    // Bit operators bind tighter than comparisons, unlike in C.
    ("5 & 4 == 4", "true"), ("4 == 5 & 4", "true"), ("2 | 1 == 3", "true"), ("3 ^ 1 == 2", "true"),
    ("0x10 & 0xf != 0", "false"), ("1 | 2 < 3", "false"), ("3 in [1 | 2]", "true"), ("1 | 2 in [3]", "true"),
    ("8 & 12 >= 8", "true"), ("1 ^ 3 <= 2", "true"), ("6 & 3 > 1", "true"),
    // Ranges and defaults bind tighter than comparisons and looser than bit operators.
    ("1..2 == [1, 2]", "true"), ("2 in 1..3", "true"), ("1..2 | 1", "[1, 2, 3]"), ("1 | 2..3", "[3]"),
    ("null ?? 1 == 1", "true"), ("1 == null ?? 1", "true"), ("null ?? 1 | 2", "3"), ("null ?? 0 < 1", "true"),
    ("null ?? 1..2", "[1, 2]"), ("1..null ?? 2", "error 11-12: expected a list, found an integer"),
    // Bit operators bind among each other as in C.
    ("1 | 2 & 3", "3"), ("1 & 0 | 1", "1"), ("1 ^ 1 | 1", "1"), ("1 | 1 ^ 1", "1"), ("3 ^ 2 & 1", "3"),
    ("1 << 2 & 7", "4"), ("1 & 1 << 1", "0"), ("8 | 1 << 2", "12"),
    // Shifts bind tighter than bit operators and looser than sums.
    ("1 << 1 + 1", "4"), ("1 + 1 << 1", "4"), ("16 >> 2 - 1", "8"),
    // Products bind tighter than sums, and unary operators tighter than both.
    ("2 + 3 * 4", "14"), ("2 * 3 + 4", "10"), ("7 - 4 / 2", "5"), ("7 - 5 % 3", "5"), ("-2 * -3", "6"), ("-1 + 2", "1"),
    ("~0 & 0xff", "255"), ("~1 + 1", "-1"), ("!false && false", "false"), ("!(false && false)", "true"),
    // Binary operators associate to the left.
    ("10 - 3 - 2", "5"), ("100 / 10 / 5", "2"), ("100 / 10 * 5", "50"), ("1 << 2 << 3", "32"), ("7 % 4 * 2", "6"),
    // `&&` binds tighter than `||`, and both bind tighter than the conditional.
    ("true || false && false", "true"), ("(true || false) && false", "false"), ("false && false || true", "true"),
    ("false || true ? 1 : 2", "1"), ("true ? 1 : false ? 2 : 3", "1"), ("false ? 1 : false ? 2 : 3", "3"),
    ("true ? false ? 1 : 2 : 3", "2"), ("1 == 1 ? 2 + 3 : 4", "5"), ("true ? 1 : 2 + 3", "1"),
    ("(true ? 1 : 2) + 3", "4"),
    // Comparisons bind tighter than `&&` and `||`.
    ("1 < 2 && 3 < 4", "true"), ("1 == 2 || 3 == 3", "true"), ("!true == false", "true"),
    // Postfix operators bind tightest.
    ("-[1, 2][1]", "-2"), ("[1, 2, 3][1] + 1", "3"), ("size([1, 2]) * 2", "4"), ("-size([1])", "-1"),
    ("~[0][0]", "-1"), ("![true][0]", "false"),
  ])
  func operatorsBindByPrecedence(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  @Test(arguments: [
    ("1 < 2 < 3", "6-7"), ("1 == 1 == 1", "7-9"), ("1 in [1] in [true]", "9-11"), ("1 != 2 > 3", "7-8"),
    ("1 <= 2 == true", "7-9"),
  ])
  func comparisonsDoNotChain(_ text: String, _ place: String) {
    #expect(result(text) == "error \(place): comparisons do not chain; combine two with '&&'")
  }

  @Test func comparisonsInParenthesesCanBeCompared() {
    #expect(result("(1 < 2) == true") == "true")
    #expect(result("1 == 1 && 2 == 2 && 3 == 3") == "true")
  }

  @Test(arguments: [
    ("", "error 0-0: expected a value, found the end of the expression"),
    ("1 +", "error 3-3: expected a value, found the end of the expression"),
    ("1 2", "error 2-3: expected an operator or the end of the expression"),
    ("(1", "error 2-2: expected ')', found the end of the expression"),
    ("1)", "error 1-2: expected an operator or the end of the expression"),
    ("[1", "error 2-2: expected ',' or ']', found the end of the expression"),
    ("[1 2]", "error 3-4: expected ',' or ']'"),
    ("true ? 1", "error 8-8: expected ':', found the end of the expression"),
    ("true ? : 1", "error 7-8: expected a value"),
    ("in [1]", "error 0-2: expected a value"),
    ("* 2", "error 0-1: expected a value"),
    ("x.", "error 2-2: expected the name of a field, found the end of the expression"),
    ("1.5", "error 2-3: expected the name of a field"),
    ("x.1", "error 2-3: expected the name of a field"),
    ("x[1", "error 3-3: expected ']', found the end of the expression"),
    ("[1].all(1, true)", "error 8-9: expected the name of a variable"),
    ("[1].all(x)", "error 9-10: expected ','"),
    ("[1].every(x, true)", "error 4-9: unknown method 'every'; the methods are all, exists, filter, map, first, sort"),
    ("size(1", "error 6-6: expected ',' or ')', found the end of the expression"),
  ])
  func syntaxErrorIsReportedAtItsPlace(_ text: String, _ message: String) {
    #expect(result(text, ["x": .null]) == message)
  }
}

/// No nesting of an expression exhausts the stack.
@Suite struct DepthTests {
  @Test(arguments: [
    Deep("(", "1", ")"), Deep("[", "", "]"), Deep("-", "1"), Deep("!", "true"), Deep("true ? 1 : ", "2"),
    Deep("true ? ", "1", " : 2"), Deep("size(", "[]", ")"), Deep("[1].map(x, ", "x", ")"), Deep("x[", "0", "]"),
  ])
  func deepNestingIsRefused(_ text: Deep) {
    #expect(result(text.text, ["x": .unknown]).hasSuffix(": the expression is nested too deeply"))
  }

  @Test(arguments: [
    Deep("", "1", " + 1"), Deep("", "true", " && true"), Deep("", "x", "[0]"), Deep("", "x", ".a"),
    Deep("", "[1]", ".filter(x, true)"), Deep("", "1", " | 1"), Deep("", "null", " ?? 1"), Deep("", "1", " * (1)"),
  ])
  func longChainsAreRefused(_ text: Deep) {
    #expect(result(text.text, ["x": .unknown]).hasSuffix(": the expression has too many operators"))
  }

  @Test func ordinaryNestingIsAccepted() {
    #expect(result(Deep("(", "1", ")", count: 40).text) == "1")
    #expect(result(Deep("", "0", " + 1", count: 200).text) == "200")
    #expect(result(Deep("false ? 1 : ", "2", count: 40).text) == "2")
    #expect(result(Deep("", "x", "[0]", count: 200).text, ["x": .unknown]) == "unknown")
  }

  @Test func longListsAreAccepted() {
    #expect(result("size([" + Deep("1, ", "", count: 20_000).text + "])") == "20000")
  }
}

/// Text repeated many times around a middle.
struct Deep: CustomTestStringConvertible, Sendable {
  var text: String
  var testDescription: String

  init(_ left: String, _ middle: String, _ right: String = "", count: Int = 50_000) {
    text = String(repeating: left, count: count) + middle + String(repeating: right, count: count)
    testDescription = "\(count) times '\(left)' around '\(middle)' and '\(right)'"
  }
}
