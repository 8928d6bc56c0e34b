import Expressions
import Vocabulary

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
    var bytes = replacingSpecialCharacters(except: "-_.").utf8.prefix(63)
    while let last = bytes.last, !last.isLetterOrDigit { bytes.removeLast() }
    return String(Substring(bytes.drop { !$0.isLetterOrDigit }))
  }
}
