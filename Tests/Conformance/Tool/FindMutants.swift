import ArgumentParser
import Conformance
import Corpus
import DevicePlan
import DeviceSchema
import Diagnostics
import Foundation
import Model
import Vocabulary
import Workspace

/// `conformance mutants`: how many schemas with one deliberate fault the corpus finds.
struct FindMutants: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Break one rule or description of the schemas at a time, and check whether the corpus detects it.",
    discussion: """
      The corpus runs once on the kernel, with the correct schemas. Each mutant is then compared with the same answers. \
      If a manifest has another plan with the mutant, the correct schemas answer it in the kernel's place. An order is \
      tested with declarative manifests. A mutant that is not found is compared with the correct schemas on random plans \
      of another seed; if they do not differ there, it has no effect and does not count.
      """)

  @OptionGroup var options: CorpusOptions
  @Option(help: "The number of mutants.") var tries = 50
  @Option(help: "The seed of the mutants.") var mutantSeed: UInt64 = 1
  @Option(help: "The number of random steps on which a mutant that was not found is compared.") var steps = 100_000

  func run() throws {
    let corpus = try options.load()
    let answers = try corpus.answers()
    var tally = corpus.emptyTally
    for (i, one) in corpus.cases.enumerated() {
      guard let found = answers.found[i] else { continue }
      tally.add(try corpus.workspace.conformance(of: one.plan, to: found, quirks: corpus.quirks), corpus.catalogue)
    }
    if tally.total.differed > 0 { throw Failure("the correct schemas differ from the kernel; fix them first") }
    let settings = corpus.workspace.settings
    let facts = try settings.facts?.values(for: corpus.catalogue) ?? [:]
    var mutants = Mutants(
      of: settings.schemas, seed: mutantSeed, rules: tally.fired.keys.sorted(), release: corpus.catalogue.release,
      facts: Set(facts.keys))
    var counts: [Mutant.Kind: (found: Int, tried: Int)] = [:]
    var seen: Set<String> = []
    var idle = 0
    var unchanged = 0
    let reference = try Reference(corpus, seed: options.seed &+ 1, steps: steps)
    while counts.values.reduce(0, { $0 + $1.tried }) < tries, seen.count + idle < 20 * tries,
      let mutant = mutants.next()
    {
      guard seen.insert(mutant.description).inserted else {
        idle += 1
        continue
      }
      var mutated = settings
      mutated.schemas = mutant.sources
      let workspace = ManifestWorkspace(mutated)
      _ = workspace.catalogue(for: corpus.laboratory.machine.architecture)
      // Schemas with faults are not mutants: every run would detect them.
      if !workspace.schemaFaults.isEmpty { continue }
      let culprit = try culprit(mutant, workspace, corpus, answers)
      if !workspace.schemaFaults.isEmpty { continue }
      if let culprit {
        counts[mutant.kind, default: (0, 0)].found += 1
        counts[mutant.kind, default: (0, 0)].tried += 1
        print("found by \(culprit): \(mutant.description)")
      } else if let difference = try reference.difference(to: workspace, mutant.kind) {
        counts[mutant.kind, default: (0, 0)].tried += 1
        print("NOT FOUND: \(mutant.description); it differs in \(difference)")
      } else {
        unchanged += 1
        print("no effect: \(mutant.description)")
      }
    }
    let total = counts.values.reduce((found: 0, tried: 0)) { ($0.found + $1.found, $0.tried + $1.tried) }
    for kind in Mutant.Kind.allCases {
      if let count = counts[kind] { print("\(kind.rawValue): \(count.found) of \(count.tried) found") }
    }
    print(
      "\(corpus.laboratory.machine.name), Linux \(corpus.laboratory.kernel): \(total.found) of \(total.tried) found; "
        + "\(unchanged) more have no effect here: they answer \(steps) random steps, or order as many calls, like the "
        + "correct schemas")
  }

  /// The first manifest that shows the fault.
  private func culprit(
    _ mutant: Mutant, _ workspace: ManifestWorkspace, _ corpus: LoadedCorpus, _ answers: Laboratory.Answers
  ) throws -> String? {
    if mutant.kind == .callOrder {
      return workspace.orderCases(options.orders, for: corpus.laboratory.machine.architecture, seed: options.seed)
        .refused.first?.manifest
    }
    for i in corpus.cases.indices {
      guard let kernel = answers.found[i] else { continue }
      let one = corpus.cases[i]
      if try workspace.conformance(of: one.plan, to: kernel, quirks: corpus.quirks).differences > 0 {
        return one.plan.name
      }
      if mutant.kind.changesPlans, try otherPlanShows(one, workspace, corpus.workspace) { return one.plan.name }
    }
    return nil
  }
}

