import Diagnostics
import Testing

@Suite struct DiagnosticTests {
  @Test func documentOrderGroupsByFileAndKeepsTiesInPlace() {
    let (a, b) = (SourceFile(path: "a", bytes: Array("1\n2\n".utf8)), SourceFile(path: "b", bytes: Array("1\n".utf8)))
    func at(_ file: SourceFile, _ line: Int, _ message: String) -> Diagnostic {
      let place = Position(line: line, column: 1)
      return .error("id", message, at: SourceRange(file: file, start: place, end: place))
    }
    let ordered = [
      at(a, 2, "a2"), at(b, 1, "b1"), .error("id", "nowhere", at: nil), at(a, 1, "a1"), at(a, 2, "a2 again"),
    ].inDocumentOrder()
    #expect(ordered.map(\.message) == ["nowhere", "a1", "a2", "a2 again", "b1"])
  }

  @Test(arguments: [
    ("redsit", "redist"), ("Dist", "dist"), ("redist-regoin", "redist-region"), ("x", nil), ("", nil), ("crtl", "ctrl"),
  ])
  func nearestNameToleratesSmallMistakes(_ name: String, _ nearest: String?) {
    #expect(["dist", "redist", "redist-region", "ctrl"].nearest(to: name) == nearest)
  }

  /// Swapped letters are a likelier mistake than a wrong letter.
  /// A name in another style is meant, even if another one needs fewer changes.
  @Test(arguments: ["a_b_c", "A-B-C", "A_b-c"]) func otherStyleIsTheSameName(_ name: String) {
    #expect(["A_b_d", "a-b-c"].nearest(to: name) == "a-b-c")
  }

  @Test(arguments: [
    ("loongarch-eio", "loongarch-eiointc"), ("loongarch-foo", nil), ("MSR_LSTAR", "LSTAR"), ("MSR_USTAR", nil),
    ("on", "yes"), ("CPSR", nil), ("params", "parameters"), ("starboard", "STAR"), ("loongson-ipi", "loongarch-ipi"),
  ])
  func nearestNameIsNoOtherWord(_ name: String, _ nearest: String?) {
    let names = ["loongarch-ipi", "loongarch-eiointc", "STAR", "LSTAR", "yes", "no", "FPSR", "parameters", "paravirt"]
    #expect(names.nearest(to: name) == nearest)
  }

  @Test(arguments: [
    ("redit", nil), ("redits", "redist"), ("distt", "dist"), ("interupt-contoller", "interrupt-controller"),
    ("vgic-v4", nil), ("vgicv3", "vgic-v3"), ("re-dist", "redist"),
  ])
  func textCertainlyMeansTheOnlyNameNear(_ text: String, _ name: String?) {
    let names = ["dist", "redist", "credit", "interrupt-controller", "vgic-v2", "vgic-v3"]
    #expect(names.certain(for: text) == name)
  }

  @Test func swappedLettersBeatReplacedOnes() { #expect(["u16", "u32", "u64"].nearest(to: "u46") == "u64") }
}
