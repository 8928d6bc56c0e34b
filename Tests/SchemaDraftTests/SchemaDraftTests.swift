import DeviceSchema
import Diagnostics
import SchemaDraft
import TestSupport
import Testing
import Vocabulary

/// First versions of schemas.
@Suite struct SchemaDraftTests {
  private func draft(_ type: String, _ header: String, prefixes: [String] = [], isCommon: Bool = false) -> SchemaDraft {
    let file = SourceFile(path: "kvm.h", bytes: Array(header.utf8))
    return SchemaDraft(type: type, isCommon: isCommon, headers: [file], prefixes: prefixes)
  }

  private static let thing = """
    enum kvm_device_type {
    	KVM_DEV_TYPE_OTHER = 1,
    #define KVM_DEV_TYPE_OTHER	KVM_DEV_TYPE_OTHER
    	KVM_DEV_TYPE_ARM_THING_V3,
    #define KVM_DEV_TYPE_ARM_THING_V3	KVM_DEV_TYPE_ARM_THING_V3
    };
    #define KVM_DEV_ARM_THING_GRP_ADDR	0
    #define   KVM_DEV_ARM_THING_BASE	0	/* set in: an attribute of the group above */
    #define   KVM_DEV_ARM_THING_TOP	2
    #define KVM_DEV_ARM_THING_GRP_REGS	1
    #define   KVM_DEV_ARM_THING_CPU_SHIFT	32
    #define   KVM_DEV_ARM_THING_CPU_MASK	(0xffULL << KVM_DEV_ARM_THING_CPU_SHIFT)
    #define KVM_DEV_ARM_THING_GRP_CTRL	0x40000002
    #define KVM_DEV_ARM_THING_LIMIT	4
    #define KVM_DEV_ARM_THING_CTRL_INIT	0
    #define KVM_DEV_ARM_THING_CTRL_START	KVM_DEV_ARM_THING_CTRL_INIT
    #define KVM_DEV_ARM_THING_CTRL_SHIFT	7
    #define KVM_DEV_ARM_THING_V3_MAX	16
    #define KVM_DEV_ARM_THING_REG(cpu)	((cpu) << 32)
    struct kvm_arm_thing_base {
    	__u64 addr;
    	__u8 pad[8];
    };
    """

