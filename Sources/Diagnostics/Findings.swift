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

/// Collects diagnostics; each is kept once.
package final class Findings {
  package private(set) var diagnostics: [Diagnostic] = []
  package private(set) var errorCount = 0
  package var hasErrors: Bool { errorCount > 0 }
  private var seen: Set<Diagnostic> = []
  private var unreadable: Set<SourceRange> = []
  private var suggestionsLeft = 100
  /// Whether schemas are read to the last key, as `schema check` does, and not only as far as a run needs them.
  package let isThorough: Bool

  package init(isThorough: Bool = false) { self.isThorough = isThorough }

  package func report(_ diagnostic: Diagnostic) {
    if !unreadable.isEmpty, let range = diagnostic.range, unreadable.contains(range) { return }
    guard seen.insert(diagnostic).inserted else { return }
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

  /// Reports an unknown name, with the closest known one.
  ///
  /// Only the first hundred unknown names get a suggestion, as many as a text report shows: each search takes time, and
  /// the names of a hostile text can be many.
  ///
  /// - Parameters:
  ///   - names: the known names; called only for a suggestion.
  ///   - isTaken: whether a known name is there already, so that it is meant only by a misspelling of it.
  /// - Returns: the closest known name, and whether nothing else can be meant; nil if none is close.
  @discardableResult
  package func unknown(
    _ id: DiagnosticID, _ what: String, _ name: String, among names: @autoclosure () -> [String],
    isTaken: (String) -> Bool = { _ in false }, at range: SourceRange, notes: [Note] = []
  ) -> Guess? {
    suggestionsLeft -= 1
    let names = suggestionsLeft >= 0 ? names() : []
    let candidates = names.filter { !isTaken($0) || [$0].certain(for: name) != nil }
    guard let nearest = candidates.nearest(to: name) else {
      var notes = notes
      if !names.isEmpty, names.count <= 16 {
        notes.insert(Note("valid names are \(names.joined(separator: ", "))"), at: 0)
      }
      error(id, "\(what) '\(name)'", at: range, notes: notes)
      return nil
    }
    error(
      id, "\(what) '\(name)'; did you mean '\(nearest)'?", at: range, notes: notes,
      fixIts: [FixIt(replace: range, with: nearest)])
    return Guess(name: nearest, isCertain: candidates.certain(for: name) == nearest)
  }
}
