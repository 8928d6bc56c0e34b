import Diagnostics
import Reporting
import TestSupport
import Testing

/// A diagnostic from 1️⃣ to 2️⃣ of a text.
private func diagnostic(
  _ marked: String, path: String = "a b/vm.yaml", severity: Severity = .error, id: DiagnosticID = "test-id",
  _ message: String = "wrong", notes: [Note] = []
) throws -> Diagnostic {
  let text = MarkedText(marked)
  let file = SourceFile(path: path, bytes: text.file.bytes, folder: ".")
  let start = try #require(text.places["1️⃣"])
  let range = SourceRange(file: file, start: start, end: text.places["2️⃣"] ?? start)
  return Diagnostic(severity, id, message, at: range, notes: notes, fixIts: [FixIt(replace: range, with: "x{}")])
}

@Suite struct GCCRendererTests {
  @Test func everyDiagnosticIsOneLine() throws {
    let one = try diagnostic("a: 1\nb: 1️⃣xy2️⃣\n", severity: .warning, "two\nlines", notes: [Note("why")])
    var output = ""
    GCCRenderer().render([one, .error("cannot-read", "cannot read x: no", at: nil)], into: &output)
    #expect(
      output == """
        a b/vm.yaml:2:4: warning: two\\nlines [test-id]
        kvmconf: error: cannot read x: no [cannot-read]

        """)
  }
}

@Suite struct GitHubRendererTests {
  private func render(_ diagnostics: [Diagnostic]) -> [String] {
    var output = ""
    GitHubRenderer().render(diagnostics, into: &output)
    return output.split(separator: "\n").map(String.init)
  }

  @Test func commandSyntaxIsEscaped() throws {
    let one = try diagnostic(
      "a: 1️⃣xy2️⃣", path: "./50%,x:y\n/vm.yaml", id: "vm.x:EINVAL", "100%: a, b\n::error::c", notes: [Note("why")])
    #expect(
      render([one]) == [
        "::error file=50%25%2Cx%3Ay%0A/vm.yaml,line=1,col=4,endLine=1,endColumn=5,title=vm.x%3AEINVAL::"
          + "100%25: a, b\\n::error::c%0Anote: why"
      ])
  }

  @Test func columnsAreGivenForRangesOfOneLine() throws {
    let one = try diagnostic("a:\n  1️⃣- x\n  - y2️⃣")
    #expect(render([one]) == ["::error file=a b/vm.yaml,line=2,endLine=3,title=test-id::wrong"])
    let empty = try diagnostic("a: 1️⃣")
    #expect(render([empty])[0].contains(",col=4,endLine=1,endColumn=4,"))
    #expect(render([.error("x", "nowhere", at: nil)]) == ["::error title=x::nowhere"])
  }

  @Test func mostSevereComeFirstAndTheOthersAreCounted() throws {
    let note = try diagnostic("1️⃣a", severity: .note)
    let warning = try diagnostic("1️⃣a", severity: .warning)
    let error = try diagnostic("1️⃣a")
    let ten = render(Array(repeating: error, count: 10))
    #expect(ten.count == 10 && !ten.contains { $0.contains("::notice") })
    let lines = render([note, warning] + Array(repeating: warning, count: 10) + Array(repeating: error, count: 12))
    #expect(
      lines.map { $0.prefix(5) } == Array(repeating: "::err", count: 12) + Array(repeating: "::war", count: 11) + [
        "::not", "::not",
      ])
    #expect(lines[9].hasSuffix("::wrong"))
    // A line that is not an annotation gives its place in the log.
    #expect(lines[10].hasSuffix("::a b/vm.yaml:1:1: wrong"))
    #expect(lines[23].contains("2 errors and 1 warning more"))
    // The notice with the count is itself one of the ten.
    #expect(render(Array(repeating: note, count: 10)).count == 10)
    #expect(render(Array(repeating: note, count: 11))[0].contains("2 notes more"))
  }
}

