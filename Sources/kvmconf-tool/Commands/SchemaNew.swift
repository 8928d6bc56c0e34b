import ArgumentParser
import Diagnostics
import Glibc
import SchemaDraft
import Vocabulary
import Workspace

extension Schema {
  /// `kvmconf schema new`: writes the first version of a schema.
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Write the first version of a device's schema.",
      usage: """
        kvmconf schema new [--header <file>] [--prefix <prefix>] [<option> ...]
          <arch>/<type>
        """,
      discussion: """
        With --header, it has the numbers, groups, attributes and structs whose names in the kernel's uapi headers begin \
        like the type's. What only the author can know is in comments, and schema check reports that it is missing.

          kvmconf schema new x86_64/toy-timer --header toy_timer.h --schemas my-schemas
        """)

    @Argument(
      help: ArgumentHelp(
        "The architecture, or common for several, and the device type, such as arm64/arm-vgic-v3.",
        valueName: "arch/type"))
    var name: String

    @Option(
      help: ArgumentHelp(
        "A uapi header, such as linux/kvm.h or asm/kvm.h, to read the constants from. May be repeated.",
        valueName: "file"),
      completion: .file(extensions: ["h"]))
    var header: [String] = []

    @Option(
      help: ArgumentHelp(
        "The beginning of its constants, such as KVM_DEV_ARM_VGIC, if the type does not show it. May be repeated.",
        valueName: "prefix"))
    var prefix: [String] = []

    @Option(
      help: ArgumentHelp(
        "The folder of schemas to write ARCH/TYPE.yaml in, which must not exist; by default it is printed.",
        valueName: "dir"),
      completion: .directory)
    var schemas: String?

    @OptionGroup var color: ColorOption

    func validate() throws {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else { throw ValidationError("write ARCH/TYPE, such as arm64/arm-vgic-v3, not '\(name)'") }
      let folders = Architecture.names + ["common"]
      guard folders.contains(parts[0]) else {
        let hint = folders.suggestion(for: parts[0])
        throw ValidationError("the folder is one of \(folders.joined(separator: ", ")), not '\(parts[0])'\(hint)")
      }
      let isName = parts[1].utf8.allSatisfy {
        $0.isDigit || $0 == UInt8(ascii: "-") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
      }
      guard isName, parts[1].utf8.first?.isLetter == true, !parts[1].hasSuffix("-"), !parts[1].contains("--") else {
        throw ValidationError("a device type is lower-case words with hyphens, such as arm-vgic-v3, not '\(parts[1])'")
      }
      if ["vm", "vcpu", "system"].contains(parts[1]) {
        throw ValidationError("'\(parts[1])' is a descriptor that every architecture has, not a device type")
      }
      if !prefix.isEmpty, header.isEmpty { throw ValidationError("--prefix needs --header") }
    }

    func run() throws {
      let parts = name.split(separator: "/").map(String.init)
      var headers: [SourceFile] = []
      for path in header { headers.append(try SourceFile(reading: path, isNamedByUser: true)) }
      let draft = SchemaDraft(type: parts[1], isCommon: parts[0] == "common", headers: headers, prefixes: prefix)
      Output.print(draft.diagnostics, to: STDERR_FILENO)
      guard let schemas else { return Output.result(draft.text) }
      let folder = "\(schemas)/\(parts[0])"
      for ending in ["yaml", "yml"] {
        let path = "\(folder)/\(parts[1]).\(ending)"
        // SAFETY: the path lives throughout the call.
        if unsafe access(path, F_OK) == 0 { throw DiagnosticsError.unwritable(path, "it exists already") }
      }
      for path in [schemas, folder] {
        // SAFETY: the path lives throughout the call.
        if unsafe mkdir(path, 0o777) != 0, errno != EEXIST {
          throw DiagnosticsError.unwritable(path, Errno(rawValue: errno).text)
        }
      }
      let path = "\(folder)/\(parts[1]).yaml"
      try Output.write(Array(draft.text.utf8), toFile: path)
      Output.message(
        "\(path.printable) is written; add what its comments ask for, then run: "
          + "kvmconf schema check \(schemas.printable)\n")
    }
  }
}
