import ArgumentParser
import DevicePlan
import Diagnostics
import Reporting
import Workspace

/// `kvmconf plan`: prints the calls of a manifest, in order.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print the calls that a manifest makes, in order.",
    usage: "kvmconf plan [--format text|json|strace|dot] [<option> ...] <file>",
    discussion: "A call that the model expects the kernel to refuse is a warning, as in `validate`.")

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Option(help: "The format of the plan: text (a table), json, strace, or dot (a graph of what waits for what).")
  var format: PlanFormat?

  @Flag(help: "Short for --format dot.")
  var graph = false

  enum PlanFormat: String, Word { case text, json, strace, dot }

  func validate() throws {
    if graph, let format, format != .dot {
      throw ValidationError("--graph is short for --format dot, and --format is \(format.rawValue)")
    }
  }

  func run() throws {
    let format = graph ? .dot : format ?? .text
    var isFirst = true
    try options.manifestFiles().forEachManifest(of: file) { manifest, workspace in
      let plan = manifest.plan.namingKeys(in: workspace.catalogue(for: manifest.plan.architecture))
      switch format {
      case .text: Output.result((isFirst ? "" : "\n") + plan.table)
      case .json: Output.result(plan.json.text() + "\n")
      case .strace: Output.result(plan.strace)
      case .dot: Output.result(workspace.graph(of: manifest).dot(named: plan.name))
      }
      isFirst = false
    }
  }
}
