import Vocabulary

/// Where everything stands in a compiled plan; `docs/plan-format.md` describes it byte by byte.
enum Layout {
  static let magic = Array("KVMPLAN\n".utf8)
  static let version: UInt32 = 1
  static let headerSize = Header.sections + Section.allCases.count * 8

  /// Offsets into the header.
  enum Header {
    static let checksum = 16
    static let name = 48
    static let manifest = 52
    static let vcpuCount = 56
    static let sections = 64
  }

  /// The tables, in their order; the raw value is the place in the header's list.
  enum Section: Int, CaseIterable {
    case steps, labels, files, parameters, patches, guards, answers, notes, reasons, data, strings

    /// In bytes.
    var recordSize: Int {
      switch self {
      case .steps: 80
      case .labels: 48
      case .files: 24
      case .parameters: 32
      case .patches: 16
      case .guards, .reasons: 8
      case .answers, .notes: 4
      case .data, .strings: 1
      }
    }
  }

  /// Any change of one 64-bit word changes it: each round is a bijection of the state, and of the word.
  ///
  /// - Parameter bytes: a multiple of 8 of them; the checksum's own place counts as zero.
  static func checksum(of bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for start in stride(from: 0, to: bytes.count, by: 8) {
      var word: UInt64 = 0
      if start != Header.checksum { for i in 0..<8 { word |= UInt64(bytes[start + i]) << (8 * UInt64(i)) } }
      hash ^= word
      hash = (hash << 29 | hash >> 35) &* 0x9e37_79b9_7f4a_7c15
    }
    return hash
  }
}

extension Architecture {
  /// The architectures by their numbers in a plan, from 1.
  private static let numbered: [Architecture] = [.arm64, .x86_64, .riscv64, .ppc64, .s390x, .loongarch64]

  var numberInPlans: UInt8 { UInt8(Self.numbered.firstIndex(of: self)! + 1) }

  init?(numberInPlans number: UInt32) {
    guard (1...UInt32(Self.numbered.count)).contains(number) else { return nil }
    self = Self.numbered[Int(number) - 1]
  }
}

/// The operations and their numbers in a plan.
enum OperationNumber: UInt8 {
  case createVM = 1
  case addMemory, enableCapability, createIRQChip, createVCPU, initVCPU, createDevice, testDevice, closeDevice
  case setAttribute, getAttribute, hasAttribute, runVCPU
}

/// The descriptors and their numbers in a plan.
enum TargetNumber: UInt8 { case system, vm, vcpu, device }

/// What an attribute's pointer leads to, and its number in a plan.
enum DataNumber: UInt8 { case none, bytes, invalid }

/// What fills a slot of a payload, and its number in a plan.
enum PatchNumber: UInt8 {
  case file = 1
  case parameter, vcpuIndex
}

extension [UInt8] {
  mutating func append(le number: some FixedWidthInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  mutating func pad(to multiple: Int) { while count % multiple != 0 { append(0) } }

  func le32(_ offset: Int) -> UInt32 {
    UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
      | UInt32(self[offset + 3]) << 24
  }

  func le64(_ offset: Int) -> UInt64 { UInt64(le32(offset)) | UInt64(le32(offset + 4)) << 32 }
}
