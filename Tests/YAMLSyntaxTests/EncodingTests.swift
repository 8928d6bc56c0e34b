import Diagnostics
import Testing
import YAMLSyntax

/// Bytes that are not valid YAML text.
@Suite struct EncodingTests {
  private func describe(_ bytes: [UInt8]) -> [String] {
    let tree = parse(bytes)
    #expect(tree.documents.isEmpty)
    return tree.diagnostics.map { "\($0.range.map(short) ?? ""): \($0.message) [\($0.id)]" }
  }

  @Test(arguments: [
    ([0xC0, 0x80], "0xC0"), ([0xC3], "0xC3"), ([0xE9, 0x20, 0x20], "0xE9"),
    ([0xED, 0xA0, 0x80], "0xED"), ([0xF0, 0x80, 0x80, 0x80], "0xF0"), ([0xF4, 0x90, 0x80, 0x80], "0xF4"),
    ([0xE2, 0x82], "0xE2"), ([0xF5, 0x80, 0x80, 0x80], "0xF5"), ([0xFF, 0xFF], "0xFF"),
  ])
  func bytesThatAreNotUTF8AreReported(_ bytes: [UInt8], _ name: String) {
    #expect(
      describe(Array("é: 1\nß: ".utf8) + bytes) == [
        "2:4-5: the file is not written in UTF-8: the byte \(name) is not part of a character [not-utf-8]"
      ])
  }

  @Test func utf16IsReported() {
    let expected = ["1:1-1: the file is written in UTF-16; save it as UTF-8 [not-utf-8]"]
    let units = Array("a: 1\n".utf16)
    #expect(describe([0xFF, 0xFE] + units.flatMap { [UInt8($0), 0] }) == expected)
    #expect(describe([0xFE, 0xFF] + units.flatMap { [0, UInt8($0)] }) == expected)
    #expect(describe(units.flatMap { [UInt8($0), 0] }) == expected)
  }

  @Test(arguments: [
    ("\u{7}", "0007"), ("\0", "0000"), ("\u{7F}", "007F"), ("\u{9F}", "009F"), ("\u{FEFF}", "FEFF"),
    ("\u{FFFE}", "FFFE"),
  ])
  func controlCharactersAreReported(_ character: String, _ code: String) {
    #expect(
      describe(Array("# \(String(repeating: "-", count: 100))\na: é\(character)b\n".utf8)) == [
        "2:5-6: the control character U+\(code) is not allowed in YAML [yaml-syntax]"
      ])
  }

  /// libyaml accepts every character that passes our check; otherwise its own message would be shown.
  @Test func acceptedCharactersAreThoseOfLibyaml() {
    for value in UInt32(1)...0x11_FFFF {
      guard let scalar = Unicode.Scalar(value), value < 0x300 || value > 0xD000 && value < 0x1_0010 || value > 0x10_FFF0
      else { continue }
      let tree = parse("- '\(scalar)'")
      let refused = tree.diagnostics.contains { $0.message.utf8.starts(with: "this character".utf8) }
      if refused || tree.documents.isEmpty && tree.diagnostics.isEmpty { Issue.record("U+\(String(value, radix: 16))") }
    }
  }
}
