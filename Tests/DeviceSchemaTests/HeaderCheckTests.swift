import DevicePlan
import DeviceSchema
import Diagnostics
import Glibc
import TestSupport
import Testing
import Vocabulary

/// Compares schemas with headers that a test writes. The C compiler is clang, which every Swift toolchain has.
@Suite struct HeaderCheckTests {
  private static let schema = """
    schema: 2
    1️⃣KVM_DEV_TYPE_THING: 3
    doc: a thing
    sources: [x]
    structs:
      4️⃣thing_range:
        base-address: {type: u64, doc: x}
        size: {type: u32, doc: x}
        pad: {type: u32, reserved: zero}
    groups:
      control:
        2️⃣KVM_CONTROL: 0
        doc: commands
        attributes:
          start:
            3️⃣KVM_START: 1
            doc: x
            payload: struct thing_range
            set:
              - read: value
              - if: value.pad != 0
                EINVAL: the padding must be zero
            examples: [{value: {size: 1}}, {value: {pad: 1}, expect: EINVAL}]
          source:
            number: 2
            doc: x
            payload:
              type: u64
              fields:
                server: {KVM_SERVER_MASK: 31..3, doc: x}
                priority: {5️⃣KVM_PRIORITY_MASK: 39..32, doc: x}
                masked: {KVM_MASKED: 40, doc: x}
            set:
              - read: value
            examples: [{value: {server: 1, priority: 5, masked: 0}}]
    """
  private static let kvm = "#include <asm/kvm.h>\n#define KVM_CONTROL 0\nenum { KVM_DEV_TYPE_THING = 3 };\n"
  /// The mask of the priority is written as it is after the shift, that of the server as it is before.
  private static let masks = """
    #define KVM_SERVER_SHIFT 3
    #define KVM_SERVER_MASK 0xfffffff8ULL
    #define KVM_PRIORITY_SHIFT 32
    #define KVM_PRIORITY_MASK 0xff
    #define KVM_MASKED (1ULL << 40)

    """
  private static let asm = """
    #define KVM_START (1ULL << 0)
    struct thing_range { unsigned long long base_address; unsigned int size, pad; };
    """

  private func expect(
    kvm: String = Self.kvm, asm: String = Self.asm, _ expected: ExpectedDiagnostic...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let headers = Headers(kvm: kvm, asm: Self.masks + asm, folder: "aarch64-linux-gnu/asm")
    expectDiagnostics(in: MarkedText(Self.schema, path: "arm64/thing.yaml"), expected, sourceLocation: sourceLocation) {
      HeaderCheck(headers: headers.path, compiler: "clang").check(catalogue($0))
    }
  }

  private func catalogue(_ file: SourceFile) -> Catalogue {
    TestSupport.catalogue([SchemaSource(path: "arm64/thing.yaml", file: file)])
  }

  @Test func matchingHeadersGiveNoDiagnostics() { expect() }

  @Test func differentNumberIsReported() {
    expect(
      kvm: Self.kvm + "#undef KVM_CONTROL\n#define KVM_CONTROL 7\n",
      .init("2️⃣", "schema-constant", "KVM_CONTROL is 7 in the headers, not 0"))
  }

  @Test func constantMissingInTheHeadersIsAWarning() {
    expect(
      kvm: "#include <asm/kvm.h>\n#define KVM_CONTROL 0\n",
      .init("1️⃣", "schema-constant", "the headers have no KVM_DEV_TYPE_THING", severity: .warning))
  }

  @Test func differentMaskIsReported() {
    expect(
      asm: "#undef KVM_PRIORITY_MASK\n#define KVM_PRIORITY_MASK 0x7f\n" + Self.asm,
      .init("5️⃣", "schema-constant", "KVM_PRIORITY_MASK is 545460846592 in the headers, not 1095216660480"))
    expect(
      asm: "#undef KVM_PRIORITY_MASK\n#define KVM_PRIORITY_MASK 0xff00000000ULL\n" + Self.asm)
  }

  @Test func differentStructLayoutIsReported() {
    expect(
      asm: "#define KVM_START 1\nstruct thing_range { unsigned int size, pad; unsigned long long base_address; };",
      .init("4️⃣", "schema-constant", "offset of 'base_address' in struct thing_range is 8 in the headers, not 0"),
      .init("4️⃣", "schema-constant", "offset of 'size' in struct thing_range is 0 in the headers, not 8"))
    expect(
      asm: "#define KVM_START 1\nstruct thing_range { unsigned long long base_address; unsigned int size, pad[3]; };",
      .init("4️⃣", "schema-constant", "size of struct thing_range is 24 in the headers, not 16"))
    expect(
      asm: "#define KVM_START 1\nstruct thing_range { unsigned long long base; unsigned int size, pad; };",
      .init(
        "4️⃣", "schema-constant", "the headers have no offset of 'base_address' in struct thing_range", severity: .warning
      ))
    expect(
      asm: "#define KVM_START 1\n",
      .init("4️⃣", "schema-constant", "the headers have no size of struct thing_range", severity: .warning))
  }

