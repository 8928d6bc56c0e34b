/// Collects diagnostics; each is kept once.
package final class Findings {
  package private(set) var diagnostics: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []
  /// Whether schemas are read to the last key, as `schema check` does, and not only as far as a run needs them.
  package let isThorough: Bool

  package init(isThorough: Bool = false) { self.isThorough = isThorough }

  package func report(_ diagnostic: Diagnostic) {
    if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
  }

  package func report(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { report(diagnostic) }
  }

  package func error(
    _ id: DiagnosticID, _ message: String, at range: SourceRange?, notes: [Note] = [], fixIts: [FixIt] = []
  ) {
    report(.error(id, message, at: range, notes: notes, fixIts: fixIts))
  }

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Reports an unknown name, with the closest known one.
  package func unknown(
    _ id: DiagnosticID, _ what: String, _ name: String, among names: [String], at range: SourceRange, notes: [Note] = []
  ) {
    guard let nearest = names.nearest(to: name) else {
      var notes = notes
      if !names.isEmpty, names.count <= 16 {
        notes.insert(Note("valid names are \(names.joined(separator: ", "))"), at: 0)
      }
      return error(id, "\(what) '\(name)'", at: range, notes: notes)
    }
    error(
      id, "\(what) '\(name)'; did you mean '\(nearest)'?", at: range, notes: notes,
      fixIts: [FixIt(replace: range, with: nearest)])
  }
}
