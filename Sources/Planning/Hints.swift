import DeviceManifest
import DeviceSchema
import Expressions
import Vocabulary

extension AttributeSetting {
  /// Hints for the user if the kernel refuses this: the nearest values that it accepts, and where the attribute is
  /// documented.
  var hints: [String] {
    guard let (group, attribute) = schema, let owner else { return [] }
    var hints: [String] = []
    if case .bytes(let bytes, _) = data {
      let type = group.payload(of: attribute, key, call.attr)
      hints += type.nearestHints(type.decode(bytes[...], bigEndian: owner.architecture.isBigEndian))
    }
    let document = owner.references.first?.split(separator: "/").last.map(String.init)
    let sources = [document, attribute.constant ?? group.constant].compactMap(\.self)
    if !sources.isEmpty { hints.append(sources.joined(separator: ", ")) }
    return hints
  }
}

extension PayloadType {
  /// One hint for each part of a value that is misaligned or out of range, such as `the nearest aligned addresses are
  /// 0x0800_0000 and 0x0801_0000`.
  fileprivate func nearestHints(_ value: Value) -> [String] {
    switch (self, value) {
    case (.integer(let type), .integer(let number)): [type.description.nearestHint(number)].compactMap(\.self)
    case (.bits(let type), .record(let record)):
      type.fields.compactMap { field in
        record[field.name.identifier]?.integer.flatMap(field.description.nearestHint)
      }
    case (.structure(let type), .record(let record)):
      type.fields.flatMap { field in record[field.name.identifier].map(field.type.nearestHints) ?? [] }
    default: []
    }
  }
}

extension IntegerDescription {
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
