import ArgumentParser

@main
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Compare the model with real kernels.",
    subcommands: [Run.self, FindMutants.self, Page.self, RandomManifests.self])
}
