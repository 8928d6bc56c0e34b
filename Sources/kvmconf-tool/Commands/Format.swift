import ArgumentParser
import Diagnostics
import TextOutput
import Workspace

/// `kvmconf fmt`: rewrites manifests in the standard layout.
struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt",
    abstract: "Rewrite manifests in the standard layout, in place, without changing their meaning.",
    usage: "kvmconf fmt [--check] [--diff] [--color <when>] <file> ...",
    discussion: """
      Indents by two spaces per level, puts one space after ':', '-' and ',', and removes spaces at the ends of lines. \
      Comments, the order of keys, line breaks and the style of collections do not change. The result is read again, and a \
      file is written only if its meaning is the same. Files that are not YAML are left alone. In a folder, all *.yaml and \
      *.yml files are formatted.
      """)

  @Argument(
    help: ArgumentHelp("Files, folders, or - to read standard input and write standard output.", valueName: "file"),
    completion: .yaml)
  var files: [String]

  @Flag(help: "Write nothing; list the files that would change, and exit with 1 if there are any.")
  var check = false

  @Flag(help: "Write nothing; show the changes as a diff, and exit with 1 if there are any.")
  var diff = false

  @OptionGroup var color: ColorOption

  func run() throws {
    var status = Status.success
    for argument in files {
      status = max(
        status,
        printingErrors { () throws(DiagnosticsError) in
          guard isFolder(argument) else { return try format(argument) }
          let paths = try yamlPaths(below: argument)
          if paths.isEmpty { throw .unreadable(argument, "the folder has no YAML files, *.yaml or *.yml") }
          return paths.reduce(Status.success) { status, path in
            max(status, printingErrors { () throws(DiagnosticsError) in try format(path, isFound: true) })
          }
        })
    }
    if status != Status.success { throw status }
  }

  /// Calls some work and returns its status. An error is printed and becomes the status.
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
    if isFound, file.isForeign, !path.hasSuffix(".facts.yaml"), !path.hasSuffix(".facts.yml") {
      Output.print([file.foreignNote], to: 2)
      return Status.success
    }
    switch Formatting(file) {
    case .faults(let faults): throw DiagnosticsError(.invalid, faults)
    case .refused:
      Output.error("\(file.path) is unchanged: another layout might change its meaning")
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
