import Expressions
import Testing
import Vocabulary

/// Arithmetic is exact, with integers of up to 128 bits.
@Suite struct ArithmeticTests {
  @Test(arguments: [
    ("7 / 2", "3"), ("-7 / 2", "-3"), ("7 / -2", "-3"), ("7 % 3", "1"), ("-7 % 3", "-1"), ("7 % -3", "1"),
    ("1 << 64", "18446744073709551616"), ("0xffff_ffff_ffff_ffff + 1 >= 1 << 64", "true"), ("-1 >> 1", "-1"),
    ("-16 >> 2", "-4"), ("-1 << 3", "-8"), ("5 ^ 1", "4"), ("~0", "-1"), ("-1 & 0xff", "255"), ("1 << 0", "1"),
    ("1 >> 127", "0"), ("-1 >> 127", "-1"), ("1 << 126", "85070591730234615865843651857942052864"),
    ("-1 << 127", "-170141183460469231731687303715884105728"),
    ("0xffff_ffff_ffff_ffff * 0x7fff_ffff_ffff_ffff", "170141183460469231704017187605319778305"),
  ])
  func arithmeticIsExact(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  @Test(arguments: [
    ("m + 1", "0-5"), ("-m - 2", "0-6"), ("m * 2", "0-5"), ("1 << 127", "0-8"), ("3 << 126", "0-8"),
    ("-2 << 127", "0-9"),
    ("sum([m, 1])", "0-11"), ("overlaps(m, 1, 0, 1)", "0-20"), ("overlaps(0, 1, m, 1)", "0-20"),
    ("1 + (m + 1)", "5-10"), ("(-m - 1) / -1", "1-13"), ("-(-m - 1)", "0-8"), ("(-m - 1) % -1", "1-13"),
  ])
  func resultOfMoreThan128BitsFails(_ text: String, _ place: String) {
    #expect(result(text, ["m": .integer(.max)]) == "fails \(place): the result has more than 128 bits")
  }

  @Test(arguments: [
    ("1 / 0", "fails 0-5: division by zero"), ("1 % (1 - 1)", "fails 0-10: division by zero"),
    ("1 << 128", "fails 0-8: a shift by 128 bits"), ("1 >> 128", "fails 0-8: a shift by 128 bits"),
    ("1 << -1", "fails 0-7: a shift by -1 bits"), ("2 + (1 >> -1)", "fails 5-12: a shift by -1 bits"),
  ])
  func divisionByZeroAndWrongShiftsFail(_ text: String, _ message: String) {
    #expect(result(text) == message)
  }

  @Test(arguments: [
    ("x + 1", "fails 0-5: '+' expects integers, not a boolean"),
    ("1 < x", "fails 0-5: '<' expects integers, not a boolean"),
    ("-x", "fails 0-2: the operand is a boolean"), ("~x", "fails 0-2: the operand is a boolean"),
    ("!n", "fails 0-2: the operand is an integer"), ("n && true", "fails 0-9: an operand is an integer, not a boolean"),
    ("true && n", "fails 0-9: an operand is an integer, not a boolean"),
    ("n ? 1 : 2", "fails 0-9: the condition is an integer, not a boolean"),
    ("[1].all(e, n)", "fails 0-13: the condition is an integer, not a boolean"),
    ("n.exists(e, true)", "fails 0-17: 'exists' expects a list, not an integer"),
    ("1 in n", "fails 0-6: 'in' expects a list or a map, not an integer"),
    ("null + n", "fails 0-8: '+' expects integers, not null"),
    ("size(n)", "fails 0-7: an integer is not a list"), ("last(n)", "fails 0-7: an integer is not a list"),
    ("min(x, 1)", "fails 0-9: a boolean is not an integer"), ("sum([1, x])", "fails 0-11: a boolean is not an integer"),
  ])
  func operandOfAWrongTypeFailsAtEvaluation(_ text: String, _ message: String) {
    #expect(result(text, ["x": .bool(true), "n": .integer(5)]) == message)
  }
}

/// Equality compares values of any type.
@Suite struct EqualityTests {
  @Test(arguments: [
    ("1 == 1", "true"), ("1 != 1", "false"), ("\"a\" == \"a\"", "true"), ("\"a\" == \"A\"", "false"),
    ("null == null", "true"), ("n == null", "false"), ("null != n", "true"), ("[1, 2] == [1, 2]", "true"),
    ("[1, 2] == [2, 1]", "false"), ("[1] == [1, 2]", "false"), ("true == true", "true"), ("r == r", "true"),
    ("r == s", "false"), ("unknown == 1", "unknown"), ("unknown == unknown", "unknown"), ("unknown != 1", "unknown"),
    ("[1, unknown] == [1, 2]", "unknown"), ("[1, unknown] == [2, 2]", "false"), ("[unknown] == [1, 2]", "false"),
    ("unknown == null", "unknown"), ("n == \"a\"", "false"),
  ])
  func equalityComparesValues(_ text: String, _ value: String) {
    let names: [String: Value] = [
      "n": .integer(1), "r": .record(Fields([("a", .integer(1))])), "s": .record(Fields([("a", .integer(2))])),
    ]
    #expect(result(text, names) == value)
  }
}

/// Three-valued logic: the result is known if the known operands decide it.
@Suite struct ThreeValuedTests {
  private static let truths = ["true", "false", "unknown"]

