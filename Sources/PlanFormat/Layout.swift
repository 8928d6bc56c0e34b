import Vocabulary
import kvmload

/// The sections of a compiled plan. The numbers of the format are the constants of `kvmload.h`; `docs/plan-format.md`
/// describes them.
extension kvmload_section {
  static let all = (0..<UInt32(KVMLOAD_SECTIONS)).map { kvmload_section($0) }

  /// The size of a record, in bytes.
  var recordSize: Int {
    switch self {
    case KVMLOAD_SECTION_STEPS: KVMLOAD_SIZEOF_STEP
    case KVMLOAD_SECTION_LABELS: KVMLOAD_SIZEOF_LABEL
    case KVMLOAD_SECTION_FILES: KVMLOAD_SIZEOF_FILE
    case KVMLOAD_SECTION_PARAMETERS: KVMLOAD_SIZEOF_PARAMETER
    case KVMLOAD_SECTION_PATCHES: KVMLOAD_SIZEOF_PATCH
    case KVMLOAD_SECTION_GUARDS: KVMLOAD_SIZEOF_GUARD
    case KVMLOAD_SECTION_ANSWERS: KVMLOAD_SIZEOF_ANSWER
    case KVMLOAD_SECTION_NOTES: KVMLOAD_SIZEOF_NOTE
    case KVMLOAD_SECTION_REASONS: KVMLOAD_SIZEOF_REASON
    default: 1
    }
  }

  /// The offset of the section's entry in the header.
  var entry: Int { KVMLOAD_HEADER_SECTIONS + Int(rawValue) * KVMLOAD_SIZEOF_ENTRY }
}

extension Architecture {
  /// The architecture's number in a plan.
  var number: kvmload_architecture {
    switch self {
    case .arm64: KVMLOAD_ARM64
    case .x86_64: KVMLOAD_X86_64
    case .riscv64: KVMLOAD_RISCV64
    case .ppc64: KVMLOAD_PPC64
    case .s390x: KVMLOAD_S390X
    case .loongarch64: KVMLOAD_LOONGARCH64
    case .ppc: KVMLOAD_PPC
    }
  }

  init?(number: UInt32) {
    guard let architecture = Self.allCases.first(where: { $0.number.rawValue == number }) else { return nil }
    self = architecture
  }
}

/// A record, or the file, as bytes with little-endian integers at the offsets of the format.
extension [UInt8] {
  /// A record whose fields are 0.
  init(record size: Int) { self.init(repeating: 0, count: size) }

  mutating func append(le number: some FixedWidthInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  mutating func pad(to multiple: Int) { while count % multiple != 0 { append(0) } }

  /// Stores an integer at an offset.
  mutating func store(_ number: some FixedWidthInteger, at offset: Int) {
    for i in 0..<number.bitWidth / 8 { self[offset + i] = UInt8(truncatingIfNeeded: number >> (8 * i)) }
  }

  mutating func store(_ bytes: [UInt8], at offset: Int) {
    replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  func le32(_ offset: Int) -> UInt32 {
    UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
      | UInt32(self[offset + 3]) << 24
  }

  func le64(_ offset: Int) -> UInt64 { UInt64(le32(offset)) | UInt64(le32(offset + 4)) << 32 }

  /// The checksum of a plan's bytes. Every change of one 64-bit word changes it: each round is a bijection of the state
  /// and of the word.
  var planChecksum: UInt64 {
    let rotation = UInt64(KVMLOAD_CHECKSUM_ROTATION)
    var hash = KVMLOAD_CHECKSUM_SEED
    for start in stride(from: 0, to: count, by: 8) {
      hash ^= start == KVMLOAD_HEADER_CHECKSUM ? 0 : le64(start)
      hash = (hash << rotation | hash >> (64 - rotation)) &* KVMLOAD_CHECKSUM_FACTOR
    }
    return hash
  }
}
