import TestSupport
import Testing

/// Valid manifests, with the outputs of the program next to them.
///
/// A folder has a `manifest.yaml` and a `plan.txt`. Each further golden file is the output of another command, which
/// depends on its name. The second line of the manifest can be `# options: …`, for all commands.
@Suite struct GoodFixtureTests {
  static let folder = fixtures + "/good"

  /// The commands by the names of their goldens.
  private static let commands = [
    "plan.txt": ["plan"],
    "plan.json": ["plan", "--format", "json"],
    "plan.strace": ["plan", "--format", "strace"],
    "plan.dot": ["plan", "--format", "dot"],
    "validate.txt": ["validate"],
    "validate.json": ["validate", "--format", "json"],
    "render.yaml": ["render"],
    "steps.yaml": ["render", "--steps"],
  ]

  @Test func fixturesAreFound() { #expect(names(inFolder: Self.folder).count >= 12) }

  @Test(arguments: names(inFolder: folder))
  func fixtureMatchesItsGoldens(_ fixture: String) async throws {
    let folder = Self.folder + "/" + fixture
    let manifest = try #require(text(ofFile: folder + "/manifest.yaml"))
    let second = manifest.split(separator: "\n").dropFirst().first ?? ""
    let mark = "# options: "
    let options = second.hasPrefix(mark) ? second.dropFirst(mark.count).split(separator: " ").map(String.init) : []
    for golden in Set(names(inFolder: folder).filter { Self.commands[$0] != nil } + ["plan.txt"]).sorted() {
      let command = try #require(Self.commands[golden])
      let ended = await run(program, command + options + ["manifest.yaml"], in: folder)
      #expect(ended.status == 0, "\(golden): \(ended.errors)")
      expectGolden(ended.output, "\(folder)/\(golden)")
    }
    #expect(await run(program, ["validate"] + options + ["manifest.yaml"], in: folder).status == 0)
  }
}

/// Whole outputs of commands.
///
/// A golden's first line is the command, for a shell in `Tests/Fixtures`. Below it is what the program writes to
/// standard output, then what it writes to standard error and its exit status, if these are not empty and 0.
@Suite struct OutputTests {
  private static let folder = fixtures + "/outputs"

  @Test func goldensAreFound() { #expect(names(inFolder: Self.folder).count >= 30) }

  @Test(arguments: names(inFolder: folder))
  func outputMatchesItsGolden(_ name: String) async throws {
    let path = Self.folder + "/" + name
    let first = try #require(text(ofFile: path)).prefix { $0 != "\n" }
    try #require(first.hasPrefix("$ kvmconf ") || first.contains("| kvmconf "), "\(name) begins with its command")
    let shell = "kvmconf() { \"$0\" \"$@\"; }\n\(first.dropFirst(2))"
    let ended = await run("sh", ["-c", shell, program], in: fixtures)
    var actual = "\(first)\n\(ended.output)"
    if !ended.errors.isEmpty { actual += "--- standard error\n\(ended.errors)" }
    if ended.status != 0 { actual += "--- exit status \(ended.status.map(String.init) ?? "none")\n" }
    expectGolden(actual, path)
  }
}
