import ArgumentParser
import Diagnostics
import Reference
import Vocabulary
import Workspace

/// `kvmconf explain`: prints the reference page of a name, or explains an error message.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract:
      "Print the reference page of a device type, group, attribute, call, constant or diagnostic id, or explain an error message.",
    usage: """
      kvmconf explain [--type <type>] [--arch <arch>] [--schemas <dir>]
        [--kernel <release>] [--color <when>] <name> ...
      """,
    discussion: """
      A name is TYPE, TYPE.GROUP or TYPE.GROUP.ATTRIBUTE, where TYPE can also be vm, vcpu or system, with or without \
      ARCH/ before it; the id that a diagnostic shows in brackets; NAME:ERRNO; a constant of the kernel's headers; a call \
      as a step writes it; or a register.

        kvmconf explain arm-vgic-v3.addr.dist
        kvmconf explain arm-vgic-v3.addr.dist:EINVAL
        kvmconf explain arm64/vcpu.pmu-v3.irq
        kvmconf explain KVM_VGIC_V3_ADDR_TYPE_DIST
        kvmconf explain set-gsi-routing:EINVAL
        kvmconf explain GICD_CTLR

      An argument with spaces is an error message of another program whose KVM call failed; surrounding text does not \
      matter. The page explains the errno. An argument - is a message on standard input.

        kvmconf explain 'qemu-system-aarch64: KVM_SET_DEVICE_ATTR failed: Group 3 attr 0x0: Invalid argument'
        kvmconf explain 'Failed to set attribute (group: 0, attr: 2, errno: 22)' --type arm-vgic-v3
        kvmconf explain - < vmm.log
      """)

  @Argument(help: ArgumentHelp("What to explain.", valueName: "name"), completion: .explainedName)
  var words: [String]

  @Option(
    help: ArgumentHelp("The device type that the message is about, or vm, vcpu or system.", valueName: "type"),
    completion: .deviceType)
  var type: String?

  @Option(
    help: ArgumentHelp("Only what is about this architecture.", valueName: "arch"), completion: .architecture)
  var arch: String?

  @OptionGroup var options: CatalogueOptions

  func validate() throws { try Architecture.check(arch) }

  func run() throws {
    let catalogues = try options.catalogues().filter { arch == nil || $0.architecture.rawValue == arch }
    let explainer = Explainer(catalogues, diagnostics: .manifests)
    let name =
      words == ["-"]
      ? String(decoding: try SourceFile(reading: "-").bytes, as: UTF8.self) : words.joined(separator: " ")
    if let type, !explainer.types.contains(type.split(separator: "/").last.map(String.init) ?? "") {
      let hint = explainer.types.suggestion(for: type)
      throw ValidationError("there is no device type '\(type)'\(hint)")
    }
    let explanation: Explanation
    if words.count > 1, type == nil, words.allSatisfy(explainer.hasPage) {
      return Output.result(words.map(explainer.pageText).joined(separator: "\n"))
    }
    if words == ["-"] || Complaint.isMessage(name) {
      explanation = explainer.explain(message: name, type: type)
    } else {
      explanation = explainer.explain(type.map { "\($0).\(name)" } ?? name)
    }
    switch explanation {
    case .page(let text): Output.result(text.hasSuffix("\n") ? text : text + "\n")
    case .unknown(let sentence):
      Output.error(unknownWord(explainer) ?? sentence)
      throw Status.failure
    }
  }

  /// A sentence about the first argument without a page, if another one is a name that has one; nil otherwise.
  private func unknownWord(_ explainer: Explainer) -> String? {
    guard words.contains(where: { $0.contains(".") && explainer.hasPage($0) }) else { return nil }
    for word in words { if case .unknown(let sentence) = explainer.explain(word) { return sentence } }
    return nil
  }
}
