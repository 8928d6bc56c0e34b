import ArgumentParser
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print the reference page.")
  @Argument var name: String
  func run() throws {}
}
struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "The catalogue.")
  func run() throws {}
}
