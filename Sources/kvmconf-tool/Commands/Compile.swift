import ArgumentParser
import DevicePlan
import Diagnostics
import PlanFormat
import Reference
import TextOutput
import Vocabulary
import Workspace

/// `kvmconf compile`: writes a manifest's plan as a file for the loader.
struct Compile: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compile a manifest into a plan: the file that kvmload runs inside a virtual machine monitor.",
    usage: """
      kvmconf compile -o <file> [--format plan|c] [--strip] [--document <n>]
        [<option> ...] <file>
      """,
    discussion: """
      The plan has the calls with their bytes, the expected outcomes, their places in the manifest, and the meaning of \
      each errno. A call that the model expects the kernel to refuse is a warning, and is compiled all the same. The same manifest gives the same bytes on every machine. `plan` and `apply` accept plans too.
      """)

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String

  @OptionGroup var options: SharedOptions

  @Option(help: "The format of the output: plan (the file itself) or c (a C header with its bytes in an array).")
  var format: CompiledFormat = .plan

  @Flag(help: "Leave out names, places and reasons, which only reports need.")
  var strip = false

  @Option(help: ArgumentHelp("The manifest to compile if the file has several, counted from 1.", valueName: "n"))
  var document: Int?

  enum CompiledFormat: String, Word { case plan, c }

  func run() throws {
    let (loaded, workspace) = try options.manifestFiles().load(file)
    let manifest = try loaded.manifest(numbered: document, in: file, "a plan holds")
    Output.print(try workspace.expectedRefusals(of: manifest), to: 2)
    let catalogue = workspace.catalogue(for: manifest.plan.architecture)
    let plan = manifest.plan.namingKeys(in: catalogue)
    var reasons = StepReasons(plan, catalogue)
    let bytes = plan.compiled(isStripped: strip) { index in
      reasons.reasons(for: plan.steps[index]).map { ErrnoReason($0.errno, $0.text) }
    }
    try workspace.requireSoundSchemas()
    switch format {
    case .plan: try Output.write(bytes, toFile: output)
    case .c: try Output.write(Array(CHeader(plan, bytes).text.utf8), toFile: output)
    }
  }
}

extension LoadedFile {
  /// One manifest of the file.
  ///
  /// - Parameters:
  ///   - number: counted from 1; nil if the file must have a single one.
  ///   - result: what holds one manifest, such as `a plan holds`.
  func manifest(numbered number: Int?, in path: String, _ result: String) throws -> PlannedManifest {
    if let number {
      guard (1...manifests.count).contains(number) else {
        throw ValidationError("--document \(number): \(path) has \(counted(manifests.count, "manifest"))")
      }
      return manifests[number - 1]
    }
    guard manifests.count == 1 else {
      throw ValidationError("\(path) has \(manifests.count) manifests, but \(result) one; choose it with --document N")
    }
    return manifests[0]
  }
}

/// A C and C++ header that defines an array with the bytes of a compiled plan.
private struct CHeader {
  private let name: String
  private let title: String
  private let bytes: [UInt8]

  init(_ plan: Plan, _ bytes: [UInt8]) {
    title = plan.name
    name = "kvmplan_" + plan.name.replacingSpecialCharacters()
    self.bytes = bytes
  }

  var text: String {
    let guardName = name.uppercased() + "_H"
    var text = """
      /* The plan of \(title.commentSafe), compiled by kvmconf: for kvmload_check(&plan, \(name), sizeof(\(name))). */
      #ifndef \(guardName)
      #define \(guardName)

      static const unsigned char \(name)[\(bytes.count)] = {

      """
    for start in stride(from: 0, to: bytes.count, by: 16) {
      text += "\t" + bytes[start..<min(start + 16, bytes.count)].map { "\($0)," }.joined(separator: " ") + "\n"
    }
    return text + "};\n\n#endif\n"
  }
}

extension String {
  /// The text, escaped for a C comment.
  fileprivate var commentSafe: String { printable.split(separator: "*/").joined(separator: "* /") }
}