  private static let calls = """
    schema: 2
    doc: a VM
    sources: [x]
    calls:
      raise:
        KVM_RAISE: _IOW(KVMIO, 0x61, struct kvm_raise)
        doc: x
      reset:
        KVM_RESET: _IO(KVMIO, 0x71)
        doc: x
    """
  private static let structs = """
    schema: 2
    arch: [arm64]
    doc: structs that architectures share
    sources: [x]
    structs:
      kvm_raise:
        lines: {type: 'struct kvm_raise_line[2]', doc: x}
        address: {type: pointer to struct kvm_raise_target, doc: x}
      kvm_raise_line:
        irq: {type: u32, doc: x}
        level: {type: u32, doc: x}
      kvm_raise_target:
        vcpu: {type: u32, doc: x}
    """
  private static let ioctls = """
    #define KVMIO 0xAE
    #define _IO(type, nr) ((type) << 8 | (nr))
    #define _IOW(type, nr, argument) (1U << 30 | sizeof(argument) << 16 | _IO(type, nr))

    """
  private static let raise = """
    struct kvm_raise_line { unsigned int irq, level; };
    struct kvm_raise { struct kvm_raise_line lines[2]; unsigned long long address; };
    struct kvm_raise_target { unsigned int vcpu; };
    #define KVM_RAISE _IOW(KVMIO, 0x61, struct kvm_raise)
    #define KVM_RESET _IO(KVMIO, 0x71)

    """

  /// The diagnostics about calls, and about their structs in another file.
  private func diagnosticsOfCalls(_ kvm: String) -> [String] {
    let headers = Headers(kvm: Self.ioctls + kvm, asm: "", folder: "aarch64-linux-gnu/asm")
    let sources = [("arm64/vm.yaml", Self.calls), ("common/raise.yaml", Self.structs)].map { path, text in
      SchemaSource(path: path, file: SourceFile(path: path, text: text))
    }
    let found = HeaderCheck(headers: headers.path, compiler: "clang").check(TestSupport.catalogue(sources))
    return found.map { diagnostic in
      "\(diagnostic.range.map { "\($0)" } ?? "nowhere"): \(diagnostic.severity.rawValue): \(diagnostic.message)"
    }
  }

  @Test func numbersOfCallsAreCompared() {
    #expect(diagnosticsOfCalls(Self.raise) == [])
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("KVMIO, 0x61", with: "KVMIO, 0x62"))
        == ["arm64/vm.yaml:5:3: error: KVM_RAISE is 0x4018ae62 in the headers, not 0x4018ae61"])
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("_IO(KVMIO, 0x71)", with: "_IOW(KVMIO, 0x71, unsigned int)"))
        == ["arm64/vm.yaml:8:3: error: KVM_RESET is 0x4004ae71 in the headers, not 0xae71"])
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("KVM_RESET", with: "KVM_RESET_2"))
        == ["arm64/vm.yaml:8:3: warning: the headers have no KVM_RESET"])
  }

  @Test func structsThatOnlyCallsUseAreCompared() {
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("irq, level", with: "level, irq"))
        == [
          "common/raise.yaml:9:3: error: offset of 'irq' in struct kvm_raise_line is 4 in the headers, not 0",
          "common/raise.yaml:9:3: error: offset of 'level' in struct kvm_raise_line is 0 in the headers, not 4",
        ])
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("unsigned int vcpu", with: "unsigned long vcpu"))
        == ["common/raise.yaml:12:3: error: size of struct kvm_raise_target is 8 in the headers, not 4"])
    #expect(
      diagnosticsOfCalls(Self.raise.replacing("address;", with: "address, pad;"))
        == [
          "arm64/vm.yaml:5:3: error: KVM_RAISE is 0x4020ae61 in the headers, not 0x4018ae61",
          "common/raise.yaml:6:3: error: size of struct kvm_raise is 32 in the headers, not 24",
        ])
  }

  @Test func headersOfAnotherArchitectureAreNotUsed() {
    let headers = Headers(kvm: Self.kvm, asm: Self.asm, folder: "asm")
    let file = MarkedText(Self.schema).file
    let found = HeaderCheck(headers: headers.path, compiler: "clang").check(catalogue(file))
    #expect(found.map(\.message) == ["'\(headers.path)' has no linux/kvm.h with an asm/kvm.h of arm64"])
    let own = Headers(kvm: Self.kvm, asm: "#define __ARM_KVM_H__\n" + Self.masks + Self.asm, folder: "asm")
    #expect(HeaderCheck(headers: own.path, compiler: "clang").check(catalogue(file)) == [])
  }

  @Test func missingCompilerIsReported() {
    let headers = Headers(kvm: Self.kvm, asm: Self.asm, folder: "aarch64-linux-gnu/asm")
    let found = HeaderCheck(headers: headers.path, compiler: "no-such-compiler").check(
      catalogue(MarkedText(Self.schema).file))
    #expect(found.map(\.message) == ["the C compiler 'no-such-compiler' cannot be run"])
  }

  @Test func headersThatDoNotCompileAreReported() {
    let headers = Headers(kvm: "#include <linux/nothing.h>\n", asm: Self.asm, folder: "aarch64-linux-gnu/asm")
    let found = HeaderCheck(headers: headers.path, compiler: "clang").check(catalogue(MarkedText(Self.schema).file))
    #expect(found.count == 1)
    #expect(found[0].message.hasPrefix("'clang' cannot compile the headers: "))
  }
}

/// A temporary folder with `linux/kvm.h` and `asm/kvm.h`, removed with this object.
private final class Headers {
  let path = temporaryFolder()

  init(kvm: String, asm: String, folder: String) {
    write(kvm, to: "linux")
    write(asm, to: folder)
  }

  private func write(_ text: String, to folder: String) {
    var directory = path
    for part in folder.split(separator: "/") {
      directory += "/\(part)"
      // SAFETY: the path lives throughout the call.
      unsafe mkdir(directory, 0o700)
    }
    TestSupport.write("#pragma once\n" + text, toFile: "\(directory)/kvm.h")
  }

  deinit { remove(path) }
}
