import Diagnostics
import TestSupport
import Testing
import YAMLSyntax

/// Hostile texts are either read to their end or give a diagnostic.
@Suite(.hangGuard) struct LimitTests {
  private func ids(_ text: String, _ limits: Limits = .manifest) -> [String] {
    parse(text, limits: limits).diagnostics.map(\.id.description)
  }

  @Test func nestingIsLimited() {
    #expect(ids(repeated("[", 64) + repeated("]", 64)) == [])
    let deep = parse(repeated("[", 65) + repeated("]", 65))
    #expect(deep.diagnostics.map(\.message) == ["mappings and lists are nested deeper than 64 levels"])
    #expect(deep.diagnostics.map { $0.range.map(short) } == ["1:65-66"])
    #expect(deep.documents.isEmpty)
  }

  @Test(arguments: ["[", "{a: ", "[\n", "- ", "? ", "{? "])
  func veryDeepNestingIsReportedOnce(_ opening: String) {
    #expect(ids(repeated(opening, 200_000)) == ["too-deep"])
  }

  @Test func deepBlockMappingsAreReported() {
    let text = (0..<100).map { repeated(" ", $0) + "a:\n" }.joined()
    #expect(ids(text) == ["too-deep"])
  }

  @Test func aliasesThatExpandExponentiallyAreReported() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for i in 1...9 {
      text += "a\(i): &a\(i) [" + Array(repeating: "*a\(i - 1)", count: 9).joined(separator: ", ") + "]\n"
    }
    #expect(ids(text) == ["too-many-aliases"])
  }

  @Test func nestedAliasesCountTowardsTheLimit() {
    var text = "a0: &a0 [x]\n"
    for i in 1...100 { text += "a\(i): &a\(i) [*a\(i - 1)]\n" }
    let tree = parse(text)
    #expect(Set(tree.diagnostics.map(\.id)) == ["too-deep"])
    #expect(tree.diagnostics.first?.range?.start.line == 64)
    // An empty scalar replaces the alias, so the next levels are within the limit again.
    #expect(tree.diagnostics.count == 1)
  }

  @Test func manyUsesOfASmallAliasAreAccepted() {
    #expect(ids("a: &a [x, y]\nb: [" + Array(repeating: "*a", count: 1000).joined(separator: ", ") + "]") == [])
  }

  @Test func sizesAreLimited() {
    var limits = Limits.manifest
    limits.bytes = 10
    #expect(ids("a: 1234567", limits) == [])
    #expect(ids("a: 12345678", limits) == ["too-large"])
    limits = .manifest
    limits.scalarBytes = 10
    #expect(ids("a: 1234567890", limits) == [])
    let tree = parse("a: 12345678901\nb: 1", limits: limits)
    #expect(
      tree.diagnostics.map { "\($0.range.map(short) ?? ""): \($0.message)" } == [
        "1:4-5: this value is longer than 10 bytes"
      ])
    limits = .manifest
    limits.nodes = 10
    #expect(ids(repeated("- \n", 9), limits) == [])
    #expect(ids(repeated("- \n", 20), limits) == ["too-large"])
    #expect(ids(repeated("%TAG !a! b\n", 100_000) + "---\na: 1") == ["too-large"])
  }

  @Test func numberOfDiagnosticsIsLimited() {
    #expect(ids(repeated("a: 1\n", 100_000)).count == Limits.manifest.diagnostics)
  }

  @Test(
    .slow,
    arguments: [
      Hostile("&a ", 100_000), Hostile("&a x, ", 100_000, in: ("[", "]")), Hostile("*a : ", 10_000),
      Hostile("é: , ", 100_000, in: ("[", "]")), Hostile("\n", 900_000, in: ("a: '", "'")),
      Hostile("\n", 900_000, in: ("a: |", "")), Hostile("\n", 900_000, in: ("a: x", " y")),
      Hostile("# comment ", 100_000),
      Hostile("--- |\n", 100_000), Hostile("\"é\" : , ", 100_000, in: ("{", "}")), Hostile("- !é x\n", 20_000),
      Hostile("? a\n", 100_000), Hostile("!é x, ", 20_000, in: ("[", "]")), Hostile("x ", 500_000),
      Hostile("x\n", 500_000), Hostile("'", 500_000), Hostile("- |\n", 100_000), Hostile("a: [${x}, ", 10_000),
      Hostile("${", 200_000, in: ("", ": x: ")), Hostile("---\n", 300_000), Hostile("- é: \n", 100_000),
      Hostile("- &a [x, *b]\n", 20_000), Hostile("{a: 1, a: 2}, ", 100_000, in: ("[", "]")),
    ])
  private func everyHostileTextIsReadToAnEnd(_ text: Hostile) {
    expectProportional(text.count) { count in
      #expect(parse(text.text(count)).diagnostics.count <= Limits.manifest.diagnostics)
    }
  }

  @Test(.slow) func manyDifferentKeysAreAccepted() {
    expectProportional(50_000) { count in
      #expect(ids("{" + (0..<count).map { "k\($0): " }.joined(separator: ", ") + "}") == [])
    }
  }

  /// Reads a tenth of a text, then all of it.
  private func expectProportional(_ count: Int, _ read: (Int) -> Void) {
    read(100)
    let (small, large) = (processorTime { read(count / 10) }, processorTime { read(count) })
    #expect(isProportional(small, large), "\(small) s and \(large) s")
  }
}

/// A piece of text, repeated many times.
private struct Hostile: CustomTestStringConvertible {
  var text: @Sendable (Int) -> String
  var count: Int
  var testDescription: String

  init(_ piece: String, _ count: Int, in brackets: (String, String) = ("", "")) {
    text = { brackets.0 + repeated(piece, $0) + brackets.1 }
    self.count = count
    testDescription = "\(count) times \(piece.debugDescription)"
  }
}

private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
