import ArgumentParser
import Corpus
import Workspace

/// `conformance random`: prints random manifests.
struct RandomManifests: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "random", abstract: "Print random manifests for a machine, the same for the same seed.")

  @OptionGroup var options: CorpusOptions

  func run() throws {
    let plans = RandomPlans(
      ManifestWorkspace(try options.settings()), options.machine.architecture, seed: options.seed,
      files: options.machine.files)
    let machines = RandomMachines(
      ManifestWorkspace(try options.settings()), options.machine.architecture, seed: options.seed)
    for _ in 0..<options.orders {
      guard let planned = machines.next() else { break }
      if let refused = planned.refused { print("# refused in this order: \(refused.call): \(refused.answer)") }
      print(String(decoding: planned.manifest.bytes, as: UTF8.self), terminator: "---\n")
    }
    for _ in 0..<options.plans { print(plans.next().manifest.text, terminator: "---\n") }
  }
}
