import ArgumentParser
import Diagnostics
import TextOutput
import Workspace

/// `kvmconf fmt`: manifests in one layout.
struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt",
    abstract: "Rewrite manifests in the standard layout, in place, without changing their meaning.",
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
      do throws(Unreadable) {
        for path in isFolder(argument) ? try yamlPaths(below: argument) : [argument] {
          let own = try format(path)
          if own.rawValue > status.rawValue { status = own }
        }
      } catch {
        Output.print([error.diagnostic], to: 2)
        status = Status.noInput.rawValue > status.rawValue ? Status.noInput : status
      }
    }
    if status != Status.success { throw status }
  }

  private func format(_ path: String) throws(Unreadable) -> ExitCode {
    let file = try SourceFile(reading: path)
    switch Formatting(file) {
    case .faults(let faults):
      Output.print(faults, to: 2)
      return Status.failure
    case .refused:
      Output.message("kvmconf: \(file.path.printable) is unchanged: another layout might change its meaning\n")
      return Status.software
    case .text(let text): return finish(file, path, text)
    }
  }

  private func finish(_ file: SourceFile, _ path: String, _ text: String) -> ExitCode {
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
      do throws(Unwritable) {
        try Output.rewrite(Array(text.utf8), path)
      } catch {
        Output.print([error.diagnostic], to: 2)
        return Status.cannotCreate
      }
    }
    return isChanged && (check || diff) ? Status.failure : Status.success
  }
}
