import Diagnostics
import KVMConf
import TestSupport
import Testing
import Vocabulary
import Workspace

/// A bad manifest has one fault, is named by the id of a check and trips only that check.
///
/// Its first line is `# expect: LINE:COLUMN TEXT`: the place of the diagnostic, and words of its message, note or fix.
/// A schema that only one manifest needs is in `Tests/Fixtures/schemas`. The name of the folder is the id, with `.` for
/// `:`. If there are several folders for one id, `--` and a word follow.
@Suite struct BadFixtureTests {
  static let folder = fixtures + "/bad"

  /// `unknown-key` of `unknown-key--device`, `vfio.create:EBUSY` of `vfio.create.EBUSY`.
  static func id(_ fixture: String) -> String {
    let name = fixture.split(separator: "-", omittingEmptySubsequences: false).reduce(
      into: (parts: [String](), ended: false)
    ) {
      if $1.isEmpty { $0.ended = true }
      if !$0.ended { $0.parts.append(String($1)) }
    }.parts.joined(separator: "-")
    guard let dot = name.lastIndex(of: "."), case let answer = name[dot...].dropFirst(),
      answer.first == "E" || answer == "hazard"
    else { return name }
    return name[..<dot] + ":" + answer
  }

  @Test func fixturesAreFoundByID() {
    #expect(names(inFolder: Self.folder).count > 60)
    #expect(Self.id("unknown-key--device") == "unknown-key")
    #expect(Self.id("arm-vgic-v3.addr.dist.EINVAL") == "arm-vgic-v3.addr.dist:EINVAL")
  }

  @Test(arguments: names(inFolder: folder))
  func fixtureGivesExactlyItsDiagnostic(_ fixture: String) throws {
    let path = "\(Self.folder)/\(fixture)/manifest.yaml"
    let first = try #require(text(ofFile: path)).prefix { $0 != "\n" }
    let expectation = try #require(first.hasPrefix("# expect: ") ? first.dropFirst(10) : nil)
    let (place, words) = try #require(
      expectation.firstIndex(of: " ").map { (expectation[..<$0], expectation[$0...].dropFirst()) })
    let found = try validation(path, schemas: fixtures + "/schemas").diagnostics
    #expect(found.map(WorkspaceTests.place) == ["\(place) \(Self.id(fixture))"], "\(found.map(\.message))")
    if let diagnostic = found.first { #expect(WorkspaceTests.words(diagnostic).contains(words)) }
  }

  /// Checks that a manifest alone cannot trip, with the tests that trip them.
  private static let elsewhere: Set<String> = [
    "cannot-read", "bad-facts", "unknown-fact",  // LibraryTests
    "newer-release", "older-release", "no-such-release",  // FieldReportTests: about an option
    "no-host", "bad-shard",  // MatrixTests: about several hosts
    "bad-baseline", "not-a-manifest",  // FieldReportTests: about files that are no manifests
    "bad-plan", "cannot-write", "undecided",  // EndToEndTests: about other files and options
    "no-schemas",  // SchemaCaseTests: every architecture has schemas
    "schema-header",  // SchemaDraftTests: about headers
    "schema-no-case",  // SchemaCaseTests: about schemas
    "outcome-differs", "value-differs",  // ConformTests: comparisons with a kernel
    "schema-evaluation",  // ProbeTests: about hosts
    "schema-state",  // SavedStateTests: about schemas
    "bad-configuration", "renamed-id", "bad-quirks", "bad-report", "bad-probe",  // Fixtures/outputs: about other files
    "too-large",  // YAMLSyntaxTests: the fixture would be too large
    "no-kvm", "other-architecture", "cannot-open",  // KernelTests, LibraryTests: about this machine
    "unsayable-step",  // RenderTests: a manifest cannot have such a step
    "ordering-cycle",  // PlanningTests: the built-in schemas do not have one
  ]

  /// The checks of manifests, with their places in the sources. The checks of schemas, in
  /// `Sources/DeviceSchema`, have their tests in DeviceSchemaTests.
  private func reportedChecks() throws -> [String: String] {
    let reports = [
      #/[^A-Za-z](?:error|warning|unknown)\(\s*"([a-z]+(?:-[a-z]+)*)",/#,
      #/DiagnosticID[^"\n]*"([a-z]+(?:-[a-z]+)*)"/#,
    ]
    var places: [String: String] = [:]
    for path in files(below: repository + "/Sources") where path.hasSuffix(".swift") && !path.contains("/DeviceSchema/")
    {
      let source = try #require(text(ofFile: path))
      for report in reports {
        for match in source.matches(of: report) where match.1 != "id" {
          let line = source[..<match.1.startIndex].count { $0 == "\n" } + 1
          places[String(match.1)] = "\(path.dropFirst(repository.count + 1)):\(line)"
        }
      }
    }
    return places
  }

