import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The method to find a fact on a host: `probe:` of a fact.
package final class FactProbe {
  package enum Method {
    /// KVM_CHECK_EXTENSION on a new VM.
    case checkExtension(constant: String, number: UInt32)
    /// Steps as in manifests, run in a separate VM. The last one decides.
    case calls([Node])
    /// The first file that exists.
    case file([FilePattern], find: [LinePattern])
    /// Every file that exists.
    case files([FilePattern], find: [LinePattern])
  }

  package let method: Method?
  /// Instructions for the user if the method finds nothing.
  package let manual: String?
  /// The fact, computed from the result of the method.
  package let value: Expression?
  /// The number of locals that the expression needs.
  package let frameSize: Int
  package let source: SourceRange

  /// The names that the expression sees: the value that was read or found, the answer of the last call, and the answers
  /// of all calls.
  package static let names = ["value", "answer", "answers"]

  init(_ node: SchemaNode, scope: RuleScope, _ faults: Findings) {
    let reader = KeyReader(node, keys: ["steps", "file", "find", "return", "doc"], of: "'probe'", faults)
    source = node.node.range
    let used = reader.constants.map(\.key.value) + ["steps", "file"].filter(reader.has)
    if used.count > 1 || (used.isEmpty && !reader.has("doc")) {
      faults.error(
        "schema-type", "'probe' needs one of KVM_CAP_…, steps or file, or 'doc'", at: source)
    }
    if reader.has("find"), !reader.has("file") {
      faults.error("schema-type", "'find' needs a file to look into", at: reader.keyRange("find"))
    }
    method = used.isEmpty ? nil : Self.method(reader, faults)
    manual = reader.string("doc")
    value = reader["return"]?.expression(in: scope, faults)
    frameSize = max(scope.frameSize, Self.names.count)
  }

  private static func method(_ reader: KeyReader, _ faults: Findings) -> Method? {
    if let capability = reader.constants.first {
      guard let number = capability.value.node.scalar.flatMap(IntegerLiteral.parse) else {
        faults.error("schema-type", "\(capability.key.value) needs its number", at: capability.key.range)
        return nil
      }
      return .checkExtension(constant: capability.key.value, number: UInt32(clamping: number))
    }
    if let node = reader["steps"] {
      guard let steps = node.items, !steps.isEmpty else {
        faults.error("schema-type", "'steps' must be a list of steps", at: node.range)
        return nil
      }
      return .calls(steps)
    }
    let paths = reader.strings("file")
    for path in paths where !path.hasPrefix("/") {
      faults.error("schema-type", "'\(path)' is not an absolute path", at: reader["file"]?.range)
    }
    let patterns = paths.map(FilePattern.init)
    let lines = reader.strings("find").map(LinePattern.init)
    return patterns.allSatisfy(\.isPlain) ? .file(patterns, find: lines) : .files(patterns, find: lines)
  }
}

/// A pattern for lines of a file: `#` matches a number, a blank matches one or more blanks, all else matches itself.
package struct LinePattern: Hashable, Sendable {
  private enum Piece: Hashable, Sendable {
    case text(String)
    case blanks
    case number
  }

  package let text: String
  private let pieces: [Piece]

  package init(_ text: String) {
    self.text = text
    var pieces: [Piece] = []
    for character in text {
      switch (character, pieces.last) {
      case (" ", .blanks): continue
      case (" ", _): pieces.append(.blanks)
      case ("#", _): pieces.append(.number)
      case (_, .text(let before)): pieces[pieces.count - 1] = .text(before + String(character))
      default: pieces.append(.text(String(character)))
      }
    }
    self.pieces = pieces
  }

  /// Whether the pattern has no number, so that it only tests whether a line matches.
  package var asksForNothing: Bool { !pieces.contains(.number) }

  /// The first match in a line: its number, or true if the pattern has no number. Nil if the line does not match.
  package func find(in line: Substring) -> Value? {
    var start = line.startIndex
    while true {
      if let found = match(line[start...]) { return found }
      guard start < line.endIndex else { return nil }
      start = line.index(after: start)
    }
  }

  private func match(_ text: Substring) -> Value? {
    var rest = text
    var number: Int128?
    for piece in pieces {
      switch piece {
      case .text(let own):
        guard rest.hasPrefix(own) else { return nil }
        rest = rest.dropFirst(own.count)
      case .blanks:
        let blanks = rest.prefix { $0 == " " || $0 == "\t" }
        if blanks.isEmpty { return nil }
        rest = rest[blanks.endIndex...]
      case .number:
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int128(digits) else { return nil }
        number = number ?? value
        rest = rest[digits.endIndex...]
      }
    }
    return number.map(Value.integer) ?? .bool(true)
  }
}
