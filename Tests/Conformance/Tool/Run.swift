import ArgumentParser
import Corpus
import DevicePlan
import Diagnostics
import Expressions
import Foundation
import KVMConf
import Kernel

/// `conformance run`: the corpus on one kernel and on the model.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the corpus on a kernel and on the model, and print where they differ.",
    discussion: "The exit status is 1 where they differ, or the kernel died.")

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
  @Flag(help: "Leave the differences as they are, and do not look for the smallest manifest that shows one.")
  var noShrink = false

  func run() throws {
    let workspace = Workspace(try settings())
    let catalogue = workspace.catalogue(for: machine.architecture)
    let laboratory = Laboratory(
      machine: machine, kernel: kernel, cache: URL(filePath: folder).absoluteURL, limit: limit)
    try FileManager.default.createDirectory(at: laboratory.cache, withIntermediateDirectories: true)

    var cases = try workspace.cases(in: corpus, for: machine.architecture)
    let fixed = cases.count
    cases += workspace.exampleCases(for: machine.architecture)
    let examples = cases.count - fixed
    cases += workspace.randomCases(plans, for: machine.architecture, seed: seed)
    say("\(fixed) manifests, \(examples) examples of schemas, \(plans) random plans of seed \(seed)")

    let answers = try laboratory.answers(to: cases.map(\.plan), workspace, progress: say)
    var tally = Tally(
      machine: machine.name, architecture: machine.architecture, kernel: kernel, seed: seed, catalogue)
    let quirks = try readQuirks()
    var differing: [Int] = []
    for (i, one) in cases.enumerated() {
      if answers.crashes.contains(i) { tally.crashes.append(one.plan.name) }
      guard let found = answers.found[i] else { continue }
      let conformance = try workspace.conformance(of: one.plan, to: found, quirks: quirks)
      tally.add(conformance, catalogue)
      if conformance.differences > 0 {
        differing.append(i)
        if differing.count <= 10 {
          var text = ""
          for diagnostic in conformance.diagnostics where diagnostic.severity == .error {
            TextRenderer().render(diagnostic, into: &text)
          }
          print(text)
        }
      }
    }
    try keep(differing.map { cases[$0] } + answers.crashes.map { cases[$0] }, laboratory.cache)
    if !workspace.schemaFaults.isEmpty {
      throw Failure("the schemas have faults: \(workspace.schemaFaults[0].message)")
    }
    try write(tally, laboratory.cache)
    print(tally.table)
    if !noShrink, let first = differing.compactMap({ cases[$0].manifest }).min(by: { $0.steps.count < $1.steps.count })
    {
      let smallest = try shrink(first, laboratory, workspace, quirks)
      print("the smallest manifest that shows a difference:\n\(smallest.text)")
    }
    if !differing.isEmpty || !answers.crashes.isEmpty { throw ExitCode(1) }
  }

  private func settings() throws -> Settings {
    var settings = Settings()
    settings.release = machine.isHost ? Release(kernelRelease()) : Release(kernel)
    for folder in schemas { try settings.addSchemas(in: folder) }
    if let hostFacts {
      settings.facts = try HostFacts(try SourceFile(reading: hostFacts))
      return settings
    }
    for name in ["\(machine.name)-\(kernel)", machine.name] {
      let path = "Tests/Conformance/hosts/\(name).yaml"
      if FileManager.default.fileExists(atPath: path) {
        settings.facts = try HostFacts(try SourceFile(reading: path))
        break
      }
    }
    return settings
  }

  private func readQuirks() throws -> [Quirk] {
    guard let path = quirks else { return [] }
    let (quirks, diagnostics) = Quirk.read(try SourceFile(reading: path))
    if let first = diagnostics.first { throw Failure("\(path): \(first.message)") }
    return quirks
  }

  private func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

  /// Writes the manifests that show something, to be run again.
  private func keep(_ cases: [Case], _ cache: URL) throws {
    let folder = cache.appending(path: "differences-\(machine.name)-\(kernel)")
    try? FileManager.default.removeItem(at: folder)
    let manifests = cases.compactMap(\.manifest)
    if manifests.isEmpty { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for manifest in manifests {
      try Data(manifest.text.utf8).write(to: folder.appending(path: "\(manifest.name).yaml"))
    }
  }

  private func write(_ tally: Tally, _ cache: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let folder = cache.appending(path: "results")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try encoder.encode(tally).write(to: folder.appending(path: "\(tally.machine)-\(tally.kernel).json"))
  }

  /// Tries smaller manifests, a guest for each round, until none shows a difference any more.
  private func shrink(
    _ manifest: StepManifest, _ laboratory: Laboratory, _ workspace: Workspace, _ quirks: [Quirk]
  ) throws -> StepManifest {
    var smallest = manifest
    for _ in 0..<12 {
      let candidates = Shrinking.candidates(of: smallest).compactMap { $0.mended(workspace) }
      let answers = try laboratory.answers(to: candidates.map(\.plan), workspace) { _ in }
      let showing = try candidates.indices.filter { i in
        guard let found = answers.found[i] else { return false }
        return try workspace.conformance(of: candidates[i].plan, to: found, quirks: quirks).differences > 0
      }
      guard let best = showing.map({ candidates[$0].manifest }).min(by: { $0.steps.count < $1.steps.count }),
        best.steps.count < smallest.steps.count
      else { break }
      smallest = best
    }
    return smallest
  }
}
