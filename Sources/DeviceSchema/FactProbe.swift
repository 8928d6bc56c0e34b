import Diagnostics
import Expressions
import YAMLSyntax

/// How a fact is found on a host: `probe:` of a fact.
package final class FactProbe {
  package enum Method {
    /// KVM_CHECK_EXTENSION of a VM that is new.
    case checkExtension(constant: String, number: UInt32)
    /// Steps as manifests have them, in a VM of their own; the last one decides.
    case calls([Node])
    /// The first file that there is.
    case file([FilePattern], find: [LinePattern])
    /// Every file that there is.
    case files([FilePattern], find: [LinePattern])
    /// Whether a file or folder is there.
    case exists([FilePattern])
  }

  package let method: Method?
  /// What a person does where the method finds nothing.
  package let manual: String?
  /// The fact, from what the method found.
  package let value: Expression?
  /// How many locals the expression needs.
  package let frameSize: Int
  package let source: SourceRange

  /// What the expression sees: what was read or found, the answer of the last call, and the answers of all.
  package static let names = ["value", "answer", "answers"]

  private static let methods = ["check-extension", "calls", "file", "files", "exists"]

  init(_ node: SchemaNode, scope: RuleScope, _ faults: Findings) {
    let reader = KeyReader(node, keys: Self.methods + ["number", "find", "value", "manual"], of: "'probe'", faults)
    source = node.node.range
    let used = Self.methods.filter(reader.has)
    if used.count > 1 || (used.isEmpty && !reader.has("manual")) {
      faults.error(
        "schema-type", "'probe' has one of \(Self.methods.joined(separator: ", ")), or else 'manual'", at: source)
    }
    if reader.has("find"), !["file", "files"].contains(used.first) {
      faults.error("schema-type", "'find' looks into a file", at: reader.keyRange("find"))
    }
    method = used.first.flatMap { Self.method($0, reader, faults) }
    manual = reader.string("manual")
    value = reader["value"]?.expression(in: scope, faults)
    frameSize = max(scope.frameSize, Self.names.count)
  }

  private static func method(_ word: String, _ reader: KeyReader, _ faults: Findings) -> Method? {
    let paths = reader[word]?.scalar == nil && word == "calls" ? [] : reader.strings(word)
    for path in paths where ["file", "files", "exists"].contains(word) && !path.hasPrefix("/") {
      faults.error("schema-type", "'\(path)' is no path that begins at the root", at: reader[word]?.range)
    }
    let patterns = paths.map(FilePattern.init)
    let lines = reader.strings("find").map(LinePattern.init)
    switch word {
    case "check-extension":
      guard let number = reader.integer("number").flatMap({ UInt32(exactly: $0) }) else {
        faults.error("schema-type", "'check-extension' has the 'number' of the capability", at: reader[word]?.range)
        return nil
      }
      return .checkExtension(constant: reader.string(word) ?? "", number: number)
    case "calls":
      guard let steps = reader[word]?.items, !steps.isEmpty else {
        faults.error("schema-type", "'calls' is a list of steps", at: reader[word]?.range)
        return nil
      }
      return .calls(steps)
    case "file": return .file(patterns, find: lines)
    case "files": return .files(patterns, find: lines)
    default: return .exists(patterns)
    }
  }
}

/// What is looked for in the lines of a file: `#` stands for a number, a blank for any blanks, all else for itself.
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

  /// Whether it asks for no number, and so for no more than whether a line has it.
  package var asksForNothing: Bool { !pieces.contains(.number) }

  /// What a line holds of it: the number, or true where it asks for none; nil where the line does not have it.
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
