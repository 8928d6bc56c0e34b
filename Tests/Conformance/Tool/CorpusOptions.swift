import ArgumentParser
import Conformance
import Corpus
import DevicePlan
import DeviceSchema
import Diagnostics
import Foundation
import Vocabulary
import Workspace

/// The shared options: the corpus, and the machine that runs it.
struct CorpusOptions: ParsableArguments {
  @Option(help: "Where the plans run: \(Machine.all.map(\.name).joined(separator: ", ")).") var machine: Machine
  @Option(help: "The kernel, as fetch.sh names it.") var kernel = "7.2"
  @Option(help: "The seed of the random manifests.") var seed: UInt64 = 1
  @Option(help: "The number of random manifests.") var plans = 2500
  @Option(help: "The number of declarative manifests in random order.") var orders = 200
  @Option(help: "Folders of more manifests.") var corpus: [String] = []
  @Option(help: "A folder of schemas that are added to the built-in ones or replace them.") var schemas: [String] = []
  @Option(help: "A file of facts about the host, instead of the machine's file.") var hostFacts: String?
  @Option(help: "A file of known differences of the host, with reasons, instead of the machine's file.") var quirks:
    String?
  @Option(help: "The folder for kernels and results.") var folder = ".build/conformance"
  @Option(help: "The time limit of a guest, in seconds.") var limit = 900

  func load() throws -> LoadedCorpus {
    let workspace = ManifestWorkspace(try settings())
    try FileManager.default.createDirectory(at: laboratory.cache, withIntermediateDirectories: true)
    let files = Set(machine.files.map(\.path))
    var cases = try workspace.cases(in: corpus, for: machine.architecture, files: files)
    let fixed = cases.count
    if FileManager.default.fileExists(atPath: laboratory.kvmconf.path) {
      cases += try workspace.appliedCases(in: corpus, for: machine.architecture)
    }
    let applied = cases.count - fixed
    cases += workspace.exampleCases(for: machine.architecture, files: machine.files.manifestText)
    cases += try workspace.schemaCases(for: machine.architecture, files: files)
    let examples = cases.count - fixed - applied
    cases += workspace.boundCases(for: machine.architecture, files: machine.files.manifestText)
    let bounds = cases.count - fixed - applied - examples
    cases += workspace.randomCases(plans, for: machine.architecture, seed: seed, files: machine.files)
    let machines = workspace.orderCases(orders, for: machine.architecture, seed: seed)
    let ordered = cases.count..<(cases.count + machines.cases.count)
    cases += machines.cases
    say(
      "\(fixed) manifests, of which kvmconf itself also applies \(applied); \(examples) examples and cases of schemas; "
        + "\(bounds) manifests of numbers in their rules; \(plans) random and \(ordered.count) declarative manifests of seed \(seed)"
    )
    return LoadedCorpus(
      workspace: workspace, laboratory: laboratory, cases: cases, ordered: ordered, misordered: machines.refused,
      quirks: try readQuirks(), seed: seed)
  }

  private var laboratory: Laboratory {
    Laboratory(machine: machine, kernel: kernel, cache: URL(filePath: folder).absoluteURL, limit: limit)
  }

  func settings() throws -> Settings {
    var settings = Settings()
    settings.release = laboratory.release
    for folder in schemas { try settings.addSchemas(in: folder) }
    let known = ["\(machine.name)-\(kernel)", machine.name].map { "Tests/Conformance/hosts/\($0).yaml" }
    if let path = hostFacts ?? known.first(where: FileManager.default.fileExists) {
      settings.facts = try HostFacts(try SourceFile(reading: path))
    }
    return settings
  }

  private func readQuirks() throws -> [Quirk] {
    let known = "Tests/Conformance/hosts/\(machine.name)-quirks.yaml"
    guard let path = quirks ?? (FileManager.default.fileExists(atPath: known) ? known : nil) else { return [] }
    let (quirks, diagnostics) = Quirk.read(try SourceFile(reading: path))
    if let first = diagnostics.first { throw Failure("\(path): \(first.message)") }
    return quirks
  }
}

/// The corpus of one architecture, with its plans.
struct LoadedCorpus {
  var workspace: ManifestWorkspace
  var laboratory: Laboratory
  var cases: [Case]
  /// The cases whose calls the kernel must accept, in the planner's order.
  var ordered: Range<Int>
  /// Manifests that the model refuses in this order only.
  var misordered: [Tally.OrderCounts.Refused]
  var quirks: [Quirk]
  var seed: UInt64

  var catalogue: Catalogue { workspace.catalogue(for: laboratory.machine.architecture) }

  var emptyTally: Tally {
    Tally(
      machine: laboratory.machine.name, architecture: laboratory.machine.architecture, kernel: laboratory.kernel,
      version: laboratory.release?.description ?? "", seed: seed, catalogue)
  }

  func answers() throws -> Laboratory.Answers {
    try laboratory.answers(to: cases, workspace, progress: say)
  }
}

/// Prints progress to standard error.
func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
