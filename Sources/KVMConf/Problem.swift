import Diagnostics

/// A problem in a manifest: what is wrong, where, and what would be right.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
  /// The severity of a problem.
  public enum Severity: String, Hashable, Sendable { case note, warning, error }

  /// The severity of the problem. Errors make a manifest invalid.
  public var severity: Severity
  /// The stable id of the kind of problem, such as `unknown-attribute` or `arm-vgic-v3.addr.dist:EINVAL`.
  public var id: String
  /// The description of the problem: one line in lower case, without a full stop.
  public var message: String
  /// The place of the problem; nil if it has no place in a text.
  public var place: Place?
  /// Further lines, such as reasons, related places and hints, without the places themselves.
  public var notes: [String]

  /// A range of characters in a file.
  public struct Place: Hashable, Sendable {
    /// The path of the file, as the caller gave it.
    public var file: String
    /// The line of the first character, from 1.
    public var line: Int
    /// The column of the first character, in characters, from 1.
    public var column: Int
    /// The line of the end, from 1.
    public var endLine: Int
    /// The column just after the last character, in characters, from 1.
    public var endColumn: Int
    /// The range in bytes, from 0.
    public var offsets: Range<Int>
  }

  /// One line, such as `vm.yaml:14:13: error: the kernel would answer EINVAL: … [arm-vgic-v3.addr.dist:EINVAL]`.
  public var description: String {
    let prefix = place.map { "\($0.file):\($0.line):\($0.column): " } ?? ""
    return "\(prefix)\(severity.rawValue): \(message) [\(id)]"
  }
}

extension Problem {
  init(_ diagnostic: Diagnostic) {
    switch diagnostic.severity {
    case .note: severity = .note
    case .warning: severity = .warning
    case .error: severity = .error
    }
    id = diagnostic.id.description
    message = diagnostic.message
    place = diagnostic.range.map { range in
      Place(
        file: range.file.path, line: Int(range.start.line), column: Int(range.start.column),
        endLine: Int(range.end.line), endColumn: Int(range.end.column), offsets: range.bytes)
    }
    notes = diagnostic.notes.map(\.message)
  }
}
