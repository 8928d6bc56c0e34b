import ArgumentParser
import DeviceSchema
import Diagnostics
import EditorSchema
import Vocabulary
import Workspace

extension Schema {
  /// `kvmconf schema export`: writes a JSON Schema of the manifest language.
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Write a JSON Schema of the manifest language, for editors.",
      usage: "kvmconf schema export [--arch <arch>] [-o <file>] [<option> ...]",
      discussion: """
        Editors that support JSON Schema (draft-07) use it to complete, explain and check manifests as you type. A manifest \
        names it in a comment:

          # yaml-language-server: $schema=kvmconf.schema.json

        It covers keys, names, types and ranges. Use validate to predict the kernel's answers.
        """)

    @Option(
      help: ArgumentHelp("Only for manifests of this architecture.", valueName: "arch"), completion: .architecture)
    var arch: String?

    @OptionGroup var options: CatalogueOptions

    @Option(
      name: .shortAndLong, help: ArgumentHelp("The file to write; by default standard output.", valueName: "file"),
      completion: .file())
    var output: String?

    func validate() throws { try Architecture.check(arch) }

    func run() throws {
      let all = try options.catalogues()
      let wanted = all.filter { arch == nil || $0.architecture.rawValue == arch }
      if let arch, wanted.isEmpty {
        Output.error("there are no schemas for \(arch)")
        throw Status.failure
      }
      let text = ManifestSchema(wanted, others: all).text()
      guard let output else { return Output.result(text) }
      try Output.write(Array(text.utf8), toFile: output)
    }
  }
}
