import Diagnostics
import TestSupport
import Testing
import YAMLSyntax

private func expectErrors(
  _ marked: String, _ expected: ExpectedDiagnostic..., sourceLocation: SourceLocation = #_sourceLocation
) {
  expectDiagnostics(in: MarkedText(marked), expected, sourceLocation: sourceLocation) { file in
    SourceTree(parsing: file).diagnostics
  }
}

/// Features of YAML that a manifest must not use.
@Suite struct RefusalTests {
  @Test func duplicateKeysAreReported() {
    expectErrors(
      "{3️⃣a: 1, 1️⃣a2️⃣: 2, \"b\": {a: 3}, 4️⃣'a': 4}",
      .init("1️⃣", to: "2️⃣", "duplicate-key", "duplicate key 'a'", notes: [.init("3️⃣", "the first one is here")]),
      .init("4️⃣", "duplicate-key", "duplicate key 'a'", notes: [.init("3️⃣", "the first one is here")]))
    #expect(dump(parse("a: 1\na: 2").documents) == "1:1-2:5 mapping\n  1:1-2 key \"a\"\n    1:4-5 plain \"1\"\n")
  }

  @Test func mergeKeysAreReported() {
    expectErrors(
      "x: &x {a: 1}\ny:\n  1️⃣<<2️⃣: *x\n  '<<': 1\n",
      .init(
        "1️⃣", to: "2️⃣", "merge-key",
        "merge keys ('<<') are not supported; write the keys out, or quote '<<' if it is a name"))
  }

  @Test func complexKeysAreReported() {
    let note = ExpectedNote("one bracket is too many, or text that begins with '{' or '[' needs double quotes")
    expectErrors(
      "? 1️⃣[a, b]2️⃣\n: c\nd: {3️⃣{ x }4️⃣}\n",
      .init("1️⃣", to: "2️⃣", "complex-key", "a list cannot be a key", notes: [note]),
      .init("3️⃣", to: "4️⃣", "complex-key", "a mapping cannot be a key", notes: [note]))
  }

  @Test func tagsAreReported() {
    let note = ExpectedNote("text that begins with '!' needs double quotes")
    func message(_ tag: String) -> String {
      "tags such as '\(tag)' are not supported: the type of a value comes from its schema"
    }
    expectErrors(
      "a: 1️⃣!!int2️⃣ 3\nb: &x 3️⃣!foo4️⃣ [5️⃣!<tag:x,2000:y>6️⃣ z]\nc: 7️⃣!8️⃣ d\n",
      .init("1️⃣", to: "2️⃣", "yaml-tag", message("!!int"), notes: [note]),
      .init("3️⃣", to: "4️⃣", "yaml-tag", message("!foo"), notes: [note]),
      .init("5️⃣", to: "6️⃣", "yaml-tag", message("!<tag:x,2000:y>"), notes: [note]),
      .init("7️⃣", to: "8️⃣", "yaml-tag", message("!"), notes: [note]))
    expectErrors("a: 1️⃣!x!y2️⃣ z", .init("1️⃣", to: "2️⃣", "yaml-tag", message("!x!y"), notes: [note]))
    expectErrors(
      "1️⃣%TAG ! foo\n---2️⃣\na: 1\n",
      .init("1️⃣", to: "2️⃣", "yaml-tag", "tags are not supported, and neither is '%TAG'"))
  }

  @Test func taggedNodeIsKept() {
    #expect(
      dump(parse("a: !t\n  &x\n  # comment\n  é: 1\nb: !!str\n").documents)
        == "1:1-5:9 mapping\n  1:1-2 key \"a\"\n    4:3-7 mapping\n      4:3-4 key \"é\"\n        4:6-7 plain \"1\"\n"
        + "  5:1-2 key \"b\"\n    5:9-9 plain \"\"\n")
  }

  @Test func undefinedAliasesAreReported() {
    expectErrors(
      "x: &first 1\ny: 1️⃣*frist2️⃣\n",
      .init("1️⃣", to: "2️⃣", "undefined-alias", "there is no anchor '&frist' before this alias", fixIts: ["*first"]))
    expectErrors(
      "y: 1️⃣*.*2️⃣\n",
      .init("1️⃣", "yaml-syntax", "text that begins with '*' needs quotes: write \"*.*\"", fixIts: ["\"*.*\""]))
    expectErrors(
      "y: 1️⃣*z2️⃣\n",
      .init(
        "1️⃣", to: "2️⃣", "undefined-alias", "there is no anchor '&z' before this alias",
        notes: [.init("text that begins with '*' needs double quotes")]))
    expectErrors(
      "&a [1, 1️⃣*a2️⃣]",
      .init("1️⃣", to: "2️⃣", "undefined-alias", "the alias '*a' is inside the node that it names"))
  }

  @Test func missingKeysAreReported() {
    expectErrors("{1️⃣: 1}", .init("1️⃣", "yaml-syntax", "there is no key before this ':'"))
    expectErrors("1️⃣: 1", .init("1️⃣", "yaml-syntax", "there is no key before this ':'"))
  }
}
