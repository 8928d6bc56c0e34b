import ArgumentParser
import Diagnostics
import Reporting
import TextOutput
import Workspace

/// `kvmconf fmt`: manifests in one layout.
struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt",
    abstract: "Lay manifests out in one form, in place, without a change to what they say.",
    discussion: """
      Two blanks a level, one behind ':', '-' and ',', none at the ends of lines; comments, the order of keys, lines and \
      the style of collections stay. The result is read again, and a file is only written if it still says the same. \
      Files that are no YAML are left alone. Of folders, every *.yaml and *.yml is formatted.
      """)

  @Argument(
    help: ArgumentHelp("Files, folders, or - for standard input to standard output.", valueName: "file"),
    completion: .yaml)
  var files: [String]

  @Flag(help: "Write nothing: list the files that would change, and exit with 1 if there are any.")
  var check = false

  @Flag(help: "Write nothing: show what would change, and exit with 1 if anything does.")
  var diff = false

  @OptionGroup var color: ColorOption

  func run() throws {
    var status = Status.success
    for argument in files {
      status = max(
        status,
        printingErrors { () throws(DiagnosticsError) in
          guard isFolder(argument) else { return try format(argument) }
          return try yamlPaths(below: argument).reduce(Status.success) { status, path in
            max(status, printingErrors { () throws(DiagnosticsError) in try format(path, isFound: true) })
          }
        })
    }
    if status != Status.success { throw status }
  }

  /// The status of a piece of work. What it throws is printed and does not stop the rest.
  private func printingErrors(_ work: () throws(DiagnosticsError) -> ExitCode) -> ExitCode {
    do throws(DiagnosticsError) {
      return try work()
    } catch {
      Output.print(error.diagnostics, to: 2)
      return Status.of(error.kind)
    }
  }

  private func format(_ path: String, isFound: Bool = false) throws(DiagnosticsError) -> ExitCode {
    let file = try SourceFile(reading: path, isNamedByUser: !isFound)
    switch Formatting(file) {
    case .faults(let faults): throw DiagnosticsError(.invalid, faults)
    case .refused:
      Output.message("kvmconf: \(file.path.printable) is left as it is: in another layout it might not say the same\n")
      return Status.software
    case .text(let text): return try finish(file, path, text)
    }
  }

  private func finish(_ file: SourceFile, _ path: String, _ text: String) throws(DiagnosticsError) -> ExitCode {
    let isChanged = file.bytes != Array(text.utf8)
    if diff {
      let old = String(decoding: file.bytes, as: UTF8.self)
      Output.result(UnifiedDiff(old, text).text(file.path, "\(file.path) (formatted)"))
    } else if check {
      if isChanged { Output.result(file.path + "\n") }
    } else if path == "-" {
      Output.result(text)
      return Status.success
    } else if isChanged {
      try Output.rewrite(Array(text.utf8), path)
    }
    return isChanged && (check || diff) ? Status.failure : Status.success
  }
}
