import ArgumentParser
import DevicePlan
import DeviceSchema
import KVMConf
import Reference

/// `kvmconf explain`: the reference page of a name.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Print the reference page of a device type, group, attribute, call, constant or diagnostic id.",
    discussion: """
      Names are TYPE, TYPE.GROUP, TYPE.GROUP.ATTRIBUTE, likewise with vm, vcpu or system for TYPE, all also behind \
      ARCH/; ids as diagnostics print them in brackets; and constants of the kernel's headers.

        kvmconf explain arm-vgic-v3.addr.dist
        kvmconf explain arm-vgic-v3.addr.dist:EINVAL
        kvmconf explain arm64/vcpu.pmu-v3.irq
        kvmconf explain KVM_VGIC_V3_ADDR_TYPE_DIST
      """)

  @Argument(help: "What to explain.")
  var name: String

  @OptionGroup var options: CatalogueOptions

  func run() throws {
    switch Explainer(try options.catalogues(), diagnostics: .manifests).explain(name) {
    case .page(let text): Output.result(text.hasSuffix("\n") ? text : text + "\n")
    case .unknown(let sentence):
      Output.message("kvmconf: \(sentence)\n")
      throw Status.failure
    }
  }
}

/// The options of commands that show schemas.
struct CatalogueOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder of schemas, ARCH/TYPE.yaml; they add to the built-in ones and replace those of the same name.",
      valueName: "dir"))
  var schemas: [String] = []

  @Option(help: ArgumentHelp("The kernel release to describe, such as 6.12.", valueName: "release"))
  var kernel: String?

  func settings() throws -> Settings {
    try SharedOptions.settings(schemas: schemas, kernel: kernel)
  }

  /// The catalogues of all architectures that there are schemas for.
  func catalogues() throws -> [Catalogue] {
    let workspace = Workspace(try settings())
    return Architecture.allCases.map(workspace.catalogue).filter { $0.vm != nil }
  }
}
