import Diagnostics
import Testing

/// A diagnostic that a test expects: at a mark of the text, with exactly these notes and fix-its.
package struct ExpectedDiagnostic {
  var lines: [String]

  /// - Parameters:
  ///   - start: the mark where the range starts; nil for a diagnostic without a place.
  ///   - end: the mark where it ends; nil if that does not matter.
  ///   - fixIts: the replacements.
  package init(
    _ start: Character?, to end: Character? = nil, _ id: String, _ message: String, severity: Severity = .error,
    notes: [ExpectedNote] = [], fixIts: [String] = []
  ) {
    let place = start.map { String($0) + (end.map { " to \($0)" } ?? "") + ": " } ?? ""
    lines = ["\(place)\(severity.rawValue): \(message) [\(id)]"]
    lines += notes.map { "  " + ($0.start.map { "\($0): " } ?? "") + "note: " + $0.message }
    lines += fixIts.map { "  fix-it: " + $0 }
    hasEnd = end != nil
  }

  fileprivate var hasEnd: Bool
}

/// A note that a test expects.
package struct ExpectedNote {
  var start: Character?
  var message: String

  package init(_ message: String) { self.message = message }

  package init(_ start: Character?, _ message: String) {
    self.start = start
    self.message = message
  }
}

/// Expects `produce` to give exactly these diagnostics, in this order, for the text without its marks.
package func expectDiagnostics(
  in marked: String, _ expected: ExpectedDiagnostic..., sourceLocation: SourceLocation = #_sourceLocation,
  from produce: (SourceFile) -> [Diagnostic]
) {
  expectDiagnostics(in: MarkedText(marked), expected, sourceLocation: sourceLocation, from: produce)
}

package func expectDiagnostics(
  in text: MarkedText, _ expected: [ExpectedDiagnostic], sourceLocation: SourceLocation = #_sourceLocation,
  from produce: (SourceFile) -> [Diagnostic]
) {
  let found = produce(text.file)
  var actual: [String] = []
  for (index, diagnostic) in found.enumerated() {
    let hasEnd = index < expected.count ? expected[index].hasEnd : true
    actual += text.lines(of: diagnostic, withEnd: hasEnd)
  }
  expectSameLines(actual, expected.flatMap(\.lines), "the diagnostics", sourceLocation: sourceLocation)
}

extension MarkedText {
  fileprivate func lines(of diagnostic: Diagnostic, withEnd: Bool) -> [String] {
    var place = ""
    if let range = diagnostic.range {
      place = name(of: range.start) + (withEnd ? " to \(name(of: range.end))" : "") + ": "
    }
    var lines = ["\(place)\(diagnostic.severity.rawValue): \(diagnostic.message) [\(diagnostic.id)]"]
    lines += diagnostic.notes.map { note in
      "  " + (note.range.map { "\(name(of: $0.start)): " } ?? "") + "note: " + note.message
    }
    lines += diagnostic.fixIts.map { "  fix-it: " + $0.replacement }
    return lines
  }
}
