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
    #expect(Architecture.allCases.filter(\.isBigEndian) == [.s390x])
    #expect(readable([0x12, 0x34], on: .s390x) == "0x1234")
    #expect(readable([0x12, 0x34], on: .arm64) == "0x3412")
  }
}
