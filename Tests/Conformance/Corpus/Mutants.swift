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
    let rule = first..<end(of: first, lines)
    switch random.below(4) {
    case 0: return otherErrno(&lines, rule)
    case 1, 2: return movedBound(&lines, rule)
    default: return swapped(&lines, rule)
    }
  }

  /// The line after the rule that begins in a line.
  private func end(of first: Int, _ lines: [String]) -> Int {
    let indent = lines[first].prefix { $0 == " " }.count
    var end = first + 1
    while end < lines.count, lines[end].isEmpty || lines[end].prefix(while: { $0 == " " }).count > indent { end += 1 }
    return end
  }

  private mutating func otherErrno(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    let errnos = ["EINVAL", "EBUSY", "EEXIST", "ENXIO", "EPERM", "ENODEV"]
    for i in rule {
      guard let old = errno(lines[i]), let place = lines[i].range(of: old) else { continue }
      guard let new = random.pick(errnos.filter { $0 != old }) else { return nil }
      lines[i].replaceSubrange(place, with: new)
      return "\(old) became \(new)"
    }
    return nil
  }

  /// The errno of `EINVAL: REASON` in a line.
  private func errno(_ line: String) -> String? {
    let key = line.drop { " -".contains($0) }.prefix { $0.isUppercase || $0.isNumber }
    return key.count > 1 && key.hasPrefix("E") && line.contains("\(key):") ? String(key) : nil
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

  /// Swaps the rule with the next, if both are conditions with an errno.
  private func swapped(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    guard lines.indices.contains(rule.upperBound) else { return nil }
    let next = rule.upperBound..<end(of: rule.upperBound, lines)
    func isSimple(_ rule: Range<Int>) -> Bool {
      rule.count == 2 && lines[rule.lowerBound].contains("- if: ") && errno(lines[rule.lowerBound + 1]) != nil
    }
    // The order of two rules with the same errno makes no visible difference.
    guard isSimple(rule), isSimple(next), errno(lines[rule.lowerBound + 1]) != errno(lines[next.lowerBound + 1]) else {
      return nil
    }
    lines.replaceSubrange(rule.lowerBound..<next.upperBound, with: Array(lines[next]) + Array(lines[rule]))
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
