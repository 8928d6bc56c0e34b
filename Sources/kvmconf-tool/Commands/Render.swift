import ArgumentParser
import DevicePlan
import Diagnostics
import TextOutput
import Workspace

/// `kvmconf render`: a manifest that needs nothing else.
struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Print a manifest with what it extends, its parameters and its expressions filled in.",
    discussion: """
      The result stands alone, has one form for one meaning, and makes the same calls. What comes with the loader stays \
      open, and comments are left out. With --steps the calls themselves are written, in order; of a manifest with \
      fallbacks, those that the host makes which --host-facts and --kernel describe.
      """)

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Flag(help: "Write the calls as explicit steps; also of a compiled plan.")
  var steps = false

  func run() throws {
    let (loaded, workspace) = try options.manifestFiles().load(file)
    var documents: [String] = []
    var plans: [Plan] = []
    for manifest in loaded.manifests {
      guard let rendered = try workspace.rendered(manifest, steps ? .steps : .declared) else {
        throw ValidationError("of a compiled plan only the calls are known: add --steps")
      }
      plans.append(rendered.plan)
      documents.append(Self.remark(rendered.leftOut) + rendered.text)
    }
    let text = documents.joined(separator: "---\n")
    guard workspace.stands(text, for: plans, beside: loaded.file) else {
      Output.message("kvmconf: a bug: the text would not make the same calls\n")
      throw Status.software
    }
    Output.result(text)
  }

  /// What is left out, as a comment.
  private static func remark(_ steps: [Step]) -> String {
    if steps.isEmpty { return "" }
    return "# Left out, after what the host answers:\n" + steps.map { "#   \($0.words.printable)\n" }.joined()
  }
}
