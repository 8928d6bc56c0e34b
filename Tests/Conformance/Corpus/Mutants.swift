import DeviceSchema
import Diagnostics
import YAMLSyntax

/// Schemas with one deliberate fault, to see whether the corpus finds it: another errno, a bound that is off by one, or
/// two neighbouring rules swapped.
package struct Mutant: Sendable {
  /// Such as `arm64/vcpu.yaml:37: EINVAL became EPERM`.
  package var description: String
  package var sources: [SchemaSource]
}

package struct Mutants {
  private let sources: [SchemaSource]
  private var random: Seeded

  /// - Parameter sources: the correct schemas.
  package init(of sources: [SchemaSource], seed: UInt64) {
    self.sources = sources
    random = Seeded(seed)
  }

  /// The next mutant of a rule at one of these places, `FILE:LINE`.
  package mutating func next(at places: [String]) -> Mutant? {
    for _ in 0..<1000 {
      guard let place = random.pick(places), let colon = place.lastIndex(of: ":"),
        let line = Int(place[place.index(after: colon)...]),
        let i = sources.firstIndex(where: { $0.file.path == place[..<colon] })
      else { continue }
      var lines = String(decoding: sources[i].file.bytes, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false
      )
      .map(String.init)
      guard lines.indices.contains(line - 1), let change = change(&lines, from: line - 1) else { continue }
      var mutated = sources
      mutated[i] = SchemaSource(
        path: sources[i].path,
        file: SourceFile(path: sources[i].file.path, bytes: Array(lines.joined(separator: "\n").utf8)))
      return Mutant(description: "\(place): \(change)", sources: mutated)
    }
    return nil
  }

  /// Changes the rule that begins in a line. Returns a description of the change, or nil if it is not possible there.
  private mutating func change(_ lines: inout [String], from first: Int) -> String? {
    let indent = lines[first].prefix { $0 == " " }.count
    var end = first + 1
    while end < lines.count, lines[end].isEmpty || lines[end].prefix(while: { $0 == " " }).count > indent { end += 1 }
    switch random.below(4) {
    case 0: return otherErrno(&lines, first..<end)
    case 1, 2: return movedBound(&lines, first..<end)
    default: return swapped(&lines, first..<end, indent)
    }
  }

  private mutating func otherErrno(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    let errnos = ["EINVAL", "EBUSY", "EEXIST", "ENXIO", "EPERM", "ENODEV"]
    for i in rule {
      guard let start = lines[i].range(of: "errno: ")?.upperBound else { continue }
      let old = String(lines[i][start...].prefix { $0.isLetter || $0.isNumber })
      guard let new = random.pick(errnos.filter { $0 != old }) else { return nil }
      lines[i].replaceSubrange(start..<lines[i].index(start, offsetBy: old.count), with: new)
      return "\(old) became \(new)"
    }
    return nil
  }

  /// Changes the operator of a comparison: `<` for `<=`, `>=` for `>`, `==` for `!=`.
  private mutating func movedBound(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    for i in rule where lines[i].contains("if: ") || lines[i].contains("let: ") {
      for (old, new) in [(" >= ", " > "), (" <= ", " < "), (" > ", " >= "), (" < ", " <= "), (" != ", " == ")] {
        guard let place = lines[i].range(of: old) else { continue }
        lines[i].replaceSubrange(place, with: new)
        return "'\(old.dropFirst().dropLast())' became '\(new.dropFirst().dropLast())'"
      }
    }
    return nil
  }

  /// Swaps the rule with the next, if each is on one line.
  private func swapped(_ lines: inout [String], _ rule: Range<Int>, _ indent: Int) -> String? {
    guard rule.count == 1, lines.indices.contains(rule.upperBound) else { return nil }
    let next = lines[rule.upperBound]
    guard next.prefix(while: { $0 == " " }).count == indent, next.contains("errno: "), next.contains("{if: "),
      lines[rule.lowerBound].contains("{if: ")
    else { return nil }
    // The order of two rules with the same errno makes no visible difference.
    func errno(_ line: String) -> Substring? {
      line.range(of: "errno: ").map { line[$0.upperBound...].prefix { $0.isLetter || $0.isNumber } }
    }
    if errno(lines[rule.lowerBound]) == errno(next) { return nil }
    lines.swapAt(rule.lowerBound, rule.upperBound)
    return "swapped with the rule below"
  }
}

extension String {
  /// The place of the first occurrence of a text.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
