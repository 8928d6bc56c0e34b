import ArgumentParser
import Corpus
import DevicePlan
import DeviceSchema
import Diagnostics
import Foundation
import Workspace

/// `conformance mutants`: how many schemas with one deliberate fault the corpus finds.
struct FindMutants: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Break one rule of the schemas at a time, and check whether the corpus detects it.",
    discussion: """
      The corpus runs once on the kernel, with the correct schemas. Each mutant is then compared with the same answers. \
      Only rules that gave an answer of this kernel are broken.
      """)

  @OptionGroup var options: CorpusOptions
  @Option(help: "The number of mutants.") var tries = 50
  @Option(help: "The seed of the mutants.") var mutantSeed: UInt64 = 1

  func run() throws {
    let corpus = try options.load()
    let answers = try corpus.answers()
    var tally = corpus.emptyTally
    for (i, one) in corpus.cases.enumerated() {
      guard let found = answers.found[i] else { continue }
      tally.add(try corpus.workspace.conformance(of: one.plan, to: found, quirks: corpus.quirks), corpus.catalogue)
    }
    if tally.total.differed > 0 { throw Failure("the correct schemas differ from the kernel; fix them first") }
    var mutants = Mutants(of: corpus.workspace.settings.schemas, seed: mutantSeed)
    let places = tally.fired.keys.sorted()
    var found = 0
    var tried = 0
    while tried < tries, let mutant = mutants.next(at: places) {
      var settings = corpus.workspace.settings
      settings.schemas = mutant.sources
      let workspace = ManifestWorkspace(settings)
      let culprit = try corpus.cases.indices.first { i in
        guard let kernel = answers.found[i] else { return false }
        return try workspace.conformance(of: corpus.cases[i].plan, to: kernel, quirks: corpus.quirks).differences > 0
      }
      // Schemas that cannot be evaluated are not mutants: every run would detect them.
      if !workspace.schemaFaults.isEmpty { continue }
      tried += 1
      if culprit != nil { found += 1 }
      print("\(culprit.map { "found by \(corpus.cases[$0].plan.name)" } ?? "NOT FOUND"): \(mutant.description)")
    }
    print("\(corpus.laboratory.machine.name), Linux \(corpus.laboratory.kernel): \(found) of \(tried) found")
  }
}
