import DeviceManifest
import DevicePlan
import DeviceSchema
import Expressions

extension AttributeSetting {
  /// What helps whoever the kernel refuses this: the nearest aligned values, and where the attribute is documented.
  var hints: [String] {
    guard let (group, attribute) = schema, let owner else { return [] }
    var hints: [String] = []
    if case .bytes(let bytes, _) = data {
      let type = group.payloads(of: attribute).first { KeyCondition.holds($0.when, key, call.attr) }?.type ?? .none
      hints += type.alignmentHints(type.decode(bytes[...], bigEndian: owner.architecture.isBigEndian))
    }
    let document = owner.references.first?.split(separator: "/").last.map(String.init)
    let sources = [document, attribute.constant ?? group.constant].compactMap(\.self)
    if !sources.isEmpty { hints.append(sources.joined(separator: ", ")) }
    return hints
  }
}

extension PayloadType {
  /// `the nearest aligned addresses are 0x0800_0000 and 0x0801_0000`, for each part of a value that is not aligned.
  fileprivate func alignmentHints(_ value: Value) -> [String] {
    switch (self, value) {
    case (.integer(let type), .integer(let number)): [type.description.alignmentHint(number)].compactMap(\.self)
    case (.bits(let type), .record(let record)):
      type.fields.compactMap { field in
        record[field.name.identifier]?.integer.flatMap(field.description.alignmentHint)
      }
    case (.structure(let type), .record(let record)):
      type.fields.flatMap { field in record[field.name.identifier].map(field.type.alignmentHints) ?? [] }
    default: []
    }
  }
}

extension IntegerDescription {
  fileprivate func alignmentHint(_ value: Int128) -> String? {
    guard let align, align > 1, value > 0, value % align != 0 else { return nil }
    let below = value / align * align
    let noun = unit == "address" ? "addresses" : "values"
    return "the nearest aligned \(noun) are \(below.grouped) and \((below + align).grouped)"
  }
}

extension Int128 {
  /// Hexadecimal in groups of four digits, as addresses are written: `0x0800_0000`.
  var grouped: String {
    var digits = String(self, radix: 16)
    while digits.count % 4 != 0 { digits = "0" + digits }
    var groups: [String] = []
    while !digits.isEmpty {
      groups.insert(String(digits.suffix(4)), at: 0)
      digits.removeLast(4)
    }
    return "0x" + groups.joined(separator: "_")
  }
}
