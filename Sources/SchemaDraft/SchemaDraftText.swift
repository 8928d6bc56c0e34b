import Vocabulary

extension SchemaDraft {
  /// The draft as a schema. What only the author can know is in comments, and `schema check` reports that it is missing.
  package var text: String {
    var text = """
      # The first version of a schema: 'kvmconf schema check' reports what is missing.
      schema: 2

      """
    if let number {
      text += "\(constant): \(Self.written(number))\n"
    } else {
      text += "\(constant):      # its number in enum kvm_device_type\n"
    }
    if let architectures {
      text += """
        # Leave out the architectures whose kernels do not have it.
        arch: [\(architectures.map(\.rawValue).joined(separator: ", "))]

        """
    }
    text += """
      # doc: what the hardware is, for users
      # sources: [the files of the kernel tree that this schema describes]

      # Each list of rules mirrors one function of its struct kvm_device_ops, check by check.
      # calls:
      #   create:
      #     - mirrors: \(function)_create()
      #     - if: devices.exists(d, d.type == "\(type)")
      #       EEXIST: a VM has one such device, and this VM has it already

      # The steps before each example.
      setup:
        always:
          steps:
            - {create-vm: {}}
            - {create: \(type)}

      """
    if !structures.isEmpty { text += "\nstructs:\n" + structures.map(Self.text).joined() }
    text += groups.isEmpty ? Self.sampleGroup : "\ngroups:\n" + groups.map(self.text).joined()
    if !others.isEmpty {
      text += "\n# Constants with the same beginning, which are neither groups nor attributes by their names:\n"
      for other in others { text += "#   \(other.name): \(Self.written(other.value))\n" }
    }
    return text
  }

  /// The beginning of the names of its functions in the kernel, most often.
  private var function: String { "kvm_" + type.replacing("-", with: "_") }

  private static func written(_ number: Int128) -> String { hexadecimal(number, from: 0x1000) }

  private static func text(of structure: Structure) -> String {
    var text = "  \(structure.tag):\n"
    for member in structure.members { text += "    \(member.name): {type: \(quoted(member.type))}\n" }
    return text
  }

  /// Brackets inside braces are a list of YAML.
  private static func quoted(_ type: String) -> String { type.hasSuffix("]") ? "'\(type)'" : type }

  private static let sampleGroup = """

    # groups:
    #   addr:
    #     KVM_DEV_X_GRP_ADDR: 0
    #     doc: addresses in the guest
    #     attributes:
    #       base:
    #         KVM_DEV_X_ADDR_BASE: 0
    #         doc: address of the registers
    #         payload: {type: u64, unit: address, align: 64KiB}
    #         set:
    #           - read: value
    #           - if: value % 64KiB != 0
    #             EINVAL: the address is not a multiple of 64 KiB
    #         examples:
    #           - {value: 0x0800_0000}
    #           - {value: 0x0800_1000, expect: EINVAL}

    """

  private func text(of group: Part) -> String {
    var text = "  \(group.name):\n" + Self.constants(of: group, "    ")
    if group.attributes.isEmpty { return text + body(of: group, "    ") }
    text += "    # doc: what its attributes are for\n    attributes:\n"
    for attribute in group.attributes {
      text += "      \(attribute.name):\n" + Self.constants(of: attribute, "        ") + body(of: attribute, "        ")
    }
    return text
  }

  private static func constants(of part: Part, _ indent: String) -> String {
    part.constants.map { "\(indent)\($0.name): \(written($0.value))\n" }.joined()
  }

  /// The keys of an attribute after its number.
  private func body(of part: Part, _ indent: String) -> String {
    let structure = structure(of: part)
    return """
      \(indent)# doc: what it is for
      \(indent)\(structure.map { "payload: struct \($0.tag)" } ?? "# payload: the type behind the pointer, or none")
      \(indent)set:
      \(indent)  - read: value
      \(indent)# examples: [{value: 1}]

      """
  }
}
