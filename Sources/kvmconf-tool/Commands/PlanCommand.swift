import ArgumentParser
import DevicePlan
import Diagnostics
import Workspace

/// `kvmconf plan`: prints the calls of a manifest, in order.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print the calls that a manifest makes, in order.",
    discussion: "A call that the model expects the kernel to refuse is a warning, as in `validate`.")

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Option(help: "The format of the plan: text (a table), json or strace.")
  var format: PlanFormat = .text

  enum PlanFormat: String, Word { case text, json, strace }

  func run() throws {
    var isFirst = true
    try options.manifestFiles().forEachManifest(of: file) { manifest in
      switch format {
      case .text: Output.result((isFirst ? "" : "\n") + manifest.plan.table)
      case .json: Output.result(manifest.plan.json.text() + "\n")
      case .strace: Output.result(manifest.plan.strace)
      }
      isFirst = false
    }
  }
}
