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
  /// A name that differs only in case, hyphens and underscores is meant; for a truth value of another language, the word
  /// with the same value; and the only name that begins with the text. Otherwise, a name is close if the edit distance
  /// (with transpositions) of the words that differ is at most a third of the longer one, or 1. Of equally close names,
  /// one with the same letters wins, else the first. If no name is close, the only one is meant that begins with the same
  /// words: `set-gsi-routing` by `set-gsi-route`. Then one that is a word of the text, `snp` by `sev-snp`, or the shortest
  /// one that contains the text if all others contain it, too: `arm-vgic-v3` by `gicv3`. Then the longest one that is a
  /// part of the text, as `LSTAR` of `MSR_LSTAR`, and the one that alone shares the last of several words, or most of the
  /// beginning of one. No name is close to a text that is too long for one.
  package func nearest(to name: String) -> String? {
    if name.utf8.count > Spelling.longest { return nil }
    if let same = first(where: { $0.utf8.count == name.utf8.count && $0.withoutStyle == name.withoutStyle }) {
      return same
    }
    let truth = name.truth
    if let truth, let same = first(where: { $0.truth == truth }) { return same }
    let wanted = Spelling(name)
    let longer = filter { $0.utf8.count <= Spelling.longest && Spelling($0).begins(with: wanted) }
    if longer.count == 1, wanted.letters.count >= 3 { return longer[0] }
    var best: (name: String, rank: Int)?
    for candidate in self where candidate.utf8.count <= Spelling.longest {
      if let truth, candidate.truth == !truth { continue }
      // Twice the distance leaves room to rank two names with the same distance. A name that is further away than the
      // best one so far is not wanted either.
      guard let (distance, areSame) = Spelling(candidate).changes(to: wanted, most: (best?.rank ?? .max) / 2) else {
        continue
      }
      let rank = 2 * distance + (areSame ? 0 : 1)
      if rank < best?.rank ?? .max { best = (candidate, rank) }
    }
    return best?.name ?? sibling(of: name) ?? word(of: name) ?? part(of: name)
  }

  /// The names, of at most eight, that differ from a text only in their numbers: arm-vgic-v2 and arm-vgic-v3 of
  /// `arm-vgic-v4`. None if one of them has the same digits, as `u32` for `u23`, and is meant.
  package func numbered(like name: String) -> [String] {
    func letters(_ text: String) -> String { text.filter { !$0.isNumber } }
    guard name.contains(where: \.isNumber) else { return [] }
    let alike = filter { letters($0) == letters(name) }
    let isOneMeant = alike.contains { $0.sorted() == name.sorted() }
    return isOneMeant || alike.count > 8 ? [] : alike
  }

  /// The only name that shares the words of a text but the last, and most of the last one: `set-gsi-routing` of
  /// `set-gsi-route`.
  private func sibling(of name: String) -> String? {
    let wanted = Spelling(name)
    guard wanted.words > 1 else { return nil }
    let siblings = filter { candidate in
      let common = zip(Spelling(candidate).letters, wanted.letters).prefix { $0 == $1 }.count
      return 3 * (wanted.letters.count - common) <= wanted.lastWord.count
    }
    return siblings.count == 1 ? siblings[0] : nil
  }

  /// The name that is a word of a text, such as that of `sev-snp`; of several words, the last one.
  private func word(of name: String) -> String? {
    let words = name.lowercased().split { "-_ ".contains($0) }
    guard words.count > 1, let word = words.last(where: { word in contains { $0.lowercased() == word } }) else {
      return nil
    }
    return first { $0.lowercased() == word }
  }

  /// The name that contains a text, is contained in it, or begins or ends like it; nil if several do.
  private func part(of name: String) -> String? {
    let wanted = name.lettersAndDigits
    let related = related(to: name)
    let longer = related.filter { $0.lettersAndDigits.contains(wanted) }
    if let shortest = longer.min(by: { $0.utf8.count < $1.utf8.count }) {
      let letters = shortest.lettersAndDigits
      return longer.allSatisfy { $0.lettersAndDigits.contains(letters) } ? shortest : nil
    }
    let shorter = related.filter { Spelling(name).hasWords(of: Spelling($0)) }
    if let longest = shorter.max(by: { $0.utf8.count < $1.utf8.count }) {
      return shorter.allSatisfy { Spelling(longest).hasWords(of: Spelling($0)) } ? longest : nil
    }
    let spelling = Spelling(name)
    if spelling.words > 1 {
      let alike = filter { Spelling($0).words > 1 && Spelling($0).lastWord == spelling.lastWord }
      return alike.count == 1 && spelling.lastWord.count >= 3 ? alike[0] : nil
    }
    let common = map { candidate in
      (name: candidate, count: zip(Spelling(candidate).letters, spelling.letters).prefix { $0 == $1 }.count)
    }
    guard let most = common.map(\.count).max(), most >= 3, 3 * most >= 2 * spelling.letters.count else { return nil }
    let best = common.filter { $0.count == most }
    return best.count == 1 ? best[0].name : nil
  }

  /// The only name that a text can mean, or nil. The text is then read as this name.
  ///
  /// It differs in style, in one letter, or in two if it is long, or the end of its last word is missing. No other name may
  /// be as close, and its numbers must be the same: `v4` is no slip of `v3`.
  package func certain(for name: String) -> String? {
    nearest(to: name).flatMap { isCertain($0, for: name) ? $0 : nil }
  }

  /// Whether a text can mean only the nearest name.
  func isCertain(_ nearest: String, for name: String) -> Bool {
    if nearest.withoutStyle == name.withoutStyle { return true }
    let wanted = Spelling(name)
    if wanted.letters.count >= 3, Spelling(nearest).begins(with: wanted), Spelling(nearest).words == wanted.words,
      count(where: { Spelling($0).begins(with: wanted) }) == 1
    {
      return true
    }
    let most = wanted.letters.count < 8 ? 1 : 2
    guard nearest.digits == name.digits, let distance = Spelling(nearest).changes(to: wanted, most: most)?.count else {
      return false
    }
    return allSatisfy { $0 == nearest || Spelling($0).changes(to: wanted, most: distance) == nil }
  }

  /// The first and the last of at least four names that are a text with another number at its end, if its own number is
  /// below or above all of theirs: `X0` and `X30` for `X32`.
  func series(without text: String) -> (first: String, last: String)? {
    let stem = text.prefix(text.count - text.reversed().prefix { $0.isASCII && $0.isNumber }.count)
    guard !stem.isEmpty, let number = Int(text.dropFirst(stem.count)) else { return nil }
    let numbers = filter { $0.hasPrefix(stem) }.compactMap { Int($0.dropFirst(stem.count)) }
    guard numbers.count >= 4, let low = numbers.min(), let high = numbers.max(), number < low || number > high else {
      return nil
    }
    return ("\(stem)\(low)", "\(stem)\(high)")
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

  fileprivate var digits: [UInt8] { utf8.filter { (0x30...0x39).contains($0) } }

  /// The value of a word that is a truth value in some language; nil for another word.
  package var truth: Bool? {
    switch lowercased() {
    case "true", "yes", "on": true
    case "false", "no", "off": false
    default: nil
    }
  }

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

/// The letters of a name, without case and style.
private struct Spelling {
  /// The length in bytes of the longest name. The work for two names grows with the product of their lengths.
  static let longest = 200

  let letters: [Unicode.Scalar]

  init(_ name: String) { letters = name.lowercased().unicodeScalars.map { $0 == "_" ? "-" : $0 } }

  private init(_ letters: ArraySlice<Unicode.Scalar>) { self.letters = Array(letters) }

  private static func isSeparator(_ letter: Unicode.Scalar) -> Bool { letter == "-" || letter == "." || letter == " " }

  var words: Int { letters.count(where: Self.isSeparator) + 1 }

  func begins(with other: Spelling) -> Bool { letters.starts(with: other.letters) }

  /// The letters after the last separator.
  var lastWord: ArraySlice<Unicode.Scalar> {
    letters[(letters.lastIndex(where: Self.isSeparator) ?? -1) + 1..<letters.count]
  }

  /// Whether whole words of this name are another one, or it begins with it.
  func hasWords(of other: Spelling) -> Bool {
    guard letters.count >= other.letters.count else { return false }
    if begins(with: other) { return true }
    return (1...letters.count).contains { start in
      let end = start + other.letters.count
      return end <= letters.count && Self.isEdge(letters[start - 1])
        && letters[start..<end].elementsEqual(other.letters)
        && (end == letters.count || Self.isEdge(letters[end]))
    }
  }

  private static func isEdge(_ letter: Unicode.Scalar) -> Bool { !letter.properties.isAlphabetic && !isDigit(letter) }

  private static func isDigit(_ letter: Unicode.Scalar) -> Bool { ("0"..."9").contains(letter) }

  /// The number of changes that turn one name into the other, and whether they only move letters; nil if the names are
  /// not close.
  ///
  /// Only the words that differ count: a whole word in place of another is no slip. A short word rarely has a wrong first
  /// letter.
  func changes(to other: Spelling, most: Int) -> (count: Int, areMoves: Bool)? {
    let (a, b) = parts(unlike: other)
    let limit = Swift.max(Swift.max(a.letters.count, b.letters.count) / 3, 1)
    guard let distance = a.distance(to: b, limit: Swift.min(limit, most)) else { return nil }
    let areMoves = a.letters.sorted() == b.letters.sorted()
    if !areMoves, a.letters.count == b.letters.count, 2...4 ~= a.letters.count, a.letters[0] != b.letters[0] {
      return nil
    }
    return (distance, areMoves)
  }

  /// The two names without the words that they begin and end with alike.
  private func parts(unlike other: Spelling) -> (Spelling, Spelling) {
    let (a, b) = (letters, other.letters)
    let shorter = Swift.min(a.count, b.count)
    var (start, end) = (0, 0)
    for i in 0..<shorter {
      guard a[i] == b[i] else { break }
      if Self.isSeparator(a[i]) { start = i + 1 }
    }
    for i in 0..<shorter - start {
      guard a[a.count - 1 - i] == b[b.count - 1 - i] else { break }
      if Self.isSeparator(a[a.count - 1 - i]) { end = i + 1 }
    }
    return (Spelling(a[start..<a.count - end]), Spelling(b[start..<b.count - end]))
  }

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
