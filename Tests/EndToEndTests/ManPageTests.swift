import TestSupport
import Testing

/// The man pages document every command and every option, and nothing else.
@Suite struct ManPageTests {
  /// The commands of the program, as words: `validate`, `schema list`.
  private static let commands: [[String]] = subcommands([]).flatMap { name in
    let below = subcommands([name])
    return below.isEmpty ? [[name]] : below.map { [name, $0] }
  }

  private static func subcommands(_ command: [String]) -> [String] {
    let help = runBlocking(program, command + ["--help"]).output
    guard let part = help.firstRange(of: "\nSUBCOMMANDS:\n") else { return [] }
    return help[part.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
      .compactMap { line in
        // A continuation of the line before is indented deeper.
        line.hasPrefix("  ") && !line.hasPrefix("   ") ? line.split(separator: " ").first.map(String.init) : nil
      }
  }

  /// The long options of a text of `--help`.
  private static func options(_ help: String) -> Set<String> {
    let lines = help.split(separator: "\n").filter { $0.hasPrefix("  -") }
    return Set(lines.flatMap { line in line.prefix(26).matches(of: #/--([a-z-]+)/#).map { String($0.1) } })
      .subtracting(["help", "version"])
  }

  private static func page(_ name: String) -> String { text(ofFile: "\(repository)/man/\(name).1") ?? "" }

  @Test func commandsAreFound() {
    #expect(Self.commands.contains(["validate"]) && Self.commands.contains(["schema", "export"]))
    #expect(Self.commands.count >= 14)
  }

  @Test(arguments: commands) func everyOptionIsDocumented(_ command: [String]) async throws {
    let help = await run(program, command + ["--help"]).output
    let page = Self.page("kvmconf-\(command[0])")
    #expect(page.contains("\n.Cm \(command.joined(separator: " "))\n"))
    if command.count > 1 { #expect(page.contains("\n.It Cm \(command[1])\n")) }
    for option in Self.options(help) {
      // As an entry of a list, alone or after its short form.
      #expect(page.contains(try Regex(#"\n\.It (Fl [a-z] , )?Fl Fl \#(option)[ \n]"#)), "--\(option) is missing")
    }
    let overview = Self.page("kvmconf")
    #expect(overview.contains("\n.It Cm \(command[0])\n") && overview.contains("\n.Xr kvmconf-\(command[0]) 1 ,\n"))
  }

  /// The usage of a command in its help is the synopsis of its page. It has every option, or `<option> ...`, and fits a
  /// terminal.
  @Test(arguments: commands) func usageIsTheSynopsis(_ command: [String]) async throws {
    let help = await run(program, command + ["--help"]).output
    let usage = try #require(help.firstMatch(of: #/USAGE: (?:.+\n)+/#)?.0)
    #expect(usage.split(separator: "\n").allSatisfy { $0.utf8.count <= 80 }, "\(usage)")
    let words = usage.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ")
    #expect(words == Self.synopsis(command))
    if words.contains("<option>") { return }
    for option in Self.options(help) where !["output"].contains(option) {
      #expect(words.contains("--\(option)"), "--\(option) is missing")
    }
  }

  /// The synopsis of a command's page, in the form of a usage.
  private static func synopsis(_ command: [String]) -> String {
    let lines = page("kvmconf-\(command[0])").split(separator: "\n")
      .drop { $0 != ".Sh SYNOPSIS" }.dropFirst().prefix { !$0.hasPrefix(".Sh") }
    let forms = lines.split { $0 == ".Nm kvmconf" }.filter { $0.first == ".Cm \(command.joined(separator: " "))" }
    return forms.map { form in (["kvmconf"] + form.map(usage)).joined(separator: " ") }.joined(separator: " ")
  }

  /// A line of mdoc in the form of a usage: `.Op Fl Fl facts Ar file` is `[--facts <file>]`.
  private static func usage(_ line: some StringProtocol) -> String {
    if line.hasPrefix(".Op ") { return "[\(usage("." + line.dropFirst(4)))]" }
    let plain = String(line.dropFirst()).replacing("Fl Fl ", with: "--").replacing("Fl ", with: "-")
      .replacing(" | ", with: "|")
    var (text, isName, isGlued) = ("", false, true)
    for word in plain.split(separator: " ") {
      switch word {
      case "Ar": isName = true
      case "Cm": isName = false
      case "Ns": isGlued = true
      default:
        text += (isGlued ? "" : " ") + (isName && word.allSatisfy { $0.isLetter } ? "<\(word)>" : word)
        isGlued = false
      }
    }
    return text
  }

  /// The pages name only existing options, and every value of options that take one of several words.
  @Test(arguments: Set(commands.map { $0[0] })) func everyDocumentedOptionExists(_ name: String) async throws {
    let commands = Self.commands.filter { $0[0] == name }
    let helps = commands.map { runBlocking(program, $0 + ["--help"]).output.replacing(#/\n +/#, with: " ") }
    let known = commands.map { Self.options(runBlocking(program, $0 + ["--help"]).output) }.reduce(Set()) {
      $0.union($1)
    }
    let page = Self.page("kvmconf-\(name)")
    for entry in page.matches(of: #/\n\.It (?:Fl [a-z] , )?Fl Fl ([a-z-]+)/#) {
      #expect(known.contains(String(entry.1)), "there is no --\(entry.1)")
    }
    for values in helps.flatMap({ $0.matches(of: #/\(values: ([^;)]*)/#) }) {
      for value in values.1.split(separator: ", ") {
        #expect(page.contains(try Regex(#"[ \n]\#(value)[ \n]"#)), "\(value) is missing")
      }
    }
  }

  /// Every command has a page, and every page has a command.
  @Test func everyPageHasACommand() {
    let pages = names(inFolder: repository + "/man").filter { $0.hasPrefix("kvmconf-") }
    #expect(Set(pages) == Set(Self.commands.map { "kvmconf-\($0[0]).1" }))
  }

  @Test(
    .enabled(if: runBlocking("sh", ["-c", "command -v groff"]).status == 0, "groff is not installed"),
    arguments: names(inFolder: repository + "/man"))
  func pageIsValidMdoc(_ name: String) async {
    let ended = await run("groff", ["-mdoc", "-ww", "-z", "-Tutf8", "man/\(name)"])
    #expect(ended.status == 0 && ended.errors == "", "\(ended.errors)")
  }
}
