/// What an unknown name probably means.
package struct Guess {
  package var name: String
  /// Whether it can mean nothing else, so that the text is read as if it were right.
  package var isCertain: Bool

  package init(name: String, isCertain: Bool) {
    self.name = name
    self.isCertain = isCertain
  }

  package var certain: String? { isCertain ? name : nil }
}

/// A text whose value is computed, and an error in it.
private struct WrongExpression: Hashable {
  let id: DiagnosticID
  let place: SourceRange

  /// Nil for a diagnostic about something else, such as a mapping with such a text.
  init?(_ diagnostic: Diagnostic) {
    guard diagnostic.severity == .error, let range = diagnostic.range else { return nil }
    let text = range.text
    guard text.hasPrefix("\"") || text.hasPrefix("$"), text.contains("${") else { return nil }
    (id, place) = (diagnostic.id, range)
  }
}

/// Collects diagnostics; each is kept once.
package final class Findings {
  package private(set) var diagnostics: [Diagnostic] = []
  package private(set) var errorCount = 0
  package var hasErrors: Bool { errorCount > 0 }
  private var seen: Set<Diagnostic> = []
  /// The texts with `${EXPRESSION}` in which there is an error, each with the id of the error.
  private var wrongExpressions: Set<WrongExpression> = []
  private var unreadable: Set<SourceRange> = []
  private var suggestionsLeft = 100
  /// Whether schemas are read to the last key, as `schema check` does, and not only as far as a run needs them.
  package let isThorough: Bool

  package init(isThorough: Bool = false) { self.isThorough = isThorough }

  package func report(_ diagnostic: Diagnostic) {
    if !unreadable.isEmpty, let range = diagnostic.range, unreadable.contains(range) { return }
    guard seen.insert(diagnostic).inserted else { return }
    // The text leads to a value for each vCPU, or for each element of a list: the first wrong one shows the mistake.
    if let text = WrongExpression(diagnostic), !wrongExpressions.insert(text).inserted { return }
    diagnostics.append(diagnostic)
    if diagnostic.severity == .error { errorCount += 1 }
  }

  package func report(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { report(diagnostic) }
  }

  /// Drops further diagnostics at a place. Its text cannot be read, which has been reported: other problems with it are
  /// consequences.
  package func dropConsequences(at range: SourceRange) { unreadable.insert(range) }

  package func error(
    _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [], fixIts: [FixIt] = []
  ) {
    report(.error(id, message, at: range, notes: notes, fixIts: fixIts))
  }

  /// Warns of items that are in a list twice.
  ///
  /// - Parameter items: the items, each by what makes it the same as another one.
  package func warnOfRepetitions<Key: Hashable>(_ items: [(key: Key, words: String, at: SourceRange)]) {
    var first = Dictionary(items.map { ($0.key, $0.at) }, uniquingKeysWith: { first, _ in first })
    if first.count == items.count { return }
    for item in items {
      guard let place = first[item.key], place != item.at else { continue }
      first[item.key] = nil
      let notes = [Note("first here", at: place)]
      report(.warning("set-twice", "\(item.words) is listed twice", at: item.at, notes: notes))
    }
  }

  /// Reports an unknown name, with the closest known one.
  ///
  /// - Parameters:
  ///   - names: the known names; called only for a suggestion.
  ///   - isTaken: whether a known name is there already, so that only a misspelling of it means it.
  ///   - elsewhere: says what a name is that certainly means none of the known ones; nil if that is not known.
  /// - Returns: the closest known name, and whether nothing else can be meant; nil if none is close.
  @discardableResult
  package func unknown(
    _ id: DiagnosticID, _ what: String, _ name: String, among names: @autoclosure () -> [String],
    isTaken: (String) -> Bool = { _ in false }, elsewhere: (String) -> String? = { _ in nil }, at range: SourceRange,
    notes: [Note] = []
  ) -> Guess? {
    let name = Located(name, at: range)
    return unknown(id, what, [name], among: names(), isTaken: isTaken, elsewhere: elsewhere, notes: notes)[0]
  }

  /// Reports unknown names, each with the closest known one. Those without one are one error.
  ///
  /// Only the first hundred unknown names get a suggestion, as many as a text report shows: each search takes time, and
  /// the names of a hostile text can be many.
  ///
  /// - Parameters:
  ///   - what: the beginning of the message; an `s` is added for several names.
  ///   - known: the known names; called only for a suggestion.
  ///   - isTaken: whether a known name is there already, so that it is meant only by a misspelling of it.
  ///   - elsewhere: says what a name is that certainly means none of the known ones; nil if that is not known.
  /// - Returns: for each name, the closest known one, and whether nothing else can be meant; nil if none is close.
  package func unknown(
    _ id: DiagnosticID, _ what: String, _ unknown: [Located], among known: @autoclosure () -> [String],
    isTaken: (String) -> Bool = { _ in false }, elsewhere: (String) -> String? = { _ in nil }, notes: [Note] = []
  ) -> [Guess?] {
    var names: [String] = []
    var strangers: [Located] = []
    let guesses = unknown.map { name -> Guess? in
      suggestionsLeft -= 1
      guard suggestionsLeft >= 0 else {
        strangers.append(name)
        return nil
      }
      if names.isEmpty { names = known() }
      let slip = Slip(name, among: names)
      let candidates = names.filter { !isTaken($0) || [$0].certain(for: name.value) != nil }
      let nearest = slip == nil ? candidates.nearest(to: name.value) : nil
      let isCertain = nearest.map { candidates.isCertain($0, for: name.value) } ?? false
      if slip == nil, !isCertain, let place = elsewhere(name.value) {
        error(id, "\(what) '\(name.value)'; \(place)", at: name.range, notes: notes)
        return nil
      }
      if slip == nil, let (first, last) = names.series(without: name.value) {
        error(id, "\(what) '\(name.value)'; the numbered names are \(first) to \(last)", at: name.range, notes: notes)
        return nil
      }
      guard let right = slip?.right ?? nearest else {
        strangers.append(name)
        return nil
      }
      let alike = slip == nil && !isCertain ? names.numbered(like: name.value) : []
      if slip == nil, isTaken(right) {
        error(id, "\(what) '\(name.value)'; '\(right)' is already given", at: name.range, notes: notes)
      } else if alike.count > 1 {
        let choice = alike.map { "'\($0)'" }.listed("or")
        error(id, "\(what) '\(name.value)'; did you mean \(choice)?", at: name.range, notes: notes)
      } else {
        error(
          id, "\(what) '\(name.value)'; \(slip?.why ?? "")did you mean '\(right)'?", at: name.range, notes: notes,
          fixIts: [FixIt(replace: name.range, with: right)])
      }
      return nearest.map { Guess(name: $0, isCertain: isCertain) }
    }
    guard let first = strangers.first else { return guesses }
    var notes = notes
    if !names.isEmpty, names.count <= 16 {
      notes.insert(Note("valid names are \(names.joined(separator: ", "))"), at: 0)
    }
    error(id, strangers.map(\.value).named(what), at: first.range, notes: notes)
    return guesses
  }
}
