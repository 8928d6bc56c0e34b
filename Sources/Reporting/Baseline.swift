import Diagnostics
import TextOutput
import Workspace

/// Known problems, which are not reported again: one line each, with the file, the id and the fingerprint.
///
/// A problem stays known if lines are added above it, or if its block is indented deeper.
package struct Baseline: Sendable {
  private let lines: Set<String>
  /// The path of the baseline's file.
  private let path: String

  /// - Parameter file: a text that `text(of:at:)` returned.
  /// - Throws: an error of the kind `invalid` at the first line that is not one of a baseline.
  package init(_ file: SourceFile) throws(DiagnosticsError) {
    let texts = String(decoding: file.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    lines = Set(texts.filter { !$0.isEmpty }.map(String.init))
    path = file.path
    if let bad = texts.firstIndex(where: { !$0.isEmpty && !Self.isLine($0) }) {
      let start = Position(line: bad + 1, column: 1)
      let end = Position(line: bad + 1, column: texts[bad].count + 1)
      throw .invalid(
        .error(
          "bad-baseline", "this is not a line of a baseline; write the file with 'validate --write-baseline'",
          at: SourceRange(file: file, start: start, end: end)))
    }
  }

  /// Whether a line has a name, an id and a fingerprint. The name may contain blanks.
  private static func isLine(_ line: Substring) -> Bool {
    let words = line.split(separator: " ", omittingEmptySubsequences: false).suffix(3)
    return words.count == 3 && Fingerprints.isFingerprint(words.last ?? "")
  }

  /// Whether each of a file's diagnostics is known.
  package func knows(_ diagnostics: [Diagnostic]) -> [Bool] {
    Self.lines(of: diagnostics, at: path).map(lines.contains)
  }

  /// The baseline in which diagnostics are known.
  ///
  /// - Parameter path: where its file will be.
  package static func text(of diagnostics: [Diagnostic], at path: String) -> String {
    lines(of: diagnostics, at: path).sorted().map { $0 + "\n" }.joined()
  }

  private static func lines(of diagnostics: [Diagnostic], at path: String) -> [String] {
    var fingerprints = Fingerprints(diagnostics)
    var names: [String: String] = [:]
    return diagnostics.map { diagnostic in
      let file = diagnostic.range?.file.path ?? "-"
      let name = names[file] ?? relative(file, to: path)
      names[file] = name
      return "\(name.printable) \(diagnostic.id) \(fingerprints.next(diagnostic))"
    }
  }

  /// The path of a file from the folder of another, so that it does not matter from where they are named.
  private static func relative(_ path: String, to other: String) -> String {
    let folder = other.lastIndex(of: "/").map { String(other[...$0]) } ?? "."
    guard let target = realPath(path), let base = realPath(folder) else { return path }
    let (parts, from) = (target.split(separator: "/"), base.split(separator: "/"))
    let common = zip(parts, from).prefix { $0 == $1 }.count
    let up = Array(repeating: Substring(".."), count: from.count - common)
    return (up + parts.dropFirst(common)).joined(separator: "/")
  }
}
