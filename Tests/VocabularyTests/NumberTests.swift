import Testing
import Vocabulary

@Suite struct NumberTests {
  /// An address has one spelling: groups of four upper-case digits, at least two of them.
  @Test(arguments: [
    (0, "0x0000_0000"), (0x080A_1000, "0x080A_1000"), (0x1_0000_0000, "0x0001_0000_0000"),
    (UInt64.max, "0xFFFF_FFFF_FFFF_FFFF"),
  ])
  func addressesAreWrittenInGroupsOfFourDigits(_ number: UInt64, _ text: String) {
    #expect(grouped(number) == text)
    #expect(grouped(Int128(number)) == text)
  }

  @Test func byteOrderFollowsTheArchitecture() {
    #expect(Architecture.allCases.filter(\.isBigEndian) == [.s390x, .ppc])
    #expect(readable([0x12, 0x34], on: .s390x) == "0x1234")
    #expect(readable([0x12, 0x34], on: .arm64) == "0x3412")
  }

  @Test func hexadecimalNumbers() {
    #expect(hexadecimal(0) == "0x0")
    #expect(hexadecimal(0, from: 1) == "0")
    #expect(hexadecimal(9 as UInt64, from: 10) == "9")
    #expect(hexadecimal(10 as UInt64, from: 10) == "0xa")
    #expect(hexadecimal(-5 as Int128, from: 10) == "-5")
    #expect(hexadecimalDigits(0xE9 as UInt32, width: 4) == "00E9")
  }

  @Test(
    arguments: [
      (0, "0", "0 bytes"), (100, "100", "100 bytes"), (0x1_0000, "64 KiB", "64 KiB"), (0x1800, "6 KiB", "6 KiB"),
      (0x080A_0004, "0x080A_0004", "134873092 bytes"), (1025 << 40, "0x0004_0100_0000_0000", "1025 TiB"),
    ] as [(Int128, String, String)])
  func sizes(_ number: Int128, _ prose: String, _ size: String) {
    #expect(inProse(number) == prose)
    #expect(sizeInBytes(number) == size)
    #expect(sizeInBytes(number, separator: "").hasPrefix(String(size.prefix { $0 != " " })))
  }

  @Test(
    arguments: [
      (1, "1 byte"), (64, "64 bytes"), (99_999, "99999 bytes"), (100_001, "≈ 97.7 KiB"), (1 << 52, "4096 TiB"),
      (1022 << 30, "1022 GiB"), (15744 << 10, "15744 KiB"), (127 << 20 + 1 << 16, "≈ 127.1 MiB"),
      (1 << 40 - 1 << 16, "≈ 1 TiB"),
      (0x1FF_8000_0000 - 1 << 12, "≈ 2 TiB"), (1 << 59 - 0x2800_2000, "≈ 512 PiB"), (1 << 63 - 1, "≈ 8 EiB"),
    ] as [(Int128, String)])
  func longSizesAreRounded(_ number: Int128, _ size: String) {
    #expect(shortSize(number) == size)
  }

  @Test func counts() {
    #expect([0, 1, 2].map { counted($0, "file") } == ["0 files", "1 file", "2 files"])
    #expect(integerTypeName(size: 4, isSigned: false) == "u32")
    #expect(integerTypeName(size: 8, isSigned: true) == "i64")
  }

  @Test func digitsOfBytes() {
    let all = (0...255).map { UInt8($0) }
    #expect(decodedHexadecimal(Array(hexadecimal(all).utf8)) == all)
    #expect(decodedHexadecimal(Array("aF".utf8)) == [0xAF])
    for text in ["a", "+f", "-1", "0x", "ag"] { #expect(decodedHexadecimal(Array(text.utf8)) == nil) }
    #expect(shortened(all) == "000102030405060708090a0b0c0d0e0f… (256 bytes)")
  }
}
