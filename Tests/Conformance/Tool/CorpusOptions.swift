import ArgumentParser
import Conformance
import Corpus
import DevicePlan
import DeviceSchema
import Diagnostics
import Foundation
import Kernel
import Vocabulary
import Workspace

/// What runs, and where: the options that commands share.
struct CorpusOptions: ParsableArguments {
  @Option(help: "Where the plans run: \(Machine.all.map(\.name).joined(separator: ", ")).") var machine: Machine
  @Option(help: "The kernel's release.") var kernel = "7.2"
  @Option(help: "What decides the random manifests.") var seed: UInt64 = 1
  @Option(help: "How many random manifests.") var plans = 2500
  @Option(help: "Folders of manifests that run, too.") var corpus: [String] = []
  @Option(help: "A folder of schemas that replace built-in ones.") var schemas: [String] = []
  @Option(help: "What is known of the host, in place of what is known of the machine.") var hostFacts: String?
  @Option(help: "What is known to differ on the host, with reasons.") var quirks: String?
  @Option(help: "Where kernels are kept and results written.") var folder = ".build/conformance"
  @Option(help: "How many seconds a guest has.") var limit = 900

  func load() throws -> LoadedCorpus {
    let workspace = ManifestWorkspace(try settings())
    let laboratory = Laboratory(
      machine: machine, kernel: kernel, cache: URL(filePath: folder).absoluteURL, limit: limit)
    try FileManager.default.createDirectory(at: laboratory.cache, withIntermediateDirectories: true)
    var cases = try workspace.cases(
      in: corpus, for: machine.architecture, files: Set(machine.files.map(\.path)))
    let fixed = cases.count
    if FileManager.default.fileExists(atPath: laboratory.kvmconf.path) {
      cases += try workspace.appliedCases(in: corpus, for: machine.architecture)
    }
    let applied = cases.count - fixed
    cases += workspace.exampleCases(for: machine.architecture, files: machine.files.manifestText)
    cases += try workspace.schemaCases(for: machine.architecture)
    let examples = cases.count - fixed - applied
    cases += workspace.boundCases(for: machine.architecture)
    let bounds = cases.count - fixed - applied - examples
    cases += workspace.randomCases(plans, for: machine.architecture, seed: seed, files: machine.files)
    say(
      "\(fixed) manifests, \(applied) of them applied by kvmconf itself, too, \(examples) examples and cases of schemas, \(bounds) of the bounds in their rules, \(plans) random plans of seed \(seed)"
    )
    return LoadedCorpus(
      workspace: workspace, laboratory: laboratory, cases: cases, quirks: try readQuirks(), seed: seed)
  }

  func settings() throws -> Settings {
    var settings = Settings()
    settings.release = machine.isHost ? Release(kernelRelease()) : Release(kernel)
    for folder in schemas { try settings.addSchemas(in: folder) }
    let known = ["\(machine.name)-\(kernel)", machine.name].map { "Tests/Conformance/hosts/\($0).yaml" }
    if let path = hostFacts ?? known.first(where: FileManager.default.fileExists) {
      settings.facts = try HostFacts(try SourceFile(reading: path))
    }
    return settings
  }

  private func readQuirks() throws -> [Quirk] {
    guard let path = quirks else { return [] }
    let (quirks, diagnostics) = Quirk.read(try SourceFile(reading: path))
    if let first = diagnostics.first { throw Failure("\(path): \(first.message)") }
    return quirks
  }
}

/// The corpus of one architecture, planned.
struct LoadedCorpus {
  var workspace: ManifestWorkspace
  var laboratory: Laboratory
  var cases: [Case]
  var quirks: [Quirk]
  var seed: UInt64

  var catalogue: Catalogue { workspace.catalogue(for: laboratory.machine.architecture) }

  var emptyTally: Tally {
    Tally(
      machine: laboratory.machine.name, architecture: laboratory.machine.architecture, kernel: laboratory.kernel,
      seed: seed, catalogue)
  }

  func answers() throws -> Laboratory.Answers {
    try laboratory.answers(to: cases, workspace, progress: say)
  }
}

/// Tells whoever waits what is going on.
func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
