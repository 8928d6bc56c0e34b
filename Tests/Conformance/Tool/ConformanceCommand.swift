import ArgumentParser

@main
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Holds the model against real kernels.",
    subcommands: [Run.self, FindMutants.self, Page.self, RandomManifests.self])
}