@Suite struct JUnitRendererTests {
  @Test func filesAreSuitesAndManifestsAreCases() throws {
    let error = try diagnostic("a: 1️⃣<&\">2️⃣", id: "vm.x:EINVAL", "no '<&\">\u{1}]]>'")
    let unreadable = Diagnostic.error("cannot-read", "cannot read b.yaml: no", at: nil)
    var output = ""
    JUnitRenderer().render(
      [
        .init(
          name: "a\"<.yaml",
          cases: [
            .init(name: "one", failures: []), .init(name: "two", line: 7, failures: [error, error], remarks: [error]),
          ]),
        .init(name: "b.yaml", cases: [.init(name: "b", failures: [unreadable], isError: true)]),
      ], into: &output)
    let rendered = """
      a b/vm.yaml:1:4: error: no '&lt;&amp;&quot;&gt;\\u{1}]]&gt;' [vm.x:EINVAL]
          1 | a: &lt;&amp;&quot;&gt;
            |    ^^^^
         note: did you mean 'x{}'?

      """
    #expect(
      output
        == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="kvmconf validate" tests="3" failures="1" errors="1" skipped="0">
          <testsuite name="a&quot;&lt;.yaml" tests="2" failures="1" errors="0" skipped="0">
            <testcase name="one" classname="a&quot;&lt;.yaml" file="a&quot;&lt;.yaml" line="1"/>
            <testcase name="two" classname="a&quot;&lt;.yaml" file="a&quot;&lt;.yaml" line="7">
              <failure type="vm.x:EINVAL" message="no &apos;&lt;&amp;&quot;&gt;\\u{1}]]&gt;&apos; (and 1 more)">\(rendered)\(rendered)</failure>
              <system-out>\(rendered)</system-out>
            </testcase>
          </testsuite>
          <testsuite name="b.yaml" tests="1" failures="0" errors="1" skipped="0">
            <testcase name="b" classname="b.yaml" file="b.yaml" line="1">
              <error type="cannot-read" message="cannot read b.yaml: no">error: cannot read b.yaml: no [cannot-read]
        </error>
            </testcase>
          </testsuite>
        </testsuites>

        """.replacing("&apos;", with: "'"))
  }

  @Test func charactersThatXMLForbidsAreEscaped() {
    var output = ""
    let scalars = (0...0x1F).map { String(Unicode.Scalar(UInt8($0))) }.joined() + "\u{FFFE}\u{FFFF}"
    JUnitRenderer(name: scalars).render(
      [.init(name: scalars, cases: [.init(name: scalars, failures: [])])], into: &output)
    #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || $0 >= " " && $0 != "\u{FFFE}" && $0 != "\u{FFFF}" })
  }
}

@Suite struct SARIFRendererTests {
  private func render(_ diagnostics: [Diagnostic]) -> String {
    var output = ""
    SARIFRenderer(version: "1.2.3") { RuleHelp(title: "of \($0)", text: "all {of} it") }
      .render(diagnostics, into: &output)
    return output
  }

  private func fingerprints(_ diagnostics: [Diagnostic]) -> [String] {
    let lines = render(diagnostics).split(separator: "\n").filter { $0.contains("manifestLine/v1") }
    return lines.map { String($0.split(separator: "\"")[3]) }
  }

  @Test func messagesHaveNeitherPlaceholdersNorLinks() throws {
    let output = render([try diagnostic("a: 1️⃣xy2️⃣", "no {0} and [here](https://example.org)")])
    #expect(output.contains(#""text": "no {{0}} and [here] (https://example.org)""#))
    #expect(output.contains(#""text": "all {{of}} it""#))
    // The text of a fix-it is not a message.
    #expect(output.contains(#""text": "x{}""#))
    #expect(output.contains(#""uri": "a%20b/vm.yaml""#))
    #expect(output.contains(#""columnKind": "unicodeCodePoints""#))
  }

  @Test func pathsBecomeURIs() {
    #expect("./a/ü:%.yaml".uriReference == "a/%C3%BC%3A%25.yaml")
    #expect("../a\t.yaml".uriReference == "../a%09.yaml")
    #expect("/etc/a b.yaml".uriReference == "file:///etc/a%20b.yaml")
    #expect("<stdin>".uriReference == "%3Cstdin%3E")
  }

  @Test func fingerprintsSurviveMovedLines() throws {
    let before = try diagnostic("devices:\n- name: a\n  addr:\n    dist: 1️⃣0x12️⃣\n")
    let after = try diagnostic(
      "# new\nkvmconf: 1\n\ndevices:\n  - name: a\n\n    addr:\n      # so\n      dist: 1️⃣0x12️⃣  \n")
    #expect(fingerprints([before]) == fingerprints([after]))
    // Another device, another value or another id gives another fingerprint.
    let others = [
      try diagnostic("devices:\n- name: b\n  addr:\n    dist: 1️⃣0x12️⃣\n"),
      try diagnostic("devices:\n- name: a\n  addr:\n    dist: 1️⃣0x22️⃣\n"),
      try diagnostic("devices:\n- name: a\n  addr:\n    dist: 1️⃣0x12️⃣\n", id: "other"),
    ]
    #expect(Set([before] + others).count == Set(fingerprints([before] + others)).count)
    // Equal diagnostics in one file are numbered.
    let twice = fingerprints([before, before])
    #expect(twice[0].hasSuffix(":1") && twice[1].hasSuffix(":2") && twice[0].dropLast() == twice[1].dropLast())
  }

  /// The time for many diagnostics in one file is linear.
  @Test(.slow, .hangGuard) func timeIsLinearInTheNumberOfDiagnostics() {
    func seconds(_ count: Int) -> Double {
      let file = SourceFile(path: "vm.yaml", bytes: Array(String(repeating: "- x\n", count: count).utf8), folder: ".")
      let many = (1...count).map {
        Diagnostic.error(
          "x", "y",
          at: SourceRange(
            file: file, start: Position(line: $0, column: 3), end: Position(line: $0, column: 4)))
      }
      return processorTime { #expect(Set(fingerprints(many)).count == count) }
    }
    _ = seconds(100)
    let (small, large) = (seconds(2000), seconds(20_000))
    #expect(isProportional(small, large), "\(small) s and \(large) s")
  }

  @Test func diagnosticWithoutAPlaceIsANotification() {
    let output = render([.error("cannot-read", "cannot read x: no", at: nil)])
    #expect(output.contains(#""executionSuccessful": false"#))
    #expect(output.contains(#""results": []"#))
    #expect(output.contains(#""text": "cannot read x: no""#))
    #expect(render([]).contains(#""executionSuccessful": true"#))
  }
}
