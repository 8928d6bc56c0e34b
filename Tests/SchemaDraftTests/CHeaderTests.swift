import Diagnostics
import Testing

@testable import SchemaDraft

/// The values of constants in C.
@Suite struct CHeaderTests {
  private func values(_ text: String, _ names: String...) -> String {
    let constants = CConstants([CHeader(SourceFile(path: "x.h", bytes: Array(text.utf8)))])
    return names.map { constants.value(of: $0).map(String.init) ?? "-" }.joined(separator: " ")
  }

  @Test(arguments: [
    ("7", "7"), ("0x1f", "31"), ("017", "15"), ("0", "0"), ("1U", "1"), ("0xffULL", "255"), ("10L", "10"),
    ("(1ULL << 40)", "1099511627776"), ("(0xffULL << SHIFT)", "1020"), ("-1", "-1"), ("~0 & 0xf", "15"),
    ("(__u64)3", "3"), ("((unsigned long) SHIFT) + 1", "3"), ("SHIFT /* two */ * 3 // six", "6"),
    ("\\\n\t(1 + \\\n\tSHIFT)", "3"), ("\"text\"", "-"), ("sizeof(int)", "-"), ("UNKNOWN", "-"), ("X", "-"), ("", "-"),
    ("1 / 0", "-"), ("'a'", "-"), ("_IOW(1, 2, int)", "-"), ("1 +", "-"),
  ])
  func constantHasItsValue(_ body: String, _ value: String) {
    #expect(values("#define SHIFT 2\n#define X \(body)\n", "X") == value)
  }

  @Test func enumeratorsCount() {
    let text = """
      enum kvm_kind {
      	KVM_A = 3,
      #define KVM_A KVM_A
      	KVM_B, /* four */
      	KVM_C = (KVM_A << 1),
      	KVM_D
      };
      enum { KVM_E, KVM_F };
      """
    #expect(values(text, "KVM_A", "KVM_B", "KVM_C", "KVM_D", "KVM_E", "KVM_F") == "3 4 6 7 0 1")
  }

  /// The first of two constants counts, and one that needs itself has no value.
  @Test func constantsCanBeDefinedTwiceOrInACircle() {
    let text = "#ifdef A\n#define X 1\n#else\n#define X 2\n#endif\n#define Y Z\n#define Z Y\n#define F(x) x\n"
    #expect(values(text, "X", "Y", "Z", "F") == "1 - - -")
    let chain = (0..<10_000).map { "#define C\($0) C\($0 + 1)\n" }.joined() + "#define C10000 1\n"
    #expect(values(chain, "C0", "C9990") == "- 1")
  }

  @Test(arguments: [
    ("__u8 a; __u16 b; __u32 c; __u64 d; __s32 e; __s64 f;", "a u8, b u16, c u32, d u64, e i32, f i64"),
    (
      "int a; unsigned int b; long c; unsigned long d; char e[4]; __aligned_u64 f;",
      "a i32, b u32, c long, d ulong, e u8[4], f u64"
    ),
    ("/* none */", ""), ("struct kvm_thing_part part; __u64 rest[];", "part struct kvm_thing_part, rest u64[]"),
    ("__u32 a[N * 2]; ;", "a u32[6]"),
    (
      "__u32 a; union { __u32 b; __u64 c; } u;",
      "4:22: struct kvm_thing_x has a union or a struct inside a struct; describe it by hand"
    ),
    ("__u32 a : 3;", "4:13: struct kvm_thing_x has a member of an unknown kind; describe it by hand"),
    ("void *p;", "4:13: struct kvm_thing_x has a member of an unknown kind; describe it by hand"),
    ("__u32 a[2][2];", "4:13: struct kvm_thing_x has a member of an unknown kind; describe it by hand"),
    ("__u32 a[M];", "4:13: the number of elements of 'a' in struct kvm_thing_x cannot be computed"),
  ])
  func membersOfAStruct(_ members: String, _ expected: String) {
    let text = """
      #define N 3
      #define KVM_DEV_THING_GRP_A 0
      struct kvm_thing_x {
            \(members)
      };
      struct kvm_other { int x; };
      """
    let draft = SchemaDraft(type: "thing", isCommon: false, headers: [SourceFile(path: "x.h", bytes: Array(text.utf8))])
    let found = draft.diagnostics.compactMap { diagnostic in
      diagnostic.range.map { "\($0.start.line):\($0.start.column + 6): \(diagnostic.message)" }
    }
    let read = draft.structures.map { $0.members.map { "\($0.name) \($0.type)" }.joined(separator: ", ") }
    #expect((found.isEmpty ? read : found).joined(separator: "\n") == expected)
  }

  @Test func packedStructIsReported() {
    let text = "#define KVM_DEV_THING_GRP_A 0\nstruct kvm_thing_x {\n  __u8 a;\n} __attribute__((packed));\n"
    let draft = SchemaDraft(type: "thing", isCommon: false, headers: [SourceFile(path: "x.h", bytes: Array(text.utf8))])
    #expect(draft.diagnostics.map(\.message).contains("struct kvm_thing_x has a packed struct; describe it by hand"))
    #expect(draft.structures.isEmpty)
  }

  /// Text that is not C ends somewhere, too.
  @Test(arguments: [
    "struct x {", "enum {", "enum", "#define", "#", "/*", "struct x { union", "\"", "#define X(", "{}};;",
  ])
  func brokenTextIsRead(_ text: String) {
    _ = CHeader(SourceFile(path: "x.h", bytes: Array(text.utf8)))
  }
}