  /// Kleene's truth tables, by row.
  @Test func andFollowsKleene() {
    let table = Self.truths.map { a in Self.truths.map { b in result("\(a) && \(b)") } }
    #expect(table == [["true", "false", "unknown"], ["false", "false", "false"], ["unknown", "false", "unknown"]])
  }

  @Test func orFollowsKleene() {
    let table = Self.truths.map { a in Self.truths.map { b in result("\(a) || \(b)") } }
    #expect(table == [["true", "true", "true"], ["true", "false", "unknown"], ["true", "unknown", "unknown"]])
  }

  @Test func notFollowsKleene() {
    #expect(Self.truths.map { result("!\($0)") } == ["false", "true", "unknown"])
  }

  @Test(arguments: [
    ("true ? 1 : 2", "1"), ("false ? 1 : 2", "2"), ("unknown ? 1 : 2", "unknown"), ("unknown ? 3 : 3", "3"),
    ("unknown ? unknown : 3", "unknown"), ("true ? unknown : 3", "unknown"), ("false ? unknown : 3", "3"),
    ("unknown ? [1] : [1]", "[1]"), ("unknown ? null : null", "null"),
  ])
  func conditionalIsKnownIfBothBranchesAgree(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  /// An operand that cannot change the result is not evaluated.
  @Test(arguments: [
    ("false && 1 / 0 == 1", "false"), ("true || 1 / 0 == 1", "true"), ("true ? 1 : 1 / 0", "1"),
    ("false ? 1 / 0 : 2", "2"),
    ("[1, 2].exists(x, x == 1 || x / 0 == 0)", "true"), ("[1, 2].first(x, x == 1 || 1 / 0 == 0)", "1"),
    ("[1, 2].all(x, x == 2 && 1 / 0 == 0)", "false"),
  ])
  func operatorsShortCircuit(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  /// Rows with another number are passed over; those with an unknown one are not.
  @Test(arguments: [
    ("rows.exists(r, r.offset == key.offset && r.kind == 7)", "true"),
    ("rows.exists(r, r.offset == key.offset && r.kind == 9)", "unknown"),
    ("rows.exists(r, r.offset == key.kind && r.kind == 5)", "true"),
    ("rows.first(r, r.offset == key.offset && r.kind > 6).kind", "7"),
    ("rows.filter(r, r.offset == key.offset && r.kind > 0).map(r, r.kind)", "unknown"),
    ("rows.all(r, r.offset == key.offset && r.kind == 7)", "false"),
  ])
  func tablesAreSearchedByNumber(_ text: String, _ value: String) {
    func row(_ offset: Value, _ kind: Int) -> Value { .record(Fields([("offset", offset), ("kind", Value(kind))])) }
    let scope = TestScope()
    scope.constants["rows"] = (.list([row(.integer(1), 5), row(.integer(4), 7), row(.unknown, 9)]), .any)
    scope.roots[.key] = .any
    let world = TestWorld()
    world.roots[.key] = .record(Fields([("offset", .integer(4)), ("kind", .integer(1))]))
    #expect(result(text, in: scope, world).hasPrefix(value))
  }

  @Test(arguments: [
    ("[].all(x, x)", "true"), ("[true, true].all(x, x)", "true"), ("[true, false].all(x, x)", "false"),
    ("[true, unknown].all(x, x)", "unknown"), ("[unknown, false].all(x, x)", "false"),
    ("[].exists(x, x)", "false"), ("[false, true].exists(x, x)", "true"), ("[false, false].exists(x, x)", "false"),
    ("[false, unknown].exists(x, x)", "unknown"), ("[unknown, true].exists(x, x)", "true"),
    ("[1, 2, 3].filter(x, x > 1)", "[2, 3]"), ("[1, 2].filter(x, x > 2)", "[]"),
    ("[1, 2].filter(x, unknown)", "unknown"),
    ("[1, 2].filter(x, x == 1 || unknown)", "unknown"), ("[].filter(x, unknown)", "[]"),
    ("[1, 2].map(x, x * 2)", "[2, 4]"), ("[1, unknown].map(x, x + 1)", "[2, unknown]"), ("[].map(x, x)", "[]"),
    ("[1, 2, 3].first(x, x > 1)", "2"), ("[1].first(x, x > 1)", "null"), ("[].first(x, true)", "null"),
    // A later element may be the first match, if the unknown one does not match.
    ("[unknown, 2].first(x, x == 2)", "unknown"), ("[2, unknown].first(x, x == 2)", "2"),
    ("[unknown].first(x, x == 2)", "unknown"),
    ("unknown.all(x, true)", "unknown"), ("unknown.exists(x, true)", "unknown"), ("unknown.filter(x, true)", "unknown"),
    ("unknown.map(x, 1)", "unknown"), ("unknown.first(x, true)", "unknown"),
    ("[[1, 2], [3]].map(l, l.map(x, x + size(l)))", "[[3, 4], [4]]"),
    ("[1, 2].all(x, [1, 2, 3].exists(y, x + y == 4))", "true"),
    ("[1, 2].map(x, [10].map(x, x))", "[[10], [10]]"),
  ])
  func comprehensionsAreThreeValued(_ text: String, _ value: String) {
    #expect(result(text) == value)
  }

  @Test(arguments: [
    ("1 in [1, 2]", "true"), ("3 in [1, 2]", "false"), ("1 in []", "false"), ("1 in [1, unknown]", "true"),
    ("3 in [1, unknown]", "unknown"), ("unknown in [1]", "unknown"), ("unknown in []", "false"),
    ("1 in unknown", "unknown"),
    ("2 in 1..3", "true"), ("3 in 1..3", "true"), ("4 in 1..3", "false"), ("0 in 1..3", "false"),
    ("1 in 3..1", "false"),
    ("null in 1..3", "false"), ("unknown in 1..3", "unknown"), ("unknown in 3..1", "false"),
    ("5 in unknown..3", "false"), ("1 in unknown..3", "unknown"), ("0 in 1..unknown", "false"),
    ("2 in 1..unknown", "unknown"), ("2 in unknown..unknown", "unknown"),
    // Bounds decide, so that the range can be longer than a list.
    ("1 << 63 in 0..0xffff_ffff_ffff_ffff", "true"), ("1 << 64 in 0..0xffff_ffff_ffff_ffff", "false"),
    ("\"a\" in m", "true"), ("\"b\" in m", "false"), ("unknown in m", "unknown"), ("null in [null]", "true"),
  ])
  func membershipIsThreeValued(_ text: String, _ value: String) {
    #expect(result(text, ["m": .map([.string("a"): .integer(1)])]) == value)
  }

  @Test(arguments: [
    "unknown + 1", "1 - unknown", "-unknown", "~unknown", "unknown < 1", "1 << unknown", "unknown.field", "unknown[1]",
    "[1][unknown]", "size(unknown)", "last(unknown)", "bits(unknown, 3, 0)", "wrap(unknown, 8)", "min(1, unknown)",
    "sum([1, unknown])", "overlaps(0, 1, unknown, 1)", "distinct(unknown)", "unknown / 0", "0 * unknown", "0 & unknown",
  ])
  func operatorsPropagateUnknown(_ text: String) {
    #expect(result(text) == "unknown")
  }
}

/// `a..b`, a list of integers, and `a ?? b`.
@Suite struct RangeAndDefaultTests {
  @Test(arguments: [
    ("0..3", "[0, 1, 2, 3]"), ("-1..1", "[-1, 0, 1]"), ("5..5", "[5]"), ("5..4", "[]"), ("1 + 1..2 * 2", "[2, 3, 4]"),
    ("0..unknown", "unknown"), ("unknown..0", "unknown"), ("(0..4).filter(n, n % 2 == 0)", "[0, 2, 4]"),
    ("size(0..65_535)", "65536"), ("0..2 == [0, 1, 2]", "true"), ("(0..1)[1]", "1"), ("0..n", "[0, 1, 2]"),
    ("0..65_536", "fails 0-9: the range 0..65536 has more than 65536 elements"),
    (
      "1 + size(0..1 << 126)",
      "fails 9-20: the range 0..85070591730234615865843651857942052864 has more than 65536 elements"
    ),
    (
      "size(-1 << 126..1 << 126)",
      "fails 5-24: the range \(-1 << 126 as Int128)..\(1 << 126 as Int128) has more than 65536 elements"
    ),
    ("0..b", "fails 0-4: '..' expects integers, not a boolean"),
    ("1 in 0..b", "fails 5-9: '..' expects integers, not a boolean"),
    ("0..true", "error 3-7: expected an integer, found a boolean"),
    ("0..1..2", "error 0-4: expected an integer, found a list"),
    ("true in 0..3", "error 0-4: a boolean can never be in a list of this kind (an integer)"),
    ("0..", "error 3-3: expected a value, found the end of the expression"),
    ("0...1", "error 3-4: expected a value"),
  ])
  func rangeHasBothEnds(_ text: String, _ value: String) {
    #expect(result(text, ["n": .integer(2), "b": .bool(true)]) == value)
  }

  @Test(arguments: [
    ("null ?? 3", "3"), ("1 ?? 3", "1"), ("false ?? true", "false"), ("null ?? null", "null"),
    ("null ?? null ?? 2", "2"), ("unknown ?? 3", "unknown"), ("null ?? unknown", "unknown"), ("m[9] ?? 0 == 0", "true"),
    ("m[1] ?? 0", "4"), ("m[9] ?? 1 | 2", "3"), ("1 ?? 1 / 0", "1"), ("null ?? 1 / 0", "fails 8-13: division by zero"),
    ("(m[9] ?? 5) + 1", "6"), ("true ? null ?? 1 : 2", "1"), ("[1, 2].first(x, x > 2) ?? 7", "7"),
    ("1 ?? true", "error 5-9: expected an integer, found a boolean"),
    ("1 ??", "error 4-4: expected a value, found the end of the expression"),
    ("true ?? 1 : 2", "error 10-11: expected an operator or the end of the expression"),
  ])
  func defaultReplacesNull(_ text: String, _ value: String) {
    #expect(result(text, ["m": .map([.integer(1): .integer(4)])]) == value)
  }

  @Test(arguments: [
    ("[3, 1, 2].sort(x, x)", "[1, 2, 3]"), ("[3, 1, 2].sort(x, -x)", "[3, 2, 1]"), ("[].sort(x, x)", "[]"),
    // Elements with equal keys keep their order.
    ("[31, 12, 22, 11].sort(x, x % 10)", "[31, 11, 12, 22]"), ("[\"b\", \"a\"].sort(x, 0)", "[\"b\", \"a\"]"),
    ("unknown.sort(x, x)", "unknown"), ("[2, unknown].sort(x, x)", "unknown"), ("[unknown].sort(x, x)", "[unknown]"),
    ("[2, 1].sort(x, x)[0] + 1", "2"), ("[[2, 1], [3]].map(l, l.sort(x, x))", "[[1, 2], [3]]"),
    ("[1, 2].sort(x, null)", "fails 0-20: the key is null, not an integer"),
    ("[1].sort(x, true)", "error 12-16: expected an integer, found a boolean"),
    ("1.sort(x, x)", "error 0-1: 'sort' expects a list, not an integer"),
    ("b.sort(x, x)", "fails 0-12: 'sort' expects a list, not a boolean"),
  ])
  func sortOrdersByKeys(_ text: String, _ value: String) {
    #expect(result(text, ["b": .bool(true)]) == value)
  }
}

/// The functions of the language.
@Suite struct FunctionTests {
  @Test(arguments: [
    ("size([])", "0"), ("size([1, 2, 3])", "3"), ("size(m)", "2"), ("last([1, 2])", "2"), ("last([])", "null"),
    ("sum([])", "0"), ("sum([1, 2, 3])", "6"), ("distinct([])", "true"), ("distinct([1, 2])", "true"),
    ("distinct([1, 2, 1])", "false"), ("distinct([1, unknown])", "unknown"), ("distinct([1, unknown, 1])", "false"),
    ("distinct([[1], [1]])", "false"), ("min(1, 2)", "1"), ("max(1, -2)", "1"),
    ("bits(0xabcd, 15, 12)", "10"), ("bits(0xabcd, 3, 0)", "13"), ("bits(0xabcd, 7, 7)", "1"),
    ("bits(-1, 63, 0)", "18446744073709551615"),
    ("bits(0x1_0000_0000_0000_0000, 64, 64)", "1"),
    ("bit(4, 2)", "true"), ("bit(4, 1)", "false"), ("bit(-1, 127)", "true"), ("bit(1, 127)", "false"),
    ("int(true)", "1"), ("int(false)", "0"), ("int(1 == 1) << 4 | int(false)", "16"), ("int(unknown)", "unknown"),
    ("bit(unknown, 0)", "unknown"), ("bit(1, unknown)", "unknown"),
    ("wrap(256, 8)", "0"), ("wrap(257, 8)", "1"), ("wrap(-1, 8)", "255"), ("wrap(0x1_0000_0005, 32)", "5"),
    ("wrap(5, 64)", "5"),
    ("overlaps(0, 4, 4, 4)", "false"), ("overlaps(0, 5, 4, 4)", "true"), ("overlaps(4, 4, 0, 4)", "false"),
    ("overlaps(4, 4, 0, 5)", "true"), ("overlaps(0, 10, 5, 0)", "true"), ("overlaps(0, 10, 10, 0)", "false"),
    ("overlaps(5, 0, 5, 0)", "false"), ("overlaps(0, 10, 2, 2)", "true"),
    ("[1, 2][0]", "1"), ("[1, 2][2]", "null"), ("[1, 2][-1]", "null"), ("[1][0xffff_ffff_ffff_ffff_ffff]", "null"),
    ("m[\"a\"]", "1"), ("m[\"c\"]", "null"),
  ])
  func functionsHaveTheirValues(_ text: String, _ value: String) {
    #expect(result(text, ["m": .map([.string("a"): .integer(1), .string("b"): .integer(2)])]) == value)
  }

  @Test(arguments: [
    ("bits(1, 0, 1)", "fails 0-13: bits(x, 0, 1) is not a bit field"),
    ("bits(1, 128, 128)", "fails 0-17: bits(x, 128, 128) is not a bit field"),
    ("bits(1, 2, -1)", "fails 0-14: bits(x, 2, -1) is not a bit field"),
    ("bits(1, 127, 0)", "fails 0-15: bits(x, 127, 0) is not a bit field"),
    ("bit(1, 128)", "fails 0-11: bit(x, 128) is not a bit"), ("bit(1, -1)", "fails 0-10: bit(x, -1) is not a bit"),
    ("wrap(1, 0)", "fails 0-10: wrap(x, 0) does not have a valid width"),
    ("wrap(1, 127)", "fails 0-12: wrap(x, 127) does not have a valid width"),
    ("wrap(1, -1)", "fails 0-11: wrap(x, -1) does not have a valid width"),
  ])
  func impossibleBitFieldsAndWidthsFail(_ text: String, _ message: String) {
    #expect(result(text) == message)
  }

  @Test(arguments: [
    ("size()", "error 0-6: size() takes 1 argument, not 0"), ("min(1)", "error 0-6: min() takes 2 arguments, not 1"),
    ("overlaps(1, 2, 3)", "error 0-17: overlaps() takes 4 arguments, not 3"),
    ("siez([1])", "error 0-9: unknown function 'siez'; did you mean 'size'?"),
    ("frobnicate()", "error 0-12: unknown function 'frobnicate'"),
    ("sum([true])", "error 4-10: sum() expects a list here, not a list"),
    ("min(true, 1)", "error 4-8: min() expects an integer here, not a boolean"),
    ("wrap(1, \"8\")", "error 8-11: wrap() expects an integer here, not a string"),
    ("int(1)", "error 4-5: int() expects a boolean here, not an integer"),
    ("bit(true, 1)", "error 4-8: bit() expects an integer here, not a boolean"),
    ("bytes([1])", "error 6-9: bytes() is the length of a call's payload; write bytes(value)"),
    ("bytes()", "error 0-7: bytes() takes 1 argument, not 0"),
    ("size(1)", "error 5-6: size() expects a list or a map, not an integer"),
    ("last(5)", "error 5-6: last() expects a list here, not an integer"),
  ])
  func wrongCallIsReported(_ text: String, _ message: String) {
    #expect(result(text) == message)
  }

  /// The payload itself is not read, so its length is known before the kernel copies it in.
  @Test func bytesIsTheLengthOfThePayload() {
    let scope = TestScope()
    #expect(result("bytes(value)", in: scope) == "error 6-11: 'value' has no meaning here")
    scope.roots = [.value: .integer]
    let world = TestWorld()
    #expect(result("bytes(value)", in: scope, world) == "unknown")
    world.payloadSize = 72
    #expect(result("bytes(value) / 8 - 1", in: scope, world) == "8")
  }

  @Test func functionsOfASchemaCanBeCalled() throws {
    let scope = TestScope()
    let double = Function(name: "double", parameters: ["x"])
    scope.functions["double"] = double
    let inner = ParameterScope(["x"])
    double.body = try Expression("[1, 2].map(i, x * i)", in: inner)
    #expect(result("double(21)", in: scope) == "[21, 42]")
    // Each call has separate locals.
    #expect(result("[1, 2].map(i, double(i)[1] + i)", in: scope) == "[3, 6]")
    #expect(result("double(double(2)[1])", in: scope) == "[4, 8]")
    #expect(result("double()", in: scope) == "error 0-8: double() takes 1 argument, not 0")
    #expect(result("1 + duble(2)[0]", in: scope) == "error 4-12: unknown function 'duble'; did you mean 'double'?")
    double.body = try Expression("x / 0", in: inner)
    #expect(result("1 + double(1)", in: scope) == "fails 4-13: in double(): division by zero")
  }
}

/// The parameters of a function are its first locals.
final class ParameterScope: Scope {
  private let parameters: [String]

  init(_ parameters: [String]) { self.parameters = parameters }

  func meaning(of name: String) -> Meaning? { parameters.firstIndex(of: name).map { .local($0, .any) } }
  func function(_ name: String) throws(ExpressionError) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { parameters }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { parameters.count }
  func reserve(slots: Int) {}
}
