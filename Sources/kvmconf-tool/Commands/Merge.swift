import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf merge`: makes one report of the reports of shards.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Make one report of the reports of all shards of a validation.",
    usage: """
      kvmconf merge [--format <format>] [-o <file>] [--quiet] [--color <when>]
        <report> ...
      """,
    discussion: """
      Reads the reports that `validate --shard K/N --format json` wrote, in any order. All N must be there, each once, from \
      the same version of kvmconf and the same manifests, hosts, facts and settings. The manifests themselves are not \
      needed: the reports have the texts that problems refer to. The exit status is that of a validation in one piece, and 65 if \
      the reports are not those of all shards.
      """)

  @Argument(
    help: ArgumentHelp("Reports of shards.", valueName: "report"), completion: .file(extensions: ["json"]))
  var reports: [String]

  @Option(
    help:
      "The format of the result: text, markdown, json (one document), sarif, junit, github (workflow commands) or gcc.")
  var format: ReportFormat = .text

  @Option(name: .shortAndLong, help: .resultFile, completion: .file())
  var output: String?

  @Flag(help: "Print no summary.")
  var quiet = false

  @OptionGroup var color: ColorOption

  func run() throws {
    let report = MatrixReport(
      try readingData { () throws(DiagnosticsError) in
        try HostMatrix(merging: reports.map { path throws(DiagnosticsError) in try SourceFile(readingReport: path) })
      })
    let text = report.text(as: format, color: output == nil && Output.hasColor(1))
    if let output { try Output.write(Array(text.utf8), toFile: output) } else { Output.result(text) }
    if !quiet { Output.message(report.summary + "\n") }
    if let failure = report.failure { throw Status.of(failure) }
  }
}
