/// The severity of a diagnostic.
package enum Severity: String, Hashable, Sendable, Comparable {
  case note, warning, error

  package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .note: 0
    case .warning: 1
    case .error: 2
    }
  }
}

/// The stable name of a kind of diagnostic, such as `unknown-attribute` or `arm-vgic-v3.addr.dist:EINVAL`.
package struct DiagnosticID: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package var description: String

  package init(_ text: String) { description = text }
  package init(stringLiteral text: String) { description = text }
}

/// One problem: what is wrong, where, and what would be right.
///
/// Messages are lower case, one line, without a full stop. A very long one, which repeats a very long value, is cut.
package struct Diagnostic: Hashable, Sendable {
  package var severity: Severity
  package var id: DiagnosticID
  package var message: String
  /// The place of the problem; nil if it has no place in a text (an option on the command line).
  package var range: SourceRange?
  package var notes: [Note]
  package var fixIts: [FixIt]

  package init(
    _ severity: Severity, _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [],
    fixIts: [FixIt] = []
  ) {
    self.severity = severity
    self.id = id
    self.message = message.shortened
    self.range = range
    self.notes = notes
    self.fixIts = fixIts
  }

  package static func error(
    _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [], fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(.error, id, message, at: range, notes: notes, fixIts: fixIts)
  }

  package static func warning(
    _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [], fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(.warning, id, message, at: range, notes: notes, fixIts: fixIts)
  }
}

/// An additional sentence of a diagnostic, which may have a separate place.
package struct Note: Hashable, Sendable {
  package var message: String
  package var range: SourceRange?

  package init(_ message: String, at range: SourceRange? = nil) {
    self.message = message.shortened
    self.range = range
  }
}

/// A change of the text that would fix the problem.
package struct FixIt: Hashable, Sendable {
  package var range: SourceRange
  package var replacement: String

  package init(replace range: SourceRange, with replacement: String) {
    self.range = range
    self.replacement = replacement
  }
}

extension String {
  /// A message without the middle of a very long one.
  fileprivate var shortened: String {
    let (most, kept) = (4000, 1000)
    if utf8.count <= most { return self }
    return prefix(kept) + " … " + suffix(kept)
  }
}

