import Diagnostics

/// One problem of a manifest: what is wrong, where, and what would be right.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
  /// How grave a problem is.
  public enum Severity: String, Hashable, Sendable { case note, warning, error }

  /// Errors make a manifest invalid.
  public var severity: Severity
  /// A stable name, such as `unknown-attribute` or `arm-vgic-v3.addr.dist:EINVAL`.
  public var id: String
  /// Lower case, one line, without a full stop.
  public var message: String
  /// The place of the culprit; nil where the problem has none.
  public var place: Place?
  /// Reasons, other places, hints.
  public var notes: [String]

  /// A piece of a text.
  public struct Place: Hashable, Sendable {
    /// The file, as it was named.
    public var file: String
    /// Counted from 1.
    public var line: Int
    /// In characters, counted from 1.
    public var column: Int
    /// The line of the last character, counted from 1.
    public var endLine: Int
    /// Behind the last character.
    public var endColumn: Int
    /// In bytes, counted from 0.
    public var offsets: Range<Int>
  }

  /// `vm.yaml:14:13: error: the kernel would answer EINVAL: … [arm-vgic-v3.addr.dist:EINVAL]`
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