  @Test func groupsAttributesAndStructsAreFound() {
    let draft = draft("arm-thing-v3", Self.thing)
    expectSameLines(
      draft.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init),
      [
        "schema: 2", "KVM_DEV_TYPE_ARM_THING_V3: 2", "setup:", "  always:", "    steps:", "      - {create-vm: {}}",
        "      - {create: arm-thing-v3}", "structs:", "  kvm_arm_thing_base:", "    addr: {type: u64}",
        "    pad: {type: 'u8[8]'}", "groups:", "  addr:", "    KVM_DEV_ARM_THING_GRP_ADDR: 0",
        "    # doc: what its attributes are for", "    attributes:", "      base:", "        KVM_DEV_ARM_THING_BASE: 0",
        "        # doc: what it is for", "        payload: struct kvm_arm_thing_base", "        set:",
        "          - read: value", "        # examples: [{value: 1}]", "      top:", "        KVM_DEV_ARM_THING_TOP: 2",
        "        # doc: what it is for", "        # payload: the type behind the pointer, or none", "        set:",
        "          - read: value", "        # examples: [{value: 1}]", "  regs:", "    KVM_DEV_ARM_THING_GRP_REGS: 1",
        "    # doc: what it is for", "    # payload: the type behind the pointer, or none", "    set:",
        "      - read: value", "    # examples: [{value: 1}]", "  ctrl:", "    KVM_DEV_ARM_THING_GRP_CTRL: 0x40000002",
        "    # doc: what its attributes are for", "    attributes:", "      init:",
        "        KVM_DEV_ARM_THING_CTRL_INIT: 0", "        KVM_DEV_ARM_THING_CTRL_START: 0",
        "        # doc: what it is for", "        # payload: the type behind the pointer, or none", "        set:",
        "          - read: value", "        # examples: [{value: 1}]", "      shift:",
        "        KVM_DEV_ARM_THING_CTRL_SHIFT: 7", "        # doc: what it is for",
        "        # payload: the type behind the pointer, or none", "        set:", "          - read: value",
        "        # examples: [{value: 1}]",
      ])
    expectSameLines(
      draft.text.split(separator: "\n").filter { $0.hasPrefix("#   KVM") }.map(String.init),
      [
        "#   KVM_DEV_ARM_THING_CPU_SHIFT: 32", "#   KVM_DEV_ARM_THING_CPU_MASK: 0xff00000000",
        "#   KVM_DEV_ARM_THING_LIMIT: 4", "#   KVM_DEV_ARM_THING_V3_MAX: 16",
      ])
    #expect(
      draft.diagnostics.map { "\($0.range?.start.line ?? 0): \($0.message)" } == [
        "19: KVM_DEV_ARM_THING_REG has parameters: ( cpu ) ( ( cpu ) << 32 ); describe the numbers that it makes with 'key'"
      ])
  }

  /// Without `GRP` in any name, constants that continue another are its attributes if numbers are used twice.
  @Test func groupsWithoutAMarkAreFound() {
    func names(_ header: String) -> [String] {
      draft("thing", header).text.split(separator: "\n").map(String.init).drop { $0 != "groups:" }
        .filter { !$0.contains("#") && !$0.contains("set:") && !$0.contains("read:") }
        .map { $0.replacing(" ", with: "") }
    }
    expectSameLines(
      names(
        """
        #define KVM_DEV_THING_FILE 1
        #define KVM_DEV_THING_FILE_ADD 1
        #define KVM_DEV_THING_GROUP KVM_DEV_THING_FILE
        #define KVM_DEV_THING_GROUP_ADD KVM_DEV_THING_FILE_ADD
        #define KVM_DEV_THING_GROUP_DEL 2
        """),
      [
        "groups:", "file:", "KVM_DEV_THING_FILE:1", "KVM_DEV_THING_GROUP:1",
        "attributes:", "add:", "KVM_DEV_THING_FILE_ADD:1", "KVM_DEV_THING_GROUP_ADD:1", "del:",
        "KVM_DEV_THING_GROUP_DEL:2",
      ])
    expectSameLines(
      names("#define KVM_DEV_THING_AISM 1\n#define KVM_DEV_THING_AISM_ALL 2\n"),
      [
        "groups:", "aism:", "KVM_DEV_THING_AISM:1", "aism-all:",
        "KVM_DEV_THING_AISM_ALL:2",
      ])
  }

  @Test(arguments: [
    ("fsl-mpic-20", "MPIC"), ("arm-vgic-v3", "ARM_VGIC"), ("arm-vgic-its", "ARM_VGIC"),
    ("loongarch-ipi", "LOONGARCH_IPI"),
    ("xive", "XIVE"),
  ])
  func prefixIsFoundByTheWordsOfTheType(_ type: String, _ words: String) {
    let header = ["MPIC", "ARM_VGIC", "LOONGARCH_IPI", "LOONGARCH_PCH_PIC", "XIVE"].map {
      "#define KVM_DEV_\($0)_GRP_REGS 1\n"
    }.joined()
    #expect(draft(type, header).text.contains("    KVM_DEV_\(words)_GRP_REGS: 1\n"))
  }

  @Test func missingNamesAreReported() {
    let header = "#define KVM_DEV_LOONGARCH_PCH_PIC_GRP_REGS 5\n#define KVM_DEV_XIVE_GRP_CTRL 1\n"
    #expect(
      draft("loongarch-pchpic", header).diagnostics.map(\.message) == [
        "no header has KVM_DEV_TYPE_LOONGARCH_PCHPIC; pass the one with 'enum kvm_device_type', too",
        "no constant of the headers begins like the name of this type; name the beginning with --prefix: KVM_DEV_LOONGARCH_PCH_PIC, KVM_DEV_XIVE",
      ])
    let found = draft("loongarch-pchpic", header, prefixes: ["KVM_DEV_LOONGARCH_PCH_PIC"])
    #expect(found.text.contains("\n  regs:\n    KVM_DEV_LOONGARCH_PCH_PIC_GRP_REGS: 5\n"))
    #expect(found.diagnostics.count == 1)
  }

  @Test func faultsOfAHeaderHaveTheirID() {
    let header = SourceFile(path: "x.h", bytes: Array("#define KVM_DEV_THING_GRP_A 0\nstruct kvm_thing_x {\n".utf8))
    let draft = SchemaDraft(type: "thing", isCommon: false, headers: [header])
    #expect(draft.diagnostics.map(\.id) == ["schema-header"])
  }

  /// `schema check` reports what only the author can know, and nothing else.
  @Test func draftNeedsOnlyItsAuthor() {
    func faults(_ draft: SchemaDraft, _ path: String) -> [String] {
      let file = SourceFile(path: path, bytes: Array(draft.text.utf8))
      let sources = SchemaSource.builtIn + [SchemaSource(path: path, file: file)]
      return Catalogue(architecture: .arm64, release: Release("7.2")!, sources: sources).check().filter {
        $0.range?.file == file
      }
      .map { "\($0.range!.start.line): \($0.message)" }
    }
    expectSameLines(
      faults(draft("arm-thing-v3", Self.thing), "arm64/arm-thing-v3.yaml"),
      [
        "1: 'arm-thing-v3' needs 'doc'", "1: a schema needs 'sources': the kernel files that it describes",
        "23: member 'addr' of struct kvm_arm_thing_base needs 'doc'",
        "24: member 'pad' of struct kvm_arm_thing_base needs 'doc'", "27: group 'addr' needs 'doc'",
        "31: attribute 'addr.base' needs 'doc'",
        "31: attribute 'addr.base' needs 'examples'",
        "38: attribute 'addr.top' needs a 'payload'; write 'payload: none' if it has none",
        "38: attribute 'addr.top' needs 'doc'", "38: attribute 'addr.top' needs 'examples'",
        "45: attribute 'regs' needs a 'payload'; write 'payload: none' if it has none", "45: group 'regs' needs 'doc'",
        "45: attribute 'regs' needs 'examples'", "52: group 'ctrl' needs 'doc'",
        "56: attribute 'ctrl.init' needs a 'payload'; write 'payload: none' if it has none",
        "56: attribute 'ctrl.init' needs 'doc'", "56: attribute 'ctrl.init' needs 'examples'",
        "64: attribute 'ctrl.shift' needs a 'payload'; write 'payload: none' if it has none",
        "64: attribute 'ctrl.shift' needs 'doc'", "64: attribute 'ctrl.shift' needs 'examples'",
      ])
    // Without a header, the number is missing, and there are no groups yet.
    for (folder, isCommon) in [("arm64", false), ("common", true)] {
      expectSameLines(
        faults(SchemaDraft(type: "thing", isCommon: isCommon), "\(folder)/thing.yaml"),
        [
          "1: 'thing' needs 'doc'", "1: a schema needs 'sources': the kernel files that it describes",
          "3: 'number' must be an integer",
        ])
    }
  }
}
