import Expressions

extension HostProbe {
  /// The probe as a feature file of Kubernetes' Node Feature Discovery: one line per node label.
  ///
  /// A feature that the host lacks has no line, as is usual for node labels. A name and a value have at most 63
  /// characters: letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends.
  package var nodeFeatures: String {
    var lines = [("arch", architecture.rawValue), ("kernel", release)]
    lines += devices.filter(\.isSupported).map { ("device.\($0.type)", "true") }
    lines += attributes.filter(\.isSupported).map { ("attribute.\($0.target).\($0.path)", "true") }
    lines += features.filter(\.isSupported).map { ("vcpu-feature.\($0.name)", "true") }
    lines += facts.compactMap { fact in fact.value?.label.map { ("fact.\(fact.name)", $0) } }
    return lines.map { "kvmconf-\($0)".asLabel + "=" + $1.asLabel + "\n" }.joined()
  }
}

extension Value {
  /// The value as that of a label; nil if a label cannot hold it.
  fileprivate var label: String? {
    switch self {
    case .bool, .integer, .string: plainText
    default: nil
    }
  }
}

extension String {
  /// The text with `_` in place of characters that a label cannot hold.
  fileprivate var asLabel: String {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
    let others = [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")]
    var bytes = utf8.map { isPlain($0) || others.contains($0) ? $0 : UInt8(ascii: "_") }[...].prefix(63)
    while let last = bytes.last, !isPlain(last) { bytes.removeLast() }
    return String(decoding: bytes.drop { !isPlain($0) }, as: UTF8.self)
  }
}
