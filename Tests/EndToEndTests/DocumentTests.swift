import TestSupport
import Testing

/// The commands in the README and the documents work, and print what the documents show.
@Suite struct DocumentTests {
  static let documents =
    [Document("README.md")]
    + names(inFolder: repository + "/docs").filter { $0.hasSuffix(".md") }.map { Document("docs/" + $0) }

  static let withCommands = documents.filter { !$0.commands.isEmpty }

  /// Runs all commands except those that need this machine's KVM.
  @Test(arguments: withCommands) func commandsThatNeedNoKVMPrintWhatIsShown(_ document: Document) async {
    await follow(document) { !$0.needsKVM }
  }

  @Test(
    .enabled(
      if: kvmIsUsable && hostArchitecture == "x86_64", "no usable /dev/kvm of x86_64"),
    arguments: withCommands.filter { $0.commands.contains(where: \.needsKVM) })
  func commandsPrintWhatIsShownWithKVM(_ document: Document) async {
    await follow(document) { _ in true }
  }

  /// Follows the document from top to bottom, in a copy of the repository.
  private func follow(_ document: Document, where isIncluded: (Document.Command) -> Bool) async {
    await withFolder { folder in
      let copied = await run("cp", ["-R", "README.md", "docs", "examples", "schemas", folder])
      #expect(copied.status == 0, "\(copied.errors)")
      var status: Int32? = 0
      for action in document.actions {
        switch action {
        case .write(let text, let path):
          #expect(await shell("mkdir -p \"$(dirname '\(path)')\"", in: folder).status == 0)
          write(text, toFile: "\(folder)/\(path)")
        case .prepare(let script):
          let ended = await shell(script, in: folder)
          #expect(ended.status == 0, "\(document.path), setup: \(ended.output)")
        case .run(let command) where command.text == "echo $?":
          #expect(command.output == [status.map(String.init) ?? ""], "\(document.path):\(command.line)")
        case .run(let command):
          guard isIncluded(command) else { continue }
          let ended = await shell(command.text, in: folder)
          check(ended, command, document)
          status = ended.status
        }
      }
      // Also removes files whose names begin with a dot.
      #expect(await run("rm", ["-rf", folder]).status == 0)
    }
  }

  private func shell(_ command: String, in folder: String) async -> Ended {
    let path = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return await run("sh", ["-c", "PATH=\"\(path):$PATH\"\nexec 2>&1\n\(command)\n"], in: folder)
  }

  private func check(_ ended: Ended, _ command: Document.Command, _ document: Document) {
    let place = "\(document.path):\(command.line): \(command.text)"
    let lines = ended.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
    if let shown = command.output {
      #expect(Printed.matches(Array(lines), shown), "\(place)\nprints\n\(ended.output)")
    }
    // A command succeeds unless the document shows an error or a difference.
    let isMistake =
      lines.contains { $0.contains(": error: ") } || command.text.contains(#/kvmconf (diff|probe --compare)/#)
    if !isMistake || command.output == nil { #expect(ended.status == 0, "\(place)\n\(ended.output)") }
  }

  // MARK: The documents themselves

  @Test func commandsAreFound() {
    #expect(Self.documents.first { $0.path == "README.md" }?.commands.count ?? 0 >= 12)
    #expect(Self.documents.first { $0.path == "docs/tutorial.md" }?.commands.count ?? 0 >= 20)
    #expect(Self.withCommands.count >= 7)
  }

  /// A reason has several words.
  @Test func exceptionsHaveReasons() {
    for reason in Self.documents.flatMap(\.exceptions) { #expect(reason.split(separator: " ").count > 4, "\(reason)") }
  }

  /// The comparison finds differences.
  @Test func comparisonFindsDifferences() {
    #expect(Printed.matches(["a  1.5 µs", "b"], ["a 20 µs", "b"]))
    #expect(Printed.matches(["a", "x", "y", "b"], ["a", "...", "b"]))
    #expect(Printed.matches(["a", "b"], ["a", "...", "b"]))
    #expect(Printed.matches(["kernel 6.18.44-x, x86_64"], ["kernel 6.12.1, x86_64"]))
    #expect(Printed.matches(["common/arm64-vgic.yaml:1:2: here"], ["common/arm64-vgic.yaml:97:9: here"]))
    #expect(Printed.matches(["27 schemas: 0 errors"], ["26 schemas: 0 errors"]))
    #expect(!Printed.matches(["kvm/web.yaml:1:2: here"], ["kvm/web.yaml:97:9: here"]))
    #expect(!Printed.matches(["27 schemas: 1 error"], ["27 schemas: 0 errors"]))
    #expect(!Printed.matches(["a", "b"], ["a"]))
    #expect(!Printed.matches(["a"], ["a", "b"]))
    #expect(!Printed.matches(["a", "x", "c"], ["a", "...", "b"]))
    #expect(!Printed.matches(["x"], []))
  }

  /// The picture in the README shows the current output of its commands.
  @Test(.enabled(if: runBlocking("python3", ["-c", ""]).status == 0, "python3 is not installed"))
  func pictureIsUpToDate() async {
    let drawn = await run("python3", ["Scripts/picture.py", program])
    #expect(drawn.status == 0 && drawn.errors == "", "\(drawn.errors)")
    #expect(
      text(ofFile: repository + "/docs/session.svg") == drawn.output,
      "draw it again: Scripts/picture.py .build/debug/kvmconf > docs/session.svg")
  }

  /// Links between documents lead to existing files and headings.
  @Test(arguments: documents) func linksLeadToFilesAndHeadings(_ document: Document) throws {
    let folder = document.path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    let written = try #require(text(ofFile: "\(repository)/\(document.path)"))
    for link in written.matches(of: #/\]\(([^():]+)\)/#).map(\.1) {
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let path = parts[0].isEmpty ? "\(repository)/\(document.path)" : "\(repository)\(folder)/\(parts[0])"
      let target = try #require(text(ofFile: path) ?? names(inFolder: path).first, "\(document.path): \(link)")
      guard parts.count > 1 else { continue }
      let headings = target.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
        line.drop { $0 == "#" || $0 == " " }.lowercased().replacing(" ", with: "-")
          .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
      }
      #expect(headings.contains(String(parts[1])), "\(document.path): \(link)")
    }
  }
}
