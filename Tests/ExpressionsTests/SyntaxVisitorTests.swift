import Expressions
import Testing

@Suite struct SyntaxVisitorTests {
  @Test(arguments: [
    ("vm.gic.model == \"v3\" && !host.nested", "vm.gic.model host.nested"),
    ("f(a, b.c)[d] + 4", "a b.c d"),
    ("a ? b : -c", "a b c"),
    // The fields of something that is computed belong to no name.
    ("f(a).b.c + [d][0].e", "a d"),
    // A comprehension's own variable is left out; a name outside it is not.
    ("list.all(x, x.id == y.id) || x.id == 0", "list y.id x.id"),
    ("x.filter(x, x.on)", "x"),
    ("true || null == unknown || \"a.b\" == 3", ""),
  ])
  func paths(_ text: String, _ paths: String) throws {
    let syntax = try Parser.parse(text)
    #expect(syntax.paths.map { $0.joined(separator: ".") }.joined(separator: " ") == paths)
    #expect(syntax.names == Set(paths.split(separator: " ").map { String($0.prefix { $0 != "." }) }))
  }

  @Test func aPathIsANameWithFields() throws {
    #expect(try Parser.parse("(vm.gic).model").path == ["vm", "gic", "model"])
    for other in ["vm[0].model", "f(vm).model", "vm.list.first(x, x.on).id", "-vm", "\"vm\""] {
      #expect(try Parser.parse(other).path == nil, "\(other)")
    }
  }

  @Test func everyPartIsVisitedOnceFromTheTop() throws {
    var parts: [String] = []
    try Parser.parse("a.b ? f(c, [d]) : e.map(x, x + 1)").visit { parts.append($0.description) }
    #expect(
      parts == [
        "a.b ? f(c, [d]) : e.map(x, x + 1)", "a.b", "a", "f(c, [d])", "c", "[d]", "d", "e.map(x, x + 1)", "e", "x + 1",
        "x", "1",
      ])
  }

  @Test(arguments: [
    ("a", "b + 1", "b + 1"), ("a * 2", "b + 1", "(b + 1) * 2"), ("a % a.size", "b", "b % b.size"),
    ("!a", "b == c", "!(b == c)"), ("!a", "b.c", "!b.c"), ("a.b", "c ? d : e", "(c ? d : e).b"),
    ("f(a, [a], l[a])", "b + 1", "f(b + 1, [b + 1], l[b + 1])"), ("a ? a : a", "b", "b ? b : b"),
    // Fields, functions and strings are not names.
    ("x.a == a(\"a\")", "b", "x.a == a(\"a\")"),
    // Neither is a variable of a comprehension, which makes way for a name that is put in.
    ("a.all(a, a > 0)", "b", "b.all(a, a > 0)"), ("l.all(x, x == a)", "x.id", "l.all(x_, x_ == x.id)"),
    ("l.all(x, x == a)", "x + x_", "l.all(x__, x__ == x + x_)"),
    ("l.all(x, x == a + x_)", "x", "l.all(x__, x__ == x + x_)"),
  ])
  func replacing(_ text: String, _ argument: String, _ result: String) throws {
    #expect(try Parser.parse(text).replacing(["a": Parser.parse(argument)]).description == result)
  }
}
