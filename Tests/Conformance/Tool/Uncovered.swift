import ArgumentParser
import Corpus
import DevicePlan
import Foundation
import KVMConf
import Model

struct Uncovered: ParsableCommand {
  @OptionGroup var options: CorpusOptions
  func run() throws {
    var settings = try options.settings()
    settings.facts = HostFacts()
    let w = Workspace(settings)
    var tally = Tally(
      machine: "x", architecture: options.machine.architecture, kernel: "7.2", seed: 0,
      w.catalogue(for: options.machine.architecture))
    for c in w.exampleCases(for: options.machine.architecture)
      + (try w.cases(in: options.corpus, for: options.machine.architecture))
    {
      var model = try w.model(options.machine.architecture, course: .predicted)
      for e in Runner(keepGoing: true).run(c.plan, on: &model).entries {
        for r in e.result.reasons { if let p = r.rule?.place { tally.fired[p, default: 0] += 1 } }
      }
    }
    for r in tally.rules where tally.fired[r.place] == nil { print(r.place, r.errno, r.reason) }
    print(tally.rules.count, "rules")
  }
}
