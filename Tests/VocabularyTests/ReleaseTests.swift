import Testing
import Vocabulary

@Suite struct ReleaseTests {
  @Test(arguments: [
    ("7.2", "7.2"), ("6.12.3", "6.12.3"), ("6.12.3-amd64", "6.12.3"), ("6.18-rc1", "6.18"), ("4.8", "4.8"),
    // Distributions write 0 for every patch level.
    ("6.1.0-13-amd64", "6.1"), ("6.1.0", "6.1.0"), ("6.12.3+", "6.12.3"),
  ])
  func releaseIsReadFromAVersionString(_ text: String, _ release: String) {
    #expect(Release(text)?.description == release)
  }

  @Test(arguments: ["", "7", "7.", ".2", "a.b", "7.x", "-1.2", "7,2", "v7.2", "7.2x", "6.1rc"])
  func malformedReleaseIsRejected(_ text: String) {
    #expect(Release(text) == nil)
  }

  @Test func releasesAreOrderedByNumber() {
    let releases = ["7.0", "6.9", "6.12.9", "6.12.10", "6.12", "10.1", "6.1"].compactMap { Release($0) }.sorted()
    #expect(releases.map(\.description) == ["6.1", "6.9", "6.12", "6.12.9", "6.12.10", "7.0", "10.1"])
    #expect(releases.map(\.number) == releases.map(\.number).sorted())
  }

  @Test(arguments: [("v6.13", "6.13"), ("v6.12.100", "6.12.100"), ("v10.0", "10.0")])
  func tagIsRead(_ text: String, _ release: String) {
    #expect(Release(tag: text)?.description == release)
    #expect(Release(tag: text)?.tag == text)
  }

  @Test(arguments: ["", "v", "v6", "v6.", "6.13", "v6.13-rc1", "v6.12.100.1", "v6..12", "V6.13", "v-6.1", " v6.13"])
  func otherTextIsNotATag(_ text: String) {
    #expect(Release(tag: text) == nil)
  }
}

