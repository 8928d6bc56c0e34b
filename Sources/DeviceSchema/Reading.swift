import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Reads a mapping of a schema key by key. A thorough reading reports unknown keys.
struct KeyReader {
  let source: SchemaNode
  let faults: Findings
  let entries: [SchemaEntry]
  private let what: String

  var node: Node { source.node }

  init(_ node: Node, keys: [String], of what: String, _ faults: Findings) {
    self.init(SchemaNode(node), keys: keys, of: what, faults)
  }

  /// Creates a reader that leaves unknown keys to its caller.
  init(_ source: SchemaNode, of what: String, _ faults: Findings) {
    self.source = source
    self.faults = faults
    self.what = what
    if let found = source.entries {
      entries = found
    } else {
      if !source.node.isEmpty {
        faults.error("schema-type", "\(what) must be a mapping, not \(source.node.kind)", at: source.node.range)
      }
      entries = []
    }
  }

  /// - Parameter keys: every key that the mapping may have, besides the constants of the kernel.
  init(_ source: SchemaNode, keys: [String], of what: String, _ faults: Findings) {
    self.init(source, of: what, faults)
    guard faults.isThorough else { return }
    for entry in entries where !keys.contains(entry.key.value) && !entry.key.value.isConstant {
      unknown(entry.key, among: keys)
    }
  }

  /// Reports a key that the mapping cannot have.
  private func unknown(_ key: Located, among keys: [String]) {
    faults.error("schema-unknown-key", unknownKey(key, among: keys), at: key.range)
  }

  /// The message for a key that the mapping cannot have.
  func unknownKey(_ key: Located, among keys: [String]) -> String {
    "\(what) has no key '\(key.value)'\(hint(key.value, keys))"
  }

  /// The constants of the kernel among the keys, with their values: `KVM_DEV_TYPE_VFIO: 4`.
  var constants: [SchemaEntry] { entries.filter { $0.key.value.isConstant } }

  /// The suggestion for an unknown key.
  private func hint(_ key: String, _ keys: [String]) -> String {
    if let nearest = keys.nearest(to: key) { return "; did you mean '\(nearest)'?" }
    // In a flow mapping, a comma ends plain text, and the rest is read as a key.
    let isExpression = key.contains { "()[]=<>&|!".contains($0) }
    return isExpression ? "; in braces a comma ends a value: write the rule on lines of its own" : ""
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

  /// Reads `since` and `until`.
  func lifetime() -> Lifetime {
    Lifetime(since: self["since"]?.releaseBound(faults), until: self["until"]?.releaseBound(faults))
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

  /// Reads `v6.13`, `[v7.2, v6.12.100]` or `v6.12..v7.2`.
  func releaseBound(_ faults: Findings) -> ReleaseBound? {
    let nodes = items ?? [self]
    do throws(ReleaseBound.Problem) {
      return try ReleaseBound(tags: nodes.map { $0.scalar ?? $0.kind })
    } catch {
      faults.error("schema-type", error.message, at: error.index.map { nodes[$0].range } ?? range)
      return nil
    }
  }

  /// Reads a list of releases of the main line, `[v5.19, v6.19]`.
  func releases(named name: String, _ faults: Findings) -> [Release] {
    (items ?? [self]).compactMap { item in
      if let release = item.scalar.flatMap({ Release(tag: $0) }), release.patch == nil { return release }
      faults.error("schema-type", "'\(name)' is a list of releases of the main line, such as v6.19", at: item.range)
      return nil
    }
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

  func errno(_ faults: Findings) -> Errno? { Located(scalar ?? kind, at: range).errno(faults) }

  /// `63..32` of a bit field, or one bit, `31`.
  func bitRange(_ faults: Findings) -> (high: Int, low: Int)? {
    let ends = (scalar ?? "").integerRange
    guard let ends, ends.last >= 0, ends.first >= ends.last, ends.first < 64 else {
      faults.error("schema-type", "bits must be 'HIGH..LOW' or one bit, from 63 to 0", at: range)
      return nil
    }
    return (Int(ends.first), Int(ends.last))
  }

  /// The syntax of the expression in a scalar. Faults are reported at their location in the text.
  func syntax(_ faults: Findings) -> Syntax? {
    guard let text = scalar else {
      faults.error("schema-type", "an expression must be text, not \(kind); put it in quotes", at: range)
      return nil
    }
    do throws(ExpressionError) { return try Parser.parse(text) } catch {
      report(error, faults)
      return nil
    }
  }

  /// Compiles the expression in a scalar, or a mapping `{switch, cases}` whose cases are expressions. Faults are reported
  /// at their location in the text.
  func expression(in scope: some Scope, as wanted: Type = .any, _ faults: Findings) -> Expression? {
    guard let text = scalar else {
      guard let value = self[key: "switch"] else {
        faults.error("schema-type", "an expression must be text, not \(kind); put it in quotes", at: range)
        return nil
      }
      return choice(value, faults)?.compiled(in: scope, as: wanted, at: range, faults)
    }
    do throws(ExpressionError) {
      let expression = try Expression(text, in: scope, as: wanted)
      expression.source = range
      return expression
    } catch {
      report(error, faults)
      return nil
    }
  }

  /// Reports an error in the expression of a scalar. If YAML has taken the beginning of the text for a tag, that is
  /// the mistake, which has been reported.
  private func report(_ error: ExpressionError, _ faults: Findings) {
    if range.file.hasTag(before: range.start) { return }
    faults.error("schema-expression", error.message, at: self.range(of: error.span))
  }

  /// Converts `{switch, cases}` to a conditional expression.
  private func choice(_ value: Node, _ faults: Findings) -> Syntax? {
    guard let arms = Switch(value, self[key: "cases"], faults)?.arms else { return nil }
    var result: Syntax?
    for arm in arms.reversed() {
      guard let own = arm.value[key: "switch"].map({ arm.value.choice($0, faults) }) ?? arm.value.syntax(faults) else {
        return nil
      }
      guard let test = arm.test else {
        result = own
        continue
      }
      result = .conditional(test, own, result ?? .unknown(own.span), own.span)
    }
    return result
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

extension Syntax {
  /// Compiles syntax that is at a place of a schema.
  func compiled(in scope: some Scope, as wanted: Type, at range: SourceRange, _ faults: Findings) -> Expression? {
    do throws(ExpressionError) {
      let expression = try Expression(self, in: scope, as: wanted)
      expression.source = range
      return expression
    } catch {
      faults.error("schema-expression", error.message, at: range)
      return nil
    }
  }
}

extension Located {
  func errno(_ faults: Findings) -> Errno? {
    if let errno = Errno(name: value) { return errno }
    let hint = Errno.allNames.nearest(to: value).map { "; did you mean \($0)?" } ?? ""
    faults.error("schema-errno", "\(value) is not an errno\(hint)", at: range)
    return nil
  }
}

extension String {
  /// Whether a key is a constant of the kernel's headers, whose value is its number.
  var isConstant: Bool {
    hasPrefix("KVM_") && utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
  }

  /// The ends of `64..992`, or of one number, in the order of the text; nil for other text.
  var integerRange: (first: Int128, last: Int128)? {
    let ends = split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    switch ends.count {
    case 1: return IntegerLiteral.parse(self).map { ($0, $0) }
    case 3 where ends[1].isEmpty:
      guard let first = IntegerLiteral.parse(ends[0]), let last = IntegerLiteral.parse(ends[2]) else { return nil }
      return (first, last)
    default: return nil
    }
  }
}