/// Whether a manifest cannot be read with the mutant, or has another plan, which the correct schemas answer in another
/// way than the mutant predicts or the manifest expects.
private func otherPlanShows(_ one: Case, _ mutant: ManifestWorkspace, _ correct: ManifestWorkspace) throws -> Bool {
  let loaded = mutant.load(one.source)
  guard !loaded.hasErrors, loaded.manifests.indices.contains(one.index) else { return true }
  let plan = loaded.manifests[one.index].plan.withDefaults
  if plan.steps.map(\.operation) == one.plan.steps.map(\.operation) { return false }
  let old = try verdicts(one.plan, correct)
  let new = try verdicts(plan, correct)
  if old.map(\.verdict) != new.map(\.verdict) { return true }
  return try verdicts(plan, mutant).map(\.result.outcome) != new.map(\.result.outcome)
}

/// Runs a plan on the model.
private func verdicts(_ plan: Plan, _ workspace: ManifestWorkspace) throws -> [(verdict: Verdict, result: StepResult)] {
  var model = try workspace.model(plan.architecture, course: .predicted)
  return Runner(keepGoing: true).run(plan, on: &model).entries.map { ($0.verdict, $0.result) }
}

/// Random plans with the answers of the correct schemas, of another seed than the corpus.
private struct Reference {
  private var plans: [(one: Case, results: [StepResult])] = []
  private let workspace: ManifestWorkspace
  private let architecture: Architecture
  private let seed: UInt64
  private let steps: Int

  init(_ corpus: LoadedCorpus, seed: UInt64, steps: Int) throws {
    let machine = corpus.laboratory.machine
    workspace = corpus.workspace
    architecture = machine.architecture
    self.seed = seed
    self.steps = steps
    let random = RandomPlans(corpus.workspace, architecture, seed: seed, files: machine.files)
    var count = 0
    while count < steps {
      let (manifest, plan) = random.next()
      count += plan.steps.count
      plans.append((Case(manifest, plan), try verdicts(plan, workspace).map(\.result)))
    }
  }

  /// The first step that the mutant answers in another way, or the first call that it brings into a wrong order.
  func difference(to mutant: ManifestWorkspace, _ kind: Mutant.Kind) throws -> String? {
    if kind == .callOrder {
      let machines = RandomMachines(mutant, architecture, seed: seed)
      var count = 0
      while count < steps, let planned = machines.next() {
        count += planned.plan.steps.count
        if let refused = planned.refused { return "\(planned.plan.name), \(refused.call)" }
      }
      return nil
    }
    for (one, results) in plans {
      let plan = one.plan
      if kind.changesPlans, try otherPlanShows(one, mutant, workspace) { return plan.name }
      for (i, (old, new)) in zip(results, try verdicts(plan, mutant).map(\.result)).enumerated()
      where old.outcome != new.outcome || old.value != new.value || old.valueMask != new.valueMask
        || old.number != new.number
      {
        return "step \(i + 1) of \(plan.name), \(plan.steps[i].words)"
      }
    }
    return nil
  }
}
