import Diagnostics
import Expressions
import Vocabulary

/// What a schema says of a value (`align`, `range`, `values`, `region`) some rule of the `set` backs.
///
/// Descriptions refuse nothing; rules do. A rule that refuses what the description excludes cannot be told from another
/// without trying, so this only reports a value, a field or a key that no rule of the call mentions at all: then surely
/// nothing refuses it. Where the kernel indeed takes everything, `unchecked: true` says so.
struct DescriptionsAreBacked: SchemaCheck {
  static let id: DiagnosticID = "schema-unbacked"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      for group in file.groups {
        for attribute in group.attributes where attribute.access.contains(.set) {
          var mentions = Mentions()
          for call in [group.set, attribute.set] { mentions.add(call.rules?.list) }
          let path = group.path(of: attribute)
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
    case .none, .union, .array, .bytes, .descriptor: break
    }
  }

  private func check(
    _ description: IntegerDescription, _ name: String, _ mentions: Mentions, _ path: String, _ place: SourceRange,
    _ report: (Diagnostic) -> Void
  ) {
    guard let words = description.restrictions, !description.isUnchecked, !mentions.has(name) else { return }
    report(
      .warning(
        Self.id, "'\(path)' says \(words) of '\(name)', and no rule of its set looks at that", at: place,
        notes: [Note("where the kernel takes any value, 'unchecked: true' beside it says so")]))
  }
}

extension IntegerDescription {
  /// What is said that could be refused, or nil.
  fileprivate var restrictions: String? {
    var words: [String] = []
    if (align ?? 1) > 1 { words.append("align") }
    if region != nil { words.append("region") }
    if range != nil { words.append("range") }
    if !values.isEmpty { words.append("values") }
    return words.isEmpty ? nil : words.map { "'\($0)'" }.joined(separator: " and ")
  }
}

/// What the expressions of rules mention, through the fragments that they use: as words, so more rather than less.
private struct Mentions {
  private var texts: [String] = []
  private var fragments: Set<String> = []

  mutating func add(_ list: RuleList?) {
    for rule in list?.rules ?? [] {
      for expression in [rule.when, rule.condition] + rule.lets.map(\.value) + [rule.loop?.list] {
        if let expression { texts.append(expression.text) }
      }
      for effect in rule.effects {
        texts.append(effect.path.base.text)
        switch effect.value {
        case .expression(let expression): texts.append(expression.text)
        case .record(let fields): texts += fields.map(\.1.text)
        }
      }
      for nested in [rule.otherwise, rule.rules, rule.onFailure] { add(nested) }
      guard let use = rule.use else { continue }
      texts += use.arguments.map(\.text)
      if fragments.insert(use.fragment.name).inserted { add(use.fragment.body.list) }
    }
  }

  /// Whether `value.field`, or the whole of `value`, is mentioned.
  func has(_ name: String) -> Bool {
    let parts = name.split(separator: ".").map { Array($0.utf8) }
    return texts.contains { mentions(parts, in: Array($0.utf8)) }
  }

  private func mentions(_ parts: [[UInt8]], in text: [UInt8]) -> Bool {
    var i = 0
    while i < text.count {
      guard text[i].isWord else {
        i += 1
        continue
      }
      let start = i
      while i < text.count, text[i].isWord { i += 1 }
      guard text[start..<i].elementsEqual(parts[0]), start == 0 || text[start - 1] != UInt8(ascii: ".") else {
        continue
      }
      if agrees(parts.dropFirst(), with: text[i...]) { return true }
    }
    return false
  }

  /// Whether the fields behind a name lead to the part, or stop on the way: then the whole is mentioned.
  private func agrees(_ parts: ArraySlice<[UInt8]>, with rest: ArraySlice<UInt8>) -> Bool {
    guard let part = parts.first, rest.first == UInt8(ascii: ".") else { return true }
    let word = rest.dropFirst().prefix { $0.isWord }
    if word.elementsEqual("raw".utf8) { return true }
    return word.elementsEqual(part) && agrees(parts.dropFirst(), with: rest.dropFirst(word.count + 1))
  }
}
