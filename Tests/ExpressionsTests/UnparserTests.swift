import Diagnostics
import Expressions
import TestSupport
import Testing
import YAMLSyntax

@Suite struct UnparserTests {
  /// Parentheses stay where the precedence needs them, and only there.
  @Test(arguments: [
    // One operator below another.
    ("(a + b) * c", "(a + b) * c"), ("a + (b * c)", "a + b * c"), ("(a * b) + c", "a * b + c"),
    ("(a | b) == c", "a | b == c"), ("a | (b == c)", "a | (b == c)"), ("(a & b) | c", "a & b | c"),
    ("a & (b | c)", "a & (b | c)"), ("a & (b - 1) != 0", "a & b - 1 != 0"), ("(a << b) + c", "(a << b) + c"),
    ("(a || b) && c", "(a || b) && c"), ("a || (b && c)", "a || b && c"), ("(a < b) && (c < d)", "a < b && c < d"),
    // Operators group from the left.
    ("(a - b) - c", "a - b - c"), ("a - (b - c)", "a - (b - c)"), ("a && (b && c)", "a && (b && c)"),
    ("a / (b * c)", "a / (b * c)"), ("(a / b) * c", "a / b * c"),
    // Comparisons do not chain.
    ("(a == b) == c", "(a == b) == c"), ("a == (b == c)", "a == (b == c)"), ("(a in b) != c", "(a in b) != c"),
    // Ranges and defaults.
    ("(a + 1) .. (b)", "a + 1..b"), ("(a..b).map(x, x)", "(a..b).map(x, x)"), ("x in (0 .. 3)", "x in 0..3"),
    ("(x in y)..z", "(x in y)..z"), ("size((a)..b.c)", "size(a..b.c)"), ("a..(b | c)", "a..b | c"),
    ("(a ?? b) | c", "(a ?? b) | c"), ("a ?? (b | c)", "a ?? b | c"), ("(a ?? b) ?? c", "a ?? b ?? c"),
    ("a ?? (b ?? c)", "a ?? (b ?? c)"), ("(a ?? b) == c", "a ?? b == c"), ("a ?? (b == c)", "a ?? (b == c)"),
    ("-(a..b)", "-(a..b)"), ("(a ?? b) ? c : d", "a ?? b ? c : d"), ("a.sort( x,-x )", "a.sort(x, -x)"),
    ("since( \"v6.1\",\"v5.15.9\" )", "since(\"v6.1\", \"v5.15.9\")"),
    // Unary operators.
    ("!(a && b)", "!(a && b)"), ("!(a.b)", "!a.b"), ("-(a + b)", "-(a + b)"), ("(-a) + b", "-a + b"), ("-(-a)", "--a"),
    ("(-a)[0]", "(-a)[0]"), ("-(a[0])", "-a[0]"), ("~(a) & b", "~a & b"), ("a - (-b)", "a - -b"),
    // Conditionals.
    ("(a ? b : c) ? d : e", "(a ? b : c) ? d : e"), ("a ? (b ? c : d) : e", "a ? b ? c : d : e"),
    ("a ? b : (c ? d : e)", "a ? b : c ? d : e"), ("(a ? b : c) + 1", "(a ? b : c) + 1"),
    ("!(a ? b : c)", "!(a ? b : c)"), ("(a || b) ? c : d", "a || b ? c : d"),
    // Between brackets nothing needs them.
    ("[(a + b),(c)]", "[a + b, c]"), ("f( (a ? b : c) , d )", "f(a ? b : c, d)"), ("a[(b + c)]", "a[b + c]"),
    ("(a).all(x,(x > 0))", "a.all(x, x > 0)"), ("(a + b).map(x, x)", "(a + b).map(x, x)"), ("(a.b).c", "a.b.c"),
    ("(a ? b : c).d", "(a ? b : c).d"), ("f(a).b", "f(a).b"), ("[]", "[]"), ("f()", "f()"),
    // Literals are spelled as they were written.
    ("0x0A_0000  +  64KiB", "0x0A_0000 + 64KiB"), ("a==\"x (y) \"", "a == \"x (y) \""),
    ("0b101 | 0o17", "0b101 | 0o17"),
    ("[true,false,null,unknown]", "[true, false, null, unknown]"), ("5.f", "5.f"), ("\"a\".b", "\"a\".b"),
  ])
  func parentheses(_ text: String, _ printed: String) throws {
    let syntax = try Parser.parse(text)
    #expect(syntax.description == printed)
    #expect(shape(try Parser.parse(printed)) == shape(syntax))
  }

  /// All expressions of the schemas, and texts that happen to read as expressions, survive.
  @Test func theSchemas() throws {
    var count = 0
    for path in files(below: repository + "/schemas") where path.hasSuffix(".yaml") {
      let file = SourceFile(path: path, bytes: Array(try #require(text(ofFile: path)).utf8))
      for text in SourceTree(parsing: file).documents.flatMap(scalars) {
        guard let syntax = try? Parser.parse(text) else { continue }
        count += 1
        #expect(shape(try Parser.parse(syntax.description)) == shape(syntax), "\(text)")
      }
    }
    #expect(count > 5000)
  }

  private func scalars(_ node: Node) -> [String] {
    switch node.content {
    case .scalar(let text, _): [text]
    case .sequence(let items): items.flatMap(scalars)
    case .mapping(let entries): entries.flatMap { [$0.key.value] + scalars($0.value) }
    }
  }
}

/// The tree, written so that precedence plays no part: `(+ a (* b c))`.
private func shape(_ syntax: Syntax) -> String {
  let label =
    switch syntax {
    case .binary(let op, _, _, _): op.rawValue
    case .unary(let op, _, _): op.rawValue
    case .conditional: "?"
    case .field(_, let name, _): ".\(name)"
    case .index: "index"
    case .list: "list"
    case .call(let name, _, _): "\(name)()"
    case .comprehension(let kind, _, let variable, _, _): "\(kind) \(variable)"
    case .integer(let value, let spelling, _): "\(value) \(spelling)"
    case .string, .bool, .null, .unknown, .name: syntax.description
    }
  return "(" + ([label] + syntax.children.map(shape)).joined(separator: " ") + ")"
}
