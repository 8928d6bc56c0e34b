import DeviceSchema
import Diagnostics
import TestSupport
import Testing
import Vocabulary
import Workspace

@Suite struct ShardTests {
  @Test(arguments: [0, 1, 5, 16, 1000]) func partsMakeUpTheWhole(_ total: Int) throws {
    for count in [1, 2, 7, 16, 2000] {
      let parts = try (1...count).map { try #require(Shard(number: $0, count: count)).part(of: total) }
      #expect(parts.flatMap(Array.init) == Array(0..<total))
      let sizes = parts.map(\.count)
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test func textIsParsed() {
    #expect(Shard("3/16") == Shard(number: 3, count: 16) && Shard("3/16")?.description == "3/16")
    for text in ["", "/", "3", "3/", "/16", "0/16", "17/16", "+3/16", "3/16/1", " 3/16", "3/9999999"] {
      #expect(Shard(text) == nil, "\(text)")
    }
  }

  /// A manifest is planned by one thread, unless there are fewer manifests than threads.
  @Test func hostsAreSpreadIfFilesAreFew() {
    func jobs(_ hosts: [Range<Int>], threads: Int) -> [[Range<Int>]] {
      let files = hosts.map { (path: ManifestPath("a.yaml"), settings: Settings(), hosts: $0) }
      let jobs = MatrixJob.jobs(files, stdinName: nil, threads: threads)
      return hosts.indices.map { file in jobs.filter { $0.file == file }.map(\.hosts) }
    }
    #expect(jobs([2..<12], threads: 4) == [[2..<4, 4..<7, 7..<9, 9..<12]])
    #expect(jobs([0..<3, 0..<3, 0..<1], threads: 2) == [[0..<3], [0..<3], [0..<1]])
    #expect(jobs([5..<6], threads: 8) == [[5..<6]])
    #expect(jobs([], threads: 2) == [])
  }

  @Test func hostsAreThePairsOfFactsAndReleases() throws {
    let releases = [7, 6].compactMap { Release("\($0).1") }
    let names = { (facts: [String], releases: [Release]) in
      try HostChoice.all(facts: facts, releases: releases).map(\.name)
    }
    #expect(try names([], []) == ["default"])
    #expect(try names([], releases) == ["Linux 6.1", "Linux 7.1"])
    #expect(try names(["b", "./a", "a"], []) == ["a", "b"])
    #expect(
      try names(["b", "a"], releases) == ["a on Linux 6.1", "a on Linux 7.1", "b on Linux 6.1", "b on Linux 7.1"])
  }

  /// The releases that schemas mention are found only for several releases, and once for all threads.
  @Test func schemasAreSearchedOnce() throws {
    let path = ManifestPath(repository + "/examples/x86_64/tsc.yaml")
    func searches(_ releases: [String]) throws -> Int {
      let choices = try HostChoice.all(facts: [], releases: releases.compactMap { Release($0) })
      let hosts = try LoadedHosts(choices, neededBy: [choices.indices], readsAll: false)
      let shared = SharedReleases()
      for _ in 0..<2 {
        let workspaces = MatrixWorkspaces(hosts, shared)
        for job in MatrixJob.jobs([(path, Settings(), choices.indices)], stdinName: nil, threads: 1) {
          #expect(workspaces.validate(job, isKnown: nil).manifests.first?.results.allSatisfy(\.isJudged) == true)
        }
      }
      return shared.count
    }
    #expect(try searches([]) == 0)
    #expect(try searches(["6.1"]) == 0)
    #expect(try searches(["6.1", "6.12"]) == 1)
  }

  /// A base is opened once, however many manifests extend it.
  @Test func baseOfManyManifestsIsReadOnce() {
    let folder = temporaryFolder()
    defer { remove(folder) }
    write("kvmconf: 1\narch: arm64\n", toFile: folder + "/base.yaml")
    for i in 0..<5 { write("extends: base.yaml\nname: a\(i)\n", toFile: "\(folder)/\(i).yaml") }
    let opened = openings(of: folder + "/base.yaml") {
      let work = SharedWork((0..<5).map { ManifestPath("\(folder)/\($0).yaml") })
      #expect(work.paths.count == 5)
    }
    #expect(opened == 1)
  }

  /// Plans are shared between releases if the schemas mention none between them.
  @Test func mentionedReleasesSeparatePlans() throws {
    let text = "since: v6.12.100..v7.2  # Linux 5.10.\nuntil: [v6.1, v5.15.7]\nif: kernel >= \"6.6\"\nsize: 4096\n"
    let file = SourceFile(path: "a.yaml", bytes: Array(text.utf8))
    let releases = MentionedReleases([SchemaSource(path: "arm64/vm.yaml", file: file)])
    func place(_ text: String) throws -> MentionedReleases.Place { releases.place(of: try #require(Release(text))) }
    for (a, b) in [("6.12.3", "6.12.99"), ("6.13", "7.1"), ("7.2.1", "7.2.9"), ("4.9.1", "4.19.2"), ("6.6.1", "6.6.7")]
    {
      #expect(try place(a) == place(b), "\(a) \(b)")
    }
    for (a, b) in [
      ("6.12.99", "6.12.100"), ("6.12.100", "6.12.101"), ("6.12", "6.12.3"), ("7.1.1", "7.2.1"), ("7.2.1", "7.3.1"),
      ("5.9.1", "5.10.1"), ("5.15.6", "5.15.7"), ("6.0.1", "6.1.1"), ("6.5.1", "6.6.1"), ("6.6.1", "6.7.1"),
    ] { #expect(try place(a) != place(b), "\(a) \(b)") }
  }
}
