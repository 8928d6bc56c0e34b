import Diagnostics
import Expressions
import Vocabulary

/// Every restriction in the description of a value (`align`, `values`) is checked by a rule of the
/// `set`.
///
/// Descriptions refuse nothing; rules do. Whether a rule refuses exactly what the description excludes cannot be known
/// without trying. So this only reports a value, a field or a key that no rule of the call mentions at all, because
/// then no rule can refuse it. If the kernel accepts everything, `reserved: ignored` says so.
struct DescriptionsAreBacked: SchemaCheck {
  static let id: DiagnosticID = "schema-unbacked"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      for group in file.groups {
        for attribute in group.attributes where attribute.access.contains(.set) {
          var mentions = Mentions()
          for rules in [group.rules(of: .set), attribute.rules(of: .set)] { mentions.add(rules?.list) }
          let path = attribute.path
          for field in attribute.keyFields {
            check(field.description, "key.\(field.name.identifier)", mentions, path, attribute.source, report)
          }
          for (_, payload) in group.payloads(of: attribute) {
            check(payload, "value", mentions, path, attribute.source, report)
          }
        }
      }
    }
  }

  private func check(
    _ payload: PayloadType, _ name: String, _ mentions: Mentions, _ path: String, _ place: SourceRange,
    _ report: (Diagnostic) -> Void
  ) {
    switch payload {
    case .integer(let type): check(type.description, name, mentions, path, place, report)
    case .bits(let type):
      for field in type.fields {
        check(field.description, "\(name).\(field.name.identifier)", mentions, path, place, report)
      }
    case .structure(let type):
      for field in type.fields {
        check(field.type, "\(name).\(field.name.identifier)", mentions, path, place, report)
      }
    case .pointer(let target): check(target, name, mentions, path, place, report)
    case .none, .union, .array, .bytes, .bitmap, .descriptor: break
    }
  }

  private func check(
    _ description: IntegerDescription, _ name: String, _ mentions: Mentions, _ path: String, _ place: SourceRange,
    _ report: (Diagnostic) -> Void
  ) {
    guard let words = description.restrictions, !description.isUnchecked, !mentions.has(name) else { return }
    report(
      .warning(
        Self.id, "'\(path)' declares \(words) for '\(name)', but no rule of its set checks that", at: place,
        notes: [Note("if the kernel takes any value, add 'reserved: ignored' beside it")]))
  }
}

extension IntegerDescription {
  /// The restrictions in the description, or nil.
  fileprivate var restrictions: String? {
    var words: [String] = []
    if (align ?? 1) > 1 { words.append("align") }
    if range != nil || !values.isEmpty { words.append("values") }
    return words.isEmpty ? nil : words.map { "'\($0)'" }.joined(separator: " and ")
  }
}

/// The paths in the expressions of rules and of the functions that they use.
private struct Mentions {
  private var paths: [[String]] = []
  private var functions: Set<String> = []

  mutating func add(_ list: RuleList?) {
    for rule in list?.rules ?? [] {
      add(rule.expressions)
      for nested in rule.nested { add(nested) }
      guard let use = rule.use else { continue }
      if functions.insert(use.function.name).inserted { add(use.function.body.list) }
    }
  }

  private mutating func add(_ expressions: [Expression]) {
    for expression in expressions { paths += expression.syntax.paths }
  }

  /// Whether `value.field` or the whole `value` is mentioned. `value.raw` also counts as the whole.
  func has(_ name: String) -> Bool {
    let parts = name.split(separator: ".").map(String.init)
    return paths.contains { path in
      path[0] == parts[0] && zip(path, parts).first { $0 != $1 }.map { $0.0 == "raw" } ?? true
    }
  }
}
