import ArgumentParser
import DevicePlan
import Diagnostics
import TextOutput
import Workspace

/// `kvmconf render`: prints a self-contained form of a manifest.
struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Print a manifest with its bases, parameters and expressions filled in.",
    usage: "kvmconf render [--steps] [<option> ...] <file>",
    discussion: """
      The result is complete, has one form for each meaning, and makes the same calls. Values that are supplied at load time \
      stay parameters, and comments are left out. --steps writes the calls themselves, in order; if the manifest has \
      fallbacks, it writes the calls for the host that --host-facts and --kernel describe.
      """)

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Flag(help: "Write the calls as explicit steps; works on compiled plans too.")
  var steps = false

  func run() throws {
    let (loaded, workspace) = try options.manifestFiles().load(file)
    var documents: [String] = []
    var plans: [Plan] = []
    for manifest in loaded.manifests {
      guard let rendered = try workspace.rendered(manifest, steps ? .steps : .declared) else {
        throw ValidationError("a compiled plan has only calls: add --steps")
      }
      plans.append(rendered.plan)
      documents.append(Self.remark(rendered.leftOut) + rendered.text)
    }
    let text = documents.joined(separator: "---\n")
    guard workspace.stands(text, for: plans, beside: loaded.file) else {
      Output.error("a bug in kvmconf: the text would not make the same calls")
      throw Status.software
    }
    Output.result(text)
  }

  /// A YAML comment that lists the steps that are left out; empty if there are none.
  private static func remark(_ steps: [Step]) -> String {
    if steps.isEmpty { return "" }
    return "# Left out because of the host's answers:\n" + steps.map { "#   \($0.words.printable)\n" }.joined()
  }
}
