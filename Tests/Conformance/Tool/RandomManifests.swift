import ArgumentParser
import Corpus
import DevicePlan
import Expressions
import KVMConf

/// `conformance random`: random manifests, to look at.
struct RandomManifests: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "random", abstract: "Print random manifests, the same ones for the same seed.")

  @Option(help: "The architecture.", transform: architecture) var arch: Architecture
  @Option(help: "The kernel's release.", transform: release) var kernel = Settings.newestRelease
  @Option(help: "What decides the manifests.") var seed: UInt64 = 1
  @Option(help: "How many.") var count = 1

  func run() throws {
    var settings = Settings()
    settings.release = kernel
    let plans = RandomPlans(Workspace(settings), arch, seed: seed)
    for _ in 0..<count { print(plans.next().manifest.text, terminator: "---\n") }
  }
}

func architecture(_ text: String) throws -> Architecture {
  guard let found = Architecture(rawValue: text) else { throw ValidationError("there is no architecture '\(text)'") }
  return found
}

func release(_ text: String) throws -> Release {
  guard let found = Release(text) else { throw ValidationError("'\(text)' is no kernel release") }
  return found
}
