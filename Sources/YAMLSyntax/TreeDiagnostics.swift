import Diagnostics
import Vocabulary

// Diagnostics for valid YAML that the tree refuses, and for exceeded limits.

extension Diagnostic {
  static func duplicateKey(_ key: String, _ range: SourceRange, first: SourceRange) -> Diagnostic {
    .error("duplicate-key", "duplicate key '\(key)'", at: range, notes: [Note("the first one is here", at: first)])
  }

  static func missingKey(_ range: SourceRange) -> Diagnostic {
    .error("yaml-syntax", "there is no key before this ':'", at: range)
  }

  static func missingSpace(_ colon: SourceRange, _ entry: Entry, _ written: SourceRange) -> Diagnostic {
    .error(
      "yaml-syntax", "a space is missing after this ':'", at: colon,
      fixIts: [FixIt(replace: written, with: "\(entry.key.value): \(entry.value.scalar ?? "")")])
  }

  static func wrongBlank(_ blank: Unicode.Scalar, _ range: SourceRange) -> Diagnostic {
    .error(
      "yaml-syntax",
      "the blank after this ':' must be a plain one, not the character U+\(hexadecimalDigits(blank.value, width: 4))",
      at: range, fixIts: [FixIt(replace: range, with: " ")])
  }

  static func equalsSign(_ entry: Entry, _ written: SourceRange) -> Diagnostic {
    .error(
      "yaml-syntax", "YAML needs ':' and a space here, not '='", at: written,
      fixIts: [FixIt(replace: written, with: "\(entry.key.value): \(entry.value.scalar ?? "")")])
  }

  static func misplacedDash(_ range: SourceRange, below list: Position, in file: SourceFile) -> Diagnostic {
    let first = SourceRange(file: file, start: list, end: Position(line: list.line, column: list.column + 1))
    return .error(
      "yaml-syntax", "this '-' must be in the column of the '-' of the list above", at: range,
      notes: [Note("the list begins here", at: first)])
  }

  static func mergeKey(_ range: SourceRange) -> Diagnostic {
    .error(
      "merge-key", "merge keys ('<<') are not supported; write the keys out, or quote '<<' if it is a name",
      at: range)
  }

  static func complexKey(_ key: Node) -> Diagnostic {
    .error(
      "complex-key", "\(key.kind) cannot be a key", at: key.range,
      notes: [Note("one bracket is too many, or text that begins with '{' or '[' needs double quotes")])
  }

  static func tag(_ tag: String, _ range: SourceRange) -> Diagnostic {
    .error(
      "yaml-tag", "tags such as '\(tag)' are not supported: the type of a value comes from its schema", at: range,
      notes: [Note("text that begins with '!' needs double quotes")])
  }

  static func tagDirective(_ range: SourceRange) -> Diagnostic {
    .error("yaml-tag", "tags are not supported, and neither is '%TAG'", at: range)
  }

  static func undefinedAlias(_ name: String, _ range: SourceRange, nearest: String?) -> Diagnostic {
    .error(
      "undefined-alias", "there is no anchor '&\(name)' before this alias", at: range,
      notes: nearest == nil ? [Note("text that begins with '*' needs double quotes")] : [],
      fixIts: nearest.map { [FixIt(replace: range, with: "*\($0)")] } ?? [])
  }

  static func recursiveAlias(_ name: String, _ range: SourceRange) -> Diagnostic {
    .error("undefined-alias", "the alias '*\(name)' is inside the node that it names", at: range)
  }

  static func tooDeep(_ range: SourceRange, _ limits: Limits) -> Diagnostic {
    .error("too-deep", "mappings and lists are nested deeper than \(limits.depth) levels", at: range)
  }

  static func tooManyAliases(_ range: SourceRange, _ limits: Limits, isBytes: Bool) -> Diagnostic {
    let limit = isBytes ? "\(limits.aliasedBytes) bytes" : "\(limits.aliasedNodes) nodes"
    return .error("too-many-aliases", "aliases expand to more than \(limit)", at: range)
  }

  static func tooManyNodes(_ range: SourceRange, _ limits: Limits) -> Diagnostic {
    .error("too-large", "the file has more than \(limits.nodes) nodes", at: range)
  }

  static func oversizedScalar(_ range: SourceRange, _ limits: Limits) -> Diagnostic {
    .error("too-large", "this value is longer than \(limits.scalarBytes) bytes", at: range)
  }
}
