import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf map`: draws the addresses and the interrupts of a manifest's VM.
struct MapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Draw the addresses and the interrupts of a manifest's VM.",
    usage: """
      kvmconf map [--format text|svg|json] [-o <file>] [--document <n>]
        [<option> ...] <file>
      """,
    discussion: """
      The map shows the guest's memory, the devices, what is free, and what overlaps, after all calls of the manifest \
      have run on the model. `validate` warns about overlaps that no call refuses.
      """)

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Option(help: "The format of the map: text, svg (a picture) or json.")
  var format: MapFormat = .text

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String = "-"

  @Option(help: ArgumentHelp("The manifest to draw if the file has several, counted from 1.", valueName: "n"))
  var document: Int?

  enum MapFormat: String, Word { case text, svg, json }

  func run() throws {
    let (loaded, workspace) = try options.manifestFiles().load(file)
    let manifest = try loaded.manifest(numbered: document, in: file, "a map shows")
    let map = try workspace.map(of: manifest)
    try workspace.requireSoundSchemas()
    let isPrinted = output == "-"
    let text =
      switch format {
      case .text:
        MapText(map, width: isPrinted ? Output.width : nil, color: isPrinted && Output.hasColor(1)).text
      case .svg: MapPicture(map).text
      case .json: map.json.text(pretty: true) + "\n"
      }
    if isPrinted { Output.result(text) } else { try Output.write(Array(text.utf8), toFile: output) }
  }
}