/// The releases from which something holds, as schemas write them.
@Suite struct ReleaseBoundTests {
  /// Whether a bound holds in some releases: `+`, `-`, or `?` if that is not known.
  private func answers(_ tags: String, in releases: String) throws -> String {
    let bound = try ReleaseBound(tags: tags.split(separator: " ").map(String.init))
    return try releases.split(separator: " ").map { mark(bound.holds(in: try #require(Release(String($0))))) }.joined()
  }

  @Test(arguments: [
    ("v7.2", "6.12 6.12.100 7.1.9 7.2 7.2.0 7.2.5 7.10 8.0", "---+++++"),
    // A release without a patch level may be before the backport or after it.
    ("v7.2 v6.12.100", "6.11 6.12 6.12.99 6.12.100 6.12.101 6.13 7.1.200 7.2 7.3.1", "-?-++--++"),
    ("v6.12.100 v7.2 v6.6.7", "6.6.6 6.6.7 6.7 6.12.99 6.12.100 7.2", "-+--++"),
    ("v6.12..v7.2", "6.11 6.12 6.12.50 6.13 7.1.9 7.2 7.3", "---??++"),
    ("v6.12.48..v7.2", "6.11.99 6.12 6.12.47 6.12.48 6.12.49 6.13 7.2", "-?--??+"),
    ("v7.2 v6.12.5..v6.12.100", "6.12 6.12.5 6.12.6 6.12.99 6.12.100 6.13", "?-??+-"),
    ("v6.12..v7.2 v6.15.3", "6.12 6.15 6.15.2 6.15.3 6.16", "-??+?"),
  ])
  func boundHoldsFromItsReleasesOn(_ tags: String, _ releases: String, _ expected: String) throws {
    #expect(try answers(tags, in: releases) == expected)
  }

  @Test(arguments: [
    ("6.13", "0: '6.13' is not a release; write v6.13, as the kernel's tags are written"),
    ("v7.2 x", "1: 'x' is not a release; write v6.13, as the kernel's tags are written"),
    ("v6.12..7.2", "0: 'v6.12..7.2' is not a release; write v6.13, as the kernel's tags are written"),
    ("v7.2..v6.12", "0: 'v7.2..v6.12' ends before it begins"), ("v7.2..v7.2", "0: 'v7.2..v7.2' ends before it begins"),
    ("", "say from which mainline release on, too, as in [v7.2, v6.12.100]"),
    ("v6.12.100", "say from which mainline release on, too, as in [v7.2, v6.12.100]"),
    ("v6.12 v7.2", "only one release can be of the main line; the others are of stable series, such as v6.12.100"),
  ])
  func wrongBoundIsReported(_ tags: String, _ message: String) {
    do throws(ReleaseBound.Problem) {
      _ = try ReleaseBound(tags: tags.split(separator: " ").map(String.init))
      Issue.record("no problem")
    } catch {
      #expect((error.index.map { "\($0): " } ?? "") + error.message == message)
    }
  }

  @Test func boundIsPrintedWithoutTags() throws {
    #expect(ReleaseBound(Release(major: 6, minor: 13, patch: 4)).description == "6.13")
    #expect(try ReleaseBound(tags: ["v7.2", "v6.12.100"]).description == "7.2 and 6.12.100")
    #expect(try ReleaseBound(tags: ["v7.2", "v6.12.100", "v6.6.3"]).description == "7.2, 6.12.100, 6.6.3")
    #expect(try ReleaseBound(tags: ["v6.12..v7.2"]).description == "6.12..7.2")
  }

  @Test(arguments: [
    ("v6.13", "since 6.13"), ("v7.2 v6.12.100", "since 7.2 and 6.12.100"), ("v6.12..v7.2", "new between 6.12 and 7.2"),
    ("v7.2 v6.12.107..v6.12.117", "since 7.2, new between 6.12.107 and 6.12.117"),
    ("v6.19..v7.1 v6.12.107..v6.12.117", "new between 6.19 and 7.1 and between 6.12.107 and 6.12.117"),
  ]) func boundHasWords(_ tags: String, _ words: String) throws {
    let bound = try ReleaseBound(tags: tags.split(separator: " ").map(String.init))
    #expect(bound.words(exactly: "since", between: "new") == words)
  }
}

@Suite struct LifetimeTests {
  /// `SINCE - UNTIL`; either can be missing.
  private func lifetime(_ text: String) throws -> Lifetime {
    let halves = text.split(separator: "-", omittingEmptySubsequences: false).map {
      $0.split(separator: " ").map(String.init)
    }
    func bound(_ tags: [String]) throws -> ReleaseBound? { tags.isEmpty ? nil : try ReleaseBound(tags: tags) }
    return Lifetime(since: try bound(halves[0]), until: try bound(halves[1]))
  }

  private static let releases = [
    "6.6", "6.12", "6.12.40", "6.12.99", "6.12.100", "6.13", "6.18.2", "7.0", "7.1", "7.2", "7.2.3", "7.3",
  ]

  @Test(arguments: [
    ("-", "++++++++++++"), ("v6.13 -", "-----+++++++"), ("- v7.0", "+++++++-----"), ("v6.13 - v7.0", "-----++-----"),
    ("v7.2 v6.12.100 -", "-?--+----+++"), ("- v7.2 v6.12.100", "+?++-++++---"),
    ("v6.12..v7.1 -", "-----???++++"), ("- v6.12..v7.1", "+++++???----"), ("v6.12..v7.1 - v7.2", "-----???+---"),
  ])
  func lifetimeIncludesReleases(_ text: String, _ expected: String) throws {
    let lifetime = try lifetime(text)
    #expect(Self.releases.map { mark(lifetime.includes(Release($0)!)) }.joined() == expected)
    #expect(Self.releases.map { lifetime.mayInclude(Release($0)!) } == expected.map { $0 != "-" })
  }

  @Test(arguments: [
    ("-", "v6.13 - v7.0", "6.13 until 7.0"), ("v6.13 -", "v7.0 -", "7.0 until nil"),
    ("- v7.0", "- v7.2", "nil until 7.0"), ("v7.2 v6.12.100 -", "v6.6 -", "7.2 and 6.12.100 until nil"),
    ("v7.2 v6.12.100 -", "v7.2 -", "7.2 until nil"),
    ("v7.2 v6.12.100 -", "v7.2 v6.12.50 -", "7.2 and 6.12.100 until nil"),
    ("v6.12..v7.2 -", "v6.13 -", "6.12..7.2 until nil"), ("- v7.2 v6.12.100", "- v7.0", "nil until 6.12.100 and 7.0"),
    ("- v7.2", "- v7.2", "nil until 7.2"),
  ])
  func partsExistWhereAllDo(_ first: String, _ second: String, _ expected: String) throws {
    for pair in [[first, second], [second, first]] {
      let both = Lifetime(try pair.map(lifetime))
      let since = both.since?.description ?? "nil"
      let until =
        both.until.map { $0.description.split(separator: " and ").sorted().joined(separator: " and ") } ?? "nil"
      #expect("\(since) until \(until)" == expected)
    }
  }

  @Test(arguments: [
    ("-", "-", true, true), ("v6.13 -", "- v6.13", false, false), ("v6.13 -", "- v7.0", true, false),
    ("v6.13 -", "v7.0 -", true, true), ("v7.0 -", "v6.13 -", true, false), ("- v7.0", "- v6.13", true, true),
    ("v7.2 v6.12.100 -", "- v7.2 v6.12.100", false, false), ("v7.2 v6.12.100 -", "- v7.2", true, false),
    ("v7.2 -", "v7.2 v6.12.100 -", true, false), ("v7.2 v6.12.100 -", "v7.2 -", true, true),
    ("v6.12..v7.2 -", "- v7.0", false, false), ("v6.12..v7.2 -", "v7.2 -", true, true),
    ("v6.12..v7.2 -", "v7.1 -", true, false),
  ])
  func lifetimesAreCompared(_ first: String, _ second: String, _ overlap: Bool, _ cover: Bool) throws {
    let (a, b) = (try lifetime(first), try lifetime(second))
    #expect(a.overlaps(b) == overlap)
    #expect(b.overlaps(a) == overlap)
    #expect(a.covers(b) == cover)
  }
}

private func mark(_ answer: Bool?) -> String {
  switch answer {
  case true: "+"
  case false: "-"
  default: "?"
  }
}
