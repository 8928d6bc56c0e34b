import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

// Numbers, names and flags.
extension PayloadEncoder {
  /// The value of a number, a name or a list of flags.
  ///
  /// - Parameters:
  ///   - words: the type for messages, such as `u32`.
  ///   - isModular: whether the value may be an offset, which is a number modulo 2^64.
  ///   - name: the name of the value for messages.
  func integer(
    _ node: Node, _ description: IntegerDescription, range: ClosedRange<Int128>,
    words: @autoclosure () -> String, isModular: Bool = false, _ name: @autoclosure () -> String
  ) -> Int128? {
    refuseLoaded(node, name)
    if node.isUnexpanded { return nil }
    if let items = node.items, !description.flags.isEmpty {
      var value: Int128 = 0
      for item in items {
        guard let bit = flag(item, description, name()) else { return nil }
        value |= bit
      }
      return value
    }
    guard let text = node.scalar else {
      // `{a + b}` is a mapping.
      let key = node.entries.flatMap { $0.count == 1 && $0[0].value.isEmpty ? $0[0].key.value : nil }
      let meant = key.flatMap { surroundings.meantExpression("{\($0)}", !isStep) }
      findings.wrongKind(
        node, of: "'\(name())'", wanted: description.names.isEmpty ? "an integer" : "an integer or a name",
        notes: meant.map { [Note("did you mean \($0)?")] } ?? [],
        fixIts: meant.map { [FixIt(replace: node.range, with: $0)] } ?? [])
      return nil
    }
    if node.isEmpty {
      findings.error("missing-value", "'\(name())' needs a value: \(words().article) \(words())", at: node.range)
      return nil
    }
    guard let value = IntegerLiteral.parse(text) ?? description.notation?.parse(text) else {
      if let named = description.names.value(of: text) { return named }
      if let bit = description.flags.first(where: { $0.name == text }) { return 1 << Int128(bit.bit) }
      let meant = notAnInteger(text, description, node.range)
      // Only another case is certainly the same name.
      return meant.flatMap { $0.lowercased() == text.lowercased() ? description.names.value(of: $0) : nil }
    }
    guard range.contains(value) else {
      let wrapped =
        isModular && value < 0 && range == 0...Int128(UInt64.max) ? UInt64(truncatingIfNeeded: value) : nil
      findings.error(
        "value-out-of-range",
        "\(text) does not fit '\(name())', \(words().article) \(words()): it holds \(hexadecimal(range.lowerBound, from: 0x1_0000)) to \(hexadecimal(range.upperBound, from: 0x1_0000))",
        at: node.range, notes: wrapped.map { [Note("modulo 2^64 it is \(hexadecimal($0))")] } ?? [])
      return nil
    }
    return value
  }

  private func flag(_ node: Node, _ description: IntegerDescription, _ name: String) -> Int128? {
    if let text = node.scalar, let flag = description.flags.first(where: { $0.name == text }) {
      return 1 << Int128(flag.bit)
    }
    findings.unknown(
      "unknown-name", "'\(name)' has no flag", node.scalar ?? node.kind, among: description.flags.map(\.name),
      at: node.range)
    return nil
  }

  /// Reports a text that is not an integer. Returns the known name that it probably means; nil if no name is near.
  private func notAnInteger(_ text: String, _ description: IntegerDescription, _ range: SourceRange) -> String? {
    if let absence = description.names.absence(of: text) {
      findings.error("unknown-name", absence, at: range)
      return nil
    }
    let hasNames = !description.names.isEmpty || !description.flags.isEmpty
    let expression = surroundings.meantExpression(text, !isStep)
    if expression == nil, let first = text.utf8.first, hasNames, !first.isDigit, first != 0x2D {
      return findings.unknown(
        "unknown-name", "unknown name", text, among: description.names.map(\.name) + description.flags.map(\.name),
        elsewhere: { name in description.column.flatMap { surroundings.otherHome(name, $0) } }, at: range)?.name
    }
    var notes: [Note] = []
    var fixIts: [FixIt] = []
    if let mended = expression ?? Self.mended(text) ?? Self.withoutMark(text, isAtLineEnd: range.isAtLineEnd) {
      notes.append(Note("did you mean \(mended)?"))
      fixIts.append(FixIt(replace: range, with: mended))
    }
    let form =
      description.notation.map { "a valid \($0.unit): write \($0.form), as in \($0.example), or an integer" }
      ?? "an integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB at the end"
    findings.error(
      "bad-integer", "'\(text)' is not \(form)",
      at: range, notes: notes, fixIts: fixIts)
    return nil
  }

  /// `256` for `256;`, and `256 # lines` for `256# lines` and `256 // lines`; nil for another text.
  ///
  /// - Parameter isAtLineEnd: whether nothing follows, so that a comment is possible.
  private static func withoutMark(_ text: String, isAtLineEnd: Bool) -> String? {
    for mark in ["#", ";", "//"] {
      guard let range = text.firstRange(of: mark) else { continue }
      let number = text[..<range.lowerBound].filter { $0 != " " }
      let comment = text[range.upperBound...].drop { $0 == " " }
      if IntegerLiteral.parse(number) == nil || !comment.isEmpty && !isAtLineEnd { continue }
      return comment.isEmpty ? number : "\(number) # \(comment)"
    }
    return nil
  }

  /// `64MiB` for `64M`, `64MB`, `64mib` or `64 MiB`, and `0` for `vcpu.0`; nil if there is no such obvious reading.
  static func mended(_ text: String) -> String? {
    // The name of a vCPU in a path.
    if text.hasPrefix("vcpu.") {
      let id = String(text.dropFirst(5))
      if IntegerLiteral.parse(id) != nil { return id }
    }
    let lower = text.lowercased().filter { $0 != " " && $0 != "," }
    for unit in IntegerLiteral.units.map(\.name) {
      let letter = unit.prefix(1).lowercased()
      // A single letter behind hexadecimal digits is rather a wrong digit.
      let letters = lower.hasPrefix("0x") ? [] : [letter]
      for suffix in [letter + "ib", letter + "b"] + letters where lower.hasSuffix(suffix) {
        let number = String(lower.dropLast(suffix.count))
        if IntegerLiteral.parse(number) != nil { return number + unit }
      }
    }
    if IntegerLiteral.parse(lower) != nil { return lower }
    // The letters O, I and l for digits.
    let digits = String(text.map { "Oo".contains($0) ? "0" : "Il".contains($0) ? "1" : $0 })
    if IntegerLiteral.parse(digits) != nil { return digits }
    // A hexadecimal number without its prefix.
    let hexadecimal = "0x" + text
    return text.utf8.count > 5 && IntegerLiteral.parse(hexadecimal) != nil ? hexadecimal : nil
  }
}

extension String {
  /// "a" or "an".
  fileprivate var article: String { hasPrefix("i") ? "an" : "a" }
}