extension Sequence<String> {
  /// `a`, `a and b`, `a, b and c`.
  package func listed(_ conjunction: String = "and") -> String {
    let all = Array(self)
    guard let last = all.last, all.count > 1 else { return all.first ?? "" }
    return all.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  /// `key 'a'`, `keys 'a', 'b' and 'c'`; of many, only the first ones.
  ///
  /// - Parameter noun: text that ends with a noun, for one name.
  package func named(_ noun: String) -> String {
    let names = map { "'\($0)'" }
    let shown = names.count > 5 ? names.prefix(4) + ["\(names.count - 4) more"] : names[...]
    return noun + (names.count > 1 ? "s " : " ") + shown.listed()
  }

  /// The name that was probably meant, or nil if none is close.
  ///
  /// A name that differs only in case, hyphens and underscores is meant. Otherwise, a name is close if its edit distance
  /// (with transpositions) is at most a third of the longer name, or 1. Of equally close names, one with the same letters
  /// wins, else the first. If no name is close, one that is a word of the text is meant, `snp` by `sev-snp`, or the only one
  /// that contains the text, or is contained in it: `arm-vgic-v3` by `gicv3`. No name is close to a text that is too long for one.
  package func nearest(to name: String) -> String? {
    if name.utf8.count > Spelling.longest { return nil }
    if let same = first(where: { $0.utf8.count == name.utf8.count && $0.withoutStyle == name.withoutStyle }) {
      return same
    }
    let wanted = Spelling(name)
    var best: (name: String, rank: Int)?
    for candidate in self where candidate.utf8.count <= Spelling.longest {
      let spelling = Spelling(candidate)
      let limit = Swift.max(Swift.max(spelling.letters.count, wanted.letters.count) / 3, 1)
      // Twice the distance leaves room to rank two names with the same distance. A name that is further away than the
      // best one so far is not wanted either.
      guard let distance = spelling.distance(to: wanted, limit: Swift.min(limit, (best?.rank ?? .max) / 2)) else {
        continue
      }
      let rank = 2 * distance + (spelling.letters.sorted() == wanted.letters.sorted() ? 0 : 1)
      if rank < best?.rank ?? .max { best = (candidate, rank) }
    }
    if let best { return best.name }
    // A word of the text is a name, such as that of `sev-snp`; of several words, the last one.
    let words = name.lowercased().split { "-_ ".contains($0) }
    if words.count > 1, let word = words.last(where: { word in contains { $0.lowercased() == word } }) {
      return first { $0.lowercased() == word }
    }
    // Of several, the one that is a part of all others.
    let related = related(to: name)
    guard let shortest = related.min(by: { $0.utf8.count < $1.utf8.count }) else { return nil }
    let letters = shortest.lettersAndDigits
    return related.allSatisfy { $0.lettersAndDigits.contains(letters) } ? shortest : nil
  }

  /// The names that contain a text, or are contained in it, without regard to case and punctuation.
  package func related(to text: String) -> [String] {
    let wanted = text.lettersAndDigits
    guard wanted.count >= 3, wanted.count <= Spelling.longest else { return [] }
    return filter { name in
      let letters = name.lettersAndDigits
      return letters.count >= 3 && (letters.contains(wanted) || letters.count > 3 && wanted.contains(letters))
    }
  }

  /// `; did you mean 'NAME'?` with the name that was probably meant; empty if none is close.
  package func suggestion(for name: String) -> String { nearest(to: name).map { "; did you mean '\($0)'?" } ?? "" }
}

extension String {
  /// Whether the text is another one with at most two letters, or another number of them, that are wrong, missing or too
  /// many.
  package func isTypo(of other: String, edits: Int = 2) -> Bool {
    utf8.count <= Spelling.longest && Spelling(self).distance(to: Spelling(other), limit: edits) != nil
  }

  /// The name in lower case, with hyphens for underscores.
  fileprivate var withoutStyle: String { lowercased().replacing("_", with: "-") }

  /// The letters and digits, in lower case.
  fileprivate var lettersAndDigits: [UInt8] {
    lowercased().utf8.filter { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
  }
}

extension [UInt8] {
  fileprivate func contains(_ part: [UInt8]) -> Bool {
    guard part.count <= count else { return false }
    return (0...count - part.count).contains { self[$0..<$0 + part.count].elementsEqual(part) }
  }
}

/// The letters of a name, without case.
private struct Spelling {
  /// The length in bytes of the longest name. The work for two names grows with the product of their lengths.
  static let longest = 200

  let letters: [Unicode.Scalar]

  init(_ name: String) { letters = Array(name.lowercased().unicodeScalars) }

  /// The number of insertions, deletions, replacements and swaps of neighbours that turn one name into the other; nil if
  /// it exceeds a limit.
  func distance(to other: Spelling, limit: Int) -> Int? {
    let (a, b) = (letters, other.letters)
    if abs(a.count - b.count) > limit { return nil }
    if a.isEmpty || b.isEmpty { return Swift.max(a.count, b.count) }
    var previous: [Int] = []
    var row = Array(0...b.count)
    for i in 1...a.count {
      var next = [i]
      next.reserveCapacity(b.count + 1)
      for j in 1...b.count {
        var cost = Swift.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = Swift.min(cost, previous[j - 2] + 1) }
        next.append(cost)
      }
      previous = row
      row = next
      // No later row has a smaller number than the smallest of this one.
      if row.allSatisfy({ $0 > limit }) { return nil }
    }
    return row[b.count] <= limit ? row[b.count] : nil
  }
}