  @Test func everyCheckHasAFixture() throws {
    let reported = try reportedChecks()
    #expect(
      reported.count > 40, "the patterns in reportedChecks() no longer find the checks: \(reported.keys.sorted())")
    let shown = Set(names(inFolder: Self.folder).map(Self.id))
    for (id, place) in reported.sorted(by: { $0 < $1 }) where !shown.contains(id) && !Self.elsewhere.contains(id) {
      Issue.record(
        """
        \(place): the check '\(id)' has no fixture. Add Tests/Fixtures/bad/\(id)/manifest.yaml, a manifest with this fault \
        and no other, whose first line is `# expect: LINE:COLUMN TEXT`: the place of the diagnostic, and words of it. A \
        schema that only this fixture needs is Tests/Fixtures/schemas/ARCH/TYPE.yaml. If a manifest alone cannot trip the \
        check, test it elsewhere, and add the id to `elsewhere` in Tests/WorkspaceTests/FixtureTests.swift.
        """)
    }
  }

  /// An exception is for a check that exists, has no fixture, and is tested elsewhere.
  @Test func everyExceptionIsNeeded() throws {
    let reported = try reportedChecks()
    let shown = Set(names(inFolder: Self.folder).map(Self.id))
    let tests = files(below: repository + "/Tests").filter {
      ($0.hasSuffix("Tests.swift") && !$0.hasSuffix("/FixtureTests.swift")) || $0.contains("/Fixtures/outputs/")
    }.compactMap { text(ofFile: $0) }
    for id in Self.elsewhere.sorted() {
      // A single word is also an option or the name of a count: only an output shows that it is an id.
      let forms = id.contains("-") ? ["\"\(id)\"", "[\(id)]", " \(id)\""] : ["[\(id)]"]
      #expect(reported[id] != nil, "no check has the id '\(id)'; remove it from `elsewhere`")
      #expect(!shown.contains(id), "'\(id)' has a fixture; remove it from `elsewhere`")
      #expect(tests.contains { test in forms.contains { test.contains($0) } }, "no test or golden file shows '\(id)'")
    }
  }
}

/// Many mistakes in one file: each is reported once, at its place.
@Suite struct MistakeTests {
  private static let folder = fixtures + "/mistakes"

  @Test func thereAreFilesWithMistakes() {
    #expect(names(inFolder: Self.folder).count { $0.hasSuffix(".yaml") } > 3)
  }

  @Test(arguments: names(inFolder: folder).filter { $0.hasSuffix(".yaml") })
  func mistakesAreReportedOnceEach(_ name: String) throws {
    let path = "\(Self.folder)/\(name)"
    let list = try #require(text(ofFile: path.dropLast(".yaml".count) + ".expected.txt"))
    let expected = list.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: "|").map { trimmed($0) }
    }
    #expect(!expected.isEmpty)
    let found = try validation(path).diagnostics
    #expect(found.map(place) == expected.map { $0[0] })
    for (diagnostic, line) in zip(found, expected) {
      for word in line.dropFirst() { #expect(words(diagnostic).contains(word), "\(line[0])") }
    }
  }

  private func trimmed(_ text: Substring) -> String {
    String(String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
  }
}

/// The kernel's selftests, rewritten as manifests. The model answers as they expect.
@Suite struct SelftestTests {
  private static let folder = fixtures + "/selftests"
  private static let manifests = names(inFolder: folder).filter {
    $0.hasSuffix(".yaml") && !$0.hasSuffix(".facts.yaml")
  }

  @Test func selftestsAreFound() { #expect(Self.manifests.count >= 10) }

  @Test(arguments: manifests)
  func modelAgreesWithTheSelftest(_ name: String) throws {
    let facts = "\(Self.folder)/\(name.dropLast(5)).facts.yaml"
    let known = text(ofFile: facts) == nil ? HostFacts() : try HostFacts(SourceFile(reading: facts))
    let found = try validation("\(Self.folder)/\(name)", facts: known)
    #expect(found.diagnostics.filter { $0.severity == .error }.map { "\(place($0)): \($0.message)" } == [])
    #expect(found.reports.allSatisfy { $0.summary.steps > 0 && $0.summary.skipped == 0 && $0.summary.failed == 0 })
  }

  /// A wrong expectation would be found: with another errno, each refused step fails.
  @Test func selftestWithAWrongErrnoFails() throws {
    let path = Self.folder + "/vgic_init-v2.yaml"
    let written = try #require(text(ofFile: path)).replacing("expect: ENXIO", with: "expect: EDOM")
    let found = try ManifestWorkspace(Settings()).validate(SourceFile(path: path, bytes: Array(written.utf8)))
    #expect(found.errorCount > 5)
  }
}

/// The manifests that users start from.
@Suite struct ExampleTests {
  private static let folder = repository + "/examples"
  private static let manifests = files(below: folder).filter { $0.hasSuffix(".yaml") }.map {
    String($0.dropFirst(folder.count + 1))
  }

  @Test func examplesAreFound() { #expect(Self.manifests.count >= 13) }

  @Test(arguments: manifests)
  func exampleIsValid(_ name: String) throws {
    let found = try validation("\(Self.folder)/\(name)")
    #expect(found.diagnostics.filter { $0.severity == .error }.map { "\(place($0)): \($0.message)" } == [])
    #expect(found.reports.allSatisfy { $0.summary.steps > 1 && $0.summary.failed == 0 })
    #expect(!found.reports.isEmpty)
  }

  /// The first line of every example is a comment with its purpose.
  @Test(arguments: manifests)
  func exampleBeginsWithAComment(_ name: String) throws {
    #expect(try #require(text(ofFile: "\(Self.folder)/\(name)")).hasPrefix("# "))
  }

  private static let ofThisHost = manifests.filter {
    $0.hasPrefix((Architecture.host?.rawValue ?? "none") + "/")
  }

  /// The examples for this machine's architecture apply on its kernel.
  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"), arguments: ofThisHost)
  func exampleApplies(_ name: String) throws {
    let source = try ManifestSource(path: "\(Self.folder)/\(name)")
    do {
      for report in try source.run() {
        #expect(
          report.steps.filter { $0.verdict != .passed && $0.verdict != .skipped }.map { "\($0.call): \($0.outcome)" }
            == [])
        #expect(report.steps.contains { $0.verdict == .passed })
      }
    } catch let error as ManifestError where error.kind == .unreadable {
      // A file that the example names and this machine does not have.
      let files = try #require(text(ofFile: "\(Self.folder)/\(name)")).contains("\nfiles:")
      #expect(files, "\(error)")
    }
  }
}
