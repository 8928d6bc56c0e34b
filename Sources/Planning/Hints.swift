import DeviceManifest
import DevicePlan
import DeviceSchema
import Expressions
import Vocabulary

/// Hints for the user if the kernel refuses an attribute: the nearest values that it accepts, and where the attribute is
/// documented. The part that does not depend on the value is made once for each attribute.
final class Hints {
  private struct Entry {
    /// Where the attribute is documented: one text, or none.
    var sources: [String]
    /// Whether a part of the value has an alignment or a range.
    var hasBounds: Bool
  }

  private var entries: [ObjectIdentifier: Entry] = [:]
  /// The entry that was used last: lists have many settings of one attribute.
  private var latest: (attribute: AttributeSchema, entry: Entry)?

  func hints(on setting: AttributeSetting) -> [String] {
    if let latest, !latest.entry.hasBounds, latest.attribute === setting.schema?.attribute {
      return latest.entry.sources
    }
    guard let (group, attribute) = setting.schema, let owner = setting.owner else { return [] }
    let entry = entry(attribute, of: group, owner)
    latest = (attribute, entry)
    guard entry.hasBounds, let value = setting.ruleValue else { return entry.sources }
    let type = group.payload(of: attribute, setting.key, setting.call.attr)
    if let number = setting.at.withoutPrefix, type.accepts(number), !type.nearestHints(value).isEmpty {
      return ["did you mean \(number)?"] + entry.sources
    }
    let nearest = type.nearestHints(value)
    // Another number is meant, and the nearest ones of this one are not.
    return (nearest.isEmpty || setting.at.forgottenPrefix != nil ? [] : nearest) + entry.sources
  }

  private func entry(_ attribute: AttributeSchema, of group: GroupSchema, _ owner: SchemaFile) -> Entry {
    if let known = entries[ObjectIdentifier(attribute)] { return known }
    let document = owner.references.first?.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
    let sources = [document, attribute.constant ?? group.constant].compactMap(\.self)
    let entry = Entry(
      sources: sources.isEmpty ? [] : [sources.joined(separator: ", ")],
      hasBounds: group.payloads(of: attribute).contains { $0.type.hasBounds })
    entries[ObjectIdentifier(attribute)] = entry
    return entry
  }
}

extension PayloadType {
  /// Whether `nearestHints` has hints on some values.
  fileprivate var hasBounds: Bool {
    switch self {
    case .integer(let type): type.description.hasBounds
    case .bits(let type): type.fields.contains { $0.description.hasBounds }
    case .structure(let type): type.fields.contains { $0.type.hasBounds }
    default: false
    }
  }

  /// Whether a number has no misalignment and is in the range, of an integer.
  fileprivate func accepts(_ number: Int128) -> Bool {
    if case .integer(let type) = self { type.description.nearestHint(number) == nil } else { false }
  }

  /// One hint for each part of a value that is misaligned or out of range, such as `the nearest aligned addresses are
  /// 0x0800_0000 and 0x0801_0000`.
  fileprivate func nearestHints(_ value: Value) -> [String] {
    switch (self, value) {
    case (.integer(let type), .integer(let number)): [type.description.nearestHint(number)].compactMap(\.self)
    case (.bits(let type), .record(let record)):
      type.fields.compactMap { field in
        record[field.name.identifier]?.integer.flatMap(field.description.nearestHint).map { field.name.with(hint: $0) }
      }
    case (.structure(let type), .record(let record)):
      type.fields.flatMap { field in
        let hints = record[field.name.identifier].map(field.type.nearestHints) ?? []
        return hints.map { field.name.with(hint: $0) }
      }
    default: []
    }
  }
}

extension String {
  /// A hint on the member with this name.
  fileprivate func with(hint: String) -> String { "'\(self)': \(hint)" }
}

extension IntegerDescription {
  fileprivate var hasBounds: Bool { !isUnchecked && (align ?? 1 > 1 || range != nil) }

  /// A hint such as `the nearest multiples of 32 are 96 and 128`; nil if the kernel accepts the value.
  fileprivate func nearestHint(_ value: Int128) -> String? {
    let align = align ?? 1
    guard align > 0, value > 0, !isUnchecked else { return nil }
    let (low, high) = range ?? (0, Int128.max)
    if value < low { return "the smallest value is \(low)" }
    if value > high { return "the largest value is \(high)" }
    if value % align == 0 { return nil }
    let below = value / align * align
    if unit == "address" { return "the nearest aligned addresses are \(grouped(below)) and \(grouped(below + align))" }
    return "the nearest multiples of \(align) are \(below) and \(below + align)"
  }
}
