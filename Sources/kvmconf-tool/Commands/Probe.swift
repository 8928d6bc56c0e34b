import ArgumentParser
import Diagnostics
import Probing
import Reporting
import Vocabulary
import Workspace

/// `kvmconf probe`: prints what this host's kernel supports.
struct Probe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract:
      "Print the devices, attributes and capabilities of this host's KVM, and the facts that answers depend on.",
    usage: """
      kvmconf probe [--format text|json|prometheus|nfd] [-o <file>]
        [--facts <file>] [--schemas <dir>] [--color <when>]
      kvmconf probe --compare [--format text|json] [-o <file>] <before> <after>
      """,
    discussion: """
      Asks for every device type, attribute and fact in the schemas, in throwaway VMs; no guest runs. \
      `validate --host-facts` reads the files that --facts and --format json write, and then checks on any machine whether a \
      manifest works on this one. --compare needs no /dev/kvm: it prints the differences between two hosts, and exits with 1 \
      if there are any, with 65 if a file is not a probe, and with 66 if it cannot be read.
      """)

  @Flag(help: "Compare two files written with --format json.")
  var compare = false

  @Argument(
    help: ArgumentHelp("With --compare, the two files.", valueName: "file"), completion: .file(extensions: ["json"]))
  var files: [String] = []

  @Option(help: "The format of the result: text, json, prometheus (textfile collector) or nfd (feature file).")
  var format: ProbeFormat = .text

  @Option(name: [.customShort("o"), .long], help: .resultFile, completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write the facts to a file, as YAML for --host-facts; - prints them instead of the result.", valueName: "file"),
    completion: .file())
  var facts: String?

  @Option(help: .schemas, completion: .directory) var schemas: [String] = []
  @OptionGroup var color: ColorOption

  enum ProbeFormat: String, Word { case text, json, prometheus, nfd }

  func validate() throws {
    guard compare else {
      if let first = files.first { throw ValidationError("'\(first)': only --compare takes files") }
      return
    }
    if files.count != 2 { throw ValidationError("--compare takes two files") }
    if facts != nil { throw ValidationError("--compare and --facts exclude each other") }
    if format != .text, format != .json { throw ValidationError("--compare writes text or json") }
  }

  func run() throws {
    if compare { return try runComparison() }
    let probe = try probe()
    if facts == "-", output == nil { return Output.result(probe.factsYAML) }
    if let facts { try write(probe.factsYAML, to: facts) }
    let text =
      switch format {
      case .text: probe.text
      case .json: probe.json.text(pretty: true) + "\n"
      case .prometheus: probe.prometheus
      case .nfd: probe.nodeFeatures
      }
    if let output { try write(text, to: output) } else { Output.result(text) }
  }

  private func probe() throws(DiagnosticsError) -> HostProbe {
    let settings = try Settings(schemas: schemas)
    guard let architecture = Architecture.host, !settings.schemas(of: architecture).isEmpty else {
      let message = "there are no schemas for this machine's architecture"
      throw DiagnosticsError(.unavailable, [.error("no-schemas", message, at: nil)])
    }
    let probe = try HostProbe(of: ThisHost(architecture), settings)
    if !probe.schemaFaults.isEmpty { throw DiagnosticsError(settings.kindOfSchemaFault, probe.schemaFaults) }
    return probe
  }

  private func runComparison() throws {
    let comparison = try readingData { () throws(DiagnosticsError) in
      try ProbeComparison(SourceFile(reading: files[0]), SourceFile(reading: files[1]))
    }
    let text = format == .json ? comparison.json.text(pretty: true) + "\n" : comparison.text
    if let output { try write(text, to: output) } else { Output.result(text) }
    if !comparison.differences.isEmpty { throw Status.failure }
  }

  private func write(_ text: String, to path: String) throws(DiagnosticsError) {
    try Output.write(Array(text.utf8), toFile: path)
  }
}
