import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads a mapping of a schema key by key. A thorough reading reports unknown keys.
struct KeyReader {
  let source: SchemaNode
  let faults: Findings
  let entries: [SchemaEntry]

  var node: Node { source.node }

  init(_ node: Node, keys: [String], of what: String, _ faults: Findings) {
    self.init(SchemaNode(node), keys: keys, of: what, faults)
  }

  /// - Parameter keys: every key that the mapping may have.
  init(_ source: SchemaNode, keys: [String], of what: String, _ faults: Findings) {
    self.source = source
    self.faults = faults
    if let found = source.entries {
      entries = found
    } else {
      if !source.node.isEmpty {
        faults.error("schema-type", "\(what) must be a mapping, not \(source.node.kind)", at: source.node.range)
      }
      entries = []
    }
    guard faults.isThorough else { return }
    for entry in entries where !keys.contains(entry.key.value) {
      faults.error(
        "schema-unknown-key", "\(what) has no key '\(entry.key.value)'\(hint(entry.key.value, keys))",
        at: entry.key.range)
    }
  }

  /// The suggestion for an unknown key.
  private func hint(_ key: String, _ keys: [String]) -> String {
    if let nearest = keys.nearest(to: key) { return "; did you mean '\(nearest)'?" }
    // In a flow mapping, a comma ends plain text, and the rest is read as a key.
    let isExpression = key.contains { "()[]=<>&|!".contains($0) }
    return isExpression ? "; put an expression with a comma, a bracket or '!' in quotes" : ""
  }

  subscript(key: String) -> Node? { child(key)?.node }

  /// The value of a key, not parsed yet.
  func child(_ key: String) -> SchemaNode? { source[key: key] }

  func has(_ key: String) -> Bool { entries.contains { $0.key.value == key } }

  func keyRange(_ key: String) -> SourceRange? { entries.first { $0.key.value == key }?.key.range }

  func string(_ key: String) -> String? {
    guard let node = self[key] else { return nil }
    guard let text = node.scalar else {
      faults.error("schema-type", "'\(key)' must be text, not \(node.kind)", at: node.range)
      return nil
    }
    return text
  }

  func integer(_ key: String) -> Int128? {
    guard let node = self[key] else { return nil }
    return node.integer(named: key, faults)
  }

  func bool(_ key: String) -> Bool {
    guard let node = self[key] else { return false }
    switch node.scalar {
    case "true": return true
    case "false": return false
    default:
      faults.error("schema-type", "'\(key)' must be true or false", at: node.range)
      return false
    }
  }

  func strings(_ key: String) -> [String] { self[key]?.strings(named: key, faults) ?? [] }

  func errno(_ key: String) -> Errno? {
    guard let node = self[key] else { return nil }
    return node.errno(faults)
  }

  func lifetime() -> Lifetime {
    func bound(_ key: String) -> ReleaseBound? { self[key]?.release(named: key, faults).map(ReleaseBound.init) }
    return Lifetime(since: bound("since"), until: bound("until"))
  }
}

extension Node {
  func integer(named name: String, _ faults: Findings) -> Int128? {
    guard let value = scalar.flatMap(IntegerLiteral.parse) else {
      faults.error("schema-type", "'\(name)' must be an integer", at: range)
      return nil
    }
    return value
  }

  func release(named name: String, _ faults: Findings) -> Release? {
    guard let release = scalar.flatMap(Release.init) else {
      faults.error("schema-type", "'\(name)' must be a kernel release, such as '6.13'", at: range)
      return nil
    }
    return release
  }

  func strings(named name: String, _ faults: Findings) -> [String] {
    if let text = scalar { return [text] }
    guard let items else {
      faults.error("schema-type", "'\(name)' must be text or a list of texts", at: range)
      return []
    }
    return items.compactMap { item in
      if item.scalar == nil { faults.error("schema-type", "'\(name)' must be a list of texts", at: item.range) }
      return item.scalar
    }
  }

  func errno(_ faults: Findings) -> Errno? {
    guard let text = scalar, let errno = Errno(name: text) else {
      let hint = Errno.allNames.nearest(to: scalar ?? "").map { "; did you mean \($0)?" } ?? ""
      faults.error("schema-errno", "there is no errno '\(scalar ?? kind)'\(hint)", at: range)
      return nil
    }
    return errno
  }

  /// `[hi, lo]` of a bit field.
  func bitRange(_ faults: Findings) -> (high: Int, low: Int)? {
    guard let items, items.count == 2, let high = items[0].scalar.flatMap({ Int($0) }),
      let low = items[1].scalar.flatMap({ Int($0) }), low >= 0, high >= low, high < 64
    else {
      faults.error("schema-type", "'bits' must be [high, low], from 63 to 0", at: range)
      return nil
    }
    return (high, low)
  }

  /// Compiles the expression in a scalar. Faults are reported at their location in the text.
  func expression(in scope: some Scope, as wanted: Type = .any, _ faults: Findings) -> Expression? {
    guard let text = scalar else {
      faults.error("schema-type", "an expression must be text, not \(kind); put it in quotes", at: range)
      return nil
    }
    do throws(ExpressionError) {
      let expression = try Expression(text, in: scope, as: wanted)
      expression.source = range
      return expression
    } catch {
      faults.error("schema-expression", error.message, at: self.range(of: error.span))
      return nil
    }
  }

  /// The location of a part of an expression's text; the whole scalar if escapes or line breaks hide it.
  package func range(of span: Span) -> SourceRange {
    guard case .scalar(let text, let style) = content, range.start.line == range.end.line else { return range }
    let written = range.end.column - range.start.column
    let quotes = style == .quoted ? 1 : 0
    guard written == text.unicodeScalars.count + 2 * quotes else { return range }
    let before = String(decoding: text.utf8.prefix(span.start), as: UTF8.self).unicodeScalars.count
    let length = String(decoding: text.utf8.dropFirst(span.start).prefix(span.length), as: UTF8.self).unicodeScalars
      .count
    return range.subrange(offset: before + quotes, length: Swift.max(length, 1))
  }
}
