import ArgumentParser
import DeviceSchema
import Diagnostics
import Reference
import Reporting
import Vocabulary
import Workspace

/// `kvmconf schema`: the commands for schemas.
struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "List the schemas, check them, write new ones, or export them to editors.",
    subcommands: [List.self, Check.self, New.self, Export.self])
}

extension Schema {
  /// `kvmconf schema list`: prints the attributes of all schemas.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Print every attribute of every device type, VM, vCPU and system descriptor.",
      usage: "kvmconf schema list [--format text|json] [<option> ...]")

    @OptionGroup var options: CatalogueOptions

    @Option(help: "The format of the list: text or json (an array with an object for each attribute).")
    var format: Format = .text

    func run() throws {
      let list = CatalogueList(try options.catalogues())
      switch format {
      case .text: Output.result(list.text())
      case .json: Output.result(list.json().text(pretty: true) + "\n")
      }
    }
  }

  /// `kvmconf schema check`: checks schemas and runs their examples.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Check schemas: their text, their names and numbers, their rules, and their examples on the model.",
      usage: """
        kvmconf schema check [--headers <dir>] [--format text|json]
          [<option> ...] [<dir> ...]
        """,
      discussion: """
        Without arguments, checks the built-in schemas. Folders given by --schemas are checked together with them. --headers \
        compares every constant and struct with the kernel's uapi headers, with a C compiler.
        """)

    @Argument(
      help: ArgumentHelp("Folders of schemas, as --schemas takes them.", valueName: "dir"), completion: .directory)
    var folders: [String] = []

    @OptionGroup var options: CatalogueOptions

    @Option(
      help: ArgumentHelp(
        "A folder of the kernel's uapi headers, with linux/kvm.h and asm/kvm.h or TRIPLET/asm/kvm.h, to compare with.",
        valueName: "dir"),
      completion: .directory)
    var headers: String?

    @Option(help: "The format of the findings: text or json.")
    var format: Format = .text

    func run() throws {
      if let headers, !isFolder(headers) {
        throw DiagnosticsError.unreadable(headers, "there is no such folder of headers")
      }
      let folders = folders + options.schemas
      var settings = Settings()
      settings.release = options.kernel
      for folder in folders { try settings.addSchemas(in: folder) }
      var findings = settings.checkSchemas(in: folders)
      if findings.allSatisfy({ $0.severity != .error }) { findings += settings.runExamples(in: folders) }
      if let headers { findings += self.findings(against: headers, settings) }
      switch format {
      case .text:
        Output.print(findings, to: 1)
        for path in settings.paths(of: folders, without: findings) { Output.result("\(path.printable): ok\n") }
        Output.message(words(findings, settings) + "\n")
      case .json:
        var text = ""
        JSONRenderer(pretty: true).render(findings, into: &text)
        Output.result(text.hasSuffix("\n") ? text : text + "\n")
      }
      if findings.contains(where: { $0.severity == .error }) { throw Status.failure }
    }

    private func findings(against headers: String, _ settings: Settings) -> [Diagnostic] {
      ManifestWorkspace(settings).allCatalogues.flatMap { HeaderCheck(headers: headers).check($0) }
    }

    private func words(_ findings: [Diagnostic], _ settings: Settings) -> String {
      let errors = findings.count { $0.severity == .error }
      let warnings = findings.count { $0.severity == .warning }
      return
        "\(settings.schemas.count) schemas: \(counted(errors, "error")), \(counted(warnings, "warning"))"
    }
  }
}
