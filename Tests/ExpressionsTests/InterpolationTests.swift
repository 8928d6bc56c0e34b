import Expressions
import Testing

@Suite struct InterpolationTests {
  @Test(arguments: [
    ("", "''"), ("plain $5 {x}", "'plain $5 {x}'"), ("${a}", "'' a@2 ''"),
    ("é ${a+1}-${b} $$", "'é ' a+1@5 '-' b@12 ' $$'"),
    ("$${a}", "'$' a@3 ''"), ("${a} ${b", "'' a@2 ' ${b' unclosed"),
  ])
  func pieces(_ text: String, _ expected: String) {
    let interpolation = Interpolation(text)
    var found = interpolation.pieces.map { piece in
      switch piece {
      case .text(let text): "'\(text)'"
      case .expression(let text, let offset): "\(text)@\(offset)"
      }
    }
    if interpolation.isUnclosed { found.append("unclosed") }
    #expect(found.joined(separator: " ") == expected)
    #expect(Interpolation.isNeeded(for: text) == text.contains("${"))
  }
}
